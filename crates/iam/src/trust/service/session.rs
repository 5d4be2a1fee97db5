//! What services do with the sessions that they make, beside making them.
//!
//! A service that tags its sessions, or sets a source identity or a context, needs the right in the
//! trust policy: without it each of its calls of `AssumeRole` is denied. A service is here only
//! when its own documentation shows a role trust policy with that action for its principal. One
//! that needs it for some of its roles alone is here where nothing tells these roles apart, and no
//! wider use of the service would be let in by it: the service itself decides what it sets.
//! Services of which only one feature needs it (web apps of Transfer Family) are left to
//! `statement`.

use crate::policy::sessions::{SET_CONTEXT, SET_SOURCE_IDENTITY, TAG_SESSION};
use crate::trust::service::name::short_name;

/// A service principal without its suffix, the actions beside `sts:AssumeRole`, and the page of the
/// AWS documentation that shows them, as of 2026-11-30. Those of `access-grants.s3`,
/// `application.qbusiness`, `lakeformation` and `q` were seen only as public copies quote them.
pub const SESSIONS: [(&str, &[&str], &str); 8] = [
    (
        "access-grants.s3",
        &[SET_CONTEXT, SET_SOURCE_IDENTITY],
        "Amazon S3 User Guide: Register a location",
    ),
    (
        "application.qbusiness",
        &[SET_CONTEXT],
        "Amazon Q Business User Guide: IAM role for an Amazon Q Business web experience",
    ),
    ("capabilities.eks", &[TAG_SESSION], "Amazon EKS User Guide: Amazon EKS capability IAM role"),
    (
        "datazone",
        &[SET_CONTEXT, TAG_SESSION],
        "Amazon SageMaker Unified Studio Administrator Guide: AmazonSageMakerDomainExecution role",
    ),
    ("eks", &[TAG_SESSION], "Amazon EKS User Guide: Amazon EKS Auto Mode cluster IAM role"),
    (
        "lakeformation",
        &[SET_CONTEXT, SET_SOURCE_IDENTITY],
        "AWS Lake Formation Developer Guide: Requirements for roles used to register locations",
    ),
    ("q", &[SET_CONTEXT], "Amazon Q Developer User Guide: Create a role to delegate permissions"),
    (
        "rolesanywhere",
        &[SET_SOURCE_IDENTITY, TAG_SESSION],
        "IAM Roles Anywhere User Guide: The IAM Roles Anywhere trust model",
    ),
];

/// The actions that the service needs beside `sts:AssumeRole`.
#[must_use]
pub fn actions(service: &str) -> &'static [&'static str] {
    let name = short_name(service);
    let known = SESSIONS.iter().find(|(known, _, _)| name == Some(known));
    known.map_or(&[], |(_, actions, _)| actions)
}
