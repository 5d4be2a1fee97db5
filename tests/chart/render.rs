//! What is rendered by default, and that each value changes something.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::helm::{
    chart, helm, merge, objects, of_kind, one, required, template, values_file, with,
};
use crate::values::{at, defaults, leaves, nested};
use harness::repository;

#[test]
fn the_chart_has_no_findings_of_lint() {
    let (chart, file) = (chart(), values_file(&required()));
    let args = [
        "lint",
        "--strict",
        "--quiet",
        chart.to_str().unwrap(),
        "--values",
        file.path().to_str().unwrap(),
    ];
    assert_eq!(helm(None, &args).map(|said| said.trim().to_owned()), Ok(String::new()));
}

/// CRDs and admission policies are left out: they have tests of their own.
#[test]
fn the_default_objects_are_as_they_always_were() {
    let text = template(&required(), &[]).unwrap();
    let parts = text.split("\n---\n").filter(|part| {
        !["files/crds", "kind: CustomResourceDefinition", "kind: ValidatingAdmissionPolicy"]
            .iter()
            .any(|word| part.contains(word))
    });
    insta::assert_snapshot!(parts.collect::<Vec<_>>().join("\n---\n"));
}

#[test]
fn the_kinds_of_a_default_release_are_these() {
    let objects = objects(&required());
    let mut kinds: Vec<String> = objects
        .iter()
        .map(|o| {
            format!("{} {}", o["kind"].as_str().unwrap(), o["metadata"]["name"].as_str().unwrap())
        })
        .collect();
    kinds.sort();
    insta::assert_snapshot!(kinds.join("\n"), @r"
    ClusterRole rolewright
    ClusterRole rolewright-edit
    ClusterRole rolewright-view
    ClusterRoleBinding rolewright
    CustomResourceDefinition iamroles.iam.rolewright.dev
    Deployment rolewright
    Pod rolewright-check
    PodDisruptionBudget rolewright
    Role rolewright-lease
    RoleBinding rolewright-lease
    ServiceAccount rolewright
    ValidatingAdmissionPolicy rolewright-annotations
    ValidatingAdmissionPolicy rolewright-finalizer
    ValidatingAdmissionPolicy rolewright-limits
    ValidatingAdmissionPolicy rolewright-paused
    ValidatingAdmissionPolicy rolewright-status
    ValidatingAdmissionPolicy rolewright-unknown-fields
    ValidatingAdmissionPolicyBinding rolewright-annotations
    ValidatingAdmissionPolicyBinding rolewright-finalizer
    ValidatingAdmissionPolicyBinding rolewright-limits
    ValidatingAdmissionPolicyBinding rolewright-paused
    ValidatingAdmissionPolicyBinding rolewright-status
    ValidatingAdmissionPolicyBinding rolewright-unknown-fields
    ");
}

/// Everything that can be on, so that each value has something to change.
fn full() -> Value {
    let monitor = json!({
        "enabled": true, "renderMode": "alwaysRender", "interval": "30s", "scrapeTimeout": "10s",
        "labels": {"release": "prometheus"},
        "metricRelabelings": [{"action": "labeldrop", "regex": "pod"}],
        "relabelings": [{"action": "labeldrop", "regex": "node"}],
    });
    with(&json!({
        "networkPolicy": {"enabled": true, "ingressFrom": [{"podSelector": {}}],
        "extraEgress": [{"ports": [{"port": 3128}]}]},
        "service": {"enabled": true},
        "serviceMonitor": monitor,
        "prometheusRule": {"enabled": true, "renderMode": "alwaysRender"},
        "dashboard": {"enabled": true},
        "extraObjects": ["apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ .Release.Name \
         }}-x"],
    }))
}

/// Values to start from: everything with a `ServiceMonitor`, the same with a `PodMonitor`, and the
/// least.
fn bases() -> [Value; 3] {
    let full = full();
    let mut pods = full.clone();
    pods["podMonitor"] = pods["serviceMonitor"].take();
    pods["serviceMonitor"] = json!({});
    [full, pods, with(&json!({"replicaCount": 1, "serviceAccount": {"name": "mine"}}))]
}

/// Another value for a leaf, where none can be made of its kind.
fn other(path: &str) -> Option<Value> {
    Some(match path {
        "installation" => json!("other"),
        "permissionsBoundary" => json!("none"),
        "serviceAccount.roleArn" => json!("arn:aws:iam::123456789012:role/rolewright"),
        "aws.region" => json!("eu-west-2"),
        "watchNamespaces" => json!(["team-a"]),
        "settings.roleNamePrefix" => json!("p-"),
        "settings.pathPrefix" => json!("/p/"),
        "settings.managedPolicies" => json!(["arn:aws:iam::aws:policy/ReadOnlyAccess"]),
        "settings.oidcIssuer" => json!(["https://oidc.example.org/id/1"]),
        "settings.trustedAccounts" | "settings.ownAccounts" => json!(["111111111111"]),
        "settings.defaultTags" => json!({"owner": "a"}),
        "settings.defaultDeletionPolicy" => json!("Retain"),
        "settings.maxLifetime" | "settings.maxSession" => json!("2h"),
        "settings.sweepInterval"
        | "settings.settleWindow"
        | "settings.confirmDelay"
        | "settings.absenceDelay"
        | "settings.createWindow"
        | "settings.removalWave"
        | "leaderElection.leaseDuration"
        | "leaderElection.renewDeadline"
        | "leaderElection.retryPeriod" => json!("7s"),
        "settings.awsReadRate"
        | "settings.awsWriteRate"
        | "settings.maxConcurrentReconciles"
        | "settings.maxRolesPerNamespace"
        | "settings.roleQuota" => {
            json!(7)
        }
        "settings.annotateServiceAccounts" | "settings.resourceMetrics" => json!(true),
        "settings.allowPause" | "settings.allowObserve" | "settings.allowRetain" => json!(false),
        "settings.logLevel" => json!("debug"),
        "settings.logFormat" => json!("text"),
        "admission.unknownFields.actions"
        | "admission.limits.actions"
        | "admission.paused.actions"
        | "admission.status.actions"
        | "admission.finalizer.actions" => json!(["Warn", "Audit"]),
        "admission.annotations.actions" => json!(["Deny"]),
        "admission.status.users" => json!(["system:serviceaccount:velero:velero"]),
        "extraArgs" => json!(["--x"]),
        "image.digest" => json!(format!("sha256:{}", "a".repeat(64))),
        "image.pullPolicy" => json!("Always"),
        "networkPolicy.apiServerPorts" => json!([16443]),
        "serviceMonitor.renderMode" | "podMonitor.renderMode" | "prometheusRule.renderMode" => {
            json!("skipIfMissing")
        }
        "podDisruptionBudget.minAvailable" => json!(1),
        "dnsPolicy" => json!("None"),
        "dnsConfig" => json!({"searches": ["example.org"]}),
        "affinity" => json!({"nodeAffinity": {}}),
        "extraEnvFrom" => json!([{"secretRef": {"name": "x"}}]),
        "topologySpreadConstraints"
        | "tolerations"
        | "imagePullSecrets"
        | "global.imagePullSecrets"
        | "extraEnv"
        | "extraVolumes" => {
            json!([{"name": "x"}])
        }
        "extraVolumeMounts" => json!([{"name": "x", "mountPath": "/x"}]),
        "securityContext.capabilities.drop" => json!(["NET_RAW"]),
        _ => return None,
    })
}

/// Another value of the same kind.
fn changed(path: &str, value: &Value) -> Value {
    other(path).unwrap_or_else(|| match value {
        Value::Bool(flag) => json!(!flag),
        Value::Number(number) => json!(number.as_i64().expect("a whole number") + 1),
        Value::String(text) if text.ends_with('s') && text.len() < 4 => json!("17s"),
        Value::String(_) => json!("other"),
        Value::Object(_) => json!({"other": "x"}),
        Value::Array(_) => json!([]),
        Value::Null => panic!("{path}: no other value is known, add one to `other`"),
    })
}

#[test]
fn each_leaf_of_the_values_changes_some_rendering() {
    let (defaults, leaves) = (defaults(), leaves());
    let bases: Vec<(Value, String)> =
        bases().into_iter().map(|base| (base.clone(), template(&base, &[]).unwrap())).collect();
    let silent = |leaf: &Vec<String>| {
        let path = leaf.join(".");
        let differs = |(base, before): &(Value, String)| {
            let known = at(base, leaf);
            let from = if known.is_null() { at(&defaults, leaf) } else { known };
            let mut values = base.clone();
            merge(&mut values, &nested(leaf, changed(&path, from)));
            template(&values, &[]).is_ok_and(|after| after != *before)
        };
        (!bases.iter().any(differs)).then_some(path)
    };
    let (one, two) = leaves.split_at(leaves.len() / 2);
    let silent: BTreeSet<String> = std::thread::scope(|scope| {
        let other = scope.spawn(|| two.iter().filter_map(silent).collect::<Vec<_>>());
        let found: Vec<String> = one.iter().filter_map(silent).collect();
        found.into_iter().chain(other.join().unwrap()).collect()
    });
    assert!(silent.is_empty(), "these values change nothing: {silent:?}");
}

#[test]
fn the_schema_knows_the_values_and_no_others() {
    fn compare(path: &str, schema: &Value, values: &Value) {
        let Some(known) = schema["properties"].as_object() else { return };
        // Free objects such as an annotation's have no named members; in `global` a parent chart
        // has its own.
        assert!(path == ".global" || schema["additionalProperties"] == false, "{path}");
        let names: BTreeSet<&String> =
            values.as_object().into_iter().flatten().map(|(name, _)| name).collect();
        let unknown: Vec<_> = names.iter().filter(|name| !known.contains_key(**name)).collect();
        assert!(unknown.is_empty(), "{path}: {unknown:?}");
        for (name, child) in known {
            let place = format!("{path}.{name}");
            let partly = ["Probe", "resources", "affinity", "dnsConfig"]
                .iter()
                .any(|free| path.ends_with(free));
            assert!(
                partly || names.contains(name),
                "{place} is in the schema and not in values.yaml"
            );
            compare(&place, child, &values[name.as_str()]);
        }
    }
    let text = std::fs::read_to_string(repository("charts/rolewright/values.schema.json")).unwrap();
    compare("", &serde_json::from_str(&text).unwrap(), &defaults());
}

#[test]
fn a_role_in_aws_is_named_on_the_service_account_and_pod_identity_needs_none() {
    let annotations =
        |values: &Value| one(&objects(values), "ServiceAccount")["metadata"]["annotations"].clone();
    let arn = "arn:aws:iam::123456789012:role/rolewright";
    let irsa = annotations(&with(&json!({"serviceAccount": {"roleArn": arn}})));
    assert_eq!(irsa, json!({"eks.amazonaws.com/role-arn": arn}));
    assert_eq!(annotations(&required()), Value::Null);
}

/// Their kinds are not at hand in the tests, so their whole shape stands here.
#[test]
fn the_monitors_read_the_metrics_of_the_pods() {
    let [services, pods, _] = bases();
    let spec = |values: &Value, kind: &str| one(&objects(values), kind)["spec"].clone();
    let endpoint = json!([{
        "port": "http", "path": "/metrics", "interval": "30s", "scrapeTimeout": "10s",
        "metricRelabelings": [{"action": "labeldrop", "regex": "pod"}],
        "relabelings": [{"action": "labeldrop", "regex": "node"}],
    }]);
    let selector = json!({"matchLabels": {"app.kubernetes.io/name": "rolewright",
        "app.kubernetes.io/instance": "rolewright"}});
    assert_eq!(
        spec(&services, "ServiceMonitor"),
        json!({"selector": selector, "endpoints": endpoint})
    );
    assert_eq!(
        spec(&pods, "PodMonitor"),
        json!({"selector": selector, "podMetricsEndpoints": endpoint})
    );
    let service = one(&objects(&services), "Service").clone();
    assert_eq!(service["spec"]["ports"][0]["name"], "http");
    for (label, value) in selector["matchLabels"].as_object().unwrap() {
        assert_eq!(
            &service["metadata"]["labels"][label], value,
            "the ServiceMonitor finds the Service by it"
        );
        assert_eq!(&service["spec"]["selector"][label], value);
    }
}

#[test]
fn the_rule_and_the_dashboard_are_the_files_with_the_place_of_the_runbooks() {
    let place = "https://docs.example.org/";
    let objects = objects(&with(&json!({
        "prometheusRule": {"enabled": true, "renderMode": "alwaysRender", "runbooks": place,
        "labels": {"release": "prometheus"}},
        "dashboard": {"enabled": true},
    })));
    let file = |name: &str| std::fs::read_to_string(chart().join("files").join(name)).unwrap();
    let alerts = file("alerts.yaml").replace("{repository}/", place);
    let rule = one(&objects, "PrometheusRule");
    assert_eq!(rule["spec"], rolewright::yaml::documents::<Value>(&alerts).unwrap().remove(0));
    assert_eq!(rule["metadata"]["labels"]["release"], "prometheus");
    let dashboard = one(&objects, "ConfigMap");
    assert_eq!(dashboard["data"]["rolewright.json"], file("dashboard.json"));
    assert_eq!(dashboard["metadata"]["labels"]["grafana_dashboard"], "1");
}

#[test]
fn without_the_address_of_the_repository_no_alert_has_a_link() {
    let values = json!({"prometheusRule": {"enabled": true, "renderMode": "alwaysRender"}});
    let objects = objects(&with(&values));
    let groups = &one(&objects, "PrometheusRule")["spec"]["groups"];
    let rules: Vec<&Value> = groups[0]["rules"].as_array().unwrap().iter().collect();
    assert!(rules.len() > 7, "{groups}");
    for rule in rules {
        let annotations = rule["annotations"].as_object().unwrap();
        assert!(annotations.contains_key("summary"), "{rule}");
        assert!(!annotations.contains_key("runbook_url"), "{rule}: a link to nowhere");
    }
}

#[test]
fn every_object_is_of_the_release_and_no_role_is_aggregated() {
    for values in bases() {
        for object in objects(&values) {
            let name = object["metadata"]["name"].as_str().unwrap();
            let ours = name.starts_with("rolewright")
                || name == "mine"
                || object["kind"] == "CustomResourceDefinition";
            assert!(ours, "{name}: two releases must not meet in it");
            let labels = object["metadata"]["labels"].as_object().into_iter().flatten();
            for (label, _) in labels {
                assert!(!label.starts_with("rbac.authorization.k8s.io/aggregate-to"), "{name}");
            }
        }
    }
}

#[test]
fn some_namespaces_are_served_with_roles_and_without_any_right_in_the_cluster() {
    let objects = objects(&with(
        &json!({"watchNamespaces": ["team-a", "team-b"], "rbac": {"tenantRoles": false}}),
    ));
    assert!(
        of_kind(&objects, "ClusterRole").is_empty()
            && of_kind(&objects, "ClusterRoleBinding").is_empty()
    );
    for kind in ["Role", "RoleBinding"] {
        let found = of_kind(&objects, kind);
        let namespaces: BTreeSet<&str> =
            found.iter().map(|o| o["metadata"]["namespace"].as_str().unwrap()).collect();
        assert_eq!(namespaces, ["rolewright-system", "team-a", "team-b"].into(), "{kind}");
    }
    for binding in of_kind(&objects, "ValidatingAdmissionPolicyBinding") {
        let selector =
            &binding["spec"]["matchResources"]["namespaceSelector"]["matchExpressions"][0];
        assert_eq!(selector["values"], json!(["team-a", "team-b"]));
    }
}
