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

use crate::policy::sessions::ASSUME_ROLE_WITH_WEB_IDENTITY;
use crate::trust::claim::{self, Flaw};
use crate::trust::{Compiled, NAMES_ALONE, refused};

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
    /// One repository, without the owner, in the letter case that GitHub shows.
    pub repository: Option<&'a str>,
    /// Its id: digits.
    pub repository_id: Option<&'a str>,
    /// Several of them in place of the one: `NAME`, or `NAME@ID`.
    pub repositories: &'a [String],
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
    let repositories = repositories(grant)?;
    statement = claim::require(statement, false, &key("sub"), &subjects(grant, &repositories)?);
    if let Some(id) = grant.owner_id {
        claim::digits(id, || Field::of("/ownerId"))?;
        statement = statement.when("StringEquals", &key("repository_owner_id"), [id]);
    }
    let ids: Vec<&str> = repositories.iter().filter_map(|repository| repository.id).collect();
    let pinned = !ids.is_empty();
    if pinned {
        statement = statement.when("StringEquals", &key("repository_id"), ids);
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
    let warning = (!pinned).then(|| {
        // Two fields would pin it, so the warning is about the grant.
        let (fields, subject) = if grant.repositories.is_empty() {
            ("ownerId and repositoryId", "ownerId and repositoryId")
        } else {
            ("ownerId, and @ID behind each of repositories", "ownerId and repositories")
        };
        Finding::warning(Check::NAMES_ALONE, "", NAMES_ALONE)
            .with_subject(subject)
            .with_remedy(format!("add {fields}"))
    });
    Ok(Compiled { statement, warnings: warning.into_iter().collect() })
}

fn key(claim: &str) -> String {
    format!("{ISSUER}:{claim}")
}

/// One repository of a grant.
struct Repository<'a> {
    name: &'a str,
    id: Option<&'a str>,
}

/// The repositories of a grant, all of them with ids or none: jobs of one without would not pass
/// the condition on the ids of the others.
fn repositories<'a>(grant: &GithubGrant<'a>) -> Result<Vec<Repository<'a>>, Finding> {
    let list = || Field::of("/repositories");
    let found = match (grant.repository, grant.repositories) {
        (Some(name), []) => {
            check_repository(name, || Field::of("/repository"))?;
            if let Some(id) = grant.repository_id {
                claim::digits(id, || Field::of("/repositoryId"))?;
            }
            return Ok(vec![Repository { name, id: grant.repository_id }]);
        }
        (None, [_, ..]) => grant.repositories,
        _ => {
            let message = "set exactly one of repository and repositories";
            return Err(refused("", message, ""));
        }
    };
    if grant.repository_id.is_some() {
        let message = "it says nothing of which of the repositories it is";
        return Err(refused("/repositoryId", message, "write NAME@ID in repositories"));
    }
    let mut repositories = Vec::with_capacity(found.len());
    for (index, text) in found.iter().enumerate() {
        let (name, id) =
            text.split_once('@').map_or((text.as_str(), None), |(name, id)| (name, Some(id)));
        check_repository(name, || list().item(index))?;
        if let Some(id) = id {
            claim::digits(id, || list().item(index))?;
        }
        repositories.push(Repository { name, id });
    }
    let with_ids = repositories.iter().filter(|repository| repository.id.is_some()).count();
    if with_ids > 0 && with_ids < repositories.len() {
        let message = "some entries have an id and some have none";
        return Err(refused(list(), message, "write NAME@ID for each, or NAME for each"));
    }
    Ok(repositories)
}

fn check_repository(name: &str, field: impl FnOnce() -> Field) -> Result<(), Finding> {
    if is_repository(name) {
        return Ok(());
    }
    let message = format!("{} is no repository of GitHub", shown(name));
    Err(refused(field(), message, "write one name without owner, of letters, digits and ._-"))
}

fn subjects(
    grant: &GithubGrant<'_>,
    repositories: &[Repository<'_>],
) -> Result<Vec<String>, Finding> {
    let GithubGrant { owner, refs, environments, .. } = grant;
    if !is_owner(owner) {
        return Err(refused(
            "/owner",
            format!("{} is no user or organization of GitHub", shown(owner)),
            "write one name of letters, digits and -",
        ));
    }
    let mut tails = Vec::new();
    for (index, name) in refs.iter().enumerate() {
        check_ref(index, name)?;
        tails.push(format!("ref:{name}"));
    }
    for (index, name) in environments.iter().enumerate() {
        // The repository is pinned: any environment of it is a choice like another.
        if name != "*" {
            claim::pattern(name, || Field::of("/environments").item(index))?;
        }
        tails.push(format!("environment:{}", name.replace(':', "%3A")));
    }
    if grant.pull_requests {
        tails.push("pull_request".to_owned());
    }
    if tails.is_empty() {
        let remedy = "add refs, environments or pullRequests";
        return Err(refused("", "the grant names no jobs", remedy));
    }
    let (classic, immutable) = match grant.subject_format {
        None | Some(SubjectFormat::Both) => (true, true),
        Some(SubjectFormat::Classic) => (true, false),
        Some(SubjectFormat::Immutable) => (false, true),
    };
    let mut heads = Vec::new();
    for Repository { name, id } in repositories {
        if classic {
            heads.push(format!("repo:{owner}/{name}"));
        }
        match (grant.owner_id, id, grant.subject_format) {
            (Some(owner_id), Some(id), _) if immutable => {
                heads.push(format!("repo:{owner}@{owner_id}/{name}@{id}"));
            }
            (_, _, Some(SubjectFormat::Both)) => return Err(no_ids("Both")),
            (_, _, Some(SubjectFormat::Immutable)) => return Err(no_ids("Immutable")),
            _ => {}
        }
    }
    Ok(heads
        .iter()
        .flat_map(|head| tails.iter().map(move |tail| format!("{head}:{tail}")))
        .collect())
}

/// Subjects with ids need ids.
fn no_ids(format: &str) -> Finding {
    let message = format!("{format} needs ownerId and repositoryId");
    let remedy = "add both, in repositories as NAME@ID, or write Classic";
    refused("/subjectFormat", message, remedy)
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
