//! Principals that are gone or not there yet: who is held back, and how a plan goes on without one
//! that AWS does not know.

use tracing::info;

use crate::{
    api::{
        kinds::iam_role::{Applied, status::ReplacedPrincipal},
        reason,
    },
    controller::{
        memory::{index::Held, providers::Standing},
        pass::{
            annotate::Unannotated,
            context::Pass,
            drive::{Interrupted, Job, Progress, drive},
            next::Next,
            observe::{self, Versions},
        },
        providers, tally,
    },
    plan::{
        decide::{
            contest::{self, Contested},
            ownership::Leave,
        },
        failure::IamErrorClass,
        form::{
            self,
            desired::Desired,
            fingerprint::{self, Owned},
            form::Form,
            observed::{Contents, Observed},
        },
        say::{
            backoff::Trouble,
            verdict::{NotDone, Verdict},
        },
        scope::identity::Identity,
        steps::{
            diff, managed,
            principals::{self, held_back, lets_in},
            step::{Call, Step},
        },
    },
    ports::{Behalf, Clock, Cluster, IamWrite},
};
use iam::{
    policy::{Policy, PolicyKind},
    role::RoleId,
    trust::provider,
};

/// What a plan is carried out with.
pub(super) struct PlanContext<'a> {
    pub(super) scope: &'a Owned,
    pub(super) applied: &'a Applied,
    pub(super) reason: &'static str,
}

/// What came of a plan.
pub(super) struct Carried {
    /// Principals that are held back.
    pub(super) held: Vec<ReplacedPrincipal>,
    /// Principals that AWS does not know.
    pub(super) missing: Vec<String>,
    /// The trust policy that the role has now.
    pub(super) trust: String,
    /// Corrections that wait, because they do not last.
    pub(super) contested: Contested,
}

/// How a role was made.
pub(super) struct Made {
    /// As it was asked for in the end.
    pub(super) target: Desired,
    /// The last plan.
    pub(super) steps: Vec<Step>,
    /// Principals that do not exist yet: the role without its own ARN, and who AWS does not know.
    pub(super) missing: Vec<String>,
}

impl<I: IamWrite, C: Cluster, K: Clock> Pass<'_, I, C, K> {
    /// Makes the role that `desired` is, without the principals that cannot exist yet: itself, and
    /// each that AWS refuses. Fewer principals in an Allow only narrow what the resource asks for,
    /// and where nobody is left nobody is let in. `progress` tells what was done, whatever comes
    /// after.
    pub(super) async fn make(
        &mut self,
        job: &Job<'_, I>,
        desired: &Desired,
        contents: &Contents,
        leave: &mut Leave,
        progress: &mut Progress,
    ) -> (Made, Result<(), Interrupted>) {
        let own = desired.identity.arn();
        let mut missing: Vec<String> =
            if lets_in(&desired.form.trust, &own) { vec![own] } else { Vec::new() };
        loop {
            let target = held_back(desired, &as_held(&missing));
            let steps = diff::create(&target, contents);
            let outcome = drive(self.shared, job, &steps, leave, progress, &mut self.told).await;
            // Each refusal takes one away that the policy names: this ends.
            match outcome.as_ref().err().and_then(|failed| refused(failed, &target.form.trust)) {
                Some(refused) => missing.push(refused),
                None => return (Made { target, steps, missing }, outcome),
            }
        }
    }

    /// Tells those who do not exist yet from those who are gone: of a role that was carried out
    /// before all were trusted once, and whoever takes a name later is not. Its own name, and that
    /// of a role in our keeping, nobody else can take.
    pub(super) async fn wait_for(
        &mut self,
        desired: &Desired,
        held: &mut Vec<ReplacedPrincipal>,
        missing: &mut Vec<String>,
    ) -> Result<(), Interrupted> {
        if !self.asked_for() {
            let own = desired.identity.arn();
            for arn in std::mem::take(missing) {
                if arn == own || self.is_in_our_keeping(&arn).await? {
                    missing.push(arn);
                }
            }
        }
        held.retain(|principal| !missing.contains(&principal.arn));
        Ok(())
    }

    /// The role is as written but for principals that do not exist yet: they follow.
    pub(super) async fn without(
        &mut self,
        desired: &Desired,
        held: Vec<ReplacedPrincipal>,
        missing: Vec<String>,
        just_made: bool,
    ) -> Result<Next, Interrupted> {
        self.status.replaced_principals = held;
        let name = &desired.identity.name;
        if just_made && missing == [desired.identity.arn()] {
            let message =
                format!("role {name} trusts itself: that is written once AWS knows the role");
            let verdict = Verdict::Working(reason::PROGRESSING, message);
            return self.report(&verdict, Next::Failed(Trouble::NotVisible)).await;
        }
        let next = Next::Failed(Trouble::Iam(IamErrorClass::InvalidPrincipal));
        self.report(&Verdict::PrincipalMissing(missing), next).await
    }

    /// True until the resource as it is now was carried out once: so long everybody in it is meant
    /// as named.
    pub(super) fn asked_for(&self) -> bool {
        self.status.applied_generation != Some(self.resource.generation)
    }

    /// The principals that are not to be trusted again: deleted since this generation was carried
    /// out, and not made again by this installation. `observed` is `None` when the role itself does
    /// not exist.
    pub(super) async fn held(
        &self,
        desired: &Desired,
        observed: Option<&Observed>,
    ) -> Result<Vec<ReplacedPrincipal>, Interrupted> {
        if self.asked_for() {
            return Ok(Vec::new());
        }
        let trust = observed.map(|observed| observed.role.trust.as_str());
        self.not_trusted_again(&desired.identity, &desired.form.trust, trust).await
    }

    /// The principals of a trust policy that were deleted since it was written, and not made again
    /// by this installation. `observed` is what AWS has, `None` when there is no role.
    pub(super) async fn not_trusted_again(
        &self,
        identity: &Identity,
        trust: &Policy,
        observed: Option<&str>,
    ) -> Result<Vec<ReplacedPrincipal>, Interrupted> {
        let known = &self.status.replaced_principals;
        let mut held = Vec::new();
        for principal in principals::replaced(trust, observed, known, &identity.account) {
            // A role that is read here and trusts itself is the one that its resource means.
            let itself = observed.is_some() && principal.arn == identity.arn();
            if itself || self.is_in_our_keeping(&principal.arn).await? {
                info!(resource = %self.resource.key, principal = %principal.arn, "this \
                    installation created the principal again itself");
            } else {
                held.push(principal);
            }
        }
        Ok(held)
    }

    /// Whether the role of this ARN is, now, the very role that status records for a resource of
    /// this installation.
    async fn is_in_our_keeping(&self, arn: &str) -> Result<bool, Interrupted> {
        let Some(key) = principals::role_of(arn) else { return Ok(false) };
        let known: Vec<RoleId> = self.shared.memory().index.role_ids(&key).cloned().collect();
        if known.is_empty() {
            return Ok(false);
        }
        let Some(access) = self.shared.accounts.get(key.account) else { return Ok(false) };
        let access = access.on_behalf_of(&Behalf::namespace(&self.resource.key.namespace, false));
        let role = access.iam.role(&key.name).await?;
        Ok(role.is_some_and(|role| role.arn == arn && known.contains(&role.role_id)))
    }

    /// Lays recent writes over what was read.
    pub(super) fn overlay(&self, desired: &Desired, observed: &mut Observed) {
        self.access.recent().overlay(
            &desired.identity.role(),
            observed,
            |part| desired.wants(part),
            self.shared.clock.steady(),
            self.shared.windows.settle,
        );
    }

    /// Carries out what differs; `done` gets the steps that were taken, whatever comes after. Where
    /// AWS does not know a principal, the rest follows without it, as long as that trusts nobody
    /// new.
    pub(super) async fn carry_out(
        &mut self,
        desired: &Desired,
        mut observed: Observed,
        mut held: Vec<ReplacedPrincipal>,
        mut leave: Leave,
        context: &PlanContext<'_>,
        done: &mut Vec<Step>,
    ) -> Result<Carried, Interrupted> {
        let (mut missing, mut contested) = (Vec::new(), Contested::default());
        loop {
            let mut view = principals::view(desired, &observed, &held);
            let mut steps = diff::diff(&view.desired, &view.observed, context.scope);
            let boundary = observed.role.boundary.as_ref();
            let unread = managed::unread(&steps, boundary, &observed.contents);
            if !unread.is_empty() {
                let now = self.shared.clock.steady();
                let read = observe::contents(self.access, unread, Versions::Now, now).await;
                observed.contents.extend(read);
                view.observed.contents.clone_from(&observed.contents);
                steps = diff::diff(&view.desired, &view.observed, context.scope);
            }
            if context.reason == reason::DRIFT_CORRECTED {
                (steps, contested) = self.hold_contested(steps, &view.observed);
            }
            if steps.is_empty() {
                self.note_left(&observed, &Progress::default(), context.scope);
                break;
            }
            if context.reason == reason::DRIFT_CORRECTED && done.is_empty() {
                tally::drift(&self.shared.metrics, &steps);
            }
            self.save_applied(desired, context.applied).await?;
            let resource = self.resource.clone();
            let closes = context.reason == reason::DRIFT_CORRECTED
                && steps.iter().any(|step| step.call.may_close());
            let behalf = Behalf::namespace(&resource.key.namespace, closes);
            let job = Job {
                access: &self.access.on_behalf_of(&behalf),
                resource: &resource,
                identity: &desired.identity,
                observed: Some(&observed),
                reason: context.reason,
            };
            let mut progress = Progress::default();
            let outcome =
                drive(self.shared, &job, &steps, &mut leave, &mut progress, &mut self.told).await;
            self.note_left(&observed, &progress, context.scope);
            done.extend(progress.done);
            let failure = match outcome {
                Ok(()) => {
                    if let Some(trust) = steps.iter().rev().find_map(written) {
                        trust.clone_into(&mut observed.role.trust);
                    }
                    break;
                }
                Err(failure) => failure,
            };
            let Some(refused) = refused(&failure, &view.desired.form.trust) else {
                return Err(failure);
            };
            // What was done already is read, not remembered.
            let Some(role) = self.access.iam.role(&desired.identity.name).await? else {
                return Err(failure);
            };
            let Leave::Change(proof) = &leave else { return Err(failure) };
            let again = proof.again(&desired.identity, &role, self.shared.clock.steady());
            leave = Leave::Change(again.map_err(|_| Interrupted::ProofTooOld)?);
            let Some(again) = observe::whole(&self.access.iam, role, context.scope).await? else {
                return Err(failure);
            };
            observed = again;
            self.overlay(desired, &mut observed);
            held.push(ReplacedPrincipal { arn: refused.clone(), id: None });
            missing.push(refused);
            let without = held_back(desired, &held).form.trust;
            if !principals::not_wider(&observed.role.trust, &without) {
                return Err(failure);
            }
        }
        self.wait_for(desired, &mut held, &mut missing).await?;
        Ok(Carried { held, missing, trust: observed.role.trust, contested })
    }

    /// The steps of a correction without those that wait, because they do not last.
    fn hold_contested(&self, steps: Vec<Step>, observed: &Observed) -> (Vec<Step>, Contested) {
        let memory = self.shared.memory();
        let entry = memory.index.get(&self.resource.key);
        match entry.and_then(|entry| entry.corrections.as_deref()) {
            Some(corrections) => {
                contest::held_back(steps, corrections, observed, self.shared.clock.steady())
            }
            None => (steps, Contested::default()),
        }
    }

    /// AWS is as desired, but for the principals that are held back. `trust` is what the role has,
    /// `written` whether that was written now; `open` tells of service accounts that are not
    /// annotated.
    pub(super) async fn converged(
        &mut self,
        desired: &Desired,
        held: Vec<ReplacedPrincipal>,
        trust: &str,
        written: bool,
        open: Unannotated,
    ) -> Result<Next, Interrupted> {
        let changed = self.asked_for();
        self.status.applied_generation = Some(self.resource.generation);
        self.status.applied_hash = None;
        self.status.replaced_principals.clone_from(&held);
        let form = principals::held_back(desired, &held).form;
        let last_written = form::held::Held::of(&form, desired.terms.exclusive);
        self.status.held = last_written.encode(&desired.identity.account);
        let as_it_is =
            fingerprint::observed_policy(trust, PolicyKind::Trust).filter(|_| !held.is_empty());
        let note = as_it_is.map(|trust| {
            let form = Form { trust: &trust, ..desired.form.borrowed() };
            let account = &desired.identity.account;
            let authorization = fingerprint::authorization(form, &Owned::default(), account);
            Held { principals: held.clone(), authorization }
        });
        if let Some(entry) = self.shared.memory().index.get_mut(&self.resource.key) {
            entry.held = note.map(Box::new);
        }
        let Unannotated { why, contested } = open;
        let later = Next::Failed(Trouble::NotAnnotated);
        let is_open = !why.is_empty() || contested.until.is_some();
        if !held.is_empty() {
            let written = written || !principals::shows_orphans(trust);
            let next = if is_open { later } else { Next::Converged };
            return self.report(&Verdict::PrincipalReplaced { written }, next).await;
        }
        if let Some(until) = contested.until {
            let left = until.duration_since(self.shared.clock.steady());
            let next = Next::ConvergedUntil(left.try_into().unwrap_or_default());
            return self.report(&Verdict::DriftContested(contested.parts), next).await;
        }
        if is_open {
            return self.report(&Verdict::NotAnnotated(why.join("; ")), later).await;
        }
        let verdict = self.ready(desired, changed).await;
        self.report(&verdict, Next::Converged).await
    }

    /// What is to be said of a role that is as written.
    async fn ready(&self, desired: &Desired, changed: bool) -> Verdict {
        let needs = provider::needed(&desired.form.trust, &desired.identity.account);
        if let Standing::Lacking(lacks) =
            providers::standing(self.shared, self.access, &needs, changed).await
        {
            return Verdict::ReadyUnusable(lacks);
        }
        let (now, interval) = (self.shared.clock.steady(), self.shared.sweep_interval);
        let blind = self.access.sweeping().blind(now, interval);
        if blind { Verdict::ReadyUnseen } else { Verdict::Ready }
    }
}

/// The principal that AWS does not know, if that is why a trust policy was not written.
pub(super) fn refused(failure: &Interrupted, trust: &Policy) -> Option<String> {
    let Interrupted::NotDone(NotDone { failed, .. }) = failure else { return None };
    failed
        .iter()
        .filter(|(_, step)| written(step).is_some())
        .find_map(|(error, _)| principals::refused(error, trust))
}

/// Principals that are left out, whatever id they had.
pub(super) fn as_held(names: &[String]) -> Vec<ReplacedPrincipal> {
    names.iter().map(|arn| ReplacedPrincipal { arn: arn.clone(), id: None }).collect()
}

/// The trust policy that a step writes.
pub(super) fn written(step: &Step) -> Option<&String> {
    match &step.call {
        Call::UpdateTrust { trust } | Call::CreateRole { trust, .. } => Some(trust),
        _ => None,
    }
}
