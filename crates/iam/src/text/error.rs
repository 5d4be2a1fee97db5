//! Why a text is not accepted, and where.

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
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TextProblem {
    /// More bytes than [`Bounds::bytes`](crate::text::node::Bounds::bytes).
    #[error("the text has {found} bytes, and {most} are allowed; shorten it")]
    TooLong {
        /// Bytes of the text.
        found: usize,
        /// Bytes allowed.
        most: usize,
    },
    /// More nesting than [`Bounds::depth`](crate::text::node::Bounds::depth).
    #[error("objects and lists are nested more than {0} deep; flatten the document")]
    TooDeep(usize),
    /// More values than any text may have.
    #[error("there are more than {0} values; shorten the document")]
    TooMany(usize),
    /// A key occurs twice in one object.
    #[error("the key {} stands twice in one object; keep one of them", shown(.0))]
    Duplicate(String),
    /// JSON stops inside a value.
    #[error("the JSON ends too early; close what is open")]
    EndsEarly,
    /// A character that cannot stand here in JSON.
    #[error("{found:?} cannot stand here; write {expected}")]
    Unexpected {
        /// The character found.
        found: char,
        /// What may stand here.
        expected: &'static str,
    },
    /// Something follows the value.
    #[error("text follows the end of the document; remove it")]
    Trailing,
    /// A `\u` escape of half a surrogate pair.
    #[error("a \\u escape names half of a surrogate pair; write the whole character")]
    LoneSurrogate,
    /// An escape that JSON does not know.
    #[error(
        "a string holds an unknown escape; JSON knows \\\" \\\\ \\/ \\b \\f \\n \\r \\t and \\uXXXX"
    )]
    Escape,
    /// A raw control character in a string of JSON.
    #[error("a string holds a raw control character; write it as an escape")]
    Control,
    /// Nothing, or only comments.
    #[error("there is no document; write one")]
    Empty,
    /// A second document in one stream of YAML.
    #[error("a second document follows; keep one of them in the file")]
    Several,
    /// `&name`, `*name`, or a `*` that was meant as text.
    #[error(
        "anchors and aliases (& and *) are not read; write the value itself, and put text that \
         begins with & or * in quotes"
    )]
    Alias,
    /// `<<`.
    #[error("merge keys (<<) are not read; write the members themselves")]
    MergeKey,
    /// `!name`, such as `!Sub` in templates of AWS.
    #[error(
        "tags (!) are not read; write the plain value, and put text that begins with ! in quotes"
    )]
    Tag,
    /// `%YAML` or `%TAG`.
    #[error(
        "directives (%) are not read; remove the line, or put text that begins with % in quotes"
    )]
    Directive,
    /// A list or an object as a key.
    #[error("a key must be a string, not a list or an object; quote it when it is meant as text")]
    Key,
    /// What the YAML scanner says.
    #[error("this is no YAML ({0}); correct it here or just before")]
    Yaml(String),
}

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
