//! What the built-in class lets a trust statement say, whether a grant made it or a user wrote it.
//!
//! An Allow names principals of the role's own account and of those that the operator trusts
//! ([`Trusted`]) only, providers only with exact audience and
//! subject, services by their full name, and actions of STS that make a session, one by one. What a
//! typed grant of an OIDC issuer made may have wildcards in its subject where `subject::check`
//! takes them. A Deny only takes away, so its actions and principals may be wide, `{"AWS": "*"}`
//! too; still, `NotPrincipal` is refused everywhere, because AWS advises against it and its Deny
//! also hits the sessions of principals that it means to spare, and so is what AWS itself refuses:
//! variables and wildcards inside a principal, and the string `*`.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use crate::account::{Account, AccountId, is_account_id};
use crate::arn::{Arn, IamArn};
use crate::finding::{Check, Field, Finding};
use crate::nearest::nearest;
use crate::policy::pattern::{Pattern, Syntax};
use crate::policy::sessions;
use crate::policy::{Effect, PrincipalKind, PrincipalSet, Scope, Statement};
use crate::quote::shown;
use crate::trust::issuer::COGNITO;
use crate::trust::service::name::{is_pods, is_service};

use crate::trust::{Issuer, pod_identity, subject};

const SERVICE_ACCOUNT: &str = "system:serviceaccount:";

/// Whom the operator lets in beside the role's own account. By default nobody.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trusted {
    /// Other accounts whose principals may be named.
    pub accounts: BTreeSet<AccountId>,
    /// Organizations: a statement that is held to one of them may name principals of any account.
    pub organizations: BTreeSet<String>,
    /// Accounts and organizations of the operator's own. Who is in none of them has to send an
    /// external id. `None` asks nobody for it.
    pub own: Option<Own>,
}

/// What is of the operator's own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Own {
    /// Accounts.
    pub accounts: BTreeSet<AccountId>,
    /// Organizations.
    pub organizations: BTreeSet<String>,
}

static NOBODY: Trusted =
    Trusted { accounts: BTreeSet::new(), organizations: BTreeSet::new(), own: None };

/// How far a trust policy may reach.
#[derive(Clone, Copy, Debug)]
pub struct Reach<'a> {
    /// The role's own account.
    pub account: &'a Account,
    /// Whom else.
    pub trusted: &'a Trusted,
}

/// No further than the account.
impl<'a> From<&'a Account> for Reach<'a> {
    fn from(account: &'a Account) -> Self {
        Self { account, trusted: &NOBODY }
    }
}

impl Reach<'_> {
    /// The trusted organization that callers of a statement have to be in, if it is held to such.
    /// Only plain `StringEquals`: with `IfExists` a request without the key would match.
    fn organizations<'s>(&self, statement: &'s Statement) -> Option<&'s [String]> {
        let known = |values: &[String]| {
            !values.is_empty() && values.iter().all(|id| self.trusted.organizations.contains(id))
        };
        exact(statement, "aws:PrincipalOrgID").filter(|values| known(values))
    }

    /// Whether callers from `account`, or from anywhere in the organization that the statement is
    /// held to, are the operator's own, or need not be.
    fn is_own(&self, account: Option<AccountId>, statement: &Statement) -> bool {
        let Some(own) = &self.trusted.own else { return true };
        account.is_some_and(|id| own.accounts.contains(&id))
            || self
                .organizations(statement)
                .is_some_and(|held| held.iter().all(|id| own.organizations.contains(id)))
    }
}

/// The values that a key must have, by a plain `StringEquals`.
pub(super) fn exact<'s>(statement: &'s Statement, wanted: &str) -> Option<&'s [String]> {
    let keys = statement.conditions.get("StringEquals")?;
    let (_, values) = keys.iter().find(|(key, _)| key.eq_ignore_ascii_case(wanted))?;
    Some(values)
}

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

/// What the built-in class objects to in a trust statement that may reach so far, each with the
/// element of the statement; empty when it is within the limits.
#[must_use]
pub fn check<'a>(
    statement: &Statement,
    reach: impl Into<Reach<'a>>,
    origin: Origin,
) -> Vec<Finding> {
    let reach = reach.into();
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
                    .flat_map(|value| principal(*kind, value, statement, reach, origin));
                problems.extend(objections.map(|finding| finding.within(&field)));
            }
        }
    }
    if allow {
        actions(statement, &mut problems);
    } else {
        denied(statement, &mut problems);
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
    for action in list.iter().filter(|action| !sessions::ALL.contains(&action.as_str())) {
        let near = nearest(action, sessions::ALL.into_iter());
        problems.push(refused(
            "/Action",
            format!("{} is not allowed in a trust policy", shown(action)),
            format!("write {}", near.map_or_else(|| sessions::ALL.join(", "), str::to_owned)),
        ));
    }
}

/// AWS takes no action of another service into a trust policy, not even to deny it: "`AssumeRole`
/// policy may only specify STS `AssumeRole` actions".
fn denied(statement: &Statement, problems: &mut Vec<Finding>) {
    let (Scope::Only(list) | Scope::Except(list)) = &statement.actions;
    let field = if statement.actions.is_except() { "/NotAction" } else { "/Action" };
    let other = |action: &&String| {
        let service = action.split_once(':').map(|(service, _)| service);
        service.is_some_and(|service| !service.eq_ignore_ascii_case("sts") && service != "*")
    };
    for action in list.iter().filter(other) {
        let message = format!("{} is no action of STS", shown(action));
        problems.push(refused(field, message, "name sts:AssumeRole or another"));
    }
}

/// Whether AWS can tell whom a principal of a Deny names: "Invalid principal in policy".
fn may_be_denied(kind: PrincipalKind, value: &str) -> bool {
    match kind {
        PrincipalKind::Aws => {
            let named = |arn: Arn<'_>| {
                matches!(arn.service, "iam" | "sts")
                    && arn.region.is_empty()
                    && is_account_id(arn.account)
            };
            is_account_id(value) || Arn::split(value).is_some_and(named)
        }
        PrincipalKind::Service => is_service(value),
        PrincipalKind::Federated | PrincipalKind::CanonicalUser => true,
    }
}

/// What is wrong with one principal; the finding is about it as a whole.
fn principal(
    kind: PrincipalKind,
    value: &str,
    statement: &Statement,
    reach: Reach<'_>,
    origin: Origin,
) -> Vec<Finding> {
    let allow = statement.effect == Effect::Allow;
    if kind == PrincipalKind::Aws && value == "*" {
        if !allow {
            return Vec::new();
        }
        // A whole organization.
        if reach.organizations(statement).is_some() {
            return external(value, None, statement, reach).into_iter().collect();
        }
    }
    if value.contains(['*', '?', '$']) {
        let message = format!("{} holds a wildcard or a variable", shown(value));
        return vec![refused("", message, "name exactly one principal")];
    }
    match kind {
        _ if !allow && may_be_denied(kind, value) => Vec::new(),
        _ if !allow => {
            let remedy = "write an account id, an ARN of IAM, or a name such as \
                lambda.amazonaws.com";
            vec![refused("", format!("{} is no principal", shown(value)), remedy)]
        }
        PrincipalKind::Aws => aws(value, statement, reach).into_iter().collect(),
        PrincipalKind::Service if is_service(value) => Vec::new(),
        PrincipalKind::Service => {
            let message = format!("{} is no service principal", shown(value));
            vec![refused("", message, "write a name such as lambda.amazonaws.com")]
        }
        PrincipalKind::Federated => federated(value, &statement.conditions, reach.account, origin),
        PrincipalKind::CanonicalUser => {
            let message = format!("{} cannot assume a role", shown(value));
            vec![refused("", message, "name it by its ARN under AWS")]
        }
    }
}

fn aws(value: &str, statement: &Statement, reach: Reach<'_>) -> Option<Finding> {
    let account = reach.account;
    let parsed = if is_account_id(value) {
        IamArn::parse(&account.root_arn_of(value))
    } else {
        IamArn::parse(value)
    };
    let arn = match parsed {
        Ok(arn) => arn,
        Err(error) => return Some(refused("", error.to_string(), "")),
    };
    let id = arn.account.parse::<AccountId>().ok();
    let own = arn.is_in(account);
    let trusted = id.is_some_and(|id| reach.trusted.accounts.contains(&id))
        || reach.organizations(statement).is_some();
    // No partition trusts another.
    if !(own || (trusted && arn.partition == account.partition)) {
        return Some(refused(
            "",
            format!("{} is in another account", shown(value)),
            format!(
                "name a principal of account {}, or ask the operator to trust that account \
                 (--trusted-accounts)",
                account.id
            ),
        ));
    }
    if !matches!(arn.kind.as_str(), "root" | "role" | "user") {
        let message = format!("{} is no role, user or root", shown(value));
        return Some(refused("", message, "name one of these"));
    }
    if own { None } else { external(value, id, statement, reach) }
}

/// Who is not of the operator's own has to send a word that only the two know: else a customer of a
/// third party could have it use this role (the confused deputy).
fn external(
    value: &str,
    account: Option<AccountId>,
    statement: &Statement,
    reach: Reach<'_>,
) -> Option<Finding> {
    let sends = exact(statement, "sts:ExternalId").is_some_and(|values| {
        let one = |value: &String| !value.is_empty() && !value.contains(['*', '?', '$']);
        !values.is_empty() && values.iter().all(one)
    });
    if sends || reach.is_own(account, statement) {
        return None;
    }
    let message = format!("{} is not of the operator's own (--own-accounts)", shown(value));
    Some(refused("", message, "set externalId, and have the caller send it"))
}

fn federated(
    value: &str,
    conditions: &BTreeMap<String, BTreeMap<String, Vec<String>>>,
    account: &Account,
    origin: Origin,
) -> Vec<Finding> {
    let of = |issuer: Issuer| {
        let (aud, sub) = (issuer.audience_key(), issuer.subject_key());
        (Some(issuer), aud, sub)
    };
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
            Ok(issuer) => of(issuer),
            Err(finding) => return vec![finding],
        },
        Err(error) => match Issuer::built_in(value) {
            Some(issuer) => of(issuer),
            None => return vec![refused("", error.to_string(), "")],
        },
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
    // An identity pool of Cognito tells who signed in and who is a guest.
    let pool = issuer.as_ref().filter(|issuer| issuer.key_prefix() == COGNITO);
    if let Some(pool) = pool.filter(|_| values("StringEquals", &sub).is_none()) {
        let amr = pool.key("amr");
        let signed_in = ["ForAnyValue:StringEquals", "ForAnyValue:StringLike"].iter().any(|name| {
            let plain = |value: &String| {
                value != "unauthenticated" && !value.is_empty() && !value.contains(['*', '?', '$'])
            };
            values(name, &amr).is_some_and(|values| values.iter().all(plain))
        });
        if !signed_in {
            let message = format!(
                "{} lets in guests of the pool without exact subjects or the condition \
                 ForAnyValue:StringEquals {} with authenticated",
                shown(value),
                shown(&amr)
            );
            problems.push(refused("", message, "add one of them; in a grant write claims.amr"));
        }
        return problems;
    }
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
