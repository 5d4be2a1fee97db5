//! `oidc`: tokens of any issuer that the account has an identity provider for.
//!
//! Source: IAM user guide, "IAM and AWS STS condition context keys", section "Available keys for
//! AWS OIDC federation": which claims are condition keys. Of most issuers only `aud` and `sub` are.

use std::collections::BTreeMap;

use crate::account::Account;
use crate::finding::{Check, Field, Finding};
use crate::nearest::nearest;
use crate::policy::{PrincipalKind, Statement};
use crate::quote::shown;

use crate::policy::sessions::{ASSUME_ROLE_WITH_WEB_IDENTITY, TAG_SESSION};
use crate::trust::issuer::{COGNITO, GOOGLE};
use crate::trust::{Compiled, Issuer, refused};
use crate::trust::{claim, github, gitlab, subject};

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
    /// The token may hold session tags.
    pub tag_session: bool,
}

/// The statement of the grant.
///
/// # Errors
/// The first argument that is wrong.
pub fn statement(grant: &OidcGrant<'_>, account: &Account) -> Result<Compiled, Finding> {
    let OidcGrant { issuer, audiences, subjects, claims, tag_session } = grant;
    let issuer =
        Issuer::parse(issuer, account).map_err(|finding| finding.within(&Field::of("/issuer")))?;
    if audiences.is_empty() {
        return Err(refused(
            "/audiences",
            "it is empty, so tokens made for anything else would match",
            "add the audience of your tokens",
        ));
    }
    if subjects.is_empty() {
        return Err(refused(
            "/subjects",
            "it is empty, so everybody known to the issuer would match",
            "add a subject",
        ));
    }
    for (index, audience) in audiences.iter().enumerate() {
        claim::exact(audience, || Field::of("/audiences").item(index))?;
    }
    for (index, subject) in subjects.iter().enumerate() {
        subject::check(&issuer, subject)
            .map_err(|finding| finding.within(&Field::of("/subjects").item(index)))?;
    }
    let actions = [ASSUME_ROLE_WITH_WEB_IDENTITY].into_iter();
    let mut statement = Statement::allow(actions.chain(tag_session.then_some(TAG_SESSION)))
        .principal(PrincipalKind::Federated, [issuer.principal()])
        .when("StringEquals", &issuer.audience_key(), audiences.iter());
    statement = claim::require(statement, false, &issuer.subject_key(), subjects);
    for (name, values) in *claims {
        check_claim(&issuer, name)?;
        if values.is_empty() {
            let field = Field::of("/claims").quoted(name);
            return Err(refused(field, "it has no values, so nothing could match", "add one"));
        }
        for (index, value) in values.iter().enumerate() {
            claim::pattern(value, || Field::of("/claims").name(name).item(index))?;
        }
        statement = claim::require(statement, name == "amr", &issuer.key(name), values);
    }
    let warnings = audiences.iter().enumerate().filter_map(|(index, audience)| {
        google(&issuer, audience, &Field::of("/audiences").item(index))
    });
    Ok(Compiled { statement, warnings: warnings.collect() })
}

/// Of Google's tokens IAM compares `aud` with the claim `azp` where there is one, and `oaud` with
/// the token's own `aud`.
fn google(issuer: &Issuer, audience: &str, field: &Field) -> Option<Finding> {
    let client = audience.ends_with(".apps.googleusercontent.com")
        || (!audience.is_empty() && audience.bytes().all(|b| b.is_ascii_digit()));
    if issuer.key_prefix() != GOOGLE || client {
        return None;
    }
    let message = format!(
        "IAM compares it with the azp of Google's tokens, which is the id of a client or of a \
         service account, and {} is none",
        shown(audience)
    );
    let remedy = "write that id, and what your tokens were made for under claims.oaud";
    Some(Finding::warning(Check::AUDIENCE, field, message).with_remedy(remedy))
}

fn check_claim(issuer: &Issuer, name: &str) -> Result<(), Finding> {
    for (key, field) in [(issuer.audience_key(), "audiences"), (issuer.subject_key(), "subjects")] {
        let claim = key.rsplit(':').next().unwrap_or_default();
        if name == claim {
            return Err(claim::of_field(&Field::of("/claims").name(claim), field));
        }
    }
    let known = known_claims(issuer.key_prefix());
    if known.contains(&name) {
        return Ok(());
    }
    let near = nearest(name, known.iter().copied());
    let remedy = if known.is_empty() {
        "remove it".to_owned()
    } else {
        format!("write {}", near.map_or_else(|| known.join(", "), str::to_owned))
    };
    let message = "IAM knows no such claim of this issuer, so it could never match";
    Err(refused(Field::of("/claims").quoted(name), message, remedy))
}

/// The claims of an issuer, by host and path, that are condition keys.
fn known_claims(key_prefix: &str) -> &'static [&'static str] {
    let host = key_prefix.split('/').next().unwrap_or_default();
    match host {
        "github.com" => &github::CLAIMS,
        _ if subject::is_github(key_prefix) => &github::CLAIMS,
        gitlab::HOST => &gitlab::CLAIMS,
        GOOGLE => &["email", "google/organization_number", "oaud"],
        COGNITO => &["amr"],
        "graph.facebook.com" | "www.amazon.com" => &[],
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
