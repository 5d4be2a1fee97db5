//! Rights in Kubernetes: the rendered service account has those of `config/rbac`, where they are
//! needed, and no others. That the controller uses them all and asks for no more is shown by
//! `tests/integration/rights.rs`.

use std::collections::BTreeSet;

use serde_json::json;

use crate::helm::{chart, objects, of_kind, with};
use crate::install::{NAMESPACE, install, release};
use harness::{ControlPlane, Kubectl, Right, given, rules};

/// What the API server says that a service account may do in a namespace, asked with its own token.
fn may(plane: &ControlPlane, account: &str, namespace: &str) -> BTreeSet<Right> {
    let kubectl = Kubectl {
        kubeconfig: plane.service_account(NAMESPACE, account),
        home: plane.folder().path().to_owned(),
    };
    let review = json!({
        "apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectRulesReview",
        "spec": {"namespace": namespace},
    });
    let answer = kubectl
        .run_with(&["create", "--validate=false", "-o", "json", "-f", "-"], &review.to_string())
        .json();
    assert_eq!(answer["status"]["incomplete"], false, "{answer}");
    given(&answer["status"]["resourceRules"])
}

/// The same without what everybody may do.
fn own(plane: &ControlPlane, namespace: &str) -> BTreeSet<Right> {
    may(plane, "rolewright", namespace)
        .difference(&may(plane, "nobody", namespace))
        .cloned()
        .collect()
}

fn union(names: &[&str]) -> BTreeSet<Right> {
    names.iter().flat_map(|name| rules(name)).collect()
}

#[test]
fn the_token_of_the_service_account_has_the_rights_of_the_rules_where_needed_and_no_others() {
    let plane = ControlPlane::start();
    plane.kubectl(&["create", "namespace", "team-a"]).ok();
    let some = json!({
        "watchNamespaces": ["team-a"],
        "settings": {"annotateServiceAccounts": true,
        "oidcIssuer": ["https://oidc.example.org/id/1"]},
    });
    install(&plane, &with(&some));
    plane.kubectl(&["-n", NAMESPACE, "create", "serviceaccount", "nobody"]).ok();
    assert_eq!(own(&plane, "team-a"), union(&["rolewright", "rolewright-service-accounts"]));
    assert_eq!(own(&plane, NAMESPACE), union(&["rolewright-lease"]));
    assert_eq!(own(&plane, "default"), union(&[]));

    release(&plane, "upgrade", &chart(), &with(&json!({})), &[]);
    assert_eq!(own(&plane, "default"), union(&["rolewright"]));
    assert_eq!(own(&plane, NAMESPACE), union(&["rolewright", "rolewright-lease"]));

    // A tenant has nothing until the operator binds it, and then its own namespace only.
    let can = |user: &str, verb: &str, namespace: &str| {
        plane
            .kubectl(&["auth", "can-i", verb, "iamroles", "-n", namespace, "--as", user])
            .stdout
            .trim()
            == "yes"
    };
    for (user, role) in [("eve", "edit"), ("vera", "view")] {
        assert!(!can(user, "get", "team-a"));
        let role = format!("--clusterrole=rolewright-{role}");
        plane
            .kubectl(&[
                "-n",
                "team-a",
                "create",
                "rolebinding",
                user,
                &role,
                &format!("--user={user}"),
            ])
            .ok();
    }
    assert!(
        can("eve", "create", "team-a")
            && can("eve", "delete", "team-a")
            && !can("eve", "get", "default")
    );
    assert!(can("vera", "watch", "team-a") && !can("vera", "create", "team-a"));

    let alone = json!({"replicaCount": 1, "leaderElection": {"enabled": false}});
    release(&plane, "upgrade", &chart(), &with(&alone), &[]);
    // What was removed and what is confirmed stand on the Lease, elections or not.
    assert_eq!(own(&plane, NAMESPACE), union(&["rolewright", "rolewright-lease"]));
    release(&plane, "upgrade", &chart(), &with(&json!({"rbac": {"create": false}})), &[]);
    assert_eq!(own(&plane, NAMESPACE), union(&[]));
}

/// Also those that no binding of this release uses: a rule that nobody has is a mistake to come.
#[test]
fn the_roles_of_the_controller_hold_the_rules_and_nothing_else() {
    let values = with(&json!({"settings": {"annotateServiceAccounts": true}}));
    let objects = objects(&values);
    let roles = ["ClusterRole", "Role"].into_iter().flat_map(|kind| of_kind(&objects, kind));
    let rendered: Vec<(&str, BTreeSet<Right>)> = roles
        .map(|role| (role["metadata"]["name"].as_str().unwrap(), given(&role["rules"])))
        .collect();
    let found = |name: &str| rendered.iter().find(|(other, _)| *other == name).unwrap().1.clone();
    assert_eq!(found("rolewright"), union(&["rolewright", "rolewright-service-accounts"]));
    assert_eq!(found("rolewright-lease"), union(&["rolewright-lease"]));
    let kinds: BTreeSet<String> =
        found("rolewright-edit").into_iter().map(|(_, resource, _)| resource).collect();
    assert_eq!(kinds, ["iamroles".to_owned()].into(), "tenants have no right to the status");
    assert_eq!(rendered.len(), 4, "{rendered:?}");
}
