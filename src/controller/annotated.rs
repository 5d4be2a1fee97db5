//! Whether service accounts still carry what was written on them. AWS knows nothing of that, so no
//! sweep shows it: where the operator lets them be annotated, a watch of their metadata does.

use std::{pin::pin, sync::Arc};

use futures::{StreamExt, future};
use tokio::{
    sync::{mpsc, watch},
    task::JoinSet,
};
use tracing::{info, warn};

use crate::{
    api::{ResourceKey, reason, resource::AccountEvent},
    controller::{
        memory::annotated::Concerned,
        shared::{Health, Shared},
    },
    ports::{Clock, ServiceAccounts},
};

/// The watch; it ends with this.
pub struct Accounts {
    concerned: mpsc::UnboundedReceiver<ResourceKey>,
    _task: JoinSet<()>,
}

impl Accounts {
    /// Begins to watch when the resources are known, which is when it is known who is named.
    pub fn watch<I, C, K>(shared: &Arc<Shared<I, C, K>>, health: watch::Receiver<Health>) -> Self
    where
        I: Send + Sync + 'static,
        C: ServiceAccounts,
        K: Clock,
    {
        let (sender, concerned) = mpsc::unbounded_channel();
        let mut task = JoinSet::new();
        if shared.sources.default_limits().annotate {
            task.spawn(look(Arc::clone(shared), health, sender));
        }
        Self { concerned, _task: task }
    }

    /// Completes with a resource that has to look at its service accounts.
    pub async fn next(&mut self) -> ResourceKey {
        match self.concerned.recv().await {
            Some(key) => key,
            None => future::pending().await,
        }
    }
}

async fn look<I, C: ServiceAccounts, K: Clock>(
    shared: Arc<Shared<I, C, K>>,
    mut health: watch::Receiver<Health>,
    sender: mpsc::UnboundedSender<ResourceKey>,
) {
    if health.wait_for(|health| health.synced).await.is_err() {
        return;
    }
    let mut events = pin!(shared.cluster.watch_accounts());
    let mut fails = false;
    while let Some(event) = events.next().await {
        let failed = matches!(event, AccountEvent::Failed(_));
        if fails && !failed {
            info!("the watch of service accounts goes on");
        }
        let news = failed && !fails;
        fails = failed;
        for key in told(&shared, event, news) {
            // The engine ends before this does.
            let _ = sender.send(key);
        }
    }
}

/// Who has to look after an event.
fn told<I, C, K: Clock>(
    shared: &Shared<I, C, K>,
    event: AccountEvent,
    news: bool,
) -> Vec<ResourceKey> {
    let now = shared.clock.steady();
    let mut memory = shared.memory();
    let concerned = match event {
        AccountEvent::Restarted(namespace) => {
            memory.annotated.list_begins(namespace.as_deref());
            Vec::new()
        }
        AccountEvent::Found(account) => {
            let key = ResourceKey { namespace: account.namespace, name: account.name };
            memory.annotated.seen(&key, Some(account.role_arn.as_deref()), now)
        }
        AccountEvent::Gone(key) => memory.annotated.seen(&key, None, now),
        AccountEvent::Synced(namespace) => memory.annotated.list_ends(namespace.as_deref(), now),
        AccountEvent::Failed(message) => {
            if news {
                warn!(
                    message,
                    "service accounts can't be watched: one that loses its annotation is not \
                     annotated again; bind the ClusterRole rolewright-service-accounts to the \
                     controller if it lacks the right"
                );
            }
            Vec::new()
        }
    };
    let has_to_look = |concerned: &Concerned| {
        let Some(entry) = memory.index.get(&concerned.key) else { return false };
        // A role that is as written has nothing to do with one that names it; and what is said to
        // be contested is said until its time comes.
        if concerned.names_it {
            entry.conditions.are_for(reason::NOT_ANNOTATED)
                || entry.conditions.are_for(reason::DRIFT_CONTESTED)
        } else {
            !(concerned.waits && entry.conditions.are_for(reason::DRIFT_CONTESTED))
        }
    };
    concerned.into_iter().filter(has_to_look).map(|concerned| concerned.key).collect()
}
