//! Tables for `podIdentity`: arguments to documents, pods to answers.

use rstest::rstest;

use crate::trust::limits::{self, Origin};
use crate::trust::pod_identity::*;
use crate::trust::tests::token::{account, allows, document, list};

const CLUSTER: &str = "arn:aws:eks:eu-west-2:123456789012:cluster/prod";

fn made(service_accounts: &[&str], cluster_arns: &[&str]) -> Result<Statement, Finding> {
    let (service_accounts, cluster_arns) = (list(service_accounts), list(cluster_arns));
    let grant =
        PodIdentityGrant { service_accounts: &service_accounts, cluster_arns: &cluster_arns };
    statement(&grant, "team-a", &account())
}

#[rstest]
#[case(
    &["billing"],
    &[],
    r#"{"StringEquals":{"aws:RequestTag/kubernetes-namespace":"team-a","aws:RequestTag/kubernetes-service-account":"billing","aws:SourceAccount":"123456789012"}}"#
)]
#[case(
    &["billing", "reports"],
    &["arn:{partition}:eks:eu-west-2:{accountId}:cluster/prod"],
    r#"{"ArnEquals":{"aws:SourceArn":"arn:aws:eks:eu-west-2:123456789012:cluster/prod"},"StringEquals":{"aws:RequestTag/kubernetes-namespace":"team-a","aws:RequestTag/kubernetes-service-account":["billing","reports"],"aws:SourceAccount":"123456789012"}}"#
)]
fn arguments_become_one_document_within_the_limits(
    #[case] names: &[&str],
    #[case] clusters: &[&str],
    #[case] condition: &str,
) {
    let statement = made(names, clusters).unwrap();
    let head = concat!(
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"pods.eks.amazonaws.com"},"#,
        r#""Action":["sts:AssumeRole","sts:TagSession"],"Condition":"#
    );
    assert_eq!(document(&statement), format!("{head}{condition}}}]}}"));
    assert_eq!(limits::check(&statement, &account(), Origin::Grant), []);
    assert_eq!(limits::check_namespace(&statement, "team-a"), []);
    assert_eq!(limits::check_namespace(&statement, "team-ab").len(), 1);
}

#[rstest]
#[case::the_pod("team-a", "billing", "123456789012", CLUSTER, true)]
#[case::other_namespace("team-b", "billing", "123456789012", CLUSTER, false)]
#[case::longer_namespace("team-ab", "billing", "123456789012", CLUSTER, false)]
#[case::namespace_in_other_case("Team-a", "billing", "123456789012", CLUSTER, false)]
#[case::other_service_account("team-a", "default", "123456789012", CLUSTER, false)]
#[case::longer_service_account("team-a", "billing2", "123456789012", CLUSTER, false)]
#[case::other_account("team-a", "billing", "210987654321", CLUSTER, false)]
#[case::other_cluster(
    "team-a",
    "billing",
    "123456789012",
    "arn:aws:eks:eu-west-2:123456789012:cluster/prod2",
    false
)]
#[case::other_region(
    "team-a",
    "billing",
    "123456789012",
    "arn:aws:eks:eu-west-1:123456789012:cluster/prod",
    false
)]
fn pods_are_told_by_the_tags_of_the_request(
    #[case] namespace: &str,
    #[case] service_account: &str,
    #[case] source: &str,
    #[case] cluster: &str,
    #[case] allowed: bool,
) {
    let statement = made(&["billing"], &[CLUSTER]).unwrap();
    let caller = (PrincipalKind::Service, SERVICE);
    let keys = [
        ("aws:SourceAccount", source),
        ("aws:SourceArn", cluster),
        (NAMESPACE_KEY, namespace),
        (SERVICE_ACCOUNT_KEY, service_account),
    ];
    for action in ["sts:AssumeRole", "sts:TagSession"] {
        assert_eq!(allows(&statement, action, caller, &keys), allowed, "{action}");
        assert!(!allows(&statement, action, caller, &keys[..3]), "no service account");
    }
    assert!(!allows(&statement, "sts:SetSourceIdentity", caller, &keys));
    assert!(!allows(
        &statement,
        "sts:AssumeRole",
        (PrincipalKind::Service, "eks.amazonaws.com"),
        &keys
    ));
}

#[rstest]
#[case::generated("team-a", "provider-aws-3f7a", true)]
#[case::exact("team-a", "billing", true)]
#[case::shorter("team-a", "provider-aws", false)]
#[case::another("team-a", "provider-gcp-3f7a", false)]
#[case::other_namespace("team-b", "provider-aws-3f7a", false)]
fn generated_names_begin_alike(
    #[case] namespace: &str,
    #[case] service_account: &str,
    #[case] allowed: bool,
) {
    let statement = made(&["billing", "provider-aws-*"], &[]).unwrap();
    assert_eq!(limits::check(&statement, &account(), Origin::Grant), []);
    assert_eq!(limits::check_namespace(&statement, "team-a"), []);
    assert_eq!(limits::check_namespace(&statement, "team-b").len(), 1);
    let keys = [
        ("aws:SourceAccount", "123456789012"),
        (NAMESPACE_KEY, namespace),
        (SERVICE_ACCOUNT_KEY, service_account),
    ];
    let caller = (PrincipalKind::Service, SERVICE);
    assert_eq!(allows(&statement, "sts:AssumeRole", caller, &keys), allowed);
}

#[test]
fn tags_of_the_principal_and_switched_off_tags_let_nobody_in() {
    let statement = made(&["billing"], &[]).unwrap();
    let caller = (PrincipalKind::Service, SERVICE);
    let principal = [
        ("aws:SourceAccount", "123456789012"),
        ("aws:PrincipalTag/kubernetes-namespace", "team-a"),
        ("aws:PrincipalTag/kubernetes-service-account", "billing"),
    ];
    assert!(!allows(&statement, "sts:AssumeRole", caller, &principal));
    assert!(!allows(&statement, "sts:AssumeRole", caller, &principal[..1]));
}

#[rstest]
#[case(&[])]
#[case(&["*"])]
#[case(&["billing", "*"])]
#[case(&["bill*ing"])]
#[case(&["bill**"])]
#[case(&["-*"])]
#[case(&["a.-*"])]
#[case(&["Billing"])]
#[case(&["a:b"])]
#[case(&["${aws:userid}"])]
#[case(&[""])]
#[case(&["-a"])]
#[case(&["a..b"])]
fn service_accounts_are_names_or_begin_alike(#[case] names: &[&str]) {
    assert!(made(names, &[]).is_err());
}

#[rstest]
#[case("arn:aws:eks:eu-west-2:210987654321:cluster/prod", "elsewhere")]
#[case("arn:aws-cn:eks:cn-north-1:123456789012:cluster/prod", "elsewhere")]
#[case("arn:aws:eks:eu-west-2:123456789012:cluster/*", "shape")]
#[case("arn:aws:eks:*:123456789012:cluster/prod", "shape")]
#[case("arn:aws:eks:eu-west-2:123456789012:nodegroup/prod/x", "shape")]
#[case("arn:aws:ecs:eu-west-2:123456789012:cluster/prod", "shape")]
#[case("arn:aws:eks:eu-west-2:123456789012:cluster/", "shape")]
#[case("prod", "shape")]
fn clusters_are_of_the_account(#[case] arn: &str, #[case] wrong: &str) {
    let error = made(&["billing"], &[CLUSTER, arn]).unwrap_err();
    assert_eq!(error.pointer(), "/clusterArns/1");
    let message = match wrong {
        "elsewhere" => " is not in the account of the role",
        _ => " is no ARN of one EKS cluster",
    };
    assert!(error.message().ends_with(message), "{error}");
}
