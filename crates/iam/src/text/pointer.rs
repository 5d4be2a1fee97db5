//! Where a reader is in a document, as a JSON pointer (RFC 6901).

use std::borrow::Cow;
use std::fmt;

/// A chain of steps that lives on the stack of the reader: it costs nothing until it is printed,
/// which only a problem does.
#[derive(Clone, Copy, Debug)]
pub enum Pointer<'a> {
    /// The whole document.
    Root,
    /// A member of an object.
    Key(&'a Pointer<'a>, &'a str),
    /// An item of a list, from 0.
    Item(&'a Pointer<'a>, usize),
}

impl<'a> Pointer<'a> {
    /// The member `key` of what this points to.
    #[must_use]
    pub const fn key(&'a self, key: &'a str) -> Self {
        Self::Key(self, key)
    }

    /// The item `index` of what this points to.
    #[must_use]
    pub const fn item(&'a self, index: usize) -> Self {
        Self::Item(self, index)
    }
}

impl fmt::Display for Pointer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root => Ok(()),
            Self::Key(parent, key) => {
                write!(f, "{parent}/{}", key.replace('~', "~0").replace('/', "~1"))
            }
            Self::Item(parent, index) => write!(f, "{parent}/{index}"),
        }
    }
}

/// The steps of a printed pointer, unescaped.
pub fn steps(pointer: &str) -> impl Iterator<Item = Cow<'_, str>> {
    pointer.split('/').skip(1).map(|step| {
        if step.contains('~') {
            Cow::Owned(step.replace("~1", "/").replace("~0", "~"))
        } else {
            Cow::Borrowed(step)
        }
    })
}

#[cfg(test)]
mod tests {
    use crate::text::pointer::{Pointer, steps};

    #[test]
    fn a_pointer_is_printed_escaped_and_taken_apart_again() {
        let list = Pointer::Root.key("a/b~1");
        let printed = list.item(0).to_string();
        assert_eq!(printed, "/a~1b~01/0");
        assert_eq!(steps(&printed).collect::<Vec<_>>(), ["a/b~1", "0"]);
        assert_eq!((Pointer::Root.to_string(), steps("").count()), (String::new(), 0));
    }
}
