//! Tables for the limits of the built-in class: what passes, and its near misses.

use rstest::rstest;

use crate::policy::sessions::{
    ASSUME_ROLE, ASSUME_ROLE_WITH_SAML, ASSUME_ROLE_WITH_WEB_IDENTITY, TAG_SESSION,
};
use crate::policy::{Policy, PolicyKind, Strictness};
use crate::trust::limits::*;

const OIDC: &str = "arn:aws:iam::123456789012:oidc-provider/oidc.example.com/id/A";

fn account() -> Account {
    Account::new("123456789012", "aws").unwrap()
}

fn problems(statement: &Statement) -> Vec<Finding> {
    check(statement, &account(), Origin::Statement)
}

fn said(findings: &[Finding]) -> Vec<String> {
    findings.iter().map(ToString::to_string).collect()
}

/// Whether a principal written as the JSON value of `Principal` is allowed with this effect.
fn verdict(effect: &str, principal: &str) -> bool {
    let text = format!(
        r#"{{"Version":"2012-10-17","Statement":{{"Effect":"{effect}","Action":"sts:AssumeRole","Principal":{principal}}}}}"#
    );
    let policy = Policy::parse(&text, PolicyKind::Trust, Strictness::Observed).unwrap();
    problems(&policy.statements[0]).is_empty()
}

#[rstest]
#[case(r#"{"AWS":"123456789012"}"#, true)]
#[case(r#"{"AWS":"arn:aws:iam::123456789012:root"}"#, true)]
#[case(
    r#"{"AWS":["arn:aws:iam::123456789012:role/a/b","arn:aws:iam::123456789012:user/u"]}"#,
    true
)]
#[case(r#"{"AWS":"*"}"#, false)]
#[case(r#""*""#, false)]
#[case(r#"{"AWS":"210987654321"}"#, false)]
#[case(r#"{"AWS":"arn:aws:iam::210987654321:root"}"#, false)]
#[case(r#"{"AWS":"arn:aws-cn:iam::123456789012:root"}"#, false)]
#[case(r#"{"AWS":"arn:aws:iam::123456789012:role/*"}"#, false)]
#[case(r#"{"AWS":"arn:aws:iam::123456789012:role/a?"}"#, false)]
#[case(r#"{"AWS":"arn:aws:iam::123456789012:user/${aws:username}"}"#, false)]
#[case(r#"{"AWS":"arn:aws:iam::123456789012:group/g"}"#, false)]
#[case(r#"{"AWS":"arn:aws:sts::123456789012:assumed-role/a/b"}"#, false)]
#[case(r#"{"AWS":"arn:aws:iam::*:role/a"}"#, false)]
#[case(r#"{"AWS":"AROAEXAMPLEID"}"#, false)]
#[case(r#"{"AWS":["123456789012","210987654321"]}"#, false)]
#[case(r#"{"Service":"lambda.amazonaws.com"}"#, true)]
#[case(r#"{"Service":"pods.eks.amazonaws.com"}"#, true)]
#[case(r#"{"Service":"ec2.amazonaws.com.cn"}"#, true)]
#[case(r#"{"Service":"amazonaws.com"}"#, false)]
#[case(r#"{"Service":".amazonaws.com"}"#, false)]
#[case(r#"{"Service":"*.amazonaws.com"}"#, false)]
#[case(r#"{"Service":"lambda.amazonaws.com.evil.org"}"#, false)]
#[case(r#"{"Service":"lambda.amazonaws.org"}"#, false)]
#[case(r#"{"Service":"Lambda.amazonaws.com"}"#, false)]
#[case(r#"{"Service":"*"}"#, false)]
#[case(r#"{"CanonicalUser":"abc"}"#, false)]
#[case(r#"{"Federated":"accounts.google.com"}"#, false)]
#[case(r#"{"Federated":"cognito-identity.amazonaws.com"}"#, false)]
fn an_allow_names_principals_of_its_own_account(#[case] principal: &str, #[case] allowed: bool) {
    assert_eq!(verdict("Allow", principal), allowed, "{principal}");
}

#[rstest]
#[case(r#"{"AWS":"*"}"#, true)]
#[case(r#"{"AWS":"210987654321"}"#, true)]
#[case(r#"{"Federated":"arn:aws:iam::123456789012:oidc-provider/oidc.example.com"}"#, true)]
#[case(r#"{"AWS":"arn:aws:sts::123456789012:assumed-role/x/y"}"#, true)]
#[case(r#"{"Service":"lambda.amazonaws.com"}"#, true)]
#[case(r#"{"Service":"lambda"}"#, false)]
#[case(r#"{"AWS":"alice"}"#, false)]
#[case(r#"{"AWS":"arn:aws:s3:::b"}"#, false)]
#[case(r#"{"AWS":"arn:aws:iam::123:role/x"}"#, false)]
#[case(r#""*""#, false)]
#[case(r#"{"AWS":"arn:aws:iam::123456789012:role/*"}"#, false)]
#[case(r#"{"AWS":"${aws:username}"}"#, false)]
fn a_deny_may_be_wide_but_not_odd(#[case] principal: &str, #[case] allowed: bool) {
    assert_eq!(verdict("Deny", principal), allowed, "{principal}");
}

#[test]
fn not_principal_is_refused_with_allow_and_deny() {
    for effect in [Effect::Allow, Effect::Deny] {
        let mut statement =
            Statement::new(effect, [ASSUME_ROLE]).principal(PrincipalKind::Aws, ["123456789012"]);
        if let Some(Scope::Only(set)) = statement.principals.take() {
            statement.principals = Some(Scope::Except(set));
        }
        assert_eq!(
            said(&problems(&statement)),
            ["NotPrincipal: it is not allowed; name the principals in Principal"]
        );
    }
}

#[test]
fn principals_must_be_there() {
    assert_eq!(problems(&Statement::allow([ASSUME_ROLE])).len(), 1);
    let empty = Statement::allow([ASSUME_ROLE]).principal(PrincipalKind::Aws, Vec::<String>::new());
    assert_eq!(problems(&empty).len(), 1);
}

#[rstest]
#[case("sts:AssumeRole", true)]
#[case("sts:AssumeRoleWithWebIdentity", true)]
#[case("sts:AssumeRoleWithSAML", true)]
#[case("sts:TagSession", true)]
#[case("sts:SetSourceIdentity", true)]
#[case("sts:SetContext", true)]
#[case("sts:assumerole", false)]
#[case("sts:AssumeRole*", false)]
#[case("sts:*", false)]
#[case("*", false)]
#[case("s3:GetObject", false)]
fn an_allow_names_actions_of_a_session_one_by_one(#[case] action: &str, #[case] allowed: bool) {
    let own = |statement: Statement| statement.principal(PrincipalKind::Aws, ["123456789012"]);
    assert_eq!(problems(&own(Statement::allow([action]))).is_empty(), allowed);
    // AWS refuses actions of other services, whatever the effect.
    let of_sts = action != "s3:GetObject";
    assert_eq!(problems(&own(Statement::deny([action]))).is_empty(), of_sts);
}

#[test]
fn not_action_is_refused_with_allow_only() {
    for (effect, count) in [(Effect::Allow, 1), (Effect::Deny, 0)] {
        let mut statement =
            Statement::new(effect, [ASSUME_ROLE]).principal(PrincipalKind::Aws, ["123456789012"]);
        statement.actions = Scope::Except(vec!["sts:TagSession".to_owned()]);
        assert_eq!(problems(&statement).len(), count);
    }
}

fn web_identity() -> Statement {
    Statement::allow([ASSUME_ROLE_WITH_WEB_IDENTITY]).principal(PrincipalKind::Federated, [OIDC])
}

const AUD: &str = "oidc.example.com/id/A:aud";
const SUB: &str = "oidc.example.com/id/A:sub";

#[rstest]
#[case("StringEquals", AUD, &["sts.amazonaws.com"], "StringEquals", SUB, &["x", "y"], 0)]
#[case("StringEquals", AUD, &["sts.amazonaws.com"], "StringLike", SUB, &["x"], 1)]
#[case("StringEquals", AUD, &["sts.amazonaws.com"], "StringEqualsIfExists", SUB, &["x"], 1)]
#[case("StringEquals", AUD, &["sts.amazonaws.com"], "ForAllValues:StringEquals", SUB, &["x"], 1)]
#[case("StringEquals", AUD, &["sts.amazonaws.com"], "StringEqualsIgnoreCase", SUB, &["x"], 1)]
#[case("StringEquals", AUD, &["sts.amazonaws.com"], "StringEquals", SUB, &["x", "y*"], 1)]
#[case("StringEquals", AUD, &["sts.amazonaws.com"], "StringEquals", SUB, &["y?"], 1)]
#[case(
    "StringEquals",
    AUD,
    &["sts.amazonaws.com"],
    "StringEquals",
    SUB,
    &["${oidc.example.com/id/A:sub}"],
    1
)]
#[case("StringEquals", AUD, &["sts.amazonaws.com"], "StringEquals", SUB, &[""], 1)]
#[case("StringEquals", AUD, &["sts.amazonaws.com"], "StringEquals", SUB, &[], 1)]
#[case(
    "StringEquals",
    AUD,
    &["sts.amazonaws.com"],
    "StringEquals",
    "oidc.example.com/id/B:sub",
    &["x"],
    1
)]
#[case(
    "StringEquals",
    AUD,
    &["sts.amazonaws.com"],
    "StringEquals",
    "oidc.example.com:sub",
    &["x"],
    1
)]
#[case("StringEquals", AUD, &["*"], "StringEquals", SUB, &["x"], 1)]
#[case("StringNotEquals", AUD, &["z"], "StringNotEquals", SUB, &["x"], 2)]
fn a_provider_needs_exact_audience_and_subject(
    #[case] aud_operator: &str,
    #[case] aud: &str,
    #[case] audiences: &[&str],
    #[case] sub_operator: &str,
    #[case] sub: &str,
    #[case] subjects: &[&str],
    #[case] count: usize,
) {
    let statement = web_identity().when(aud_operator, aud, audiences.iter().copied()).when(
        sub_operator,
        sub,
        subjects.iter().copied(),
    );
    assert_eq!(problems(&statement).len(), count, "{:?}", problems(&statement));
}

#[test]
fn a_provider_is_of_the_own_account_and_each_of_several_needs_its_own_keys() {
    let exact = |statement: Statement| {
        statement.when("StringEquals", AUD, ["a"]).when("StringEquals", SUB, ["s"])
    };
    let two = exact(web_identity()).principal(
        PrincipalKind::Federated,
        ["arn:aws:iam::123456789012:oidc-provider/b.example.com"],
    );
    assert_eq!(problems(&two).len(), 2);
    let elsewhere = Statement::allow([ASSUME_ROLE_WITH_WEB_IDENTITY]).principal(
        PrincipalKind::Federated,
        ["arn:aws:iam::210987654321:oidc-provider/oidc.example.com/id/A"],
    );
    assert_eq!(problems(&exact(elsewhere)).len(), 1);
}

#[test]
fn a_saml_provider_needs_its_audience_and_subject() {
    let bare = Statement::allow([ASSUME_ROLE_WITH_SAML])
        .principal(PrincipalKind::Federated, ["arn:aws:iam::123456789012:saml-provider/idp"]);
    assert_eq!(problems(&bare).len(), 2);
    let half = bare.when("StringEquals", "SAML:aud", ["https://signin.aws.amazon.com/saml"]);
    assert_eq!(problems(&half).len(), 1);
    assert!(problems(&half.when("StringEquals", "SAML:sub", ["someone"])).is_empty());
}

#[test]
fn a_statement_by_hand_stays_in_its_namespace() {
    let statement = web_identity().when(
        "StringEquals",
        SUB,
        ["system:serviceaccount:team-a:x", "system:serviceaccount:team-ab:x"],
    );
    assert_eq!(
        said(&check_namespace(&statement, "team-a")),
        ["Condition: \"system:serviceaccount:team-ab:x\" is not in the namespace team-a; name \
             one of your own"]
    );
}

fn github(operator: &str, sub: &str) -> Statement {
    let host = "token.actions.githubusercontent.com";
    Statement::allow([ASSUME_ROLE_WITH_WEB_IDENTITY])
        .principal(
            PrincipalKind::Federated,
            [format!("arn:aws:iam::123456789012:oidc-provider/{host}")],
        )
        .when("StringEquals", &format!("{host}:aud"), ["sts.amazonaws.com"])
        .when(operator, &format!("{host}:sub"), [sub])
}

#[rstest]
#[case("StringEquals", "repo:org/app:ref:refs/heads/main", true, true)]
#[case("StringLike", "repo:org/app:ref:refs/heads/*", true, false)]
#[case("StringLike", "repo:org/app:ref:refs/heads/main", true, false)]
#[case("StringLike", "repo:org/app*", false, false)]
#[case("StringLike", "repo:org/*", false, false)]
#[case("StringLike", "repo:*", false, false)]
#[case("StringLike", "*", false, false)]
#[case("StringEquals", "environment:prod", false, false)]
#[case("StringLikeIfExists", "repo:org/app:*", false, false)]
#[case("ForAllValues:StringLike", "repo:org/app:*", false, false)]
fn only_a_grant_may_have_patterns_and_never_of_owner_or_repository(
    #[case] operator: &str,
    #[case] sub: &str,
    #[case] as_grant: bool,
    #[case] by_hand: bool,
) {
    let statement = github(operator, sub);
    assert_eq!(check(&statement, &account(), Origin::Grant).is_empty(), as_grant);
    assert_eq!(check(&statement, &account(), Origin::Statement).is_empty(), by_hand);
}

#[rstest]
#[case("system:serviceaccount:team-a:*", true)]
#[case("system:serviceaccount:team-a:x", true)]
#[case("system:serviceaccount:team-ab:x", false)]
#[case("system:serviceaccount:*", false)]
#[case("system:*", false)]
#[case("*:team-a:x", false)]
#[case("system:node:*", true)]
#[case("repo:org/app:*", true)]
fn patterns_of_subjects_stay_in_the_namespace(#[case] sub: &str, #[case] inside: bool) {
    assert_eq!(
        check_namespace(&web_identity().when("StringLike", SUB, [sub]), "team-a").is_empty(),
        inside
    );
}

#[rstest]
#[case("StringEquals", "aws:RequestTag/kubernetes-namespace", &["team-a"], true)]
#[case("StringEquals", "aws:RequestTag/kubernetes-namespace", &["team-b"], false)]
#[case("StringEquals", "aws:RequestTag/kubernetes-namespace", &["team-a", "team-b"], false)]
#[case("StringEquals", "aws:RequestTag/kubernetes-namespace", &[], false)]
#[case("StringLike", "aws:RequestTag/kubernetes-namespace", &["team-a"], false)]
#[case("StringEqualsIfExists", "aws:RequestTag/kubernetes-namespace", &["team-a"], false)]
#[case("ForAllValues:StringEquals", "aws:RequestTag/kubernetes-namespace", &["team-a"], false)]
#[case("StringEquals", "aws:PrincipalTag/kubernetes-namespace", &["team-a"], false)]
#[case("StringEquals", "aws:RequestTag/kubernetes-service-account", &["team-a"], false)]
fn pods_by_hand_stay_in_the_namespace(
    #[case] operator: &str,
    #[case] key: &str,
    #[case] values: &[&str],
    #[case] inside: bool,
) {
    for service in ["pods.eks.amazonaws.com", "pods.eks.eu-west-2.amazonaws.com"] {
        let pods = Statement::allow([ASSUME_ROLE, TAG_SESSION])
            .principal(PrincipalKind::Service, ["lambda.amazonaws.com", service])
            .when(operator, key, values.iter().copied());
        assert_eq!(check_namespace(&pods, "team-a").is_empty(), inside, "{service}");
    }
}

#[test]
fn what_a_deny_says_of_pods_is_free() {
    let deny = Statement::deny([ASSUME_ROLE])
        .principal(PrincipalKind::Service, ["pods.eks.amazonaws.com"]);
    assert_eq!(check_namespace(&deny, "team-a"), []);
}

const A: &str = "111111111111";
const B: &str = "222222222222";

fn trusted(own: Option<(&[&str], &[&str])>) -> Trusted {
    let ids = |ids: &[&str]| ids.iter().map(|id| id.parse().unwrap()).collect();
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
    Trusted {
        accounts: ids(&[A, B]),
        organizations: words(&["o-a1b2c3d4e5", "o-other12345"]),
        own: own.map(|(accounts, organizations)| Own {
            accounts: ids(accounts),
            organizations: words(organizations),
        }),
    }
}

fn reaching(principal: &str, condition: &str, trusted: &Trusted) -> Vec<String> {
    let text = format!(
        r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{{"AWS":{principal}}},"Condition":{{{condition}}}}}}}"#
    );
    let policy = Policy::parse(&text, PolicyKind::Trust, Strictness::Observed).unwrap();
    let account = account();
    said(&check(&policy.statements[0], Reach { account: &account, trusted }, Origin::Statement))
}

const ORG: &str = r#""StringEquals":{"aws:PrincipalOrgID":"o-a1b2c3d4e5"}"#;

#[rstest]
#[case::account(r#""111111111111""#, "", true)]
#[case::role(r#""arn:aws:iam::222222222222:role/a""#, "", true)]
#[case::another(r#""333333333333""#, "", false)]
#[case::one_of_two(r#"["111111111111","333333333333"]"#, "", false)]
#[case::partition(r#""arn:aws-cn:iam::111111111111:root""#, "", false)]
#[case::no_principal(r#""arn:aws:iam::111111111111:group/g""#, "", false)]
#[case::everyone(r#""*""#, "", false)]
#[case::everyone_of_the_organization(r#""*""#, ORG, true)]
#[case::any_account_of_it(r#""333333333333""#, ORG, true)]
#[case::key_in_other_letters(
    r#""*""#,
    r#""StringEquals":{"AWS:principalorgid":"o-a1b2c3d4e5"}"#,
    true
)]
#[case::of_another_one(r#""*""#, r#""StringEquals":{"aws:PrincipalOrgID":"o-zzzzzzzzzz"}"#, false)]
#[case::of_one_of_two(
    r#""*""#,
    r#""StringEquals":{"aws:PrincipalOrgID":["o-a1b2c3d4e5","o-zzzzzzzzzz"]}"#,
    false
)]
#[case::perhaps(r#""*""#, r#""StringEqualsIfExists":{"aws:PrincipalOrgID":"o-a1b2c3d4e5"}"#, false)]
#[case::alike(r#""*""#, r#""StringLike":{"aws:PrincipalOrgID":"o-a1b2c3d4e5"}"#, false)]
fn the_operator_decides_whom_a_role_trusts_beside_its_account(
    #[case] principal: &str,
    #[case] condition: &str,
    #[case] allowed: bool,
) {
    let found = reaching(principal, condition, &trusted(None));
    assert_eq!(found.is_empty(), allowed, "{found:?}");
    // Without the setting only the own account is.
    assert!(!reaching(principal, condition, &Trusted::default()).is_empty());
}

const ID: &str = r#""StringEquals":{"sts:ExternalId":"word"}"#;

#[rstest]
#[case::own(r#""111111111111""#, "", true)]
#[case::third_party(r#""222222222222""#, "", false)]
#[case::third_party_with_a_word(r#""222222222222""#, ID, true)]
#[case::any_word(r#""222222222222""#, r#""StringLike":{"sts:ExternalId":"*"}"#, false)]
#[case::a_word_perhaps(
    r#""222222222222""#,
    r#""StringEqualsIfExists":{"sts:ExternalId":"w"}"#,
    false
)]
#[case::a_variable(
    r#""222222222222""#,
    r#""StringEquals":{"sts:ExternalId":"${sts:ExternalId}"}"#,
    false
)]
#[case::both(r#"["111111111111","222222222222"]"#, "", false)]
#[case::own_organization(r#""*""#, ORG, true)]
#[case::other_organization(
    r#""*""#,
    r#""StringEquals":{"aws:PrincipalOrgID":"o-other12345"}"#,
    false
)]
#[case::third_party_in_the_own_organization(r#""222222222222""#, ORG, true)]
#[case::the_role_s_account(r#""123456789012""#, "", true)]
fn who_is_not_of_the_operators_own_has_to_send_an_external_id(
    #[case] principal: &str,
    #[case] condition: &str,
    #[case] allowed: bool,
) {
    let own = trusted(Some((&[A], &["o-a1b2c3d4e5"])));
    let found = reaching(principal, condition, &own);
    assert_eq!(found.is_empty(), allowed, "{found:?}");
    assert!(found.iter().all(|words| words.contains("set externalId")), "{found:?}");
}
