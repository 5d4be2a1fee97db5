//! Why a text is not accepted, and where.

use std::fmt;

use crate::quote::shown;
use crate::text::pointer::Pointer;

use crate::text::place::Place;

/// Why a text is not accepted, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}{}: {problem}", at(.pointer))]
pub struct TextError {
    /// JSON pointer of the value that was being read; empty for the whole text.
    pub pointer: String,
    /// Where reading stopped.
    pub place: Place,
    /// What is wrong.
    pub problem: TextProblem,
}

/// A pointer in a message that begins with a place.
pub(crate) fn at(pointer: &str) -> String {
    if pointer.is_empty() { String::new() } else { format!(", at {pointer}") }
}

/// What is wrong with a text.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TextProblem {
    /// More bytes than [`Bounds::bytes`](crate::text::node::Bounds::bytes).
    TooLong {
        /// Bytes of the text.
        found: usize,
        /// Bytes allowed.
        most: usize,
    },
    /// More nesting than [`Bounds::depth`](crate::text::node::Bounds::depth).
    TooDeep(usize),
    /// More values than any text may have.
    TooMany(usize),
    /// A key occurs twice in one object.
    Duplicate(String),
    /// JSON stops inside a value.
    EndsEarly,
    /// A character that cannot stand here in JSON.
    Unexpected {
        /// The character found.
        found: char,
        /// What may stand here.
        expected: &'static str,
    },
    /// Something follows the value.
    Trailing,
    /// A `\u` escape of half a surrogate pair.
    LoneSurrogate,
    /// An escape that JSON does not know.
    Escape,
    /// A raw control character in a string of JSON.
    Control,
    /// Nothing, or only comments.
    Empty,
    /// A second document in one stream of YAML.
    Several,
    /// `&name`, `*name`, or a `*` that was meant as text.
    Alias,
    /// `<<`.
    MergeKey,
    /// `!name`, such as `!Sub` in templates of AWS.
    Tag,
    /// `%YAML` or `%TAG`.
    Directive,
    /// A list or an object as a key.
    Key,
    /// What the YAML scanner says.
    Yaml(String),
}

impl TextProblem {
    /// What is wrong, and what to do.
    pub(crate) fn words(&self) -> (String, String) {
        let plain = |wrong: &str, remedy: &str| (wrong.to_owned(), remedy.to_owned());
        match self {
            Self::TooLong { found, most } => (
                format!("the text has {found} bytes, and {most} are allowed"),
                "shorten it".to_owned(),
            ),
            Self::TooDeep(most) => (
                format!("objects and lists are nested more than {most} deep"),
                "flatten the document".to_owned(),
            ),
            Self::TooMany(most) => {
                (format!("there are more than {most} values"), "shorten the document".to_owned())
            }
            Self::Duplicate(key) => (
                format!("the key {} stands twice in one object", shown(key)),
                "keep one of them".to_owned(),
            ),
            Self::EndsEarly => plain("the JSON ends too early", "close what is open"),
            Self::Unexpected { found, expected } => {
                (format!("{found:?} cannot stand here"), format!("write {expected}"))
            }
            Self::Trailing => plain("text follows the end of the document", "remove it"),
            Self::LoneSurrogate => {
                plain("a \\u escape names half of a surrogate pair", "write the whole character")
            }
            Self::Escape => plain(
                "a string holds an unknown escape",
                "JSON knows \\\" \\\\ \\/ \\b \\f \\n \\r \\t and \\uXXXX",
            ),
            Self::Control => {
                plain("a string holds a raw control character", "write it as an escape")
            }
            Self::Empty => plain("there is no document", "write one"),
            Self::Several => plain("a second document follows", "keep one of them in the file"),
            Self::Alias => plain(
                "anchors and aliases (& and *) are not read",
                "write the value itself, and put text that begins with & or * in quotes",
            ),
            Self::MergeKey => plain("merge keys (<<) are not read", "write the members themselves"),
            Self::Tag => plain(
                "tags (!) are not read",
                "write the plain value, and put text that begins with ! in quotes",
            ),
            Self::Directive => plain(
                "directives (%) are not read",
                "remove the line, or put text that begins with % in quotes",
            ),
            Self::Key => plain(
                "a key must be a string, not a list or an object",
                "quote it when it is meant as text",
            ),
            Self::Yaml(scanner) => (
                format!("this is no YAML ({scanner})"),
                "correct it here or just before".to_owned(),
            ),
        }
    }
}

impl fmt::Display for TextProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (wrong, remedy) = self.words();
        write!(f, "{wrong}; {remedy}")
    }
}

impl std::error::Error for TextProblem {}

/// A problem on its way out of a reader.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) problem: TextProblem,
    /// In bytes.
    pub(crate) offset: usize,
    /// Steps of the pointer, innermost first: collected while the error travels out, so success
    /// pays nothing.
    path: Vec<String>,
}

impl Failure {
    pub(crate) fn new(problem: TextProblem, offset: usize) -> Self {
        Self { problem, offset, path: Vec::new() }
    }

    pub(crate) fn inside_key(mut self, key: &str) -> Self {
        self.path.push(Pointer::Root.key(key).to_string());
        self
    }

    pub(crate) fn inside_item(mut self, index: usize) -> Self {
        self.path.push(Pointer::Root.item(index).to_string());
        self
    }

    pub(crate) fn in_text(mut self, text: &str) -> TextError {
        self.path.reverse();
        TextError {
            pointer: self.path.concat(),
            place: Place::of_offset(text, self.offset),
            problem: self.problem,
        }
    }
}

impl TextError {
    /// Whether nothing but opening brackets was understood.
    pub(super) fn is_at_the_first_token(&self, text: &str) -> bool {
        let begin =
            text.find(|c: char| !c.is_whitespace() && c != '{' && c != '[').unwrap_or(text.len());
        Place::of_offset(text, begin) == self.place
    }
}
