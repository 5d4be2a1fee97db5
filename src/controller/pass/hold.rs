//! What a pass says and does when the gate holds it back.

use std::time::Duration;

use crate::{
    api::{ResourceKey, kinds::iam_role::DriftPolicy, reason},
    controller::{
        pass::{context::Pass, drive::Interrupted, next::Next, observe},
        tally,
    },
    plan::{
        decide::{
            brakes::Brake,
            gate::Hold,
            ownership::{self, NotOurs},
            room::Room,
            situation::{Gone, Wait},
        },
        form::{
            desired::Desired,
            fingerprint::Owned,
            observed::{Observed, RoleRecord},
        },
        say::{
            backoff::Trouble,
            verdict::{Meanwhile, Verdict},
            words,
        },
        steps::{diff, step::Step},
    },
    ports::{Clock, Cluster, IamWrite},
};

/// Clocks that are apart are looked at again after this; when ours is set, at once.
const CLOCKS: Duration = Duration::from_mins(5);

impl<I: IamWrite, C: Cluster, K: Clock> Pass<'_, I, C, K> {
    /// Nothing is written to AWS.
    pub(super) async fn hold_back(&mut self, hold: Hold) -> Result<Next, Interrupted> {
        let blocked = |why: String| (Verdict::DeletionBlocked(why), Next::Failed(Trouble::Blocked));
        let (verdict, next) = match hold {
            Hold::Paused => {
                let (pause, deleting) = (self.resource.pause.clone(), self.resource.deleting);
                (Verdict::Paused { pause, deleting }, Next::Settled)
            }
            Hold::BeyondLimits(problems) => {
                self.status.plan = None;
                (Verdict::Invalid(problems, Meanwhile::Nothing), Next::Settled)
            }
            Hold::OutOfScope(problems) => {
                self.forget_role();
                self.status.plan = None;
                (Verdict::BeyondLimits(problems), Next::Settled)
            }
            Hold::Unclear(problem) => blocked(problem.to_string()),
            Hold::Elsewhere(account) => blocked(format!(
                "the role lives in account {account}, but the controller's credentials belong to \
                 {}: give it credentials of the former",
                self.limits.account.id
            )),
            Hold::NotYet(wait) => return self.wait(wait).await,
            Hold::Foreign(not_ours) => {
                (Verdict::NotOwned(not_ours), Next::Failed(Trouble::NotOwned))
            }
            Hold::Gone(Gone::TakenUp(not_ours)) => {
                self.let_all_go().await?;
                self.forget_role();
                (Verdict::NotOwned(not_ours), Next::Failed(Trouble::NotOwned))
            }
            Hold::Gone(Gone::Ended(end)) => {
                self.let_all_go().await?;
                // A request takes the uid out of the status of this pass.
                if self.status.role_uid.is_none() && self.resource.status.role_uid.is_none() {
                    // What was to be written never was.
                    self.status.applied = None;
                }
                self.end_role();
                let made = self.status.applied.is_some();
                (Verdict::Expired { end, made }, Next::Settled)
            }
            Hold::NoRoom(room) => {
                self.forget_role();
                self.shared.memory().waiting_for_room.insert(self.resource.key.clone());
                (Verdict::NamespaceFull(room.most), Next::Settled)
            }
            Hold::ObservingPastTheEnd(end) => (Verdict::ExpiredKept(end), Next::Settled),
            Hold::ClocksApart(end) => {
                let message = format!(
                    "the lifetime ended at {end}, but the role stays until the clocks agree: \
                     those of the controller and of AWS differ by more than five minutes"
                );
                (Verdict::Waiting(reason::CLOCKS_APART, message), Next::Again(CLOCKS))
            }
            Hold::Observing => (Verdict::WouldChange, Next::Settled),
            Hold::Braked(brake) => return self.braked(brake).await,
            // Said by those who know the role's name.
            Hold::Retained | Hold::Gone(Gone::Removed) | Hold::Rival(_) => {
                return Ok(Next::Settled);
            }
        };
        self.report(&verdict, next).await
    }

    /// Why the role stays as it is: it was written by an earlier version, for which the same spec
    /// meant just that.
    pub(super) fn as_it_was_written(
        &self,
        desired: &Desired,
        observed: &Observed,
        hash: &str,
    ) -> Option<Hold> {
        if self.status.desired_hash.as_deref() == Some(hash) {
            return None;
        }
        let account = &desired.identity.account;
        let found = desired.terms.literal.in_place(&desired.form, observed, account);
        (!found.is_empty()).then_some(Hold::BeyondLimits(found))
    }

    async fn wait(&mut self, wait: Wait) -> Result<Next, Interrupted> {
        let next = match &wait {
            Wait::Unseen(left, _) | Wait::NotOurs(left, _) => Next::Again(*left),
            Wait::JustCreated(_) | Wait::TakenUp => Next::Failed(Trouble::NotVisible),
        };
        match wait.words() {
            Some((reason, message)) => {
                self.report(&Verdict::Waiting(reason, message.to_owned()), next).await
            }
            None => Ok(next),
        }
    }

    /// How much room there is for a role of this resource.
    pub(super) fn room(&self) -> Option<Room> {
        let most = self.shared.max_roles?;
        let key = &self.resource.key;
        let mut memory = self.shared.memory();
        memory.waiting_for_room.remove(key);
        let places = memory.index.places(&key.namespace, |entry| self.shared.is_over(entry));
        Room::of(key, &places, most)
    }

    /// The name is another resource's.
    pub(super) async fn give_way(
        &mut self,
        desired: &Desired,
        rival: &ResourceKey,
    ) -> Result<Next, Interrupted> {
        let why = format!(
            "IAMRole {rival} asked for role {} first: choose another roleName, or delete that \
             IAMRole",
            desired.identity.name
        );
        self.report(&Verdict::NameConflict(why), Next::Failed(Trouble::NotOwned)).await
    }

    /// The role is not ours, or not ours alone. Who only observes is shown what would change.
    pub(super) async fn foreign(
        &mut self,
        desired: &Desired,
        role: Option<RoleRecord>,
        not_ours: NotOurs,
    ) -> Result<Next, Interrupted> {
        if not_ours.contested() {
            let uid = role.as_ref().and_then(ownership::uid).map(str::to_owned);
            self.status.role_uid = uid.or(self.status.role_uid.take());
        }
        self.status.plan = None;
        if let (DriftPolicy::Observe, Some(role)) = (desired.terms.drift, role) {
            let scope = Owned::default();
            if let Some(observed) = observe::whole(&self.access.iam, role, &scope).await? {
                self.status.plan = words::plan_lines(&diff::diff(desired, &observed, &scope));
            }
        }
        self.hold_back(Hold::Foreign(not_ours)).await
    }

    /// A change that nobody made in the resource is shown, and waits.
    pub(super) async fn hold_change(
        &mut self,
        desired: &Desired,
        steps: &[Step],
        role: (String, String),
        brake: Brake,
    ) -> Result<Next, Interrupted> {
        self.found(desired, role);
        self.status.plan = words::plan_lines(steps);
        // Also where somebody asked for it: it is no change of the resource now either.
        self.status.applied_generation = self.resource.status.applied_generation;
        self.hold_back(Hold::Braked(brake)).await
    }

    /// The plan is shown, and nothing of it is done. It is drift where the role was once as desired
    /// now, whose digest is `hash`: what was never so can't drift.
    pub(super) async fn observe_only(
        &mut self,
        desired: &Desired,
        steps: &[Step],
        role: Option<(String, String)>,
        hash: &String,
    ) -> Result<Next, Interrupted> {
        self.pin(&desired.identity);
        if role.is_some() {
            self.status.creating = None;
        }
        (self.status.role_id, self.status.arn) = role.unzip();
        let plan = words::plan_lines(steps);
        let told = self.resource.status.plan.clone().unwrap_or_default();
        let news = plan.as_ref() != Some(&told);
        self.status.plan = plan;
        if news {
            let before = &self.resource.status;
            if before.applied_generation.is_some() && before.applied_hash() == Some(hash) {
                // Each difference once: the plan that has it may get longer.
                let is_new = |step: &&Step| !told.contains(&words::plan_line(step));
                let new: Vec<Step> = steps.iter().filter(is_new).cloned().collect();
                tally::drift(&self.shared.metrics, &new);
            }
            let lines: Vec<String> = steps.iter().map(ToString::to_string).collect();
            let note = format!("would do: {}", lines.join("; "));
            self.notice(true, reason::WOULD_CHANGE, "Observe", note).await;
        }
        self.hold_back(Hold::Observing).await
    }
}
