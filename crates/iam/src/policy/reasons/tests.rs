use rstest::rstest;

use crate::policy::reasons::*;

const DOCUMENT: &str = r#"{"Version":"2012-10-17","Statement":[
  {"Sid":"A","Effect":"Allow","Action":["s3:GetObject","s3:PutObject"],"Resource":"arn:aws:s3:::b/*","Condition":{"StringEquals":{"aws:PrincipalTag/Team":"blue"}}},
  {"Sid":"B","Effect":"Deny","Action":"s3:*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"false"}}}]}"#;

fn compared(a: &str, b: &str, kind: PolicyKind) -> Comparison {
    explain(a, b, kind, &Account::new("123456789012", "aws").unwrap()).unwrap()
}

#[rstest]
#[case::sid(
    "\"Sid\":\"A\"",
    "\"Sid\":\"C\"",
    "/Statement/0/Sid",
    "the Sid is \"A\" in A and \"C\" in B"
)]
#[case::id(
    "{\"Version\"",
    "{\"Id\":\"x\",\"Version\"",
    "/Id",
    "the Id is \"\" in A and \"x\" in B"
)]
#[case::letter_case(
    "s3:GetObject",
    "S3:getObject",
    "/Statement/0/Action",
    "letter case of actions does not count"
)]
#[case::repeated(
    "[\"s3:GetObject\"",
    "[\"s3:GetObject\",\"s3:GetObject\"",
    "/Statement/0/Action",
    "values stand more than once"
)]
#[case::covered(
    "\"Action\":\"s3:*\"",
    "\"Action\":[\"s3:*\",\"s3:Get*\"]",
    "/Statement/1/Action",
    "actions that others cover add nothing"
)]
#[case::key(
    "aws:SecureTransport",
    "aws:securetransport",
    "/Statement/1/Condition/Bool/aws:securetransport",
    "the operator or the key is spelled"
)]
#[case::value(
    "\"false\"",
    "\"False\"",
    "/Statement/1/Condition/Bool/aws:SecureTransport",
    "values are spelled in another way"
)]
#[case::element_in_other_case(
    "\"Sid\":\"B\",\"Effect\"",
    "\"Sid\":\"B\",\"effect\"",
    "/Statement/1/effect",
    "B: "
)]
#[case::empty_condition(
    "{\"Bool\"",
    "{\"StringLike\":{},\"Bool\"",
    "/Statement/1/Condition/StringLike",
    "B: "
)]
fn what_is_cosmetic_has_its_reason(
    #[case] from: &str,
    #[case] to: &str,
    #[case] path: &str,
    #[case] text: &str,
) {
    let other = DOCUMENT.replacen(from, to, 1);
    assert_ne!(other, DOCUMENT);
    let found = compared(DOCUMENT, &other, PolicyKind::Identity);
    assert_eq!(found.verdict, Equality::Cosmetic, "{found:?}");
    assert_eq!(found.reasons.len(), 1, "{found:?}");
    assert_eq!(found.reasons[0].path, path, "{found:?}");
    assert!(found.reasons[0].text.starts_with(text), "{found:?}");
}

fn list(statements: &[&str]) -> String {
    format!(r#"{{"Version":"2012-10-17","Statement":[{}]}}"#, statements.join(","))
}

const GET: &str = r#"{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}"#;
const PUT: &str = r#"{"Effect":"Allow","Action":"s3:PutObject","Resource":"*"}"#;
const BOTH: &str = r#"{"Effect":"Allow","Action":["s3:GetObject","s3:PutObject"],"Resource":"*"}"#;
const STOP: &str = r#"{"Effect":"Deny","Action":"sqs:*","Resource":"*"}"#;

#[rstest]
#[case(&[GET, STOP], &[STOP, GET], &["/Statement"])]
#[case(&[GET, STOP], &[GET, STOP, GET], &["/Statement/2"])]
#[case(&[GET, GET, STOP], &[GET, STOP], &["/Statement/1"])]
#[case(&[BOTH], &[GET, PUT], &["/Statement/0", "/Statement/1"])]
#[case(&[GET, PUT], &[BOTH], &["/Statement/0"])]
fn order_repetition_and_splits_have_their_reason(
    #[case] a: &[&str],
    #[case] b: &[&str],
    #[case] paths: &[&str],
) {
    let found = compared(&list(a), &list(b), PolicyKind::Identity);
    assert_eq!(found.verdict, Equality::Cosmetic, "{found:?}");
    assert_eq!(
        found.reasons.iter().map(|reason| reason.path.as_str()).collect::<Vec<_>>(),
        paths,
        "{found:?}"
    );
}

#[test]
fn what_differs_is_told_with_its_place() {
    let found = compared(
        DOCUMENT,
        &DOCUMENT.replace("s3:PutObject", "s3:DeleteObject"),
        PolicyKind::Identity,
    );
    assert_eq!(found.verdict, Equality::Different);
    assert_eq!(
        found.reasons,
        [Reason::new(
            "/Statement/0/Action",
            "from A to B: ~ statement A: Action + s3:DeleteObject - s3:PutObject (widens and \
             narrows)"
        )]
    );
    let found = compared(&list(&[GET, STOP]), &list(&[GET, PUT]), PolicyKind::Identity);
    let told: Vec<(&str, &str)> = found
        .reasons
        .iter()
        .map(|reason| (reason.path.as_str(), reason.text.split(':').next().unwrap()))
        .collect();
    assert_eq!(
        told,
        [("/Statement/1", "B has a statement more"), ("/Statement/1", "B lacks a statement of A")]
    );
}

#[test]
fn the_version_has_a_reason_of_its_own() {
    let found = compared(DOCUMENT, &DOCUMENT.replace("2012", "2008"), PolicyKind::Identity);
    assert_eq!((found.verdict, found.reasons[0].path.as_str()), (Equality::Different, "/Version"));
    assert!(
        found.reasons[0].text.contains("A is of version 2012-10-17 and B of 2008-10-17"),
        "{found:?}"
    );
}

#[test]
fn an_orphaned_principal_has_a_reason_of_its_own() {
    let trust = |who: &str| {
        format!(
            r#"{{"Statement":{{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{{"AWS":"{who}"}}}}}}"#
        )
    };
    let found = compared(
        &trust("arn:aws:iam::123456789012:role/x"),
        &trust("AROAEXAMPLEEXAMPLE123"),
        PolicyKind::Trust,
    );
    assert_eq!(found.verdict, Equality::Different);
    let orphan =
        found.reasons.iter().find(|reason| reason.text.starts_with("PrincipalOrphaned")).unwrap();
    assert_eq!(orphan.path, "/Statement/0/Principal/AWS");
}

#[rstest]
#[case(DOCUMENT, "", "", "B is empty")]
#[case("", DOCUMENT, "", "A is empty")]
#[case(DOCUMENT, "[]", "", "B, line 1, column 1: ")]
#[case(
    DOCUMENT,
    r#"{"Version":"2012-10-17"}"#,
    "",
    "B, line 1, column 1: a policy document needs Statement"
)]
#[case(
    r#"{"Statement":[{"Effect":"Allow","Action":"a:b","NotAction":"a:c","Resource":"*"}]}"#,
    DOCUMENT,
    "/Statement/0",
    "A, line 1, column 15: "
)]
#[case(
    r#"{"Statement":[{"Effect":"Allow","Action":"a:b","Resource":7}]}"#,
    DOCUMENT,
    "/Statement/0/Resource",
    "A, line 1"
)]
#[case(
    DOCUMENT,
    r#"{"Statement":[],"Statement":[]}"#,
    "/Statement",
    "B, line 1, column 17: the key \"Statement\" stands twice"
)]
fn what_is_invalid_is_told_with_its_place(
    #[case] a: &str,
    #[case] b: &str,
    #[case] path: &str,
    #[case] text: &str,
) {
    let found = compared(a, b, PolicyKind::Identity);
    assert_eq!(found.verdict, Equality::Invalid, "{found:?}");
    assert_eq!(found.reasons[0].path, path, "{found:?}");
    assert!(found.reasons[0].text.starts_with(text), "{found:?}");
}

#[test]
fn what_aws_has_and_nobody_knows_is_different_and_what_is_asked_for_so_is_invalid() {
    let odd = DOCUMENT.replacen("\"Effect\":\"Deny\"", "\"Effect\":\"Deny\",\"Note\":\"x\"", 1);
    assert_eq!(compared(DOCUMENT, &odd, PolicyKind::Identity).verdict, Equality::Different);
    assert_eq!(compared(&odd, DOCUMENT, PolicyKind::Identity).verdict, Equality::Invalid);
}

#[test]
fn what_is_neither_json_nor_yaml_names_its_document() {
    let account = Account::new("123456789012", "aws").unwrap();
    let error = explain(DOCUMENT, "{\"Statement\": [}", PolicyKind::Any, &account).unwrap_err();
    assert_eq!(error.document, 'B');
    let error = explain("{\"Statement\": [}", DOCUMENT, PolicyKind::Any, &account).unwrap_err();
    assert_eq!(error.document, 'A');
}
