//! Trust: compilers from the arguments of a grant to statements, one file a grant, and the limits
//! of the built-in class.
//!
//! Pure and without Kubernetes types. Statements get no Sid: in a trust policy made of named grants
//! the names stay in the resource. What a user writes by hand (`statement`) and what the compilers
//! make passes through `limits::check` alike.

pub mod claim;
pub mod github;
pub mod gitlab;
pub mod issuer;
pub mod limits;
pub mod oidc;
pub mod pod_identity;
pub mod principals;
pub mod provider;
pub mod saml;
pub mod service;
pub mod service_account;
pub mod subject;
#[cfg(test)]
mod tests;

pub use issuer::Issuer;

use crate::finding::{Check, Field, Finding};
use crate::policy::Statement;

/// A statement, and what its author should know about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compiled {
    /// The statement.
    pub statement: Statement,
    /// What may surprise, with its field of the grant; the statement is good all the same.
    pub warnings: Vec<Finding>,
}

/// Why a grant makes no statement, with its field of the grant.
fn refused(
    field: impl Into<Field>,
    message: impl Into<String>,
    remedy: impl Into<String>,
) -> Finding {
    Finding::error(Check::GRANT, field, message).with_remedy(remedy)
}

/// A name can change hands: whoever takes over a renamed owner, group or repository would match.
const NAMES_ALONE: &str = "the grant goes by names alone, and whoever takes over a name that was \
    given up would match";
