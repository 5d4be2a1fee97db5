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
//! # async fn example() -> Result<(), rolewright::plan::failure::ClusterError> {
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
pub mod crash;
pub mod faults;
pub mod iam;
#[cfg(test)]
pub mod kinds;
pub mod world;

pub use self::{
    clock::VirtualClock,
    cluster::FakeCluster,
    crash::Crash,
    faults::{Fault, Outcome, Rule},
    iam::{FakeIam, Recorded, account::Quotas, role::RoleState},
    world::{ACCOUNT, PARTITION, World},
};
