//! The canonical form as bytes, for hashing.

use crate::iam::policy::document::Effect;

use super::{Canonical, Clause, Folded, Form, Listed, Value, Who};

impl Canonical {
    /// An encoding for hashing: equal exactly for equal canonical forms. Every text is preceded by its length and every
    /// list by its count, so no two different forms share one. It begins with a number of the encoding itself.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        let mut out = Encoder(Vec::with_capacity(1024));
        out.text("rolewright policy 2");
        match &self.0 {
            Form::Large(large) => {
                out.0.push(0);
                out.text(&large.json);
            }
            Form::Folded(folded) => {
                out.0.push(1);
                out.folded(folded);
            }
        }
        out.0
    }
}

struct Encoder(Vec<u8>);

impl Encoder {
    fn count(&mut self, count: usize) {
        // Bounded documents have far fewer of anything.
        self.0.extend_from_slice(&u32::try_from(count).unwrap_or(u32::MAX).to_be_bytes());
    }

    fn text(&mut self, text: &str) {
        self.count(text.len());
        self.0.extend_from_slice(text.as_bytes());
    }

    fn list<I: IntoIterator<IntoIter: ExactSizeIterator>>(&mut self, items: I, encode: impl Fn(&mut Self, I::Item)) {
        let items = items.into_iter();
        self.count(items.len());
        items.for_each(|item| encode(self, item));
    }

    fn folded(&mut self, folded: &Folded) {
        let Folded { version, actions, principals, resources, conditions, atoms } = folded;
        self.text(version.as_str());
        self.list(actions, Self::listed);
        self.list(principals, |out, who| match who {
            Who::Everyone => out.0.push(0),
            Who::One(kind, value) => {
                out.0.push(1);
                out.text(kind.as_str());
                out.text(value);
            }
            Who::ExceptEveryone => out.0.push(2),
            Who::Except(list) => {
                out.0.push(3);
                out.list(list, |out, (kind, value)| {
                    out.text(kind.as_str());
                    out.text(value);
                });
            }
        });
        self.list(resources, Self::listed);
        self.list(conditions, |out, clauses| {
            out.list(clauses, |out, Clause { operator, key, values }| {
                out.text(operator);
                out.text(key);
                out.list(values, |out, value| match value {
                    Value::Read(text) => {
                        out.0.push(0);
                        out.text(text);
                    }
                    Value::Odd(text) => {
                        out.0.push(1);
                        out.text(text);
                    }
                });
            });
        });
        self.list(atoms, |out, atom| {
            out.0.push(u8::from(atom.effect == Effect::Deny));
            // No table has an item at the last place.
            for place in [Some(atom.conditions), atom.principal, atom.resource, Some(atom.action)] {
                out.0.extend_from_slice(&place.unwrap_or(u16::MAX).to_be_bytes());
            }
        });
    }

    fn listed(&mut self, listed: &Listed) {
        match listed {
            Listed::One(text) => {
                self.0.push(0);
                self.text(text);
            }
            Listed::Except(texts) => {
                self.0.push(1);
                self.list(texts, |out, text| out.text(text));
            }
        }
    }
}
