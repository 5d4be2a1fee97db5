//! Attached policies and boundaries: which of them have to be read, and what is known of what they
//! hold.

use std::collections::BTreeSet;

use crate::plan::{
    form::{fingerprint::observed_policy, observed::Contents},
    steps::step::{Call, Step},
};
use iam::{
    limits::{MANAGED_POLICY, counted_size},
    policy::{
        Effect, Policy, PolicyKind,
        contain::{self, Change},
    },
};

/// One attached policy that comes or goes.
#[derive(Debug)]
pub struct Attached<'a> {
    /// Its ARN.
    pub arn: &'a str,
    /// What it holds.
    pub policy: Managed,
}

/// What is known of a managed policy.
#[derive(Debug)]
pub enum Managed {
    /// Nothing: it may allow and deny everything.
    Unread,
    /// It denies nothing, and is too large to be looked at closer.
    Allows,
    /// It holds this.
    Read(Policy),
}

impl Managed {
    /// What becomes of the role when it comes, if that is known; the other way round when it goes.
    #[must_use]
    pub fn change(&self) -> Change {
        match self {
            Self::Unread => Change::Unknown,
            Self::Allows => Change::Wider,
            Self::Read(policy) => contain::change_among_others(None, Some(policy)),
        }
    }
}

/// What a managed policy holds, if it was read. AWS's own may be larger than all others: to compare
/// them would cost too much.
#[must_use]
pub fn held(contents: &Contents, arn: &str) -> Managed {
    let Some(text) = contents.get(arn) else { return Managed::Unread };
    match observed_policy(text, PolicyKind::Identity) {
        Some(policy) if counted_size(&policy.to_json()) <= MANAGED_POLICY => Managed::Read(policy),
        Some(policy) if policy.statements.iter().all(|it| it.effect == Effect::Allow) => {
            Managed::Allows
        }
        _ => Managed::Unread,
    }
}

/// The managed policies that have to be read before a plan is carried out, because what they hold
/// decides its order: several that come, go or are replaced, of which one may deny what another
/// allows; or a single one where another step needs it, or it needs another one.
#[must_use]
pub fn unread(steps: &[Step], boundary: Option<&String>, contents: &Contents) -> BTreeSet<String> {
    let policies = |step: &Step| -> Vec<String> {
        let arns = match (&step.call, boundary) {
            (Call::Attach { arn } | Call::Detach { arn }, _) => vec![arn],
            (Call::PutBoundary { arn }, Some(old)) => vec![old, arn],
            _ => Vec::new(),
        };
        arns.into_iter().filter(|arn| !contents.contains_key(*arn)).cloned().collect()
    };
    let unknown: Vec<(usize, Vec<String>)> = steps
        .iter()
        .enumerate()
        .map(|(place, step)| (place, policies(step)))
        .filter(|(_, arns)| !arns.is_empty())
        .collect();
    let decides = match unknown.as_slice() {
        [] => false,
        // On a new role a single one finds its place whatever it holds.
        [_] if steps.iter().any(|step| matches!(step.call, Call::CreateRole { .. })) => false,
        [(place, _)] => {
            steps.get(*place).is_some_and(|step| !step.needs.is_empty())
                || steps.iter().any(|step| step.needs.contains(place))
        }
        _ => true,
    };
    unknown.into_iter().filter(|_| decides).flat_map(|(_, arns)| arns).collect()
}
