use rstest::rstest;

use super::*;
use crate::{
    api::RoleStatus,
    plan::{
        form::{desired::Desired, fingerprint::of_desired},
        scope::limits::BoundaryRule,
        steps::applied,
        tests::samples::{as_written, limits, resource, wish, with},
    },
};
use iam::managed::ManagedPolicyRules;

const READ: &str = r#"{"name":"read","statements":[{"effect":"Allow","actions":["s3:GetObject"],"resources":["arn:aws:s3:::b/*"]}]}"#;
const AUDIT: &str = "arn:aws:iam::aws:policy/SecurityAudit";
const BOUNDARY: &str = "arn:aws:iam::123456789012:policy/b";

fn whole() -> Desired {
    wish(&with(&format!(
        r#""description":"d","permissionsBoundary":"{BOUNDARY}","tags":{{"owner":"a"}},
        "permissions":{{"managedPolicies":["{AUDIT}"],"inlinePolicies":[{READ}]}},
        "management":{{"managedPolicies":"Additive"}}"#
    )))
}

fn held(desired: &Desired) -> Held {
    Held::of(&desired.form, desired.terms.exclusive)
}

#[test]
fn the_text_is_compact_has_the_four_parts_and_reads_back_as_it_was() {
    let desired = whole();
    let text = held(&desired).encode(&limits().account).unwrap();
    assert_eq!(
        text,
        format!(
            r#"{{"trust":{},"inline":{{"read":{}}},"attached":["{AUDIT}"],"boundary":"{BOUNDARY}","additive":["attached"]}}"#,
            desired.form.trust.to_json(),
            desired.form.inline["read"].to_json()
        )
    );
    assert_eq!(Held::decode(&text), Some(held(&desired)));
    let least = held(&wish(&with("")));
    let text = least.encode(&limits().account).unwrap();
    assert!(text.starts_with(r#"{"trust":{"#) && text.len() < 200, "{text}");
    assert_eq!(Held::decode(&text), Some(least));
}

/// An inline policy of so many bytes, and a little more.
fn large(bytes: usize) -> Held {
    let mut held = held(&whole());
    let statement = Statement::allow(["s3:GetObject"]).on(["x".repeat(bytes)]);
    let policy = Policy::new(vec![statement]);
    held.inline.insert("large".into(), HeldDocument::Whole(policy));
    held
}

#[test]
fn over_32_kib_only_names_and_hashes_are_kept() {
    let account = limits().account;
    let text = large(MOST / 2).encode(&account).unwrap();
    assert!(text.contains("xxx") && text.len() <= MOST);
    let large = large(MOST);
    let text = large.encode(&account).unwrap();
    assert!(text.len() < 1_000, "{text}");
    let read = Held::decode(&text).unwrap();
    assert_eq!((&read.attached, &read.boundary), (&large.attached, &large.boundary));
    assert_eq!(read.exclusive, large.exclusive);
    for (name, document) in &read.inline {
        let HeldDocument::Whole(policy) = &large.inline[name] else { panic!("{name}") };
        let is = |text: &str| document.hash_is_of(&text.to_owned(), PolicyKind::Identity, &account);
        // However AWS prints it.
        assert_eq!(is(&format!(" {} ", policy.to_json())), Some(true), "{name}");
        assert_eq!(is(r#"{"Version":"2012-10-17","Statement":[]}"#), Some(false));
    }
    assert_eq!(Held::decode(&read.encode(&account).unwrap()), Some(read));
}

#[test]
fn what_is_too_long_even_as_names_is_not_kept() {
    let mut held = held(&whole());
    held.attached =
        (0..25).map(|n| format!("arn:aws:iam::aws:policy/{n}{}", "x".repeat(2_000))).collect();
    assert_eq!(held.encode(&limits().account), None);
}

#[rstest]
#[case::nothing("")]
#[case::no_json("{")]
#[case::no_object("[]")]
#[case::no_trust(r#"{"inline":{}}"#)]
#[case::twice(r#"{"trust":"a","trust":"b"}"#)]
fn what_is_no_such_text_is_not_read(#[case] text: &str) {
    assert_eq!(Held::decode(text), None);
    assert_eq!(Held::decode(&"[".repeat(MOST + 1)), None);
}

#[test]
fn of_a_document_that_is_none_nothing_is_known() {
    let text =
        r#"{"trust":{"Statement":1},"inline":{"a":null,"b":[]},"attached":[1,"x"],"boundary":7}"#;
    let nothing = || HeldDocument::Hash(String::new());
    let expected = Held {
        trust: nothing(),
        inline: [("a".to_owned(), nothing()), ("b".to_owned(), nothing())].into(),
        attached: ["x".to_owned()].into(),
        boundary: None,
        exclusive: Exclusive { attached: true, inline: true, tags: false },
    };
    assert_eq!(Held::decode(text), Some(expected));
}

#[test]
fn what_the_limits_of_today_forbid_is_dropped() {
    let mut held = held(&whole());
    let other = "arn:aws:iam::210987654321:root";
    let HeldDocument::Whole(trust) = &mut held.trust else { panic!("{held:?}") };
    let lawful = trust.clone();
    let grant = Statement::allow(["sts:AssumeRole"]);
    let deny = Statement::deny(["sts:AssumeRole"]);
    let kind = iam::policy::PrincipalKind::Aws;
    trust.statements.push(grant.clone().principal(kind, [other]));
    trust.statements.push(grant.principal(kind, ["*"]));
    trust.statements.push(deny.clone().principal(kind, ["*"]));
    let mut now = limits();
    now.boundary = BoundaryRule::Always("arn:{partition}:iam::{accountId}:policy/all".into());
    now.managed_policies = ManagedPolicyRules::new(["arn:aws:iam::aws:policy/Nothing"]).unwrap();
    let within = held.within("a", &now);
    let HeldDocument::Whole(trust) = &within.trust else { panic!("{within:?}") };
    let mut expected = lawful.statements;
    expected.push(deny.principal(kind, ["*"]));
    assert_eq!(trust.statements, expected);
    assert_eq!(within.attached, Attachments::new());
    assert_eq!(within.boundary.as_deref(), Some("arn:aws:iam::123456789012:policy/all"));
}

#[test]
fn what_a_spec_may_have_is_within_the_limits_whatever_grant_made_it() {
    let grants = [
        r#""serviceAccount":{"name":"one"}"#,
        r#""serviceAccount":{"name":"two"}"#,
        r#""podIdentity":{"serviceAccounts":["one"],"clusterArns":["arn:aws:eks:eu-west-2:123456789012:cluster/prod"]}"#,
        r#""githubActions":{"owner":"o","ownerId":"1","repository":"r","repositoryId":"2","refs":["refs/heads/main","refs/tags/v*"],"pullRequests":true,"claims":{"workflow":["deploy"]}}"#,
        r#""githubActions":{"owner":"o","repository":"r","environments":["production"]}"#,
        r#""githubActions":{"owner":"o","repository":"s","environments":["production"]}"#,
        r#""gitlab":{"project":"g/p","projectId":"3","branches":["main"],"tags":["v*"],"protectedOnly":true}"#,
        r#""gitlab":{"project":"g/q","branches":["main"]}"#,
        r#""oidc":{"issuer":"arn:aws:iam::123456789012:oidc-provider/oidc.example.org","audiences":["aws"],"subjects":["app:*"],"claims":{"email":["a@example.org"]}}"#,
        r#""oidc":{"issuer":"arn:aws:iam::123456789012:oidc-provider/oidc.example.org","audiences":["aws"],"subjects":["x"]}"#,
        r#""saml":{"providerArn":"arn:aws:iam::123456789012:saml-provider/Corp","audience":"https://example.org/saml","attributes":{"sub":["alice"]}}"#,
        r#""service":{"name":"lambda.amazonaws.com"}"#,
        r#""principals":{"arns":["arn:aws:iam::123456789012:role/r"],"accounts":["123456789012"],"externalId":"7f3c","mfa":true}"#,
        r#""statement":{"effect":"Deny","principals":{"AWS":["*"]},"actions":["sts:AssumeRole"]}"#,
    ];
    let named = |(number, grant): (usize, &&str)| format!(r#"{{"name":"g{number}",{grant}}}"#);
    let all: Vec<String> = grants.iter().enumerate().map(named).collect();
    for spec in all.iter().cloned().chain([all.join(",")]) {
        let spec = format!(r#"{{"trust":[{spec}]}}"#);
        let held = held(&wish(&spec));
        assert_eq!(held.clone().within("a", &limits()), held, "{spec}");
    }
}

#[test]
fn without_a_mandatory_boundary_the_own_one_is_held_if_a_spec_could_name_it() {
    for (arn, expected) in [(BOUNDARY, true), ("arn:aws:iam::210987654321:policy/b", false)] {
        let mut held = held(&whole());
        held.boundary = Some(arn.into());
        assert_eq!(held.within("a", &limits()).boundary.is_some(), expected, "{arn}");
    }
}

#[test]
fn a_document_that_takes_too_long_to_compare_is_taken_for_unknown() {
    let letters = |n: usize| format!("{n:010b}").replace('0', "a").replace('1', "b");
    let actions = (0..500).map(|n| format!("*:*{}*", letters(n)));
    let mut held = held(&whole());
    let costly = Policy::new(vec![Statement::allow(actions).on(["*"])]);
    held.inline.insert("costly".into(), HeldDocument::Whole(costly));
    let within = held.within("a", &limits());
    assert_eq!(within.inline["costly"], HeldDocument::Hash(String::new()));
    assert!(matches!(within.trust, HeldDocument::Whole(_)));
}

/// The resource as a version left it that knew nothing of this, and the role as it is in AWS.
fn of_before(desired: &Desired, spec: &str) -> (Resource, Observed) {
    let status = RoleStatus {
        desired_hash: Some(fingerprint::desired_hash(of_desired(desired))),
        applied: Some(applied::of(desired)),
        ..RoleStatus::default()
    };
    (Resource { status, ..resource(spec) }, as_written(desired))
}

#[test]
fn what_an_earlier_version_wrote_is_taken_from_aws_only_where_that_is_it() {
    let (desired, account) = (whole(), limits().account);
    let spec = r#"{"management":{"managedPolicies":"Additive"},"trsut":1}"#;
    let (resource, mut role) = of_before(&desired, spec);
    role.role.tags.insert("theirs".into(), "1".into());
    role.attached.insert("arn:aws:iam::aws:policy/Theirs".into());
    assert_eq!(Held::taken(&role, &resource, &account), Some(held(&desired)));
    for change in [
        |role: &mut Observed| role.role.description = None,
        |role: &mut Observed| role.role.boundary = None,
        |role: &mut Observed| drop(role.inline.insert("more".into(), "{}".into())),
        |role: &mut Observed| drop(role.role.tags.insert("owner".into(), "b".into())),
    ] {
        let mut other = role.clone();
        change(&mut other);
        assert_eq!(Held::taken(&other, &resource, &account), None);
    }
    let unknown = Resource { status: RoleStatus::default(), ..resource };
    assert_eq!(Held::taken(&role, &unknown, &account), None);
}

#[rstest]
#[case::nothing_said(r#"{"trsut":1}"#, true)]
#[case::said(r#"{"management":{"inlinePolicies":"Exclusive"}}"#, true)]
#[case::additive(r#"{"management":{"inlinePolicies":"Additive"}}"#, false)]
#[case::misspelt(r#"{"management":{"inlinePolicies":"Aditive"}}"#, false)]
#[case::no_object(r#"{"management":"Additive"}"#, false)]
#[case::unreadable("{", false)]
fn what_is_kept_alone_is_read_of_a_refused_spec(#[case] spec: &str, #[case] alone: bool) {
    assert_eq!(lenient::exclusive(&resource(spec)).inline, alone);
}
