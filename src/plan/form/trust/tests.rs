//! From the grants of a spec to the trust policy: what reaches the compilers, and where what they
//! say is put.

use rstest::rstest;

use serde_json::json;

use crate::plan::{
    form::{
        desired::{Desired, compile},
        fingerprint::{self, Owned},
    },
    steps::diff::diff,
    tests::samples::{as_written, authorization, limits, resource, wish},
};
use iam::{
    finding::{Finding, Severity},
    limits as quota,
    policy::Policy,
};

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
        r#""oidc":{"issuer":"arn:{partition}:iam::{accountId}:oidc-provider/oidc.example.org","audiences":["aws"],"subjects":["app:*"],"claims":{"email":["a@example.org"]},"tagSession":true}"#,
        r#""saml":{"providerArn":"arn:{partition}:iam::{accountId}:saml-provider/Corp","audience":"https://example.org/saml","attributes":{"sub":["alice"]}}"#,
        r#""service":{"name":"batch.amazonaws.com","sourceArns":["arn:{partition}:batch:*:{accountId}:*"]}"#,
        r#""service":{"name":"batch.amazonaws.com","sourceAccount":"None"}"#,
        r#""service":{"name":"x.amazonaws.com","sourceAccount":"Own"}"#,
        r#""principals":{"arns":["arn:{partition}:iam::{accountId}:role/r"],"accounts":["123456789012"],"organizationId":"o-a1b2c3d4e5","externalId":"7f3c","mfa":true,"tagSession":true}"#,
        r#""statement":{"effect":"Allow","principals":{"AWS":["{accountId}"]},"actions":["sts:AssumeRole","sts:TagSession","sts:SetSourceIdentity","sts:SetContext"]}"#,
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

/// Grants of service accounts, each with its number.
fn accounts(count: usize) -> String {
    let grant =
        |n| format!(r#"{{"name":"sa{n}","serviceAccount":{{"name":"default-editor-{n}"}}}}"#);
    let grants: Vec<String> = (1..=count).map(grant).collect();
    format!(r#"{{"trust":[{}]}}"#, grants.join(","))
}

/// The trust policy as releases before wrote it: a statement for each grant.
fn apart(spec: &str) -> Policy {
    let spec: serde_json::Value = serde_json::from_str(spec).unwrap();
    let grants = spec["trust"].as_array().unwrap();
    let one = |grant| compile(&resource(&json!({"trust": [grant]}).to_string()), &limits());
    let made = grants.iter().flat_map(|grant| one(grant).unwrap().0.form.trust.statements);
    Policy::new(made.collect())
}

#[test]
fn service_accounts_share_a_statement() {
    let desired = wish(&accounts(30));
    assert_eq!(desired.form.trust.statements.len(), 1);
    assert!(desired.form.trust.size() < quota::TRUST_DEFAULT, "{}", desired.form.trust.size());
    assert_eq!(desired.terms.warnings, []);
    assert!(apart(&accounts(30)).size() > quota::TRUST_CEILING);
}

#[test]
fn with_two_issuers_there_are_two_statements() {
    let mut limits = limits();
    limits.oidc_issuers.push("https://oidc.example.org/id/2".into());
    let (desired, beyond) = compile(&resource(&accounts(9)), &limits).unwrap();
    assert_eq!(beyond, []);
    assert_eq!(desired.form.trust.statements.len(), 2);
}

#[test]
fn a_role_of_a_former_release_is_equal_and_nothing_is_written() {
    for count in [1, 2, 5, 9] {
        let desired = wish(&accounts(count));
        let mut role = as_written(&desired);
        role.role.trust = apart(&accounts(count)).to_json();
        assert_eq!(diff(&desired, &role, &Owned::default()), [], "{count}");
        // A sweep sees the same.
        let (wanted, _) = fingerprint::of_desired(&desired);
        assert_eq!(authorization(&desired, &role, &Owned::default()), wanted);
    }
}

#[test]
fn one_account_more_is_one_subject_more() {
    let mut role = as_written(&wish(&accounts(3)));
    role.role.trust = apart(&accounts(3)).to_json();
    let steps = diff(&wish(&accounts(4)), &role, &Owned::default());
    let change = steps[0].change.clone().unwrap_or_default();
    assert_eq!(steps.len(), 1);
    assert!(
        change.contains("default-editor-4") && !change.contains("default-editor-3"),
        "{change}"
    );
}

#[test]
fn a_size_that_not_every_account_takes_is_said_before_aws_is_asked() {
    let refs: Vec<String> = (0..40).map(|n| format!("refs/heads/release-{n:02}-of-2026")).collect();
    let grant = json!({"owner": "o", "ownerId": "1", "repository": "r", "repositoryId": "2",
        "refs": refs});
    let (desired, beyond) = compiled(&format!(r#""githubActions":{grant}"#)).unwrap();
    assert_eq!(beyond, []);
    let size = desired.form.trust.size();
    let said: Vec<String> = desired.terms.warnings.iter().map(ToString::to_string).collect();
    assert_eq!(
        said,
        [format!(
            "spec.trust: makes a trust policy of {size} characters, and an account takes 2048 at \
             first; split the role, or have the quota L-C07B4B0D raised"
        )]
    );
}
