//! Tables for `principals`: arguments to documents, callers to answers.

use rstest::rstest;

use crate::policy::{Policy, PolicyKind};
use crate::trust::limits::{self, Origin};
use crate::trust::principals::*;
use crate::trust::tests::token::{allows, document, list};

fn account() -> Account {
    Account::new("123456789012", "aws").unwrap()
}

#[test]
fn every_argument_becomes_its_condition() {
    let arns = ["arn:{partition}:iam::{accountId}:role/audit".to_owned()];
    let accounts = ["123456789012".to_owned()];
    let grant = PrincipalGrant {
        arns: &arns,
        accounts: &accounts,
        organization_id: Some("o-a1b2c3d4e5"),
        external_id: Some("7f3c"),
        mfa: true,
        tag_session: false,
    };
    let policy = Policy::new(vec![statement(&grant, &account()).unwrap()]);
    policy.check(PolicyKind::Trust).unwrap();
    assert_eq!(
        policy.to_json(),
        concat!(
            r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":["#,
            r#""arn:aws:iam::123456789012:role/audit","arn:aws:iam::123456789012:root"]},"Action":"sts:AssumeRole","#,
            r#""Condition":{"Bool":{"aws:MultiFactorAuthPresent":"true"},"#,
            r#""StringEquals":{"aws:PrincipalOrgID":"o-a1b2c3d4e5","sts:ExternalId":"7f3c"}}}]}"#
        )
    );
}

#[rstest]
#[case("12345678901", None, None)]
#[case("{accountId}", None, None)]
#[case("123456789012", Some("o-a1b2c3d4e"), None)]
#[case("123456789012", Some("o-*"), None)]
#[case("123456789012", None, Some("x"))]
#[case("123456789012", None, Some("${aws:username}"))]
#[case("123456789012", None, Some("a b"))]
fn near_misses_are_refused(
    #[case] id: &str,
    #[case] organization_id: Option<&str>,
    #[case] external_id: Option<&str>,
) {
    let accounts = [id.to_owned()];
    let grant = PrincipalGrant {
        accounts: &accounts,
        organization_id,
        external_id,
        ..PrincipalGrant::default()
    };
    assert!(statement(&grant, &account()).is_err());
}

#[test]
fn a_caller_may_pass_session_tags_where_the_grant_says_so() {
    let accounts = list(&["123456789012"]);
    for tag_session in [false, true] {
        let grant = PrincipalGrant { accounts: &accounts, tag_session, ..Default::default() };
        let made = statement(&grant, &account()).unwrap();
        assert_eq!(document(&made).contains("sts:TagSession"), tag_session);
        assert_eq!(limits::check(&made, &account(), Origin::Grant), []);
    }
}

#[test]
fn an_organization_alone_means_all_of_it_and_the_built_in_class_refuses_it() {
    let grant =
        PrincipalGrant { organization_id: Some("o-a1b2c3d4e5"), ..PrincipalGrant::default() };
    let statement = statement(&grant, &account()).unwrap();
    assert_eq!(
        document(&statement),
        concat!(
            r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole","#,
            r#""Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-a1b2c3d4e5"}}}]}"#
        )
    );
    assert_eq!(limits::check(&statement, &account(), Origin::Grant).len(), 1);
}

#[test]
fn nobody_is_not_everybody() {
    assert_eq!(
        statement(&PrincipalGrant::default(), &account()).unwrap_err().to_string(),
        "the grant names nobody; add arns, accounts or organizationId"
    );
}

const ROLE: &str = "arn:aws:iam::210987654321:role/audit";

#[rstest]
#[case::all(ROLE, Some("o-a1b2c3d4e5"), Some("7f3c"), true)]
#[case::longer_name(
    "arn:aws:iam::210987654321:role/audit2",
    Some("o-a1b2c3d4e5"),
    Some("7f3c"),
    false
)]
#[case::name_in_other_case(
    "arn:aws:iam::210987654321:role/Audit",
    Some("o-a1b2c3d4e5"),
    Some("7f3c"),
    false
)]
#[case::other_account(
    "arn:aws:iam::123456789012:role/audit",
    Some("o-a1b2c3d4e5"),
    Some("7f3c"),
    false
)]
#[case::user_of_the_name(
    "arn:aws:iam::210987654321:user/audit",
    Some("o-a1b2c3d4e5"),
    Some("7f3c"),
    false
)]
#[case::other_organization(ROLE, Some("o-a1b2c3d4e6"), Some("7f3c"), false)]
#[case::longer_organization(ROLE, Some("o-a1b2c3d4e5f"), Some("7f3c"), false)]
#[case::no_organization(ROLE, None, Some("7f3c"), false)]
#[case::other_external_id(ROLE, Some("o-a1b2c3d4e5"), Some("7f3d"), false)]
#[case::external_id_in_other_case(ROLE, Some("o-a1b2c3d4e5"), Some("7F3C"), false)]
#[case::no_external_id(ROLE, Some("o-a1b2c3d4e5"), None, false)]
fn callers_are_held_to_name_organization_and_external_id(
    #[case] caller: &str,
    #[case] organization: Option<&str>,
    #[case] external_id: Option<&str>,
    #[case] allowed: bool,
) {
    let arns = list(&[ROLE]);
    let grant = PrincipalGrant {
        arns: &arns,
        organization_id: Some("o-a1b2c3d4e5"),
        external_id: Some("7f3c"),
        ..PrincipalGrant::default()
    };
    let statement = statement(&grant, &account()).unwrap();
    let mut keys = Vec::new();
    keys.extend(organization.map(|id| ("aws:PrincipalOrgID", id)));
    keys.extend(external_id.map(|id| ("sts:ExternalId", id)));
    assert_eq!(allows(&statement, "sts:AssumeRole", (PrincipalKind::Aws, caller), &keys), allowed);
    assert!(!allows(&statement, "sts:TagSession", (PrincipalKind::Aws, caller), &keys));
}

#[rstest]
#[case::with_mfa(Some("true"), true)]
#[case::without(Some("false"), false)]
#[case::long_term_keys(None, false)]
fn mfa_must_be_there(#[case] present: Option<&str>, #[case] allowed: bool) {
    let accounts = list(&["210987654321"]);
    let grant = PrincipalGrant { accounts: &accounts, mfa: true, ..PrincipalGrant::default() };
    let statement = statement(&grant, &account()).unwrap();
    let keys: Vec<_> =
        present.map(|value| ("aws:MultiFactorAuthPresent", value)).into_iter().collect();
    assert_eq!(allows(&statement, "sts:AssumeRole", (PrincipalKind::Aws, ROLE), &keys), allowed);
    let elsewhere = (PrincipalKind::Aws, "arn:aws:iam::310987654321:role/audit");
    assert!(!allows(&statement, "sts:AssumeRole", elsewhere, &keys));
}

#[rstest]
#[case::member("arn:aws:iam::310987654321:role/x", Some("o-a1b2c3d4e5"), true)]
#[case::stranger("arn:aws:iam::310987654321:role/x", Some("o-zzzzzzzzzz"), false)]
#[case::no_organization("arn:aws:iam::310987654321:role/x", None, false)]
fn an_organization_is_its_members(
    #[case] caller: &str,
    #[case] organization: Option<&str>,
    #[case] allowed: bool,
) {
    let grant =
        PrincipalGrant { organization_id: Some("o-a1b2c3d4e5"), ..PrincipalGrant::default() };
    let statement = statement(&grant, &account()).unwrap();
    let keys: Vec<_> = organization.map(|id| ("aws:PrincipalOrgID", id)).into_iter().collect();
    assert_eq!(allows(&statement, "sts:AssumeRole", (PrincipalKind::Aws, caller), &keys), allowed);
}

#[rstest]
#[case("*")]
#[case("arn:aws:iam::210987654321:role/*")]
#[case("arn:aws:iam::210987654321:role/a?")]
#[case("arn:aws:iam::210987654321:user/${aws:username}")]
#[case("")]
fn wildcards_and_variables_are_refused(#[case] arn: &str) {
    let arns = list(&[ROLE, arn]);
    let grant = PrincipalGrant {
        arns: &arns,
        organization_id: Some("o-a1b2c3d4e5"),
        ..PrincipalGrant::default()
    };
    let error = statement(&grant, &account()).unwrap_err();
    assert_eq!(error.pointer(), "/arns/1");
    assert!(error.message().ends_with(" holds a wildcard or a variable"), "{error}");
}

const SET: &str = concat!(
    "arn:{partition}:iam::{accountId}:role/",
    "aws-reserved/sso.amazonaws.com/eu-west-2/AWSReservedSSO_Admin_*"
);

#[test]
fn the_role_of_a_permission_set_is_the_account_held_to_it() {
    let account = Account::new("123456789012", "aws").unwrap();
    let arns = [SET.to_owned()];
    let grant = PrincipalGrant { arns: &arns, ..PrincipalGrant::default() };
    let made = statement(&grant, &account).unwrap();
    assert_eq!(
        crate::policy::Policy::new(vec![made.clone()]).to_json(),
        concat!(
            r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","#,
            r#""Principal":{"AWS":"arn:aws:iam::123456789012:root"},"Action":"sts:AssumeRole","#,
            r#""Condition":{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::123456789012:role/"#,
            r#"aws-reserved/sso.amazonaws.com/eu-west-2/AWSReservedSSO_Admin_*"}}}]}"#
        )
    );
    let found = crate::trust::limits::check(&made, &account, crate::trust::limits::Origin::Grant);
    assert_eq!(found, []);
}

#[rstest]
#[case::no_name(SET.replace("Admin_*", "*"))]
#[case::part_of_a_name(SET.replace("Admin_*", "Adm*"))]
#[case::two(SET.replace("Admin_*", "*_*"))]
#[case::any_region(SET.replace("eu-west-2", "*"))]
#[case::any_account(SET.replace("{accountId}", "*"))]
#[case::another_path(SET.replace("sso.amazonaws.com", "sso"))]
#[case::a_variable(SET.replace("Admin", "${aws:username}"))]
fn any_other_wildcard_in_a_principal_is_refused(#[case] arn: String) {
    let arns = [arn];
    let grant = PrincipalGrant { arns: &arns, ..PrincipalGrant::default() };
    let found = statement(&grant, &Account::new("123456789012", "aws").unwrap()).unwrap_err();
    assert!(found.to_string().contains("only the end of"), "{found}");
}

#[test]
fn others_stand_in_a_grant_of_their_own() {
    let account = Account::new("123456789012", "aws").unwrap();
    let (alone, both) =
        ([SET.to_owned()], [SET.to_owned(), "arn:aws:iam::123456789012:role/r".into()]);
    let accounts = ["123456789012".to_owned()];
    for grant in [
        PrincipalGrant { arns: &both, ..PrincipalGrant::default() },
        PrincipalGrant { arns: &alone, accounts: &accounts, ..PrincipalGrant::default() },
    ] {
        let found = statement(&grant, &account).unwrap_err();
        assert!(found.to_string().ends_with("write them in a grant of their own"), "{found}");
    }
}
