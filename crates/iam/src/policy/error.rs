//! What is wrong with a document. All problems are collected, up to a bound, each with its place
//! and remedy.

use std::fmt;

use crate::text::pointer::Pointer;
use crate::text::{
    Text,
    error::{TextError, TextProblem, at},
    place::Place,
};

/// How grave a problem is. It decides what [`compare`](crate::policy::compare()) makes of an
/// observed document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Fault {
    /// The text is neither JSON nor YAML.
    Unreadable,
    /// Equal keys stand in one object, and which of them counts is anybody's guess.
    Repeated,
    /// An element, spelling or form that this release does not take; AWS might.
    Unknown,
    /// No role can hold such a document.
    Impossible,
}

/// One problem of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocumentError {
    /// JSON pointer into the document (RFC 6901); empty for the whole.
    pub pointer: String,
    /// Where it stands in the text, when the document was read from one.
    pub place: Option<Place>,
    /// What is wrong and what to do: one sentence.
    pub message: String,
    /// How grave.
    pub fault: Fault,
}

impl fmt::Display for DocumentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.place {
            Some(place) => write!(f, "{place}{}: {}", at(&self.pointer), self.message),
            None if self.pointer.is_empty() => write!(f, "the document: {}", self.message),
            None => write!(f, "{}: {}", self.pointer, self.message),
        }
    }
}

impl std::error::Error for DocumentError {}

impl From<TextError> for DocumentError {
    fn from(TextError { pointer, place, problem }: TextError) -> Self {
        let fault = if matches!(problem, TextProblem::Duplicate(_)) {
            Fault::Repeated
        } else {
            Fault::Unreadable
        };
        Self { pointer, place: Some(place), message: problem.to_string(), fault }
    }
}

/// Problems shown of one document; the rest is counted.
pub(super) const SHOWN: usize = 50;
/// Bytes of all their pointers, or fifty problems below one very long key fill the memory with it.
const POINTERS: usize = 64 * 1024;

#[derive(Default)]
pub(super) struct Problems {
    list: Vec<DocumentError>,
    pointers: usize,
    more: usize,
}

impl Problems {
    pub(super) fn add(
        &mut self,
        pointer: &Pointer<'_>,
        fault: Fault,
        message: impl FnOnce() -> String,
    ) {
        if self.list.len() < SHOWN && self.pointers < POINTERS {
            let pointer = pointer.to_string();
            self.pointers += pointer.len();
            self.list.push(DocumentError { pointer, place: None, message: message(), fault });
        } else {
            self.more += 1;
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// All of them, with their places in `text`.
    pub(super) fn into_list(mut self, text: Option<&Text<'_>>) -> Vec<DocumentError> {
        if let Some(text) = text {
            let places = text.places(self.list.iter().map(|problem| problem.pointer.as_str()));
            for (problem, place) in self.list.iter_mut().zip(places) {
                problem.place = Some(place);
            }
        }
        if self.more > 0 {
            let message = format!("{} more problems are not shown; correct these first", self.more);
            self.list.push(DocumentError {
                pointer: String::new(),
                place: None,
                message,
                fault: Fault::Unknown,
            });
        }
        self.list
    }
}
