//! From grants and typed statements, as people write them, to documents of the IAM language.

use std::collections::BTreeSet;

use crate::{
    api::kinds::iam_role::{Conditions, Effect, Grant, PolicyStatement},
    plan::scope::{
        limits::Limits,
        problems::{FORM, Problems, refused},
    },
};
use iam::{
    finding::{Check, Field, Finding},
    limits as quota,
    placeholder::{Filling, Replaced},
    policy::{self, Policy, PolicyKind, Scope, Statement, subjects},
    trust::limits::{Origin, Reach, check, check_namespace},
};

mod grant;

/// What the grants of a resource make.
#[derive(Debug)]
pub struct Trust {
    /// The trust policy.
    pub policy: Policy,
    /// What is allowed and may still surprise, field by field.
    pub warnings: Vec<Finding>,
    /// Service accounts that are to be annotated.
    pub annotate: BTreeSet<String>,
    /// The policy as it was made while braces had no meaning, and where it differs; `None` where it
    /// does not.
    pub before: Option<(Policy, Vec<Replaced>)>,
}

/// The trust policy of all grants, in their order, those that differ in subjects alone in one
/// statement; notes every problem with them.
#[must_use]
pub fn compile(
    grants: &[Grant],
    namespace: &str,
    limits: &Limits,
    problems: &mut Problems,
) -> Trust {
    let reach = Reach { account: &limits.account, trusted: &limits.trusted };
    let (mut statements, mut warnings) = (Vec::new(), Vec::new());
    let mut fields = Vec::new(); // of each statement
    let (mut names, mut annotate) = (BTreeSet::new(), BTreeSet::new());
    let (mut before, mut replaced) = (Vec::new(), Vec::new());
    for (index, grant) in grants.iter().enumerate() {
        let field = Field::of("/spec/trust").item(index);
        if !names.insert(&grant.name) {
            problems.form(field.name("name"), "is used twice", "rename one");
        }
        if let Some(account) =
            grant.service_account.as_ref().filter(|account| account.annotate == Some(true))
        {
            if !limits.annotate {
                problems.limit(
                    field.name("serviceAccount").name("annotate"),
                    "is not allowed here (--annotate-service-accounts)",
                    "leave it out, and annotate the service account yourself",
                );
            }
            if account.name.ends_with('*') {
                problems.form(
                    field.name("serviceAccount").name("annotate"),
                    "needs one service account, and * stands for several",
                    "leave it out, or write the whole name",
                );
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
                    let found = check(statement, reach, origin)
                        .into_iter()
                        .chain(check_namespace(statement, namespace));
                    // The element is of the statement: a reader of the grant may not see it there.
                    problems.limits(found.map(|finding| {
                        let element = finding.field().to_string();
                        finding.with_subject(element).moved(&field)
                    }));
                }
                let made = if grant.statement.is_some() { field.name("statement") } else { field };
                fields.resize(fields.len() + compiled.statements.len(), made);
                if let Some((statement, more)) = compiled.before {
                    before.push(statement);
                    replaced.extend(more);
                } else {
                    before.extend(compiled.statements.iter().cloned());
                }
                statements.extend(compiled.statements);
                warnings.extend(compiled.warnings);
            }
            Err(more) => problems.forms(more),
        }
    }
    let (places, statements): (Vec<usize>, Vec<Statement>) =
        subjects::joined(statements).into_iter().unzip();
    let fields: Vec<&Field> = places.iter().filter_map(|place| fields.get(*place)).collect();
    let policy = Policy::new(statements);
    let size = policy.size();
    if (quota::TRUST_DEFAULT + 1..=quota::TRUST_CEILING).contains(&size) {
        let message = format!(
            "makes a trust policy of {size} characters, and an account takes {} at first",
            quota::TRUST_DEFAULT
        );
        let remedy = format!("split the role, or have the quota {} raised", quota::TRUST_CODE);
        warnings.push(Finding::warning(Check::SIZE, "/spec/trust", message).with_remedy(remedy));
    }
    if size > quota::TRUST_CEILING {
        let message = format!(
            "makes a trust policy of {size} characters, and IAM allows at most {}",
            quota::TRUST_CEILING
        );
        problems.form("/spec/trust", message, "split the role");
    } else if !policy.statements.is_empty() {
        // Typed statements obey the same grammar as pasted documents.
        let (whole, found) = (Field::of("/spec/trust"), policy.check(PolicyKind::Trust).err());
        let found = found.into_iter().flatten();
        problems.forms(found.map(|finding| {
            typed(finding, &whole, |n| fields.get(n).map(|field| (*field).clone()))
        }));
        if policy.canonical(&limits.account).is_large() {
            problems.costly(whole);
        }
    }
    let before = (!replaced.is_empty()).then(|| (Policy::new(before), replaced));
    Trust { policy, warnings, annotate, before }
}

/// What is wrong with a printed document, at the typed field that it was printed from:
/// `/Statement/0/Condition/Bool` is `conditions.Bool` below the field of statement 0. What is about
/// the whole document is about `whole`.
pub fn typed(
    finding: Finding,
    whole: &Field,
    statement: impl Fn(usize) -> Option<Field>,
) -> Finding {
    let mut tokens = finding.pointer().splitn(5, '/').skip(1);
    let number = if tokens.next() == Some("Statement") { tokens.next() } else { None };
    let Some(field) = number.and_then(|n| n.parse().ok()).and_then(statement) else {
        return finding.moved(whole);
    };
    let field = match tokens.next() {
        Some("Sid") => field.name("sid"),
        Some("Effect") => field.name("effect"),
        Some("Principal") => field.name("principals"),
        Some("Action") => field.name("actions"),
        Some("NotAction") => field.name("notActions"),
        Some("Resource") => field.name("resources"),
        Some("NotResource") => field.name("notResources"),
        Some("Condition") => field.name("conditions"),
        _ => return finding.moved(field),
    };
    let rest = tokens.next().map(|rest| format!("/{rest}")).unwrap_or_default();
    finding.moved(Field::of(&rest).within(&field))
}

/// Refuses both and neither: to ignore one of the two silently could widen access.
fn either(
    field: &Field,
    one: &str,
    first: Option<&Vec<String>>,
    other: &str,
    second: Option<&Vec<String>>,
) -> Vec<Finding> {
    if first.is_some() == second.is_some() {
        vec![refused(FORM, field, format!("set exactly one of {one} and {other}"), "")]
    } else {
        Vec::new()
    }
}

/// What the schema's rules say of typed statements and a plain schema can't.
#[must_use]
pub fn statement_problems(statements: &[PolicyStatement], field: &Field) -> Vec<Finding> {
    let mut problems = Vec::new();
    for (index, statement) in statements.iter().enumerate() {
        let field = field.name("statements").item(index);
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

/// Typed statements of the inline policy at `field` as a document.
#[must_use]
pub fn identity_policy(
    statements: &[PolicyStatement],
    field: &Field,
    filling: &mut Filling<'_>,
) -> Policy {
    let mut made = Vec::with_capacity(statements.len());
    for (index, statement) in statements.iter().enumerate() {
        let field = field.name("statements").item(index);
        let (only, except) = (&statement.resources, &statement.not_resources);
        let resources = match (only, except) {
            (_, Some(except)) => Scope::Except(arns(except, &field.name("notResources"), filling)),
            (only, None) => Scope::Only(arns(
                only.as_deref().unwrap_or_default(),
                &field.name("resources"),
                filling,
            )),
        };
        made.push(Statement {
            sid: statement.sid.clone(),
            effect: effect(statement.effect),
            principals: None,
            actions: scope(statement.actions.as_ref(), statement.not_actions.as_ref()),
            resources: Some(resources),
            conditions: values(statement.conditions.as_ref(), &field, filling),
        });
    }
    Policy::new(made)
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

/// The ARNs in the list at `field`.
fn arns(list: &[String], field: &Field, filling: &mut Filling<'_>) -> Vec<String> {
    let each = list.iter().enumerate();
    each.map(|(index, text)| filling.arn(text, || field.item(index))).collect()
}

/// The conditions of the typed statement at `field`.
fn values(conditions: Option<&Conditions>, field: &Field, filling: &mut Filling<'_>) -> Conditions {
    let mut made = Conditions::new();
    for (operator, keys) in conditions.into_iter().flatten() {
        let keys = keys.iter().map(|(key, list)| {
            let field = || field.name("conditions").name(operator).name(key);
            let each = list.iter().enumerate();
            let list = each.map(|(index, text)| filling.value(text, || field().item(index)));
            (key.clone(), list.collect())
        });
        made.insert(operator.clone(), keys.collect());
    }
    made
}

#[cfg(test)]
mod tests;
