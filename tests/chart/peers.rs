//! What users of other charts expect of any chart: what a parent chart sets, names and labels of
//! their own, and values to try it with.

use serde_json::{Value, json};

use crate::helm::{chart, helm, objects, of_kind, one, with};

fn pod(objects: &[Value]) -> &Value {
    &one(objects, "Deployment")["spec"]["template"]["spec"]
}

#[test]
fn the_registry_and_the_secrets_of_a_parent_chart_are_those_of_every_pod() {
    let objects = objects(&with(&json!({
        "image": {"registry": "own.example.org", "tag": "1"},
        "imagePullSecrets": [{"name": "own"}, {"name": "both"}],
        "global": {"imageRegistry": "all.example.org",
                   "imagePullSecrets": ["both", {"name": "all"}]},
    })));
    for spec in [pod(&objects), &one(&objects, "Pod")["spec"]] {
        assert_eq!(spec["containers"][0]["image"], "all.example.org/rolewright:1");
        let names = json!([{"name": "own"}, {"name": "both"}, {"name": "all"}]);
        assert_eq!(spec["imagePullSecrets"], names);
    }
}

/// Values that set each key a second time that some template sets. A key that is rendered twice
/// does not get through the reader.
#[test]
fn no_key_is_rendered_twice_and_what_selectors_look_for_stays() {
    let labels = json!({
        "app.kubernetes.io/name": "x", "app.kubernetes.io/instance": "x",
        "app.kubernetes.io/managed-by": "x", "app.kubernetes.io/part-of": "platform",
        "app.kubernetes.io/version": "x", "helm.sh/chart": "x", "team": "a",
    });
    let annotations = json!({
        "kubectl.kubernetes.io/default-container": "x", "helm.sh/resource-policy": "x",
        "eks.amazonaws.com/role-arn": "x",
    });
    let of_pods = json!({"kubectl.kubernetes.io/default-container": "x", "helm.sh/hook": "x",
        "helm.sh/hook-delete-policy": "x"    });
    let monitor = |kind: &str| json!({kind: {"enabled": true, "renderMode": "alwaysRender", "labels": labels}});
    for kind in ["serviceMonitor", "podMonitor"] {
        let mut values = with(&json!({
            "commonLabels": labels, "podLabels": labels, "podAnnotations": of_pods,
            "deploymentAnnotations": annotations, "crds": {"annotations": annotations},
            "aws": {"region": "eu-west-2"},
            "extraEnv": [{"name": "AWS_REGION", "value": "eu-west-1"}],
            "dashboard": {"enabled": true, "labels": labels, "annotations": annotations},
            "service": {"enabled": true, "annotations": annotations},
            "serviceAccount": {"annotations": annotations,
                "roleArn": "arn:aws:iam::123456789012:role/rolewright"},
            "rbac": {"aggregateToView": true},
        }));
        crate::helm::merge(&mut values, &monitor(kind));
        crate::helm::merge(&mut values, &monitor("prometheusRule"));
        let objects = objects(&values);
        for object in &objects {
            let labels = &object["metadata"]["labels"];
            let name = if object["kind"] == "Pod" { "rolewright-check" } else { "rolewright" };
            assert_eq!(labels["app.kubernetes.io/name"], name, "{object}");
            assert_eq!(labels["app.kubernetes.io/instance"], "rolewright");
            assert_eq!(labels["app.kubernetes.io/managed-by"], "Helm");
            assert_eq!(labels["app.kubernetes.io/part-of"], "platform");
            assert_eq!(labels["team"], "a");
        }
        let deployment = &one(&objects, "Deployment")["spec"];
        let template = &deployment["template"];
        for (label, value) in deployment["selector"]["matchLabels"].as_object().unwrap() {
            assert_eq!(&template["metadata"]["labels"][label], value);
        }
        let default = "kubectl.kubernetes.io/default-container";
        assert_eq!(template["metadata"]["annotations"][default], "x");
        assert_eq!(one(&objects, "Pod")["metadata"]["annotations"]["helm.sh/hook"], "test");
        let environment = json!([{"name": "AWS_REGION", "value": "eu-west-1"}]);
        assert_eq!(template["spec"]["containers"][0]["env"], environment);
    }
}

#[test]
fn every_object_of_a_namespace_goes_to_the_one_that_is_named() {
    let values = with(&json!({
        "namespaceOverride": "elsewhere",
        "service": {"enabled": true}, "networkPolicy": {"enabled": true},
        "dashboard": {"enabled": true},
        "serviceMonitor": {"enabled": true, "renderMode": "alwaysRender"},
        "prometheusRule": {"enabled": true, "renderMode": "alwaysRender"},
    }));
    let objects = objects(&values);
    let places = |key: &str| -> Vec<String> {
        let found = objects.iter().map(|object| object["metadata"][key].clone());
        found.filter_map(|place| place.as_str().map(str::to_owned)).collect()
    };
    let namespaces = places("namespace");
    assert!(namespaces.len() > 8, "{namespaces:?}");
    assert!(namespaces.iter().all(|place| place == "elsewhere"), "{namespaces:?}");
    assert!(!serde_json::to_string(&objects).unwrap().contains("rolewright-system"));
}

#[test]
fn monitors_in_another_namespace_find_the_pods_and_keep_labels_if_they_shall() {
    for kind in ["ServiceMonitor", "PodMonitor", "PrometheusRule"] {
        let value = format!("{}{}", kind[..1].to_lowercase(), &kind[1..]);
        let mut settings = json!({"enabled": true, "renderMode": "alwaysRender",
            "namespace": "monitoring", "labels": {"release": "prometheus"}});
        if kind != "PrometheusRule" {
            settings["honorLabels"] = json!(true);
        }
        let objects = objects(&with(&json!({value: settings})));
        let monitor = one(&objects, kind);
        assert_eq!(monitor["metadata"]["namespace"], "monitoring");
        assert_eq!(monitor["metadata"]["labels"]["release"], "prometheus");
        if kind == "PrometheusRule" {
            continue;
        }
        let spec = &monitor["spec"];
        assert_eq!(spec["namespaceSelector"], json!({"matchNames": ["rolewright-system"]}));
        let list = if kind == "PodMonitor" { "podMetricsEndpoints" } else { "endpoints" };
        assert_eq!(spec[list][0]["honorLabels"], true);
    }
}

#[test]
fn only_the_right_to_read_is_aggregated_and_only_if_wanted() {
    let objects = objects(&with(&json!({"rbac": {"aggregateToView": true}})));
    for role in of_kind(&objects, "ClusterRole") {
        let labels = role["metadata"]["labels"].as_object().unwrap();
        let aggregated: Vec<&String> =
            labels.keys().filter(|label| label.starts_with("rbac.authorization.k8s.io/")).collect();
        if role["metadata"]["name"] == "rolewright-view" {
            assert_eq!(aggregated, ["rbac.authorization.k8s.io/aggregate-to-view"]);
            assert_eq!(role["rules"][0]["verbs"], json!(["get", "list", "watch"]));
        } else {
            assert!(aggregated.is_empty(), "{role}");
        }
    }
}

#[test]
fn a_budget_keeps_pods_or_lets_some_go_never_both() {
    let budget = |more: Value| {
        let objects = objects(&with(&json!({"podDisruptionBudget": more})));
        one(&objects, "PodDisruptionBudget")["spec"].clone()
    };
    assert_eq!(budget(json!({}))["maxUnavailable"], 1);
    assert_eq!(budget(json!({"maxUnavailable": "50%"}))["maxUnavailable"], "50%");
    let kept = budget(json!({"minAvailable": 0}));
    assert_eq!((&kept["minAvailable"], &kept["maxUnavailable"]), (&json!(0), &Value::Null));
}

/// Tools that test charts install them with each file `ci/*-values.yaml`.
#[test]
fn the_values_to_try_it_with_render_and_pass_lint() {
    let chart = chart();
    let mut seen = 0;
    for file in std::fs::read_dir(chart.join("ci")).unwrap() {
        let path = file.unwrap().path();
        assert!(path.to_str().unwrap().ends_with("-values.yaml"), "{}", path.display());
        let values = ["--values", path.to_str().unwrap()];
        let chart = chart.to_str().unwrap();
        helm(None, &[&["lint", "--strict", chart], &values[..]].concat()).unwrap();
        let text = helm(None, &[&["template", "x", chart], &values[..]].concat()).unwrap();
        assert!(text.contains("kind: Deployment"), "{text}");
        seen += 1;
    }
    assert_eq!(seen, 3);
}
