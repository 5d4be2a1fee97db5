//! What the built-in class lets a trust statement say, whether a grant made it or a user wrote it.
//!
//! An Allow names principals of the role's own account only, providers only with exact audience and subject, services by
//! their full name, and actions of STS that make a session, one by one. A Deny only takes away, so its actions and
//! principals may be wide, `{"AWS": "*"}` too; still, `NotPrincipal` is refused everywhere, because AWS advises against it
//! and its Deny also hits the sessions of principals that it means to spare, and so is what AWS itself refuses: variables
//! and wildcards inside a principal, and the string `*`.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use crate::iam::arn::{Account, IamArn, is_account_id};
use crate::iam::nearest::nearest;
use crate::iam::policy::{Effect, PrincipalKind, PrincipalSet, Scope, Statement};
use crate::iam::quote::shown;

use super::{
    ASSUME_ROLE, ASSUME_ROLE_WITH_SAML, ASSUME_ROLE_WITH_WEB_IDENTITY, Issuer, SET_SOURCE_IDENTITY, TAG_SESSION,
};

/// The actions that an Allow may name.
pub const ACTIONS: [&str; 5] =
    [ASSUME_ROLE, ASSUME_ROLE_WITH_WEB_IDENTITY, ASSUME_ROLE_WITH_SAML, TAG_SESSION, SET_SOURCE_IDENTITY];

const SERVICE_ACCOUNT: &str = "system:serviceaccount:";

/// What the built-in class objects to in a trust statement of a role in `account`: one sentence each, beginning with the
/// element; empty when it is within the limits.
#[must_use]
pub fn check(statement: &Statement, account: &Account) -> Vec<String> {
    let mut problems = Vec::new();
    let allow = statement.effect == Effect::Allow;
    match &statement.principals {
        None => problems.push("Principal: it is missing; name who may assume the role".to_owned()),
        Some(Scope::Except(_)) => {
            problems.push("NotPrincipal: it is not allowed; name the principals in Principal".to_owned());
        }
        Some(Scope::Only(PrincipalSet::Everyone)) => {
            problems.push("Principal: everyone is not allowed; name principals of your own account".to_owned());
        }
        Some(Scope::Only(PrincipalSet::Kinds(kinds))) => {
            if kinds.values().all(Vec::is_empty) {
                problems.push("Principal: it is empty; name who may assume the role".to_owned());
            }
            for (kind, values) in kinds {
                let objections = values.iter().flat_map(|value| principal(*kind, value, statement, account));
                problems.extend(objections.map(|problem| format!("Principal.{kind}: {problem}")));
            }
        }
    }
    if allow {
        actions(statement, &mut problems);
    }
    problems
}

/// What the built-in class objects to in the service accounts that a statement of a resource in `namespace` names: each
/// must be of that namespace. Looked for in every condition of every operator, so that `check` and this together hold an
/// Allow for a cluster's issuer to its own namespace.
#[must_use]
pub fn check_namespace(statement: &Statement, namespace: &str) -> Vec<String> {
    if statement.effect == Effect::Deny {
        return Vec::new();
    }
    let own = format!("{SERVICE_ACCOUNT}{namespace}:");
    let subjects = statement.conditions.values().flatten().filter(|(key, _)| key.to_lowercase().ends_with(":sub"));
    let foreign =
        subjects.flat_map(|(_, values)| values).filter(|v| v.starts_with(SERVICE_ACCOUNT) && !v.starts_with(&own));
    foreign
        .map(|value| format!("Condition: {} is not in the namespace {namespace}; name one of your own", shown(value)))
        .collect()
}

fn actions(statement: &Statement, problems: &mut Vec<String>) {
    let list = match &statement.actions {
        Scope::Only(list) => list,
        Scope::Except(_) => {
            problems.push("NotAction: it is not allowed with Allow; name the actions in Action".to_owned());
            return;
        }
    };
    if list.is_empty() {
        problems.push("Action: it is empty; name sts:AssumeRole or another".to_owned());
    }
    for action in list.iter().filter(|action| !ACTIONS.contains(&action.as_str())) {
        let remedy = nearest(action, ACTIONS.into_iter()).map_or_else(|| ACTIONS.join(", "), str::to_owned);
        problems.push(format!("Action: {} is not allowed in a trust policy; write {remedy}", shown(action)));
    }
}

fn principal(kind: PrincipalKind, value: &str, statement: &Statement, account: &Account) -> Vec<String> {
    let allow = statement.effect == Effect::Allow;
    if !allow && kind == PrincipalKind::Aws && value == "*" {
        return Vec::new();
    }
    if value.contains(['*', '?', '$']) {
        return vec![format!("{} holds a wildcard or a variable; name exactly one principal", shown(value))];
    }
    match kind {
        _ if !allow => Vec::new(),
        PrincipalKind::Aws => aws(value, account).into_iter().collect(),
        PrincipalKind::Service if is_service(value) => Vec::new(),
        PrincipalKind::Service => {
            vec![format!("{} is no service principal; write a name such as lambda.amazonaws.com", shown(value))]
        }
        PrincipalKind::Federated => federated(value, &statement.conditions, account),
        PrincipalKind::CanonicalUser => {
            vec![format!("{} cannot assume a role; name it by its ARN under AWS", shown(value))]
        }
    }
}

fn aws(value: &str, account: &Account) -> Option<String> {
    if value == account.id {
        return None;
    }
    match IamArn::parse(value) {
        Ok(arn) if arn.is_in(account) && matches!(arn.kind.as_str(), "root" | "role" | "user") => None,
        Ok(arn) if arn.is_in(account) => Some(format!("{} is no role, user or root; name one of these", shown(value))),
        Err(error) if !is_account_id(value) => Some(error.to_string()),
        _ => Some(format!("{} is in another account; name a principal of account {}", shown(value), account.id)),
    }
}

/// `x.amazonaws.com` or `x.amazonaws.com.cn`, where x is one or more labels of lower-case letters, digits and `-`.
fn is_service(value: &str) -> bool {
    let labels = value.strip_suffix(".amazonaws.com").or_else(|| value.strip_suffix(".amazonaws.com.cn"));
    let label = |label: &str| {
        !label.is_empty() && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    };
    labels.is_some_and(|labels| labels.split('.').all(label))
}

fn federated(
    value: &str,
    conditions: &BTreeMap<String, BTreeMap<String, Vec<String>>>,
    account: &Account,
) -> Vec<String> {
    let keys = match IamArn::parse(value) {
        Ok(arn) if !arn.is_in(account) => {
            return vec![format!("{} is in another account; name a provider of account {}", shown(value), account.id)];
        }
        Ok(arn) if arn.kind == "saml-provider" => ["SAML:aud".to_owned(), "SAML:sub".to_owned()],
        Ok(_) => match Issuer::parse(value, account) {
            Ok(issuer) => [issuer.key("aud"), issuer.key("sub")],
            Err(error) => return vec![error.to_string()],
        },
        Err(error) => return vec![error.to_string()],
    };
    // Only plain StringEquals: with `IfExists` or `ForAllValues:` a token without the claim would match.
    let equals = conditions.get("StringEquals");
    keys.iter()
        .filter_map(|key| match equals.and_then(|keys| keys.get(key)) {
            Some(values) if !values.is_empty() => {
                // A variable could be the very claim it is compared with: `${HOST:sub}` equals itself.
                let loose = values.iter().find(|value| value.is_empty() || value.contains(['*', '?', '$']))?;
                Some(format!("the condition {} has the value {}; write exact values", shown(key), shown(loose)))
            }
            _ => Some(format!(
                "{} needs the condition StringEquals {} with exact values; add it",
                shown(value),
                shown(key)
            )),
        })
        .collect()
}
