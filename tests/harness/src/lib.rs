//! A running system for tests: a real API server, an AWS stand-in and the built controller.
//!
//! ```text
//! Cluster::shared()      one control plane and one stand-in for all tests of a test binary
//!   .scope("drift")      a test's own namespace, AWS account and installation name
//!     .controller(&[])   a controller process of its own
//! ```
//!
//! Nothing is left behind, also after SIGKILL: every process hangs on a pipe of the test process
//! (`process.rs`). A test target includes this folder with `#[path = "../harness/mod.rs"] mod
//! harness;` and says at its root which binary is the controller: `const BIN: &str =
//! env!("CARGO_BIN_EXE_rolewright");`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    clippy::must_use_candidate,
    clippy::return_self_not_must_use,
    reason = "a test that cannot start its system fails"
)]

mod audit;
mod aws;
mod cluster;
mod controller;
mod controlplane;
mod faults;
mod grants;
mod http;
mod kube_controllers;
mod kubectl;
mod managed;
mod process;
mod rights;
mod setup;
mod standin;
mod wait;
pub mod world;

pub use audit::AuditWrite;
pub use aws::AwsCli;
pub use cluster::{CONTROLLERS, Cluster, Scope};
pub use controller::{Controller, ControllerConfig};
pub use controlplane::{ADMIN, CONTROLLER, ControlPlane};
pub use faults::{Fault, FaultKind};
pub use grants::Grants;
pub use http::Answer;
pub use kube_controllers::KubeControllers;
pub use kubectl::{Kubectl, Output};
pub use managed::managed_policies;
pub use process::{Folder, Supervised, free_ports};
pub use rights::{Right, all_rules, given, rules};
pub use setup::{assets, gitops_crds, helm, image_env, judge, program, promtool, repository, venv};
pub use standin::{Account, Call, SECRET, Standin, Target};
pub use wait::{eventually, wait_until};
