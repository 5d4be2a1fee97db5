//! Tables for `service`: arguments to documents, calls of services to answers.

use crate::policy::sessions;
use rstest::rstest;

use crate::trust::limits::{self, Origin};
use crate::trust::service::*;
use crate::trust::tests::token::{account, allows, document, list};

fn made(
    name: &str,
    source_account: SourceAccount,
    source_arns: &[&str],
) -> Result<Compiled, Finding> {
    statement(&ServiceGrant { name, source_account, source_arns: &list(source_arns) }, &account())
}

#[rstest]
#[case(
    "rds.amazonaws.com",
    SourceAccount::Auto,
    &[],
    r#","Condition":{"StringEquals":{"aws:SourceAccount":"123456789012"}}"#,
    false
)]
#[case(
    "lambda.amazonaws.com",
    SourceAccount::Auto,
    &[],
    r#","Condition":{"StringEquals":{"aws:SourceAccount":"123456789012"}}"#,
    false
)]
#[case("sns.amazonaws.com", SourceAccount::Auto, &[], "", true)]
#[case("ec2.amazonaws.com", SourceAccount::Auto, &[], "", true)]
#[case("ec2.amazonaws.com", SourceAccount::None, &[], "", false)]
#[case("rds.amazonaws.com", SourceAccount::None, &[], "", false)]
#[case(
    "lambda.amazonaws.com",
    SourceAccount::Own,
    &[],
    r#","Condition":{"StringEquals":{"aws:SourceAccount":"123456789012"}}"#,
    false
)]
#[case(
    "sns.amazonaws.com",
    SourceAccount::Own,
    &["arn:{partition}:sns:*:{accountId}:x"],
    r#","Condition":{"ArnLike":{"aws:SourceArn":"arn:aws:sns:*:123456789012:x"},"StringEquals":{"aws:SourceAccount":"123456789012"}}"#,
    false
)]
#[case(
    "logs.amazonaws.com",
    SourceAccount::Auto,
    &["arn:aws:logs:*:123456789012:*"],
    r#","Condition":{"ArnLike":{"aws:SourceArn":"arn:aws:logs:*:123456789012:*"}}"#,
    false
)]
fn the_guard_follows_the_arguments(
    #[case] name: &str,
    #[case] source: SourceAccount,
    #[case] arns: &[&str],
    #[case] condition: &str,
    #[case] warned: bool,
) {
    let compiled = made(name, source, arns).unwrap();
    let head = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":""#;
    let expected = format!(r#"{head}{name}"}},"Action":"sts:AssumeRole"{condition}}}]}}"#);
    assert_eq!(document(&compiled.statement), expected);
    assert_eq!(!compiled.warnings.is_empty(), warned);
    assert_eq!(limits::check(&compiled.statement, &account(), Origin::Grant), []);
}

#[rstest]
#[case("rolesanywhere.amazonaws.com", &["sts:SetSourceIdentity", "sts:TagSession"])]
#[case("eks.amazonaws.com", &["sts:TagSession"])]
#[case("capabilities.eks.amazonaws.com", &["sts:TagSession"])]
#[case("access-grants.s3.amazonaws.com", &["sts:SetContext", "sts:SetSourceIdentity"])]
#[case("access-grants.s3.eu-west-2.amazonaws.com", &["sts:SetContext", "sts:SetSourceIdentity"])]
#[case("datazone.amazonaws.com.cn", &["sts:SetContext", "sts:TagSession"])]
#[case("lambda.amazonaws.com", &[])]
#[case("eks-fargate-pods.amazonaws.com", &[])]
#[case("s3.amazonaws.com", &[])]
fn a_service_may_do_with_its_sessions_what_it_needs(#[case] name: &str, #[case] beside: &[&str]) {
    let statement = made(name, SourceAccount::None, &[]).unwrap().statement;
    let all = ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity", "sts:SetContext"];
    for action in all {
        let expected = action == "sts:AssumeRole" || beside.contains(&action);
        let caller = (PrincipalKind::Service, name);
        assert_eq!(allows(&statement, action, caller, &[]), expected, "{action}");
    }
    assert_eq!(limits::check(&statement, &account(), Origin::Grant), []);
}

#[test]
fn sessions_are_in_order_and_each_has_its_source() {
    assert!(session::SESSIONS.is_sorted_by(|a, b| a.0 < b.0));
    for (name, actions, page) in session::SESSIONS {
        assert!(is_service(&format!("{name}.amazonaws.com")) && page.contains(": "), "{name}");
        assert!(!actions.is_empty() && actions.is_sorted());
        assert!(actions.iter().all(|action| sessions::ALL.contains(action)), "{name}");
    }
}

#[rstest]
#[case::own_account("rds.amazonaws.com", Some("123456789012"), true)]
#[case::other_account("rds.amazonaws.com", Some("210987654321"), false)]
#[case::no_account("rds.amazonaws.com", None, false)]
#[case::other_service("dms.amazonaws.com", Some("123456789012"), false)]
fn a_known_sender_must_act_for_the_own_account(
    #[case] caller: &str,
    #[case] source: Option<&str>,
    #[case] allowed: bool,
) {
    let statement = made("rds.amazonaws.com", SourceAccount::Auto, &[]).unwrap().statement;
    let keys: Vec<_> = source.map(|id| ("aws:SourceAccount", id)).into_iter().collect();
    assert_eq!(
        allows(&statement, "sts:AssumeRole", (PrincipalKind::Service, caller), &keys),
        allowed
    );
}

#[rstest]
#[case::the_topic("arn:aws:sns:eu-west-2:123456789012:x", true)]
#[case::longer_name("arn:aws:sns:eu-west-2:123456789012:x2", false)]
#[case::other_account("arn:aws:sns:eu-west-2:210987654321:x", false)]
#[case::other_partition("arn:aws-cn:sns:cn-north-1:123456789012:x", false)]
fn a_source_is_one_of_the_arns(#[case] arn: &str, #[case] allowed: bool) {
    let statement =
        made("sns.amazonaws.com", SourceAccount::None, &["arn:{partition}:sns:*:{accountId}:x"])
            .unwrap();
    let caller = (PrincipalKind::Service, "sns.amazonaws.com");
    assert_eq!(
        allows(&statement.statement, "sts:AssumeRole", caller, &[("aws:SourceArn", arn)]),
        allowed
    );
}

#[test]
fn a_service_without_the_key_can_still_assume_its_role() {
    let compiled = made("sns.amazonaws.com", SourceAccount::Auto, &[]).unwrap();
    let caller = (PrincipalKind::Service, "sns.amazonaws.com");
    assert!(allows(&compiled.statement, "sts:AssumeRole", caller, &[]));
    assert_eq!(
        compiled.warnings[0].to_string(),
        "sourceAccount: \"sns.amazonaws.com\" is not known to send aws:SourceAccount, so \
         nothing holds it to this account; \
         write Own if it does, None if it does not, or add sourceArns with the account's id"
    );
}

#[rstest]
#[case(
    "pods.eks.amazonaws.com",
    "name: \"pods.eks.amazonaws.com\" would let in any pod of the account; write podIdentity with \
     the service accounts"
)]
#[case("*", "name: \"*\" is no service principal; write a name such as lambda.amazonaws.com")]
#[case(
    "lambda",
    "name: \"lambda\" is no service principal; write a name such as lambda.amazonaws.com"
)]
#[case(
    "lambda.amazonaws.com.evil.org",
    "name: \"lambda.amazonaws.com.evil.org\" is no service principal; write a name such as \
     lambda.amazonaws.com"
)]
fn names_that_are_no_plain_service_are_refused(#[case] name: &str, #[case] message: &str) {
    assert_eq!(made(name, SourceAccount::Auto, &[]).unwrap_err().to_string(), message);
}

#[rstest]
#[case("*")]
#[case("")]
#[case("sns")]
#[case("arn:aws:sns")]
#[case("arn:aws:sns:*:${aws:userid}:x")]
#[case("arn:aws:sns:*:1:a b")]
fn a_source_is_an_arn(#[case] arn: &str) {
    let error = made("sns.amazonaws.com", SourceAccount::None, &[arn]).unwrap_err();
    assert_eq!(error.pointer(), "/sourceArns/0");
    assert!(error.message().ends_with(" is no ARN"), "{error}");
}

#[rstest]
#[case("rds.amazonaws.com", true)]
#[case("rds.amazonaws.com.cn", true)]
#[case("amplify.eu-south-1.amazonaws.com", true)]
#[case("amplify.us-gov-west-1.amazonaws.com", true)]
#[case("appstream.amazonaws.com", true)]
#[case("bedrock.amazonaws.com", true)]
#[case("codedeploy.amazonaws.com", true)]
#[case("config.amazonaws.com", true)]
#[case("ecs-tasks.amazonaws.com", true)]
#[case("kinesisanalytics.amazonaws.com", true)]
#[case("lambda.amazonaws.com", true)]
#[case("scheduler.amazonaws.com", true)]
#[case("states.eu-west-2.amazonaws.com", true)]
#[case("vpc-flow-logs.amazonaws.com", true)]
#[case("cloudtrail.amazonaws.com", false)]
#[case("s3.amazonaws.com", false)]
#[case("batchoperations.s3.amazonaws.com", false)]
#[case("sns.amazonaws.com", false)]
#[case("edgelambda.amazonaws.com", false)]
#[case("ec2.amazonaws.com", false)]
#[case("export.rds.amazonaws.com", false)]
#[case("monitoring.rds.amazonaws.com", false)]
#[case("rds.export.amazonaws.com", false)]
#[case("pods.eks.amazonaws.com", false)]
#[case("eks-fargate-pods.amazonaws.com", false)]
#[case("rds", false)]
#[case("", false)]
fn senders_are_known_by_their_whole_name(#[case] service: &str, #[case] known: bool) {
    assert_eq!(sender::sends_source_account(service), known);
}

#[test]
fn senders_are_in_order_and_each_has_its_source_and_its_day() {
    assert!(sender::SENDERS.is_sorted_by(|a, b| a.0 < b.0));
    for (name, page, day) in sender::SENDERS {
        assert!(is_service(&format!("{name}.amazonaws.com")), "{name}");
        assert!(page.contains(": "), "{name}: {page}");
        let numbers: Vec<_> = day.split('-').map(|part| part.parse::<u16>().unwrap()).collect();
        assert!(matches!(numbers[..], [2026..=9999, 1..=12, 1..=31]), "{name}: {day}");
    }
}

#[rstest]
#[case::none(&[], true)]
#[case::any(&["arn:*:*:*:*:*"], true)]
#[case::any_account(&["arn:aws:sns:eu-west-2:*:x"], true)]
#[case::part_of_the_account(&["arn:aws:sns:eu-west-2:12345678901?:x"], true)]
#[case::other_account(&["arn:aws:sns:*:210987654321:x"], true)]
#[case::any_bucket(&["arn:aws:s3:::x-*"], true)]
#[case::one_of_them(&["arn:aws:sns:*:{accountId}:x", "arn:aws:sns:*:*:x"], true)]
#[case::own(&["arn:aws:sns:*:{accountId}:*"], false)]
#[case::each_own(&["arn:{partition}:sns:*:{accountId}:x", "arn:*:*:*:123456789012:*"], false)]
#[case::one_bucket(&["arn:aws:s3:::x"], false)]
#[case::one_topic_of_others(&["arn:aws:sns:eu-west-2:210987654321:x"], false)]
fn only_sources_that_name_their_account_end_the_warning(
    #[case] arns: &[&str],
    #[case] warned: bool,
) {
    let warnings = |account| made("sns.amazonaws.com", account, arns).unwrap().warnings.len();
    assert_eq!(warnings(SourceAccount::Auto), usize::from(warned));
    assert_eq!([SourceAccount::Own, SourceAccount::None].map(warnings), [0, 0]);
}
