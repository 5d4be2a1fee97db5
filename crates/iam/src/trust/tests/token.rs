//! What the tables of the compilers share: a caller, and the answer of the evaluator to it.

use crate::account::Account;
use crate::policy::evaluate::{Context, Decision, Documents, Request, evaluate};
use crate::policy::{Policy, PolicyKind, PrincipalKind, Statement};

/// The account of the role in all tables.
pub(in crate::trust) fn account() -> Account {
    Account::new("123456789012", "aws").unwrap()
}

/// Texts as the arguments of grants have them.
pub(in crate::trust) fn list(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

/// The statement alone in a document, after the check that every desired trust policy passes.
pub(in crate::trust) fn document(statement: &Statement) -> String {
    let policy = Policy::new(vec![statement.clone()]);
    policy.check(PolicyKind::Trust).unwrap();
    policy.to_json()
}

/// Whether the statement lets a caller do `action` who is `principal` and of whom `keys` are known.
pub(in crate::trust) fn allows(
    statement: &Statement,
    action: &str,
    principal: (PrincipalKind, &str),
    keys: &[(&str, &str)],
) -> bool {
    let context =
        keys.iter().fold(Context::default(), |context, (key, value)| context.with(key, value));
    decide(statement, action, principal, context)
}

/// The same with a context of one's own.
pub(in crate::trust) fn decide(
    statement: &Statement,
    action: &str,
    (kind, name): (PrincipalKind, &str),
    context: Context,
) -> bool {
    let trust = Policy::new(vec![statement.clone()]);
    let documents = Documents { trust: Some(&trust), ..Documents::default() };
    let principal = Some((kind, name.to_owned()));
    let request = Request { action: action.to_owned(), resource: None, principal, context };
    evaluate(&documents, &request).unwrap().decision == Decision::Allowed
}

/// Whether the statement lets in a token of the provider `host` with these claims.
pub(in crate::trust) fn token(statement: &Statement, host: &str, claims: &[(&str, &str)]) -> bool {
    let provider = format!("arn:aws:iam::123456789012:oidc-provider/{host}");
    let keys: Vec<(String, &str)> =
        claims.iter().map(|(claim, value)| (format!("{host}:{claim}"), *value)).collect();
    let keys: Vec<(&str, &str)> = keys.iter().map(|(key, value)| (key.as_str(), *value)).collect();
    allows(statement, "sts:AssumeRoleWithWebIdentity", (PrincipalKind::Federated, &provider), &keys)
}
