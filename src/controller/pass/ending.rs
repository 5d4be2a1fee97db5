//! How a role ends: its lifetime is over, or its resource is deleted.

use jiff::Timestamp;

use crate::{
    api::{
        kinds::iam_role::{DeletionPolicy, DriftPolicy},
        reason,
    },
    controller::pass::{
        context::Pass,
        drive::Interrupted,
        next::Next,
        removal::{Removal, remove},
    },
    plan::{
        decide::ownership::{Known, NotOurs},
        form::desired::{Desired, deletion_terms},
        say::{
            backoff::Trouble,
            verdict::{self, Verdict},
        },
        scope::identity::{self, Identity},
        steps::step::Why,
    },
    ports::{Clock, Cluster, IamWrite},
};
use iam::finding::Finding;

impl<I: IamWrite, C: Cluster, K: Clock> Pass<'_, I, C, K> {
    pub(super) async fn expire(
        &mut self,
        desired: &Desired,
        end: Timestamp,
    ) -> Result<Next, Interrupted> {
        if desired.drift == DriftPolicy::Observe {
            return self.report(&Verdict::ExpiredKept(end), Next::Settled).await;
        }
        let (resource, identity) = (self.resource.clone(), &desired.identity);
        let known = Known::of(&self.status);
        match remove(self.shared, &resource, identity, known, Why::Expired, reason::EXPIRED).await?
        {
            Removal::Gone => {
                self.let_all_go().await?;
                self.end_role();
                self.report(&Verdict::Expired(end), Next::Settled).await
            }
            Removal::NotOurs(not_ours) => {
                self.report(&Verdict::NotOwned(not_ours), Next::Failed(Trouble::NotOwned)).await
            }
            Removal::Blocked(why) => {
                self.report(&Verdict::DeletionBlocked(why), Next::Failed(Trouble::Blocked)).await
            }
            Removal::Waiting(wait, message) => {
                self.report(
                    &Verdict::Waiting(reason::WAITING_FOR_ABSENCE, message),
                    Next::Again(wait),
                )
                .await
            }
        }
    }

    /// Nothing is made of what is beyond the operator's limits, but a role that is there still ends
    /// in its time: a bound that was tightened must not keep it for ever.
    pub(super) async fn beyond_limits(
        &mut self,
        desired: &Desired,
        beyond: Vec<Finding>,
    ) -> Result<Next, Interrupted> {
        let end = desired.lifetime.end(self.resource.created, None);
        self.note_deadline(end);
        let over = end.filter(|end| *end <= self.shared.clock.now());
        match over {
            Some(end) if self.status.role_id.is_some() => self.expire(desired, end).await,
            Some(end) if verdict::ready_reason(&self.status) == Some(reason::EXPIRED) => {
                self.report(&Verdict::Expired(end), Next::Settled).await
            }
            _ => self.refuse(beyond).await,
        }
    }

    /// Nothing is written to AWS.
    pub(super) async fn refuse(&mut self, problems: Vec<Finding>) -> Result<Next, Interrupted> {
        self.status.plan = None;
        self.report(&Verdict::Invalid(problems), Next::Settled).await
    }

    /// The resource is being deleted and our finalizer holds it.
    pub(super) async fn delete(&mut self) -> Result<Next, Interrupted> {
        if self.resource.paused {
            return self.report(&Verdict::Paused { deleting: true }, Next::Settled).await;
        }
        let terms = match deletion_terms(&self.resource) {
            Ok(terms) => terms,
            Err(problem) => {
                return self
                    .report(
                        &Verdict::DeletionBlocked(problem.to_string()),
                        Next::Failed(Trouble::Blocked),
                    )
                    .await;
            }
        };
        let spec = identity::read_spec(&self.resource.spec).ok();
        let identity = identity::identify(&self.resource, spec.as_ref(), &self.shared.limits);
        if terms == DeletionPolicy::Retain {
            let note = format!("role {} stays in AWS with its tags, as spec asks", identity.name);
            self.notice(false, reason::RETAINED, "Release", note).await;
            return self.release(&identity).await;
        }
        if self.status.account_id.as_ref().is_some_and(|account| *account != identity.account.id) {
            let why = format!(
                "the role lives in account {}, and the controller's credentials are of {}: give it \
                 credentials of the former",
                self.status.account_id.as_deref().unwrap_or_default(),
                identity.account.id
            );
            return self
                .report(&Verdict::DeletionBlocked(why), Next::Failed(Trouble::Blocked))
                .await;
        }
        let resource = self.resource.clone();
        // What does not carry our uid goes with somebody else: also when it never did.
        let known = Known::of(&self.status);
        let known = Known { uid: known.uid.or(Some(&identity.uid)), ..known };
        match remove(self.shared, &resource, &identity, known, Why::Deleted, reason::DELETED)
            .await?
        {
            Removal::Gone => {
                self.let_all_go().await?;
                self.release(&identity).await
            }
            Removal::NotOurs(NotOurs { reason, why }) => {
                self.notice(true, reason, "Release", format!("{why}; it was left alone")).await;
                self.release(&identity).await
            }
            Removal::Blocked(why) => {
                self.report(&Verdict::DeletionBlocked(why), Next::Failed(Trouble::Blocked)).await
            }
            Removal::Waiting(wait, message) => {
                self.report(&Verdict::Working(reason::DELETING, message), Next::Again(wait)).await
            }
        }
    }

    pub(super) async fn release(&mut self, identity: &Identity) -> Result<Next, Interrupted> {
        self.shared.cluster.remove_finalizer(&self.resource).await?;
        self.shared.memory().recent.forget(&identity.name);
        Ok(Next::Gone)
    }
}
