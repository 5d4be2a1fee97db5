//! The problems of one document while they are gathered, up to a bound.

use crate::finding::{Check, Field, Finding};
use crate::text::Text;
use crate::text::pointer::Pointer;

/// Problems shown of one document; the rest is counted.
pub(super) const SHOWN: usize = 50;
/// Bytes of all their pointers, or fifty problems below one very long key fill the memory with it.
const POINTERS: usize = 64 * 1024;

#[derive(Default)]
pub(super) struct Problems {
    list: Vec<Finding>,
    pointers: usize,
    more: usize,
}

impl Problems {
    /// Notes what is wrong at `pointer` and what to do; the words are made only when there is room
    /// for them.
    pub(super) fn add<M: Into<String>, R: Into<String>>(
        &mut self,
        pointer: &Pointer<'_>,
        check: Check,
        words: impl FnOnce() -> (M, R),
    ) {
        if self.list.len() < SHOWN && self.pointers < POINTERS {
            let field = Field::of_document(pointer);
            self.pointers += field.pointer().len();
            let (message, remedy) = words();
            self.list.push(Finding::error(check, field, message).with_remedy(remedy));
        } else {
            self.more += 1;
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// All of them, with their places in `text`.
    pub(super) fn into_list(mut self, text: Option<&Text<'_>>) -> Vec<Finding> {
        if let Some(text) = text {
            let places = text.places(self.list.iter().map(Finding::pointer));
            let found = self.list.into_iter().zip(places);
            self.list = found.map(|(problem, place)| problem.with_place(Some(place))).collect();
        }
        if self.more > 0 {
            let message = format!("{} more problems are not shown", self.more);
            self.list.push(
                Finding::error(Check::UNKNOWN, Field::of_document(&Pointer::Root), message)
                    .with_remedy("correct these first"),
            );
        }
        self.list
    }
}
