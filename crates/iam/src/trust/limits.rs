//! What the built-in class lets a trust statement say, whether a grant made it or a user wrote it.
//!
//! An Allow names principals of the role's own account only, providers only with exact audience and
//! subject, services by their full name, and actions of STS that make a session, one by one. What a
//! typed grant of an OIDC issuer made may have wildcards in its subject where `subject::check`
//! takes them. A Deny only takes away, so its actions and principals may be wide, `{"AWS": "*"}`
//! too; still, `NotPrincipal` is refused everywhere, because AWS advises against it and its Deny
//! also hits the sessions of principals that it means to spare, and so is what AWS itself refuses:
//! variables and wildcards inside a principal, and the string `*`.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use crate::nearest::nearest;
use crate::policy::pattern::{Pattern, Syntax};
use crate::policy::{Effect, PrincipalKind, PrincipalSet, Scope, Statement};
use crate::quote::shown;
use crate::trust::service::name::{is_pods, is_service};
use crate::{
    account::{Account, is_account_id},
    arn::IamArn,
};

use crate::trust::{
    ASSUME_ROLE, ASSUME_ROLE_WITH_SAML, ASSUME_ROLE_WITH_WEB_IDENTITY, Issuer, SET_SOURCE_IDENTITY,
    TAG_SESSION, pod_identity, subject,
};

/// The actions that an Allow may name.
pub const ACTIONS: [&str; 5] = [
    ASSUME_ROLE,
    ASSUME_ROLE_WITH_WEB_IDENTITY,
    ASSUME_ROLE_WITH_SAML,
    TAG_SESSION,
    SET_SOURCE_IDENTITY,
];

const SERVICE_ACCOUNT: &str = "system:serviceaccount:";

/// Where a statement comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Origin {
    /// A compiler of this module.
    Grant,
    /// A user's hand.
    Statement,
}

/// What the built-in class objects to in a trust statement of a role in `account`: one sentence
/// each, beginning with the element; empty when it is within the limits.
#[must_use]
pub fn check(statement: &Statement, account: &Account, origin: Origin) -> Vec<String> {
    let mut problems = Vec::new();
    let allow = statement.effect == Effect::Allow;
    match &statement.principals {
        None => problems.push("Principal: it is missing; name who may assume the role".to_owned()),
        Some(Scope::Except(_)) => {
            problems.push(
                "NotPrincipal: it is not allowed; name the principals in Principal".to_owned(),
            );
        }
        Some(Scope::Only(PrincipalSet::Everyone)) => {
            problems.push(
                "Principal: everyone is not allowed; name principals of your own account"
                    .to_owned(),
            );
        }
        Some(Scope::Only(PrincipalSet::Kinds(kinds))) => {
            if kinds.values().all(Vec::is_empty) {
                problems.push("Principal: it is empty; name who may assume the role".to_owned());
            }
            for (kind, values) in kinds {
                let objections = values
                    .iter()
                    .flat_map(|value| principal(*kind, value, statement, account, origin));
                problems.extend(objections.map(|problem| format!("Principal.{kind}: {problem}")));
            }
        }
    }
    if allow {
        actions(statement, &mut problems);
    }
    problems
}

/// What the built-in class objects to in the pods that a statement of a resource in `namespace`
/// lets in: each must run in that namespace, whether it comes with a token of its cluster or
/// through EKS Pod Identity. Subjects are looked for in every condition of every operator, so that
/// `check` and this together hold an Allow for a cluster's issuer to its own namespace.
#[must_use]
pub fn check_namespace(statement: &Statement, namespace: &str) -> Vec<String> {
    if statement.effect == Effect::Deny {
        return Vec::new();
    }
    let own = format!("{SERVICE_ACCOUNT}{namespace}:");
    let mut problems = Vec::new();
    for (operator, keys) in &statement.conditions {
        for value in keys
            .iter()
            .filter(|(key, _)| key.to_lowercase().ends_with(":sub"))
            .flat_map(|(_, values)| values)
        {
            if may_be_service_account(operator, value) && !value.starts_with(&own) {
                problems.push(format!(
                    "Condition: {} is not in the namespace {namespace}; name one of your own",
                    shown(value)
                ));
            }
        }
    }
    if names_pods(statement) && !is_held_to(statement, namespace) {
        problems.push(format!(
            "Condition: {} needs StringEquals {} with the one value {namespace}; add it",
            pod_identity::SERVICE,
            pod_identity::NAMESPACE_KEY
        ));
    }
    problems
}

/// Whether a subject that matches `value` can be that of a service account.
fn may_be_service_account(operator: &str, value: &str) -> bool {
    if !operator.contains("Like") || !value.contains(['*', '?']) {
        return value.starts_with(SERVICE_ACCOUNT);
    }
    let syntax = Syntax { wildcards: true, variables: true, fold: false };
    Pattern::new(value, syntax).overlaps(&Pattern::new(&format!("{SERVICE_ACCOUNT}*"), syntax))
}

/// Whether EKS Pod Identity is among the principals.
fn names_pods(statement: &Statement) -> bool {
    let Some(Scope::Only(PrincipalSet::Kinds(kinds))) = &statement.principals else { return false };
    kinds.get(&PrincipalKind::Service).is_some_and(|names| names.iter().any(|name| is_pods(name)))
}

/// Whether the request must carry the tag of this namespace. Only plain `StringEquals`: with
/// `IfExists` a request without tags would match.
fn is_held_to(statement: &Statement, namespace: &str) -> bool {
    let values = statement
        .conditions
        .get("StringEquals")
        .and_then(|keys| keys.get(pod_identity::NAMESPACE_KEY));
    values.is_some_and(|values| !values.is_empty() && values.iter().all(|value| value == namespace))
}

fn actions(statement: &Statement, problems: &mut Vec<String>) {
    let list = match &statement.actions {
        Scope::Only(list) => list,
        Scope::Except(_) => {
            problems.push(
                "NotAction: it is not allowed with Allow; name the actions in Action".to_owned(),
            );
            return;
        }
    };
    if list.is_empty() {
        problems.push("Action: it is empty; name sts:AssumeRole or another".to_owned());
    }
    for action in list.iter().filter(|action| !ACTIONS.contains(&action.as_str())) {
        let remedy =
            nearest(action, ACTIONS.into_iter()).map_or_else(|| ACTIONS.join(", "), str::to_owned);
        problems.push(format!(
            "Action: {} is not allowed in a trust policy; write {remedy}",
            shown(action)
        ));
    }
}

fn principal(
    kind: PrincipalKind,
    value: &str,
    statement: &Statement,
    account: &Account,
    origin: Origin,
) -> Vec<String> {
    let allow = statement.effect == Effect::Allow;
    if !allow && kind == PrincipalKind::Aws && value == "*" {
        return Vec::new();
    }
    if value.contains(['*', '?', '$']) {
        return vec![format!(
            "{} holds a wildcard or a variable; name exactly one principal",
            shown(value)
        )];
    }
    match kind {
        _ if !allow => Vec::new(),
        PrincipalKind::Aws => aws(value, account).into_iter().collect(),
        PrincipalKind::Service if is_service(value) => Vec::new(),
        PrincipalKind::Service => {
            vec![format!(
                "{} is no service principal; write a name such as lambda.amazonaws.com",
                shown(value)
            )]
        }
        PrincipalKind::Federated => federated(value, &statement.conditions, account, origin),
        PrincipalKind::CanonicalUser => {
            vec![format!("{} cannot assume a role; name it by its ARN under AWS", shown(value))]
        }
    }
}

fn aws(value: &str, account: &Account) -> Option<String> {
    if account.id == *value {
        return None;
    }
    match IamArn::parse(value) {
        Ok(arn) if arn.is_in(account) && matches!(arn.kind.as_str(), "root" | "role" | "user") => {
            None
        }
        Ok(arn) if arn.is_in(account) => {
            Some(format!("{} is no role, user or root; name one of these", shown(value)))
        }
        Err(error) if !is_account_id(value) => Some(error.to_string()),
        _ => Some(format!(
            "{} is in another account; name a principal of account {}",
            shown(value),
            account.id
        )),
    }
}

fn federated(
    value: &str,
    conditions: &BTreeMap<String, BTreeMap<String, Vec<String>>>,
    account: &Account,
    origin: Origin,
) -> Vec<String> {
    let (issuer, aud, sub) = match IamArn::parse(value) {
        Ok(arn) if !arn.is_in(account) => {
            return vec![format!(
                "{} is in another account; name a provider of account {}",
                shown(value),
                account.id
            )];
        }
        Ok(arn) if arn.kind == "saml-provider" => {
            (None, "SAML:aud".to_owned(), "SAML:sub".to_owned())
        }
        Ok(_) => match Issuer::parse(value, account) {
            Ok(issuer) => {
                let (aud, sub) = (issuer.key("aud"), issuer.key("sub"));
                (Some(issuer), aud, sub)
            }
            Err(error) => return vec![error.to_string()],
        },
        Err(error) => return vec![error.to_string()],
    };
    let values = |operator: &str, key: &str| {
        conditions.get(operator).and_then(|keys| keys.get(key)).filter(|values| !values.is_empty())
    };
    // Only plain operators: with `IfExists` or `ForAllValues:` a token without the claim would
    // match.
    let exact = |key: &str| match values("StringEquals", key) {
        // A variable could be the very claim it is compared with: `${HOST:sub}` equals itself.
        Some(values) => values
            .iter()
            .find(|value| value.is_empty() || value.contains(['*', '?', '$']))
            .map(|loose| {
                format!(
                    "the condition {} has the value {}; write exact values",
                    shown(key),
                    shown(loose)
                )
            }),
        None => Some(format!(
            "{} needs the condition StringEquals {} with exact values; add it",
            shown(value),
            shown(key)
        )),
    };
    let patterns = values("StringLike", &sub)
        .filter(|_| origin == Origin::Grant && values("StringEquals", &sub).is_none());
    let mut problems: Vec<String> = exact(&aud).into_iter().collect();
    match (&issuer, patterns) {
        (Some(_), Some(_)) => {}
        _ => problems.extend(exact(&sub)),
    }
    // Also an exact subject must say whose token it is where many organizations share the issuer.
    if let (true, Some(issuer)) = (problems.is_empty(), &issuer) {
        let subjects = patterns.or_else(|| values("StringEquals", &sub)).into_iter().flatten();
        let objections = subjects.filter_map(|subject| subject::check(issuer, subject).err());
        problems.extend(objections.map(|error| format!("the condition {}: {error}", shown(&sub))));
    }
    problems
}
