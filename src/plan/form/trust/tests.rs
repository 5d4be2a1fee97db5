//! From the grants of a spec to the trust policy: what reaches the compilers, and where what they
//! say is put.

use rstest::rstest;

use crate::plan::{
    form::{
        desired::{Desired, compile},
        fingerprint,
    },
    tests::samples::{limits, resource},
};
use iam::finding::{Finding, Severity};

fn spec(grant: &str) -> String {
    format!(
        r#"{{"trust":[{{"name":"first","serviceAccount":{{"name":"s"}}}},{{"name":"g",{grant}}}]}}"#
    )
}

fn compiled(grant: &str) -> Result<(Desired, Vec<Finding>), Vec<Finding>> {
    compile(&resource(&spec(grant)), &limits())
}

/// The statement of the grant, as it is printed.
fn statement(grant: &str) -> String {
    let (desired, beyond) =
        compiled(grant).unwrap_or_else(|problems| panic!("{grant}: {problems:?}"));
    assert_eq!(beyond, [], "{grant}");
    desired
        .form
        .trust
        .statements
        .into_iter()
        .skip(1)
        .map(|made| iam::policy::Policy::new(vec![made]).to_json())
        .collect()
}

#[test]
fn every_field_of_every_grant_reaches_the_trust_policy() {
    let grants = [
        r#""podIdentity":{"serviceAccounts":["billing"],"clusterArns":["arn:{partition}:eks:eu-west-2:{accountId}:cluster/prod"]}"#,
        r#""githubActions":{"owner":"o","ownerId":"1","repository":"r","repositoryId":"2","refs":["refs/heads/main"],"environments":["production"],"pullRequests":true,"reusableWorkflow":"o/w/.github/workflows/d.yml@refs/heads/main","claims":{"workflow":["deploy"]}}"#,
        r#""githubActions":{"owner":"o","ownerId":"1","repository":"r","repositoryId":"2","pullRequests":true,"subjectFormat":"Immutable"}"#,
        r#""githubActions":{"owner":"o","ownerId":"1","repository":"r","repositoryId":"2","pullRequests":true,"subjectFormat":"Classic"}"#,
        r#""gitlab":{"project":"g/p","projectId":"3","branches":["main"],"tags":["v*"],"protectedOnly":true}"#,
        r#""gitlab":{"host":"gitlab.example.com","project":"g/p","branches":["main"],"audience":"aws"}"#,
        r#""oidc":{"issuer":"arn:{partition}:iam::{accountId}:oidc-provider/oidc.example.org","audiences":["aws"],"subjects":["app:*"],"claims":{"email":["a@example.org"]}}"#,
        r#""saml":{"providerArn":"arn:{partition}:iam::{accountId}:saml-provider/Corp","audience":"https://example.org/saml","attributes":{"sub":["alice"]}}"#,
        r#""service":{"name":"batch.amazonaws.com","sourceArns":["arn:{partition}:batch:*:{accountId}:*"]}"#,
        r#""service":{"name":"batch.amazonaws.com","sourceAccount":"None"}"#,
        r#""service":{"name":"x.amazonaws.com","sourceAccount":"Own"}"#,
        r#""principals":{"arns":["arn:{partition}:iam::{accountId}:role/r"],"accounts":["123456789012"],"organizationId":"o-a1b2c3d4e5","externalId":"7f3c","mfa":true}"#,
    ];
    insta::assert_snapshot!(grants.map(statement).join("\n"));
}

#[test]
fn pods_are_of_the_namespace_of_the_resource() {
    let mut other = resource(&spec(r#""podIdentity":{"serviceAccounts":["billing"]}"#));
    other.key.namespace = "team-b".into();
    let (desired, beyond) = compile(&other, &limits()).unwrap();
    assert_eq!(beyond, []);
    assert!(
        desired.form.trust.to_json().contains(r#""aws:RequestTag/kubernetes-namespace":"team-b""#)
    );
}

#[rstest]
#[case(
    r#""podIdentity":{"serviceAccounts":["s"],"clusterArns":["arn:aws:eks:r:210987654321:cluster/c"]}"#,
    "podIdentity.clusterArns[0]"
)]
#[case(
    r#""githubActions":{"owner":"o","repository":"r","refs":["refs/heads/a","refs/heads/b c"]}"#,
    "githubActions.refs[1]"
)]
#[case(r#""githubActions":{"owner":"o","repository":"r"}"#, "githubActions")]
#[case(
    r#""githubActions":{"owner":"o","repository":"r","pullRequests":true,"claims":{"x: y":["z"]}}"#,
    "githubActions.claims.\"x: y\""
)]
#[case::a_quote_and_a_colon(
    r#""githubActions":{"owner":"o","repository":"r","pullRequests":true,"claims":{"x\": y":["z"]}}"#,
    r#"githubActions.claims."x\": y""#
)]
#[case::a_space(
    r#""githubActions":{"owner":"o","repository":"r","pullRequests":true,"claims":{"x y":["z"]}}"#,
    "githubActions.claims.\"x y\""
)]
#[case::a_colon_in_the_value(
    r#""githubActions":{"owner":"o: p","repository":"r","pullRequests":true}"#,
    "githubActions.owner"
)]
#[case(
    r#""githubActions":{"owner":"o","repository":"r","pullRequests":true,"claims":{"evil":["z"]}}"#,
    "githubActions.claims.\"evil\""
)]
#[case(r#""gitlab":{"project":"g/p","tags":["v1","refs/tags/v2"]}"#, "gitlab.tags[1]")]
#[case(
    r#""oidc":{"issuer":"https://example.org:1","audiences":["a"],"subjects":["s"]}"#,
    "oidc.issuer"
)]
#[case(
    r#""oidc":{"issuer":"https://example.org","audiences":["a"],"subjects":["s","*"]}"#,
    "oidc.subjects[1]"
)]
#[case(
    r#""saml":{"providerArn":"arn:aws:iam::210987654321:saml-provider/C","attributes":{"sub":["a"]}}"#,
    "saml.providerArn"
)]
#[case(r#""service":{"name":"pods.eks.amazonaws.com"}"#, "service.name")]
#[case(r#""principals":{"externalId":"7f3c"}"#, "principals")]
#[case(r#""principals":{"arns":["arn:aws:iam::123456789012:role/${x}"]}"#, "principals.arns[0]")]
fn a_problem_names_the_field_of_its_grant(#[case] grant: &str, #[case] field: &str) {
    let problems = compiled(grant).unwrap_err();
    let fields: Vec<String> = problems.iter().map(|problem| problem.field().to_string()).collect();
    assert_eq!(fields, [format!("spec.trust[1].{field}")]);
}

#[rstest]
#[case::names(
    r#""githubActions":{"owner":"o","repository":"r","pullRequests":true}"#,
    Some(("githubActions", "repositoryId"))
)]
#[case::ids(
    r#""githubActions":{"owner":"o","ownerId":"1","repository":"r","repositoryId":"2","pullRequests":true}"#,
    None
)]
#[case::path(
    r#""gitlab":{"project":"g/p","tags":["v1"]}"#,
    Some(("gitlab.projectId", "by names alone"))
)]
#[case::unknown(
    r#""service":{"name":"x.amazonaws.com"}"#,
    Some(("service.sourceAccount", "is not known to send"))
)]
#[case::unknown_in_words(
    r#""service":{"name":"x.amazonaws.com","sourceAccount":"Auto"}"#,
    Some(("service.sourceAccount", "is not known to send"))
)]
#[case::decided(r#""service":{"name":"x.amazonaws.com","sourceAccount":"None"}"#, None)]
#[case::known(r#""service":{"name":"batch.amazonaws.com"}"#, None)]
fn what_may_surprise_is_a_warning_at_its_field(
    #[case] grant: &str,
    #[case] expected: Option<(&str, &str)>,
) {
    let warnings = compiled(grant).unwrap().0.terms.warnings;
    assert_eq!(warnings.len(), usize::from(expected.is_some()), "{warnings:?}");
    for (warning, (field, says)) in warnings.iter().zip(expected) {
        assert_eq!(warning.severity(), Severity::Warning);
        assert_eq!(warning.field().to_string(), format!("spec.trust[1].{field}"));
        assert!(warning.sentence().contains(says), "{warning}");
    }
}

#[test]
fn warnings_take_no_part_in_what_is_compared() {
    let (desired, _) = compiled(r#""gitlab":{"project":"g/p","tags":["v1"]}"#).unwrap();
    let mut silent = desired.clone();
    silent.terms.warnings.clear();
    assert_eq!(fingerprint::of_desired(&desired), fingerprint::of_desired(&silent));
}
