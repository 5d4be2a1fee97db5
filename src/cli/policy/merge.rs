//! `rolewright policy merge`: several documents made one.

use std::path::{Path, PathBuf};

use crate::cli::{
    input::{self, Input},
    output::{Answer, Ordered},
};
use iam::{
    limits,
    policy::{
        Policy, PolicyKind, Strictness,
        merge::{Named, merge},
    },
};

/// What stands below the flags.
pub const HELP: &str = "\
Sources come first, in order; a Sid may occur only once among them. A \
statement of FILE replaces the source statement with the same Sid, in its \
place, or is appended. Overrides replace in the same way, in order. A \
statement without a Sid is always appended. The result is JSON.

  rolewright policy merge --source base.json --source logging.json \\
    own.json --override production.json

Exit code: 0 merged, 2 the input can't be used.";

/// Arguments of `policy merge`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Document to start from, JSON or YAML; repeat it for several. - is standard input
    #[arg(long, value_name = "FILE")]
    source: Vec<PathBuf>,
    /// The document itself, JSON or YAML
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    /// Document whose statements replace earlier ones, JSON or YAML; repeat it for several
    #[arg(long = "override", value_name = "FILE")]
    overrides: Vec<PathBuf>,
}

/// Merges the documents.
///
/// # Errors
/// An input that can't be read.
pub fn run(args: &Args, input: &mut Input<'_>) -> anyhow::Result<Answer> {
    let mut notes = Vec::new();
    let mut read = |path: &Path| -> anyhow::Result<Option<Named>> {
        let source = input.read(path, input::DOCUMENT)?;
        match Policy::read(&source.text, PolicyKind::Any, Strictness::Desired) {
            Ok(policy) => Ok(Some(Named { name: source.name, policy })),
            Err(problems) => {
                notes.extend(problems.iter().map(|problem| format!("{}: {problem}", source.name)));
                Ok(None)
            }
        }
    };
    let mut all = |paths: &[PathBuf]| -> anyhow::Result<Vec<Named>> {
        let files = Input::files(paths)?;
        let named: Vec<_> = files.iter().map(|path| read(path)).collect::<anyhow::Result<_>>()?;
        Ok(named.into_iter().flatten().collect())
    };
    let sources = all(&args.source)?;
    let own = all(args.file.as_slice())?.pop();
    let overrides = all(&args.overrides)?;
    if !notes.is_empty() {
        return Ok(Answer::refused(notes));
    }
    match merge(&sources, own.as_ref(), &overrides) {
        Ok(merged) => {
            let size = limits::counted_bytes(&merged.policy.to_json());
            if size > limits::GIVEN_DOCUMENT {
                let most = limits::GIVEN_DOCUMENT;
                return Ok(Answer::refused(vec![format!(
                    "together they have {size} bytes without white space, and no command reads \
                     more than {most}: merge fewer"
                )]));
            }
            Ok(Answer::json(&Ordered(&merged.policy.to_node()), 0)?)
        }
        Err(errors) => Ok(Answer::refused(errors.iter().map(ToString::to_string).collect())),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use clap::Parser;
    use tempfile::NamedTempFile;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        args: Args,
    }

    fn statement(sid: &str, action: &str) -> String {
        format!(
            r#"{{"Version":"2012-10-17","Statement":{{"Sid":"{sid}","Effect":"Allow","Action":"{action}","Resource":"*"}}}}"#
        )
    }

    fn merged(parts: &[(&str, String)]) -> Answer {
        let mut files: Vec<NamedTempFile> = Vec::new();
        let mut line = vec!["merge".to_owned()];
        for (flag, text) in parts {
            let mut file = NamedTempFile::new().unwrap();
            file.write_all(text.as_bytes()).unwrap();
            line.extend(
                [(*flag).to_owned(), file.path().display().to_string()]
                    .into_iter()
                    .filter(|word| !word.is_empty()),
            );
            files.push(file);
        }
        run(&Line::parse_from(line).args, &mut Input::new(std::io::empty())).unwrap()
    }

    #[test]
    fn a_statement_replaces_that_of_the_same_sid_in_its_place() {
        let answer = merged(&[
            ("--source", statement("A", "s3:GetObject")),
            ("--source", statement("B", "sqs:SendMessage")),
            ("", statement("A", "s3:PutObject")),
            ("--override", statement("B", "sqs:ReceiveMessage")),
        ]);
        assert_eq!((answer.code, answer.notes.as_slice()), (0, &[][..]));
        let document: serde_json::Value = serde_json::from_str(&answer.text).unwrap();
        let actions: Vec<_> = document["Statement"]
            .as_array()
            .unwrap()
            .iter()
            .map(|s| s["Action"].as_str().unwrap())
            .collect();
        assert_eq!(actions, ["s3:PutObject", "sqs:ReceiveMessage"]);
        assert!(answer.text.starts_with("{\n  \"Version\": \"2012-10-17\""), "{}", answer.text);
    }

    #[test]
    fn what_it_prints_it_reads_again_up_to_a_mebibyte_in_which_white_space_does_not_count() {
        let large = |name: &str, actions: usize| {
            let list =
                (0..actions).map(|at| format!("\"s3:{name}Number{at:06}\"")).collect::<Vec<_>>();
            let list = list.join(",\n                    ");
            statement(name, "x").replace("\"x\"", &format!("[{list}]"))
        };
        // AWS's ReadOnlyAccess has 94,907 bytes.
        let (one, other) = (large("A", 8_000), large("B", 8_000));
        assert!(one.len() > 300_000);
        let first = merged(&[("--source", one), ("", other)]);
        assert_eq!((first.code, first.notes.as_slice()), (0, &[][..]));
        assert_eq!(merged(&[("", first.text.clone())]).text, first.text);
        let too_long = merged(&[("--source", large("A", 60_000))]);
        assert_eq!(too_long.code, 2);
        assert!(too_long.notes[0].contains("are allowed"), "{:?}", too_long.notes);
        let parts = ["A", "B"].map(|name| large(name, 30_000));
        let both = merged(&parts.map(|text| ("--source", text)));
        assert!(both.notes[0].contains("merge fewer"), "{:?}", both.notes);
    }

    #[test]
    fn yaml_and_json_are_merged_to_json() {
        let yaml = "Version: 2012-10-17\nStatement:\n- {Sid: A, Effect: Allow, Action: \
            's3:PutObject', Resource: '*'}\n";
        let answer = merged(&[("--source", statement("A", "s3:GetObject")), ("", yaml.to_owned())]);
        let document: serde_json::Value = serde_json::from_str(&answer.text).unwrap();
        assert_eq!(document["Statement"][0]["Action"], "s3:PutObject");
    }

    #[test]
    fn a_sid_twice_among_sources_and_a_bad_document_are_refused_by_name() {
        let twice = merged(&[
            ("--source", statement("A", "s3:GetObject")),
            ("--source", statement("A", "s3:PutObject")),
        ]);
        assert_eq!((twice.code, twice.text.as_str()), (2, ""));
        assert!(twice.notes[0].contains("\"A\""), "{:?}", twice.notes);
        let bad = merged(&[("", r#"{"Statement":[]}"#.to_owned())]);
        assert_eq!(bad.code, 2);
        assert!(bad.notes[0].contains("Statement is empty"), "{:?}", bad.notes);
        assert_eq!(merged(&[]).code, 2);
    }
}
