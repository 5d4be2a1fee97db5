//! What users install is what is tested, and what a tool takes.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::verdict::{ACTIONS, KUSTOMIZATION, hold, script, text, verdicts_with, yaml};
use harness::repository;

const CONFIG_MAP: &str = "config/gitops/argocd/argocd-cm.yaml";
const HEALTH: &str = "resource.customizations.health.iam.rolewright.dev_IAMRole";
const OFFERED: &str = "resource.customizations.actions.iam.rolewright.dev_IAMRole";

fn block(text: &mut String, indent: usize, script: &str) {
    for line in script.lines() {
        let width = if line.is_empty() { 0 } else { indent };
        writeln!(text, "{:width$}{line}", "").unwrap();
    }
}

#[test]
fn the_config_map_holds_the_scripts() {
    let mut wanted = String::from(
        "# For Argo CD's own ConfigMap: health and actions of an IAMRole. Made of \
         resource_customizations/ beside this file; edit that.\n\
         apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: argocd-cm\n  namespace: argocd\n  \
         labels:\n    app.kubernetes.io/part-of: argocd\n\
         data:\n",
    );
    writeln!(wanted, "  {HEALTH}: |").unwrap();
    block(&mut wanted, 4, &script("health.lua"));
    writeln!(wanted, "  {OFFERED}: |\n    discovery.lua: |").unwrap();
    block(&mut wanted, 6, &script("actions/discovery.lua"));
    wanted += "    definitions:\n";
    for name in ACTIONS {
        writeln!(wanted, "      - name: {name}\n        action.lua: |").unwrap();
        block(&mut wanted, 10, &script(&format!("actions/{name}/action.lua")));
    }
    hold(CONFIG_MAP, &wanted, "manifests").unwrap_or_else(|problem| panic!("{problem}"));

    // And read again, as Argo CD reads it.
    let data = &yaml(CONFIG_MAP)["data"];
    assert_eq!(data[HEALTH], json!(script("health.lua")));
    let offered: Value = rolewright::yaml::from_str(data[OFFERED].as_str().unwrap()).unwrap();
    assert_eq!(offered["discovery.lua"], json!(script("actions/discovery.lua")));
    let definitions = ACTIONS.map(
        |name| json!({"name": name, "action.lua": script(&format!("actions/{name}/action.lua"))}),
    );
    assert_eq!(offered["definitions"], json!(definitions));
}

/// Every YAML document below a folder.
fn documents(folder: &Path, found: &mut Vec<(PathBuf, Value)>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            documents(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "yaml") {
            let text = std::fs::read_to_string(&path).unwrap();
            let read: Vec<Value> = rolewright::yaml::documents(&text)
                .unwrap_or_else(|e| panic!("{}: {e}", path.display()));
            found.extend(read.into_iter().map(|document| (path.clone(), document)));
        }
    }
}

#[test]
fn every_kustomization_of_flux_is_one_that_flux_takes_and_judges_roles_alike() {
    let ours = yaml(KUSTOMIZATION)["spec"]["healthCheckExprs"].clone();
    let mut found = Vec::new();
    documents(&repository("config/gitops"), &mut found);
    let of_flux = |object: &Value| {
        object["kind"] == "Kustomization"
            && object["apiVersion"]
                .as_str()
                .is_some_and(|version| version.starts_with("kustomize.toolkit.fluxcd.io/"))
    };
    found.retain(|(_, object)| of_flux(object));
    assert!(!found.is_empty(), "none was found");
    for (path, kustomization) in found {
        let path = path.display();
        verdicts_with(&[], &kustomization).unwrap_or_else(|problem| panic!("{path}: {problem}"));
        let exprs =
            kustomization["spec"]["healthCheckExprs"].as_array().cloned().unwrap_or_default();
        for one in exprs.iter().filter(|one| one["kind"] == "IAMRole") {
            assert_eq!(*one, ours[0], "{path}: copy the expressions of {KUSTOMIZATION}");
        }
    }
}

#[test]
fn the_page_about_flux_shows_the_kustomization_that_is_tested() {
    let file = text(KUSTOMIZATION);
    let manifest = &file[file.find("apiVersion:").unwrap()..];
    let page = text("docs/how-to/flux.md");
    assert!(
        page.contains(&format!("```yaml\n{manifest}```\n")),
        "copy {KUSTOMIZATION} into the page"
    );
}

#[test]
fn a_kustomization_with_a_field_that_flux_does_not_have_is_refused() {
    let mut kustomization = yaml(KUSTOMIZATION);
    kustomization["spec"]["healthCheckExprs"][0]["degraded"] = json!("true");
    let problem = verdicts_with(&[], &kustomization).expect_err("it was taken");
    assert!(problem.contains("degraded"), "{problem}");
    let mut kustomization = yaml(KUSTOMIZATION);
    kustomization["spec"]["healthCheckExprs"][0]["failed"] = json!("status.conditions.exists(");
    let problem = verdicts_with(&[], &kustomization).expect_err("it was taken");
    assert!(problem.contains("Syntax error"), "{problem}");
}
