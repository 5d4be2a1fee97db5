//! What counts as equal in the policy language: one named test for each numbered rule, and the
//! readings that go with it. The numbers are those of the table from which they come; Q2 and Q3
//! have readings of their own in `reading.rs`.

mod conditions;
mod principals;
mod reading;
mod statements;

use crate::account::Account;
use crate::policy::tests::work::costly;
use crate::policy::*;

fn account() -> Account {
    Account::new("123456789012", "aws").unwrap()
}

fn verdict(kind: PolicyKind, desired: &str, observed: &str) -> Equality {
    let desired = Policy::parse(desired, kind, Strictness::Desired).unwrap();
    compare(&desired, observed, kind, &account())
}

/// Both are the content of one statement of an identity policy, without its braces.
fn statements(desired: &str, observed: &str) -> Equality {
    let document = |inner: &str| format!(r#"{{"Version":"2012-10-17","Statement":[{{{inner}}}]}}"#);
    verdict(PolicyKind::Identity, &document(desired), &document(observed))
}

const GET: &str = r#""Effect":"Allow","Action":"s3:GetObject","Resource":"*""#;

/// Both are whole `Statement` values.
fn lists(desired: &str, observed: &str) -> Equality {
    let document = |list: &str| format!(r#"{{"Version":"2012-10-17","Statement":{list}}}"#);
    verdict(PolicyKind::Identity, &document(desired), &document(observed))
}

/// Both are values of `Principal`.
fn principals(desired: &str, observed: &str) -> Equality {
    let document = |principal: &str| {
        format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{principal}}}]}}"#
        )
    };
    verdict(PolicyKind::Trust, &document(desired), &document(observed))
}

/// Both are values of `Condition`.
fn conditions(desired: &str, observed: &str) -> Equality {
    statements(
        &format!(r#"{GET},"Condition":{desired}"#),
        &format!(r#"{GET},"Condition":{observed}"#),
    )
}

fn actions(desired: &str, observed: &str) -> Equality {
    let inner = |action: &str| format!(r#""Effect":"Allow","Resource":"*","Action":{action}"#);
    statements(&inner(desired), &inner(observed))
}

fn resources(desired: &str, observed: &str) -> Equality {
    let inner =
        |resource: &str| format!(r#""Effect":"Allow","Action":"s3:*","Resource":{resource}"#);
    statements(&inner(desired), &inner(observed))
}

const A: &str = r#"{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}"#;
const B: &str = r#"{"Effect":"Deny","Action":"s3:PutObject","Resource":"*"}"#;
