//! Carries a plan out: each step whose needs are done, also after a failure of another, and those
//! of a group side by side. Nothing is ever resumed; the next pass observes anew.

use std::{
    collections::BTreeSet,
    future::poll_fn,
    pin::pin,
    task::{Context, Poll},
};

use futures::{FutureExt, future::BoxFuture};
use jiff::Timestamp;
use tracing::{info, warn};

use crate::{
    accounts::Access,
    api::resource::Resource,
    controller::{shared::Shared, tally},
    plan::{
        decide::ownership::{Leave, Proven},
        failure::{ClusterError, IamError, IamErrorClass},
        form::{
            observed::{Observed, RoleRecord},
            settle::Certainty,
        },
        say::{
            notice::Notice,
            verdict::{self, NotDone},
            words,
        },
        scope::identity::Identity,
        steps::{
            audit,
            step::{IN_FLIGHT, Step, Written},
        },
    },
    ports::{Clock, Cluster, IamWrite},
};

/// Why a pass ended early.
#[derive(Debug)]
pub enum Interrupted {
    /// An AWS call failed, and nothing more can be done now.
    Iam(IamError, Option<Box<Step>>),
    /// Steps failed; those whose needs are done were carried out.
    NotDone(NotDone),
    /// The API server failed.
    Cluster(ClusterError),
    /// The process is stopping: no new step.
    Stopping,
    /// There is no proof of ownership that is young enough to write upon.
    ProofTooOld,
}

impl Interrupted {
    /// AWS has not done what was asked, and will not do it until something changes.
    pub(super) fn refused_for_good(&self) -> bool {
        self.error().is_some_and(|error| verdict::stalls(error.class))
    }

    /// The failure of an AWS call, of several the one that counts most.
    #[must_use]
    pub fn error(&self) -> Option<&IamError> {
        match self {
            Self::Iam(error, _) => Some(error),
            Self::NotDone(not_done) => not_done.first().map(|(error, _)| error),
            Self::Cluster(_) | Self::Stopping | Self::ProofTooOld => None,
        }
    }
}

/// What came of the steps, also when their end was not reached.
#[derive(Debug, Default)]
pub struct Progress {
    /// The role that `CreateRole` answered with.
    pub created: Option<RoleRecord>,
    /// The steps that AWS has confirmed.
    pub done: Vec<Step>,
    /// Of a step it is not known whether AWS has carried it out.
    pub unsure: bool,
    /// A step found nothing to remove.
    pub was_gone: bool,
}

impl From<IamError> for Interrupted {
    fn from(error: IamError) -> Self {
        Self::Iam(error, None)
    }
}

impl From<ClusterError> for Interrupted {
    fn from(error: ClusterError) -> Self {
        Self::Cluster(error)
    }
}

/// What the steps are about.
pub struct Job<'a, I> {
    /// The account that the role is in.
    pub access: &'a Access<I>,
    /// The resource on whose behalf.
    pub resource: &'a Resource,
    /// The role.
    pub identity: &'a Identity,
    /// What was read; `None` when the role does not exist.
    pub observed: Option<&'a Observed>,
    /// Reason of the Events.
    pub reason: &'static str,
}

/// Steps that AWS has carried out, each with the reason of its Event.
pub type Told = Vec<(&'static str, Step)>;

/// Carries out `steps` in order, on the grounds of `leave`, which is renewed when it gets too old.
/// What was done goes to `told` as well, whatever comes after.
///
/// # Errors
/// The steps that failed, when all others were carried out whose needs are done. What is no failure
/// of a step ends it at once.
pub async fn drive<I: IamWrite, C: Cluster, K: Clock>(
    shared: &Shared<I, C, K>,
    job: &Job<'_, I>,
    steps: &[Step],
    leave: &mut Leave,
    progress: &mut Progress,
    told: &mut Told,
) -> Result<(), Interrupted> {
    Box::pin(carry_out(shared, job, steps, leave, progress, told)).await
}

async fn carry_out<I: IamWrite, C: Cluster, K: Clock>(
    shared: &Shared<I, C, K>,
    job: &Job<'_, I>,
    steps: &[Step],
    leave: &mut Leave,
    progress: &mut Progress,
    told: &mut Told,
) -> Result<(), Interrupted> {
    let mut done = BTreeSet::new();
    let mut not_done = NotDone { failed: Vec::new(), left: Vec::new(), boundary: None };
    let mut alone = false;
    let mut rest: Vec<(usize, &Step)> = steps.iter().enumerate().collect();
    while !rest.is_empty() {
        let behind = rest.split_off(if alone { 1 } else { group(&rest) });
        let all_done = |step: &Step| step.needs.iter().all(|need| done.contains(need));
        let (ready, waiting): (Vec<_>, Vec<_>) =
            rest.into_iter().partition(|(_, step)| all_done(step));
        rest = behind;
        not_done.left.extend(waiting.into_iter().map(|(_, step)| step.clone()));
        let (answers, end) = answers(shared, job, &ready, leave, &mut alone).await;
        let mut interrupted = None;
        for (place, step, answer) in answers {
            let (written, at) = match answer {
                Ok(answer) => answer,
                Err(error) => {
                    progress.unsure |= error.class.outcome_unknown();
                    if shared.stopping() || ends_a_pass(&error, step) {
                        interrupted.get_or_insert((error, step));
                    } else {
                        not_done.failed.push((error, step.clone()));
                    }
                    continue;
                }
            };
            done.insert(place);
            progress.done.push(step.clone());
            told.push((job.reason, step.clone()));
            progress.was_gone |= written.was_gone;
            if let Leave::Create(absence) = &*leave {
                // CreateRole's own answer is a proof as good as a read; without one the next pass
                // reads.
                let role = written.role.ok_or(Interrupted::ProofTooOld)?;
                *leave = Leave::Change(absence.clone().created(job.identity, &role, at));
                progress.created = Some(role);
            }
        }
        if let Some((error, step)) = interrupted {
            return Err(Interrupted::Iam(error, Some(Box::new(step.clone()))));
        }
        if let Some(end) = end {
            return Err(end);
        }
    }
    if not_done.failed.is_empty() { Ok(()) } else { Err(Interrupted::NotDone(not_done)) }
}

/// How many of these steps, from the first on, may be in flight at the same time.
fn group(steps: &[(usize, &Step)]) -> usize {
    let number = steps.first().and_then(|(_, step)| step.group);
    let of_it = |(_, step): &&(usize, &Step)| number.is_some() && step.group == number;
    steps.iter().take_while(of_it).take(IN_FLIGHT).count().max(1)
}

/// The answer to a step, with its place in the plan.
type Answer<'a> = (usize, &'a Step, Result<(Written, Timestamp), IamError>);

/// What came of steps that may be in flight at the same time, in the order of the plan, and why not
/// all of them were sent. Where they got in each other's way those that AWS turned down are sent
/// once more, and from there on `alone` is set: one at a time.
async fn answers<'a, I: IamWrite, C: Cluster, K: Clock>(
    shared: &Shared<I, C, K>,
    job: &Job<'_, I>,
    ready: &[(usize, &'a Step)],
    leave: &mut Leave,
    alone: &mut bool,
) -> (Vec<Answer<'a>>, Option<Interrupted>) {
    let (mut answers, mut end) = side_by_side(shared, job, ready, leave).await;
    if ready.len() > 1 && end.is_none() && !over(&answers) && answers.iter().any(busy) {
        *alone = true;
        let again: Vec<Answer<'_>> = answers.extract_if(.., |answer| busy(answer)).collect();
        for (place, step, _) in again {
            let (answer, stopped) = side_by_side(shared, job, &[(place, step)], leave).await;
            answers.extend(answer);
            end = stopped;
            if end.is_some() || over(&answers) {
                break;
            }
        }
    }
    answers.sort_by_key(|(place, ..)| *place);
    (answers, end)
}

/// Whether AWS turned a step down because another write was in the way.
fn busy((_, _, answer): &Answer<'_>) -> bool {
    answer.as_ref().is_err_and(|error| error.class == IamErrorClass::Busy)
}

/// Whether one of these failures leaves nothing more to do.
fn over(answers: &[Answer<'_>]) -> bool {
    let ends = |(_, step, answer): &Answer<'_>| {
        answer.as_ref().is_err_and(|error| ends_a_pass(error, step))
    };
    answers.iter().any(ends)
}

/// Sends steps, each in its turn and without waiting for the answers to those before it. All that
/// were sent are waited for.
async fn side_by_side<'a, I: IamWrite, C: Cluster, K: Clock>(
    shared: &Shared<I, C, K>,
    job: &Job<'_, I>,
    steps: &[(usize, &'a Step)],
    leave: &mut Leave,
) -> (Vec<Answer<'a>>, Option<Interrupted>) {
    let (mut flight, mut answers) = (Flight::new(), Vec::new());
    let mut end = None;
    for (place, step) in steps.iter().copied() {
        let mut begin = pin!(may_begin(shared, job, step, leave));
        let proven = poll_fn(|context| {
            go_on(&mut flight, &mut answers, context);
            begin.as_mut().poll(context)
        });
        match proven.await {
            Ok(_) if over(&answers) => break,
            Ok(proven) => {
                let answer = async move { (place, step, write(shared, job, proven).await) };
                flight.push(answer.boxed());
            }
            Err(interrupted) => {
                end = Some(interrupted);
                break;
            }
        }
    }
    poll_fn(|context| {
        go_on(&mut flight, &mut answers, context);
        if flight.is_empty() { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    (answers, end)
}

/// Calls in flight, in the order in which they were sent.
type Flight<'f, 'a> = Vec<BoxFuture<'f, Answer<'a>>>;

/// Takes the answers that have come.
fn go_on<'a>(
    flight: &mut Flight<'_, 'a>,
    answers: &mut Vec<Answer<'a>>,
    context: &mut Context<'_>,
) {
    flight.retain_mut(|call| match call.poll_unpin(context) {
        Poll::Ready(answer) => {
            answers.push(answer);
            false
        }
        Poll::Pending => true,
    });
}

/// Waits for the turn of a step, and looks whether it may be sent then.
async fn may_begin<'a, I: IamWrite, C: Cluster, K: Clock>(
    shared: &Shared<I, C, K>,
    job: &Job<'_, I>,
    step: &'a Step,
    leave: &mut Leave,
) -> Result<Proven<'a>, Interrupted> {
    job.access.iam.turn().await;
    if shared.stopping() {
        return Err(Interrupted::Stopping);
    }
    if leave.allows(step, shared.clock.steady()).is_none() {
        prove_again(shared, job, leave).await?;
    }
    if shared.stopping() {
        return Err(Interrupted::Stopping);
    }
    leave.allows(step, shared.clock.steady()).ok_or(Interrupted::ProofTooOld)
}

/// True for a failure that says nothing of its step: the account or the role itself can't be used
/// now, and the other steps would meet the same.
fn ends_a_pass(error: &IamError, step: &Step) -> bool {
    use IamErrorClass as Class;
    matches!(error.class, Class::Throttled | Class::Unreachable | Class::Protected)
        || words::role_not_found(error, Some(step)).is_some()
}

/// One call to AWS, and what is to be known of it whatever comes after. Returns the answer, and
/// when it came.
async fn write<I: IamWrite, C: Cluster, K: Clock>(
    shared: &Shared<I, C, K>,
    job: &Job<'_, I>,
    proven: Proven<'_>,
) -> Result<(Written, Timestamp), IamError> {
    let step = proven.step();
    // Leadership is asked for once more right before the call, and while that is under way.
    let answer = shared
        .leadership
        .during(job.access.iam.write(proven))
        .await
        .unwrap_or_else(|| Err(abandoned(step)));
    let now = shared.clock.steady();
    match answer {
        Ok(written) => {
            job.access.recent().record(step, Certainty::Applied, now);
            tally::carried_out(&shared.metrics, step, job.reason);
            audit_line(job, step, Ok(written.request_id.as_deref()));
            Ok((written, now))
        }
        Err(error) => {
            if error.class.outcome_unknown() {
                job.access.recent().record(step, Certainty::Unknown, now);
            }
            audit_line(job, step, Err(&error));
            Err(error)
        }
    }
}

/// Leadership ended while AWS had the call.
fn abandoned(step: &Step) -> IamError {
    let message =
        "abandoned, because this replica no longer leads; AWS may have carried it out".into();
    IamError {
        action: step.call.action(),
        class: IamErrorClass::Unreachable,
        message,
        request_id: None,
    }
}

/// Reads ownership again for a plan that had to wait. Only that: when everything were read anew, a
/// slow AWS would let no plan ever begin.
async fn prove_again<I: IamWrite, C: Cluster, K: Clock>(
    shared: &Shared<I, C, K>,
    job: &Job<'_, I>,
    leave: &mut Leave,
) -> Result<(), Interrupted> {
    let Leave::Change(proof) = &*leave else { return Err(Interrupted::ProofTooOld) };
    let Some(role) = job.access.iam.role(&job.identity.name).await? else {
        return Err(Interrupted::ProofTooOld);
    };
    let again = proof.again(job.identity, &role, shared.clock.steady());
    *leave = Leave::Change(again.map_err(|_| Interrupted::ProofTooOld)?);
    Ok(())
}

/// Publishes an Event; a failure is logged and stops nothing.
pub async fn publish<I: IamWrite, C: Cluster, K: Clock>(
    shared: &Shared<I, C, K>,
    resource: &Resource,
    notice: &Notice,
) {
    let notice = &Notice { note: words::visible(&notice.note), ..notice.clone() };
    if let Err(error) = shared.cluster.notify(resource, notice).await {
        warn!(resource = %resource.key, reason = notice.reason, %error, "the Event was not \
            published");
    }
}

/// With the id of the request when it was done, with the failure when not.
fn audit_line<I>(job: &Job<'_, I>, step: &Step, answer: Result<Option<&str>, &IamError>) {
    let error = answer.err();
    let request_id = answer.unwrap_or_else(|error| error.request_id.as_deref());
    macro_rules! line {
        ($level:ident, $outcome:expr, $end:literal) => {
            $level!(
                target: "audit",
                account = %job.identity.account.id,
                role = %step.role.name,
                action = step.call.action(),
                why = %step.why,
                cause = job.reason,
                resource = %job.identity.key,
                uid = %job.identity.uid,
                generation = job.resource.generation,
                installation = %job.identity.installation,
                before = %audit::before(step, job.observed),
                after = %audit::after(step),
                request_id,
                outcome = %$outcome,
                concat!("{}", $end), step
            )
        };
    }
    match error {
        None => line!(info, "applied", ""),
        Some(error) => line!(warn, error, ": not done"),
    }
}
