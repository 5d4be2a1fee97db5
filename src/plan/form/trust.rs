//! From grants and typed statements, as people write them, to documents of the IAM language.

use std::collections::BTreeSet;

use crate::{
    api::{
        kinds::iam_role::{Effect, Grant, PolicyStatement},
        problem::Problem,
    },
    plan::scope::{identity, limits::Limits, problems::Problems},
};
use iam::{
    arn::Account,
    limits as quota,
    policy::{self, Kind, Policy, Scope, Statement},
    trust::limits::{Origin, check, check_namespace},
};

mod grant;

/// What the grants of a resource make.
#[derive(Debug)]
pub struct Trust {
    /// The trust policy.
    pub policy: Policy,
    /// What is allowed and may still surprise, field by field.
    pub warnings: Vec<Problem>,
    /// Service accounts that are to be annotated.
    pub annotate: BTreeSet<String>,
}

/// The trust policy of all grants, in their order; notes every problem with them.
#[must_use]
pub fn compile(
    grants: &[Grant],
    namespace: &str,
    limits: &Limits,
    problems: &mut Problems,
) -> Trust {
    let (mut statements, mut warnings) = (Vec::new(), Vec::new());
    let mut fields = Vec::new(); // of each statement
    let (mut names, mut annotate) = (BTreeSet::new(), BTreeSet::new());
    for (index, grant) in grants.iter().enumerate() {
        let field = format!("spec.trust[{index}]");
        if !names.insert(&grant.name) {
            problems.form(format!("{field}.name"), "is used twice: rename one");
        }
        if let Some(account) =
            grant.service_account.as_ref().filter(|account| account.annotate == Some(true))
        {
            if !limits.annotate {
                let message = "is not allowed here (--annotate-service-accounts): leave it out, \
                    and annotate the service \
                               account yourself";
                problems.limit(format!("{field}.serviceAccount.annotate"), message);
            }
            annotate.insert(account.name.clone());
        }
        match grant::compile(grant, &field, namespace, limits) {
            Ok(compiled) => {
                let origin =
                    if grant.statement.is_some() { Origin::Statement } else { Origin::Grant };
                for statement in &compiled.statements {
                    // The same limits for every kind of grant: one choke point, whatever way a
                    // statement came about.
                    let messages = check(statement, &limits.account, origin);
                    for message in messages.into_iter().chain(check_namespace(statement, namespace))
                    {
                        problems.limit(&field, message);
                    }
                }
                let part = if grant.statement.is_some() { ".statement" } else { "" };
                fields.resize(fields.len() + compiled.statements.len(), format!("{field}{part}"));
                statements.extend(compiled.statements);
                warnings.extend(compiled.warnings);
            }
            Err(more) => problems.forms(more),
        }
    }
    let policy = Policy::new(statements);
    let size = quota::counted_size(&policy.to_json());
    if size > quota::TRUST_CEILING {
        let message = format!(
            "makes a trust policy of {size} characters, and IAM allows at most {}: split the role",
            quota::TRUST_CEILING
        );
        problems.form("spec.trust", message);
    } else if !policy.statements.is_empty() {
        // Typed statements obey the same grammar as pasted documents.
        for error in policy.check(Kind::Trust).err().into_iter().flatten() {
            let field = typed_field(error.pointer(), "spec.trust", |n| fields.get(n).cloned());
            problems.form(field, error.sentence());
        }
    }
    Trust { policy, warnings, annotate }
}

/// `/Statement/0/Condition/Bool` of a printed document → the typed field that it was printed from:
/// `conditions.Bool` below the field of statement 0. What is about the whole document is about
/// `whole`.
pub fn typed_field(
    pointer: &str,
    whole: &str,
    statement: impl Fn(usize) -> Option<String>,
) -> String {
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

/// Refuses both and neither: to ignore one of the two silently could widen access.
fn either(
    field: &str,
    one: &str,
    first: Option<&Vec<String>>,
    other: &str,
    second: Option<&Vec<String>>,
) -> Vec<Problem> {
    if first.is_some() == second.is_some() {
        vec![Problem {
            field: field.into(),
            message: format!("set exactly one of {one} and {other}"),
        }]
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
            resources: Some(
                match (statement.resources.as_ref(), statement.not_resources.as_ref()) {
                    (only, None) => Scope::Only(expand(only.map(Vec::as_slice), account)),
                    (_, Some(except)) => Scope::Except(expand(Some(except), account)),
                },
            ),
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

#[cfg(test)]
mod tests;
