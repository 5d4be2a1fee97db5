//! What the example repository takes from elsewhere in this one is what is there.
//! `ROLEWRIGHT_UPDATE=1 cargo test --test repository sources` copies it.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::render::{documents, example, objects, one};
use harness::{helm, repository};

const COPIES: [(&str, &str); 3] = [
    ("crds", "controller/crds"),
    ("config/rbac", "controller/rbac"),
    ("config/admission", "admission"),
];

#[test]
fn crds_rights_and_admission_policies_are_those_of_the_repository() {
    for (from, to) in COPIES {
        let mut names = BTreeSet::new();
        for entry in std::fs::read_dir(repository(from)).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            let source = std::fs::read_to_string(&path).unwrap();
            let copy = example(to).join(&name);
            if std::env::var_os("ROLEWRIGHT_UPDATE").is_some() {
                std::fs::write(&copy, &source).unwrap();
            }
            let found = std::fs::read_to_string(&copy).unwrap_or_default();
            assert!(
                found == source,
                "{} is stale: refresh it with `ROLEWRIGHT_UPDATE=1 cargo test --test repository \
                 sources`",
                copy.display()
            );
            names.insert(name);
        }
        let copied: BTreeSet<String> = std::fs::read_dir(example(to))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| name != "kustomization.yaml")
            .collect();
        assert_eq!(copied, names, "{to}");
    }
}

/// What the chart says of the pods, without what differs by design: labels, image, and how the
/// settings come in.
#[test]
fn the_deployment_is_that_of_the_chart() {
    let output = std::process::Command::new(helm())
        .args(["template", "rolewright", repository("charts/rolewright").to_str().unwrap()])
        .args([
            "--namespace",
            "rolewright-system",
            "--set",
            "installation=prod,permissionsBoundary=none",
        ])
        .output()
        .unwrap();
    let chart = documents(&String::from_utf8(output.stdout).unwrap());
    let plain = objects("controller");
    let spec = |objects: &[Value]| {
        let mut spec = one(objects, "Deployment")["spec"].clone();
        for place in ["selector", "template/metadata", "template/spec/topologySpreadConstraints"] {
            let (parent, key) = place.rsplit_once('/').unwrap_or(("", place));
            let parent = if parent.is_empty() { String::new() } else { format!("/{parent}") };
            spec.pointer_mut(&parent).unwrap().as_object_mut().unwrap().remove(key).expect(place);
        }
        let container =
            spec.pointer_mut("/template/spec/containers/0").unwrap().as_object_mut().unwrap();
        for key in ["image", "args", "envFrom"] {
            container.remove(key);
        }
        spec
    };
    assert_eq!(spec(&plain), spec(&chart));
    let budget = |objects: &[Value]| {
        let mut spec = one(objects, "PodDisruptionBudget")["spec"].clone();
        spec.as_object_mut().unwrap().remove("selector");
        spec
    };
    assert_eq!(budget(&plain), budget(&chart));
}
