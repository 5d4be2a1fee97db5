//! YAML of manifests and of outputs: no other file names the serde crate for YAML. What is read is
//! read with the crate's budgets, so that a document full of aliases ends in an error. Policy
//! documents are read by `iam/yaml.rs`, which is exact.
//!
//! Reading into untyped JSON follows the API server: `012345678901` becomes a number and `yes` a
//! boolean; quote them.

use serde::{Serialize, de::DeserializeOwned};

/// YAML that can't be read or written, in one line.
#[derive(Debug, thiserror::Error)]
pub enum YamlError {
    /// The text is not what was asked for.
    #[error("{0}")]
    Read(String),
    /// The value can't be said in YAML.
    #[error("{0}")]
    Write(#[from] serde_yaml::SerializeError),
}

/// The place, in the words of policy documents, and without the excerpt that the library draws.
impl From<serde_yaml::DeserializeError> for YamlError {
    fn from(error: serde_yaml::DeserializeError) -> Self {
        let text = error.to_string();
        let line = text.lines().next().unwrap_or_default();
        let line = line.strip_prefix("error: ").unwrap_or(line);
        let (place, what) = match line.strip_prefix("line ").and_then(|_| line.split_once(": ")) {
            Some((place, what)) => (format!("{}: ", place.replace(" column", ", column")), what),
            None => (String::new(), line),
        };
        Self::Read(format!("{place}this is no YAML ({what}); correct it here or just before"))
    }
}

/// The value as one YAML document that ends in a line break.
///
/// # Errors
/// When the value can't be said in YAML, as a map with a map for a key.
pub fn to_string<T: Serialize>(value: &T) -> Result<String, YamlError> {
    Ok(serde_yaml::to_string(value)?)
}

/// Reads one document.
///
/// # Errors
/// When the text is no YAML, is over the budget, or does not fit `T`.
pub fn from_str<T: DeserializeOwned>(text: &str) -> Result<T, YamlError> {
    Ok(serde_yaml::from_str(text)?)
}

/// Reads every document of a stream; empty ones are left out.
///
/// # Errors
/// When one of them is no YAML, is over the budget, or does not fit `T`.
pub fn documents<T: DeserializeOwned>(text: &str) -> Result<Vec<T>, YamlError> {
    Ok(serde_yaml::from_multiple(text)?)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use iam::policy::{Policy, PolicyKind, Strictness};

    #[test]
    fn nasty_strings_come_back_as_strings() -> Result<(), YamlError> {
        let value = json!({"a": "yes", "b": "012345678901", "c": "1.10", "d": "null",
            "e": "x: y # z\n  w\n", "f": "", "g": "~",
            "h": "a very long line that goes on and on, with two  spaces in it, and a colon: here, \
             so that it is folded somewhere ",
            "i": "2027-01-31T00:00:00Z", "j": "- k", "k": "0x1f", "l": "on", "m": [], "n": {}});
        assert_eq!(from_str::<Value>(&to_string(&value)?)?, value);
        Ok(())
    }

    #[test]
    fn a_policy_document_that_is_written_here_reads_back_the_same() -> Result<(), YamlError> {
        let text = r#"{"Version":"2012-10-17","Statement":[{"Sid":"no","Effect":"Allow","Action":["s3:*","*"],
            "Resource":["012345678901","on","~","0x1f","1e3","- a","a: b # c","x\ny\n","&a","*b","!c","<<","é\u0085"," "," a "],
            "Condition":{"StringEquals":{"<<":"null","yes":["true","2012-10-17","1.10",""],"a:b":"1.0"}}}]}"#;
        let policy = Policy::parse(text, PolicyKind::Any, Strictness::Desired).unwrap();
        let yaml = to_string(&serde_json::from_str::<Value>(&policy.to_json()).unwrap())?;
        assert_eq!(Policy::read(&yaml, PolicyKind::Any, Strictness::Desired), Ok(policy), "{yaml}");
        Ok(())
    }

    #[test]
    fn what_is_no_yaml_is_one_line_with_its_place() {
        for text in ["a: [1\nb: \"x", "a: b: c", "a: 1\na: 2", "a: *b", "{"] {
            let said = documents::<Value>(text).unwrap_err().to_string();
            assert!(said.starts_with("line ") && said.contains(", column "), "{text:?}: {said}");
            assert!(!said.contains('\n') && !said.contains("error:"), "{text:?}: {said}");
            assert!(said.ends_with("; correct it here or just before"), "{text:?}: {said}");
        }
    }

    #[test]
    fn all_documents_of_a_stream_are_read() -> Result<(), YamlError> {
        let read = documents::<Value>("a: 1\n---\n---\nb: [c]\n")?;
        assert_eq!(read, [json!({"a": 1}), json!({"b": ["c"]})]);
        Ok(())
    }
}
