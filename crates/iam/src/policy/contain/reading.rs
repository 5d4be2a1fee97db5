//! Principals that AWS does not document, and how they may be read. What is proven is proven by
//! every reading, the same one in both documents.

use crate::policy::document::{Effect, Policy, PrincipalKind, PrincipalSet, Scope};

/// One way to read them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Reading {
    /// A Deny of `{"AWS":"*"}` bites on services and federated users too, not on AWS principals
    /// alone.
    pub(super) wide_denies: bool,
    /// `*` under another kind than `AWS` is nobody, not all of that kind.
    pub(super) literal_stars: bool,
}

impl Reading {
    /// That of the evaluator: what is denied is denied to AWS principals alone, and `*` is access.
    pub(super) const EVALUATED: Self = Self { wide_denies: false, literal_stars: false };

    /// The others that give the documents another meaning.
    pub(super) fn others(documents: [&Policy; 2]) -> Vec<Self> {
        let statements = || documents.into_iter().flat_map(|policy| &policy.statements);
        let has = |effects: &[Effect], wanted: fn(PrincipalKind) -> bool| {
            statements().filter(|statement| effects.contains(&statement.effect)).any(|statement| {
                let set = statement.principals.as_ref().map(Scope::content);
                let Some(PrincipalSet::Kinds(kinds)) = set else { return false };
                kinds
                    .iter()
                    .any(|(kind, values)| wanted(*kind) && values.iter().any(|value| value == "*"))
            })
        };
        let wide = has(&[Effect::Deny], |kind| kind == PrincipalKind::Aws);
        let literal = has(&[Effect::Allow, Effect::Deny], |kind| kind != PrincipalKind::Aws);
        [(true, false), (false, true), (true, true)]
            .into_iter()
            .filter(|(wide_denies, literal_stars)| {
                (wide || !wide_denies) && (literal || !literal_stars)
            })
            .map(|(wide_denies, literal_stars)| Self { wide_denies, literal_stars })
            .collect()
    }

    /// What can't be told when it is by this reading alone that nothing is proven.
    pub(super) fn doubt(self) -> &'static str {
        if self.literal_stars {
            "AWS does not document whom the principal * means under another kind than AWS"
        } else {
            "AWS does not document whether a Deny for {\"AWS\":\"*\"} denies services and \
             federated users too"
        }
    }
}
