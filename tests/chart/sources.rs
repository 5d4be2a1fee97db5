//! One source: what the chart carries of CRDs, admission policies and RBAC is what the repository
//! has for plain kubectl. `ROLEWRIGHT_UPDATE=1 cargo test --test chart sources` copies it.

use std::collections::BTreeMap;
use std::path::Path;

use rolewright::api::kinds::KINDS;
use serde_json::{Value, json};

use crate::helm::{chart, objects, of_kind, required};
use harness::repository;

const COPIES: [(&str, &str); 4] = [
    ("crds", "files/crds"),
    ("config/admission", "files/admission"),
    ("config/protect", "files/protect"),
    ("config/rbac", "files/rbac"),
];

fn files(folder: &Path) -> BTreeMap<String, String> {
    let entries =
        std::fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path());
    let name = |path: &Path| path.file_name().unwrap().to_str().unwrap().to_owned();
    entries.map(|path| (name(&path), std::fs::read_to_string(&path).unwrap())).collect()
}

#[test]
fn the_files_of_the_chart_are_those_of_the_repository() {
    for (source, copy) in COPIES {
        let (wanted, folder) = (files(&repository(source)), chart().join(copy));
        if std::env::var_os("ROLEWRIGHT_UPDATE").is_some() {
            let _ = std::fs::remove_dir_all(&folder);
            std::fs::create_dir_all(&folder).unwrap();
            for (name, text) in &wanted {
                std::fs::write(folder.join(name), text).unwrap();
            }
        }
        assert!(
            wanted == files(&folder),
            "charts/rolewright/{copy} is stale: refresh it with `ROLEWRIGHT_UPDATE=1 cargo test \
             --test chart sources`"
        );
    }
    let licence = |path: &Path| std::fs::read_to_string(path).unwrap();
    assert_eq!(licence(&chart().join("LICENSE")), licence(&repository("LICENSE")));
}

/// `0.0` and `0` are one number.
fn whole(value: &Value) -> Value {
    match value {
        Value::Number(number) => json!(number.as_f64()),
        Value::Array(values) => values.iter().map(whole).collect(),
        Value::Object(members) => {
            members.iter().map(|(key, value)| (key.clone(), whole(value))).collect()
        }
        other => other.clone(),
    }
}

#[test]
fn each_crd_is_rendered_as_the_code_makes_it_and_kept() {
    let objects = objects(&required());
    let crds = of_kind(&objects, "CustomResourceDefinition");
    assert_eq!(crds.len(), files(&repository("crds")).len());
    assert_eq!(crds.len(), KINDS.len());
    for kind in &KINDS {
        let code: Value = serde_json::to_value(rolewright::api::crd::of(kind)).unwrap();
        let name = &code["metadata"]["name"];
        let rendered = crds.iter().find(|crd| crd["metadata"]["name"] == *name);
        let rendered = rendered.unwrap_or_else(|| panic!("the chart renders no CRD {name}"));
        // Not `assert_eq`: it would print the whole CRD twice.
        assert!(
            whole(&rendered["spec"]) == whole(&code["spec"]),
            "the CRD {name} that the chart renders is not that of the code"
        );
        let kept = json!({"helm.sh/resource-policy": "keep"});
        assert_eq!(rendered["metadata"]["annotations"], kept);
    }
}

/// The kinds of changes that Artifact Hub knows.
const CHANGES: [&str; 6] = ["added", "changed", "deprecated", "removed", "fixed", "security"];

#[test]
fn the_version_of_the_chart_is_that_of_the_crate() {
    let text = std::fs::read_to_string(chart().join("Chart.yaml")).unwrap();
    let chart = &rolewright::yaml::documents::<Value>(&text).unwrap()[0];
    assert_eq!(chart["appVersion"], env!("CARGO_PKG_VERSION"));
    assert_eq!(chart["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(chart["annotations"]["artifacthub.io/license"], env!("CARGO_PKG_LICENSE"));
    let changes = chart["annotations"]["artifacthub.io/changes"].as_str().unwrap();
    let changes: Vec<Value> = rolewright::yaml::from_str(changes).unwrap();
    for change in &changes {
        assert!(
            CHANGES.contains(&change["kind"].as_str().unwrap())
                && change["description"].is_string(),
            "{change}"
        );
    }
    assert!(!changes.is_empty());
}

#[test]
fn the_example_of_the_chart_is_a_resource_without_a_mistake() {
    let text = std::fs::read_to_string(chart().join("Chart.yaml")).unwrap();
    let chart = &rolewright::yaml::documents::<Value>(&text).unwrap()[0];
    let examples = chart["annotations"]["artifacthub.io/crdsExamples"].as_str().unwrap();
    let examples = rolewright::yaml::documents::<Value>(examples).unwrap().remove(0);
    for example in examples.as_array().unwrap() {
        let file = crate::helm::values_file(example);
        let output = std::process::Command::new(crate::BIN)
            .args(["render", "--installation=prod", "--permissions-boundary=none"])
            .arg(file.path())
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
}
