//! Which keys one object has so far.

use std::collections::HashSet;

use crate::text::node::Node;

/// Objects up to this size are searched member by member, which allocates nothing.
const FEW: usize = 16;

/// Finds keys that stand twice, in time linear in the text.
#[derive(Debug, Default)]
pub(crate) struct Keys {
    many: HashSet<String>,
}

impl Keys {
    /// Whether `key` is none of the keys of `members`, to which the caller adds it then.
    pub(crate) fn is_new(&mut self, members: &[(String, Node)], key: &str) -> bool {
        if members.len() < FEW {
            return members.iter().all(|(known, _)| known != key);
        }
        if self.many.is_empty() {
            self.many.extend(members.iter().map(|(known, _)| known.clone()));
        }
        self.many.insert(key.to_owned())
    }
}
