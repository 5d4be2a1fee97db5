//! What kubectl's Kustomize makes of a folder of the repository.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

use harness::{assets, repository};

pub const ACCOUNTS: [&str; 2] = ["staging", "production"];
pub const TEAMS: [&str; 2] = ["billing", "media"];

/// A file or folder of the example repository.
pub fn example(path: &str) -> PathBuf {
    repository("config/gitops/repository").join(path)
}

/// What `kubectl kustomize` prints. It knows no Helm, and fetches nothing.
///
/// # Panics
/// When it fails or warns.
pub fn text(folder: &str) -> String {
    let output = Command::new(assets().join("kubectl"))
        .arg("kustomize")
        .arg(example(folder))
        .env_clear()
        .output();
    let output = output.expect("kubectl starts");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.is_empty(), "{folder}: {said}");
    String::from_utf8(output.stdout).unwrap()
}

/// The same as objects.
pub fn objects(folder: &str) -> Vec<Value> {
    documents(&text(folder))
}

pub fn documents(text: &str) -> Vec<Value> {
    let documents = rolewright::yaml::documents::<Value>(text)
        .unwrap_or_else(|error| panic!("{error}\n{text}"));
    documents.into_iter().filter(|object| !object.is_null()).collect()
}

/// Everything of an account: what its overlay renders, and the folder of each team.
pub fn account(name: &str) -> Vec<Value> {
    let mut all = objects(&format!("accounts/{name}"));
    all.extend(TEAMS.iter().flat_map(|team| objects(&format!("teams/{team}"))));
    all
}

/// Objects by wave, as Argo CD reads it.
pub fn waves(objects: Vec<Value>) -> BTreeMap<i64, Vec<Value>> {
    let mut waves: BTreeMap<i64, Vec<Value>> = BTreeMap::new();
    for object in objects {
        let wave = object["metadata"]["annotations"]["argocd.argoproj.io/sync-wave"].as_str();
        let wave = wave.unwrap_or_else(|| panic!("{} says no wave", name(&object)));
        waves.entry(wave.parse().unwrap()).or_default().push(object);
    }
    waves
}

/// `kind namespace/name`.
pub fn name(object: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let (kind, metadata) = (text(&object["kind"]), &object["metadata"]);
    format!("{kind} {}/{}", text(&metadata["namespace"]), text(&metadata["name"]))
}

/// The one object of a kind.
pub fn one<'a>(objects: &'a [Value], kind: &str) -> &'a Value {
    let found: Vec<&Value> = objects.iter().filter(|object| object["kind"] == kind).collect();
    assert_eq!(found.len(), 1, "{kind}");
    found[0]
}

#[test]
fn the_waves_bring_the_controller_then_admission_then_namespaces_then_roles() {
    for account_name in ACCOUNTS {
        let kinds: Vec<(i64, Vec<String>)> = waves(account(account_name))
            .into_iter()
            .map(|(wave, objects)| {
                let mut kinds: Vec<String> = objects
                    .iter()
                    .map(|object| object["kind"].as_str().unwrap().to_owned())
                    .collect();
                kinds.sort();
                kinds.dedup();
                (wave, kinds)
            })
            .collect();
        let wanted = [
            "ClusterRole ClusterRoleBinding ConfigMap CustomResourceDefinition Deployment \
             Namespace PodDisruptionBudget RoleBinding ServiceAccount",
            "ValidatingAdmissionPolicy ValidatingAdmissionPolicyBinding",
            "Namespace ServiceAccount",
            "IAMRole",
        ];
        let wanted = wanted.map(|kinds| kinds.split(' ').map(str::to_owned).collect::<Vec<_>>());
        assert_eq!(kinds, (0..).zip(wanted).collect::<Vec<_>>(), "{account_name}");
    }
}

#[test]
fn accounts_differ_in_three_settings_and_in_nothing_else() {
    let [staging, production] = ACCOUNTS.map(|name| objects(&format!("accounts/{name}")));
    assert_eq!(staging.len(), production.len());
    // The name of the ConfigMap has a hash of its content, and the Deployment names it.
    let mut differ: Vec<&str> = staging
        .iter()
        .zip(&production)
        .filter(|(one, other)| one != other)
        .map(|(one, _)| one["kind"].as_str().unwrap())
        .collect();
    differ.sort_unstable();
    assert_eq!(differ, ["ConfigMap", "Deployment", "ServiceAccount"]);

    let settings =
        |objects: &[Value]| one(objects, "ConfigMap")["data"].as_object().unwrap().clone();
    let (one_account, other) = (settings(&staging), settings(&production));
    let own: Vec<&String> =
        one_account.keys().filter(|key| one_account[*key] != other[*key]).collect();
    assert_eq!(own, ["ROLEWRIGHT_INSTALLATION", "ROLEWRIGHT_OIDC_ISSUER"]);

    let own_role = |objects: &[Value]| {
        let mut account = one(objects, "ServiceAccount").clone();
        account["metadata"]["annotations"]
            .as_object_mut()
            .unwrap()
            .remove("eks.amazonaws.com/role-arn")
            .unwrap();
        account
    };
    assert_eq!(own_role(&staging), own_role(&production));
}

#[test]
fn teams_name_no_account() {
    let number = regex::Regex::new(r"\b[0-9]{12}\b").unwrap();
    let mut roles = 0;
    for team in TEAMS {
        let text = text(&format!("teams/{team}"));
        assert!(number.find(&text).is_none() && !text.contains("arn:aws:"), "{text}");
        roles += text.matches("kind: IAMRole").count();
        for object in documents(&text).iter().filter(|object| object["kind"] != "Namespace") {
            assert_eq!(object["metadata"]["namespace"], format!("team-{team}"), "{}", name(object));
        }
    }
    assert!(roles > 3, "{roles} roles");
}
