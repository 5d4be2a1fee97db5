//! Tables of the evaluator.

mod values;

use rstest::rstest;

use crate::policy::evaluate::*;
use crate::policy::operator::{Base, IF_EXISTS, Quantifier};
use crate::policy::{PolicyKind, Strictness};

fn policy(kind: PolicyKind, statements: &str) -> Policy {
    let text = format!(r#"{{"Version":"2012-10-17","Statement":{statements}}}"#);
    Policy::parse(&text, kind, Strictness::Desired)
        .unwrap_or_else(|problems| panic!("{text}: {problems:?}"))
}

pub(super) fn request(action: &str, resource: &str) -> Request {
    Request { action: action.into(), resource: Some(resource.into()), ..Request::default() }
}

pub(super) fn decide(policy: &Policy, request: &Request) -> Evaluation {
    evaluate(&Documents { policies: &[("p", policy)], ..Documents::default() }, request).unwrap()
}

const KEY: &str = "arn:aws:s3:::b/k";

#[rstest]
#[case::exact(r#""Action":"s3:GetObject","Resource":"*""#, "s3:GetObject", KEY, true)]
#[case::case_of_action(r#""Action":"S3:getobject","Resource":"*""#, "s3:GETObject", KEY, true)]
#[case::wildcard(r#""Action":"s3:Get*","Resource":"*""#, "s3:GetObject", KEY, true)]
#[case::one_character(r#""Action":"s3:Get?bject","Resource":"*""#, "s3:GetObject", KEY, true)]
#[case::longer_name(r#""Action":"s3:Get","Resource":"*""#, "s3:GetObject", KEY, false)]
#[case::other_service(r#""Action":"sqs:*","Resource":"*""#, "s3:GetObject", KEY, false)]
#[case::everything(r#""Action":"*","Resource":"*""#, "s3:GetObject", KEY, true)]
#[case::malformed(r#""Action":"GetObject","Resource":"*""#, "s3:GetObject", KEY, false)]
#[case::malformed_request(r#""Action":"*","Resource":"*""#, "GetObject", KEY, false)]
#[case::request_wildcard_is_literal(
    r#""Action":"s3:GetObject","Resource":"*""#,
    "s3:*",
    KEY,
    false
)]
#[case::not_action(r#""NotAction":"iam:*","Resource":"*""#, "s3:GetObject", KEY, true)]
#[case::not_action_named(
    r#""NotAction":["iam:*","s3:*"],"Resource":"*""#,
    "s3:GetObject",
    KEY,
    false
)]
#[case::not_action_malformed(r#""NotAction":"iam","Resource":"*""#, "iam:PassRole", KEY, true)]
#[case::resource(r#""Action":"s3:*","Resource":"arn:aws:s3:::b/*""#, "s3:GetObject", KEY, true)]
#[case::resource_case(
    r#""Action":"s3:*","Resource":"arn:aws:s3:::B/*""#,
    "s3:GetObject",
    KEY,
    false
)]
#[case::resource_sibling(
    r#""Action":"s3:*","Resource":"arn:aws:s3:::b/*""#,
    "s3:GetObject",
    "arn:aws:s3:::bb/k",
    false
)]
#[case::not_resource(
    r#""Action":"s3:*","NotResource":"arn:aws:s3:::c/*""#,
    "s3:GetObject",
    KEY,
    true
)]
#[case::not_resource_named(
    r#""Action":"s3:*","NotResource":"arn:aws:s3:::b/*""#,
    "s3:GetObject",
    KEY,
    false
)]
#[case::escaped_star(
    r#""Action":"s3:*","Resource":"arn:aws:s3:::b/${*}""#,
    "s3:GetObject",
    KEY,
    false
)]
#[case::unresolved(
    r#""Action":"s3:*","Resource":"arn:aws:s3:::b/${aws:username}""#,
    "s3:GetObject",
    KEY,
    false
)]
#[case::unresolved_exception(
    r#""Action":"s3:*","NotResource":"arn:aws:s3:::c/${aws:username}""#,
    "s3:GetObject",
    KEY,
    false
)]
#[case::default_of_a_variable(
    r#""Action":"s3:*","Resource":"arn:aws:s3:::b/${aws:username, 'k'}""#,
    "s3:GetObject",
    KEY,
    true
)]
fn actions_and_resources(
    #[case] inner: &str,
    #[case] action: &str,
    #[case] resource: &str,
    #[case] allowed: bool,
) {
    let policy = policy(PolicyKind::Identity, &format!(r#"{{"Effect":"Allow",{inner}}}"#));
    let found = decide(&policy, &request(action, resource)).decision;
    assert_eq!(found, if allowed { Decision::Allowed } else { Decision::ImplicitlyDenied });
}

/// Operator, values of the policy, values of the request (`None`: absent; one: a plain value; more:
/// a list), matches.
#[rstest]
#[case("StringEquals", &["a"], Some(&["a"][..]), true)]
#[case("StringEquals", &["a", "b"], Some(&["b"][..]), true)]
#[case("StringEquals", &["a"], Some(&["A"][..]), false)]
#[case("StringEquals", &["a*"], Some(&["ab"][..]), false)]
#[case("StringEquals", &["a"], None, false)]
#[case("StringEquals", &["a"], Some(&["a", "a"][..]), false)]
#[case("StringNotEquals", &["a", "b"], Some(&["c"][..]), true)]
#[case("StringNotEquals", &["a", "b"], Some(&["b"][..]), false)]
#[case("StringNotEquals", &["a"], None, true)]
#[case("StringNotEquals", &["a"], Some(&["b", "c"][..]), false)]
#[case("StringEqualsIgnoreCase", &["a"], Some(&["A"][..]), true)]
#[case("StringNotEqualsIgnoreCase", &["a"], Some(&["A"][..]), false)]
#[case("StringLike", &["a?*"], Some(&["abc"][..]), true)]
#[case("StringLike", &["a?*"], Some(&["a"][..]), false)]
#[case("StringLike", &["a"], Some(&["*"][..]), false)]
#[case("StringNotLike", &["a*"], Some(&["b"][..]), true)]
#[case("StringEqualsIfExists", &["a"], None, true)]
#[case("StringEqualsIfExists", &["a"], Some(&["b"][..]), false)]
#[case("NumericEquals", &["1.0"], Some(&["1"][..]), true)]
#[case("NumericNotEquals", &["1"], Some(&["1.00"][..]), false)]
#[case("NumericLessThan", &["10"], Some(&["9"][..]), true)]
#[case("NumericLessThan", &["10"], Some(&["10"][..]), false)]
#[case("NumericLessThanEquals", &["10"], Some(&["10"][..]), true)]
#[case("NumericGreaterThan", &["9007199254740992"], Some(&["9007199254740993"][..]), true)]
#[case("NumericGreaterThanEquals", &["-1"], Some(&["-2"][..]), false)]
#[case("NumericEquals", &["1"], Some(&["one"][..]), false)]
#[case("DateEquals", &["2026-01-01"], Some(&["1767225600"][..]), true)]
#[case("DateNotEquals", &["2026-01-01"], Some(&["2026-01-02"][..]), true)]
#[case("DateLessThan", &["2026-01-02T00:00:00Z"], Some(&["2026-01-01T23:59:59Z"][..]), true)]
#[case("DateLessThanEquals", &["2026-01-02T00:00:00Z"], Some(&["2026-01-02T00:00:01Z"][..]), false)]
#[case("DateGreaterThan", &["2026-01-01"], Some(&["2026-01-01T00:00:00Z"][..]), false)]
#[case("DateGreaterThanEquals", &["2026-01-01"], Some(&["2026-01-01T01:00:00+01:00"][..]), true)]
#[case("Bool", &["true"], Some(&["True"][..]), true)]
#[case("Bool", &["true"], Some(&["false"][..]), false)]
#[case("Bool", &["false"], None, false)]
#[case("BoolIfExists", &["true"], None, true)]
#[case("BinaryEquals", &["QmluYXJ5"], Some(&["QmluYXJ5"][..]), true)]
#[case("BinaryEquals", &["QmluYXJ5"], Some(&["qmluYXJ5"][..]), false)]
#[case("IpAddress", &["203.0.113.0/24"], Some(&["203.0.113.7"][..]), true)]
#[case("IpAddress", &["203.0.113.0/24"], Some(&["203.0.114.7"][..]), false)]
#[case("IpAddress", &["2001:db8::/32"], Some(&["2001:DB8:1::1"][..]), true)]
#[case("IpAddress", &["0.0.0.0/0"], Some(&["::1"][..]), false)]
#[case("NotIpAddress", &["203.0.113.0/24"], Some(&["203.0.114.7"][..]), true)]
#[case(
    "ArnEquals",
    &["arn:aws:sns:*:123456789012:t*"],
    Some(&["arn:aws:sns:eu-west-2:123456789012:topic"][..]),
    true
)]
#[case("ArnLike", &["arn:aws:sns:*:t"], Some(&["arn:aws:sns:eu-west-2:123456789012:t"][..]), false)]
#[case("ArnLike", &["*"], Some(&["arn:aws:sns:eu-west-2:123456789012:t"][..]), false)]
#[case(
    "ArnNotEquals",
    &["arn:aws:sns:*:*:t"],
    Some(&["arn:aws:sns:eu-west-2:123456789012:u"][..]),
    true
)]
#[case(
    "ArnNotLike",
    &["arn:aws:sns:*:*:t"],
    Some(&["arn:aws:sns:eu-west-2:123456789012:t"][..]),
    false
)]
#[case("ArnLike", &["arn:aws:s3:::b/*"], Some(&["no arn"][..]), false)]
#[case("Null", &["true"], None, true)]
#[case("Null", &["true"], Some(&["a"][..]), false)]
#[case("Null", &["false"], Some(&["a"][..]), true)]
#[case("Null", &["false"], Some(&[][..]), false)]
#[case("ForAllValues:StringEquals", &["a", "b"], Some(&["a", "b"][..]), true)]
#[case("ForAllValues:StringEquals", &["a", "b"], Some(&["a", "c"][..]), false)]
#[case("ForAllValues:StringEquals", &["a"], None, true)]
#[case("ForAllValues:StringEquals", &["a"], Some(&[][..]), true)]
#[case("ForAnyValue:StringEquals", &["a", "b"], Some(&["c", "b"][..]), true)]
#[case("ForAnyValue:StringEquals", &["a"], Some(&["b", "c"][..]), false)]
#[case("ForAnyValue:StringEquals", &["a"], None, false)]
#[case("ForAnyValue:StringEqualsIfExists", &["a"], None, true)]
#[case("ForAnyValue:StringNotEquals", &["a"], Some(&["a", "b"][..]), true)]
#[case("ForAllValues:StringNotEquals", &["a"], Some(&["a", "b"][..]), false)]
#[case("ForAnyValue:StringLike", &["t-*"], Some(&["t-1"][..]), true)]
#[case("StringEquals", &["${aws:PrincipalTag/team}"], Some(&["blue"][..]), true)]
#[case("StringEquals", &["${AWS:principaltag/TEAM}"], Some(&["red"][..]), false)]
#[case("StringEquals", &["${aws:nothing}"], Some(&["${aws:nothing}"][..]), false)]
#[case("StringLike", &["${aws:PrincipalTag/team}-*"], Some(&["blue-1"][..]), true)]
#[case("StringEquals", &["${*}"], Some(&["*"][..]), true)]
#[case(
    "ArnLike",
    &["arn:aws:s3:::${aws:PrincipalTag/team}/*"],
    Some(&["arn:aws:s3:::blue/x"][..]),
    true
)]
fn conditions(
    #[case] operator: &str,
    #[case] values: &[&str],
    #[case] found: Option<&[&str]>,
    #[case] matches: bool,
) {
    let statement = Statement::allow(["s3:GetObject"]).on(["*"]).when(
        operator,
        "test:Key",
        values.iter().copied(),
    );
    let mut context = Context::default().with("aws:PrincipalTag/team", "blue");
    context = match found {
        None => context,
        Some([one]) => context.with("TEST:key", one),
        Some(list) => context.with_list("TEST:key", list.iter().copied()),
    };
    let allowed =
        decide(&Policy::new(vec![statement]), &Request { context, ..request("s3:GetObject", KEY) });
    assert_eq!(allowed.decision == Decision::Allowed, matches, "{allowed:?}");
}

#[test]
fn every_operator_is_evaluated_in_every_form() {
    for base in Base::ALL {
        for prefix in [None, Some(Quantifier::ForAllValues), Some(Quantifier::ForAnyValue)] {
            for suffix in ["", if base == Base::Null { "" } else { IF_EXISTS }] {
                let operator =
                    format!("{}{}{suffix}", prefix.map_or("", Quantifier::as_str), base.as_str());
                let value = match base.as_str() {
                    name if name.contains("Ip") => "203.0.113.7/32",
                    "Bool" | "Null" => "true",
                    name if name.starts_with("Arn") => "arn:aws:s3:::b/k",
                    _ => "20260101",
                };
                let statement = Statement::allow(["s3:*"]).on(["*"]).when(&operator, "k", [value]);
                let documents = Policy::new(vec![statement]);
                let with = Request {
                    context: Context::default().with("k", value),
                    ..request("s3:Get", KEY)
                };
                let equal = decide(&documents, &with).decision == Decision::Allowed;
                let strict =
                    base.as_str().ends_with("LessThan") || base.as_str().ends_with("GreaterThan");
                assert_eq!(
                    equal,
                    !base.is_negated() && !strict && base != Base::Null,
                    "{operator}"
                );
                let absent =
                    decide(&documents, &request("s3:Get", KEY)).decision == Decision::Allowed;
                let lets_absent = match prefix {
                    _ if base == Base::Null || !suffix.is_empty() => true,
                    Some(Quantifier::ForAllValues) => true,
                    Some(Quantifier::ForAnyValue) => false,
                    None => base.is_negated(),
                };
                assert_eq!(absent, lets_absent, "{operator}");
            }
        }
    }
}

const ROLE: &str = "arn:aws:iam::123456789012:role/team/app";

#[rstest]
#[case(r#"{"AWS":"arn:aws:iam::123456789012:role/team/app"}"#, PrincipalKind::Aws, ROLE, true)]
#[case(
    r#"{"AWS":"arn:aws:iam::123456789012:role/team/app"}"#,
    PrincipalKind::Aws,
    "arn:aws:sts::123456789012:assumed-role/app/me",
    true
)]
#[case(
    r#"{"AWS":"arn:aws:iam::123456789012:role/team/app"}"#,
    PrincipalKind::Aws,
    "arn:aws:sts::123456789012:assumed-role/app2/me",
    false
)]
#[case(
    r#"{"AWS":"arn:aws:iam::123456789012:role/team/app"}"#,
    PrincipalKind::Aws,
    "arn:aws:sts::210987654321:assumed-role/app/me",
    false
)]
#[case(
    r#"{"AWS":"arn:aws:iam::123456789012:role/team/app"}"#,
    PrincipalKind::Aws,
    "arn:aws:iam::123456789012:role/app",
    false
)]
#[case(r#"{"AWS":"123456789012"}"#, PrincipalKind::Aws, ROLE, true)]
#[case(
    r#"{"AWS":"arn:aws:iam::123456789012:root"}"#,
    PrincipalKind::Aws,
    "arn:aws:iam::123456789012:user/u",
    true
)]
#[case(
    r#"{"AWS":"arn:aws:iam::123456789012:root"}"#,
    PrincipalKind::Aws,
    "arn:aws:iam::210987654321:user/u",
    false
)]
#[case(r#"{"AWS":"arn:aws-cn:iam::123456789012:root"}"#, PrincipalKind::Aws, ROLE, false)]
#[case(r#"{"AWS":"*"}"#, PrincipalKind::Aws, ROLE, true)]
#[case(r#"{"AWS":"*"}"#, PrincipalKind::Service, "ec2.amazonaws.com", false)]
#[case(r#"{"AWS":"AROAEXAMPLEEXAMPLE123"}"#, PrincipalKind::Aws, ROLE, false)]
#[case(r#"{"AWS":"arn:aws:iam::123456789012:role/*"}"#, PrincipalKind::Aws, ROLE, false)]
#[case(r#"{"Service":"ec2.amazonaws.com"}"#, PrincipalKind::Service, "ec2.amazonaws.com", true)]
#[case(r#"{"Service":"ec2.amazonaws.com"}"#, PrincipalKind::Service, "lambda.amazonaws.com", false)]
#[case(r#"{"Service":"ec2.amazonaws.com"}"#, PrincipalKind::Aws, "ec2.amazonaws.com", false)]
fn principals(
    #[case] principal: &str,
    #[case] kind: PrincipalKind,
    #[case] who: &str,
    #[case] allowed: bool,
) {
    let trust = policy(
        PolicyKind::Trust,
        &format!(r#"{{"Effect":"Allow","Principal":{principal},"Action":"sts:AssumeRole"}}"#),
    );
    let documents = Documents { trust: Some(&trust), ..Documents::default() };
    let mut request = Request {
        action: "STS:assumerole".into(),
        principal: Some((kind, who.into())),
        ..Request::default()
    };
    assert_eq!(evaluate(&documents, &request).unwrap().decision == Decision::Allowed, allowed);
    let except = policy(
        PolicyKind::Trust,
        &format!(r#"{{"Effect":"Allow","NotPrincipal":{principal},"Action":"sts:AssumeRole"}}"#),
    );
    let documents = Documents { trust: Some(&except), ..Documents::default() };
    assert_eq!(evaluate(&documents, &request).unwrap().decision == Decision::Allowed, !allowed);
    request.principal = None;
    assert!(evaluate(&documents, &request).unwrap_err().to_string().contains("names no principal"));
}

#[test]
fn a_deny_wins_and_the_boundary_limits() {
    let allow =
        policy(PolicyKind::Identity, r#"{"Sid":"A","Effect":"Allow","Action":"*","Resource":"*"}"#);
    let deny = policy(
        PolicyKind::Identity,
        r#"{"Sid":"D","Effect":"Deny","Action":"s3:*","Resource":"*"}"#,
    );
    let sqs = policy(PolicyKind::Boundary, r#"{"Effect":"Allow","Action":"sqs:*","Resource":"*"}"#);
    let ask = |policies: &[(&str, &Policy)], boundary, action: &str| {
        evaluate(&Documents { policies, boundary, trust: None }, &request(action, "*")).unwrap()
    };
    let found = ask(&[("a", &allow), ("d", &deny)], None, "s3:GetObject");
    assert_eq!(
        (found.decision, found.statement),
        (Decision::ExplicitlyDenied, Some(("d".into(), 0)))
    );
    assert_eq!(found.because, ["d, statement 0 (D) denies it"]);
    let found = ask(&[("a", &allow)], Some(&sqs), "s3:GetObject");
    assert_eq!(found.decision, Decision::ImplicitlyDenied);
    assert_eq!(
        found.because,
        ["the boundary does not allow it: no Allow of boundary names the action \"s3:GetObject\""]
    );
    let found = ask(&[("a", &allow)], Some(&sqs), "sqs:SendMessage");
    assert_eq!((found.decision, found.statement), (Decision::Allowed, Some(("a".into(), 0))));
    assert_eq!(
        ask(&[], Some(&sqs), "sqs:SendMessage").because[0],
        "no identity policy was given, and nothing is allowed without one"
    );
    assert_eq!(
        ask(&[("a", &allow)], Some(&deny), "s3:GetObject").decision,
        Decision::ExplicitlyDenied
    );
}

#[test]
fn a_trust_policy_answers_for_sessions_alone() {
    let allow = policy(PolicyKind::Identity, r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#);
    let trust = policy(
        PolicyKind::Trust,
        r#"{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":["sts:AssumeRole","sts:TagSession"]}"#,
    );
    let principal = Some((PrincipalKind::Aws, ROLE.to_owned()));
    let ask = |policies: &[(&str, &Policy)], action: &str| {
        let request = Request {
            action: action.into(),
            resource: Some("*".into()),
            principal: principal.clone(),
            ..Request::default()
        };
        evaluate(&Documents { policies, boundary: None, trust: Some(&trust) }, &request)
            .unwrap()
            .decision
    };
    assert_eq!(ask(&[("p", &allow)], "sts:AssumeRole"), Decision::ImplicitlyDenied);
    assert_eq!(ask(&[("p", &allow)], "s3:GetObject"), Decision::Allowed);
    assert_eq!(ask(&[], "s3:GetObject"), Decision::ImplicitlyDenied);
    assert_eq!(ask(&[], "sts:TagSession"), Decision::ImplicitlyDenied);
}

#[test]
fn what_was_missing_is_told() {
    let document = policy(
        PolicyKind::Identity,
        r#"{"Sid":"Read","Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*","Condition":{"StringEquals":{"aws:PrincipalTag/team":"blue"}}}"#,
    );
    let because = |request: &Request| decide(&document, request).because.join("; ");
    assert_eq!(
        because(&request("s3:PutObject", KEY)),
        r#"no Allow of p names the action "s3:PutObject""#
    );
    assert_eq!(
        because(&request("s3:GetObject", "arn:aws:s3:::c/k")),
        r#"p, statement 0 (Read) allows "s3:GetObject", but not on "arn:aws:s3:::c/k""#
    );
    assert_eq!(
        because(&request("s3:GetObject", KEY)),
        r#"p, statement 0 (Read) would allow it, but for StringEquals "aws:PrincipalTag/team": the request has no such key"#
    );
    let red = Request {
        context: Context::default().with("aws:principaltag/TEAM", "red"),
        ..request("s3:GetObject", KEY)
    };
    assert!(because(&red).ends_with(r#"the request has "red""#));
}

#[rstest]
#[case("StringSame")]
#[case("stringequals")]
fn what_cannot_be_evaluated_is_an_error(#[case] operator: &str) {
    let statement = Statement::deny(["s3:*"]).on(["*"]).when(operator, "k", ["x"]);
    // Also behind a condition that does not hold.
    for statement in [statement.clone(), statement.when("ArnLike", "absent", ["arn:*"])] {
        let policies = [("p", &Policy::new(vec![statement]))];
        let error = evaluate(
            &Documents { policies: &policies, ..Documents::default() },
            &request("s3:Get", KEY),
        )
        .unwrap_err();
        assert!(
            error.to_string().starts_with("p, statement 0: ")
                && error.to_string().contains(operator),
            "{error}"
        );
    }
}

/// Only AWS can have such a document (Q31), so it is made by reading, not by hand.
#[rstest]
#[case("StringEquals")]
#[case("StringNotEquals")]
#[case("ForAnyValue:StringEquals")]
#[case("ForAllValues:StringEquals")]
#[case("Null")]
fn a_condition_key_without_values_is_an_error_never_a_guess(#[case] operator: &str) {
    let text = format!(
        r#"{{"Statement":{{"Effect":"Allow","Action":"*","Resource":"*","Condition":{{"{operator}":{{"k":[]}}}}}}}}"#
    );
    let policy = Policy::parse(&text, PolicyKind::Identity, Strictness::Observed).unwrap();
    let policies = [("p", &policy)];
    for context in [Context::default(), Context::default().with("k", "v")] {
        let asked = Request { context, ..request("s3:Get", KEY) };
        let error = evaluate(&Documents { policies: &policies, ..Documents::default() }, &asked)
            .unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("p, statement 0: {operator} \"k\" has no values; add one, or remove the key")
        );
        let pointer = format!("/Statement/0/Condition/{operator}/k");
        assert_eq!((error.document.as_str(), error.statement), ("p", 0));
        assert_eq!(error.finding.pointer(), pointer);
    }
}
