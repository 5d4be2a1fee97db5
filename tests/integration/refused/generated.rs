//! The cases that are one too many or one too long, so that code writes them better than a person.

use serde_json::{Value, json};

use super::cases::{By, Case, Place};

fn times(count: usize, make: impl Fn(usize) -> Value) -> Value {
    (0..count).map(make).collect()
}

fn map(count: usize, make: impl Fn(usize) -> (String, Value)) -> Value {
    Value::Object((0..count).map(make).collect())
}

fn reads(n: usize) -> Value {
    json!({"effect": "Allow", "actions": [format!("s3:Get{n}")], "resources": ["*"]})
}

fn inline(policy: Value) -> Value {
    json!({"permissions": {"inlinePolicies": Value::Array(vec![policy])}})
}

/// An inline policy with one statement that has this part.
fn statement(field: &str, value: Value) -> Value {
    let mut statement = reads(0);
    statement[field] = value;
    inline(json!({"name": "p", "statements": [statement]}))
}

fn grant(field: &str, value: Value) -> Value {
    let mut grant = json!({"name": "g"});
    grant[field] = value;
    json!({"trust": [grant]})
}

/// A pasted document of one statement on this resource.
fn document(resource: &str) -> Value {
    json!({
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": resource}],
    })
}

fn nested(depth: usize) -> Value {
    (0..depth).fold(json!("x"), |inner, _| json!({"a": inner}))
}

pub fn cases(place: &Place) -> Vec<Case> {
    let mut cases = lists(place);
    cases.extend(texts(place));
    cases.extend(sums(place));
    cases
}

/// Lists and maps with one entry too many.
fn lists(place: &Place) -> Vec<Case> {
    let many = |title: &str, field: &str, api: &str, remedy: &str, spec: Value| {
        let api_field = api.to_owned();
        Case::made(title, By::Schema, &[&api_field, "must have at most"], field, remedy, spec)
    };
    let arn = |n: usize| json!(format!("arn:aws:iam::{}:role/r{n}", place.account));
    let first = "spec.permissions.inlinePolicies[0].statements[0]";
    vec![
        many(
            "31 grants",
            "spec.trust",
            "spec.trust: Too many",
            "at most 30 are allowed; remove some",
            json!({"trust": times(31, |n| json!({"name": format!("g{n}"),
                "serviceAccount": {"name": "a"}}))}),
        ),
        many(
            "41 tags",
            "spec.tags",
            "spec.tags: Too many",
            "at most 40 are allowed; remove some",
            json!({"tags": map(41, |n| (format!("k{n}"), json!("v")))}),
        ),
        many(
            "26 managed policies",
            "spec.permissions.managedPolicies",
            "spec.permissions.managedPolicies: Too many",
            "at most 25 are allowed; remove some",
            json!({"permissions": {"managedPolicies": times(26,
                |n| json!(format!("arn:aws:iam::aws:policy/p{n}")))}}),
        ),
        many(
            "21 inline policies",
            "spec.permissions.inlinePolicies",
            "spec.permissions.inlinePolicies: Too many",
            "at most 20 are allowed; remove some",
            json!({"permissions": {
                "inlinePolicies": times(21, |n| json!({"name": format!("p{n}"),
                "statements": [reads(n)]})),
            }}),
        ),
        many(
            "51 statements",
            "spec.permissions.inlinePolicies[0].statements",
            "spec.permissions.inlinePolicies[0].statements: Too many",
            "at most 50 are allowed; remove some",
            inline(json!({"name": "p", "statements": times(51, reads)})),
        ),
        many(
            "201 actions",
            &format!("{first}.actions"),
            &format!("{first}.actions: Too many"),
            "at most 200 are allowed; remove some",
            statement("actions", times(201, |n| json!(format!("s3:a{n}")))),
        ),
        many(
            "201 resources",
            &format!("{first}.resources"),
            &format!("{first}.resources: Too many"),
            "at most 200 are allowed; remove some",
            statement("resources", times(201, |n| json!(format!("arn:aws:s3:::b{n}")))),
        ),
        many(
            "11 condition operators",
            &format!("{first}.conditions"),
            &format!("{first}.conditions: Too many"),
            "at most 10 are allowed; remove some",
            statement("conditions", map(11, |n| (format!("Operator{n}"), json!({"k": ["v"]})))),
        ),
        many(
            "11 condition keys",
            &format!("{first}.conditions[\"StringEquals\"]"),
            &format!("{first}.conditions.StringEquals: Too many"),
            "at most 10 are allowed; remove some",
            statement(
                "conditions",
                json!({"StringEquals": map(11, |n| (format!("aws:k{n}"), json!(["v"])))}),
            ),
        ),
        many(
            "51 condition values",
            &format!("{first}.conditions[\"StringEquals\"][\"k\"]"),
            &format!("{first}.conditions.StringEquals.k: Too many"),
            "at most 50 are allowed; remove some",
            statement(
                "conditions",
                json!({"StringEquals": {"k": times(51, |n| json!(format!("v{n}")))}}),
            ),
        ),
        many(
            "51 roles in a grant",
            "spec.trust[0].principals.arns",
            "spec.trust[0].principals.arns: Too many",
            "at most 50 are allowed; remove some",
            grant("principals", json!({"arns": times(51, arn)})),
        ),
    ]
}

/// Texts with one character too many.
fn texts(place: &Place) -> Vec<Case> {
    let long = |title: &str, field: &str, remedy: &str, spec: Value| {
        Case::made(
            title,
            By::Schema,
            &[&format!("{field}: Too long"), "may not be more than"],
            field,
            remedy,
            spec,
        )
    };
    let own = format!("{}{}_", place.prefix, place.namespace);
    let first = "spec.permissions.inlinePolicies[0].statements[0]";
    vec![
        long(
            "a role name of 65 characters",
            "spec.roleName",
            "at most 64 are allowed; shorten it",
            json!({"roleName": format!("{own:x<65}")}),
        ),
        long(
            "a path of 513 characters",
            "spec.path",
            "at most 512 are allowed; shorten it",
            json!({"path": format!("/teams/{}/", "x".repeat(505))}),
        ),
        long(
            "a description of 1,001 characters",
            "spec.description",
            "at most 1000 are allowed; shorten it",
            json!({"description": "x".repeat(1001)}),
        ),
        long(
            "an action of 129 characters",
            &format!("{first}.actions[0]"),
            "at most 128 are allowed; shorten it",
            statement("actions", json!([format!("s3:{}", "x".repeat(126))])),
        ),
        long(
            "a Sid of 129 characters",
            &format!("{first}.sid"),
            "at most 128 are allowed; shorten it",
            statement("sid", json!("x".repeat(129))),
        ),
        long(
            "a grant's name of 64 characters",
            "spec.trust[0].name",
            "at most 63 are allowed; shorten it",
            json!({"trust": [{"name": "x".repeat(64), "serviceAccount": {"name": "a"}}]}),
        ),
        long(
            "an external id of 1,225 characters",
            "spec.trust[0].principals.externalId",
            "at most 1224 are allowed; shorten it",
            grant(
                "principals",
                json!({"accounts": [place.account], "externalId": "x".repeat(1225)}),
            ),
        ),
        Case::made(
            "a tag value of 257 characters",
            By::Schema,
            &["spec.tags.owner: Too long", "may not be more than"],
            "spec.tags[\"owner\"]",
            "at most 256 are allowed; shorten it",
            json!({"tags": {"owner": "x".repeat(257)}}),
        ),
        Case::made(
            "a tag key of 129 characters",
            By::Schema,
            &["spec.tags", "tag keys have 1 to 128 characters"],
            &format!("spec.tags.{}", "x".repeat(129)),
            "must have 1 to 128 characters; change its length",
            json!({"tags": {"x".repeat(129): "v"}}),
        ),
        Case::made(
            "a resource whose name has 191 characters",
            By::Schema,
            &["metadata.name may have at most 190 characters: choose a shorter one"],
            "metadata.name",
            "may have at most 190 characters: choose a shorter one",
            json!({}),
        )
        .named(&"x".repeat(191)),
    ]
}

/// What only the sum of all parts exceeds, and documents that are too much.
fn sums(place: &Place) -> Vec<Case> {
    let external = |n: usize| {
        json!({
            "name": format!("g{n}"),
            "principals": {"accounts": [place.account], "externalId": "x".repeat(1200)},
        })
    };
    let inline_document = "spec.permissions.inlinePolicies[0].document";
    vec![
        Case::made(
            "a trust policy of more than 8,192 characters",
            By::Controller,
            &[],
            "spec.trust",
            "IAM allows at most 8192: split the role",
            json!({"trust": times(7, external)}),
        ),
        Case::made(
            "inline policies of more than 10,240 characters together",
            By::Controller,
            &[],
            "spec.permissions.inlinePolicies",
            "IAM allows 10240: move a part to a managed policy",
            json!({"permissions": {"inlinePolicies": [
                {"name": "a", "document": document(&format!("arn:aws:s3:::{}", "a".repeat(5500)))},
                {"name": "b", "document": document(&format!("arn:aws:s3:::{}", "b".repeat(5500)))},
            ]}}),
        ),
        Case::made(
            "a document of more than 64 KiB",
            By::Controller,
            &[],
            inline_document,
            "is longer than 64 KiB: shorten it",
            inline(json!({"name": "p", "document": document(&"x".repeat(64 * 1024))})),
        ),
        Case::made(
            "a document nested 70 deep",
            By::Controller,
            &[],
            &format!("{inline_document}.a"),
            "has no element \"a\"; remove it",
            inline(json!({"name": "p", "document": nested(70)})),
        ),
        Case::made(
            "a document nested 100 deep",
            By::Controller,
            &[],
            &format!("{inline_document}{}", ".a".repeat(76)),
            "objects and lists are nested more than 80 deep; flatten the document",
            inline(json!({"name": "p", "document": nested(100)})),
        ),
    ]
}
