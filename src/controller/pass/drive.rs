//! Carries a plan out: step by step, and stops at the first failure. Nothing is ever resumed; the
//! next pass observes anew.

use futures::{
    StreamExt,
    channel::mpsc::{self, UnboundedSender},
    future,
};
use jiff::Timestamp;
use tracing::{info, warn};

use crate::{
    accounts::Access,
    api::{reason, resource::Resource},
    controller::{shared::Shared, tally},
    plan::{
        decide::ownership::{Leave, Proven},
        failure::{ClusterError, IamError, IamErrorClass},
        form::{
            observed::{Observed, RoleRecord},
            settle::Certainty,
        },
        say::{notice::Notice, verdict},
        scope::identity::Identity,
        steps::{
            audit,
            step::{Step, Written},
        },
    },
    ports::{Clock, Cluster, IamWrite},
};

/// Why a pass ended early.
#[derive(Debug)]
pub enum Interrupted {
    /// An AWS call failed.
    Iam(IamError, Option<Box<Step>>),
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
        matches!(self, Self::Iam(error, _) if verdict::stalls(error.class))
    }
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

/// Carries out `steps` in order, on the grounds of `leave`, which is renewed when it gets too old;
/// `created` becomes the role that `CreateRole` answered with.
///
/// # Errors
/// The first failure; the steps behind it are not tried.
pub async fn drive<I: IamWrite, C: Cluster, K: Clock>(
    shared: &Shared<I, C, K>,
    job: &Job<'_, I>,
    steps: &[Step],
    leave: &mut Leave,
    created: &mut Option<RoleRecord>,
) -> Result<(), Interrupted> {
    // Events are published beside the steps that follow: none holds up a write, and all are told
    // before this ends.
    let (done, mut told) = mpsc::unbounded();
    let events = async {
        while let Some(notice) = told.next().await {
            publish(shared, job.resource, &notice).await;
        }
    };
    let (end, ()) =
        future::join(Box::pin(carry_out(shared, job, steps, leave, created, done)), events).await;
    end
}

/// The Event of each step that was carried out goes to `done`, at once.
async fn carry_out<I: IamWrite, C: Cluster, K: Clock>(
    shared: &Shared<I, C, K>,
    job: &Job<'_, I>,
    steps: &[Step],
    leave: &mut Leave,
    created: &mut Option<RoleRecord>,
    done: UnboundedSender<Notice>,
) -> Result<(), Interrupted> {
    for step in steps {
        job.access.iam.turn().await;
        if shared.stopping() {
            return Err(Interrupted::Stopping);
        }
        if leave.allows(step, shared.clock.now()).is_none() {
            prove_again(shared, job, leave).await?;
        }
        if shared.stopping() {
            return Err(Interrupted::Stopping);
        }
        let now = shared.clock.now();
        let proven = leave.allows(step, now).ok_or(Interrupted::ProofTooOld)?;
        let (role, at) = write(shared, job, proven).await?;
        let _ = done.unbounded_send(notice(job, step)); // who listens stays until this ends
        if let Leave::Create(absence) = &*leave {
            // CreateRole's own answer is a proof as good as a read; without one the next pass
            // reads.
            let role = role.ok_or(Interrupted::ProofTooOld)?;
            *leave = Leave::Change(absence.clone().created(job.identity, &role, at));
            *created = Some(role);
        }
    }
    Ok(())
}

/// One call to AWS, and what is to be known of it whatever comes after. Returns the role that it
/// answered with, and when.
async fn write<I: IamWrite, C: Cluster, K: Clock>(
    shared: &Shared<I, C, K>,
    job: &Job<'_, I>,
    proven: Proven<'_>,
) -> Result<(Option<RoleRecord>, Timestamp), Interrupted> {
    let step = proven.step();
    // Leadership is asked for once more right before the call, and while that is under way.
    let answer = shared
        .leadership
        .during(job.access.iam.write(proven))
        .await
        .unwrap_or_else(|| Err(abandoned(step)));
    let now = shared.clock.now();
    match answer {
        Ok(Written { role, request_id }) => {
            job.access.recent().record(step, Certainty::Applied, now);
            tally::carried_out(&shared.metrics, step, job.reason);
            audit_line(job, step, Ok(request_id.as_deref()));
            Ok((role, now))
        }
        Err(error) => {
            if error.class.outcome_unknown() {
                job.access.recent().record(step, Certainty::Unknown, now);
            }
            audit_line(job, step, Err(&error));
            Err(Interrupted::Iam(error, Some(Box::new(step.clone()))))
        }
    }
}

/// Leadership ended while AWS had the call.
fn abandoned(step: &Step) -> IamError {
    let message =
        "abandoned, because this replica does not lead any more; AWS may have carried it out"
            .into();
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
    let again = proof.again(job.identity, &role, shared.clock.now());
    *leave = Leave::Change(again.map_err(|_| Interrupted::ProofTooOld)?);
    Ok(())
}

/// What is told of a step that AWS has carried out.
fn notice<I>(job: &Job<'_, I>, step: &Step) -> Notice {
    Notice {
        warning: job.reason == reason::DRIFT_CORRECTED,
        reason: job.reason,
        action: step.call.action(),
        note: step.to_string(),
    }
}

/// Publishes an Event; a failure is logged and stops nothing.
pub async fn publish<I: IamWrite, C: Cluster, K: Clock>(
    shared: &Shared<I, C, K>,
    resource: &Resource,
    notice: &Notice,
) {
    if let Err(error) = shared.cluster.notify(resource, notice).await {
        warn!(resource = %resource.key, reason = notice.reason, %error, "the Event was not \
            published");
    }
}

/// With the id of the request when it was done, with the failure when not.
fn audit_line<I>(job: &Job<'_, I>, step: &Step, answer: Result<Option<&str>, &IamError>) {
    let error = answer.err();
    let request_id = answer.unwrap_or_else(|error| error.request_id.as_deref());
    info!(
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
        outcome = %error.map_or_else(|| "applied".to_owned(), ToString::to_string),
        "{step}{}", if error.is_some() { ": not done" } else { "" }
    );
}
