//! One pass over one resource, straight through: read → situation → steps → gate → drive → say.
//! Each decision is made in `plan`; what happens here is reading, writing and telling.

mod annotate;
mod brake;
mod context;
pub mod drive;
mod ending;
mod hold;
pub mod next;
pub mod observe;
mod principals;
mod refused;
pub mod removal;
pub(super) mod report;

use std::collections::BTreeMap;

use tracing::{error, info};

use self::{
    annotate::Unannotated,
    context::Pass,
    drive::{Interrupted, Job, Progress, drive},
    next::Next,
    principals::{Carried, PlanContext, as_held},
};
use crate::{
    api::{
        ResourceKey,
        kinds::iam_role::{Applied, DriftPolicy},
        reason,
    },
    controller::{
        brakes,
        memory::queue::{Cause, Hint},
        shared::Shared,
        tally,
    },
    plan::{
        decide::{
            gate::{self, Facts, Hold},
            ownership::{self, Known, Leave},
            situation::{Aim, Situation},
        },
        failure::IamErrorClass,
        form::{
            desired::{Desired, desired},
            fingerprint::{self, Owned},
            observed::{Attachments, Contents, Observed, RoleRecord},
        },
        say::{backoff::Trouble, conditions, verdict::Verdict},
        scope::{identity, resolve::resolve},
        steps::{
            applied, diff, managed,
            principals::{held_back, view},
            step::{Call, Step},
        },
    },
    ports::{Behalf, Clock, Cluster, IamWrite},
};

/// Runs one pass; every failure is reported on the resource.
pub async fn pass<I: IamWrite, C: Cluster, K: Clock>(
    shared: &Shared<I, C, K>,
    key: &ResourceKey,
    cause: Cause,
) -> Next {
    let resource = match shared.cluster.get(key).await {
        Ok(Some(resource)) => resource,
        Ok(None) => return Next::Gone,
        Err(error) => {
            info!(resource = %key, %error, "the resource can't be read");
            return Next::Failed(Trouble::Cluster);
        }
    };
    let limits = resolve(&resource, &shared.sources);
    let Some(access) = shared.accounts.get(limits.account.id) else {
        error!(resource = %key, account = %limits.account.id, "the controller has no credentials \
            for the account");
        return Next::Failed(Trouble::Iam(IamErrorClass::Unreachable));
    };
    // Whether what differs opens anything is known when it was looked at: so looking goes first.
    let behalf = Behalf::namespace(&key.namespace, cause.may_be_open());
    let access = &access.on_behalf_of(&behalf);
    let status = resource.status.clone();
    let told = Vec::new();
    let mut pass = Pass { shared, limits, access, resource, status, told, is_held: false };
    let outcome = pass.run(cause).await;
    pass.tell_done().await;
    match outcome {
        Ok(next) => {
            if !pass.is_held {
                brakes::free(shared, key);
            }
            next
        }
        Err(interrupted) => pass.interrupted(interrupted).await,
    }
}

/// A role as it is to be, and what is known about it before it is read.
struct Wanted {
    desired: Desired,
    /// The resource was carried out as it is now: a difference is drift.
    unchanged: bool,
    /// It was, and something that its people do not write makes another role of it.
    rerendered: bool,
    /// Somebody asks for this one.
    asked_for: bool,
    /// What stands for it in the status, once it is taken up.
    hash: String,
    facts: Facts,
}

impl<I: IamWrite, C: Cluster, K: Clock> Pass<'_, I, C, K> {
    async fn run(&mut self, cause: Cause) -> Result<Next, Interrupted> {
        if self.resource.deleting {
            return if self.resource.finalizer {
                self.delete().await
            } else {
                self.let_stand().await
            };
        }
        let paused = self.limits.paused(&self.resource);
        let facts = Facts { paused, ..Facts::default() };
        if let Err(hold) = gate::before_reading(&facts) {
            return self.hold_back(hold).await;
        }
        let asked_for = self.take_up_request();
        let mut desired = match desired(&self.resource, self.limits) {
            Ok(desired) => desired,
            Err(problems) => return self.refused(problems).await,
        };
        let facts = self.facts(&desired);
        let hash = fingerprint::desired_hash(fingerprint::of_desired(&desired));
        self.tell_warnings(&desired.terms.warnings, &hash).await;
        let unchanged = self.status.applied_generation == Some(self.resource.generation)
            && self.status.applied_hash() == Some(&hash);
        desired.terms.respell = !unchanged;
        // As it was before somebody asked for this pass: to ask is no change of the resource.
        let rerendered = self.resource.status.is_rerendered(self.resource.generation, &hash);
        // Until it is carried out, a restart has to know that it is no drift.
        self.status.applied_hash = self.status.applied_hash().filter(|_| rerendered).cloned();
        // A document with two readings is compared with the role before it is taken up.
        if desired.terms.literal.is_empty() {
            self.status.desired_hash = Some(hash.clone());
        }
        self.status.account_id = Some(desired.identity.account.id.to_string());

        let role = match self.find_former(&mut desired.identity).await? {
            None => self.access.iam.role(&desired.identity.name).await?,
            role => role,
        };
        // What is read now counts, not what a former pass left.
        self.forget_left();
        if role.is_some() {
            self.shared.memory().absent_since.remove(&desired.identity.key);
        }
        let lifetime = desired.terms.lifetime;
        let aim = Aim::Keep { lifetime, created: self.resource.created };
        let known = Known::of(&self.status);
        let situation = self.situation(&desired.identity, role.as_ref(), known, aim);
        if !matches!(situation, Situation::NotYet(_) | Situation::Foreign(_)) {
            let created = role.as_ref().map(|role| role.created);
            let end = lifetime.end(self.resource.created, created);
            self.status.expires_at = end.map(conditions::whole_seconds);
            self.note_deadline(end);
        }
        let wanted = Wanted { desired, unchanged, rerendered, asked_for, hash, facts };
        match (situation, role) {
            (situation @ Situation::Ours(_), Some(role)) => {
                let hint = match cause {
                    Cause::Drift(hint) if hint.generation == self.resource.generation => Some(hint),
                    _ => None,
                };
                self.keep(&wanted, situation, role, hint.filter(|_| unchanged)).await
            }
            (situation @ Situation::Absent(_), _) => self.create(&wanted, situation).await,
            (situation, role) => {
                let over =
                    if let Situation::Expired(_, end) = &situation { Some(*end) } else { None };
                // This read may have told the time at AWS for the first time.
                let clocks_apart = self.shared.clocks(self.access).apart();
                let facts = Facts { clocks_apart, ..wanted.facts.clone() };
                match (gate::before_writing(situation, &facts), over) {
                    (Err(Hold::Foreign(not_ours)), _) => {
                        self.foreign(&wanted.desired, role, not_ours).await
                    }
                    (Err(hold), _) => self.hold_back(hold).await,
                    (Ok(_), Some(end)) => self.expire(&wanted.desired.identity, end).await,
                    // Nothing else passes the gate here.
                    (Ok(_), None) => Ok(Next::Settled),
                }
            }
        }
    }

    /// The role is ours: it is made equal to the resource.
    async fn keep(
        &mut self,
        wanted: &Wanted,
        situation: Situation,
        role: RoleRecord,
        hint: Option<Hint>,
    ) -> Result<Next, Interrupted> {
        let Wanted { desired, unchanged, rerendered, asked_for, hash, facts } = wanted;
        let reattached = matches!(&situation, Situation::Ours(proof) if proof.reattached());
        let applied = self.status.applied.clone().unwrap_or_default();
        let scope = Owned::of(desired, &applied);
        let observed = match &hint {
            Some(hint) => observe::closer(&self.access.iam, role, hint, desired, &scope).await?,
            None => observe::whole(&self.access.iam, role, &scope).await?,
        };
        let Some(mut observed) = observed else {
            return Ok(Next::Failed(Trouble::NotVisible));
        };
        self.note_boundary(hint.as_ref(), &observed.role);
        let role_is = (observed.role.role_id.to_string(), observed.role.arn.clone());
        if !reattached {
            self.status.role_uid = Some(self.resource.uid.clone());
        }
        self.overlay(desired, &mut observed);
        if let Some(hold) = self.as_it_was_written(desired, &observed, hash) {
            self.note_left(&observed, &Progress::default(), &scope);
            return self.hold_back(hold).await;
        }
        self.status.desired_hash = Some(hash.clone());
        let held = self.held(desired, Some(&observed)).await?;
        let plan = || {
            let view = view(desired, &observed, &held);
            diff::diff(&view.desired, &view.observed, &scope)
        };
        let mut facts = facts.clone();
        if *rerendered && !facts.observe && !plan().is_empty() {
            facts.brake = self.brake_change(*asked_for).await?;
        }
        let mut leave = match gate::before_writing(situation, &facts) {
            Ok(leave) => leave,
            Err(Hold::Braked(brake)) => {
                return self.hold_change(desired, &plan(), role_is, brake).await;
            }
            Err(Hold::Observing) => {
                let steps = plan();
                if !steps.is_empty() {
                    return self.observe_only(desired, &steps, Some(role_is), hash).await;
                }
                self.found(desired, role_is);
                let (trust, open) = (&observed.role.trust, Unannotated::default());
                return self.converged(desired, held, trust, false, open).await;
            }
            Err(other) => return self.hold_back(other).await,
        };
        self.found(desired, role_is);
        if reattached {
            // Before the finalizer: what holds the resource knows of the role.
            self.save_applied(desired, &applied).await?;
        }
        self.hold().await?;
        if reattached {
            self.tell_reattached(&observed, &scope, &applied).await;
        }
        if let Some(step) = ownership::take_up(&desired.identity, &observed.role) {
            leave = self.take_up(desired, &mut observed, step, leave).await?;
        }
        let reason = if *unchanged { reason::DRIFT_CORRECTED } else { reason::UPDATED };
        let context = PlanContext { scope: &scope, applied: &applied, reason };
        let mut done = Vec::new();
        let carried = self.carry_out(desired, observed, held, leave, &context, &mut done).await;
        if *unchanged && !done.is_empty() {
            self.note_drift(&done);
        }
        let Carried { held, missing, trust, contested } = carried?;
        self.status.role_uid = Some(self.resource.uid.clone());
        let open = self.annotate(desired, &applied).await?;
        if !missing.is_empty() {
            return self.without(desired, held, missing, false).await;
        }
        if let Some(until) = contested.until {
            let left = until.duration_since(self.shared.clock.steady());
            let next = Next::Again(left.try_into().unwrap_or_default());
            return self.report(&Verdict::DriftContested(contested.parts), next).await;
        }
        let written = done.iter().any(|step| matches!(step.call, Call::UpdateTrust { .. }));
        self.converged(desired, held, &trust, written, open).await
    }

    /// Carries out what takes a role up, before all else.
    async fn take_up(
        &mut self,
        desired: &Desired,
        observed: &mut Observed,
        step: Step,
        mut leave: Leave,
    ) -> Result<Leave, Interrupted> {
        let resource = self.resource.clone();
        let job = Job {
            access: self.access,
            resource: &resource,
            identity: &desired.identity,
            observed: Some(observed),
            reason: reason::UPDATED,
        };
        let mut progress = Progress::default();
        drive(self.shared, &job, &[step], &mut leave, &mut progress, &mut self.told).await?;
        ownership::taken_up(&desired.identity, &mut observed.role);
        self.status.role_uid = Some(resource.uid);
        Ok(leave.taken_up(&desired.identity))
    }

    /// There is no role: it is created.
    async fn create(&mut self, wanted: &Wanted, situation: Situation) -> Result<Next, Interrupted> {
        let Wanted { desired, unchanged, hash, facts, .. } = wanted;
        self.status.desired_hash = Some(hash.clone());
        let mut held = self.held(desired, None).await?;
        let target = held_back(desired, &held);
        let mut steps = diff::create(&target, &Contents::new());
        let rival = self.shared.memory().index.rival(&self.resource.key);
        let room = self.room();
        let facts = Facts { rival, room, ..facts.clone() };
        let mut leave = match gate::before_writing(situation, &facts) {
            Ok(leave) => leave,
            Err(Hold::Observing) => {
                diff::tell_trust(&mut steps, &target);
                return self.observe_only(desired, &steps, None, hash).await;
            }
            Err(Hold::Rival(rival)) => return self.give_way(desired, &rival).await,
            Err(other) => return self.hold_back(other).await,
        };
        let unread = managed::unread(&steps, None, &Contents::new());
        let contents = if unread.is_empty() {
            Contents::new()
        } else {
            let now = self.shared.clock.steady();
            observe::contents(self.access, unread, observe::Versions::Lately, now).await
        };
        self.hold().await?;
        let before = Known::of(&self.status).creating;
        let applied = self.save_before_creating(desired).await?;
        if *unchanged {
            tally::drift(&self.shared.metrics, &steps);
        }
        let resource = self.resource.clone();
        let job = Job {
            access: self.access,
            resource: &resource,
            identity: &desired.identity,
            observed: None,
            reason: if *unchanged { reason::DRIFT_CORRECTED } else { reason::CREATED },
        };
        let mut progress = Progress::default();
        let (made, outcome) = self.make(&job, &target, &contents, &mut leave, &mut progress).await;
        let mut missing = made.missing;
        if let Some(role) = progress.created.take() {
            self.note_left(&new_role(&role, &made.target), &progress, &Owned::default());
            self.status.role_id = Some(role.role_id.to_string());
            self.status.arn = Some(role.arn);
            self.status.role_uid = Some(self.resource.uid.clone());
            self.status.creating = None;
        } else if !before && outcome.as_ref().is_err_and(Interrupted::refused_for_good) {
            // Of an earlier call whose answer was lost this one tells nothing.
            self.status.creating = None;
        }
        if matches!(outcome, Err(Interrupted::ProofTooOld | Interrupted::Stopping)) {
            // Nobody else reports these: what was made would be known to the tags in AWS alone.
            let message = format!("role {} is being created", desired.identity.name);
            self.save(&Verdict::Working(reason::PROGRESSING, message)).await?;
        }
        held.extend(as_held(&missing));
        if !self.asked_for() && self.status.role_id.is_some() {
            // Also when a later step failed: who is gone is not trusted by the way.
            self.status.replaced_principals.clone_from(&held);
        }
        outcome?;
        self.wait_for(desired, &mut held, &mut missing).await?;
        if *unchanged {
            self.note_drift(&made.steps);
        }
        let open = self.annotate(desired, &applied).await?;
        if !missing.is_empty() {
            return self.without(desired, held, missing, true).await;
        }
        self.converged(desired, held, &made.target.form.trust.to_json(), true, open).await
    }

    /// What has to stand in the API server before a role is made: names and path are pinned, the
    /// former id is forgotten (from here the tags prove ownership), and that and what will be
    /// written is known. Returns what was applied before.
    async fn save_before_creating(&mut self, desired: &Desired) -> Result<Applied, Interrupted> {
        self.pin(&desired.identity);
        self.forget_role();
        self.status.creating = Some(true);
        self.status.plan = None;
        let applied = self.status.applied.take().unwrap_or_default();
        self.status.applied = Some(applied::union(&applied, &applied::of(desired)));
        if !self.create_is_saved() {
            let message = format!("role {} is being created", desired.identity.name);
            self.save(&Verdict::Working(reason::PROGRESSING, message)).await?;
        }
        self.shared.memory().absent_since.remove(&desired.identity.key);
        Ok(applied)
    }

    /// What the gate has to know of a resource that is to be kept.
    fn facts(&self, desired: &Desired) -> Facts {
        Facts {
            observe: desired.terms.drift == DriftPolicy::Observe,
            out_of_scope: identity::out_of_scope(&desired.identity, self.limits),
            ..Facts::default()
        }
    }
}

/// A role right after `CreateRole`, whose answer leaves out description and session duration.
fn new_role(role: &RoleRecord, desired: &Desired) -> Observed {
    let role = RoleRecord {
        description: desired.form.description.clone(),
        max_session: Some(desired.form.max_session),
        ..role.clone()
    };
    let contents = Contents::new();
    Observed { role, attached: Attachments::new(), inline: BTreeMap::new(), contents }
}
