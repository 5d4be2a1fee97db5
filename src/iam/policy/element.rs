//! Reading what stands inside an element: words, lists of strings, principals, conditions.

use std::collections::{BTreeMap, HashSet};

use crate::iam::json::{Node, child};
use crate::iam::nearest::nearest;
use crate::iam::quote::shown;

use super::document::{Conditions, PrincipalKind, PrincipalSet};
use super::operator;
use super::parse::{Kind, NumberRule, Reader};

/// Digits that survive every number type between a user's YAML and us.
const SHORT_DIGITS: usize = 15;

impl Reader {
    /// A string that may be empty; an empty one is `None`.
    pub(super) fn text(&mut self, node: &Node, pointer: &str, element: &str) -> Option<String> {
        if let Some(text) = node.as_str() {
            return Some(text.to_owned()).filter(|text| !text.is_empty());
        }
        self.impossible(
            pointer,
            format!("{element} must be a string, not {}; write it in double quotes", node.type_name()),
        );
        None
    }

    /// One of a few exact words.
    pub(super) fn word<T: Copy>(
        &mut self,
        node: &Node,
        pointer: &str,
        words: &[T],
        print: fn(T) -> &'static str,
    ) -> Option<T> {
        let spelled = || words.iter().map(|word| print(*word));
        let all = || spelled().collect::<Vec<_>>().join(" or ");
        let Some(text) = node.as_str() else {
            self.impossible(pointer, format!("this must be a string, not {}; write {}", node.type_name(), all()));
            return None;
        };
        let found = words.iter().copied().find(|word| print(*word) == text);
        if found.is_none() {
            let remedy = nearest(text, spelled()).map_or_else(all, str::to_owned);
            self.unknown(pointer, format!("{} is not known here; write {remedy}", shown(text)));
        }
        found
    }

    /// One string or a list of strings, none of them empty, at least one.
    pub(super) fn strings(&mut self, node: &Node, pointer: &str, element: &str) -> Option<Vec<String>> {
        let items = match node {
            Node::Array(items) if items.is_empty() => {
                self.impossible(pointer, format!("{element} is empty; name at least one, or remove the statement"));
                return None;
            }
            Node::Array(items) => items.as_slice(),
            single => std::slice::from_ref(single),
        };
        let mut out = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            let place = || {
                if node.as_array().is_some() { child(pointer, index) } else { pointer.to_owned() }
            };
            match item.as_str() {
                Some("") => self.impossible(&place(), format!("{element} holds an empty string; remove it")),
                Some(text) => out.push(text.to_owned()),
                None => {
                    let message =
                        format!("{element} must hold strings, not {}; write it in double quotes", item.type_name());
                    self.impossible(&place(), message);
                }
            }
        }
        (out.len() == items.len()).then_some(out)
    }

    pub(super) fn principal_set(&mut self, node: &Node, pointer: &str) -> Option<PrincipalSet> {
        let members = match node {
            Node::String(text) if text == "*" => {
                if self.desired() && self.kind == Kind::Trust {
                    self.unknown(
                        pointer,
                        "a trust policy cannot name everyone with the string *; name the principals by kind",
                    );
                    return None;
                }
                return Some(PrincipalSet::Everyone);
            }
            Node::Object(members) if !members.is_empty() => members,
            Node::Object(_) => {
                self.impossible(pointer, "the principals are empty; name at least one");
                return None;
            }
            other => {
                let message =
                    format!("the principals must be an object, not {}; write {{\"AWS\": …}}", other.type_name());
                self.impossible(pointer, message);
                return None;
            }
        };
        let mut kinds = BTreeMap::new();
        for (key, value) in members {
            let place = child(pointer, key);
            let Some(kind) = PrincipalKind::of(key) else {
                let known = PrincipalKind::ALL.map(PrincipalKind::as_str);
                let remedy = nearest(key, known.into_iter()).map_or_else(|| known.join(", "), str::to_owned);
                let message = format!("{} is no kind of principal; write {remedy}", shown(key));
                // `{"*":"*"}` is what some tools write for everyone; no trust policy can hold it (Q22).
                if key == "*" {
                    self.impossible(&place, message);
                } else {
                    self.unknown(&place, message);
                }
                continue;
            };
            if let Some(values) = self.strings(value, &place, key) {
                kinds.insert(kind, values);
            }
        }
        (kinds.len() == members.len()).then_some(PrincipalSet::Kinds(kinds))
    }

    pub(super) fn conditions(&mut self, node: &Node, pointer: &str) -> Option<Conditions> {
        let operators = self.filled(node, pointer, "Condition")?;
        let mut out = Conditions::new();
        for (name, keys) in operators {
            let place = child(pointer, name);
            if self.desired() && !operator::is_known(name) {
                let remedy =
                    operator::nearest(name).map_or_else(|| "use a documented one".to_owned(), |n| format!("write {n}"));
                self.unknown(&place, format!("{} is no condition operator; {remedy}", shown(name)));
            }
            let Some(keys) = self.filled(keys, &place, "a condition operator") else {
                continue;
            };
            let mut seen = HashSet::new();
            let mut read = BTreeMap::new();
            for (key, values) in keys {
                let place = child(&place, key);
                if key.is_empty() {
                    self.impossible(&place, "a condition key is empty; name it");
                } else if !seen.insert(key.to_lowercase()) {
                    let message =
                        format!("the condition key {} stands twice in different letter case; keep one", shown(key));
                    self.impossible(&place, message);
                }
                if let Some(values) = self.values(values, &place) {
                    read.insert(key.clone(), values);
                }
            }
            out.insert(name.clone(), read);
        }
        Some(out)
    }

    /// The members of an object that is not empty. Whether AWS takes an empty one is not documented (Q30), so it is not
    /// called impossible.
    fn filled<'a>(&mut self, node: &'a Node, pointer: &str, element: &str) -> Option<&'a [(String, Node)]> {
        match node {
            Node::Object(members) if members.is_empty() => {
                self.unknown(pointer, format!("{element} is empty; add a condition, or remove it"));
                None
            }
            Node::Object(members) => Some(members),
            other => {
                self.impossible(
                    pointer,
                    format!("{element} must be an object, not {}; write {{…}}", other.type_name()),
                );
                None
            }
        }
    }

    fn values(&mut self, node: &Node, pointer: &str) -> Option<Vec<String>> {
        let items = match node {
            Node::Array(items) if items.is_empty() => {
                self.unknown(pointer, "the list of values is empty; add a value, or remove the key");
                return None;
            }
            Node::Array(items) => items.as_slice(),
            single => std::slice::from_ref(single),
        };
        let mut out = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            let place = || {
                if node.as_array().is_some() { child(pointer, index) } else { pointer.to_owned() }
            };
            match item {
                Node::String(text) => out.push(text.clone()),
                Node::Bool(value) => out.push(value.to_string()),
                Node::Number(digits) if self.numbers == NumberRule::ShortIntegers && !is_short_integer(digits) => {
                    let message = format!(
                        "the number {} may have lost digits on its way; write it in double quotes",
                        shown(digits)
                    );
                    self.unknown(&place(), message);
                }
                Node::Number(digits) => out.push(digits.clone()),
                other => {
                    let message =
                        format!("a condition value must be a string, number or boolean, not {}", other.type_name());
                    self.impossible(&place(), format!("{message}; write it in double quotes"));
                }
            }
        }
        (out.len() == items.len()).then_some(out)
    }
}

fn is_short_integer(digits: &str) -> bool {
    let digits = digits.strip_prefix('-').unwrap_or(digits);
    digits.len() <= SHORT_DIGITS && digits.bytes().all(|byte| byte.is_ascii_digit())
}
