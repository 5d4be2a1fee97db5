//! What is reported: conditions, their reasons and their words. Words for people are made here and
//! nowhere else.

use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};

use crate::{
    api::{RoleStatus, condition, reason},
    plan::{
        decide::ownership::NotOurs,
        failure::{IamError, IamErrorClass},
        steps::step::{Call, Step},
    },
};
use iam::finding::Finding;

/// How a pass ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// AWS equals the resource.
    Ready,
    /// The spec can't be used; nothing was written.
    Invalid(Vec<Finding>),
    /// A role of that name is not ours, or not ours alone; nothing was written.
    NotOwned(NotOurs),
    /// Another resource has the name; nothing was written. The sentence names it.
    NameConflict(String),
    /// Observe: this would be done.
    WouldChange,
    /// The resource is paused; the flag tells whether it is deleted at the same time.
    Paused {
        /// A deletion waits.
        deleting: bool,
    },
    /// The lifetime is over and the role is gone.
    Expired(Timestamp),
    /// The lifetime is over, and the role stays: Observe.
    ExpiredKept(Timestamp),
    /// Something in AWS keeps the role from being deleted; the sentence names it.
    DeletionBlocked(String),
    /// AWS equals the resource, and a service account could not be annotated; the sentence says
    /// why.
    NotAnnotated(String),
    /// Waiting for IAM to show what is true; reason and sentence.
    Waiting(&'static str, String),
    /// At work, not done yet; reason and sentence.
    Working(&'static str, String),
    /// AWS does not know these principals of `spec.trust`: the role trusts all others.
    PrincipalMissing(Vec<String>),
    /// The principals in `status.replacedPrincipals` were deleted in AWS and are not trusted again.
    PrincipalReplaced {
        /// The trust policy was written without them; else AWS still shows their ids.
        written: bool,
    },
    /// An AWS call failed; with the step, if it was one of the plan.
    Failed(IamError, Option<Box<Step>>),
    /// A panic in this resource's pass: parked.
    Panicked,
}

/// The reason that stands for a class of AWS errors.
#[must_use]
pub fn reason_of(class: IamErrorClass) -> &'static str {
    match class {
        IamErrorClass::Unreachable => reason::UNREACHABLE,
        IamErrorClass::Throttled => reason::THROTTLED,
        IamErrorClass::ServerError | IamErrorClass::Unknown => reason::SERVER_ERROR,
        IamErrorClass::AccessDenied => reason::ACCESS_DENIED,
        IamErrorClass::AlreadyExists => reason::NAME_CONFLICT,
        IamErrorClass::NotFound => reason::NOT_FOUND,
        IamErrorClass::DeleteConflict | IamErrorClass::Busy => reason::BUSY,
        IamErrorClass::LimitExceeded => reason::LIMIT_EXCEEDED,
        IamErrorClass::InvalidPrincipal => reason::INVALID_PRINCIPAL,
        IamErrorClass::Refused => reason::REFUSED,
        IamErrorClass::Protected => reason::PROTECTED,
    }
}

/// Reasons of `Ready` that mean: refused, by the controller or by AWS, and somebody has to change
/// something.
pub const REFUSALS: &[&str] = &[
    reason::INVALID_SPEC,
    reason::NOT_OWNED,
    reason::OWNERSHIP_CONTESTED,
    reason::NAME_CONFLICT,
    reason::DELETION_BLOCKED,
    reason::NOT_ANNOTATED,
    reason::ACCESS_DENIED,
    reason::NOT_FOUND,
    reason::LIMIT_EXCEEDED,
    reason::INVALID_PRINCIPAL,
    reason::REFUSED,
    reason::PROTECTED,
    reason::INTERNAL_ERROR,
];

/// What to do about a class of AWS errors.
fn remedy(class: IamErrorClass) -> &'static str {
    match class {
        IamErrorClass::Unreachable => {
            "AWS is tried again by itself; check network and credentials if it lasts"
        }
        IamErrorClass::Throttled => {
            "the account's call budget is spent; it is tried again more slowly"
        }
        IamErrorClass::ServerError | IamErrorClass::Unknown => "it is tried again by itself",
        IamErrorClass::AccessDenied => {
            "grant the controller this action, or look for a policy that denies it"
        }
        IamErrorClass::AlreadyExists => "a role of that name has appeared; it is looked at again",
        IamErrorClass::NotFound => {
            "check that the policy exists in this account and is spelled as AWS spells it"
        }
        IamErrorClass::DeleteConflict | IamErrorClass::Busy => {
            "somebody else is changing the role; it is tried again"
        }
        IamErrorClass::LimitExceeded => "shorten the resource, or ask AWS for a higher quota",
        IamErrorClass::InvalidPrincipal => "check that every principal in spec.trust exists",
        IamErrorClass::Refused => "correct the resource",
        IamErrorClass::Protected => "the role belongs to an AWS service: choose another roleName",
    }
}

/// Words for a write that failed because AWS does not find the role itself: just created, or just
/// removed by others.
#[must_use]
pub fn role_not_found(error: &IamError, step: Option<&Step>) -> Option<String> {
    let step = step.filter(|_| error.class == IamErrorClass::NotFound)?;
    let about_role = match step.call {
        Call::UpdateTrust { .. }
        | Call::UpdateRole { .. }
        | Call::PutInline { .. }
        | Call::Tag { .. } => true,
        // Here it is the policy, unless AWS says otherwise: "The role with name … cannot be found."
        Call::Attach { .. } | Call::PutBoundary { .. } => {
            error.message.to_lowercase().contains("role with name")
        }
        _ => false,
    };
    about_role.then(|| {
        format!("{} does not find role {}; it is looked for again", error.action, step.role)
    })
}

/// True when trying again won't help until somebody changes something.
#[must_use]
pub fn stalls(class: IamErrorClass) -> bool {
    matches!(
        class,
        IamErrorClass::LimitExceeded | IamErrorClass::Refused | IamErrorClass::Protected
    )
}

/// How long that is waited for which AWS does not know yet: a principal of a role that is to be
/// created, a policy. Another tool may be about to make it.
const REFERENCE_WAIT: Duration = Duration::from_mins(10);

/// How long a denial is taken to pass by itself: IAM needs seconds until a right counts that was
/// just given, or one that hangs on the tags of a new role.
const DENIAL_WAIT: Duration = Duration::from_secs(20);

/// True when a failure that often passes by itself has lasted for so long that somebody has to act.
/// Since when stands in the conditions: a restart loses nothing.
fn lasts(error: &IamError, step: Option<&Step>, status: &RoleStatus, now: Timestamp) -> bool {
    let wait = match error.class {
        IamErrorClass::InvalidPrincipal
            if step.is_some_and(|step| matches!(step.call, Call::CreateRole { .. })) =>
        {
            REFERENCE_WAIT
        }
        IamErrorClass::NotFound => REFERENCE_WAIT,
        IamErrorClass::AccessDenied => DENIAL_WAIT,
        _ => return false,
    };
    status.conditions.iter().any(|old| match old.type_.as_str() {
        condition::STALLED => {
            old.reason == reason_of(error.class)
                && old.observed_generation == status.observed_generation
        }
        condition::RECONCILING => {
            now.duration_since(old.last_transition_time.0).unsigned_abs() >= wait
        }
        _ => false,
    })
}

struct Words {
    ready: (&'static str, &'static str, String),
    synced: &'static str,
    reconciling: bool,
    stalled: bool,
    expired: bool,
}

impl Words {
    fn settled(
        status: &'static str,
        reason: &'static str,
        message: impl Into<String>,
        synced: &'static str,
    ) -> Self {
        Self {
            ready: (status, reason, message.into()),
            synced,
            reconciling: false,
            stalled: false,
            expired: false,
        }
    }

    fn busy(reason: &'static str, message: impl Into<String>) -> Self {
        Self { reconciling: true, ..Self::settled("False", reason, message, "False") }
    }

    fn stalled(reason: &'static str, message: impl Into<String>) -> Self {
        Self { stalled: true, ..Self::settled("False", reason, message, "False") }
    }
}

fn words(verdict: &Verdict, status: &RoleStatus, now: Timestamp) -> Words {
    match verdict {
        Verdict::Ready => {
            let role = status.role_name.as_deref().unwrap_or_default();
            Words::settled("True", reason::RECONCILED, format!("role {role} is as written"), "True")
        }
        Verdict::Invalid(problems) => Words::stalled(reason::INVALID_SPEC, list(problems)),
        Verdict::NotOwned(NotOurs { reason, why }) => Words::stalled(reason, why),
        Verdict::NameConflict(why) => Words::stalled(reason::NAME_CONFLICT, why),
        Verdict::WouldChange => {
            let count = status.plan.as_ref().map_or(0, Vec::len);
            let message = format!(
                "driftPolicy is Observe: {count} changes stand in status.plan and none is made"
            );
            Words::settled("False", reason::WOULD_CHANGE, message, "False")
        }
        Verdict::Paused { deleting } => {
            let message = if *deleting {
                "the annotation rolewright.dev/paused is true: the deletion waits until it is \
                 removed"
            } else {
                "the annotation rolewright.dev/paused is true: nothing is written until it is \
                 removed"
            };
            Words::settled("False", reason::PAUSED, message, "Unknown")
        }
        Verdict::Expired(at) => Words {
            expired: true,
            ..Words::settled(
                "False",
                reason::EXPIRED,
                format!("the lifetime ended at {at} and the role is deleted"),
                "False",
            )
        },
        Verdict::ExpiredKept(at) => Words {
            expired: true,
            ..Words::settled(
                "False",
                reason::EXPIRED,
                format!("the lifetime ended at {at}; driftPolicy is Observe, so the role is left"),
                "False",
            )
        },
        Verdict::DeletionBlocked(why) => Words::stalled(reason::DELETION_BLOCKED, why),
        Verdict::NotAnnotated(why) => Words {
            synced: "True",
            ..Words::busy(reason::NOT_ANNOTATED, format!("the role is as written; {why}"))
        },
        Verdict::Waiting(reason, message) | Verdict::Working(reason, message) => {
            Words::busy(reason, message)
        }
        Verdict::PrincipalMissing(names) => Words::busy(
            reason::INVALID_PRINCIPAL,
            format!(
                "AWS does not know {}: the trust policy is without it until it exists; create it, \
                 or correct spec.trust",
                few(names.iter().map(String::as_str))
            ),
        ),
        Verdict::PrincipalReplaced { written } => Words::stalled(
            reason::PRINCIPAL_REPLACED,
            format!(
                "{} was deleted in AWS after this role had trusted it, and {}; whoever has that \
                 name now is not trusted: change \
                 the resource or request a reconcile to trust it, or take it out of spec.trust",
                few(status.replaced_principals.iter().map(|principal| principal.arn.as_str())),
                if *written {
                    "the trust policy is written without it"
                } else {
                    "AWS shows its bare id"
                }
            ),
        ),
        Verdict::Failed(error, step) => {
            let during =
                step.as_ref().map(|step| format!("; stopped at: {step}")).unwrap_or_default();
            let message = format!("{error}: {}{during}", remedy(error.class));
            if stalls(error.class) || lasts(error, step.as_deref(), status, now) {
                Words::stalled(reason_of(error.class), message)
            } else {
                Words::busy(reason_of(error.class), message)
            }
        }
        Verdict::Panicked => Words::stalled(
            reason::INTERNAL_ERROR,
            "rolewright failed on this resource and has parked it; change the resource or restart \
             the controller, and \
             report the log line of the failure",
        ),
    }
}

/// Names as a list, at most five of them.
fn few<'a>(names: impl ExactSizeIterator<Item = &'a str>) -> String {
    const SHOWN: usize = 5;
    let more = names.len().saturating_sub(SHOWN);
    let mut list: Vec<String> = names.take(SHOWN).map(|name| cut(name, 512)).collect();
    if more > 0 {
        list.push(format!("{more} more"));
    }
    list.join(" and ")
}

/// Problems as one message, at most ten of them.
fn list(problems: &[Finding]) -> String {
    const SHOWN: usize = 10;
    let mut lines: Vec<String> = problems.iter().take(SHOWN).map(ToString::to_string).collect();
    if problems.len() > SHOWN {
        lines.push(format!("and {} more", problems.len() - SHOWN));
    }
    cut(&lines.join("; "), 8_000)
}

/// At most `bytes` bytes of `text`, cut on a character boundary.
#[must_use]
pub fn cut(text: &str, bytes: usize) -> String {
    if text.len() <= bytes {
        return text.to_owned();
    }
    let mut end = bytes.saturating_sub('…'.len_utf8());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}…", text.get(..end).unwrap_or_default())
}

/// The plan as it stands in status: at most 100 lines of at most 1,000 bytes.
#[must_use]
pub fn plan_lines(steps: &[Step]) -> Option<Vec<String>> {
    (!steps.is_empty())
        .then(|| steps.iter().take(100).map(|step| cut(&step.to_string(), 1_000)).collect())
}

/// Writes the verdict into the conditions. A time moves only when the condition's status changes,
/// so that a pass which changes nothing gives an equal status.
pub fn conclude(status: &mut RoleStatus, generation: i64, verdict: &Verdict, now: Timestamp) {
    let words = words(
        verdict,
        &RoleStatus { observed_generation: Some(generation), ..status.clone() },
        now,
    );
    status.observed_generation = Some(generation);
    let (ready, reason, message) = &words.ready;
    let mut next = Vec::with_capacity(5);
    let mut condition = |type_: &str, state: &str| {
        let since = status
            .conditions
            .iter()
            .find(|old| old.type_ == type_ && old.status == state)
            .map_or_else(|| whole_seconds(now), |old| old.last_transition_time.clone());
        next.push(Condition {
            type_: type_.into(),
            status: state.into(),
            observed_generation: Some(generation),
            last_transition_time: since,
            reason: (*reason).into(),
            message: message.clone(),
        });
    };
    condition(condition::READY, ready);
    condition(condition::SYNCED, words.synced);
    // Abnormal-true conditions are absent when all is well: waiting tools take them for trouble.
    for (type_, present) in [
        (condition::RECONCILING, words.reconciling),
        (condition::STALLED, words.stalled),
        (condition::EXPIRED, words.expired),
    ] {
        if present {
            condition(type_, "True");
        }
    }
    status.conditions = next;
}

/// A time as the API server keeps it. A fraction of a second would come back cut off and look like
/// news for ever.
#[must_use]
pub fn whole_seconds(time: Timestamp) -> Time {
    Time(Timestamp::from_second(time.as_second()).unwrap_or(time))
}

/// True when the status says that this generation was reconciled and AWS was equal.
#[must_use]
pub fn is_ready(status: &RoleStatus, generation: i64) -> bool {
    status.observed_generation == Some(generation)
        && status
            .conditions
            .iter()
            .any(|condition| condition.type_ == condition::READY && condition.status == "True")
}

/// The reason of the `Ready` condition.
#[must_use]
pub fn ready_reason(status: &RoleStatus) -> Option<&str> {
    status
        .conditions
        .iter()
        .find(|condition| condition.type_ == condition::READY)
        .map(|ready| ready.reason.as_str())
}
