//! Tags of roles: their rules, and the keys that nobody but rolewright or AWS may set.
//!
//! On roles IAM takes keys that differ only in case for the same key and keeps the case that was
//! written (IAM user guide, "Tags for IAM resources"); [`TagKey`] compares so.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::LazyLock;

use regex::Regex;

use crate::limits;
use crate::quote;

/// Tag that names the installation a role belongs to; part of the ownership proof.
pub const INSTALLATION: &str = "rolewright.dev/installation";
/// Tag with `namespace/name` of the resource a role belongs to; part of the ownership proof.
pub const RESOURCE: &str = "rolewright.dev/resource";
/// Tag with the uid of the resource; a hint, not a proof.
pub const UID: &str = "rolewright.dev/uid";
/// Every key that begins with this, in any case, is ours.
pub const OUR_PREFIX: &str = "rolewright.dev/";
/// Keys and values that begin with this, in any case, are kept by AWS.
pub const AWS_PREFIX: &str = "aws:";

/// The key of a tag. Two that differ in letter case only are the same key; each keeps the letters
/// that it was written in. Whether it is one that AWS takes is not checked here.
#[derive(Clone)]
pub struct TagKey {
    stored: Box<str>,
    /// Where it is another text than `stored`.
    folded: Option<Box<str>>,
}

impl TagKey {
    /// As written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.stored
    }

    /// The same for all spellings.
    #[must_use]
    pub fn folded(&self) -> &str {
        self.folded.as_deref().unwrap_or(&self.stored)
    }
}

impl From<&str> for TagKey {
    fn from(text: &str) -> Self {
        let folded = fold(text);
        Self { stored: text.into(), folded: (folded != text).then(|| folded.into()) }
    }
}

impl From<String> for TagKey {
    fn from(text: String) -> Self {
        let folded = fold(&text);
        Self { folded: (folded != text).then(|| folded.into()), stored: text.into() }
    }
}

impl PartialEq for TagKey {
    fn eq(&self, other: &Self) -> bool {
        self.folded() == other.folded()
    }
}

impl Eq for TagKey {}

impl Hash for TagKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.folded().hash(state);
    }
}

impl Ord for TagKey {
    fn cmp(&self, other: &Self) -> Ordering {
        self.folded().cmp(other.folded())
    }
}

impl PartialOrd for TagKey {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for TagKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.stored)
    }
}

impl fmt::Debug for TagKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.stored, f)
    }
}

/// Tags of a role: each key once, whatever its letter case.
pub type Tags = BTreeMap<TagKey, String>;

/// `key=value` of each tag for people, sorted as the keys are written.
#[must_use]
pub fn shown(tags: &Tags) -> String {
    let mut list: Vec<_> = tags.iter().map(|(key, value)| (key.as_str(), value)).collect();
    list.sort_unstable();
    list.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join(", ")
}

/// Letters, separators and numbers of any script, and `_.:/=+-@`, as the service model says.
static CHARACTERS: LazyLock<Result<Regex, regex::Error>> =
    LazyLock::new(|| Regex::new(r"^[\p{L}\p{Z}\p{N}_.:/=+\-@]*\z"));

/// Why a tag is not accepted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TagError {
    /// The key is empty or too long.
    #[error("the tag key {} must have 1 to 128 characters; change its length", quote::shown(.0))]
    KeyLength(String),
    /// The key holds another character.
    #[error("the tag key {} holds a character that AWS refuses; use letters, digits, spaces and \
        _.:/=+-@", quote::shown(.0))]
    KeyCharacters(String),
    /// The key is kept by rolewright or AWS.
    #[error("the tag key {} begins with rolewright.dev/ or aws:, which are reserved; choose \
        another", quote::shown(.0))]
    KeyReserved(String),
    /// The value is too long.
    #[error("the value of tag {} has more than 256 characters; shorten it", quote::shown(.0))]
    ValueLength(String),
    /// The value holds another character.
    #[error("the value of tag {} holds a character that AWS refuses; use letters, digits, spaces \
        and _.:/=+-@", quote::shown(.0))]
    ValueCharacters(String),
    /// The value is kept by AWS.
    #[error("the value of tag {} begins with aws:, which is reserved; choose another", quote::shown(.0))]
    ValueReserved(String),
}

/// True for a key of AWS's own tags, which nobody else can set.
#[must_use]
pub fn is_aws(key: &str) -> bool {
    begins_with(key, AWS_PREFIX)
}

/// Checks a tag that a user wrote: grammar, and nothing reserved.
///
/// # Errors
/// [`TagError`] with the first thing that is wrong.
pub fn check(key: &str, value: &str) -> Result<(), TagError> {
    check_grammar(key, value)?;
    if is_reserved_key(key) {
        return Err(TagError::KeyReserved(key.to_owned()));
    }
    if widely_folded(value).starts_with(AWS_PREFIX) {
        Err(TagError::ValueReserved(key.to_owned()))
    } else {
        Ok(())
    }
}

/// Checks only what AWS checks by grammar: key 1 to 128, value 0 to 256 characters, counted in
/// UTF-16 units to be safe, of the class above. For tags that rolewright itself sets.
///
/// # Errors
/// [`TagError`] with the first thing that is wrong.
pub fn check_grammar(key: &str, value: &str) -> Result<(), TagError> {
    let length = |text: &str| text.encode_utf16().count();
    let allowed = |text: &str| CHARACTERS.as_ref().is_ok_and(|class| class.is_match(text));
    if !(1..=limits::TAG_KEY).contains(&length(key)) {
        return Err(TagError::KeyLength(key.to_owned()));
    }
    if !allowed(key) {
        return Err(TagError::KeyCharacters(key.to_owned()));
    }
    if length(value) > limits::TAG_VALUE {
        return Err(TagError::ValueLength(key.to_owned()));
    }
    if allowed(value) { Ok(()) } else { Err(TagError::ValueCharacters(key.to_owned())) }
}

/// Whether the key begins with `rolewright.dev/` or `aws:` in any case, whichever way of folding is
/// asked: which one AWS uses is not documented.
#[must_use]
pub fn is_reserved_key(key: &str) -> bool {
    let key = widely_folded(key);
    key.starts_with(OUR_PREFIX) || key.starts_with(AWS_PREFIX)
}

/// One text for all keys that are equal in lower case, in upper case, or by case folding: `ſ` and
/// `s`, `K` (Kelvin) and `k`, `ß` and `ss`.
#[must_use]
pub fn widely_folded(key: &str) -> String {
    let lower = |text: &str| text.chars().flat_map(char::to_lowercase).collect::<String>();
    lower(&lower(&key.to_uppercase()).to_uppercase())
}

/// IAM tells the tags of a role apart without letter case.
fn fold(key: &str) -> String {
    key.to_lowercase()
}

fn begins_with(text: &str, prefix: &str) -> bool {
    fold(text).starts_with(prefix)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("owner", "team-a", true)]
    #[case("cost centre", "", true)]
    #[case("Größe", "naïve 東京 ①", true)]
    #[case("a_.:/=+-@1", "a_.:/=+-@1", true)]
    #[case("", "x", false)]
    #[case("a,b", "x", false)]
    #[case("a*", "x", false)]
    #[case("a", "x{}", false)]
    #[case("a", "line\nbreak", false)]
    #[case("a", "x\n", false)]
    #[case("aws:x", "y", false)]
    #[case("AWS:x", "y", false)]
    #[case("awsx", "y", true)]
    #[case("awſ:x", "y", false)]
    #[case("rolewright.dev\u{2f}x", "y", false)]
    #[case("RoleWriGHT.DEV/x", "y", false)]
    #[case("x", "awſ:y", false)]
    #[case("Rolewright.dev/uid", "y", false)]
    #[case("rolewright.development", "y", true)]
    #[case("x", "aws:y", false)]
    #[case("x", "Aws:y", false)]
    #[case("x", "rolewright.dev/y", true)]
    fn tags_follow_the_rule(#[case] key: &str, #[case] value: &str, #[case] accepted: bool) {
        assert_eq!(check(key, value).is_ok(), accepted);
    }

    #[test]
    fn what_is_equal_in_lower_or_upper_case_is_folded_into_one() {
        for c in ('\0'..=char::MAX).filter(|c| c.is_alphabetic()) {
            let [text, lower, upper] =
                [c.to_string(), c.to_lowercase().collect(), c.to_uppercase().collect::<String>()];
            assert_eq!(widely_folded(&lower), widely_folded(&text), "{c:?} {lower}");
            assert_eq!(widely_folded(&upper), widely_folded(&text), "{c:?} {upper}");
        }
        for (one, other) in [("ſ", "S"), ("\u{212a}", "k"), ("ß", "SS"), ("ς", "σ"), ("ΑΣ", "ας")]
        {
            assert_eq!(widely_folded(one), widely_folded(other), "{one} {other}");
        }
        assert_ne!(widely_folded("a"), widely_folded("ä"));
    }

    #[test]
    fn lengths_are_bounded() {
        assert!(check(&"é".repeat(128), &"é".repeat(256)).is_ok());
        assert!(check(&"é".repeat(129), "").is_err());
        assert!(check("k", &"é".repeat(257)).is_err());
    }

    #[test]
    fn our_own_tags_pass_the_grammar_and_nothing_else() {
        for key in [INSTALLATION, RESOURCE, UID] {
            assert!(check_grammar(key, "team-a/billing").is_ok());
            assert!(matches!(check(key, "x"), Err(TagError::KeyReserved(_))));
        }
    }
}
