//! The loop of the election: reads and writes the Lease, lets [`crate::election::candidate`]
//! decide, and tells the rest of the process through [`Standing`]. Who has lost the lease does not
//! run again: the process ends, and what it remembers with it.

use std::{pin::pin, time::Duration};

use tokio::{
    sync::watch,
    time::{Instant, sleep, timeout},
};
use tracing::{debug, info, warn};

use crate::{
    election::{
        candidate::{Candidate, Move},
        leadership::{SetBack, Standing},
        pulse::Heart,
    },
    plan::{failure::ClusterError, lease::Timing},
    ports::{Clock, Lease},
};

/// This process led and does no longer.
#[derive(Debug, thiserror::Error)]
#[error(
    "the lease is lost, {0}: another replica may lead, so nothing more is written, and this \
     process ends to start again"
)]
pub struct LeaseLost(String);

/// One process's part in an election.
pub struct Election<L, K> {
    lease: L,
    clock: K,
    timing: Timing,
    candidate: Candidate,
    standing: watch::Sender<Standing>,
    set_back: SetBack,
    begin: Instant,
    /// The record may have changed since it was read.
    stale: bool,
    /// Why the last request failed; empty when it did not.
    trouble: String,
}

impl<L: Lease, K: Clock> Election<L, K> {
    /// `identity` is this process's alone.
    pub fn new(
        lease: L,
        clock: K,
        identity: String,
        timing: Timing,
        standing: watch::Sender<Standing>,
        set_back: SetBack,
    ) -> Self {
        let candidate = Candidate::new(identity, timing);
        Self {
            lease,
            clock,
            timing,
            candidate,
            standing,
            set_back,
            begin: Instant::now(),
            stale: true,
            trouble: String::new(),
        }
    }

    /// Runs until `leave` turns true, and gives the lease back then: whoever says so has stopped
    /// writing.
    ///
    /// # Errors
    /// [`LeaseLost`].
    pub async fn run(
        mut self,
        mut leave: watch::Receiver<bool>,
        mut heart: Heart,
    ) -> Result<(), LeaseLost> {
        loop {
            let wait = match self.turn().await {
                Ok(wait) => wait,
                Err(lost) => {
                    let _ = self.standing.send(Standing::Over);
                    return Err(lost);
                }
            };
            let mut wake = pin!(sleep(wait));
            loop {
                tokio::select! {
                    biased;
                    true = asked_to_leave(&mut leave) => {
                        self.release().await;
                        return Ok(());
                    }
                    () = heart.beat() => {}
                    () = &mut wake => break,
                }
            }
        }
    }

    fn elapsed(&self) -> Duration {
        self.begin.elapsed()
    }

    fn leads(&self) -> bool {
        self.candidate.until().is_some()
    }

    /// The longest that the next request may take.
    fn limit(&self) -> Duration {
        let left = self
            .candidate
            .until()
            .map_or(Duration::MAX, |until| until.saturating_sub(self.elapsed()));
        self.timing.request().min(left)
    }

    /// One look or claim. Answers how long to wait for the next.
    async fn turn(&mut self) -> Result<Duration, LeaseLost> {
        if self.stale {
            match bounded(self.limit(), self.lease.read()).await {
                Ok(record) => {
                    let before = self.candidate.holder().to_owned();
                    if self.candidate.saw(record, self.elapsed()) && self.leads() {
                        self.set_back.tell();
                    }
                    self.stale = false;
                    self.trouble.clear();
                    self.note_holder(&before);
                }
                Err(error) => {
                    self.complain(&error);
                    if !self.leads() {
                        self.follow(None);
                        return Ok(self.timing.retry_period);
                    }
                }
            }
        }
        let now = self.elapsed();
        match self.candidate.decide(now) {
            Move::Acquire | Move::Renew => Ok(self.claim(now).await),
            Move::Wait(left) => {
                self.stale = true;
                self.follow(Some(Instant::now() + self.timing.duration));
                Ok(left.min(self.timing.retry_period))
            }
            Move::Lost => Err(LeaseLost(self.why_lost(now))),
        }
    }

    async fn claim(&mut self, sent: Duration) -> Duration {
        let claim = self.candidate.claim(self.clock.now());
        let led = self.leads();
        match bounded(self.limit(), self.lease.write(&claim)).await {
            Ok(record) => {
                self.candidate.wrote(record, sent, self.elapsed());
                self.trouble.clear();
                self.stale = !self.leads();
                if let Some(until) = self.candidate.until() {
                    let _ = self.standing.send(Standing::Leading { until: self.begin + until });
                    if !led {
                        info!(identity = %claim.holder, transitions = claim.transitions,
                            "this replica leads");
                    }
                }
            }
            Err(ClusterError::Conflict(_) | ClusterError::Gone) => {
                debug!("the lease has changed since it was read");
                self.stale = true;
                if led {
                    return Duration::ZERO;
                }
            }
            // It may have been taken all the same: the next turn reads first.
            Err(error) => {
                self.stale = true;
                self.complain(&error);
                if !led {
                    self.follow(None);
                }
            }
        }
        let now = self.elapsed();
        let wait = self.timing.retry_period.saturating_sub(now.saturating_sub(sent));
        self.candidate.until().map_or(wait, |until| wait.min(until.saturating_sub(now)))
    }

    fn why_lost(&self, now: Duration) -> String {
        if self.candidate.until().is_some_and(|until| now >= until) {
            let why =
                if self.trouble.is_empty() { "the process was suspended" } else { &self.trouble };
            return format!(
                "because it was not renewed for {:?} ({why})",
                self.timing.renew_deadline
            );
        }
        match self.candidate.holder() {
            "" => "because somebody deleted or emptied it".into(),
            other => format!("because {other} has taken it"),
        }
    }

    /// Gives the lease back: another may begin at once.
    async fn release(&mut self) {
        let _ = self.standing.send(Standing::Over);
        let limit = self.limit();
        let Some(claim) = self.candidate.release(self.clock.now()) else { return };
        match bounded(limit, self.lease.write(&claim)).await {
            Ok(_) => info!("the lease is released"),
            Err(error) => info!(%error, "the lease could not be released and expires by itself"),
        }
    }

    /// Tells that we wait. A look that failed leaves the one before it as fresh as it was.
    fn follow(&self, fresh: Option<Instant>) {
        self.standing.send_modify(|standing| {
            let before = match standing {
                Standing::Following { fresh_until, .. } => *fresh_until,
                _ => None,
            };
            *standing = Standing::Following {
                holder: self.candidate.holder().to_owned(),
                fresh_until: fresh.or(before),
                trouble: self.trouble.clone(),
            };
        });
    }

    fn note_holder(&self, before: &str) {
        let holder = self.candidate.holder();
        if !self.leads() && !holder.is_empty() && holder != before {
            info!(%holder, "another replica leads; this one waits");
        }
    }

    /// Says what is wrong, once.
    fn complain(&mut self, error: &ClusterError) {
        let trouble = error.to_string();
        if trouble != self.trouble {
            warn!(%error, "the lease can't be read or written; retrying");
        }
        self.trouble = trouble;
    }
}

/// False when the one who could ask has gone without a word: then the lease runs out by itself.
async fn asked_to_leave(leave: &mut watch::Receiver<bool>) -> bool {
    leave.wait_for(|leave| *leave).await.is_ok()
}

async fn bounded<T>(
    limit: Duration,
    request: impl Future<Output = Result<T, ClusterError>>,
) -> Result<T, ClusterError> {
    timeout(limit, request).await.unwrap_or_else(|_| {
        Err(ClusterError::Unavailable(format!("no answer about the lease within {limit:?}")))
    })
}

#[cfg(test)]
mod tests;
