//! Comparison and evaluation of documents that are almost right: they never panic, and they agree
//! with one another.

use crate::account::Account;
use crate::policy::contain::{Containment, contains};
use crate::policy::diff::Diff;
use crate::policy::evaluate::{Context, Decision, Documents, Request, evaluate};
use crate::policy::reasons::explain;
use crate::policy::{Equality, Policy, PolicyKind, PrincipalKind, Strictness, between, compare};

use crate::policy::tests::fuzz::{Dice, run};

const DOCUMENTS: [&str; 4] = [
    r#"{"Version":"2012-10-17","Statement":[{"Sid":"A","Effect":"Allow","Action":["s3:Get*","s3:**","S3:getobject"],"Resource":["*","arn:aws:s3:::b/${aws:username, 'a'}/*"],
        "Condition":{"StringLike":{"aws:PrincipalTag/team":["a*","b?"]},"Bool":{"aws:SecureTransport":true}}},
        {"Effect":"Deny","NotAction":["iam:*","sts:?*"],"NotResource":"arn:aws:s3:::c","Condition":{"NumericLessThan":{"n":1.50},"Null":{"k":"false"}}}]}"#,
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":["123456789012","arn:aws:iam::123456789012:role/r","*"],"Service":"ec2.amazonaws.com"},
        "Action":["sts:AssumeRole","sts:TagSession"],"Condition":{"ArnEquals":{"aws:PrincipalArn":"arn:aws:iam::*:role/x"},"ArnLike":{"aws:PrincipalArn":"arn:*:iam::1:user/y"}}},
        {"Effect":"Deny","NotPrincipal":{"AWS":"AROAEXAMPLE"},"Action":"*","Condition":{"DateGreaterThan":{"aws:CurrentTime":"2027-01-01T00:00:00Z"}}}]}"#,
    r#"{"Statement":{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"ForAllValues:StringNotEqualsIfExists":{"c:d":["x","${aws:userid}"]},
        "IpAddress":{"aws:SourceIp":["10.0.0.0/8","::1/64"]},"ForAnyValue:ArnNotLike":{"r":"arn:aws:s3:::*"}}}}"#,
    r#"{"Statement":[{"Effect":"Allow","Action":"a:b","Resource":"x"},{"Effect":"Allow","Action":["a:c","a:b*"],"Resource":"x"}]}"#,
];

const WORDS: [&str; 24] = [
    "*",
    "?",
    "${*}",
    "${ * }",
    "${aws:username}",
    "${",
    "}",
    ":",
    ",",
    "\"",
    "[",
    "]",
    "Not",
    "Deny",
    "Allow",
    "IfExists",
    "ForAnyValue:",
    "\"Sid\":\"B\",",
    "true",
    "1e3",
    "é",
    "\u{130}",
    "2012-10-17",
    "\\u0000",
];

/// A document near one of the above, as far as it can be read.
fn document(dice: &mut Dice) -> (String, Option<Policy>) {
    let text = dice.pick(&DOCUMENTS);
    let text = if dice.below(4) == 0 { text.to_owned() } else { dice.mutated(text, &WORDS) };
    let policy = Policy::parse(&text, PolicyKind::Any, Strictness::Observed).ok();
    (text, policy)
}

fn request(dice: &mut Dice) -> Request {
    let values = [
        "",
        "a",
        "x",
        "true",
        "1",
        "1.5",
        "10.1.2.3",
        "::1",
        "arn:aws:s3:::b",
        "2026-01-01T00:00:00Z",
        "*",
        "é",
    ];
    let keys = [
        "aws:PrincipalTag/team",
        "aws:SecureTransport",
        "n",
        "k",
        "c:d",
        "aws:SourceIp",
        "r",
        "aws:username",
    ];
    let mut context = Context::default();
    for _ in 0..dice.below(5) {
        let (key, value) = (dice.pick(&keys), dice.pick(&values));
        context = match dice.below(3) {
            0 => context.with_list(key, [value, dice.pick(&values)]),
            _ => context.with(key, value),
        };
    }
    let who = [
        "arn:aws:iam::123456789012:role/r",
        "arn:aws:sts::123456789012:assumed-role/r/s",
        "123456789012",
        "x",
    ];
    Request {
        action: dice
            .pick(&[
                "s3:GetObject",
                "a:b",
                "sts:AssumeRole",
                "sts:tagsession",
                "iam:x",
                "x",
                "*:*",
                "",
            ])
            .to_owned(),
        resource: (dice.below(4) > 0)
            .then(|| dice.pick(&["x", "*", "arn:aws:s3:::b/a/é", "arn:aws:s3:::c", ""]).to_owned()),
        principal: Some((dice.pick(&PrincipalKind::ALL), dice.pick(&who).to_owned())),
        context,
    }
}

fn allows(policy: &Policy, request: &Request) -> Option<bool> {
    let policies = [("policy", policy)];
    let trust = policy.statements.iter().any(|statement| statement.principals.is_some());
    let documents = if trust {
        Documents { trust: Some(policy), ..Documents::default() }
    } else {
        Documents { policies: &policies, ..Documents::default() }
    };
    evaluate(&documents, request).ok().map(|evaluation| evaluation.decision == Decision::Allowed)
}

#[test]
fn comparing_never_panics_and_agrees_with_its_reasons_and_its_differences() {
    let account = Account::new("123456789012", "aws").unwrap();
    run("compare", 2_000, |dice| {
        let ((text, one), (other_text, other)) = (document(dice), document(dice));
        let kind = dice.pick(&[
            PolicyKind::Identity,
            PolicyKind::Trust,
            PolicyKind::Boundary,
            PolicyKind::Any,
        ]);
        if let Ok(comparison) = explain(&text, &other_text, kind, &account) {
            assert_eq!(
                comparison.reasons.is_empty(),
                comparison.verdict == Equality::Identical,
                "{comparison:?}"
            );
        }
        let (Some(one), Some(other)) = (one, other) else { return };
        let verdict = between(&one, &other, &account);
        assert_eq!(verdict, between(&other, &one, &account));
        assert_eq!(compare(&one, &one.to_json(), PolicyKind::Any, &account), Equality::Identical);
        let canonical = one.canonical(&account);
        assert_eq!(canonical.bytes() == other.canonical(&account).bytes(), verdict.is_equal());
        if let Some(unfolded) = canonical.unfolded() {
            assert_eq!(unfolded.canonical(&account), canonical);
        }
        let diff = Diff::between(&one, &other, &account);
        assert_eq!(diff.is_empty(), verdict.is_equal(), "{diff}");
        assert!(diff.summary(200).chars().count() <= 200);
    });
}

#[test]
fn evaluating_never_panics_and_agrees_with_containment_and_the_canonical_form() {
    let account = Account::new("123456789012", "aws").unwrap();
    run("evaluate", 2_000, |dice| {
        let ((_, one), (_, other)) = (document(dice), document(dice));
        let Some(one) = one else { return };
        let requests: Vec<Request> = (0..4).map(|_| request(dice)).collect();
        for request in &requests {
            let first = allows(&one, request);
            assert_eq!(first, allows(&one, request));
            if let (Some(allowed), Some(unfolded)) = (first, one.canonical(&account).unfolded()) {
                assert_eq!(allows(&unfolded, request), Some(allowed), "{request:?}");
            }
        }
        let Some(other) = other else { return };
        match contains(&one, &other) {
            Containment::NoNewAccess => {
                for request in &requests {
                    let (before, after) = (allows(&one, request), allows(&other, request));
                    assert!(before == Some(true) || after != Some(true), "{request:?}");
                }
            }
            Containment::NewAccess(witness) => {
                assert_eq!(allows(&other, &witness.request()), Some(true), "{witness}");
                assert_ne!(allows(&one, &witness.request()), Some(true), "{witness}");
            }
            Containment::Unknown(_) => {}
        }
    });
}
