//! What the manifests of `config/samples/` ask for, written out by hand as AWS has to have it.

use serde_json::{Value, json};

use crate::account::RoleView;
use crate::policy::canonical;
use crate::system::{ACCOUNT, INSTALLATION};

/// A sample's resource, as namespace/name, and the role it asks for.
pub struct Expected {
    pub resource: &'static str,
    pub role: RoleView,
}

/// The role name of a resource, as namespace/name.
pub fn role_name(resource: &str) -> String {
    format!("{INSTALLATION}-{}", resource.replace('/', "_"))
}

/// The samples that show one kind of grant each. The documents that they make are written out in
/// the tests of the library.
pub const GRANTS: [&str; 5] = [
    "team-a/deploy",
    "team-a/ledger-writer",
    "team-b/release",
    "team-b/support",
    "team-b/workspace",
];

/// The samples that the walk looks into; `6-look-first.yaml` only looks.
pub fn samples() -> [Expected; 5] {
    let role = format!("arn:aws:iam::{ACCOUNT}:role");
    [
        expected(
            "team-a/billing-reader",
            RoleView {
                description: "Reads billing exports".into(),
                trust: pods("system:serviceaccount:team-a:billing"),
                attached: ["arn:aws:iam::aws:policy/CloudWatchReadOnlyAccess".into()].into(),
                inline: [("read-exports".to_owned(), read_exports(&json!("s3:GetObject")))].into(),
                tags: [("owner", "team-a"), ("cost-centre", "1234")]
                    .map(|(key, value)| (key.into(), value.into()))
                    .into(),
                ..RoleView::default()
            },
        ),
        expected(
            "team-a/thumbnails",
            RoleView {
                description: "Execution role of the thumbnail function".into(),
                trust: assume(
                    &json!({"Service": "lambda.amazonaws.com"}),
                    &json!({
                        "StringEquals": {"aws:SourceAccount": ACCOUNT},
                        "ArnLike": {"aws:SourceArn": format!(
                        "arn:aws:lambda:eu-west-2:{ACCOUNT}:function:thumbnails")},
                    }),
                ),
                attached: [
                    "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole".into()
                ]
                .into(),
                ..RoleView::default()
            },
        ),
        expected(
            "team-b/audit",
            RoleView {
                description: "Read access for auditors".into(),
                max_session: 7200,
                trust: assume(
                    &json!({"AWS": format!("{role}/auditors")}),
                    &json!({
                        "StringEquals": {"sts:ExternalId": "audit-2026"},
                        "Bool": {"aws:MultiFactorAuthPresent": "true"},
                    }),
                ),
                attached: ["arn:aws:iam::aws:policy/SecurityAudit".into()].into(),
                ..RoleView::default()
            },
        ),
        expected(
            "team-b/queue-worker",
            RoleView {
                trust: pods("system:serviceaccount:team-b:queue-worker"),
                inline: [("work".to_owned(), work())].into(),
                ..RoleView::default()
            },
        ),
        expected(
            "team-b/incident-4711",
            RoleView {
                description: "Access to logs during incident 4711".into(),
                trust: assume(
                    &json!({"AWS": format!("{role}/on-call")}),
                    &json!({"Bool": {"aws:MultiFactorAuthPresent": "true"}}),
                ),
                inline: [("read-logs".to_owned(), read_logs())].into(),
                ..RoleView::default()
            },
        ),
    ]
}

/// Completes what all roles have in common. The unique id and the uid tag are not known beforehand.
fn expected(resource: &'static str, role: RoleView) -> Expected {
    let mut tags = role.tags;
    tags.insert("rolewright.dev/installation".into(), INSTALLATION.into());
    tags.insert("rolewright.dev/resource".into(), resource.into());
    let role = RoleView {
        arn: format!("arn:aws:iam::{ACCOUNT}:role/{}", role_name(resource)),
        max_session: if role.max_session == 0 { 3600 } else { role.max_session },
        boundary: Some(format!("arn:aws:iam::{ACCOUNT}:policy/rolewright-boundary")),
        trust: canonical(&role.trust),
        inline: role
            .inline
            .into_iter()
            .map(|(name, document)| (name, canonical(&document)))
            .collect(),
        tags,
        ..role
    };
    Expected { resource, role }
}

fn document(statements: &Value) -> Value {
    json!({"Version": "2012-10-17", "Statement": statements})
}

fn pods(subject: &str) -> Value {
    document(&json!({
        "Effect": "Allow",
        "Principal": {
            "Federated": format!("arn:aws:iam::{ACCOUNT}:oidc-provider/oidc.example.org/id/demo"),
        },
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {"StringEquals": {
            "oidc.example.org/id/demo:aud": "sts.amazonaws.com",
            "oidc.example.org/id/demo:sub": subject,
        }},
    }))
}

fn assume(principal: &Value, condition: &Value) -> Value {
    document(&json!({"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole",
            "Condition": condition}))
}

/// The inline policy of `1-pods.yaml`; the step that edits the spec changes its actions.
pub fn read_exports(actions: &Value) -> Value {
    canonical(&document(&json!([
        {
            "Sid": "ListExports",
            "Effect": "Allow",
            "Action": "s3:ListBucket",
            "Resource": "arn:aws:s3:::myorg-billing-exports",
        },
        {
            "Sid": "ReadExports",
            "Effect": "Allow",
            "Action": actions,
            "Resource": "arn:aws:s3:::myorg-billing-exports/*",
            "Condition": {"StringEquals": {"aws:ResourceAccount": "123456789012"}},
        },
    ])))
}

fn work() -> Value {
    document(&json!({
        "Sid": "Work",
        "Effect": "Allow",
        "Action": ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"],
        "Resource": "arn:aws:sqs:eu-west-2:123456789012:work",
        "Condition": {"StringEquals": {"aws:ResourceAccount": "123456789012"}},
    }))
}

fn read_logs() -> Value {
    document(&json!({
        "Effect": "Allow",
        "Action": ["logs:FilterLogEvents", "logs:GetLogEvents"],
        "Resource": format!("arn:aws:logs:*:{ACCOUNT}:log-group:/app/*"),
    }))
}
