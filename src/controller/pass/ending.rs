//! How a role ends: its lifetime is over, or its resource is deleted.

use std::time::Duration;

use iam::finding::Finding;
use jiff::Timestamp;

use crate::{
    api::{kinds::iam_role::DeletionPolicy, reason},
    controller::pass::{context::Pass, drive::Interrupted, next::Next, removal::Removal},
    plan::{
        decide::{
            brakes::Brake,
            gate::{self, Facts, Hold},
            ownership::{Known, NotOurs},
        },
        form::lenient,
        say::{backoff::Trouble, conditions, verdict::Verdict},
        scope::identity::{self, Identity},
        steps::step::Why,
    },
    ports::{Clock, Cluster, IamWrite},
};

impl<I: IamWrite, C: Cluster, K: Clock> Pass<'_, I, C, K> {
    /// The lifetime is over: the role goes, the resource stays.
    pub(super) async fn expire(
        &mut self,
        identity: &Identity,
        end: Timestamp,
    ) -> Result<Next, Interrupted> {
        let status = self.status.clone();
        let known = Known::of(&status);
        match self.remove(identity, known, Why::Expired).await? {
            Removal::Gone => {
                self.let_all_go().await?;
                self.end_role();
                self.report(&Verdict::Expired { end, made: true }, Next::Settled).await
            }
            Removal::NotOurs(not_ours) => self.hold_back(Hold::Foreign(not_ours)).await,
            Removal::Blocked(why) => self.block(why).await,
            Removal::Braked(brake) => self.hold_back(Hold::Braked(brake)).await,
            Removal::Waiting(wait, message) => {
                let verdict = Verdict::Waiting(reason::WAITING_FOR_ABSENCE, message);
                self.report(&verdict, Next::Again(wait)).await
            }
        }
    }

    /// The spec is refused: the role is held as it was last written, and ends in its time all the
    /// same. The end is saved when it is first known.
    pub(super) async fn refused(&mut self, problems: Vec<Finding>) -> Result<Next, Interrupted> {
        let end = lenient::end(&self.resource);
        self.status.expires_at = end.map(conditions::whole_seconds);
        self.note_deadline(end);
        let facts = Facts {
            observe: lenient::outlives(&self.resource, self.limits),
            beyond: problems,
            over: self.over(end),
            clocks_apart: self.shared.clocks(self.access).apart(),
            has_role: Known::of(&self.status).expected(),
            said_over: self.says_over(),
            ..Facts::default()
        };
        match (gate::before_reading(&facts), facts.over) {
            (Ok(()), Some(end)) => self.expire(&self.identity(), end).await,
            // Nothing but an end passes the gate here.
            (Err(Hold::BeyondLimits(_)), _) | (Ok(()), None) => {
                self.refuse(facts.beyond, facts.observe).await
            }
            (Err(hold), _) => self.hold_back(hold).await,
        }
    }

    /// The end, when it has come.
    fn over(&self, end: Option<Timestamp>) -> Option<Timestamp> {
        end.filter(|end| self.shared.clocks(self.access).passed(*end))
    }

    /// The end that the resource names has come, as far as can be told of a spec that need not be
    /// right.
    pub(super) fn ended(&self) -> bool {
        self.over(lenient::end(&self.resource)).is_some()
            && !lenient::outlives(&self.resource, self.limits)
    }

    /// The role of a resource whose spec need not be right.
    pub(super) fn identity(&self) -> Identity {
        let spec = identity::read_spec(&self.resource.spec).ok();
        identity::identify(&self.resource, spec.as_ref(), self.limits)
    }

    /// The resource is being deleted and our finalizer holds it.
    pub(super) async fn delete(&mut self) -> Result<Next, Interrupted> {
        let mut identity = self.identity();
        let terms = lenient::deletion_terms(&self.resource, self.limits);
        // After its end the role goes, whatever keeps it can't be told or may not be.
        let over = self.ended();
        let account = self.status.account_id.clone();
        let facts = Facts {
            deleting: true,
            paused: self.limits.paused(&self.resource),
            retain: terms == Ok(DeletionPolicy::Retain),
            unclear: terms.err().filter(|_| !over),
            elsewhere: account.filter(|account| identity.account.id != **account),
            brake: self.wave().map(Brake::Wave),
            ..Facts::default()
        };
        match gate::before_reading(&facts) {
            Ok(()) => {}
            Err(Hold::Retained) => return self.retain(&identity, "as spec asks").await,
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
            Removal::Braked(Brake::Kept) => {
                self.retain(&identity, "as an operator has confirmed").await
            }
            Removal::Braked(brake) => self.hold_back(Hold::Braked(brake)).await,
            Removal::Waiting(wait, message) => {
                self.report(&Verdict::Working(reason::DELETING, message), Next::Again(wait)).await
            }
        }
    }

    /// The resource is being deleted, and only finalizers of others hold it: what it said of its
    /// role holds no longer.
    pub(super) async fn let_stand(&mut self) -> Result<Next, Interrupted> {
        let mut identity = self.identity();
        let role = match self.find_former(&mut identity).await? {
            None => self.access.iam.role(&identity.name).await?,
            role => role,
        };
        let name = &identity.name;
        let role = if role.is_some() {
            format!("role {name} is left in AWS as it is")
        } else {
            self.forget_role();
            format!("there is no role {name} in AWS")
        };
        self.status.plan = None;
        let message = format!("{role}; only finalizers of others still hold the resource");
        self.report(&Verdict::Working(reason::DELETING, message), Next::Settled).await
    }

    /// How much longer the deletion waits for others to show. Where no role is known there is
    /// nothing to wait for.
    fn wave(&self) -> Option<Duration> {
        self.status.role_id.as_ref()?;
        let (now, length) = (self.shared.clock.steady(), self.shared.wave);
        self.shared.memory().brakes.wave(&self.resource.key, now, length)
    }

    /// The resource goes, and its role stays.
    async fn retain(&mut self, identity: &Identity, why: &str) -> Result<Next, Interrupted> {
        let note = format!("role {} stays in AWS with its tags, {why}", identity.name);
        self.notice(false, reason::RETAINED, "Release", note).await;
        self.release(identity).await
    }

    async fn block(&mut self, why: String) -> Result<Next, Interrupted> {
        self.report(&Verdict::DeletionBlocked(why), Next::Failed(Trouble::Blocked)).await
    }

    async fn release(&mut self, identity: &Identity) -> Result<Next, Interrupted> {
        // While the resource is there to be told about.
        self.tell_done().await;
        self.shared.cluster.remove_finalizer(&self.resource).await?;
        self.access.recent().forget(&identity.role());
        Ok(Next::Gone)
    }
}
