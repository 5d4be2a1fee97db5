//! What Argo CD, Flux and Helm make of objects, told by the judge (`tests/gitops/judge`), which
//! runs their code.

use std::collections::BTreeMap;
use std::io::Write;
use std::process::{Command, Stdio};

use serde::Deserialize;
use serde_json::{Value, json};

use harness::{judge, repository};

/// The scripts for Argo CD, in the layout of its repository.
pub const CUSTOMIZATION: &str =
    "config/gitops/argocd/resource_customizations/iam.rolewright.dev/IAMRole";
/// The Kustomization of Flux with healthCheckExprs.
pub const KUSTOMIZATION: &str = "config/gitops/flux/roles.yaml";
pub const ACTIONS: [&str; 3] = ["pause", "reconcile", "resume"];

#[derive(Debug, PartialEq, Eq, Deserialize)]
pub struct Health {
    pub status: String,
    #[serde(default)]
    pub message: String,
}

/// What an action of Argo CD would do.
#[derive(Debug, Deserialize)]
pub struct Action {
    pub disabled: bool,
    /// A merge patch.
    pub patch: Value,
}

#[derive(Debug, Deserialize)]
pub struct Verdict {
    pub argocd: Health,
    /// The generic rules: Helm's `--wait`, and Flux without healthCheckExprs.
    pub kstatus: Health,
    /// Flux with our healthCheckExprs.
    pub flux: Health,
    /// By name.
    pub actions: BTreeMap<String, Action>,
}

/// The text of a file of the repository.
pub fn text(path: &str) -> String {
    let path = repository(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// One YAML file of the repository.
pub fn yaml(path: &str) -> Value {
    rolewright::yaml::from_str(&text(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// A script of the customization.
pub fn script(path: &str) -> String {
    text(&format!("{CUSTOMIZATION}/{path}"))
}

/// One verdict for each object, in their order.
pub fn verdicts(objects: &[Value]) -> Vec<Verdict> {
    verdicts_with(objects, &yaml(KUSTOMIZATION)).unwrap_or_else(|problem| panic!("{problem}"))
}

/// The same with another Kustomization; an error when Flux would not take it.
pub fn verdicts_with(objects: &[Value], kustomization: &Value) -> Result<Vec<Verdict>, String> {
    let actions: BTreeMap<&str, String> =
        ACTIONS.iter().map(|&name| (name, script(&format!("actions/{name}/action.lua")))).collect();
    let input = json!({
        "health": script("health.lua"),
        "discovery": script("actions/discovery.lua"),
        "actions": actions,
        "kustomization": kustomization,
        "objects": objects,
    });
    let mut child = Command::new(judge())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the judge starts");
    // It reads everything before it writes.
    let mut stdin = child.stdin.take().expect("its standard input is piped");
    stdin.write_all(input.to_string().as_bytes()).expect("the judge reads");
    drop(stdin);
    let output = child.wait_with_output().expect("the judge's output");
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    Ok(serde_json::from_slice(&output.stdout).expect("the judge writes JSON"))
}

/// Holds a file of the repository equal to what it is made of; `ROLEWRIGHT_UPDATE=1` writes it.
pub fn hold(path: &str, wanted: &str, tests: &str) -> Result<(), String> {
    if std::env::var_os("ROLEWRIGHT_UPDATE").is_some() {
        let path = repository(path);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("the folder");
        std::fs::write(path, wanted).expect("the file");
        return Ok(());
    }
    let found = std::fs::read_to_string(repository(path)).unwrap_or_default();
    if found == wanted {
        return Ok(());
    }
    Err(format!(
        "{path} is stale: refresh it with `ROLEWRIGHT_UPDATE=1 cargo test --test gitops {tests}` \
         and look at the difference; \
         it is to be\n{wanted}"
    ))
}
