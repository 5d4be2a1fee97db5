//! Tests of the checker against the schema of the real CRD.

use serde_json::{Value, json};

use super::*;
use crate::api::kinds::iam_role::IamRole;
use iam::{limits, text::json};

fn node(value: &Value) -> Node {
    json::parse(&value.to_string(), limits::DOCUMENT).expect("it is JSON within the bounds")
}

fn of(spec: &Node) -> Vec<String> {
    let schema =
        SpecSchema::of::<IamRole>().expect("the schema of the CRD is known to the checker");
    schema.problems(spec).iter().map(ToString::to_string).collect()
}

fn with(field: &str, value: Value) -> Vec<String> {
    let mut spec = json!({"trust": [{"name": "a", "serviceAccount": {"name": "b"}}]});
    spec[field] = value;
    of(&node(&spec))
}

#[test]
fn a_good_spec_has_no_problems() {
    let spec = json!({
        "roleName": "prod-team-a_x", "path": "/team-a/", "maxSessionDuration": "1h30m",
        "description": "ä",
        "permissionsBoundary": "arn:{partition}:iam::{accountId}:policy/b",
        "trust": [
            {"name": "a", "serviceAccount": {"name": "b"}},
            {"name": "c", "service": {"name": "lambda.amazonaws.com", "sourceAccount": "Own",
            "sourceArns": ["arn:aws:s3:::x"]}},
            {"name": "d", "principals": {"accounts": ["123456789012"],
            "mfa": true, "organizationId": "o-a1b2c3d4e5"}},
            {"name": "e", "statement": {"effect": "Allow", "principals": {"AWS": ["x"]},
            "actions": ["sts:AssumeRole"],
                "conditions": {"StringEquals": {"a:b": ["c", "c"]}}}}
        ],
        "permissions": {"managedPolicies": ["arn:aws:iam::aws:policy/ReadOnlyAccess"],
            "inlinePolicies": [{"name": "p", "document": {"anything": [{"goes": null}]}}]},
        "tags": {"a": "b c"}, "management": {"tags": "Exclusive"},
        "lifetime": {"expiresAt": "2027-03-31T00:00:00Z"},
        "deletionPolicy": "Retain", "driftPolicy": "Observe"
    });
    assert_eq!(of(&node(&spec)), Vec::<String>::new());
}

#[test]
fn each_problem_names_its_field_and_a_remedy() {
    let long = "x".repeat(1001);
    let spec = json!({
        "roleName": "", "path": "team", "description": long, "maxSessionDuration": 3600,
        "permisions": {},
        "trust": [
            {"name": "A_", "serviceAccount": {"nmae": "b"}},
            {"service": {"name": "lambda.amazonaws.com", "sourceAccount": "own"}},
            {"name": "d", "principals": {"accounts": [123_456_789_012_u64, "1"],
            "arns": ["arn:a", "arn:a"], "mfa": "yes", "externalId": null}},
            {"name": "e", "statement": {"effect": "Permit", "principals": [], "actions": []}},
            7
        ],
        "permissions": {"inlinePolicies": [{"name": "p", "document": "{}"}]},
        "tags": {"a": 1, "b": "\u{7}"},
        "lifetime": {"expiresAt": "2027-02-31T00:00:00Z", "wholly different\n": 1}
    });
    insta::assert_snapshot!(of(&node(&spec)).join("\n"));
}

#[test]
fn the_bounds_are_the_last_allowed_values() {
    assert!(with("roleName", json!("r".repeat(64))).is_empty());
    assert_eq!(with("roleName", json!("r".repeat(65))).len(), 1);
    assert!(
        with("description", json!("ÿ".repeat(1000))).is_empty(),
        "characters are counted, not bytes"
    );
    let tags = |n: usize| Value::Object((0..n).map(|i| (i.to_string(), json!(""))).collect());
    assert!(with("tags", tags(40)).is_empty());
    assert_eq!(with("tags", tags(41)).len(), 1);
    let grants = |n: usize| Value::Array(vec![json!({"name": "a"}); n]);
    assert!(with("trust", grants(30)).is_empty());
    assert_eq!(with("trust", grants(31)).len(), 1);
    assert_eq!(with("trust", grants(0)).len(), 1);
}

#[test]
fn a_spec_that_is_no_object_is_one_problem() {
    for spec in [Node::Null, Node::Bool(true), Node::Array(vec![]), Node::Number("1".to_owned())] {
        assert_eq!(of(&spec).len(), 1);
    }
    assert_eq!(of(&Node::Object(vec![])), ["spec.trust: is missing; add it"]);
}

#[test]
fn a_repeated_key_is_a_problem() {
    let member = |key: &str| (key.to_owned(), Node::String("/".to_owned()));
    assert_eq!(
        of(&Node::Object(vec![member("path"), member("path")])),
        ["spec.path: appears twice; keep one", "spec.trust: is missing; add it"]
    );
}

#[test]
fn the_number_of_problems_is_bounded() {
    let members = (0..10_000).map(|i| (format!("unknown{i}"), Node::Null)).collect();
    assert_eq!(of(&Node::Object(members)).len(), MOST_PROBLEMS);
}

#[test]
fn only_a_field_that_may_be_left_out_is_advised_to_be() {
    assert_eq!(
        with("trust", json!([])),
        ["spec.trust: has 0 entries where at least 1 are needed; add one"]
    );
    let null = with("trust", Value::Null);
    assert_eq!(null, ["spec.trust: is null; write a list"]);
    assert_eq!(
        with("description", Value::Null),
        ["spec.description: is null; write a string or leave the field out"]
    );
}
