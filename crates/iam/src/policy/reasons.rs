//! Why two documents are Identical, Cosmetic, Different or Invalid: the verdict of
//! [`compare`](crate::policy::compare()) with its reasons.

mod cosmetic;
#[cfg(test)]
mod tests;

use crate::account::Account;
use crate::finding::{Check, Finding};
use crate::quote::shown;

use crate::policy::compare::{Equality, between};
use crate::policy::decode::decode;
use crate::policy::diff::{ChangeKind, Diff};
use crate::policy::document::{Policy, PrincipalKind, PrincipalSet};
use crate::policy::parse::{PolicyKind, Reading, Strictness};

/// A verdict and what it rests on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comparison {
    /// The verdict.
    pub verdict: Equality,
    /// At least one, unless the verdict is Identical.
    pub reasons: Vec<Reason>,
}

/// One reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// JSON pointer (RFC 6901) into the document that the text names; into B where it names both.
    pub path: String,
    /// One sentence. A is the desired document, B the observed one.
    pub text: String,
}

impl Reason {
    fn new(path: impl Into<String>, text: impl Into<String>) -> Self {
        Self { path: path.into(), text: text.into() }
    }
}

/// What can't be compared at all: which document, A or B, is neither JSON nor YAML, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{document}: {problem}")]
pub struct UnreadableError {
    /// `A` or `B`.
    pub document: char,
    /// What the reader says.
    pub problem: Finding,
}

/// Compares the text of a desired document A with the text of an observed one B, which may be
/// percent-encoded as AWS returns it.
///
/// # Errors
/// When one of them is neither JSON nor YAML.
pub fn explain(
    desired: &str,
    observed: &str,
    kind: PolicyKind,
    account: &Account,
) -> Result<Comparison, UnreadableError> {
    let a = side('A', desired, kind, Strictness::Desired)?;
    let encoded =
        observed.trim_start().starts_with('%').then(|| decode(observed.trim()).ok()).flatten();
    let b = side('B', encoded.as_deref().unwrap_or(observed), kind, Strictness::Observed)?;
    let (a, b) = match (a, b) {
        (Ok(a), Ok(b)) => (a, b),
        (Err(a), Err((b, _))) => return Ok(invalid((a.0.into_iter().chain(b).collect(), true))),
        (Err(problems), Ok(_)) | (Ok(_), Err(problems)) => return Ok(invalid(problems)),
    };
    let verdict = between(&a.policy, &b.policy, account);
    let folded = |document: char, reading: &Reading| -> Vec<Reason> {
        reading
            .folded
            .iter()
            .map(|folded| Reason::new(&folded.pointer, format!("{document}: {}", folded.text)))
            .collect()
    };
    let mut reasons = folded('A', &a);
    reasons.extend(folded('B', &b));
    let verdict = if verdict == Equality::Identical && !reasons.is_empty() {
        Equality::Cosmetic
    } else {
        verdict
    };
    match verdict {
        Equality::Identical | Equality::Invalid => {}
        Equality::Cosmetic => reasons.extend(cosmetic::reasons(&a.policy, &b.policy, account)),
        Equality::Different => reasons = different(&a.policy, &b.policy, account),
    }
    if verdict == Equality::Cosmetic && reasons.is_empty() {
        reasons.push(Reason::new("/Statement", "A and B say the same with other statements"));
    }
    Ok(Comparison { verdict, reasons })
}

/// Reasons, and whether no role can hold such a document.
type Reasoned = (Vec<Reason>, bool);

fn side(
    document: char,
    text: &str,
    kind: PolicyKind,
    strictness: Strictness,
) -> Result<Result<Reading, Reasoned>, UnreadableError> {
    if text.trim().is_empty() {
        let reason = Reason::new(
            "",
            format!("{document} is empty; a role needs a document with at least one statement"),
        );
        return Ok(Err((vec![reason], true)));
    }
    let problems = match Reading::read(text, kind, strictness) {
        Ok(reading) => return Ok(Ok(reading)),
        Err(problems) => problems,
    };
    if let Some(problem) = problems.iter().find(|problem| problem.check() == Check::SYNTAX) {
        return Err(UnreadableError { document, problem: problem.clone() });
    }
    // What AWS has in a form that is not known here may be valid there; what somebody asks for must
    // be known.
    let certain = strictness == Strictness::Desired
        || problems.iter().all(|problem| problem.check() != Check::UNKNOWN);
    let words = |problem: &Finding| match problem.place() {
        Some(place) => format!("{document}, {place}: {}", problem.sentence()),
        None => format!("{document}: {}", problem.sentence()),
    };
    Ok(Err((
        problems.iter().map(|problem| Reason::new(problem.pointer(), words(problem))).collect(),
        certain,
    )))
}

fn invalid((reasons, certain): Reasoned) -> Comparison {
    Comparison { verdict: if certain { Equality::Invalid } else { Equality::Different }, reasons }
}

fn different(a: &Policy, b: &Policy, account: &Account) -> Vec<Reason> {
    let mut reasons = Vec::new();
    let diff = Diff::between(a, b, account);
    if let Some((a, b)) = diff.version {
        let text = format!(
            "A is of version {a} and B of {b}: policy variables are known in 2012-10-17 only"
        );
        reasons.push(Reason::new("/Version", text));
    }
    for change in &diff.statements {
        let (path, whose) = match &change.kind {
            ChangeKind::Added(new) => {
                (format!("/Statement/{}", new.index), "B has a statement more")
            }
            ChangeKind::Removed(old) => {
                (format!("/Statement/{}", old.index), "B lacks a statement of A")
            }
            ChangeKind::Changed { new, elements, .. } => {
                let element = match elements.as_slice() {
                    [one] => one
                        .element
                        .split(' ')
                        .next()
                        .map(|name| format!("/{name}"))
                        .unwrap_or_default(),
                    _ => String::new(),
                };
                (format!("/Statement/{}{element}", new.index), "from A to B")
            }
        };
        reasons.push(Reason::new(path, format!("{whose}: {change}")));
    }
    reasons.extend(orphans(b));
    if reasons.is_empty() {
        reasons.push(Reason::new(
            "/Statement",
            "too large to prove equal: write the documents in the same way",
        ));
    }
    reasons
}

/// Principals of B that AWS shows by an id, because what they named was deleted.
fn orphans(b: &Policy) -> Vec<Reason> {
    let mut reasons = Vec::new();
    for (index, statement) in b.statements.iter().enumerate() {
        let Some(principals) = &statement.principals else { continue };
        let PrincipalSet::Kinds(kinds) = principals.content() else { continue };
        for id in
            kinds.get(&PrincipalKind::Aws).into_iter().flatten().filter(|value| is_unique_id(value))
        {
            let element = if principals.is_except() { "NotPrincipal" } else { "Principal" };
            let text = format!(
                "PrincipalOrphaned: B shows the id {} because its role or user was deleted; one \
                 made again under the same name \
                 is trusted only once the document is written again",
                shown(id)
            );
            reasons.push(Reason::new(format!("/Statement/{index}/{element}/AWS"), text));
        }
    }
    reasons
}

/// Whether a value under `AWS` is the unique id of a role, a user or a group: what AWS shows of one
/// that was deleted (IAM user guide, "IAM identifiers").
#[must_use]
pub fn is_unique_id(value: &str) -> bool {
    let known = ["AROA", "AIDA", "AGPA"].iter().any(|prefix| value.starts_with(prefix));
    known
        && value.len() > 4
        && value.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
}
