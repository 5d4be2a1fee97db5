//! The words for people. They are made here and nowhere else.

use iam::{finding::Finding, quote::shown};
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;

use crate::{
    api::{
        RoleStatus,
        condition::{self, State},
        object::Pause,
        reason,
        resource::Resource,
    },
    plan::{
        decide::ownership::NotOurs,
        failure::{IamError, IamErrorClass},
        form::observed::RolePart,
        say::{
            conditions::{self, Contribution, Said},
            verdict::{Meanwhile, NotDone, Verdict, lasts, reason_of, stalls},
        },
        steps::{
            narrow::Open,
            step::{Call, Step},
        },
    },
};

/// What to do about a class of AWS errors.
fn remedy(class: IamErrorClass) -> &'static str {
    match class {
        IamErrorClass::Unreachable => {
            "the controller retries by itself; check network and credentials if it lasts"
        }
        IamErrorClass::Throttled => {
            "the account's limit on IAM calls is used up; the controller retries more slowly"
        }
        IamErrorClass::ServerError | IamErrorClass::Unknown => "the controller retries by itself",
        IamErrorClass::AccessDenied => {
            "grant the controller this action, or look for a policy that denies it"
        }
        IamErrorClass::AlreadyExists => {
            "a role of that name was just created; the controller \
            reads it again"
        }
        IamErrorClass::NotFound => {
            "check that the policy exists in this account and is spelled as AWS spells it"
        }
        IamErrorClass::DeleteConflict | IamErrorClass::Busy => {
            "somebody else is changing the role; the controller retries"
        }
        IamErrorClass::LimitExceeded => "shorten what is longer than AWS allows",
        IamErrorClass::InvalidPrincipal => "check that every principal in spec.trust exists",
        IamErrorClass::Refused => "correct the resource",
        IamErrorClass::OtherAccount => "give the controller credentials of its own account again",
        IamErrorClass::Protected => "the role belongs to an AWS service: choose another roleName",
    }
}

/// What to do about a step that failed.
fn remedy_for(error: &IamError, step: &Step) -> &'static str {
    match (error.class, &step.call) {
        // This quota is fixed; and what denies has to stand in its new place before it leaves the
        // old one.
        (IamErrorClass::LimitExceeded, Call::PutInline { .. }) => {
            "the inline policies of a role have 10,240 characters together, also on the way: \
             shorten them, split a statement that has more than half of that, or move \
             a part to a managed policy"
        }
        (IamErrorClass::LimitExceeded, call) => over_the_quota(error, call),
        (class, _) => remedy(class),
    }
}

/// What to do about a quota, which some accounts may have more of.
fn over_the_quota(error: &IamError, call: &Call) -> &'static str {
    let named = |quota: &str| error.message.contains(quota);
    match call {
        Call::Tag { .. } => TAGS_PER_ROLE,
        _ if named("TagsPerRole") => TAGS_PER_ROLE,
        Call::CreateRole { .. } if named("RolesPerAccount") => {
            "the account has as many roles as it may have: delete roles that nobody needs, or ask \
             AWS for a higher quota"
        }
        Call::CreateRole { .. } | Call::UpdateTrust { .. } => {
            "shorten spec.trust, or ask AWS for a higher quota of the length of trust policies, \
             which is 8,192 characters at most"
        }
        Call::Attach { .. } => {
            "attach fewer managed policies, or ask AWS for a higher quota of them, which is 25 at \
             most"
        }
        _ => remedy(IamErrorClass::LimitExceeded),
    }
}

const TAGS_PER_ROLE: &str = "a role has 50 tags at most, those of the operator and three of \
    rolewright among them, and no account gets more: take some out";

/// What to do about a boundary that the resource has not chosen.
const ASK_THE_OPERATOR: &str = "ask the operator, whose setting --permissions-boundary names the \
    boundary of every role: it has to be a policy of this account";

/// Whether AWS refuses a step for the boundary that the operator has set: it does not exist, or is
/// none.
#[must_use]
pub fn for_the_operators_boundary(error: &IamError, step: &Step, set: &str) -> bool {
    if !matches!(error.class, IamErrorClass::NotFound | IamErrorClass::Refused) {
        return false;
    }
    match &step.call {
        Call::PutBoundary { arn } => arn == set && role_not_found(error, Some(step)).is_none(),
        // A new role is refused for its trust too. AWS speaks of the "Scope ARN".
        Call::CreateRole { boundary: Some(arn), .. } => {
            let said = error.message.to_lowercase();
            arn == set
                && (error.class == IamErrorClass::NotFound
                    || said.contains(&set.to_lowercase())
                    || said.contains("scope arn"))
        }
        _ => false,
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
        format!(
            "{} does not find role {}; the controller reads it again",
            error.action, step.role.name
        )
    })
}

/// Says that a pass is over with this verdict. What it does not speak of stays; a pass that changes
/// nothing gives an equal status.
pub fn conclude(status: &mut RoleStatus, generation: i64, verdict: &Verdict, now: Timestamp) {
    let contributions = words(verdict, status, generation, now);
    status.observed_generation = Some(generation);
    conditions::merge(&mut status.conditions, contributions, generation, now);
}

/// Whether a pause is what the conditions tell. A generation that is newer than that is told of
/// when the pause ends.
#[must_use]
pub fn tell_a_pause(conditions: &[Condition]) -> bool {
    conditions::stand(conditions, &paused(&Pause::Yes, false))
}

/// Whether the status of a resource tells of its pause, in the words of now. Nobody waits for that
/// of one that only goes away.
#[must_use]
pub fn tell_the_pause(resource: &Resource) -> bool {
    let goes = resource.deleting && !resource.finalizer;
    goes || conditions::say(
        &resource.status.conditions,
        &paused(&resource.pause, resource.deleting),
    )
}

/// What a verdict says of each type, given the status as it is to be and the conditions that stand
/// there.
fn words(
    verdict: &Verdict,
    status: &RoleStatus,
    generation: i64,
    now: Timestamp,
) -> Vec<Contribution> {
    let failed =
        |class, message| failed(class, lasts(class, &status.conditions, generation, now), message);
    match verdict {
        Verdict::Ready => {
            let role = status.role_name.as_deref().unwrap_or_default();
            let message = format!("role {role} is as written");
            one_reason(State::True, State::True, None, reason::RECONCILED, message)
        }
        Verdict::ReadyUnseen => {
            let role = status.role_name.as_deref().unwrap_or_default();
            let message = format!(
                "role {role} is as written now, but later changes in AWS are not noticed, because \
                 sweeps of the account fail"
            );
            one_reason(State::True, State::True, None, reason::DRIFT_UNSEEN, message)
        }
        Verdict::ReadyUnusable(lacks) => {
            unusable(status.role_name.as_deref().unwrap_or_default(), lacks)
        }
        Verdict::Invalid(problems, meanwhile) => {
            let role = status.role_name.as_deref().unwrap_or_default();
            stalled(reason::INVALID_SPEC, list(problems) + &until_then(meanwhile, role))
        }
        Verdict::BeyondLimits(problems) => stalled(reason::BEYOND_LIMITS, list(problems)),
        Verdict::NotOwned(NotOurs { reason, why }) => stalled(reason, why),
        Verdict::NameConflict(why) => stalled(reason::NAME_CONFLICT, why),
        Verdict::NamespaceFull(most) => stalled(reason::NAMESPACE_FULL, full(*most)),
        Verdict::WouldChange => {
            let count = status.plan.as_ref().map_or(0, Vec::len);
            let message = format!(
                "driftPolicy is Observe: {count} changes are listed in status.plan, and none is \
                 made"
            );
            one_reason(State::False, State::False, None, reason::WOULD_CHANGE, message)
        }
        Verdict::Paused { pause, deleting } => paused(pause, *deleting),
        Verdict::Expired { end, made } => {
            let role = if *made { "is deleted" } else { "was never made" };
            expired(format!("the lifetime ended at {end} and the role {role}"))
        }
        Verdict::ExpiredKept(at) => expired(format!(
            "the lifetime ended at {at}; driftPolicy is Observe, so the role is kept"
        )),
        Verdict::DeletionBlocked(why) => stalled(reason::DELETION_BLOCKED, why),
        Verdict::NotAnnotated(why) => one_reason(
            State::False,
            State::True,
            Some(condition::RECONCILING),
            reason::NOT_ANNOTATED,
            format!("the role is as written; {why}"),
        ),
        Verdict::Waiting(reason, message) | Verdict::Working(reason, message) => {
            busy(reason, message)
        }
        // Neither at work nor stuck: somebody is to look.
        Verdict::Held(reason, message) => {
            one_reason(State::False, State::False, None, reason, message)
        }
        Verdict::PrincipalMissing(names) => {
            let message = format!(
                "AWS does not know {}: the trust policy omits it until it exists; create it, or \
                 correct spec.trust",
                few(names.iter().map(String::as_str))
            );
            failed(IamErrorClass::InvalidPrincipal, message)
        }
        Verdict::PrincipalReplaced { written } => stalled(
            reason::PRINCIPAL_REPLACED,
            format!(
                "{} was deleted in AWS after this role had trusted it, and {}; whoever has that \
                 name now is not trusted: change the resource or request a reconcile to trust it, \
                 or remove it from spec.trust",
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
            failed(error.class, message)
        }
        Verdict::DriftContested(parts) => contested(parts),
        Verdict::NotDone(not_done) => {
            let message = open_steps(not_done);
            let Some((error, _)) = not_done.first() else {
                return busy(reason::PROGRESSING, message);
            };
            failed(error.class, message)
        }
        Verdict::Panicked => stalled(
            reason::INTERNAL_ERROR,
            "the controller met a bug on this resource and set it aside; change the resource or \
             restart the controller, and report the log line of the failure",
        ),
    }
}

fn unusable(role: &str, lacks: &[String]) -> Vec<Contribution> {
    let lacks = few_of(lacks.iter().map(String::as_str), "; ");
    let message = format!("role {role} is as written, but {lacks}");
    one_reason(State::True, State::True, None, reason::PROVIDER_UNUSABLE, message)
}

fn full(most: usize) -> String {
    format!(
        "this namespace has reached its limit of {most} roles (--max-roles-per-namespace): the \
         role is created as soon as there is room; delete an IAMRole that nobody needs, or ask \
             the operator for a higher limit"
    )
}

/// `Ready`, `Synced` and at most one of the abnormal-true types, all for one reason. The others of
/// these are well.
fn one_reason(
    ready: State,
    synced: State,
    abnormal: Option<&'static str>,
    reason: &'static str,
    message: impl Into<String>,
) -> Vec<Contribution> {
    let message = visible(&message.into());
    let say = |state| Said { state, reason, message: message.clone() };
    let is_true =
        |type_| Contribution { type_, said: (abnormal == Some(type_)).then(|| say(State::True)) };
    vec![
        Contribution { type_: condition::READY, said: Some(say(ready)) },
        Contribution { type_: condition::SYNCED, said: Some(say(synced)) },
        is_true(condition::RECONCILING),
        is_true(condition::STALLED),
        is_true(condition::EXPIRED),
    ]
}

fn busy(reason: &'static str, message: impl Into<String>) -> Vec<Contribution> {
    one_reason(State::False, State::False, Some(condition::RECONCILING), reason, message)
}

fn stalled(reason: &'static str, message: impl Into<String>) -> Vec<Contribution> {
    one_reason(State::False, State::False, Some(condition::STALLED), reason, message)
}

/// A failure of AWS: it may pass, but for one that stalls by its class, or `lasts`.
fn failed(class: IamErrorClass, lasts: bool, message: String) -> Vec<Contribution> {
    let reason = reason_of(class);
    if lasts || stalls(class) { stalled(reason, message) } else { busy(reason, message) }
}

fn contested(parts: &[String]) -> Vec<Contribution> {
    let message = format!(
        "corrected three times within an hour, and changed again each time: {}; further \
         corrections wait longer each time, up to an hour: find out who or what changes it",
        parts.join("; ")
    );
    stalled(reason::DRIFT_CONTESTED, cut(&message, 8_000))
}

fn expired(message: String) -> Vec<Contribution> {
    one_reason(State::False, State::False, Some(condition::EXPIRED), reason::EXPIRED, message)
}

/// `Synced` is unknown: nobody looks.
fn paused(pause: &Pause, deleting: bool) -> Vec<Contribution> {
    let value = match pause {
        Pause::Unclear(text) => {
            format!("{}, neither true nor false, and counts as true", shown(text))
        }
        Pause::Yes | Pause::No => "true".to_owned(),
    };
    let effect = if deleting { "the deletion waits" } else { "nothing is written" };
    let message =
        format!("the annotation rolewright.dev/paused is {value}: {effect} until it is removed");
    one_reason(State::False, State::Unknown, None, reason::PAUSED, message)
}

/// Names as a list, at most five of them.
fn few<'a>(names: impl ExactSizeIterator<Item = &'a str>) -> String {
    few_of(names, " and ")
}

/// At most five of these, with a word between each two.
fn few_of<'a>(names: impl ExactSizeIterator<Item = &'a str>, between: &str) -> String {
    const SHOWN: usize = 5;
    let more = names.len().saturating_sub(SHOWN);
    let mut list: Vec<String> = names.take(SHOWN).map(|name| cut(name, 512)).collect();
    if more > 0 {
        list.push(format!("{more} more"));
    }
    list.join(between)
}

/// Each step that failed, with what to do about it, and then those that wait for it. All others are
/// done.
fn open_steps(not_done: &NotDone) -> String {
    const SHOWN: usize = 10;
    let NotDone { failed, left, boundary } = not_done;
    let remedy = |error: &IamError, step: &Step| match boundary {
        Some(set) if for_the_operators_boundary(error, step, set) => ASK_THE_OPERATOR,
        _ => remedy_for(error, step),
    };
    let mut lines: Vec<String> = failed
        .iter()
        .map(|(error, step)| format!("{error}: {}; not done: {step}", remedy(error, step)))
        .collect();
    lines.extend(left.iter().map(|step| format!("waits for that: {step}")));
    let more = lines.len().saturating_sub(SHOWN);
    lines.truncate(SHOWN);
    if more > 0 {
        lines.push(format!("and {more} more steps"));
    }
    cut(&lines.join("; "), 8_000)
}

/// What becomes of a role while its spec is refused, as the rest of a sentence.
fn until_then(meanwhile: &Meanwhile, role: &str) -> String {
    let held = format!("; until then role {role} is held as it was last written");
    match meanwhile {
        Meanwhile::Nothing => String::new(),
        Meanwhile::Held(open) => {
            let mut text = held + ": what allows more is removed";
            let mut add = |words: &str, of: fn(&Open) -> Option<&RolePart>| {
                let parts: Vec<String> =
                    open.iter().filter_map(of).map(ToString::to_string).collect();
                if !parts.is_empty() {
                    text.push_str(words);
                    text.push_str(&few(parts.iter().map(String::as_str)));
                }
            };
            add("; what allows less is not restored: ", |open| match open {
                Open::Less(part) => Some(part),
                _ => None,
            });
            add("; kept, because the role might allow more without it: ", |it| match it {
                Open::Unproven(part) => Some(part),
                _ => None,
            });
            add("; not allowed here, but kept because others attached it: ", |open| match open {
                Open::Forbidden(part) => Some(part),
                _ => None,
            });
            text
        }
        Meanwhile::Unknown => format!(
            "; until then role {role} stays as it is, because there is no record of how it was \
             last written; only a boundary that every role must have is set"
        ),
        Meanwhile::Failed(error, step) => {
            let during = step.as_ref().map(|step| format!("; stopped at: {step}"));
            let remedy = remedy(error.class);
            format!("{held}, and that failed: {error}: {remedy}{}", during.unwrap_or_default())
        }
        Meanwhile::NotDone(not_done) => {
            format!("{held}, and some of that failed: {}", open_steps(not_done))
        }
    }
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

/// The text without raw control characters, and without those that turn the direction of what
/// follows: each is written as its escape. Texts of others may hold any, and what people read in a
/// terminal must not move its cursor.
#[must_use]
pub fn visible(text: &str) -> String {
    let turns = |c| {
        matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}')
    };
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() || turns(c) { shown.extend(c.escape_default()) } else { shown.push(c) }
    }
    shown
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
    (!steps.is_empty()).then(|| steps.iter().take(100).map(plan_line).collect())
}

/// A step as it stands in the plan in status.
#[must_use]
pub fn plan_line(step: &Step) -> String {
    cut(&visible(&step.to_string()), 1_000)
}
