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
pub mod saml;
pub mod service;
pub mod service_account;
pub mod subject;
#[cfg(test)]
mod tests;

pub use issuer::{Issuer, IssuerError};

use crate::policy::Statement;
use crate::quote::shown;

/// Ordinary sessions.
pub const ASSUME_ROLE: &str = "sts:AssumeRole";
/// Sessions from an OIDC token.
pub const ASSUME_ROLE_WITH_WEB_IDENTITY: &str = "sts:AssumeRoleWithWebIdentity";
/// Sessions from a SAML assertion.
pub const ASSUME_ROLE_WITH_SAML: &str = "sts:AssumeRoleWithSAML";
/// Session tags.
pub const TAG_SESSION: &str = "sts:TagSession";
/// A source identity for the session.
pub const SET_SOURCE_IDENTITY: &str = "sts:SetSourceIdentity";

/// A statement, and what its author should know about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compiled {
    /// The statement.
    pub statement: Statement,
    /// What may surprise; the statement is good all the same.
    pub warnings: Vec<Warning>,
}

/// Something that is allowed and may still surprise. The text begins with the field of the grant.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Warning {
    /// A name can change hands: who takes over a renamed owner, group or repository would match.
    #[error(
        "{field}: the grant goes by names alone, and whoever takes over a name that was given up \
         would match; add {field}"
    )]
    NamesAlone {
        /// The fields that would pin it.
        field: &'static str,
    },
    /// `Auto` added no condition.
    #[error(
        "sourceAccount: {} is not known to send aws:SourceAccount, so nothing holds it to this \
         account; write Own if it does, \
         None if it does not, or add sourceArns",
        shown(.service)
    )]
    SourceAccountNotKnown {
        /// The service.
        service: String,
    },
}
