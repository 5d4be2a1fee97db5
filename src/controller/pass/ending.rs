//! How a role ends: its lifetime is over, or its resource is deleted.

use jiff::Timestamp;

use crate::{
    api::{kinds::iam_role::DeletionPolicy, reason},
    controller::pass::{context::Pass, drive::Interrupted, next::Next, removal::Removal},
    plan::{
        decide::{
            gate::{self, Facts, Hold},
            ownership::{Known, NotOurs},
        },
        form::desired::{Desired, deletion_terms},
        say::{backoff::Trouble, verdict::Verdict},
        scope::identity::{self, Identity},
        steps::step::Why,
    },
    ports::{Clock, Cluster, IamWrite},
};

impl<I: IamWrite, C: Cluster, K: Clock> Pass<'_, I, C, K> {
    /// The lifetime is over: the role goes, the resource stays.
    pub(super) async fn expire(
        &mut self,
        desired: &Desired,
        end: Timestamp,
    ) -> Result<Next, Interrupted> {
        let status = self.status.clone();
        let known = Known::of(&status);
        match self.remove(&desired.identity, known, Why::Expired).await? {
            Removal::Gone => {
                self.let_all_go().await?;
                self.end_role();
                self.report(&Verdict::Expired(end), Next::Settled).await
            }
            Removal::NotOurs(not_ours) => self.hold_back(Hold::Foreign(not_ours)).await,
            Removal::Blocked(why) => self.block(why).await,
            Removal::Waiting(wait, message) => {
                let verdict = Verdict::Waiting(reason::WAITING_FOR_ABSENCE, message);
                self.report(&verdict, Next::Again(wait)).await
            }
        }
    }

    /// The resource is being deleted and our finalizer holds it.
    pub(super) async fn delete(&mut self) -> Result<Next, Interrupted> {
        let spec = identity::read_spec(&self.resource.spec).ok();
        let mut identity = identity::identify(&self.resource, spec.as_ref(), self.limits);
        let terms = deletion_terms(&self.resource);
        let account = self.status.account_id.clone();
        let facts = Facts {
            deleting: true,
            paused: self.resource.paused,
            retain: terms == Ok(DeletionPolicy::Retain),
            unclear: terms.err(),
            elsewhere: account.filter(|account| identity.account.id != **account),
            ..Facts::default()
        };
        match gate::before_reading(&facts) {
            Ok(()) => {}
            Err(Hold::Retained) => {
                let note =
                    format!("role {} stays in AWS with its tags, as spec asks", identity.name);
                self.notice(false, reason::RETAINED, "Release", note).await;
                return self.release(&identity).await;
            }
            Err(hold) => return self.hold_back(hold).await,
        }
        self.find_former(&mut identity).await?;
        // What does not carry our uid goes with somebody else: also when it never did.
        let status = self.status.clone();
        let known = Known::of(&status);
        let known = Known { uid: known.uid.or(Some(&identity.uid)), ..known };
        match self.remove(&identity, known, Why::Deleted).await? {
            Removal::Gone => {
                self.let_all_go().await?;
                self.release(&identity).await
            }
            Removal::NotOurs(NotOurs { reason, why }) => {
                self.notice(true, reason, "Release", format!("{why}; it was left alone")).await;
                self.release(&identity).await
            }
            Removal::Blocked(why) => self.block(why).await,
            Removal::Waiting(wait, message) => {
                self.report(&Verdict::Working(reason::DELETING, message), Next::Again(wait)).await
            }
        }
    }

    async fn block(&mut self, why: String) -> Result<Next, Interrupted> {
        self.report(&Verdict::DeletionBlocked(why), Next::Failed(Trouble::Blocked)).await
    }

    async fn release(&mut self, identity: &Identity) -> Result<Next, Interrupted> {
        self.shared.cluster.remove_finalizer(&self.resource).await?;
        self.access.recent().forget(&identity.role());
        Ok(Next::Gone)
    }
}
