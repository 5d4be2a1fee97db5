//! The canonical form as bytes, for hashing.

use crate::policy::operator::Quantifier;

use crate::policy::canonical::{
    Canonical, Case, Caseless, Clause, Folded, Form, Group, Listed, Named, Value, Who,
};

impl Canonical<'_> {
    /// An encoding for hashing: equal exactly for equal canonical forms. Every text is preceded by
    /// its length and every list by its count, so no two different forms share one. It begins with
    /// a number of the encoding itself.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        let mut out = Encoder(Vec::with_capacity(2048));
        out.text("rolewright policy 3");
        match &self.0 {
            Form::Large(large) => {
                out.0.push(0);
                out.text(&large.json);
            }
            Form::Folded(folded) => {
                let atoms = folded.atoms();
                out.0.push(if atoms <= ATOMS { 1 } else { 2 });
                out.folded(folded, atoms);
            }
        }
        out.0
    }
}

/// Forms with more of them are encoded by their lists, which are shorter.
const ATOMS: usize = 20_000;

impl Folded<'_> {
    /// How many there are of an action of a group.
    fn atoms(&self) -> usize {
        let actions = |group: &Group| self.lists.get(index(group.list)).map_or(0, Vec::len);
        self.groups.iter().map(actions).fold(0, usize::saturating_add)
    }
}

/// A place as an index.
fn index(place: u32) -> usize {
    usize::try_from(place).unwrap_or(usize::MAX)
}

struct Encoder(Vec<u8>);

impl Encoder {
    fn count(&mut self, count: usize) {
        // Bounded documents have far fewer of anything.
        self.0.extend_from_slice(&u32::try_from(count).unwrap_or(u32::MAX).to_be_bytes());
    }

    /// In a table of a form with few atoms; the place of nothing is the last one.
    fn short_place(&mut self, place: u32) {
        let place = u16::try_from(place).unwrap_or(u16::MAX);
        self.0.extend_from_slice(&place.to_be_bytes());
    }

    fn place(&mut self, place: u32) {
        self.0.extend_from_slice(&place.to_be_bytes());
    }

    fn text(&mut self, text: &str) {
        self.count(text.len());
        self.0.extend_from_slice(text.as_bytes());
    }

    fn list<I: IntoIterator<IntoIter: ExactSizeIterator>>(
        &mut self,
        items: I,
        encode: impl Fn(&mut Self, I::Item),
    ) {
        let items = items.into_iter();
        self.count(items.len());
        items.for_each(|item| encode(self, item));
    }

    fn caseless(&mut self, text: &Caseless<'_>) {
        let start = self.0.len();
        self.text(&text.0);
        if let Some(written) = self.0.get_mut(start..) {
            written.make_ascii_lowercase();
        }
    }

    fn folded(&mut self, folded: &Folded<'_>, atoms: usize) {
        let Folded { version, cases, principals, resources, actions, lists, groups } = folded;
        self.text(version.as_str());
        self.list(actions, |out, action| out.listed(action, Self::caseless));
        self.list(principals, Self::who);
        self.list(resources, |out, resource| out.listed(resource, |out, text| out.text(text)));
        self.list(cases, |out, Case { effect, clauses }| {
            out.text(effect.as_str());
            out.list(clauses, Self::clause);
        });
        if atoms <= ATOMS {
            // Each action of each group by itself: what statuses in clusters are hashes of.
            self.count(atoms);
            for Group { case, principal, resource, list } in groups {
                for action in lists.get(index(*list)).into_iter().flatten() {
                    for place in [case, principal, resource, action] {
                        self.short_place(*place);
                    }
                }
            }
            return;
        }
        self.list(lists, |out, list| out.list(list, |out, action| out.place(*action)));
        self.list(groups, |out, Group { case, principal, resource, list }| {
            for place in [case, principal, resource, list] {
                out.place(*place);
            }
        });
    }

    fn who(&mut self, who: &Who<'_>) {
        match who {
            Who::Everyone => self.0.push(0),
            Who::One((kind, value)) => {
                self.0.push(1);
                self.text(kind.as_str());
                self.text(value);
            }
            Who::ExceptEveryone => self.0.push(2),
            Who::Except(list) => {
                self.0.push(3);
                self.list(list, |out, (kind, value)| {
                    out.text(kind.as_str());
                    out.text(value);
                });
            }
        }
    }

    fn clause(&mut self, Clause { operator, key, values }: &Clause<'_>) {
        match operator {
            Named::Odd(name) => {
                self.0.push(0);
                self.text(name);
            }
            Named::Known(operator) => {
                self.0.push(1);
                self.text(operator.quantifier.map_or("", Quantifier::as_str));
                self.text(operator.base.as_str());
                self.0.push(u8::from(operator.if_exists));
            }
        }
        self.caseless(key);
        self.list(values, |out, value| {
            let (tag, text) = match value {
                Value::Read(text) => (0, text.as_ref()),
                Value::Odd(text) => (1, *text),
            };
            out.0.push(tag);
            out.text(text);
        });
    }

    fn listed<T>(&mut self, listed: &Listed<T>, text: impl Fn(&mut Self, &T)) {
        match listed {
            Listed::One(one) => {
                self.0.push(0);
                text(self, one);
            }
            Listed::Except(texts) => {
                self.0.push(1);
                self.list(texts, text);
            }
        }
    }
}
