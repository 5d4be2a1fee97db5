//! From grants and typed statements, as people write them, to documents of the IAM language.

use crate::{
    api::{
        problem::Problem,
        role::{self, Effect, Grant, PolicyStatement},
    },
    iam::{
        arn::Account,
        limits as quota,
        policy::{self, Kind, Policy, PrincipalKind, PrincipalSet, Scope, Statement},
        trust,
    },
    plan::{identity, limits::Limits},
};

/// The trust policy of all grants, in their order, and every problem with them.
#[must_use]
pub fn compile(grants: &[Grant], namespace: &str, limits: &Limits) -> (Policy, Vec<Problem>) {
    let mut statements = Vec::new();
    let mut fields = Vec::new(); // of each statement
    let mut problems = Vec::new();
    let mut names = std::collections::BTreeSet::new();
    for (index, grant) in grants.iter().enumerate() {
        let field = format!("spec.trust[{index}]");
        if !names.insert(&grant.name) {
            problems.push(Problem { field: format!("{field}.name"), message: "is used twice: rename one".into() });
        }
        match statements_of(grant, &field, namespace, limits) {
            Ok(compiled) => {
                for statement in &compiled {
                    // The same limits for every kind of grant: one choke point, whatever way a statement came about.
                    let messages = trust::limits::check(statement, &limits.account);
                    for message in messages.into_iter().chain(trust::limits::check_namespace(statement, namespace)) {
                        problems.push(Problem { field: field.clone(), message });
                    }
                }
                let part = if grant.statement.is_some() { ".statement" } else { "" };
                fields.resize(fields.len() + compiled.len(), format!("{field}{part}"));
                statements.extend(compiled);
            }
            Err(more) => problems.extend(more),
        }
    }
    let policy = Policy::new(statements);
    let size = quota::counted_size(&policy.to_json());
    if size > quota::TRUST_CEILING {
        let message = format!(
            "makes a trust policy of {size} characters, and IAM allows at most {}: split the role",
            quota::TRUST_CEILING
        );
        problems.push(Problem { field: "spec.trust".into(), message });
    } else if !policy.statements.is_empty() {
        // Typed statements obey the same grammar as pasted documents.
        for error in policy.check(Kind::Trust).err().into_iter().flatten() {
            let field = typed_field(&error.pointer, "spec.trust", |n| fields.get(n).cloned());
            problems.push(Problem { field, message: error.message });
        }
    }
    (policy, problems)
}

/// `/Statement/0/Condition/Bool` of a printed document → the typed field that it was printed from: `conditions.Bool` below
/// the field of statement 0. What is about the whole document is about `whole`.
pub fn typed_field(pointer: &str, whole: &str, statement: impl Fn(usize) -> Option<String>) -> String {
    let mut tokens = pointer.splitn(5, '/').skip(1);
    let number = if tokens.next() == Some("Statement") { tokens.next() } else { None };
    let Some(mut field) = number.and_then(|n| n.parse().ok()).and_then(statement) else {
        return whole.to_owned();
    };
    field.push_str(match tokens.next() {
        Some("Sid") => ".sid",
        Some("Effect") => ".effect",
        Some("Principal") => ".principals",
        Some("Action") => ".actions",
        Some("NotAction") => ".notActions",
        Some("Resource") => ".resources",
        Some("NotResource") => ".notResources",
        Some("Condition") => ".conditions",
        _ => return field,
    });
    if let Some(rest) = tokens.next() {
        field.push_str(identity::field_of(&format!("/{rest}")).trim_start_matches("spec"));
    }
    field
}

fn statements_of(grant: &Grant, field: &str, namespace: &str, limits: &Limits) -> Result<Vec<Statement>, Vec<Problem>> {
    let account = &limits.account;
    match grant {
        Grant { service_account: Some(grant), service: None, principals: None, statement: None, .. } => {
            service_account(grant, field, namespace, limits)
        }
        Grant { service_account: None, service: Some(grant), principals: None, statement: None, .. } => {
            let source_account = match grant.source_account {
                role::SourceAccount::Own => trust::service::SourceAccount::Own,
                role::SourceAccount::None => trust::service::SourceAccount::None,
            };
            let arns = expand(grant.source_arns.as_deref(), account);
            Ok(vec![trust::service::statement(&grant.name, source_account, &arns, account)])
        }
        Grant { service_account: None, service: None, principals: Some(grant), statement: None, .. } => {
            let principals = trust::principals::PrincipalGrant {
                arns: grant.arns.as_deref().unwrap_or_default(),
                accounts: grant.accounts.as_deref().unwrap_or_default(),
                organization_id: grant.organization_id.as_deref(),
                external_id: grant.external_id.as_deref(),
                mfa: grant.mfa.unwrap_or(false),
            };
            let statement = trust::principals::statement(&principals, account);
            statement
                .map(|statement| vec![statement])
                .map_err(|error| vec![Problem::new(format!("{field}.principals"), error.to_string())])
        }
        Grant { service_account: None, service: None, principals: None, statement: Some(grant), .. } => {
            let problems = either(
                &format!("{field}.statement"),
                "actions",
                grant.actions.as_ref(),
                "notActions",
                grant.not_actions.as_ref(),
            );
            if problems.is_empty() { Ok(vec![statement(grant, account)]) } else { Err(problems) }
        }
        _ => Err(vec![Problem {
            field: field.into(),
            message: "set exactly one of serviceAccount, service, principals and statement".into(),
        }]),
    }
}

fn service_account(
    grant: &role::ServiceAccountGrant,
    field: &str,
    namespace: &str,
    limits: &Limits,
) -> Result<Vec<Statement>, Vec<Problem>> {
    let field = format!("{field}.serviceAccount");
    if limits.oidc_issuers.is_empty() {
        let message = "needs an OIDC issuer, and the controller has none: ask the operator to set --oidc-issuer".into();
        return Err(vec![Problem { field, message }]);
    }
    let mut issuers = Vec::new();
    for text in &limits.oidc_issuers {
        match trust::Issuer::parse(text, &limits.account) {
            Ok(issuer) => issuers.push(issuer),
            Err(error) => {
                return Err(vec![Problem { field, message: format!("--oidc-issuer {text} can't be used: {error}") }]);
            }
        }
    }
    Ok(trust::service_account::statements(&issuers, namespace, &grant.name))
}

fn statement(grant: &role::StatementGrant, account: &Account) -> Statement {
    let mut principals = std::collections::BTreeMap::new();
    let mut add = |kind, values: Option<&Vec<String>>| {
        if let Some(values) = values {
            principals.insert(kind, expand(Some(values), account));
        }
    };
    add(PrincipalKind::Aws, grant.principals.aws.as_ref());
    add(PrincipalKind::Service, grant.principals.service.as_ref());
    add(PrincipalKind::Federated, grant.principals.federated.as_ref());
    Statement {
        sid: grant.sid.clone(),
        effect: effect(grant.effect),
        principals: Some(Scope::Only(PrincipalSet::Kinds(principals))),
        actions: scope(grant.actions.as_ref(), grant.not_actions.as_ref()),
        resources: None,
        conditions: grant.conditions.clone().unwrap_or_default(),
    }
}

/// Refuses both and neither: to ignore one of the two silently could widen access.
fn either(
    field: &str,
    one: &str,
    first: Option<&Vec<String>>,
    other: &str,
    second: Option<&Vec<String>>,
) -> Vec<Problem> {
    if first.is_some() == second.is_some() {
        vec![Problem { field: field.into(), message: format!("set exactly one of {one} and {other}") }]
    } else {
        Vec::new()
    }
}

/// What the schema's rules say of typed statements and a plain schema can't.
#[must_use]
pub fn statement_problems(statements: &[PolicyStatement], field: &str) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (index, statement) in statements.iter().enumerate() {
        let field = format!("{field}.statements[{index}]");
        problems.extend(either(
            &field,
            "actions",
            statement.actions.as_ref(),
            "notActions",
            statement.not_actions.as_ref(),
        ));
        problems.extend(either(
            &field,
            "resources",
            statement.resources.as_ref(),
            "notResources",
            statement.not_resources.as_ref(),
        ));
    }
    problems
}

/// Typed statements of an inline policy as a document.
#[must_use]
pub fn identity_policy(statements: &[PolicyStatement], account: &Account) -> Policy {
    let statements = statements
        .iter()
        .map(|statement| Statement {
            sid: statement.sid.clone(),
            effect: effect(statement.effect),
            principals: None,
            actions: scope(statement.actions.as_ref(), statement.not_actions.as_ref()),
            resources: Some(match (statement.resources.as_ref(), statement.not_resources.as_ref()) {
                (only, None) => Scope::Only(expand(only.map(Vec::as_slice), account)),
                (_, Some(except)) => Scope::Except(expand(Some(except), account)),
            }),
            conditions: statement.conditions.clone().unwrap_or_default(),
        })
        .collect();
    Policy::new(statements)
}

fn effect(effect: Effect) -> policy::Effect {
    match effect {
        Effect::Allow => policy::Effect::Allow,
        Effect::Deny => policy::Effect::Deny,
    }
}

fn scope(only: Option<&Vec<String>>, except: Option<&Vec<String>>) -> Scope<Vec<String>> {
    match (only, except) {
        (_, Some(except)) => Scope::Except(except.clone()),
        (only, None) => Scope::Only(only.cloned().unwrap_or_default()),
    }
}

fn expand(values: Option<&[String]>, account: &Account) -> Vec<String> {
    values.unwrap_or_default().iter().map(|value| account.expand(value)).collect()
}
