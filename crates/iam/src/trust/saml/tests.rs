//! Tables for `saml`: arguments to documents, assertions to answers.

use rstest::rstest;

use crate::policy::evaluate::Context;
use crate::trust::limits::{self, Origin};
use crate::trust::saml::*;
use crate::trust::tests::token::{account, allows, decide, document, list};

const PROVIDER: &str = "arn:{partition}:iam::{accountId}:saml-provider/idp";
const OWN: &str = "arn:aws:iam::123456789012:saml-provider/idp";
const SIGN_IN: &str = "https://signin.aws.amazon.com/saml";

fn made(audience: Option<&str>, attributes: &[(&str, &[&str])]) -> Result<Statement, Finding> {
    let attributes =
        attributes.iter().map(|(name, values)| ((*name).to_owned(), list(values))).collect();
    statement(&SamlGrant { provider_arn: PROVIDER, audience, attributes: &attributes }, &account())
}

#[test]
fn every_argument_becomes_its_condition() {
    let attributes: &[(&str, &[&str])] = &[
        ("SAML:sub", &["alice"]),
        ("edupersonaffiliation", &["staff"]),
        ("mail", &["*@example.com"]),
    ];
    let statement = made(None, attributes).unwrap();
    assert_eq!(
        document(&statement),
        concat!(
            r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","#,
            r#""Principal":{"Federated":"arn:aws:iam::123456789012:saml-provider/idp"},"#,
            r#""Action":"sts:AssumeRoleWithSAML","Condition":{"#,
            r#""ForAnyValue:StringEquals":{"SAML:edupersonaffiliation":"staff"},"#,
            r#""StringEquals":{"SAML:aud":"https://signin.aws.amazon.com/saml","SAML:sub":"alice"},"#,
            r#""StringLike":{"SAML:mail":"*@example.com"}}}]}"#
        )
    );
    assert_eq!(limits::check(&statement, &account(), Origin::Grant), []);
}

#[rstest]
#[case("aws", "https://signin.aws.amazon.com/saml")]
#[case("aws-cn", "https://signin.amazonaws.cn/saml")]
#[case("aws-us-gov", "https://signin.amazonaws-us-gov.com/saml")]
fn people_sign_in_at_their_partition(#[case] partition: &str, #[case] audience: &str) {
    let account = Account::new("123456789012", partition).unwrap();
    let grant = SamlGrant { provider_arn: PROVIDER, audience: None, attributes: &BTreeMap::new() };
    assert_eq!(
        statement(&grant, &account).unwrap().conditions["StringEquals"]["SAML:aud"],
        [audience]
    );
}

#[test]
fn an_unknown_partition_needs_its_audience() {
    let account = Account::new("123456789012", "aws-iso").unwrap();
    let mut grant =
        SamlGrant { provider_arn: PROVIDER, audience: None, attributes: &BTreeMap::new() };
    let error = statement(&grant, &account).unwrap_err();
    assert_eq!(error.pointer(), "/audience");
    assert!(error.message().starts_with("no sign-in address is known"), "{error}");
    grant.audience = Some("https://signin.example.com/saml");
    assert!(statement(&grant, &account).is_ok());
}

#[rstest]
#[case::all(OWN, SIGN_IN, "alice", "alice@example.com", true)]
#[case::other_provider(
    "arn:aws:iam::123456789012:saml-provider/idp2",
    SIGN_IN,
    "alice",
    "alice@example.com",
    false
)]
#[case::other_account(
    "arn:aws:iam::210987654321:saml-provider/idp",
    SIGN_IN,
    "alice",
    "alice@example.com",
    false
)]
#[case::other_audience(
    OWN,
    "https://signin.amazonaws.cn/saml",
    "alice",
    "alice@example.com",
    false
)]
#[case::longer_audience(
    OWN,
    "https://signin.aws.amazon.com/saml2",
    "alice",
    "alice@example.com",
    false
)]
#[case::other_subject(OWN, SIGN_IN, "bob", "alice@example.com", false)]
#[case::longer_subject(OWN, SIGN_IN, "alice2", "alice@example.com", false)]
#[case::subject_in_other_case(OWN, SIGN_IN, "Alice", "alice@example.com", false)]
#[case::other_mail(OWN, SIGN_IN, "alice", "alice@example.com.evil.org", false)]
fn assertions_are_held_to_all_conditions(
    #[case] provider: &str,
    #[case] aud: &str,
    #[case] sub: &str,
    #[case] mail: &str,
    #[case] allowed: bool,
) {
    let statement = made(None, &[("sub", &["alice"]), ("mail", &["*@example.com"])]).unwrap();
    let principal = (PrincipalKind::Federated, provider);
    let keys = [("SAML:aud", aud), ("SAML:sub", sub), ("SAML:mail", mail)];
    assert_eq!(allows(&statement, "sts:AssumeRoleWithSAML", principal, &keys), allowed);
    assert!(!allows(&statement, "sts:AssumeRoleWithSAML", principal, &keys[..2]), "no mail");
    assert!(
        !allows(&statement, "sts:AssumeRoleWithWebIdentity", principal, &keys),
        "another action"
    );
}

#[rstest]
#[case::one_of_several(&["student", "staff"], true)]
#[case::none(&["student"], false)]
#[case::longer(&["staff2"], false)]
fn attributes_with_several_values_need_one_that_matches(
    #[case] values: &[&str],
    #[case] allowed: bool,
) {
    let statement = made(None, &[("edupersonaffiliation", &["staff"])]).unwrap();
    let context = Context::default()
        .with("SAML:aud", SIGN_IN)
        .with_list("SAML:edupersonaffiliation", values.iter().copied());
    assert_eq!(
        decide(&statement, "sts:AssumeRoleWithSAML", (PrincipalKind::Federated, OWN), context),
        allowed
    );
}

#[rstest]
#[case("subb", &["x"], "attributes.\"subb\": IAM knows no such attribute, so it could never match; \
    write sub")]
#[case("Sub", &["x"], "attributes.\"Sub\": IAM knows no such attribute, so it could never match; \
    write sub")]
#[case("groups", &["x"], "attributes.\"groups\": IAM knows no such attribute, so it could never \
    match; write sub, iss, namequalifier, edupersonaffiliation or another")]
#[case("SAML:aud", &["x"], "attributes.aud: another field says this; write audience")]
#[case("sub", &[], "attributes.sub: it has no values, so nothing could match; add one")]
#[case("sub", &["*"], "attributes.sub[0]: \"*\" matches anything; write more than wildcards")]
#[case("sub", &["${saml:sub}"], "attributes.sub[0]: \"${saml:sub}\" holds $, which begins a \
    variable; write it without")]
fn attributes_that_say_nothing_are_refused(
    #[case] name: &str,
    #[case] values: &[&str],
    #[case] message: &str,
) {
    assert_eq!(made(None, &[(name, values)]).unwrap_err().to_string(), message);
}

#[test]
fn one_attribute_in_two_spellings_is_refused() {
    assert_eq!(
        made(None, &[("SAML:sub", &["a"]), ("sub", &["b"])]).unwrap_err().to_string(),
        "attributes.sub: it is there twice, with SAML: and without; write it once"
    );
}

#[rstest]
#[case("arn:aws:iam::123456789012:oidc-provider/idp.example.com")]
#[case("arn:aws:iam::210987654321:saml-provider/idp")]
#[case("arn:aws-cn:iam::123456789012:saml-provider/idp")]
#[case("arn:aws:iam::123456789012:saml-provider/*")]
#[case("idp")]
#[case("")]
fn a_provider_is_one_of_the_account(#[case] provider_arn: &str) {
    let grant = SamlGrant { provider_arn, audience: None, attributes: &BTreeMap::new() };
    assert!(statement(&grant, &account()).is_err());
}

#[test]
fn the_built_in_class_wants_an_exact_subject() {
    for attributes in [&[] as &[(&str, &[&str])], &[("sub", &["a*"])]] {
        let statement = made(None, attributes).unwrap();
        assert_eq!(limits::check(&statement, &account(), Origin::Grant).len(), 1);
    }
    assert!(made(Some("https://*"), &[]).is_err());
}
