//! Wrong values are refused before anything is applied, with words that name the value.

use rstest::rstest;
use serde_json::{Value, json};

use crate::helm::{template, with};

#[rstest]
#[case::nothing(json!({"installation": ""}), "installation is required")]
#[case::no_boundary(json!({"permissionsBoundary": ""}), "permissionsBoundary is required")]
#[case::two_without_election(json!({"leaderElection": {"enabled": false}}), "replicaCount may be \
    at most 1")]
#[case::two_monitors(json!({
    "serviceMonitor": {"enabled": true, "renderMode": "alwaysRender"},
    "podMonitor": {"enabled": true, "renderMode": "alwaysRender"},
}), "exclude each other")]
#[case::service_account(json!({"serviceAccount": {"create": false}}), "serviceAccount.name is \
    required")]
#[case::no_operator(json!({"serviceMonitor": {"enabled": true}}), "install the Prometheus \
    operator")]
#[case::no_operator_for_pods(json!({"podMonitor": {"enabled": true}}), "install the Prometheus \
    operator")]
#[case::misspelt(json!({"instalation": "prod"}), "instalation")]
#[case::misspelt_inside(json!({"crds": {"enable": true}}), "enable")]
#[case::misspelt_setting(json!({"settings": {"sweepIntervall": "1s"}}), "sweepIntervall")]
#[case::installation_form(json!({"installation": "Prod"}), "installation")]
#[case::boundary_form(json!({"permissionsBoundary": "boundary"}), "permissionsBoundary")]
#[case::boundary_role(
    json!({"permissionsBoundary": "arn:aws:iam::123456789012:role/x"}),
    "permissionsBoundary"
)]
#[case::role_arn(json!({"serviceAccount": {"roleArn": "rolewright"}}), "roleArn")]
#[case::flag_as_text(json!({"crds": {"keep": "yes"}}), "keep")]
#[case::number_as_text(json!({"replicaCount": "two"}), "replicaCount")]
#[case::duration(json!({"settings": {"sweepInterval": "1 day"}}), "sweepInterval")]
#[case::lifetime(json!({"settings": {"maxLifetime": "30 days"}}), "maxLifetime")]
#[case::policies_as_text(
    json!({"settings": {"managedPolicies": "arn:aws:iam::aws:policy/*"}}),
    "managedPolicies"
)]
#[case::policy_form(
    json!({"settings": {"managedPolicies": ["ReadOnlyAccess"]}}),
    "managedPolicies"
)]
#[case::policy_quote(json!({"settings": {"managedPolicies": ["arn:'"]}}), "managedPolicies")]
#[case::path(json!({"settings": {"pathPrefix": "team"}}), "pathPrefix")]
#[case::path_dots(json!({"settings": {"pathPrefix": "/a/../"}}), "pathPrefix")]
#[case::path_quote(json!({"settings": {"pathPrefix": "/'/"}}), "pathPrefix")]
#[case::prefix_quote(json!({"settings": {"roleNamePrefix": "'"}}), "roleNamePrefix")]
#[case::log_format(json!({"settings": {"logFormat": "xml"}}), "logFormat")]
#[case::deny_and_warn(json!({"admission": {"limits": {"actions": ["Deny", "Warn"]}}}), "actions")]
#[case::no_action(json!({"admission": {"unknownFields": {"actions": []}}}), "actions")]
#[case::render_mode(json!({"serviceMonitor": {"renderMode": "maybe"}}), "renderMode")]
#[case::digest(json!({"image": {"digest": "latest"}}), "digest")]
#[case::trusted(json!({"settings": {"trustedAccounts": ["all"]}}), "trustedAccounts")]
#[case::kept(json!({"podDisruptionBudget": {"minAvailable": "half"}}), "minAvailable")]
#[case::override_of_the_namespace(json!({"namespaceOverride": "A b"}), "namespaceOverride")]
#[case::dns(json!({"dnsPolicy": "Mine"}), "dnsPolicy")]
#[case::secret_of_all(json!({"global": {"imagePullSecrets": [{"nam": "x"}]}}), "imagePullSecrets")]
#[case::port(json!({"port": 0}), "port")]
#[case::grace(json!({"terminationGracePeriodSeconds": 1}), "terminationGracePeriodSeconds")]
#[case::namespace(json!({"watchNamespaces": ["Team A"]}), "watchNamespaces")]
fn a_wrong_value_is_named(#[case] more: Value, #[case] words: &str) {
    let said = template(&with(&more), &[]).expect_err("it renders");
    assert!(said.contains(words), "{said}");
}

#[test]
fn what_helm_hands_to_a_subchart_is_allowed() {
    template(&with(&json!({"global": {"x": {"y": 1}}})), &[]).unwrap();
}

#[test]
fn a_cluster_that_is_too_old_is_refused() {
    let said = template(&with(&json!({})), &["--kube-version", "1.31.14"]).expect_err("it renders");
    assert!(said.contains("kubeVersion"), "{said}");
    template(&with(&json!({})), &["--kube-version", "1.32.1-eks-abc123"]).unwrap();
}
