//! The account, the cluster and the clock of a test together.

use jiff::SignedDuration;

use super::{Crash, FakeCluster, FakeIam, VirtualClock};

/// Account id that [`World::new`] uses.
pub const ACCOUNT: &str = "123456789012";
/// Partition that [`World::new`] uses.
pub const PARTITION: &str = "aws";

/// One account, one cluster and one clock, sharing one [`Crash`].
#[derive(Clone, Debug)]
pub struct World {
    /// The AWS side.
    pub iam: FakeIam,
    /// The Kubernetes side.
    pub cluster: FakeCluster,
    /// The time of both.
    pub clock: VirtualClock,
    /// Numbers the writes of both sides.
    pub crash: Crash,
}

impl World {
    /// An empty world with constant jitter; call it inside a runtime with paused time.
    #[must_use]
    pub fn new() -> Self {
        Self::seeded(0)
    }

    /// An empty world whose random choices (jitter, short pages, lags, order of lists) follow from
    /// `seed`.
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        let clock = VirtualClock::seeded(seed);
        let crash = Crash::new();
        // Whoever sets the controller's clock does not set theirs.
        let theirs = clock.skewed(SignedDuration::ZERO);
        let iam = FakeIam::new(ACCOUNT, PARTITION, theirs.clone(), crash.clone());
        iam.seed(seed);
        let cluster = FakeCluster::new(theirs, crash.clone());
        Self { iam, cluster, clock, crash }
    }

    /// Brings the controller's machine back after a crash. Drop everything of the crashed
    /// controller first.
    pub fn restart(&self) {
        self.crash.restart();
    }

    /// The same AWS and the same cluster for a second process, which crashes on its own.
    #[must_use]
    pub fn second_process(&self) -> Self {
        let crash = Crash::new();
        Self {
            iam: self.iam.client(crash.clone()),
            cluster: self.cluster.client(crash.clone()),
            clock: self.clock.clone(),
            crash,
        }
    }

    /// Writes so far on both sides, by all processes; clearing the logs does not reset it.
    #[must_use]
    pub fn write_count(&self) -> u64 {
        self.iam.write_count().saturating_add(self.cluster.write_count())
    }
}

impl Default for World {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests;
