//! Which subjects of a token may stand in a trust policy.
//!
//! Two dangers. A wildcard in the middle of a name also matches its siblings (`repo:org/app*`
//! matches `org/app-evil`). And an issuer that serves many organizations must be held to one of
//! them, by the part of its subject or audience that says which: IAM user guide, "Identity-provider
//! controls for shared OIDC providers".

use crate::finding::{Check, Field, Finding};
use crate::quote::shown;
use crate::trust::Issuer;
use crate::trust::claim::Flaw;

/// How an issuer that serves many organizations tells them apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tenancy {
    /// By the subject, which begins with this text; the organization stands between it and the next
    /// colon.
    SubjectAfter(&'static str),
    /// By the subject, in a form that is not known here; so only exact subjects are taken.
    Subject,
    /// By the audience, which is always exact here.
    Audience,
    /// By `sts:RoleSessionName`, which a subject and an audience cannot replace.
    SessionName,
}

/// Providers, by host and path, that many organizations share, with the claim that IAM demands of
/// each trust policy.
///
/// Source: IAM user guide, "Identity-provider controls for shared OIDC providers", section "Shared
/// OIDC identity providers with identity-provider controls". Forms of subjects: "`OpenID` Connect
/// reference" of GitHub, "`OpenID` Connect (OIDC) Authentication Using ID Tokens" of GitLab,
/// "Workload Identity Tokens" of HCP Terraform, "`OpenID` Connect" of Buildkite, "OIDC" of Upbound.
pub const SHARED: [(&str, Tenancy); 22] = [
    ("token.actions.githubusercontent.com", Tenancy::SubjectAfter("repo:")),
    ("vstoken.actions.githubusercontent.com", Tenancy::SubjectAfter("repo:")),
    ("oidc-configuration.audit-log.githubusercontent.com", Tenancy::Subject),
    ("gitlab.com", Tenancy::SubjectAfter("project_path:")),
    ("app.terraform.io", Tenancy::SubjectAfter("organization:")),
    ("agent.buildkite.com", Tenancy::SubjectAfter("organization:")),
    ("proidc.upbound.io", Tenancy::SubjectAfter("mcp:")),
    ("oidc.codefresh.io", Tenancy::Subject),
    ("studio.datachain.ai/api", Tenancy::Subject),
    ("scalr.io", Tenancy::Subject),
    ("tokens.cloud.shisho.dev", Tenancy::Subject),
    ("rh-oidc.s3.us-east-1.amazonaws.com/22ejnvnnturfmt6km08idd0nt4hekbn7", Tenancy::Subject),
    ("rh-oidc.s3.us-east-1.amazonaws.com/23e3sd27sju1hoou6ohfs68vbno607tr", Tenancy::Subject),
    ("rh-oidc.s3.us-east-1.amazonaws.com/23ne21h005qjl3n33d8dui5dlrmv2tmg", Tenancy::Subject),
    ("rh-oidc.s3.us-east-1.amazonaws.com/24jrf12m5dj7ljlfb4ta2frhrcoadm26", Tenancy::Subject),
    ("oidc.op1.openshiftapps.com/2f785sojlpb85i7402pk3qogugim5nfb", Tenancy::Subject),
    ("oidc.op1.openshiftapps.com/2c51blsaqa9gkjt0o9rt11mle8mmropu", Tenancy::Subject),
    ("api.pulumi.com/oidc", Tenancy::Audience),
    ("sandboxes.cloud", Tenancy::Audience),
    ("oidc.vercel.com", Tenancy::Audience),
    ("cognito-identity.amazonaws.com", Tenancy::Audience),
    ("sts.windows.net/33e01921-4d64-4f8c-a055-5bdaffd5e33d", Tenancy::SessionName),
];

/// Why a subject is not taken.
fn refused(message: String, remedy: impl Into<String>) -> Finding {
    Finding::error(Check::SUBJECT, Field::whole(), message).with_remedy(remedy)
}

/// How `issuer` tells organizations apart; `None` when it belongs to one.
#[must_use]
pub fn tenancy(issuer: &Issuer) -> Option<Tenancy> {
    // A slash at the end names another provider of the same host, to be held to the same.
    let name = issuer.key_prefix().trim_end_matches('/');
    let shared = SHARED.iter().find(|(known, _)| *known == name).map(|(_, tenancy)| *tenancy);
    // Issuers of one enterprise still serve many of its repositories.
    shared.or_else(|| is_github(name).then_some(Tenancy::SubjectAfter("repo:")))
}

/// Whether GitHub Actions issues these tokens: on github.com, for one enterprise there, or on its
/// own ghe.com.
pub(super) fn is_github(key_prefix: &str) -> bool {
    let host = key_prefix.split('/').next().unwrap_or_default();
    host == "token.actions.githubusercontent.com"
        || (host.starts_with("token.actions.")
            && host.ends_with(".ghe.com")
            && host.matches('.').count() == 4)
}

/// Whether a subject, exact or with `*`, is taken for `issuer`.
///
/// # Errors
/// The first thing that is wrong; its message begins with the subject.
pub fn check(issuer: &Issuer, subject: &str) -> Result<(), Finding> {
    if let Some(flaw) = Flaw::of_pattern(subject) {
        return Err(flaw.found(Check::SUBJECT, Field::whole(), subject));
    }
    let literal = subject.split('*').next().unwrap_or_default();
    let wild = literal.len() < subject.len();
    match tenancy(issuer) {
        Some(Tenancy::SessionName) => {
            let message = format!(
                "{} tells its organizations apart by sts:RoleSessionName, which this grant cannot \
                 write",
                shown(issuer.key_prefix())
            );
            return Err(refused(message, "use a private issuer"));
        }
        Some(Tenancy::Subject) if wild => {
            let (subject, issuer) = (shown(subject), shown(issuer.key_prefix()));
            let message =
                format!("{subject} holds *, and {issuer} is shared by many organizations");
            return Err(refused(message, "write the exact subject"));
        }
        Some(Tenancy::SubjectAfter(start)) => pinned(subject, literal, start)?,
        // Others than github.com and gitlab.com issue subjects of these forms too: servers that
        // people run themselves.
        _ => {
            for start in ["repo:", "project_path:"] {
                if subject.starts_with(start) {
                    pinned(subject, literal, start)?;
                }
            }
        }
    }
    let meant = is_ref(literal) || is_generated(subject) || ends_in_ref(issuer, literal);
    if wild && !literal.ends_with([':', '/']) && !meant {
        return Err(refused(
            format!("{} also matches names that begin alike", shown(subject)),
            "put : or / before the first *, or write the exact subject",
        ));
    }
    Ok(())
}

/// Whether a subject stands for service accounts of one namespace whose names begin alike, such as
/// those that Crossplane makes: `system:serviceaccount:team-a:provider-aws-*`. Whoever makes one in
/// the namespace could use it as well by its whole name.
fn is_generated(subject: &str) -> bool {
    let Some(begin) = subject.strip_suffix('*') else { return false };
    let parts: Vec<&str> = begin.split(':').collect();
    matches!(parts.as_slice(), ["system", "serviceaccount", namespace, name]
        if !namespace.is_empty() && !name.is_empty() && !begin.contains('*'))
}

/// Whether `literal` ends inside the name of a branch or a tag, or of an environment, of one
/// repository: there a pattern such as `release-*` is meant to match what begins alike.
fn is_ref(literal: &str) -> bool {
    let Some((start, rest)) = literal.split_once(':') else { return false };
    let Some((_, rest)) = rest.split_once(':') else { return false };
    let inside = |starts: &[&str]| starts.iter().any(|start| rest.starts_with(start));
    match start {
        "repo" => inside(&["ref:refs/heads/", "ref:refs/tags/", "environment:"]),
        "project_path" => inside(&["ref_type:branch:ref:", "ref_type:tag:ref:"]),
        _ => false,
    }
}

/// The same of a customised subject of GitHub, which is pinned by the claims before.
fn ends_in_ref(issuer: &Issuer, literal: &str) -> bool {
    let Some((claims, value)) = literal.rsplit_once(':') else { return false };
    tenancy(issuer) == Some(Tenancy::SubjectAfter("repo:"))
        && match claims.rsplit(':').next() {
            Some("environment") => true,
            Some("ref") => ["refs/heads/", "refs/tags/"].iter().any(|at| value.starts_with(at)),
            _ => false,
        }
}

/// Claims of GitHub whose values hold no colon, so that what follows one is the next claim of the
/// template. Others, such as the name of a workflow, could hold what looks like a repository.
const WITHOUT_COLON: [&str; 9] = [
    "actor_id",
    "enterprise",
    "enterprise_id",
    "ref",
    "ref_type",
    "repository_owner",
    "repository_owner_id",
    "repository_visibility",
    "runner_environment",
];

/// Whether a customised subject of GitHub names one repository, by its id or its name, before the
/// first wildcard, and before any claim that could hold what looks like one.
///
/// Source: "`OpenID` Connect reference" of GitHub, "Customizing the subject claims for an
/// organization or repository": the claims of the template in their order, each with its value.
fn is_pinned_by_claims(subject: &str, literal: &str) -> bool {
    let wild = literal.len() < subject.len();
    let mut parts = literal.split(':');
    let id = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    while let (Some(claim), Some(value)) = (parts.next(), parts.next()) {
        // What a wildcard follows at once is not whole.
        let whole = !wild || parts.clone().next().is_some();
        match claim {
            "repository_id" => return whole && id(value),
            "repository" | "repo" => {
                let named = value.split('/').all(|name| !name.is_empty());
                return whole && named && value.matches('/').count() == 1;
            }
            _ if whole && !value.is_empty() && WITHOUT_COLON.contains(&claim) => {}
            _ => return false,
        }
    }
    false
}

/// Whether the text between `start` and the next colon is there before the first wildcard.
/// Repositories and projects need a slash inside, with names on both sides.
fn pinned(subject: &str, literal: &str, start: &str) -> Result<(), Finding> {
    // What begins with repo: needs more behind it, as below.
    if start == "repo:" && !subject.starts_with(start) && is_pinned_by_claims(subject, literal) {
        return Ok(());
    }
    let (thing, form, path) = match start {
        "repo:" => (
            "repository",
            "repo:OWNER/REPOSITORY:… or repository_owner_id:ID:repository_id:ID:…",
            true,
        ),
        "project_path:" => ("project", "project_path:GROUP/PROJECT:…", true),
        "mcp:" => ("control plane", "mcp:ORGANIZATION/CONTROL-PLANE:…", true),
        _ => ("organization", "organization:NAME:…", false),
    };
    let tenant =
        literal.strip_prefix(start).and_then(|rest| rest.split_once(':')).map(|(tenant, _)| tenant);
    let whole = tenant.is_some_and(|tenant| {
        !tenant.is_empty()
            && (!path || (tenant.contains('/') && tenant.split('/').all(|name| !name.is_empty())))
    });
    if whole {
        Ok(())
    } else {
        Err(refused(
            format!("{} does not pin one {thing}", shown(subject)),
            format!("write {form} without * before the last colon"),
        ))
    }
}
