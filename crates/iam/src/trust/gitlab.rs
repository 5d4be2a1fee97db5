//! `gitlab`: jobs of GitLab CI/CD, on gitlab.com or on a server of one's own.
//!
//! Sources: GitLab Docs, "`OpenID` Connect (OIDC) Authentication Using ID Tokens" (subject; the ref
//! type is branch or tag, a merge request has none); IAM user guide, "IAM and AWS STS condition
//! context keys": only gitlab.com has further claims as condition keys.

use crate::account::Account;
use crate::finding::{Check, Field, Finding};
use crate::policy::{PrincipalKind, Statement};
use crate::quote::shown;

use crate::policy::sessions::ASSUME_ROLE_WITH_WEB_IDENTITY;
use crate::trust::claim;
use crate::trust::github::is_ref_name;
use crate::trust::{Compiled, Issuer, NAMES_ALONE, refused};

#[cfg(test)]
mod tests;

/// The shared service.
pub const HOST: &str = "gitlab.com";

/// The claims of gitlab.com that IAM knows as condition keys beside `aud` and `sub`.
pub const CLAIMS: [&str; 9] = [
    "namespace_id",
    "pipeline_source",
    "project_id",
    "ref_protected",
    "runner_environment",
    "user_access_level",
    "user_email",
    "user_id",
    "user_login",
];

/// The arguments of the grant, as the user wrote them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GitlabGrant<'a> {
    /// Host of the server; default [`HOST`].
    pub host: Option<&'a str>,
    /// Path of the project with all its groups, in the letter case that GitLab shows.
    pub project: &'a str,
    /// Its id: digits; gitlab.com only.
    pub project_id: Option<&'a str>,
    /// Branches, by their short names; `*` is any text, slashes too.
    pub branches: &'a [String],
    /// Tags, by their short names; `*` is any text.
    pub tags: &'a [String],
    /// Only branches and tags that GitLab protects; gitlab.com only.
    pub protected_only: bool,
    /// `aud` of the jobs' tokens; default `https://HOST`.
    pub audience: Option<&'a str>,
}

/// The statement of the grant.
///
/// # Errors
/// The first argument that is wrong.
pub fn statement(grant: &GitlabGrant<'_>, account: &Account) -> Result<Compiled, Finding> {
    let GitlabGrant { host, project, project_id, branches, tags, protected_only, audience } = grant;
    let host = host.unwrap_or(HOST);
    let issuer = Issuer::parse(&format!("https://{host}"), account).map_err(|_| no_host(host))?;
    if host.contains('/') {
        return Err(no_host(host));
    }
    if !is_project(project) {
        return Err(refused(
            "/project",
            format!("{} is no path of one project", shown(project)),
            "write GROUP/PROJECT with all groups and without *",
        ));
    }
    let mut subjects = Vec::with_capacity(branches.len() + tags.len());
    for (field, kind, start, names) in
        [("/branches", "branch", "refs/heads/", branches), ("/tags", "tag", "refs/tags/", tags)]
    {
        for (index, name) in names.iter().enumerate() {
            if let Some(short) = name.strip_prefix(start) {
                return Err(refused(
                    Field::of(field).item(index),
                    format!("{} is a full ref, and GitLab sends the short name", shown(name)),
                    format!("write {}", shown(short)),
                ));
            }
            if !is_ref_name(name) || name.starts_with("refs/") {
                return Err(refused(
                    Field::of(field).item(index),
                    format!("{} is no name of a branch or tag", shown(name)),
                    "write it as Git shows it",
                ));
            }
            subjects.push(format!("project_path:{project}:ref_type:{kind}:ref:{name}"));
        }
    }
    if subjects.is_empty() {
        return Err(refused("", "the grant names no jobs", "add branches or tags"));
    }
    let audience = audience.map_or_else(|| format!("https://{host}"), str::to_owned);
    claim::exact(&audience, || Field::of("/audience"))?;
    let mut statement = Statement::allow([ASSUME_ROLE_WITH_WEB_IDENTITY])
        .principal(PrincipalKind::Federated, [issuer.principal()])
        .when("StringEquals", &issuer.key("aud"), [audience]);
    statement = claim::require(statement, false, &issuer.key("sub"), &subjects);
    let shared = host == HOST;
    if let Some(id) = project_id {
        if !shared {
            return Err(own_server("/projectId", host));
        }
        claim::digits(id, || Field::of("/projectId"))?;
        statement = statement.when("StringEquals", &issuer.key("project_id"), [*id]);
    }
    if *protected_only {
        if !shared {
            return Err(own_server("/protectedOnly", host));
        }
        statement = statement.when("StringEquals", &issuer.key("ref_protected"), ["true"]);
    }
    let names_alone = shared && project_id.is_none();
    let warning = names_alone.then(|| {
        Finding::warning(Check::NAMES_ALONE, "/projectId", NAMES_ALONE).with_remedy("add projectId")
    });
    Ok(Compiled { statement, warnings: warning.into_iter().collect() })
}

fn no_host(host: &str) -> Finding {
    refused(
        "/host",
        format!("{} is no host", shown(host)),
        "write a name such as gitlab.example.com, without https:// and path",
    )
}

/// A claim that IAM reads from gitlab.com only.
fn own_server(field: &str, host: &str) -> Finding {
    let host = shown(host);
    let message =
        format!("IAM reads it from tokens of gitlab.com only, so with {host} it could never match");
    refused(field, message, "remove it")
}

/// Two or more names of `[A-Za-z0-9_.-]` between single slashes, at most 1,024 characters.
fn is_project(path: &str) -> bool {
    let name = |name: &str| {
        !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_.-".contains(&b))
    };
    path.len() <= 1024 && path.contains('/') && path.split('/').all(name)
}
