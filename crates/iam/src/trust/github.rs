//! `githubActions`: jobs of GitHub Actions on github.com.
//!
//! Sources: GitHub Docs, "`OpenID` Connect reference" (claims, forms of the subject, `:` becomes
//! `%3A`); IAM user guide, "IAM and AWS STS condition context keys" (claims that are condition
//! keys). Since 2026 new, renamed and moved repositories send subjects with ids
//! (`repo:OWNER@ID/REPOSITORY@ID:…`), so both forms are known here.

use std::collections::BTreeMap;

use crate::account::Account;
use crate::finding::{Check, Field, Finding};
use crate::nearest::nearest;
use crate::policy::{PrincipalKind, Statement};
use crate::quote::shown;

use crate::trust::claim::{self, Flaw};
use crate::trust::{ASSUME_ROLE_WITH_WEB_IDENTITY, Compiled, NAMES_ALONE, refused};

#[cfg(test)]
mod tests;

/// Host of the issuer, and prefix of its condition keys.
pub const ISSUER: &str = "token.actions.githubusercontent.com";
/// The audience that `aws-actions/configure-aws-credentials` asks for.
pub const AUDIENCE: &str = "sts.amazonaws.com";

/// The claims that IAM knows as condition keys beside `aud` and `sub`; any other can never match.
pub const CLAIMS: [&str; 10] = [
    "actor",
    "actor_id",
    "enterprise_id",
    "environment",
    "job_workflow_ref",
    "ref",
    "repository",
    "repository_id",
    "repository_owner_id",
    "workflow",
];

/// Claims that a field of the grant speaks of, and the field.
const FIELDS: [(&str, &str); 7] = [
    ("aud", "nothing, it is always sts.amazonaws.com"),
    ("sub", "refs, environments and pullRequests"),
    ("environment", "environments"),
    ("job_workflow_ref", "reusableWorkflow"),
    ("repository", "owner and repository"),
    ("repository_id", "repositoryId"),
    ("repository_owner_id", "ownerId"),
];

/// The arguments of the grant, as the user wrote them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GithubGrant<'a> {
    /// User or organization, in the letter case that GitHub shows.
    pub owner: &'a str,
    /// Its id: digits.
    pub owner_id: Option<&'a str>,
    /// Repository, without the owner, in the letter case that GitHub shows.
    pub repository: &'a str,
    /// Its id: digits.
    pub repository_id: Option<&'a str>,
    /// `refs/heads/…` and `refs/tags/…`; `*` is any text, slashes too.
    pub refs: &'a [String],
    /// Deployment environments; `*` is any text.
    pub environments: &'a [String],
    /// Jobs of pull requests, whatever their branch.
    pub pull_requests: bool,
    /// `OWNER/REPOSITORY/.github/workflows/FILE@REF`: only jobs that this reusable workflow
    /// defines; `*` within the ref.
    pub reusable_workflow: Option<&'a str>,
    /// Which form of subjects to accept.
    pub subject_format: Option<SubjectFormat>,
    /// Further claims of [`CLAIMS`] and their values; `*` is any text.
    pub claims: &'a BTreeMap<String, Vec<String>>,
}

/// The forms of a subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SubjectFormat {
    /// `repo:OWNER/REPOSITORY:…`
    Classic,
    /// `repo:OWNER@ID/REPOSITORY@ID:…`
    Immutable,
    /// Either.
    Both,
}

/// The statement of the grant: audience, subjects, the ids where given, the workflow and the claims
/// must all match.
///
/// # Errors
/// The first argument that is wrong.
pub fn statement(grant: &GithubGrant<'_>, account: &Account) -> Result<Compiled, Finding> {
    let Account { id, partition } = account;
    let mut statement = Statement::allow([ASSUME_ROLE_WITH_WEB_IDENTITY])
        .principal(
            PrincipalKind::Federated,
            [format!("arn:{partition}:iam::{id}:oidc-provider/{ISSUER}")],
        )
        .when("StringEquals", &key("aud"), [AUDIENCE]);
    statement = claim::require(statement, false, &key("sub"), &subjects(grant)?);
    for (field, name, value) in [
        ("/ownerId", "repository_owner_id", grant.owner_id),
        ("/repositoryId", "repository_id", grant.repository_id),
    ] {
        if let Some(value) = value {
            claim::digits(value, || Field::of(field))?;
            statement = statement.when("StringEquals", &key(name), [value]);
        }
    }
    if let Some(workflow) = grant.reusable_workflow {
        if !is_workflow(workflow) {
            return Err(refused(
                "/reusableWorkflow",
                format!("{} is no workflow", shown(workflow)),
                "write OWNER/REPOSITORY/.github/workflows/FILE.yml@refs/heads/NAME, \
                 @refs/tags/NAME or @COMMIT, with * in NAME only",
            ));
        }
        statement =
            claim::require(statement, false, &key("job_workflow_ref"), &[workflow.to_owned()]);
    }
    for (name, values) in grant.claims {
        let name = known_claim(name)?;
        let field = Field::of("/claims").name(name);
        if values.is_empty() {
            return Err(refused(field, "it has no values, so nothing could match", "add one"));
        }
        for (index, value) in values.iter().enumerate() {
            if name == "ref" && !is_ref(value) {
                return Err(Flaw::Ref.found(Check::GRANT, field.item(index), value));
            }
            if name.ends_with("_id") {
                claim::digits(value, || field.item(index))?;
            } else {
                claim::pattern(value, || field.item(index))?;
            }
        }
        statement = claim::require(statement, false, &key(name), values);
    }
    let warning = grant.repository_id.is_none().then(|| {
        // Two fields would pin it, so the warning is about the grant.
        let fields = "ownerId and repositoryId";
        Finding::warning(Check::NAMES_ALONE, "", NAMES_ALONE)
            .with_subject(fields)
            .with_remedy(format!("add {fields}"))
    });
    Ok(Compiled { statement, warnings: warning.into_iter().collect() })
}

fn key(claim: &str) -> String {
    format!("{ISSUER}:{claim}")
}

fn subjects(grant: &GithubGrant<'_>) -> Result<Vec<String>, Finding> {
    let GithubGrant { owner, repository, refs, environments, .. } = grant;
    if !is_owner(owner) {
        return Err(refused(
            "/owner",
            format!("{} is no user or organization of GitHub", shown(owner)),
            "write one name of letters, digits and -",
        ));
    }
    if !is_repository(repository) {
        return Err(refused(
            "/repository",
            format!("{} is no repository of GitHub", shown(repository)),
            "write one name without owner, of letters, digits and ._-",
        ));
    }
    let mut tails = Vec::new();
    for (index, name) in refs.iter().enumerate() {
        check_ref(index, name)?;
        tails.push(format!("ref:{name}"));
    }
    for (index, name) in environments.iter().enumerate() {
        claim::pattern(name, || Field::of("/environments").item(index))?;
        tails.push(format!("environment:{}", name.replace(':', "%3A")));
    }
    if grant.pull_requests {
        tails.push("pull_request".to_owned());
    }
    if tails.is_empty() {
        let remedy = "add refs, environments or pullRequests";
        return Err(refused("", "the grant names no jobs", remedy));
    }
    let classic = format!("repo:{owner}/{repository}");
    let immutable = match (grant.owner_id, grant.repository_id) {
        (Some(owner_id), Some(id)) => Some(format!("repo:{owner}@{owner_id}/{repository}@{id}")),
        _ => None,
    };
    let heads = match (grant.subject_format, immutable) {
        (None | Some(SubjectFormat::Both), Some(immutable)) => vec![classic, immutable],
        (None | Some(SubjectFormat::Classic), _) => vec![classic],
        (Some(SubjectFormat::Immutable), Some(immutable)) => vec![immutable],
        (Some(SubjectFormat::Immutable), None) => return Err(no_ids("Immutable")),
        (Some(SubjectFormat::Both), None) => return Err(no_ids("Both")),
    };
    Ok(heads
        .iter()
        .flat_map(|head| tails.iter().map(move |tail| format!("{head}:{tail}")))
        .collect())
}

/// Subjects with ids need ids.
fn no_ids(format: &str) -> Finding {
    let message = format!("{format} needs ownerId and repositoryId");
    refused("/subjectFormat", message, "add both, or write Classic")
}

fn check_ref(index: usize, name: &str) -> Result<(), Finding> {
    if is_ref(name) {
        return Ok(());
    }
    let whole = format!("refs/heads/{name}");
    let (message, remedy) = if name.starts_with("refs/pull/") {
        (
            format!("{} is a pull request, whose subject names no ref", shown(name)),
            "write pullRequests: true".to_owned(),
        )
    } else if !name.starts_with("refs/") && is_ref(&whole) && !name.contains('*') {
        (format!("{} is a short name", shown(name)), format!("write {}", shown(&whole)))
    } else {
        (
            format!("{} is no branch or tag", shown(name)),
            "write refs/heads/NAME or refs/tags/NAME, with * in NAME only".to_owned(),
        )
    };
    Err(refused(Field::of("/refs").item(index), message, remedy))
}

/// A full name of a branch or tag; `*` is taken in what follows `refs/heads/` or `refs/tags/`.
fn is_ref(name: &str) -> bool {
    ["refs/heads/", "refs/tags/"]
        .into_iter()
        .filter_map(|start| name.strip_prefix(start))
        .any(is_ref_name)
}

/// What Git takes in the name of a branch or tag (`git check-ref-format`), and `*`.
pub(super) fn is_ref_name(name: &str) -> bool {
    !name.is_empty()
        && !name.contains("..")
        && !name.contains('$')
        && !name.starts_with('/')
        && !name.contains("//")
        && !name.chars().any(|c| c.is_control() || " ~^:?[\\".contains(c))
}

fn is_workflow(text: &str) -> bool {
    let Some((path, at)) = text.split_once('@') else { return false };
    let mut parts = path.splitn(5, '/');
    let mut next = || parts.next().unwrap_or_default();
    let (owner, repository, folder, workflows, file) = (next(), next(), next(), next(), next());
    let stem = file.strip_suffix(".yml").or_else(|| file.strip_suffix(".yaml"));
    let is_commit =
        at.len() == 40 && at.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    is_owner(owner)
        && is_repository(repository)
        && (folder, workflows) == (".github", "workflows")
        && stem.is_some_and(|stem| is_ref_name(stem) && !stem.contains(['/', '*']))
        && (is_ref(at) || is_commit)
}

/// Letters, digits and `-`; `_` in the accounts of managed users. At most 39 characters.
fn is_owner(name: &str) -> bool {
    (1..=39).contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
}

/// At most 100 characters.
fn is_repository(name: &str) -> bool {
    (1..=100).contains(&name.len())
        && name != "."
        && name != ".."
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
}

fn known_claim(name: &str) -> Result<&'static str, Finding> {
    if let Some((claim, field)) = FIELDS.into_iter().find(|(claim, _)| *claim == name) {
        return Err(claim::of_field(&Field::of("/claims").name(claim), field));
    }
    CLAIMS.into_iter().find(|claim| *claim == name).ok_or_else(|| {
        let near = nearest(name, CLAIMS.into_iter());
        refused(
            Field::of("/claims").quoted(name),
            "IAM knows no such claim of GitHub, so it could never match",
            format!("write {}", near.map_or_else(|| CLAIMS.join(", "), str::to_owned)),
        )
    })
}
