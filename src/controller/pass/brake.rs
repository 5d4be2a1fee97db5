//! A pass at the brakes: it asks, and says what holds its resource.

use crate::{
    api::reason,
    controller::{
        brakes::{Asked, admit},
        memory::brakes::HeldItem,
        pass::{context::Pass, drive::Interrupted, next::Next},
    },
    plan::{
        decide::brakes::{Brake, Counted, confirm},
        say::{brakes, verdict::Verdict},
        steps::step::Why,
    },
    ports::{Clock, Cluster, IamWrite},
};

impl<I: IamWrite, C: Cluster, K: Clock> Pass<'_, I, C, K> {
    /// What keeps a role that is ours from being removed now. When nothing does, it is counted.
    pub(super) async fn brake_removal(&self, why: Why) -> Result<Option<Brake>, Interrupted> {
        // An end that its people wrote is no accident: such a role only goes slowly, also when its
        // deletion was held until then.
        let ended = why == Why::Expired || self.ended();
        let counted = if ended { Counted::Expiries } else { Counted::Removals };
        self.brake(counted, false).await
    }

    /// What keeps a change that nobody made in the resource from being carried out now. Who asks
    /// for one gets that one, whatever else waits; who asks for all of them does not.
    pub(super) async fn brake_change(&self, alone: bool) -> Result<Option<Brake>, Interrupted> {
        self.brake(Counted::Changes, alone).await
    }

    async fn brake(&self, counted: Counted, alone: bool) -> Result<Option<Brake>, Interrupted> {
        let asked = Asked {
            key: &self.resource.key,
            counted,
            alone,
            item: self.item(counted),
            account: self.access.id(),
        };
        Ok(admit(self.shared, &asked).await?)
    }

    fn item(&self, counted: Counted) -> String {
        confirm::item(counted, &self.resource.uid, self.status.desired_hash.as_deref())
    }

    /// Says what holds the resource, and when it is looked at again.
    pub(super) async fn braked(&mut self, brake: Brake) -> Result<Next, Interrupted> {
        let role = self.status.role_name.clone().unwrap_or_default();
        let counted = match &brake {
            // Nobody needs to know of some seconds.
            Brake::Wave(left) => return Ok(Next::Again(*left)),
            Brake::Minute(left) => {
                let verdict = Verdict::Working(reason::DELETING, brakes::minute(&role));
                return self.report(&verdict, Next::Again(*left)).await;
            }
            Brake::Over(counted, _) => *counted,
            _ if self.resource.deleting => Counted::Removals,
            _ => Counted::Changes,
        };
        let item = HeldItem { counted, item: self.item(counted) };
        let wait = self.shared.memory().brakes.hold(&self.resource.key, item);
        self.is_held = true;
        let namespace = &self.resource.key.namespace;
        let (reason, message) = brakes::held(&brake, counted, &role, namespace);
        self.report(&Verdict::Held(reason, message), Next::Again(wait)).await
    }
}
