//! rolewright: AWS IAM roles, kept as written.
//!
//! A pure core decides; thin adapters talk to AWS and to Kubernetes; a driver carries decisions out
//! one step at a time.
//!
//! ```text
//!            IAMRole               what AWS has            now
//!               |                       |                   |
//! api  ->  plan::form::desired    plan::form::observed      |
//!               \                       /                   |
//!            plan::steps::diff  ->  Plan = [Step, Step, …]  |
//!                       |                                   |
//!             controller::pass::drive  (step by step)       |
//!                  |            |                           |
//!            ports::Iam*    ports::Cluster            ports::Clock
//!              |    \          /    |                       |
//!           aws::*   sim::*   sim::*   cluster::*         clock
//! ```
//!
//! Imports point from a higher layer to a lower one only; `tests/layers/` holds the table.

pub mod accounts;
pub mod api;
pub mod aws;
pub mod cli;
pub mod clock;
pub mod cluster;
pub mod controller;
pub mod election;
pub mod metrics;
pub mod pace;
pub mod plan;
pub mod ports;
pub mod server;
pub mod settings;
#[cfg(any(test, feature = "sim"))]
pub mod sim;
pub mod telemetry;
pub mod yaml;
