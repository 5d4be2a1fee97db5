//! The fingerprints of some forms, as they were recorded. `status.desiredHash` is made of them:
//! with other ones, every role of every cluster would be looked at again after an upgrade.

use std::fmt::Write as _;

use crate::{
    api::kinds::iam_role::Applied,
    plan::{
        form::{
            fingerprint::{self, Owned, hexadecimal},
            observed::Observed,
        },
        tests::samples::{TRUST, as_written, authorization, wish, with},
    },
};

const INLINE: &str = r#"{"name":"read","statements":[{"effect":"Allow","actions":["s3:GetObject"],"resources":["arn:aws:s3:::b/*"]}]},
    {"name":"Never","document":{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"*","Resource":"*"}}}"#;

fn specs() -> [(&'static str, String); 3] {
    let whole = format!(
        r#""description":"Reads exports","maxSessionDuration":"2h","permissionsBoundary":"arn:aws:iam::123456789012:policy/b",
        "permissions":{{"managedPolicies":["arn:aws:iam::aws:policy/SecurityAudit","arn:aws:iam::aws:policy/ReadOnlyAccess"],"inlinePolicies":[{INLINE}]}},
        "tags":{{"owner":"a","Team":"t"}},"management":{{"tags":"Exclusive"}}"#
    );
    let shared = format!(
        r#""permissions":{{"managedPolicies":["arn:aws:iam::aws:policy/SecurityAudit"],"inlinePolicies":[{INLINE}]}},
        "management":{{"managedPolicies":"Additive","inlinePolicies":"Additive"}}"#
    );
    [("trust alone", TRUST.to_owned()), ("whole", with(&whole)), ("shared", with(&shared))]
}

/// What others did to a role.
fn edited(mut role: Observed) -> Observed {
    role.attached.insert("arn:aws:iam::aws:policy/Theirs".into());
    role.inline.insert("theirs".into(), "no document".into());
    role.inline.insert("before".into(), "%7B%22Version%22%3A%222012-10-17%22".into());
    role.role.tags.insert("THEIRS".into(), "1".into());
    role.role.tags.insert("aws:theirs".into(), "1".into());
    role
}

#[test]
fn fingerprints_stay_what_they_are() {
    let applied = Applied {
        inline_policies: vec!["before".into()],
        managed_policies: vec!["arn:aws:iam::aws:policy/Before".into()],
        tags: vec!["Theirs".into()],
        service_accounts: Vec::new(),
    };
    let mut text = String::new();
    for (name, spec) in specs() {
        let wish = wish(&spec);
        let fingerprints = fingerprint::of_desired(&wish);
        let role = edited(as_written(&wish));
        let scope = Owned::of(&wish, &applied);
        let mut garbage = role.clone();
        garbage.role.trust = "no document".into();
        garbage.role.boundary = Some("arn:aws:iam::aws:policy/Theirs".into());
        for (what, found) in [
            ("authorization", fingerprints.0),
            ("attributes", fingerprints.1),
            ("edited, all", authorization(&wish, &role, &Owned::default())),
            ("edited, ours", authorization(&wish, &role, &scope)),
            ("garbage, ours", authorization(&wish, &garbage, &scope)),
        ] {
            writeln!(text, "{name}: {what}: {}", hexadecimal(&found)).unwrap();
        }
        writeln!(text, "{name}: desiredHash: {}", fingerprint::desired_hash(fingerprints)).unwrap();
    }
    let unset = fingerprint::attributes(None, None);
    writeln!(text, "unset: attributes: {}", hexadecimal(&unset)).unwrap();
    insta::assert_snapshot!(text);
}
