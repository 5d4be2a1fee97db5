//! How a pass ended, and what follows from it.

use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;

use crate::{
    api::{condition, object::Pause, reason},
    plan::{
        decide::ownership::NotOurs,
        failure::{IamError, IamErrorClass},
        say::{backoff::Trouble, conditions},
        steps::{narrow::Open, step::Step},
    },
};
use iam::finding::Finding;

/// How a pass ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// AWS equals the resource.
    Ready,
    /// AWS equals the resource, and later changes there are not seen.
    ReadyUnseen,
    /// AWS equals the resource, and not everybody in its trust policy can assume the role: of
    /// identity providers that it names these are not there as it needs them.
    ReadyUnusable(Vec<String>),
    /// The spec can't be used, and what becomes of the role meanwhile.
    Invalid(Vec<Finding>, Meanwhile),
    /// What is pinned is beyond the operator's limits, and there is no role; nothing was written.
    BeyondLimits(Vec<Finding>),
    /// A role of that name is not ours, or not ours alone; nothing was written.
    NotOwned(NotOurs),
    /// Another resource has the name; nothing was written. The sentence names it.
    NameConflict(String),
    /// The namespace has as many roles as it may have, so many; nothing was written.
    NamespaceFull(usize),
    /// Observe: this would be done.
    WouldChange,
    /// The resource is paused.
    Paused {
        /// What the annotation says.
        pause: Pause,
        /// A deletion waits.
        deleting: bool,
    },
    /// The lifetime is over and the role is gone.
    Expired {
        /// When.
        end: Timestamp,
        /// There was a role until then.
        made: bool,
    },
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
    /// The brakes hold it; reason and sentence.
    Held(&'static str, String),
    /// AWS does not know these principals of `spec.trust`: the role trusts all others.
    PrincipalMissing(Vec<String>),
    /// The principals in `status.replacedPrincipals` were deleted in AWS and are not trusted again.
    PrincipalReplaced {
        /// The trust policy was written without them; else AWS still shows their ids.
        written: bool,
    },
    /// An AWS call failed and ended the pass; with the step, if it was one of the plan.
    Failed(IamError, Option<Box<Step>>),
    /// Corrections that do not last, each with what AWS has and what it is to have: they wait.
    DriftContested(Vec<String>),
    /// Steps of the plan could not be done; all others are.
    NotDone(NotDone),
    /// A panic in this resource's pass: parked.
    Panicked,
}

/// What becomes of a role while its spec is refused.
#[derive(Clone, Debug, PartialEq)]
pub enum Meanwhile {
    /// Nothing: there is no role of ours, or it may not be written.
    Nothing,
    /// It is held to what was last written; with what is otherwise and stays so.
    Held(Vec<Open>),
    /// It stays as it is, because nobody knows what was last written; but for the boundary that
    /// every role must have.
    Unknown,
    /// An AWS call failed before that was done.
    Failed(IamError, Option<Box<Step>>),
    /// Steps of it could not be done; all others are.
    NotDone(NotDone),
}

/// The steps of a plan that could not be done.
#[derive(Clone, Debug, PartialEq)]
pub struct NotDone {
    /// Those that failed, each with its error; at least one.
    pub failed: Vec<(IamError, Step)>,
    /// Those that need one of them.
    pub left: Vec<Step>,
    /// The ARN of the boundary that the operator has set for every role.
    pub boundary: Option<String>,
}

impl NotDone {
    /// The failure that the resource is to show first: one that somebody has to act upon.
    #[must_use]
    pub fn first(&self) -> Option<&(IamError, Step)> {
        self.failed.iter().find(|(error, _)| stalls(error.class)).or(self.failed.first())
    }

    /// At which pace it is tried again: that of the failure that passes the soonest.
    #[must_use]
    pub fn trouble(&self) -> Trouble {
        let troubles = self.failed.iter().map(|(error, _)| Trouble::Iam(error.class));
        troubles.min_by_key(|trouble| trouble.first_delay()).unwrap_or(Trouble::NotVisible)
    }
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
        IamErrorClass::OtherAccount => reason::OTHER_ACCOUNT,
    }
}

/// Reasons of `Ready` that mean: refused, by the controller or by AWS, and somebody has to change
/// something.
pub const REFUSALS: &[&str] = &[
    reason::INVALID_SPEC,
    reason::BEYOND_LIMITS,
    reason::NOT_OWNED,
    reason::OWNERSHIP_CONTESTED,
    reason::NAME_CONFLICT,
    reason::NAMESPACE_FULL,
    reason::DELETION_BLOCKED,
    reason::NOT_ANNOTATED,
    reason::DRIFT_CONTESTED,
    reason::ACCESS_DENIED,
    reason::NOT_FOUND,
    reason::LIMIT_EXCEEDED,
    reason::INVALID_PRINCIPAL,
    reason::REFUSED,
    reason::PROTECTED,
    reason::OTHER_ACCOUNT,
    reason::INTERNAL_ERROR,
];

/// True when trying again won't help until somebody changes something.
#[must_use]
pub fn stalls(class: IamErrorClass) -> bool {
    matches!(
        class,
        IamErrorClass::LimitExceeded
            | IamErrorClass::Refused
            | IamErrorClass::Protected
            | IamErrorClass::OtherAccount
    )
}

/// How long that is waited for which AWS does not know yet: a principal, a policy. Another tool may
/// be about to make it.
const REFERENCE_WAIT: Duration = Duration::from_mins(10);

/// How long a denial is taken to pass by itself: IAM needs seconds until a right counts that was
/// just given, or one that hangs on the tags of a new role.
const DENIAL_WAIT: Duration = Duration::from_secs(20);

/// True when a failure that often passes by itself has lasted for so long that somebody has to act.
/// Since when stands in the conditions: a restart loses nothing.
#[must_use]
pub fn lasts(
    class: IamErrorClass,
    conditions: &[Condition],
    generation: i64,
    now: Timestamp,
) -> bool {
    let wait = match class {
        IamErrorClass::InvalidPrincipal | IamErrorClass::NotFound => REFERENCE_WAIT,
        IamErrorClass::AccessDenied => DENIAL_WAIT,
        _ => return false,
    };
    conditions::find(conditions, condition::STALLED).is_some_and(|stalled| {
        stalled.reason == reason_of(class) && stalled.observed_generation == Some(generation)
    }) || conditions::find(conditions, condition::RECONCILING).is_some_and(|reconciling| {
        // A clock that was set back makes nothing last longer.
        let since = now.duration_since(reconciling.last_transition_time.0);
        Duration::try_from(since).is_ok_and(|since| since >= wait)
    })
}
