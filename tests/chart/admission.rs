//! The admission policies that are made of the values: what they refuse, in which words, and where.

use std::sync::LazyLock;
use std::time::Duration;

use rstest::rstest;
use serde_json::{Value, json};

use crate::helm::with;
use crate::install::{NAMESPACE, install};
use harness::{ControlPlane, repository, wait_until};

/// A tool that restores resources with their status.
const BACKUP: &str = "system:serviceaccount:velero:velero";

/// One release with every limit, for `team-a` only.
fn plane() -> &'static ControlPlane {
    static PLANE: LazyLock<ControlPlane> = LazyLock::new(|| {
        let plane = ControlPlane::start();
        for namespace in ["team-a", "elsewhere"] {
            plane.kubectl(&["create", "namespace", namespace]).ok();
        }
        install(
            &plane,
            &with(&json!({
                "watchNamespaces": ["team-a"],
                "admission": {"status": {"users": [BACKUP]}},
                "settings": {
                    "pathPrefix": "/teams/",
                    "managedPolicies": [
                        "arn:{partition}:iam::aws:policy/*",
                        "arn:{partition}:iam::{accountId}:policy/team.*", "!*/AdministratorAccess",
                    ],
                    "allowPause": false,
                    "allowObserve": false,
                    "allowRetain": false,
                    "trustedAccounts": ["111111111111", "o-a1b2c3d4e5"],
                    "maxLifetime": "1d",
                    "maxSession": "2h",
                },
            })),
        );
        // The API server takes up policies within a second or so.
        wait_until("the policies to be in force", Duration::from_secs(30), || {
            let accepted = [("lifetime", json!(null)), ("permisions", json!({}))].into_iter().find(
                |(field, value)| create_on(&plane, "team-a", &json!({ *field: value })).is_ok(),
            );
            accepted.map_or(Ok(()), |(field, _)| Err(field))
        });
        plane
    });
    &PLANE
}

fn create(namespace: &str, more: &Value) -> Result<String, String> {
    create_on(plane(), namespace, more)
}

fn create_on(plane: &ControlPlane, namespace: &str, more: &Value) -> Result<String, String> {
    let mut spec = json!({
        "trust": [{"name": "lambda", "service": {"name": "lambda.amazonaws.com"}}],
        "lifetime": {"ttl": "24h"},
    });
    crate::helm::merge(&mut spec, more);
    remove_nulls(&mut spec);
    let resource = json!({
        "apiVersion": "iam.rolewright.dev/v1alpha1", "kind": "IAMRole", "metadata": {"name": "x",
        "namespace": namespace}, "spec": spec,
    });
    let output = plane.kubectl_with(
        &["create", "--dry-run=server", "--validate=ignore", "-f", "-"],
        &resource.to_string(),
    );
    if output.status.success() { Ok(output.stdout) } else { Err(output.stderr) }
}

/// In a case `null` takes a field of the base away; in a manifest it would be refused.
fn remove_nulls(value: &mut Value) {
    if let Value::Object(members) = value {
        members.retain(|_, value| !value.is_null());
        members.values_mut().for_each(remove_nulls);
    }
}

/// An installation without Helm, with the limits of `plane` as far as it can say them.
fn plain() -> ControlPlane {
    let plane = ControlPlane::start();
    for namespace in [NAMESPACE, "team-a"] {
        plane.kubectl(&["create", "namespace", namespace]).ok();
    }
    let limits = [
        "path-prefix=/teams/",
        "role-name-prefix=prod-",
        "permissions-boundary=arn:{partition}:iam::{accountId}:policy/rolewright-boundary",
        "max-lifetime=1d",
        "max-session=2h",
        "allow-pause=false",
        "allow-observe=false",
        "allow-retain=false",
    ]
    .map(|limit| format!("--from-literal={limit}"));
    let create = ["-n", NAMESPACE, "create", "configmap", "rolewright-limits"];
    let words: Vec<&str> = create.into_iter().chain(limits.iter().map(String::as_str)).collect();
    plane.kubectl(&words).ok();
    for folder in ["crds", "config/admission", "config/limits"] {
        let folder = repository(folder);
        plane.kubectl(&["apply", "--server-side", "-f", folder.to_str().unwrap()]).ok();
    }
    plane.wait_established(&["crd/iamroles.iam.rolewright.dev"]);
    plane
}

fn attach(arn: &str) -> Value {
    json!({"permissions": {"managedPolicies": [arn]}})
}

#[rstest]
#[case::name(json!({"roleName": "team-a_x"}), "spec.roleName must begin with prod-team-a_")]
#[case::name_of_others(json!({"roleName": "prod-team-b_team-a_x"}), "spec.roleName must begin with \
    prod-team-a_")]
#[case::path(json!({"path": "/other/"}), "spec.path must begin with /teams/; change it")]
#[case::boundary(
    json!({"permissionsBoundary": "arn:aws:iam::123456789012:policy/other"}),
    "leave it out"
)]
#[case::boundary_longer(
    json!({"permissionsBoundary": "arn:aws:iam::123456789012:policy/rolewright-boundary2"}),
    "leave it out"
)]
#[case::administrator(
    attach("arn:aws:iam::aws:policy/administratoraccess"),
    "is not allowed in this cluster"
)]
#[case::other_policy(
    attach("arn:aws:iam::123456789012:policy/x"),
    "is not allowed in this cluster"
)]
#[case::a_point_is_no_wildcard(
    attach("arn:aws:iam::123456789012:policy/teamXy"),
    "is not allowed in this cluster"
)]
#[case::ttl(json!({"lifetime": {"ttl": "24h1s"}}), "spec.lifetime.ttl may be at most 1d")]
#[case::days(json!({"lifetime": {"ttl": "1d1s"}}), "spec.lifetime.ttl may be at most 1d")]
#[case::end(
    json!({"lifetime": {"ttl": null, "expiresAt": "2199-01-01T00:00:00Z"}}),
    "spec.lifetime.expiresAt may be at most 1d"
)]
#[case::no_lifetime(json!({"lifetime": null}), "spec.lifetime is required here; set ttl to at most \
    1d")]
#[case::session(json!({"maxSessionDuration": "2h1s"}), "spec.maxSessionDuration may be at most 2h")]
#[case::observe(json!({"driftPolicy": "Observe"}), "Observe is not allowed here; leave it out")]
#[case::retain(json!({"deletionPolicy": "Retain"}), "Retain is not allowed here; leave it out")]
#[case::organization(
    json!({"trust": [{"name": "x", "principals": {"organizationId": "o-zzzzzzzzzz"}}]}),
    "only 'o-a1b2c3d4e5' may be; add arns"
)]
#[case::unknown(json!({"permisions": {}}), "is not a field of an IAMRole")]
#[case::everyone(
    json!({"trust": [{"name": "x", "statement": {"effect": "Allow", "principals": {"AWS": ["*"]},
        "actions": ["sts:AssumeRole"]}}]}),
    "name each principal"
)]
fn what_is_beyond_the_values_is_refused_with_the_remedy(#[case] more: Value, #[case] words: &str) {
    let said = create("team-a", &more).expect_err("it is accepted");
    assert!(said.contains(words), "{said}");
}

#[rstest]
#[case::least(json!({}))]
#[case::all(json!({
    "roleName": "prod-team-a_y", "path": "/teams/x/",
    "permissionsBoundary": "arn:aws-us-gov:iam::123456789012:policy/rolewright-boundary",
    "maxSessionDuration": "2h", "driftPolicy": "Correct", "deletionPolicy": "Delete",
}))]
#[case::placeholders(
    json!({"permissionsBoundary": "arn:{partition}:iam::{accountId}:policy/rolewright-boundary"})
)]
#[case::policy(attach("arn:aws:iam::aws:policy/ReadOnlyAccess"))]
#[case::own_policy(attach("arn:{partition}:iam::{accountId}:policy/team.x"))]
#[case::trusted_organization(
    json!({"trust": [{"name": "x", "principals": {"organizationId": "o-a1b2c3d4e5"}}]})
)]
#[case::end_in_time(json!({"lifetime": {"ttl": null, "expiresAt": "2001-01-01T00:00:00Z"}}))]
fn what_is_within_the_values_is_accepted(#[case] more: Value) {
    create("team-a", &more).unwrap();
}

/// The same limits in the same words, whichever way rolewright is installed.
#[test]
fn an_installation_without_helm_refuses_what_the_chart_refuses() {
    let plain = plain();
    let other = "arn:aws:iam::123456789012:policy/other";
    let longer = "arn:aws:iam::123456789012:policy/rolewright-boundary2";
    let boundary = "arn:{partition}:iam::{accountId}:policy/rolewright-boundary";
    let here = "arn:aws-us-gov:iam::123456789012:policy/rolewright-boundary";
    let refused = [
        json!({"roleName": "team-a_x"}),
        json!({"path": "/other/"}),
        json!({"permissionsBoundary": other}),
        json!({"permissionsBoundary": longer}),
        json!({"lifetime": {"ttl": "24h1s"}}),
        json!({"lifetime": {"ttl": "1d1s"}}),
        json!({"lifetime": {"ttl": null, "expiresAt": "2199-01-01T00:00:00Z"}}),
        json!({"lifetime": null}),
        json!({"maxSessionDuration": "2h1s"}),
        json!({"driftPolicy": "Observe"}),
        json!({"deletionPolicy": "Retain"}),
    ];
    let words = |said: &str| said.split("denied request: ").nth(1).map(str::to_owned);
    for more in &refused {
        let chart = create("team-a", more).expect_err("the chart accepts it");
        wait_until("the plain policies to refuse it", Duration::from_secs(30), || match create_on(
            &plain, "team-a", more,
        ) {
            Err(said) if words(&said).is_some() && words(&said) == words(&chart) => Ok(()),
            said => Err(format!("{more}: {said:?} and not {chart}")),
        });
    }
    for more in [
        json!({}),
        json!({"roleName": "prod-team-a_y", "path": "/teams/x/", "permissionsBoundary": here}),
        json!({"permissionsBoundary": boundary, "maxSessionDuration": "2h"}),
        json!({"lifetime": {"ttl": "1d"}, "driftPolicy": "Correct", "deletionPolicy": "Delete"}),
    ] {
        create_on(&plain, "team-a", &more).unwrap_or_else(|said| panic!("{more}: {said}"));
    }
    let role = json!({
        "apiVersion": "iam.rolewright.dev/v1alpha1", "kind": "IAMRole",
        "metadata": {"name": "paused", "namespace": "team-a", "annotations":
            {"rolewright.dev/paused": "true"}},
        "spec": {
            "trust": [{"name": "lambda", "service": {"name": "lambda.amazonaws.com"}}],
            "lifetime": {"ttl": "24h"},
        },
    });
    let said = plain.kubectl_with(&["create", "-f", "-"], &role.to_string()).stderr;
    assert!(said.contains("rolewright.dev/paused is not allowed here; take it off"), "{said}");
    // Without the ConfigMap nothing is known of the settings, and the controller alone checks.
    plain.kubectl(&["-n", NAMESPACE, "delete", "configmap", "rolewright-limits"]).ok();
    wait_until("the limits to be gone", Duration::from_secs(30), || {
        create_on(&plain, "team-a", &refused[1]).map(|_| ())
    });
}

#[test]
fn a_namespace_that_the_release_does_not_serve_is_left_alone() {
    create("elsewhere", &json!({"path": "/other/", "roleName": "any", "lifetime": null})).unwrap();
}

#[test]
fn the_status_is_written_by_the_controller_of_the_release_and_the_users_of_the_values() {
    let plane = plane();
    let controller = format!("system:serviceaccount:{NAMESPACE}:rolewright");
    for namespace in ["team-a", "elsewhere"] {
        let role = json!({
            "apiVersion": "iam.rolewright.dev/v1alpha1", "kind": "IAMRole",
            "metadata": {"name": "status", "namespace": namespace},
            "spec": {
                "trust": [{"name": "lambda", "service": {"name": "lambda.amazonaws.com"}}],
                "lifetime": {"ttl": "24h"},
            },
        });
        plane.kubectl_with(&["create", "-f", "-"], &role.to_string()).ok();
    }
    let patch = |user: &str, namespace: &str, patch: &str| {
        plane.kubectl_as_administrator(user).run(&[
            "-n",
            namespace,
            "patch",
            "iamrole",
            "status",
            "--subresource=status",
            "--type=merge",
            "-p",
            patch,
        ])
    };
    let named = |name: &str| format!(r#"{{"status":{{"roleName":"{name}"}}}}"#);
    let refused = patch("somebody", "team-a", &named("a")).stderr;
    assert!(refused.contains("status.roleName may be changed by the controller only"), "{refused}");
    patch("somebody", "team-a", r#"{"status":{"drift":null}}"#).ok();
    patch("somebody", "elsewhere", &named("a")).ok();
    patch(&controller, "team-a", &named("b")).ok();
    let pause = ["annotate", "iamrole", "status", "rolewright.dev/paused=true"];
    let refused = plane.kubectl(&[&["-n", "team-a"][..], &pause].concat()).stderr;
    assert!(
        refused.contains("rolewright.dev/paused is not allowed here; take it off"),
        "{refused}"
    );
    patch(BACKUP, "team-a", &named("c")).ok();
}

#[test]
fn annotations_are_looked_at_when_one_of_ours_changes_and_only_then() {
    let plane = plane();
    let role = json!({
        "apiVersion": "iam.rolewright.dev/v1alpha1", "kind": "IAMRole",
        "metadata": {"name": "noted", "namespace": "team-a"},
        "spec": {
            "trust": [{"name": "lambda", "service": {"name": "lambda.amazonaws.com"}}],
            "lifetime": {"ttl": "24h"},
        },
    });
    plane.kubectl_with(&["create", "-f", "-"], &role.to_string()).ok();
    let annotate = |text: &str| {
        plane.kubectl(&["-n", "team-a", "annotate", "--overwrite", "iamrole", "noted", text])
    };
    for value in ["yes", "True", "1", "on", ""] {
        let refused = annotate(&format!("rolewright.dev/paused={value}")).stderr;
        // This release allows no pause at all; whichever policy answers, the remedy is right.
        let words = ["the annotation rolewright.dev/paused is", "take it off"];
        assert!(words.iter().all(|words| refused.contains(words)), "{value}: {refused}");
    }
    let told = annotate("rolewright.dev/pause=true");
    assert!(told.status.success(), "{}", told.stderr);
    let words = "rolewright.dev/pause is unknown and has no effect";
    assert!(told.stderr.contains(words), "{}", told.stderr);
    for known in [
        "rolewright.dev/paused=false",
        "rolewright.dev/paused-",
        "rolewright.dev/reconcile-requested-at=1",
    ] {
        let output = annotate(known);
        assert!(output.status.success(), "{known}: {}", output.stderr);
    }
    // The unknown one is there still, and nobody is told again.
    let other = annotate("example.org/paused=yes");
    assert!(other.status.success() && other.stderr.is_empty(), "{}", other.stderr);
}
