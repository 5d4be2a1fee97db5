use rstest::rstest;

use crate::policy::diff::*;
use crate::policy::parse::{PolicyKind, Strictness};

fn account() -> Account {
    Account::new("123456789012", "aws").unwrap()
}

/// A document of these statements, each without its braces.
fn document(statements: &[&str]) -> Policy {
    if statements.is_empty() {
        return Policy::new(Vec::new());
    }
    let list: Vec<String> = statements.iter().map(|inner| format!("{{{inner}}}")).collect();
    let text = format!(r#"{{"Version":"2012-10-17","Statement":[{}]}}"#, list.join(","));
    Policy::parse(&text, PolicyKind::Any, Strictness::Observed).unwrap()
}

fn lines(old: &[&str], new: &[&str]) -> Vec<String> {
    let diff = Diff::between(&document(old), &document(new), &account());
    diff.statements.iter().map(ToString::to_string).collect()
}

const READ: &str =
    r#""Sid":"Read","Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*""#;
const SEND: &str =
    r#""Effect":"Allow","Action":["sqs:SendMessage","sqs:GetQueueUrl"],"Resource":"*""#;
const GUARD: &str = r#""Sid":"Guard","Effect":"Deny","Action":"s3:*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"false"}}"#;

#[rstest]
#[case::nothing(&[READ, SEND], &[SEND, READ, READ], &[])]
#[case::another_sid_is_no_change(
    &[READ],
    &[r#""Sid":"R","Effect":"Allow","Action":"S3:getobject","Resource":"arn:aws:s3:::b/*""#],
    &[]
)]
#[case::added(&[READ], &[READ, SEND], &["+ statement 1: Allow sqs:SendMessage, sqs:GetQueueUrl on \
    * (widens)"])]
#[case::removed(&[SEND, READ], &[READ], &["- statement 0: Allow sqs:SendMessage, sqs:GetQueueUrl \
    on * (narrows)"])]
#[case::a_deny_that_is_new_narrows(
    &[READ],
    &[READ, GUARD],
    &["+ statement Guard: Deny s3:* on * if Bool aws:SecureTransport false (narrows)"],
)]
#[case::a_deny_that_is_gone_widens(
    &[GUARD, READ],
    &[READ],
    &["- statement Guard: Deny s3:* on * if Bool aws:SecureTransport false (widens)"],
)]
#[case::matched_by_sid(
    &[READ, SEND],
    &[SEND, r#""Sid":"Read","Effect":"Allow","Action":"dynamodb:Query","Resource":"arn:aws:dynamodb:*:*:table/t""#],
    &["~ statement Read: Action + dynamodb:Query - s3:GetObject; Resource + \
        arn:aws:dynamodb:*:*:table/t - arn:aws:s3:::b/* (widens and narrows)"],
)]
#[case::matched_by_likeness(
    &[SEND, r#""Effect":"Allow","Action":["s3:GetObject","s3:ListBucket"],"Resource":"*""#],
    &[r#""Effect":"Allow","Action":["s3:GetObject","s3:ListBucket","s3:PutObject"],"Resource":"*""#, SEND],
    &["~ statement 0 (was statement 1): Action + s3:PutObject (widens)"],
)]
#[case::a_renamed_sid_is_found_by_likeness(
    &[r#""Sid":"Old","Effect":"Allow","Action":["s3:GetObject","s3:ListBucket"],"Resource":"*""#],
    &[r#""Sid":"New","Effect":"Allow","Action":["s3:GetObject"],"Resource":"*""#],
    &["~ statement New (was statement Old): Action - s3:ListBucket (narrows)"],
)]
#[case::a_condition_more_narrows(
    &[READ],
    &[r#""Sid":"Read","Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*","Condition":{"StringEquals":{"aws:PrincipalTag/Team":"blue"}}"#],
    &["~ statement Read: Condition StringEquals aws:principaltag/team + blue (narrows)"],
)]
#[case::a_condition_more_on_a_deny_widens(
    &[GUARD],
    &[r#""Sid":"Guard","Effect":"Deny","Action":"s3:*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"false"},"StringEquals":{"k":"v"}}"#],
    &["~ statement Guard: Condition StringEquals k + v (widens)"],
)]
#[case::an_allow_that_becomes_a_deny(
    &[READ],
    &[r#""Sid":"Read","Effect":"Deny","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*""#],
    &["~ statement Read: Effect + Deny - Allow (narrows)"],
)]
#[case::the_other_form(
    &[READ],
    &[r#""Sid":"Read","Effect":"Allow","NotAction":"s3:GetObject","Resource":"arn:aws:s3:::b/*""#],
    &["~ statement Read: Action - s3:GetObject; NotAction + s3:GetObject (widens and narrows)"],
)]
#[case::what_cannot_be_told(
    &[r#""Sid":"U","Effect":"Allow","Action":"s3:x","Resource":"*","Condition":{"StringSame":{"k":"a"}}"#],
    &[r#""Sid":"U","Effect":"Allow","Action":"s3:x","Resource":"*","Condition":{"StringSame":{"k":"b"}}"#],
    &["~ statement U: Condition StringSame k + b - a (may widen or narrow)"],
)]
#[case::odd_text_is_quoted(
    &[],
    &[r#""Effect":"Allow","Action":"s3:x","Resource":"a, b""#],
    &["+ statement 0: Allow s3:x on \"a, b\" (widens)"],
)]
fn statements_are_matched_and_their_changes_told(
    #[case] old: &[&str],
    #[case] new: &[&str],
    #[case] expected: &[&str],
) {
    assert_eq!(lines(old, new), expected);
    let diff = Diff::between(&document(old), &document(new), &account());
    assert_eq!(diff.is_empty(), expected.is_empty());
    assert_eq!(diff.to_string().is_empty(), expected.is_empty());
}

#[rstest]
#[case(r#""AWS":"123456789012""#, r#""AWS":"arn:aws:iam::123456789012:root""#, None)]
#[case(
    r#""AWS":"123456789012""#,
    r#""AWS":["arn:aws:iam::123456789012:root","arn:aws:iam::210987654321:role/x"]"#,
    Some("~ statement 0: Principal AWS + arn:aws:iam::210987654321:role/x (widens)")
)]
#[case(
    r#""Service":"ec2.amazonaws.com","AWS":"123456789012""#,
    r#""Service":"ec2.amazonaws.com""#,
    Some("~ statement 0: Principal AWS - 123456789012 (narrows)")
)]
fn principals_are_told_by_kind(
    #[case] old: &str,
    #[case] new: &str,
    #[case] expected: Option<&str>,
) {
    let trust =
        |who: &str| format!(r#""Effect":"Allow","Action":"sts:AssumeRole","Principal":{{{who}}}"#);
    let found = lines(&[&trust(old)], &[&trust(new)]);
    assert_eq!(found.first().map(String::as_str), expected);
}

#[test]
fn a_version_is_a_change_of_its_own() {
    let new = document(&[READ]);
    let old = Policy { version: Version::V2008, ..new.clone() };
    let diff = Diff::between(&old, &new, &account());
    assert_eq!((diff.version, diff.statements.len()), (Some((Version::V2008, Version::V2012)), 0));
    assert!(!diff.is_empty());
    assert_eq!(
        diff.to_string(),
        "~ Version 2008-10-17 became 2012-10-17\nin all: access stays the same"
    );
}

#[test]
fn a_summary_ends_at_a_whole_change_and_counts_the_rest() {
    let names: Vec<String> = (0..9)
        .map(|n| format!(r#""Sid":"S{n}","Effect":"Allow","Action":"s{n}:x","Resource":"*""#))
        .collect();
    let new: Vec<&str> = names.iter().map(String::as_str).collect();
    let diff = Diff::between(&document(&[READ]), &document(&new), &account());
    let whole = diff.summary(10_000);
    assert_eq!(whole.matches("(widens)").count(), 9, "{whole}");
    assert!(whole.ends_with("; in all: widens and narrows"), "{whole}");
    let mut former = 0;
    for most in [60, 120, 200, 400] {
        let short = diff.summary(most);
        assert!(short.chars().count() <= most, "{short}");
        assert!(short.contains("more changes"), "{short}");
        assert!(short.matches("(widens)").count() >= former);
        former = short.matches("(widens)").count();
    }
    assert!(former > 2, "{former}");
}

#[test]
fn long_lists_are_counted() {
    let actions: Vec<String> = (0..20).map(|n| format!("\"s3:A{n}\"")).collect();
    let new =
        format!(r#""Sid":"Read","Effect":"Allow","Action":[{}],"Resource":"*""#, actions.join(","));
    let found = lines(&[], &[&new]);
    assert_eq!(
        found,
        ["+ statement Read: Allow s3:A0, s3:A1, s3:A2, s3:A3, s3:A4, s3:A5, 14 more on * (widens)"]
    );
}
