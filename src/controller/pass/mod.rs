//! One pass over one resource: read, decide, drive, report. It only wires the stages; each decision
//! is made in `plan`.

mod annotate;
mod context;
pub mod drive;
mod ending;
pub mod next;
pub mod observe;
mod principals;
pub mod removal;
pub(super) mod report;

use crate::plan::scope::resolve::resolve;
use jiff::Timestamp;
use tracing::{error, info};

use crate::{
    api::{
        ResourceKey,
        kinds::iam_role::{Applied, DriftPolicy},
        reason,
    },
    controller::{
        memory::queue::{Cause, Hint},
        pass::{
            context::Pass,
            drive::{Interrupted, Job, drive},
            next::Next,
            principals::{Carried, Terms},
            removal::{Absence, absence},
        },
        shared::Shared,
        tally,
    },
    plan::{
        decide::ownership::{self, Known, NotOurs, Ours},
        failure::IamErrorClass,
        form::{
            desired::{Desired, compile},
            fingerprint::{self, Scope},
            observed::{Observed, RoleRecord},
        },
        say::{backoff::Trouble, conditions, verdict::Verdict, words},
        steps::{
            applied, diff,
            principals::{held_back, view},
            step::{Call, Step},
        },
    },
    ports::{Clock, Cluster, IamWrite},
};
use iam::{role::RoleKey, tag};

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
        error!(resource = %key, account = %limits.account.id, "there is no way into the account");
        return Next::Failed(Trouble::Iam(IamErrorClass::Unreachable));
    };
    let status = resource.status.clone();
    let mut pass = Pass { shared, limits, access, resource, status };
    match pass.run(cause).await {
        Ok(next) => next,
        Err(interrupted) => pass.interrupted(interrupted).await,
    }
}

impl<I: IamWrite, C: Cluster, K: Clock> Pass<'_, I, C, K> {
    async fn run(&mut self, cause: Cause) -> Result<Next, Interrupted> {
        if self.resource.deleting {
            return if self.resource.finalizer { self.delete().await } else { Ok(Next::Settled) };
        }
        if self.resource.paused {
            return self.report(&Verdict::Paused { deleting: false }, Next::Settled).await;
        }
        // An annotation that is taken away asks for nothing.
        let requested = self.resource.reconcile_requested_at.is_some()
            && self.resource.reconcile_requested_at != self.status.last_handled_reconcile_at;
        if requested {
            self.status.applied_generation = None;
            // What another one has taken up is taken back, also when that needs more than this
            // pass.
            if self.status.role_uid.take().is_some_and(|uid| uid != self.resource.uid) {
                self.forget_role();
            }
        }
        self.status.last_handled_reconcile_at.clone_from(&self.resource.reconcile_requested_at);
        let desired = match compile(&self.resource, self.limits) {
            Ok((desired, beyond)) if beyond.is_empty() => desired,
            Ok((desired, beyond)) => return self.beyond_limits(&desired, beyond).await,
            Err(problems) => return self.refuse(problems).await,
        };
        let hash = fingerprint::desired_hash(fingerprint::of_desired(&desired));
        self.tell_warnings(&desired.terms.warnings, &hash).await;
        let unchanged = self.status.applied_generation == Some(self.resource.generation)
            && self.status.desired_hash.as_ref() == Some(&hash);
        self.status.desired_hash = Some(hash);
        self.status.account_id = Some(desired.identity.account.id.to_string());

        let hint = match cause {
            Cause::Drift(hint) if hint.generation == self.resource.generation && unchanged => {
                Some(hint)
            }
            _ => None,
        };
        match self.access.iam.role(&desired.identity.name).await? {
            Some(role) => {
                self.shared.memory().absent_since.remove(&desired.identity.key);
                self.existing(&desired, role, hint, unchanged).await
            }
            None => self.missing(&desired, unchanged).await,
        }
    }

    /// The role exists: ours or not, expired or not, equal or not.
    async fn existing(
        &mut self,
        desired: &Desired,
        role: RoleRecord,
        hint: Option<Hint>,
        unchanged: bool,
    ) -> Result<Next, Interrupted> {
        let proven_at = self.shared.clock.now();
        let ours = ownership::judge(&desired.identity, &role, &Known::of(&self.status));
        if let Err(not_ours) = ours {
            if not_ours.contested() {
                if self.took_up_lately(&desired.identity.role()) {
                    return Ok(Next::Failed(Trouble::NotVisible));
                }
                self.status.role_uid =
                    ownership::uid(&role).map(str::to_owned).or(self.status.role_uid.take());
            }
            self.status.plan = None;
            if desired.terms.drift == DriftPolicy::Observe {
                let scope = Scope::default();
                if let Some(observed) = observe::whole(&self.access.iam, role, &scope).await? {
                    self.status.plan = words::plan_lines(&diff::diff(desired, &observed, &scope));
                }
            }
            return self
                .report(&Verdict::NotOwned(not_ours), Next::Failed(Trouble::NotOwned))
                .await;
        }
        let end = desired.terms.lifetime.end(self.resource.created, Some(role.created));
        self.status.expires_at = end.map(conditions::whole_seconds);
        self.note_deadline(end);
        if let Some(end) = end.filter(|end| *end <= self.shared.clock.now()) {
            return self.expire(desired, end).await;
        }

        let applied = self.status.applied.clone().unwrap_or_default();
        let scope = Scope::of(desired, &applied);
        let observed = match &hint {
            Some(hint) => observe::closer(&self.access.iam, role, hint, desired, &scope).await?,
            None => observe::whole(&self.access.iam, role, &scope).await?,
        };
        let Some(mut observed) = observed else {
            return Ok(Next::Failed(Trouble::NotVisible));
        };
        let (role_id, arn) = (observed.role.role_id.to_string(), observed.role.arn.clone());
        let reattached = ours == Ok(Ours { reattached: true });
        if !reattached {
            self.status.role_uid = Some(self.resource.uid.clone());
        }
        self.overlay(desired, &mut observed);
        let held = self.held(desired, Some(&observed)).await?;
        if desired.terms.drift == DriftPolicy::Observe {
            let view = view(desired, &observed, &held);
            let steps = diff::diff(&view.desired, &view.observed, &scope);
            if steps.is_empty() {
                self.pin(&desired.identity);
                (self.status.role_id, self.status.arn) = (Some(role_id), Some(arn));
                self.status.plan = None;
                return self.converged(desired, held, &observed.role.trust, false, None).await;
            }
            return self.observe_only(desired, &steps, Some((role_id, arn))).await;
        }
        self.hold().await?;
        if reattached {
            self.tell_reattached(&observed, &scope, &applied).await;
        }
        self.pin(&desired.identity);
        (self.status.role_id, self.status.arn) = (Some(role_id), Some(arn));
        self.status.plan = None;
        if let Some(claim) = ownership::claim(&desired.identity, &observed.role) {
            self.claim(desired, &mut observed, claim, proven_at).await?;
        }
        let reason = if unchanged { reason::DRIFT_CORRECTED } else { reason::UPDATED };
        let Carried { steps, held, missing, trust } = self
            .carry_out(
                desired,
                observed,
                held,
                &Terms { scope: &scope, applied: &applied, proven_at, reason },
            )
            .await?;
        self.status.role_uid = Some(self.resource.uid.clone());
        if unchanged && !steps.is_empty() {
            self.note_drift(&steps);
        }
        let open = self.annotate(desired, &applied).await?;
        if !missing.is_empty() {
            self.status.replaced_principals.clear();
            let next = Next::Failed(Trouble::Iam(IamErrorClass::InvalidPrincipal));
            return self.report(&Verdict::PrincipalMissing(missing), next).await;
        }
        let written = steps.iter().any(|step| matches!(step.call, Call::UpdateTrust { .. }));
        self.converged(desired, held, &trust, written, open).await
    }

    /// Carries out what takes a role up, before all else.
    async fn claim(
        &mut self,
        desired: &Desired,
        observed: &mut Observed,
        claim: Step,
        proven_at: Timestamp,
    ) -> Result<(), Interrupted> {
        let resource = self.resource.clone();
        let job = Job {
            access: self.access,
            resource: &resource,
            identity: &desired.identity,
            observed: Some(observed),
            uid: None,
            proven_at,
            reason: reason::UPDATED,
        };
        drive(self.shared, &job, &[claim], &mut None).await?;
        ownership::claimed(&desired.identity, &mut observed.role);
        self.status.role_uid = Some(resource.uid);
        Ok(())
    }

    /// The role does not exist: create it, unless the answer is not to be believed yet or the time
    /// is over.
    async fn missing(&mut self, desired: &Desired, unchanged: bool) -> Result<Next, Interrupted> {
        let expected = self.status.role_id.is_some();
        match absence(self.shared, self.access, &desired.identity, expected) {
            Absence::Confirmed => {}
            Absence::Unconfirmed(wait, message) => {
                return self
                    .report(
                        &Verdict::Waiting(reason::WAITING_FOR_ABSENCE, message),
                        Next::Again(wait),
                    )
                    .await;
            }
            Absence::JustCreated(message) => {
                let next = Next::Failed(Trouble::NotVisible);
                return self
                    .report(&Verdict::Waiting(reason::WAITING_FOR_CREATE, message), next)
                    .await;
            }
        }
        let end = desired.terms.lifetime.end(self.resource.created, None);
        self.status.expires_at = end.map(conditions::whole_seconds);
        self.note_deadline(end);
        if let Some(end) = end.filter(|end| *end <= self.shared.clock.now()) {
            self.let_all_go().await?;
            self.end_role();
            return self.report(&Verdict::Expired(end), Next::Settled).await;
        }
        if self.status.role_uid.as_ref().is_some_and(|uid| *uid != self.resource.uid) {
            self.let_all_go().await?;
            self.forget_role();
            let verdict = Verdict::NotOwned(NotOurs::gone(&desired.identity));
            return self.report(&verdict, Next::Failed(Trouble::NotOwned)).await;
        }
        let held = self.held(desired, None).await?;
        let target = held_back(desired, &held);
        let steps = diff::create(&target);
        if desired.terms.drift == DriftPolicy::Observe {
            return self.observe_only(desired, &steps, None).await;
        }
        let rival = self.shared.memory().index.rival(&self.resource.key);
        if let Some(rival) = rival {
            let why = format!(
                "IAMRole {rival} asked for role {} first: choose another roleName, or delete that \
                 IAMRole",
                desired.identity.name
            );
            return self.report(&Verdict::NameConflict(why), Next::Failed(Trouble::NotOwned)).await;
        }
        self.hold().await?;
        self.pin(&desired.identity);
        // The former id is forgotten in the API server before a new role is made: from here the
        // tags prove ownership.
        self.forget_role();
        self.status.plan = None;
        let applied = self.status.applied.take().unwrap_or_default();
        self.status.applied = Some(applied::union(&applied, &applied::of(desired)));
        if !self.create_is_saved() {
            let message = format!("role {} is being created", desired.identity.name);
            self.save(&Verdict::Working(reason::PROGRESSING, message)).await?;
        }
        self.shared.memory().absent_since.remove(&desired.identity.key);
        if unchanged {
            tally::drift(&self.shared.metrics, &steps);
        }

        let resource = self.resource.clone();
        let job = Job {
            access: self.access,
            resource: &resource,
            identity: &desired.identity,
            observed: None,
            uid: None,
            proven_at: self.shared.clock.now(),
            reason: if unchanged { reason::DRIFT_CORRECTED } else { reason::CREATED },
        };
        let mut created = None;
        let outcome = drive(self.shared, &job, &steps, &mut created).await;
        if let Some(role) = created {
            self.status.role_id = Some(role.role_id.to_string());
            self.status.arn = Some(role.arn);
            self.status.role_uid = Some(self.resource.uid.clone());
        }
        outcome?;
        if unchanged {
            self.note_drift(&steps);
        }
        let open = self.annotate(desired, &applied).await?;
        self.converged(desired, held, &target.form.trust.to_json(), true, open).await
    }

    async fn observe_only(
        &mut self,
        desired: &Desired,
        steps: &[Step],
        role: Option<(String, String)>,
    ) -> Result<Next, Interrupted> {
        self.pin(&desired.identity);
        (self.status.role_id, self.status.arn) = role.unzip();
        let plan = words::plan_lines(steps);
        let news = plan != self.resource.status.plan;
        self.status.plan = plan;
        if news {
            tally::drift(&self.shared.metrics, steps);
            let lines: Vec<String> = steps.iter().map(ToString::to_string).collect();
            let note = format!("would do: {}", lines.join("; "));
            self.notice(true, reason::WOULD_CHANGE, "Observe", note).await;
        }
        self.report(&Verdict::WouldChange, Next::Settled).await
    }

    /// True while a read may still show the uid that we have replaced.
    fn took_up_lately(&self, role: &RoleKey) -> bool {
        let now = self.shared.clock.now();
        self.access.recent().tag(role, tag::UID, now, self.shared.windows.settle)
            == Some(self.resource.uid.as_str())
    }

    /// True when the API server holds already what must stand there before `CreateRole`: a create
    /// that is denied again and again is no news.
    fn create_is_saved(&self) -> bool {
        let (next, saved) = (&self.status, &self.resource.status);
        next.role_name == saved.role_name
            && next.path == saved.path
            && next.account_id == saved.account_id
            && next.applied == saved.applied
            && next.role_id == saved.role_id
            && next.arn == saved.arn
    }

    async fn tell_reattached(&mut self, observed: &Observed, scope: &Scope, applied: &Applied) {
        let mut left: Vec<String> = Vec::new();
        left.extend(observed.attached.iter().filter(|arn| !scope.has_attachment(arn)).cloned());
        left.extend(
            observed
                .inline
                .keys()
                .filter(|name| !scope.has_inline(name))
                .map(|name| format!("inline policy {name}")),
        );
        left.extend(
            observed
                .role
                .tags
                .keys()
                .filter(|key| !scope.has_tag(key))
                .map(|key| format!("tag {key}")),
        );
        let mut note = format!("role {} carries our tags and is kept", observed.role.name);
        if *applied == Applied::default() && !left.is_empty() {
            note.push_str(
                "; what it has besides is left in place, because nothing records it as ours: ",
            );
            note.push_str(&left.join(", "));
        }
        self.notice(false, reason::REATTACHED, "Reattach", note).await;
    }
}
