//! `oidc`: tokens of any issuer that the account has an identity provider for.
//!
//! Source: IAM user guide, "IAM and AWS STS condition context keys", section "Available keys for
//! AWS OIDC federation": which claims are condition keys. Of most issuers only `aud` and `sub` are.

use std::collections::BTreeMap;

use crate::account::Account;
use crate::nearest::nearest;
use crate::policy::{PrincipalKind, Statement};
use crate::quote::shown;

use crate::trust::claim::{self, ValueError};
use crate::trust::subject::{self, SubjectError};
use crate::trust::{ASSUME_ROLE_WITH_WEB_IDENTITY, Issuer, IssuerError, github, gitlab};

#[cfg(test)]
mod tests;

/// Claims that IAM reads from tokens of any issuer, beside `aud` and `sub`.
const CLAIMS: [&str; 3] = ["amr", "email", "oaud"];

/// Claims of Buildkite.
const BUILDKITE: [&str; 7] = [
    "build_branch",
    "cluster_id",
    "cluster_name",
    "organization_id",
    "organization_slug",
    "pipeline_id",
    "pipeline_slug",
];

/// The arguments of the grant, as the user wrote them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OidcGrant<'a> {
    /// `https://HOST/PATH`, or the ARN of an identity provider of the account; placeholders are
    /// replaced.
    pub issuer: &'a str,
    /// Exact audiences: at least one.
    pub audiences: &'a [String],
    /// Subjects: at least one. A `*` stands after a `:` or `/` and never in the name of the
    /// organization.
    pub subjects: &'a [String],
    /// Further claims and their values; `*` is any text.
    pub claims: &'a BTreeMap<String, Vec<String>>,
}

/// Why the grant makes no statement.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OidcError {
    /// Not an issuer.
    #[error("issuer: {0}")]
    Issuer(#[from] IssuerError),
    /// Built into IAM: it has no ARN in an account.
    #[error("issuer: {} is built into IAM and is no provider of the account; use a \
        statement", shown(.0))]
    BuiltIn(String),
    /// No audience: any client of the issuer would match.
    #[error(
        "audiences: it is empty, so tokens made for anything else would match; add the audience of \
         your tokens"
    )]
    NoAudience,
    /// No subject: everybody that the issuer knows would match.
    #[error("subjects: it is empty, so everybody known to the issuer would match; add a subject")]
    NoSubject,
    /// A subject that is not taken.
    #[error("subjects[{index}]: {error}")]
    Subject {
        /// Place in the list, from 0.
        index: usize,
        /// Why.
        error: SubjectError,
    },
    /// A claim that a field speaks of.
    #[error("claims.{claim}: another field says this; write {field}")]
    ClaimOfField {
        /// The claim.
        claim: &'static str,
        /// The field.
        field: &'static str,
    },
    /// A claim that is no condition key.
    #[error("claims.{}: IAM knows no such claim of this issuer, so it could never match; write \
        {remedy}", shown(.claim))]
    UnknownClaim {
        /// The claim.
        claim: String,
        /// The nearest known claim, or all.
        remedy: String,
    },
    /// A claim without values.
    #[error("claims.{}: it has no values, so nothing could match; add one", shown(.0))]
    NoValues(String),
    /// A value.
    #[error(transparent)]
    Value(#[from] ValueError),
}

/// The statement of the grant.
///
/// # Errors
/// [`OidcError`] with the first argument that is wrong.
pub fn statement(grant: &OidcGrant<'_>, account: &Account) -> Result<Statement, OidcError> {
    let OidcGrant { issuer, audiences, subjects, claims } = grant;
    let issuer = Issuer::parse(issuer, account)?;
    if ["cognito-identity.amazonaws.com", "graph.facebook.com", "www.amazon.com"]
        .contains(&issuer.key_prefix())
    {
        return Err(OidcError::BuiltIn(issuer.key_prefix().to_owned()));
    }
    if audiences.is_empty() {
        return Err(OidcError::NoAudience);
    }
    if subjects.is_empty() {
        return Err(OidcError::NoSubject);
    }
    for (index, audience) in audiences.iter().enumerate() {
        claim::exact(format!("audiences[{index}]"), audience)?;
    }
    for (index, subject) in subjects.iter().enumerate() {
        subject::check(&issuer, subject).map_err(|error| OidcError::Subject { index, error })?;
    }
    let mut statement = Statement::allow([ASSUME_ROLE_WITH_WEB_IDENTITY])
        .principal(PrincipalKind::Federated, [issuer.provider_arn()])
        .when("StringEquals", &issuer.key("aud"), audiences.iter());
    statement = claim::require(statement, false, &issuer.key("sub"), subjects);
    for (name, values) in *claims {
        check_claim(&issuer, name)?;
        if values.is_empty() {
            return Err(OidcError::NoValues(name.clone()));
        }
        for (index, value) in values.iter().enumerate() {
            claim::pattern(format!("claims.{name}[{index}]"), value)?;
        }
        statement = claim::require(statement, name == "amr", &issuer.key(name), values);
    }
    Ok(statement)
}

fn check_claim(issuer: &Issuer, name: &str) -> Result<(), OidcError> {
    for (claim, field) in [("aud", "audiences"), ("sub", "subjects")] {
        if name == claim {
            return Err(OidcError::ClaimOfField { claim, field });
        }
    }
    let known = known_claims(issuer.key_prefix());
    if known.contains(&name) {
        return Ok(());
    }
    let remedy =
        nearest(name, known.iter().copied()).map_or_else(|| known.join(", "), str::to_owned);
    Err(OidcError::UnknownClaim { claim: name.to_owned(), remedy })
}

/// The claims of an issuer, by host and path, that are condition keys.
fn known_claims(key_prefix: &str) -> &'static [&'static str] {
    let host = key_prefix.split('/').next().unwrap_or_default();
    match host {
        "github.com" => &github::CLAIMS,
        _ if subject::is_github(key_prefix) => &github::CLAIMS,
        gitlab::HOST => &gitlab::CLAIMS,
        "accounts.google.com" => &["email", "google/organization_number", "oaud"],
        "agent.buildkite.com" => &BUILDKITE,
        _ if host.starts_with("agent.") && host.ends_with(".buildkite.site") => &BUILDKITE,
        _ if host.starts_with("agent.") && host.ends_with(".buildkite.dev") => &BUILDKITE,
        "oidc.circleci.com" => &["oidc.circleci.com/project-id"],
        _ if host.starts_with("idcs-") && host.ends_with(".identity.oraclecloud.com") => {
            &["rpst_id"]
        }
        _ => &CLAIMS,
    }
}
