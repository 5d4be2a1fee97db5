//! One grant to its statements, through the compiler of its kind.

use std::collections::BTreeMap;

use crate::plan::form::trust::{arns, effect, either, scope, values};
use crate::{
    api::kinds::iam_role::{self, Claims, Grant},
    plan::scope::{
        limits::Limits,
        problems::{FORM, refused},
    },
};
use iam::{
    account::Account,
    finding::{Field, Finding},
    placeholder::{Filling, Replaced},
    policy::{PrincipalKind, PrincipalSet, Scope, Statement},
    trust::{
        self, Compiled,
        github::GithubGrant,
        gitlab::GitlabGrant,
        oidc::OidcGrant,
        pod_identity::PodIdentityGrant,
        principals::PrincipalGrant,
        saml::SamlGrant,
        service::{ServiceGrant, SourceAccount},
    },
};

const KINDS: &str = "serviceAccount, podIdentity, githubActions, gitlab, oidc, saml, service, \
    principals and statement";
static NO_CLAIMS: Claims = Claims::new();

/// What one grant makes.
pub(super) struct Made {
    pub(super) statements: Vec<Statement>,
    pub(super) warnings: Vec<Finding>,
    /// The statement as it was made while braces had no meaning, and where it differs; `None` where
    /// it does not.
    pub(super) before: Option<(Statement, Vec<Replaced>)>,
}

/// The statements of the grant at `field`.
pub(super) fn compile(
    grant: &Grant,
    field: &Field,
    namespace: &str,
    limits: &Limits,
) -> Result<Made, Vec<Finding>> {
    // Destructured, so that a new kind does not compile until someone has decided what it makes.
    let Grant {
        name: _,
        service_account,
        pod_identity,
        github_actions,
        gitlab,
        oidc,
        saml,
        service,
        principals,
        statement,
    } = grant;
    let account = &limits.account;
    let at = |kind: &str| field.name(kind);
    let made = [
        service_account.as_ref().map(|grant| irsa(grant, &at("serviceAccount"), namespace, limits)),
        pod_identity.as_ref().map(|grant| one(&at("podIdentity"), pods(grant, namespace, account))),
        github_actions.as_ref().map(|grant| warned(&at("githubActions"), github(grant, account))),
        gitlab.as_ref().map(|grant| warned(&at("gitlab"), gitlab_jobs(grant, account))),
        oidc.as_ref().map(|grant| warned(&at("oidc"), tokens(grant, account))),
        saml.as_ref().map(|grant| one(&at("saml"), assertions(grant, account))),
        service.as_ref().map(|grant| warned(&at("service"), aws_service(grant, account))),
        principals.as_ref().map(|grant| one(&at("principals"), named(grant, account))),
        statement.as_ref().map(|grant| typed(grant, &at("statement"), account)),
    ];
    let mut made = made.into_iter().flatten();
    match (made.next(), made.next()) {
        (Some(made), None) => made,
        _ => Err(vec![refused(FORM, field, format!("set exactly one of {KINDS}"), "")]),
    }
}

fn pods(
    grant: &iam_role::PodIdentityGrant,
    namespace: &str,
    account: &Account,
) -> Result<Statement, Finding> {
    let grant = PodIdentityGrant {
        service_accounts: &grant.service_accounts,
        cluster_arns: grant.cluster_arns.as_deref().unwrap_or_default(),
    };
    trust::pod_identity::statement(&grant, namespace, account)
}

fn github(grant: &iam_role::GithubActionsGrant, account: &Account) -> Result<Compiled, Finding> {
    let grant = GithubGrant {
        owner: &grant.owner,
        owner_id: grant.owner_id.as_deref(),
        repository: grant.repository.as_deref(),
        repository_id: grant.repository_id.as_deref(),
        repositories: grant.repositories.as_deref().unwrap_or_default(),
        refs: grant.refs.as_deref().unwrap_or_default(),
        environments: grant.environments.as_deref().unwrap_or_default(),
        pull_requests: grant.pull_requests.unwrap_or(false),
        reusable_workflow: grant.reusable_workflow.as_deref(),
        subject_format: grant.subject_format.map(|format| match format {
            iam_role::SubjectFormat::Classic => trust::github::SubjectFormat::Classic,
            iam_role::SubjectFormat::Immutable => trust::github::SubjectFormat::Immutable,
            iam_role::SubjectFormat::Both => trust::github::SubjectFormat::Both,
        }),
        claims: grant.claims.as_ref().unwrap_or(&NO_CLAIMS),
    };
    trust::github::statement(&grant, account)
}

fn gitlab_jobs(grant: &iam_role::GitlabGrant, account: &Account) -> Result<Compiled, Finding> {
    let grant = GitlabGrant {
        host: grant.host.as_deref(),
        project: &grant.project,
        project_id: grant.project_id.as_deref(),
        branches: grant.branches.as_deref().unwrap_or_default(),
        tags: grant.tags.as_deref().unwrap_or_default(),
        protected_only: grant.protected_only.unwrap_or(false),
        audience: grant.audience.as_deref(),
    };
    trust::gitlab::statement(&grant, account)
}

fn tokens(grant: &iam_role::OidcGrant, account: &Account) -> Result<Compiled, Finding> {
    let grant = OidcGrant {
        issuer: &grant.issuer,
        audiences: &grant.audiences,
        subjects: &grant.subjects,
        claims: grant.claims.as_ref().unwrap_or(&NO_CLAIMS),
        tag_session: grant.tag_session.unwrap_or(false),
    };
    trust::oidc::statement(&grant, account)
}

fn assertions(grant: &iam_role::SamlGrant, account: &Account) -> Result<Statement, Finding> {
    let grant = SamlGrant {
        provider_arn: &grant.provider_arn,
        audience: grant.audience.as_deref(),
        attributes: grant.attributes.as_ref().unwrap_or(&NO_CLAIMS),
    };
    trust::saml::statement(&grant, account)
}

fn aws_service(grant: &iam_role::ServiceGrant, account: &Account) -> Result<Compiled, Finding> {
    let grant = ServiceGrant {
        name: &grant.name,
        source_account: match grant.source_account {
            None | Some(iam_role::SourceAccount::Auto) => SourceAccount::Auto,
            Some(iam_role::SourceAccount::Own) => SourceAccount::Own,
            Some(iam_role::SourceAccount::None) => SourceAccount::None,
        },
        source_arns: grant.source_arns.as_deref().unwrap_or_default(),
    };
    trust::service::statement(&grant, account)
}

fn named(grant: &iam_role::PrincipalsGrant, account: &Account) -> Result<Statement, Finding> {
    let grant = PrincipalGrant {
        arns: grant.arns.as_deref().unwrap_or_default(),
        accounts: grant.accounts.as_deref().unwrap_or_default(),
        organization_id: grant.organization_id.as_deref(),
        external_id: grant.external_id.as_deref(),
        mfa: grant.mfa.unwrap_or(false),
        tag_session: grant.tag_session.unwrap_or(false),
    };
    trust::principals::statement(&grant, account)
}

fn one(field: &Field, made: Result<Statement, Finding>) -> Result<Made, Vec<Finding>> {
    warned(field, made.map(|statement| Compiled { statement, warnings: Vec::new() }))
}

fn warned(field: &Field, made: Result<Compiled, Finding>) -> Result<Made, Vec<Finding>> {
    let Compiled { statement, warnings } = made.map_err(|finding| vec![finding.within(field)])?;
    let warnings = warnings.into_iter().map(|warning| warning.within(field)).collect();
    Ok(Made { statements: vec![statement], warnings, before: None })
}

fn irsa(
    grant: &iam_role::ServiceAccountGrant,
    field: &Field,
    namespace: &str,
    limits: &Limits,
) -> Result<Made, Vec<Finding>> {
    if limits.oidc_issuers.is_empty() {
        let message = "needs an OIDC issuer, and the controller has none";
        return Err(vec![refused(FORM, field, message, "ask the operator to set --oidc-issuer")]);
    }
    let mut issuers = Vec::new();
    for text in &limits.oidc_issuers {
        match trust::Issuer::parse(text, &limits.account) {
            Ok(issuer) => issuers.push(issuer),
            Err(finding) => {
                let subject = format!("--oidc-issuer {text} can't be used");
                return Err(vec![finding.with_subject(subject).moved(field)]);
            }
        }
    }
    let statements = trust::service_account::statements(&issuers, namespace, &grant.name);
    Ok(Made { statements, warnings: Vec::new(), before: None })
}

fn typed(
    grant: &iam_role::StatementGrant,
    field: &Field,
    account: &Account,
) -> Result<Made, Vec<Finding>> {
    let problems =
        either(field, "actions", grant.actions.as_ref(), "notActions", grant.not_actions.as_ref());
    if !problems.is_empty() {
        return Err(problems);
    }
    let mut filling = Filling::new(account);
    let statement = written(grant, field, &mut filling);
    let Filling { problems, replaced, .. } = filling;
    if !problems.is_empty() {
        return Err(problems);
    }
    let before = (!replaced.is_empty())
        .then(|| (written(grant, field, &mut Filling::as_before(account)), replaced));
    Ok(Made { statements: vec![statement], warnings: Vec::new(), before })
}

/// The statement of a `statement` grant at `field`.
fn written(
    grant: &iam_role::StatementGrant,
    field: &Field,
    filling: &mut Filling<'_>,
) -> Statement {
    let iam_role::StatementPrincipals { aws, service, federated } = &grant.principals;
    let kinds = [
        (PrincipalKind::Aws, aws),
        (PrincipalKind::Service, service),
        (PrincipalKind::Federated, federated),
    ];
    let mut principals = BTreeMap::new();
    for (kind, named) in kinds {
        if let Some(named) = named {
            let field = field.name("principals").name(kind.as_str());
            principals.insert(kind, arns(named, &field, filling));
        }
    }
    Statement {
        sid: grant.sid.clone(),
        effect: effect(grant.effect),
        principals: Some(Scope::Only(PrincipalSet::Kinds(principals))),
        actions: scope(grant.actions.as_ref(), grant.not_actions.as_ref()),
        resources: None,
        conditions: values(grant.conditions.as_ref(), field, filling),
    }
}
