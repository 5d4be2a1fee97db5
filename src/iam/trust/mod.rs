//! Trust: compilers from the arguments of a grant to statements, one file a grant, and the limits of the built-in class.
//!
//! Pure and without Kubernetes types. Statements get no Sid: in a trust policy made of named grants the names stay in the
//! resource. What a user writes by hand (`statement`) and what the compilers make passes through `limits::check` alike.

pub mod issuer;
pub mod limits;
pub mod principals;
pub mod service;
pub mod service_account;

pub use issuer::{Issuer, IssuerError};

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
