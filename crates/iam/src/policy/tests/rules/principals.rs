//! Q21 to Q29: principals.

use rstest::rstest;

use crate::policy::tests::rules::*;

const ACCOUNT: &str = r#"{"AWS":"123456789012"}"#;

#[test]
fn q21_the_string_for_everyone_is_not_the_aws_form() {
    assert_eq!(principals(r#"{"AWS":"*"}"#, r#""*""#), Equality::Different);
    let text = r#"{"Statement":{"Effect":"Allow","Action":"sts:AssumeRole","Principal":"*"}}"#;
    assert!(Policy::parse(text, PolicyKind::Trust, Strictness::Desired).is_err());
    assert!(Policy::parse(text, PolicyKind::Trust, Strictness::Observed).is_ok());
}

#[test]
fn q22_a_star_as_kind_is_invalid_in_trust() {
    assert_eq!(principals(ACCOUNT, r#"{"*":"*"}"#), Equality::Invalid);
}

#[test]
fn q23_everyone_and_an_account_are_different() {
    assert_eq!(principals(ACCOUNT, r#""*""#), Equality::Different);
    assert_eq!(principals(ACCOUNT, r#"{"AWS":"*"}"#), Equality::Different);
    assert_eq!(principals(ACCOUNT, r#""123456789012""#), Equality::Invalid);
}

#[test]
fn q24_everyone_is_not_nobody() {
    let everyone =
        r#"{"Statement":{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"AWS":"*"}}}"#;
    let nobody = r#"{"Statement":{"Effect":"Allow","Action":"sts:AssumeRole"}}"#;
    assert_eq!(verdict(PolicyKind::Trust, everyone, nobody), Equality::Invalid);
    assert_eq!(principals(r#"{"AWS":"*"}"#, "{}"), Equality::Invalid);
    assert_eq!(
        verdict(PolicyKind::Trust, everyone, &everyone.replace("Principal", "NotPrincipal")),
        Equality::Different
    );
}

#[rstest]
#[case(ACCOUNT, r#"{"AWS":"arn:aws:iam::123456789012:root"}"#, Equality::Identical)]
#[case(
    r#"{"AWS":"arn:aws:iam::210987654321:root"}"#,
    r#"{"AWS":"210987654321"}"#,
    Equality::Identical
)]
#[case(ACCOUNT, r#"{"AWS":"arn:aws-cn:iam::123456789012:root"}"#, Equality::Different)]
#[case(ACCOUNT, r#"{"AWS":"arn:aws:iam::210987654321:root"}"#, Equality::Different)]
#[case(ACCOUNT, r#"{"AWS":"arn:aws:iam::123456789012:role/root"}"#, Equality::Different)]
#[case(
    r#"{"Federated":"123456789012"}"#,
    r#"{"Federated":"arn:aws:iam::123456789012:root"}"#,
    Equality::Different
)]
#[case(r#"{"Service":"123456789012"}"#, r#"{"AWS":"123456789012"}"#, Equality::Different)]
fn q25_an_account_id_is_its_root_arn_under_aws_only(
    #[case] desired: &str,
    #[case] observed: &str,
    #[case] expected: Equality,
) {
    assert_eq!(principals(desired, observed), expected);
}

#[test]
fn q26_both_spellings_of_one_account_are_cosmetic() {
    assert_eq!(
        principals(ACCOUNT, r#"{"AWS":["123456789012","arn:aws:iam::123456789012:root"]}"#),
        Equality::Cosmetic
    );
}

#[test]
fn q27_empty_principals_are_invalid_in_trust() {
    assert_eq!(principals(ACCOUNT, r#"{"AWS":[]}"#), Equality::Invalid);
    assert_eq!(principals(ACCOUNT, r#"{"AWS":""}"#), Equality::Invalid);
    assert_eq!(principals(ACCOUNT, r#"{"AWS":"123456789012","Service":[]}"#), Equality::Invalid);
}

#[test]
fn q28_an_orphaned_principal_is_different() {
    assert_eq!(
        principals(r#"{"AWS":"arn:aws:iam::123456789012:role/x"}"#, r#"{"AWS":"AROAEXAMPLEID"}"#),
        Equality::Different
    );
}

#[test]
fn q29_a_kind_of_principal_in_other_case_is_never_equal() {
    assert_eq!(principals(ACCOUNT, r#"{"aws":"123456789012"}"#), Equality::Different);
}
