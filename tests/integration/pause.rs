//! Annotations that are not quite ours: refused or warned about when they are set, and only then.

use serde_json::json;

use harness::world::lambda;
use harness::{Cluster, Output, Scope};

fn annotate(scope: &Scope<'_>, annotations: &[&str]) -> Output {
    let command = ["annotate", "--overwrite", "iamrole", "x"];
    scope.kubectl(&[&command[..], annotations].concat())
}

#[test]
fn a_pause_that_is_neither_true_nor_false_is_refused_and_an_unknown_annotation_is_told() {
    let scope = Cluster::shared().scope("annotations");
    let mut role = json!({
        "apiVersion": "iam.rolewright.dev/v1alpha1", "kind": "IAMRole",
        "metadata": {"name": "x", "annotations": {"rolewright.dev/paused": "yes"}},
        "spec": {"trust": [lambda()]},
    });
    let create =
        |role: &serde_json::Value| scope.kubectl_with(&["create", "-f", "-"], &role.to_string());
    let words = |value: &str| {
        format!(
            "the annotation rolewright.dev/paused is \"{value}\", neither true nor false; write \
             one of them, or take it off"
        )
    };
    let refused = create(&role);
    assert!(refused.stderr.contains(&words("yes")), "{}", refused.stderr);
    role["metadata"]["annotations"] = json!({"iam.rolewright.dev/paused": "true"});
    let told = create(&role);
    assert!(told.status.success(), "{}", told.stderr);
    let unknown = |name: &str| format!("the annotation {name} is unknown and has no effect");
    assert!(told.stderr.contains(&unknown("iam.rolewright.dev/paused")), "{}", told.stderr);

    for value in ["yes", "True", "1", "on", ""] {
        let refused = annotate(&scope, &[&format!("rolewright.dev/paused={value}")]);
        assert!(refused.stderr.contains(&words(value)), "{}", refused.stderr);
    }
    let told = annotate(&scope, &["rolewright.dev/pause=true"]);
    assert!(told.status.success(), "{}", told.stderr);
    assert!(told.stderr.contains(&unknown("rolewright.dev/pause")), "{}", told.stderr);
    // The unknown ones are there still, and nobody is told of them again.
    for silent in [
        ["rolewright.dev/paused=true", "rolewright.dev/reconcile-requested-at=1"],
        ["rolewright.dev/paused=false", "example.org/paused=yes"],
        ["rolewright.dev/paused-", "other.dev/rolewright.dev=no"],
    ] {
        let output = annotate(&scope, &silent);
        assert_eq!((output.status.success(), output.stderr), (true, String::new()), "{silent:?}");
    }
}
