//! One pass over one resource: read, decide, drive, report. It only wires the stages; each decision is made in `plan`.

use std::time::Duration;

use jiff::Timestamp;
use tracing::{debug, info};

use crate::{
    api::{
        ResourceKey, RoleStatus, reason,
        role::{Applied, DeletionPolicy, Drift, DriftPolicy},
    },
    controller::{
        Shared,
        drive::{Interrupted, Job, drive, publish},
        observe,
        queue::{Cause, Hint},
        removal::{Absence, Removal, absence, remove},
    },
    plan::{
        backoff::Trouble,
        desired::{Desired, deletion_terms, desired},
        diff,
        fingerprint::{self, Scope},
        identity::{self, Identity},
        observed::{Observed, RoleRecord},
        outcome::{self, Verdict},
        ownership::{self, Ownership},
        step::{Step, Why},
    },
    ports::{Clock, Cluster, ClusterError, IamWrite, Notice, Resource},
};

/// What is to happen with the resource after a pass.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Next {
    /// AWS equals the resource; sweeps watch over it.
    Converged,
    /// Nothing to do until the resource changes or a sweep or deadline comes.
    Settled,
    /// The resource is gone.
    Gone,
    /// Look again after this time.
    Again(Duration),
    /// Try again at the pace of this trouble.
    Failed(Trouble),
}

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
    let status = resource.status.clone();
    let mut pass = Pass { shared, resource, status };
    match pass.run(cause).await {
        Ok(next) => next,
        Err(interrupted) => pass.interrupted(interrupted).await,
    }
}

struct Pass<'a, I, C, K> {
    shared: &'a Shared<I, C, K>,
    resource: Resource,
    status: RoleStatus,
}

impl<I: IamWrite, C: Cluster, K: Clock> Pass<'_, I, C, K> {
    async fn run(&mut self, cause: Cause) -> Result<Next, Interrupted> {
        if self.resource.deleting {
            return if self.resource.finalizer { self.delete().await } else { Ok(Next::Settled) };
        }
        if self.resource.paused {
            return self.report(&Verdict::Paused { deleting: false }, Next::Settled).await;
        }
        let requested = self.resource.reconcile_requested_at != self.status.last_handled_reconcile_at;
        self.status.last_handled_reconcile_at.clone_from(&self.resource.reconcile_requested_at);
        let desired = match desired(&self.resource, &self.shared.limits) {
            Ok(desired) => desired,
            Err(problems) => {
                self.status.plan = None;
                return self.report(&Verdict::Invalid(problems), Next::Settled).await;
            }
        };
        let hash = fingerprint::desired_hash(fingerprint::of_desired(&desired));
        let unchanged = outcome::is_ready(&self.status, self.resource.generation)
            && self.status.desired_hash.as_ref() == Some(&hash)
            && !requested;
        self.status.desired_hash = Some(hash);
        self.status.account_id = Some(desired.identity.account.id.clone());

        let hint = match cause {
            Cause::Drift(hint) if hint.generation == self.resource.generation && unchanged => Some(hint),
            _ => None,
        };
        match self.shared.iam.role(&desired.identity.name).await? {
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
        let ownership = ownership::judge(&desired.identity, &role, self.status.role_id.as_deref());
        if let Ownership::Foreign(why) = ownership {
            self.status.plan = None;
            if desired.drift == DriftPolicy::Observe {
                let scope = Scope::default();
                if let Some(observed) = observe::whole(&self.shared.iam, role, desired).await? {
                    self.status.plan = outcome::plan_lines(&diff::diff(desired, &observed, &scope));
                }
            }
            return self.report(&Verdict::NotOwned(why), Next::Failed(Trouble::NotOwned)).await;
        }
        let end = desired.lifetime.end(self.resource.created, Some(role.created));
        self.status.expires_at = end.map(outcome::whole_seconds);
        self.note_deadline(end);
        if let Some(end) = end.filter(|end| *end <= self.shared.clock.now()) {
            return self.expire(desired, end).await;
        }

        let applied = self.status.applied.clone().unwrap_or_default();
        let scope = Scope::of(desired, &applied);
        let observed = match &hint {
            Some(hint) => observe::closer(&self.shared.iam, role, hint, desired, &scope).await?,
            None => observe::whole(&self.shared.iam, role, desired).await?,
        };
        let Some(mut observed) = observed else {
            return Ok(Next::Failed(Trouble::NotVisible));
        };
        let (role_id, arn) = (observed.role.role_id.clone(), observed.role.arn.clone());
        self.shared.memory().recent.overlay(
            &desired.identity.name,
            &mut observed,
            self.shared.clock.now(),
            self.shared.windows.settle,
        );
        let steps = diff::diff(desired, &observed, &scope);
        if desired.drift == DriftPolicy::Observe {
            return self.observe_only(desired, &steps, Some((role_id, arn))).await;
        }
        self.hold().await?;
        if ownership == (Ownership::Ours { reattached: true }) {
            self.tell_reattached(&observed, &scope, &applied).await;
        }
        self.pin(&desired.identity);
        self.status.role_id = Some(role_id);
        self.status.arn = Some(arn);
        self.status.plan = None;
        let job_reason = if unchanged { reason::DRIFT_CORRECTED } else { reason::UPDATED };
        if !steps.is_empty() {
            self.save_applied(desired, &applied).await?;
            let resource = self.resource.clone();
            let job = Job {
                resource: &resource,
                identity: &desired.identity,
                observed: Some(&observed),
                proven_at,
                reason: job_reason,
            };
            drive(self.shared, &job, &steps, &mut None).await?;
            if unchanged {
                self.note_drift(&steps);
            }
        }
        self.status.applied = Some(applied_of(desired));
        self.report(&Verdict::Ready, Next::Converged).await
    }

    /// The role does not exist: create it, unless the answer is not to be believed yet or the time is over.
    async fn missing(&mut self, desired: &Desired, unchanged: bool) -> Result<Next, Interrupted> {
        let expected = self.status.role_id.is_some();
        match absence(self.shared, &desired.identity, expected) {
            Absence::Confirmed => {}
            Absence::Unconfirmed(wait, message) => {
                return self.report(&Verdict::Waiting(reason::WAITING_FOR_ABSENCE, message), Next::Again(wait)).await;
            }
            Absence::JustCreated(message) => {
                let next = Next::Failed(Trouble::NotVisible);
                return self.report(&Verdict::Waiting(reason::WAITING_FOR_CREATE, message), next).await;
            }
        }
        let end = desired.lifetime.end(self.resource.created, None);
        self.status.expires_at = end.map(outcome::whole_seconds);
        self.note_deadline(end);
        if let Some(end) = end.filter(|end| *end <= self.shared.clock.now()) {
            self.forget_role();
            return self.report(&Verdict::Expired(end), Next::Settled).await;
        }
        let steps = diff::create(desired);
        if desired.drift == DriftPolicy::Observe {
            return self.observe_only(desired, &steps, None).await;
        }
        let rival = self.shared.memory().index.rival(&self.resource.key);
        if let Some(rival) = rival {
            let why = format!(
                "IAMRole {rival} asked for role {} first: choose another roleName, or delete that IAMRole",
                desired.identity.name
            );
            return self.report(&Verdict::NameConflict(why), Next::Failed(Trouble::NotOwned)).await;
        }
        self.hold().await?;
        self.pin(&desired.identity);
        // The former id is forgotten in the API server before a new role is made: from here the tags prove ownership.
        self.forget_role();
        self.status.plan = None;
        self.status.applied = Some(applied_of(desired));
        let message = format!("role {} is being created", desired.identity.name);
        self.save(&Verdict::Working(reason::PROGRESSING, message)).await?;
        self.shared.memory().absent_since.remove(&desired.identity.key);

        let resource = self.resource.clone();
        let job = Job {
            resource: &resource,
            identity: &desired.identity,
            observed: None,
            proven_at: self.shared.clock.now(),
            reason: if unchanged { reason::DRIFT_CORRECTED } else { reason::CREATED },
        };
        let mut created = None;
        let outcome = drive(self.shared, &job, &steps, &mut created).await;
        if let Some(role) = created {
            self.status.role_id = Some(role.role_id);
            self.status.arn = Some(role.arn);
        }
        outcome?;
        if unchanged {
            self.note_drift(&steps);
        }
        self.report(&Verdict::Ready, Next::Converged).await
    }

    async fn observe_only(
        &mut self,
        desired: &Desired,
        steps: &[Step],
        role: Option<(String, String)>,
    ) -> Result<Next, Interrupted> {
        self.pin(&desired.identity);
        (self.status.role_id, self.status.arn) = role.unzip();
        let plan = outcome::plan_lines(steps);
        let news = plan != self.resource.status.plan;
        self.status.plan = plan;
        if steps.is_empty() {
            return self.report(&Verdict::Ready, Next::Converged).await;
        }
        if news {
            let lines: Vec<String> = steps.iter().map(ToString::to_string).collect();
            let note = format!("would do: {}", lines.join("; "));
            self.notice(true, reason::WOULD_CHANGE, "Observe", note).await;
        }
        self.report(&Verdict::WouldChange, Next::Settled).await
    }

    async fn expire(&mut self, desired: &Desired, end: Timestamp) -> Result<Next, Interrupted> {
        if desired.drift == DriftPolicy::Observe {
            return self.report(&Verdict::ExpiredKept(end), Next::Settled).await;
        }
        let known = self.status.role_id.clone();
        let (resource, identity) = (self.resource.clone(), &desired.identity);
        match remove(self.shared, &resource, identity, known.as_deref(), Why::Expired, reason::EXPIRED).await? {
            Removal::Gone => {
                self.forget_role();
                self.report(&Verdict::Expired(end), Next::Settled).await
            }
            Removal::NotOurs(why) => self.report(&Verdict::NotOwned(why), Next::Failed(Trouble::NotOwned)).await,
            Removal::Blocked(why) => self.report(&Verdict::DeletionBlocked(why), Next::Failed(Trouble::Blocked)).await,
            Removal::Waiting(wait, message) => {
                self.report(&Verdict::Waiting(reason::WAITING_FOR_ABSENCE, message), Next::Again(wait)).await
            }
        }
    }

    /// The resource is being deleted and our finalizer holds it.
    async fn delete(&mut self) -> Result<Next, Interrupted> {
        if self.resource.paused {
            return self.report(&Verdict::Paused { deleting: true }, Next::Settled).await;
        }
        let terms = match deletion_terms(&self.resource) {
            Ok(terms) => terms,
            Err(problem) => {
                return self
                    .report(&Verdict::DeletionBlocked(problem.to_string()), Next::Failed(Trouble::Blocked))
                    .await;
            }
        };
        let spec = identity::read_spec(&self.resource.spec).ok();
        let identity = identity::identify(&self.resource, spec.as_ref(), &self.shared.limits);
        if self.status.account_id.as_ref().is_some_and(|account| *account != identity.account.id) {
            let why = format!(
                "the role lives in account {}, and the controller's credentials are of {}: give it credentials of the former",
                self.status.account_id.as_deref().unwrap_or_default(),
                identity.account.id
            );
            return self.report(&Verdict::DeletionBlocked(why), Next::Failed(Trouble::Blocked)).await;
        }
        if terms == DeletionPolicy::Retain {
            let note = format!("role {} stays in AWS with its tags, as spec asks", identity.name);
            self.notice(false, reason::RETAINED, "Release", note).await;
            return self.release(&identity).await;
        }
        let known = self.status.role_id.clone();
        let resource = self.resource.clone();
        match remove(self.shared, &resource, &identity, known.as_deref(), Why::Deleted, reason::DELETED).await? {
            Removal::Gone => self.release(&identity).await,
            Removal::NotOurs(why) => {
                self.notice(true, reason::NOT_OWNED, "Release", format!("{why}; it was left alone")).await;
                self.release(&identity).await
            }
            Removal::Blocked(why) => self.report(&Verdict::DeletionBlocked(why), Next::Failed(Trouble::Blocked)).await,
            Removal::Waiting(wait, message) => {
                self.report(&Verdict::Working(reason::DELETING, message), Next::Again(wait)).await
            }
        }
    }

    async fn release(&mut self, identity: &Identity) -> Result<Next, Interrupted> {
        self.shared.cluster.remove_finalizer(&self.resource).await?;
        self.shared.memory().recent.forget(&identity.name);
        Ok(Next::Gone)
    }

    /// Nothing is created or changed in AWS for a resource that could vanish without our noticing.
    async fn hold(&mut self) -> Result<(), Interrupted> {
        if !self.resource.finalizer {
            self.shared.cluster.add_finalizer(&self.resource).await?;
            self.resource.finalizer = true;
        }
        Ok(())
    }

    fn pin(&mut self, identity: &Identity) {
        self.status.role_name = Some(identity.name.clone());
        self.status.path = Some(identity.path.clone());
    }

    fn forget_role(&mut self) {
        self.status.role_id = None;
        self.status.arn = None;
    }

    fn note_deadline(&self, end: Option<Timestamp>) {
        if let Some(entry) = self.shared.memory().index.get_mut(&self.resource.key) {
            entry.deadline = end;
        }
    }

    fn note_drift(&mut self, steps: &[Step]) {
        let mut parts: Vec<String> =
            steps.iter().flat_map(|step| step.call.parts()).map(|part| outcome::cut(&part.to_string(), 64)).collect();
        parts.sort();
        parts.dedup();
        parts.truncate(50);
        let count = self.status.drift.as_ref().map_or(0, |drift| drift.count).saturating_add(1);
        self.status.drift =
            Some(Drift { last_corrected_at: outcome::whole_seconds(self.shared.clock.now()), parts, by: None, count });
    }

    /// Names that we are about to write are saved first: an additive facet needs them to take back what is no longer
    /// wanted, and a crash must not lose them.
    async fn save_applied(&mut self, desired: &Desired, before: &Applied) -> Result<(), Interrupted> {
        let next = union(before, &applied_of(desired));
        if next != *before {
            self.status.applied = Some(next);
            let message = format!("role {} is being changed", desired.identity.name);
            self.save(&Verdict::Working(reason::PROGRESSING, message)).await?;
        }
        Ok(())
    }

    async fn tell_reattached(&mut self, observed: &Observed, scope: &Scope, applied: &Applied) {
        let mut left: Vec<String> = Vec::new();
        left.extend(observed.attached.iter().filter(|arn| !scope.has_attachment(arn)).cloned());
        left.extend(
            observed.inline.keys().filter(|name| !scope.has_inline(name)).map(|name| format!("inline policy {name}")),
        );
        left.extend(observed.role.tags.keys().filter(|key| !scope.has_tag(key)).map(|key| format!("tag {key}")));
        let mut note = format!("role {} carries our tags and is kept", observed.role.name);
        if *applied == Applied::default() && !left.is_empty() {
            note.push_str("; what it has besides is left in place, because nothing records it as ours: ");
            note.push_str(&left.join(", "));
        }
        self.notice(false, reason::REATTACHED, "Reattach", note).await;
    }

    async fn notice(&self, warning: bool, reason: &'static str, action: &'static str, note: String) {
        publish(self.shared, &self.resource, &Notice { warning, reason, action, note }).await;
    }

    /// Writes the status if it says anything new. A warning Event goes with a new reason.
    async fn save(&mut self, verdict: &Verdict) -> Result<(), ClusterError> {
        outcome::conclude(&mut self.status, self.resource.generation, verdict, self.shared.clock.now());
        if self.status == self.resource.status {
            return Ok(());
        }
        self.shared.cluster.write_status(&self.resource, &self.status).await?;
        let (before, after) = (outcome::ready_reason(&self.resource.status), outcome::ready_reason(&self.status));
        let news = before != after && !matches!(verdict, Verdict::Ready | Verdict::Working(..) | Verdict::WouldChange);
        let notice = news.then(|| self.status.conditions.first()).flatten().map(|ready| Notice {
            warning: !matches!(verdict, Verdict::Paused { .. } | Verdict::Waiting(..)),
            reason: reason::constant(&ready.reason),
            action: "Reconcile",
            note: ready.message.clone(),
        });
        self.resource.status = self.status.clone();
        if let Some(notice) = notice {
            publish(self.shared, &self.resource, &notice).await;
        }
        Ok(())
    }

    async fn report(&mut self, verdict: &Verdict, next: Next) -> Result<Next, Interrupted> {
        self.save(verdict).await?;
        Ok(next)
    }

    async fn interrupted(&mut self, interrupted: Interrupted) -> Next {
        let key = self.resource.key.clone();
        match interrupted {
            Interrupted::Iam(error, step) => {
                info!(resource = %key, %error, class = ?error.class, "an AWS call failed");
                let trouble = Trouble::Iam(error.class);
                match self.save(&Verdict::Failed(error, step)).await {
                    Ok(()) | Err(ClusterError::Conflict(_)) => Next::Failed(trouble),
                    Err(ClusterError::Gone) => Next::Gone,
                    Err(error) => {
                        info!(resource = %key, %error, "the failure could not be reported");
                        Next::Failed(trouble)
                    }
                }
            }
            Interrupted::Cluster(ClusterError::Gone) => Next::Gone,
            Interrupted::Cluster(error) => {
                info!(resource = %key, %error, "the API server refused or failed");
                Next::Failed(Trouble::Cluster)
            }
            Interrupted::Stopping => Next::Settled,
            Interrupted::ProofTooOld => {
                debug!(resource = %key, "the proof of ownership is too old: reading again");
                Next::Again(Duration::ZERO)
            }
        }
    }
}

/// The names that a role as desired has from us.
fn applied_of(desired: &Desired) -> Applied {
    Applied {
        inline_policies: desired.inline.keys().cloned().collect(),
        managed_policies: desired.attached.iter().cloned().collect(),
        tags: desired.tags.keys().cloned().collect(),
    }
}

fn union(one: &Applied, other: &Applied) -> Applied {
    let join = |one: &[String], other: &[String]| {
        let all: std::collections::BTreeSet<String> = one.iter().chain(other).cloned().collect();
        all.into_iter().collect()
    };
    Applied {
        inline_policies: join(&one.inline_policies, &other.inline_policies),
        managed_policies: join(&one.managed_policies, &other.managed_policies),
        tags: join(&one.tags, &other.tags),
    }
}
