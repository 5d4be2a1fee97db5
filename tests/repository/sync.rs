//! What the repository tells Argo CD and Flux: known to their CRDs field by field, and true of the
//! folders it names.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::render::{ACCOUNTS, TEAMS, documents, example, name, objects};
use harness::{ControlPlane, gitops_crds};

/// A cluster that knows the kinds of Argo CD and Flux.
pub fn plane() -> ControlPlane {
    let plane = ControlPlane::start();
    let crds = gitops_crds().to_str().unwrap();
    // ApplicationSet's is too long for the annotation of a client-side apply.
    plane.kubectl(&["apply", "--server-side", "-f", crds]).ok();
    plane.wait_established(&["-f", crds]);
    for namespace in ["argocd", "flux-system"] {
        plane.kubectl(&["create", "namespace", namespace]).ok();
    }
    plane
}

fn flux(account: &str) -> Vec<Value> {
    documents(
        &std::fs::read_to_string(example(&format!("flux/{account}/rolewright.yaml"))).unwrap(),
    )
}

fn of_kind<'a>(objects: &'a [Value], kind: &str) -> Vec<&'a Value> {
    objects.iter().filter(|object| object["kind"] == kind).collect()
}

#[test]
fn argo_cd_and_flux_know_every_field_and_accept_every_value() {
    let plane = plane();
    let apply = ["apply", "--server-side", "--validate=strict", "-f", "-"];
    let mut all = objects("argocd");
    all.extend(ACCOUNTS.into_iter().flat_map(flux));
    for object in &all {
        plane.kubectl_with(&apply, &object.to_string()).ok();
        // And that they would not accept just anything.
        let mut misspelt = object.clone();
        misspelt["spec"]["syncPolicies"] = Value::from("x");
        let refused = plane.kubectl_with(
            &["apply", "--server-side", "--dry-run=server", "--validate=strict", "-f", "-"],
            &misspelt.to_string(),
        );
        assert!(refused.stderr.contains("syncPolicies"), "{}: {refused:?}", name(object));
    }
    let kinds: BTreeSet<&str> = all.iter().map(|object| object["kind"].as_str().unwrap()).collect();
    assert_eq!(
        kinds.into_iter().collect::<Vec<_>>(),
        ["AppProject", "Application", "ApplicationSet", "Kustomization"]
    );
}

/// Whether a project lets an object through to a namespace.
fn lets(project: &Value, object: &Value) -> bool {
    let group =
        object["apiVersion"].as_str().unwrap().rsplit_once('/').map_or("", |(group, _)| group);
    let metadata = &object["metadata"];
    let cluster = metadata["namespace"].is_null();
    let list = &project["spec"]
        [if cluster { "clusterResourceWhitelist" } else { "namespaceResourceWhitelist" }];
    let fits = |entry: &Value| {
        entry["group"] == group
            && entry["kind"] == object["kind"]
            && (entry["name"].is_null() || entry["name"] == metadata["name"])
    };
    // No list of namespaced kinds means all of them; no list of others means none.
    let listed = list.as_array().map_or(!cluster, |entries| entries.iter().any(fits));
    let destinations = project["spec"]["destinations"].as_array().unwrap();
    listed
        && (cluster
            || destinations
                .iter()
                .any(|destination| destination["namespace"] == metadata["namespace"]))
}

#[test]
fn argo_cd_syncs_each_account_and_each_team_to_it_within_its_project() {
    let all = objects("argocd");
    let project = |wanted: &Value| {
        let projects = of_kind(&all, "AppProject");
        *projects
            .iter()
            .find(|project| project["metadata"]["name"] == *wanted)
            .unwrap_or_else(|| panic!("{wanted}"))
    };
    let held = |project: &Value, folder: &str| {
        for object in objects(folder) {
            assert!(
                lets(project, &object),
                "{folder}: the project {} refuses {}",
                project["metadata"]["name"],
                name(&object)
            );
        }
    };
    let mut synced = Vec::new();
    for application in of_kind(&all, "Application") {
        let spec = &application["spec"];
        let path = spec["source"]["path"].as_str().unwrap();
        assert_eq!(path, format!("accounts/{}", spec["destination"]["name"].as_str().unwrap()));
        held(project(&spec["project"]), path);
        synced.push(path.to_owned());
    }
    assert_eq!(synced, ["accounts/production", "accounts/staging"]);

    let sets = of_kind(&all, "ApplicationSet");
    let generators = &sets[0]["spec"]["generators"][0]["matrix"]["generators"];
    assert_eq!(generators[0]["git"]["directories"][0]["path"], "teams/*");
    let mut folders: Vec<String> = std::fs::read_dir(example("teams"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    folders.sort();
    assert_eq!(folders, TEAMS);
    let accounts: Vec<&str> = generators[1]["list"]["elements"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| e["account"].as_str().unwrap())
        .collect();
    assert_eq!(accounts, ACCOUNTS);
    for team in TEAMS {
        let template = sets[0]["spec"]["template"]["spec"].to_string();
        let of_team = template
            .replace("{{.path.basename}}", team)
            .replace("{{.path.path}}", &format!("teams/{team}"));
        let spec: Value =
            serde_json::from_str(&of_team.replace("{{.account}}", ACCOUNTS[0])).unwrap();
        assert_eq!(spec["destination"]["name"], ACCOUNTS[0]);
        held(project(&spec["project"]), spec["source"]["path"].as_str().unwrap());
        // The fence: no team reaches the namespace of another, nor makes a role beside its own.
        for other in TEAMS.iter().filter(|other| **other != team) {
            let let_through: Vec<String> = objects(&format!("teams/{other}"))
                .iter()
                .filter(|object| lets(project(&spec["project"]), object))
                .map(name)
                .collect();
            assert_eq!(let_through, [""; 0], "{team}");
        }
    }
}

#[test]
fn flux_applies_teams_after_the_controller_and_waits_for_both() {
    for account in ACCOUNTS {
        let all = flux(account);
        let names: Vec<&str> =
            all.iter().map(|object| object["metadata"]["name"].as_str().unwrap()).collect();
        assert_eq!(names, ["rolewright", "team-billing", "team-media"]);
        for object in &all {
            let (spec, of) = (&object["spec"], object["metadata"]["name"].as_str().unwrap());
            let path = match of.strip_prefix("team-") {
                Some(team) => {
                    assert_eq!(
                        spec["dependsOn"],
                        serde_json::json!([{"name": "rolewright"}]),
                        "{of}"
                    );
                    assert_eq!(spec["targetNamespace"], of);
                    assert_eq!(spec["healthCheckExprs"][0]["kind"], "IAMRole");
                    format!("./teams/{team}")
                }
                None => format!("./accounts/{account}"),
            };
            assert_eq!(
                (&spec["path"], &spec["wait"]),
                (&Value::from(path.as_str()), &Value::from(true)),
                "{of}"
            );
            assert!(example(&path).join("kustomization.yaml").exists(), "{path}");
        }
    }
    let [staging, production] = ACCOUNTS.map(|account| {
        std::fs::read_to_string(example(&format!("flux/{account}/rolewright.yaml"))).unwrap()
    });
    assert_eq!(staging.replace("staging", "production"), production);
}
