//! What is wrong with a document. All problems are collected, up to a bound, each with its place and remedy.

use std::fmt;

/// How grave a problem is. It decides what [`compare`](crate::iam::policy::compare()) makes of an observed document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Fault {
    /// The text is not JSON, or equal keys stand in one object.
    Unreadable,
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
    /// What is wrong and what to do: one sentence.
    pub message: String,
    /// How grave.
    pub fault: Fault,
}

impl fmt::Display for DocumentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = if self.pointer.is_empty() { "the document" } else { &self.pointer };
        write!(f, "{place}: {}", self.message)
    }
}

impl std::error::Error for DocumentError {}

/// Problems shown of one document; the rest is counted.
const SHOWN: usize = 50;

#[derive(Default)]
pub(super) struct Problems {
    list: Vec<DocumentError>,
    more: usize,
}

impl Problems {
    pub(super) fn add(&mut self, pointer: &str, fault: Fault, message: impl Into<String>) {
        if self.list.len() < SHOWN {
            self.list.push(DocumentError { pointer: pointer.to_owned(), message: message.into(), fault });
        } else {
            self.more += 1;
        }
    }

    pub(super) fn into_list(mut self) -> Vec<DocumentError> {
        if self.more > 0 {
            let message = format!("{} more problems are not shown; correct these first", self.more);
            self.list.push(DocumentError { pointer: String::new(), message, fault: Fault::Unknown });
        }
        self.list
    }
}
