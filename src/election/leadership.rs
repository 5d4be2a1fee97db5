//! Whether this process may write, in a handle that is cheap to ask, and a cluster that asks it
//! before each write.

use std::{
    future::{pending, poll_fn},
    pin::pin,
    sync::Arc,
    task::Poll,
};

use futures::Stream;
use tokio::{
    sync::{Notify, watch},
    time::{Instant, sleep_until},
};

use crate::{
    api::{
        kind::{KeyOf, Kind},
        object::{Cursor, Object, OutlinePage, WatchEvent},
        resource::{AccountEvent, ServiceAccount},
    },
    plan::{failure::ClusterError, lease::Notes, say::notice::Notice},
    ports::{Events, LeaseNotes, Objects, ServiceAccounts},
};

/// Where this process stands among the replicas.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// No election takes place: it leads.
    Alone,
    /// It waits for the lease.
    Following {
        /// Who holds it; empty when nobody does.
        holder: String,
        /// Until when the last look at the lease counts; `None` before the first.
        fresh_until: Option<Instant>,
        /// What keeps it from looking, in words; empty when nothing does.
        trouble: String,
    },
    /// It leads until then, unless the lease is renewed.
    Leading {
        /// When the last renewal was sent, and the renew deadline.
        until: Instant,
    },
    /// It led, and never will again: what it remembers may be old.
    Over,
}

/// Tells that the leader has found its Lease older than it wrote it: the store behind the API
/// server was set back. Clones tell and hear the same.
#[derive(Clone, Debug, Default)]
pub struct SetBack(Arc<Notify>);

impl SetBack {
    /// Says so; who does not listen yet hears it later.
    pub fn tell(&self) {
        self.0.notify_one();
    }

    /// Completes when it is said.
    pub async fn told(&self) {
        self.0.notified().await;
    }
}

/// Asks whether this process leads. Clones ask the same election.
#[derive(Clone, Debug)]
pub struct Leadership(watch::Receiver<Standing>);

impl Leadership {
    /// Without an election.
    #[must_use]
    pub fn alone() -> Self {
        Self(watch::channel(Standing::Alone).1)
    }

    /// The handle of an election, and what the election tells it through.
    #[must_use]
    pub fn contested() -> (watch::Sender<Standing>, Self) {
        let nothing = Standing::Following {
            holder: String::new(),
            fresh_until: None,
            trouble: String::new(),
        };
        let (sender, standing) = watch::channel(nothing);
        (sender, Self(standing))
    }

    /// Where this process stands.
    #[must_use]
    pub fn standing(&self) -> Standing {
        self.0.borrow().clone()
    }

    /// True while this process leads. It reads the clock: a process that was held still past its
    /// deadline finds that out here, before anything has told it.
    #[must_use]
    pub fn holds(&self) -> bool {
        match *self.0.borrow() {
            Standing::Alone => true,
            Standing::Leading { until } => Instant::now() < until,
            Standing::Following { .. } | Standing::Over => false,
        }
    }

    /// Completes when this process leads.
    pub async fn begins(&self) {
        let mut standing = self.0.clone();
        if standing
            .wait_for(|standing| matches!(standing, Standing::Alone | Standing::Leading { .. }))
            .await
            .is_err()
        {
            pending::<()>().await;
        }
    }

    /// Completes when this process does not lead.
    pub async fn ended(&self) {
        let mut standing = self.0.clone();
        loop {
            let until = match *standing.borrow_and_update() {
                Standing::Alone => None,
                Standing::Leading { until } if Instant::now() < until => Some(until),
                _ => return,
            };
            let Some(until) = until else { return pending().await };
            tokio::select! {
                () = sleep_until(until) => {}
                changed = standing.changed() => if changed.is_err() {
                    return sleep_until(until).await;
                }
            }
        }
    }

    /// Carries `work` on while this process leads; `None` when that ended first, and `work` was
    /// dropped where it was.
    pub async fn during<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        let (mut work, mut ended) = (pin!(work), pin!(self.ended()));
        poll_fn(|context| {
            // The clock is asked at each step: after the process was held still, a timer may fire
            // later than the rest.
            if !self.holds() || ended.as_mut().poll(context).is_ready() {
                return Poll::Ready(None);
            }
            work.as_mut().poll(context).map(Some)
        })
        .await
    }
}

/// An API server to which only a leader writes. An Event tells what was done already, and may still
/// go.
pub struct Fenced<C> {
    cluster: C,
    leadership: Leadership,
}

impl<C> Fenced<C> {
    /// Lets writes to `cluster` pass while `leadership` holds.
    pub fn new(cluster: C, leadership: Leadership) -> Self {
        Self { cluster, leadership }
    }

    fn check(&self) -> Result<(), ClusterError> {
        if self.leadership.holds() { Ok(()) } else { Err(ClusterError::NotLeading) }
    }
}

impl<K: Kind, C: Objects<K>> Objects<K> for Fenced<C> {
    fn watch(&self) -> impl Stream<Item = WatchEvent<K>> + Send + 'static {
        self.cluster.watch()
    }

    async fn revision(&self) -> Result<u64, ClusterError> {
        self.cluster.revision().await
    }

    async fn outlines(&self, from: Option<Cursor>) -> Result<OutlinePage<K>, ClusterError> {
        self.cluster.outlines(from).await
    }

    async fn get(&self, key: &KeyOf<K>) -> Result<Option<Object<K>>, ClusterError> {
        self.cluster.get(key).await
    }

    async fn add_finalizer(&self, object: &Object<K>) -> Result<(), ClusterError> {
        self.check()?;
        self.cluster.add_finalizer(object).await
    }

    async fn remove_finalizer(&self, object: &Object<K>) -> Result<(), ClusterError> {
        self.check()?;
        self.cluster.remove_finalizer(object).await
    }

    async fn write_status(
        &self,
        object: &Object<K>,
        status: &K::Status,
    ) -> Result<(), ClusterError> {
        self.check()?;
        self.cluster.write_status(object, status).await
    }
}

impl<C: ServiceAccounts> ServiceAccounts for Fenced<C> {
    fn watch_accounts(&self) -> impl Stream<Item = AccountEvent> + Send + 'static {
        self.cluster.watch_accounts()
    }

    async fn service_account(
        &self,
        namespace: &str,
        name: &str,
    ) -> Result<Option<ServiceAccount>, ClusterError> {
        self.cluster.service_account(namespace, name).await
    }

    async fn annotate(
        &self,
        account: &ServiceAccount,
        role_arn: Option<&str>,
    ) -> Result<(), ClusterError> {
        self.check()?;
        self.cluster.annotate(account, role_arn).await
    }
}

impl<C: Events> Events for Fenced<C> {
    async fn notify<K: Kind>(
        &self,
        object: &Object<K>,
        notice: &Notice,
    ) -> Result<(), ClusterError> {
        self.cluster.notify(object, notice).await
    }
}

impl<C: LeaseNotes> LeaseNotes for Fenced<C> {
    async fn notes(&self) -> Result<Option<Notes>, ClusterError> {
        self.cluster.notes().await
    }

    async fn write_notes(&self, notes: &Notes) -> Result<Notes, ClusterError> {
        self.check()?;
        self.cluster.write_notes(notes).await
    }
}

#[cfg(test)]
mod tests;
