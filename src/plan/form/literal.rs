//! Documents as they were written while braces had no meaning in them.
//!
//! A role that was made then may hold `{accountId}` or `{{x}}` as they are. What its document means
//! now is something else, and nobody has asked for that: so the role is compared with the former
//! reading first, and left as it is.

use crate::plan::{
    form::{
        form::Form,
        observed::{Observed, RolePart},
    },
    scope::problems::{FORM, refused},
};
use iam::{
    account::Account,
    finding::Finding,
    placeholder::{Replaced, doubled},
    policy::{Policy, PolicyKind, compare},
    quote::shown,
};

/// The documents whose former reading is another one.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Literal(Vec<Document>);

#[derive(Clone, Debug, PartialEq)]
struct Document {
    part: RolePart,
    former: Policy,
    replaced: Vec<Replaced>,
}

impl Literal {
    /// Adds the document of a part in its former reading, and where that differs.
    pub fn add(&mut self, part: RolePart, former: Policy, replaced: Vec<Replaced>) {
        self.0.push(Document { part, former, replaced });
    }

    /// True when no document had another reading.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The documents in their former reading.
    #[cfg(test)]
    pub fn former(&self) -> impl Iterator<Item = (&RolePart, &Policy)> {
        self.0.iter().map(|document| (&document.part, &document.former))
    }

    /// What is written as it was, in documents that the role has in their former reading.
    #[must_use]
    pub fn in_place(
        &self,
        form: &Form<Policy>,
        observed: &Observed,
        account: &Account,
    ) -> Vec<Finding> {
        let mut found = Vec::new();
        for Document { part, former, replaced } in &self.0 {
            let (kind, now, text) = match part {
                RolePart::Trust => {
                    (PolicyKind::Trust, Some(&form.trust), Some(&observed.role.trust))
                }
                RolePart::Inline(name) => {
                    (PolicyKind::Identity, form.inline.get(name), observed.inline.get(name))
                }
                _ => continue,
            };
            let (Some(now), Some(text)) = (now, text) else { continue };
            let has = |policy: &Policy| compare(policy, text, kind, account).is_equal();
            if has(former) && !has(now) {
                found.extend(replaced.iter().map(finding));
            }
        }
        found
    }
}

fn finding(Replaced { field, text, becomes }: &Replaced) -> Finding {
    let message = format!(
        "the role has {} as it is written here, and it stands for {} now",
        shown(text),
        shown(becomes)
    );
    let keep = format!("write {} to leave the role as it is", shown(&doubled(text)));
    let plain = doubled(becomes) == *becomes;
    let change =
        if plain { format!(", or {} to change it", shown(becomes)) } else { String::new() };
    refused(FORM, field, message, keep + &change)
}
