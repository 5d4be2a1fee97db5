//! Reading what stands inside an element: words, lists of strings, principals, conditions.

use std::collections::{BTreeMap, HashSet};

use crate::limits;
use crate::nearest::nearest;
use crate::quote::shown;
use crate::text::{node::Node, pointer::Pointer};

use crate::policy::document::{Conditions, PrincipalKind, PrincipalSet};
use crate::policy::operator::{self, Operator};
use crate::policy::parse::{Member, NumberRule, PolicyKind, Reader, Strictness};
use crate::policy::shape::condition_key;

/// Digits that survive every number type between a user's YAML and us.
const SHORT_DIGITS: usize = 15;
/// Keys of one operator that are compared one with another, which allocates nothing.
const FEW: usize = 16;

impl<'n> Reader<'n> {
    /// A string that may be empty; an empty one is `None`.
    pub(super) fn text(&mut self, node: &Node, at: &Pointer<'_>, element: &str) -> Option<String> {
        if let Some(text) = node.as_str() {
            return Some(text.to_owned()).filter(|text| !text.is_empty());
        }
        self.impossible(at, || {
            let message = format!("{element} must be a string, not {}", node.type_name());
            (message, "write it in double quotes")
        });
        None
    }

    /// One of a few exact words.
    pub(super) fn word<T: Copy>(
        &mut self,
        node: &Node,
        at: &Pointer<'_>,
        words: &[T],
        print: fn(T) -> &'static str,
    ) -> Option<T> {
        let spelled = || words.iter().map(|word| print(*word));
        let all = || spelled().collect::<Vec<_>>().join(" or ");
        let Some(text) = node.as_str() else {
            self.impossible(at, || {
                let message = format!("this must be a string, not {}", node.type_name());
                (message, format!("write {}", all()))
            });
            return None;
        };
        let found = words.iter().copied().find(|word| print(*word) == text);
        if found.is_none() {
            self.unknown(at, || {
                let remedy = nearest(text, spelled()).map_or_else(all, str::to_owned);
                (format!("{} is not known here", shown(text)), format!("write {remedy}"))
            });
        }
        found
    }

    /// One string or a list of strings, none of them empty, at least one.
    pub(super) fn strings(
        &mut self,
        node: &'n Node,
        at: &Pointer<'_>,
        element: &str,
    ) -> Option<Vec<String>> {
        if node.as_array().is_some_and(<[Node]>::is_empty) {
            self.impossible(at, || {
                (format!("{element} is empty"), "name at least one, or remove the statement")
            });
            return None;
        }
        self.list(node, at, |reader, item, at| match item.as_str() {
            Some("") => {
                reader.impossible(at, || (format!("{element} holds an empty string"), "remove it"));
                None
            }
            Some(text) => Some(text.to_owned()),
            None => {
                reader.impossible(at, || {
                    let message = format!("{element} must hold strings, not {}", item.type_name());
                    (message, "write it in double quotes")
                });
                None
            }
        })
    }

    /// The items of a list, or the one value that stands for a list of one; `None` when one of them
    /// can't be read.
    pub(super) fn list<T>(
        &mut self,
        node: &'n Node,
        at: &Pointer<'_>,
        mut read: impl FnMut(&mut Self, &'n Node, &Pointer<'_>) -> Option<T>,
    ) -> Option<Vec<T>> {
        let Some(items) = node.as_array() else {
            return read(self, node, at).map(|single| vec![single]);
        };
        // A list of thousands is hostile, and its items are most likely refused.
        let mut out = Vec::with_capacity(items.len().min(64));
        for (index, item) in items.iter().enumerate() {
            out.extend(read(self, item, &at.item(index)));
        }
        (out.len() == items.len()).then_some(out)
    }

    pub(super) fn principal_set(
        &mut self,
        node: &'n Node,
        at: &Pointer<'_>,
    ) -> Option<PrincipalSet> {
        let members = match node {
            Node::String(text) if text == "*" => {
                if self.desired() && self.kind == PolicyKind::Trust {
                    self.unknown(at, || {
                        let message = "a trust policy cannot name everyone with the string *";
                        (message, "name the principals by kind")
                    });
                    return None;
                }
                return Some(PrincipalSet::Everyone);
            }
            Node::Object(members) if !members.is_empty() => members,
            Node::Object(_) => {
                self.impossible(at, || ("the principals are empty", "name at least one"));
                return None;
            }
            other => {
                self.impossible(at, || {
                    let found = other.type_name();
                    let message = format!("the principals must be an object, not {found}");
                    (message, "write {\"AWS\": …}")
                });
                return None;
            }
        };
        let mut kinds = BTreeMap::new();
        for (key, value) in members {
            let at = at.key(key);
            let Some(kind) = PrincipalKind::of(key) else {
                let words = || {
                    let known = PrincipalKind::ALL.map(PrincipalKind::as_str);
                    let remedy = nearest(key, known.into_iter())
                        .map_or_else(|| known.join(", "), str::to_owned);
                    let message = format!("{} is no kind of principal", shown(key));
                    (message, format!("write {remedy}"))
                };
                // `{"*":"*"}` is what some tools write for everyone; no trust policy can hold it
                // (Q22).
                if key == "*" {
                    self.impossible(&at, words);
                } else {
                    self.unknown(&at, words);
                }
                continue;
            };
            if let Some(values) = self.strings(value, &at, key) {
                kinds.insert(kind, values);
            }
        }
        (kinds.len() == members.len()).then_some(PrincipalSet::Kinds(kinds))
    }

    pub(super) fn conditions(&mut self, node: &'n Node, at: &Pointer<'_>) -> Option<Conditions> {
        let operators = self.filled(node, at, "Condition")?;
        let mut out = Conditions::new();
        for (name, keys) in operators {
            let at = at.key(name);
            let operator = self.operator(name, &at);
            let Some(keys) = self.filled(keys, &at, "a condition operator") else {
                continue;
            };
            if keys.is_empty() {
                continue;
            }
            let mut seen = HashSet::new();
            let mut read = BTreeMap::new();
            for (index, (key, values)) in keys.iter().enumerate() {
                let at = at.key(key);
                let known = if keys.len() > FEW {
                    !seen.insert(key.to_lowercase())
                } else {
                    keys.iter().take(index).any(|(other, _)| same_key(other, key))
                };
                if key.is_empty() {
                    self.impossible(&at, || ("a condition key is empty", "name it"));
                } else if known {
                    self.impossible(&at, || {
                        let key = shown(key);
                        let message = format!(
                            "the condition key {key} stands twice in different letter case"
                        );
                        (message, "keep one")
                    });
                } else if let Some(words) = condition_key(key).filter(|_| self.is_to_be_written()) {
                    self.impossible(&at, || words);
                }
                if let Some(values) = self.values(values, &at) {
                    read.insert(key.clone(), values);
                }
            }
            if out.insert(operator, read).is_some() {
                self.unknown(&at, || {
                    (format!("{} stands twice in different letter case", shown(name)), "keep one")
                });
            }
        }
        Some(out)
    }

    /// The documented spelling of an operator. What AWS has may be in other letter case (Q35); one
    /// that is not known is kept there, because AWS may know it.
    fn operator(&mut self, name: &str, at: &Pointer<'_>) -> String {
        if operator::is_known(name) {
            return name.to_owned();
        }
        match Operator::parse_folded(name) {
            Some(known) if self.strictness == Strictness::Observed => {
                self.fold(at, || {
                    format!("{} means {known}: letter case does not count here", shown(name))
                });
                known.to_string()
            }
            _ => {
                if self.desired() {
                    self.unknown(at, || {
                        let remedy = operator::nearest(name).map_or_else(
                            || "use a documented one".to_owned(),
                            |name| format!("write {name}"),
                        );
                        (format!("{} is no condition operator", shown(name)), remedy)
                    });
                }
                name.to_owned()
            }
        }
    }

    /// The members of an object. An empty one has no effect (Q30), but inside a resource it is
    /// refused.
    fn filled<'a>(
        &mut self,
        node: &'a Node,
        at: &Pointer<'_>,
        element: &str,
    ) -> Option<&'a [Member]> {
        match node {
            Node::Object(members) if members.is_empty() => {
                if self.numbers == NumberRule::ShortIntegers {
                    self.unknown(at, || {
                        (format!("{element} is empty"), "add a condition, or remove it")
                    });
                    return None;
                }
                self.fold(at, || format!("{element} is empty, which has no effect"));
                Some(members)
            }
            Node::Object(members) => Some(members),
            other => {
                self.impossible(at, || {
                    let message = format!("{element} must be an object, not {}", other.type_name());
                    (message, "write {…}")
                });
                None
            }
        }
    }

    /// The values of a condition key. An observed list may be empty (Q31): no desired document
    /// equals it.
    fn values(&mut self, node: &'n Node, at: &Pointer<'_>) -> Option<Vec<String>> {
        if self.desired() && node.as_array().is_some_and(<[Node]>::is_empty) {
            self.unknown(at, || ("the list of values is empty", "add a value, or remove the key"));
            return None;
        }
        self.list(node, at, |reader, item, at| match item {
            Node::String(text) => Some(text.clone()),
            Node::Bool(value) => Some(value.to_string()),
            Node::Number(digits)
                if reader.numbers == NumberRule::ShortIntegers && !is_short_integer(digits) =>
            {
                reader.unknown(at, || {
                    let number = shown(digits);
                    let message = format!("the number {number} may have lost digits on its way");
                    (message, "write it in double quotes")
                });
                None
            }
            Node::Number(digits) => Some(digits.clone()),
            other => {
                reader.impossible(at, || {
                    let found = other.type_name();
                    let message = format!(
                        "a condition value must be a string, number or boolean, not {found}"
                    );
                    (message, "write it in double quotes")
                });
                None
            }
        })
    }

    /// Notes the first character that AWS refuses, wherever it stands.
    pub(super) fn characters(&mut self, node: &Node, at: &Pointer<'_>) -> bool {
        match node {
            Node::String(text) => self.refuses(text, at),
            Node::Array(items) => {
                items.iter().enumerate().any(|(index, item)| self.characters(item, &at.item(index)))
            }
            Node::Object(members) => members.iter().any(|(key, value)| {
                let at = at.key(key);
                self.refuses(key, &at) || self.characters(value, &at)
            }),
            Node::Null | Node::Bool(_) | Node::Number(_) => false,
        }
    }

    fn refuses(&mut self, text: &str, at: &Pointer<'_>) -> bool {
        let Some(found) = limits::outside_document(text) else { return false };
        self.unknown(at, || {
            let message = format!("AWS refuses the character {found:?} in a document");
            (message, "use characters up to U+00FF")
        });
        true
    }
}

/// Names of condition keys ignore letter case.
fn same_key(left: &str, right: &str) -> bool {
    left.eq_ignore_ascii_case(right)
        || (!left.is_ascii() && !right.is_ascii() && left.to_lowercase() == right.to_lowercase())
}

fn is_short_integer(digits: &str) -> bool {
    let digits = digits.strip_prefix('-').unwrap_or(digits);
    digits.len() <= SHORT_DIGITS && digits.bytes().all(|byte| byte.is_ascii_digit())
}
