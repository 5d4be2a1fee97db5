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

use crate::account::{Account, is_account_id};
use crate::arn::IamArn;
use crate::finding::{Check, Field, Finding};
use crate::nearest::nearest;
use crate::policy::pattern::{Pattern, Syntax};
use crate::policy::{Effect, PrincipalKind, PrincipalSet, Scope, Statement};
use crate::quote::shown;
use crate::trust::service::name::{is_pods, is_service};

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

/// What is beyond the built-in class.
fn refused(
    field: impl Into<Field>,
    message: impl Into<String>,
    remedy: impl Into<String>,
) -> Finding {
    Finding::error(Check::TRUST_LIMIT, field, message).with_remedy(remedy)
}

/// What the built-in class objects to in a trust statement of a role in `account`, each with the
/// element of the statement; empty when it is within the limits.
#[must_use]
pub fn check(statement: &Statement, account: &Account, origin: Origin) -> Vec<Finding> {
    let mut problems = Vec::new();
    let allow = statement.effect == Effect::Allow;
    match &statement.principals {
        None => {
            problems.push(refused("/Principal", "it is missing", "name who may assume the role"));
        }
        Some(Scope::Except(_)) => {
            let remedy = "name the principals in Principal";
            problems.push(refused("/NotPrincipal", "it is not allowed", remedy));
        }
        Some(Scope::Only(PrincipalSet::Everyone)) => {
            let remedy = "name principals of your own account";
            problems.push(refused("/Principal", "everyone is not allowed", remedy));
        }
        Some(Scope::Only(PrincipalSet::Kinds(kinds))) => {
            if kinds.values().all(Vec::is_empty) {
                let remedy = "name who may assume the role";
                problems.push(refused("/Principal", "it is empty", remedy));
            }
            for (kind, values) in kinds {
                let field = Field::of("/Principal").name(kind.as_str());
                let objections = values
                    .iter()
                    .flat_map(|value| principal(*kind, value, statement, account, origin));
                problems.extend(objections.map(|finding| finding.within(&field)));
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
pub fn check_namespace(statement: &Statement, namespace: &str) -> Vec<Finding> {
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
                problems.push(refused(
                    "/Condition",
                    format!("{} is not in the namespace {namespace}", shown(value)),
                    "name one of your own",
                ));
            }
        }
    }
    if names_pods(statement) && !is_held_to(statement, namespace) {
        let (service, key) = (pod_identity::SERVICE, pod_identity::NAMESPACE_KEY);
        let message = format!("{service} needs StringEquals {key} with the one value {namespace}");
        problems.push(refused("/Condition", message, "add it"));
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

fn actions(statement: &Statement, problems: &mut Vec<Finding>) {
    let list = match &statement.actions {
        Scope::Only(list) => list,
        Scope::Except(_) => {
            let remedy = "name the actions in Action";
            problems.push(refused("/NotAction", "it is not allowed with Allow", remedy));
            return;
        }
    };
    if list.is_empty() {
        problems.push(refused("/Action", "it is empty", "name sts:AssumeRole or another"));
    }
    for action in list.iter().filter(|action| !ACTIONS.contains(&action.as_str())) {
        let near = nearest(action, ACTIONS.into_iter());
        problems.push(refused(
            "/Action",
            format!("{} is not allowed in a trust policy", shown(action)),
            format!("write {}", near.map_or_else(|| ACTIONS.join(", "), str::to_owned)),
        ));
    }
}

/// What is wrong with one principal; the finding is about it as a whole.
fn principal(
    kind: PrincipalKind,
    value: &str,
    statement: &Statement,
    account: &Account,
    origin: Origin,
) -> Vec<Finding> {
    let allow = statement.effect == Effect::Allow;
    if !allow && kind == PrincipalKind::Aws && value == "*" {
        return Vec::new();
    }
    if value.contains(['*', '?', '$']) {
        let message = format!("{} holds a wildcard or a variable", shown(value));
        return vec![refused("", message, "name exactly one principal")];
    }
    match kind {
        _ if !allow => Vec::new(),
        PrincipalKind::Aws => aws(value, account).into_iter().collect(),
        PrincipalKind::Service if is_service(value) => Vec::new(),
        PrincipalKind::Service => {
            let message = format!("{} is no service principal", shown(value));
            vec![refused("", message, "write a name such as lambda.amazonaws.com")]
        }
        PrincipalKind::Federated => federated(value, &statement.conditions, account, origin),
        PrincipalKind::CanonicalUser => {
            let message = format!("{} cannot assume a role", shown(value));
            vec![refused("", message, "name it by its ARN under AWS")]
        }
    }
}

fn aws(value: &str, account: &Account) -> Option<Finding> {
    if account.id == *value {
        return None;
    }
    match IamArn::parse(value) {
        Ok(arn) if arn.is_in(account) && matches!(arn.kind.as_str(), "root" | "role" | "user") => {
            None
        }
        Ok(arn) if arn.is_in(account) => {
            let message = format!("{} is no role, user or root", shown(value));
            Some(refused("", message, "name one of these"))
        }
        Err(error) if !is_account_id(value) => Some(refused("", error.to_string(), "")),
        _ => Some(refused(
            "",
            format!("{} is in another account", shown(value)),
            format!("name a principal of account {}", account.id),
        )),
    }
}

fn federated(
    value: &str,
    conditions: &BTreeMap<String, BTreeMap<String, Vec<String>>>,
    account: &Account,
    origin: Origin,
) -> Vec<Finding> {
    let (issuer, aud, sub) = match IamArn::parse(value) {
        Ok(arn) if !arn.is_in(account) => {
            let message = format!("{} is in another account", shown(value));
            let remedy = format!("name a provider of account {}", account.id);
            return vec![refused("", message, remedy)];
        }
        Ok(arn) if arn.kind == "saml-provider" => {
            (None, "SAML:aud".to_owned(), "SAML:sub".to_owned())
        }
        Ok(_) => match Issuer::parse(value, account) {
            Ok(issuer) => {
                let (aud, sub) = (issuer.key("aud"), issuer.key("sub"));
                (Some(issuer), aud, sub)
            }
            Err(finding) => return vec![finding],
        },
        Err(error) => return vec![refused("", error.to_string(), "")],
    };
    let values = |operator: &str, key: &str| {
        conditions.get(operator).and_then(|keys| keys.get(key)).filter(|values| !values.is_empty())
    };
    // Only plain operators: with `IfExists` or `ForAllValues:` a token without the claim would
    // match.
    let exact = |key: &str| {
        let Some(values) = values("StringEquals", key) else {
            let (value, key) = (shown(value), shown(key));
            let message =
                format!("{value} needs the condition StringEquals {key} with exact values");
            return Some(refused("", message, "add it"));
        };
        // A variable could be the very claim it is compared with: `${HOST:sub}` equals itself.
        let loose =
            values.iter().find(|value| value.is_empty() || value.contains(['*', '?', '$']))?;
        let message = format!("the condition {} has the value {}", shown(key), shown(loose));
        Some(refused("", message, "write exact values"))
    };
    let patterns = values("StringLike", &sub)
        .filter(|_| origin == Origin::Grant && values("StringEquals", &sub).is_none());
    let mut problems: Vec<Finding> = exact(&aud).into_iter().collect();
    match (&issuer, patterns) {
        (Some(_), Some(_)) => {}
        _ => problems.extend(exact(&sub)),
    }
    // Also an exact subject must say whose token it is where many organizations share the issuer.
    if let (true, Some(issuer)) = (problems.is_empty(), &issuer) {
        let subjects = patterns.or_else(|| values("StringEquals", &sub)).into_iter().flatten();
        let objections = subjects.filter_map(|subject| subject::check(issuer, subject).err());
        let condition = format!("the condition {}", shown(&sub));
        problems.extend(objections.map(|finding| finding.with_subject(&condition)));
    }
    problems
}
