//! A strict fake of IAM and of the API server on a virtual clock, for tests of everything that goes
//! through [`crate::ports`]. The shipped binary never contains it.
//!
//! ```text
//!            World
//!       /      |      \
//!  FakeIam  FakeCluster  VirtualClock      what the controller gets through its ports
//!       \      |
//!        Crash               numbers the writes of both, and stops the controller at one of them
//! ```
//!
//! - The fake behaves as the IAM API reference and user guide say; its own tests hold it to that,
//!   row by row.
//! - Each fake has two sides: the port, which is logged, counted, slow, stale and faulty on demand;
//!   and the hand of the test behind the controller's back (`put_role`, `apply`, …), which is
//!   immediate and never logged.
//! - Everything is deterministic: one seed and one order of calls give one history. Time is tokio's
//!   paused time, so a test needs `#[tokio::test(start_paused = true)]`.
//!
//! ```no_run
//! # use rolewright::{api::ResourceKey, sim::World};
//! # async fn example() -> Result<(), rolewright::ports::ClusterError> {
//! let world = World::new();
//! let key = ResourceKey { namespace: "team-a".into(), name: "billing".into() };
//! world.cluster.apply(&key, r#"{"trust": []}"#)?;
//! world.iam.stop_at_write(1, true);
//! // start the controller on clones of `world.iam`, `world.cluster` and `world.clock`, then:
//! world.crash.crashed().await;
//! // drop the controller, and start another one with empty memory:
//! world.restart();
//! # Ok(())
//! # }
//! ```

pub mod clock;
pub mod cluster;
mod cluster_accounts;
mod cluster_edit;
mod cluster_rules;
#[cfg(test)]
mod cluster_tests;
pub mod crash;
pub mod faults;
pub mod iam;
mod iam_account;
#[cfg(test)]
mod iam_create_tests;
mod iam_edit;
mod iam_read;
#[cfg(test)]
mod iam_read_tests;
mod iam_role;
mod iam_rules;
#[cfg(test)]
mod iam_tests;
mod iam_trust;
#[cfg(test)]
mod iam_trust_tests;
#[cfg(test)]
mod world_tests;

pub use clock::VirtualClock;
pub use cluster::FakeCluster;
pub use crash::Crash;
pub use faults::{Fault, Outcome, Rule};
pub use iam::{FakeIam, Recorded};
pub use iam_account::Quotas;
pub use iam_role::RoleState;

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
        let iam = FakeIam::new(ACCOUNT, PARTITION, clock.clone(), crash.clone());
        iam.seed(seed);
        let cluster = FakeCluster::new(clock.clone(), crash.clone());
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
