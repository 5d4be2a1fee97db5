//! Rights in Kubernetes: what the rules of a `Role` give, and what a service account has used by
//! the audit log.

use std::collections::BTreeSet;
use std::path::PathBuf;

use serde_json::Value;

use super::audit;
use super::setup::repository;

/// API group, resource with its subresource behind a slash, and verb.
pub type Right = (String, String, String);

/// What the rules of a `Role`, a `ClusterRole` or a review give.
pub fn given(rules: &Value) -> BTreeSet<Right> {
    let words = |list: &Value| -> Vec<String> {
        list.as_array()
            .into_iter()
            .flatten()
            .map(|word| word.as_str().expect("a word").to_owned())
            .collect()
    };
    let mut given = BTreeSet::new();
    for rule in rules.as_array().into_iter().flatten() {
        for group in words(&rule["apiGroups"]) {
            for resource in words(&rule["resources"]) {
                let verbs = words(&rule["verbs"]).into_iter();
                given.extend(verbs.map(|verb| (group.clone(), resource.clone(), verb)));
            }
        }
    }
    given
}

/// The `ClusterRole`s of `config/rbac`, which are those of the chart (`tests/chart/rights.rs`).
fn roles() -> Vec<Value> {
    let files = std::fs::read_dir(repository("config/rbac"))
        .expect("the folder of roles")
        .map(|file| file.unwrap());
    let roles = files.flat_map(|file| {
        let text = std::fs::read_to_string(file.path()).expect("a file of roles");
        rolewright::yaml::documents::<Value>(&text).expect("YAML")
    });
    roles.collect()
}

/// The rules of one of them.
///
/// # Panics
/// When there is none of that name.
pub fn rules(name: &str) -> BTreeSet<Right> {
    let role = roles().into_iter().find(|role| role["metadata"]["name"] == name);
    given(&role.unwrap_or_else(|| panic!("config/rbac has no ClusterRole {name}"))["rules"])
}

/// Everything that a controller may ever be given.
pub fn all_rules() -> BTreeSet<Right> {
    roles().iter().flat_map(|role| given(&role["rules"])).collect()
}

/// Looks back at what a service account asked the API server for. Each test proves so of its own
/// controllers that they ask for nothing that `config/rbac` does not give; that they use all of it,
/// is shown once, in `tests/integration/rights.rs`.
pub struct Witness {
    pub log: PathBuf,
    pub user: String,
}

impl Witness {
    /// What was asked for with credentials of its own, refused or not. Reviews of its own rights
    /// are left out: Kubernetes gives them to everybody (`system:basic-user`).
    pub fn used(&self) -> BTreeSet<Right> {
        let events = audit::events(&self.log, &self.user).into_iter();
        let right = |event: Value| {
            let object = &event["objectRef"];
            let resource = match object["subresource"].as_str() {
                Some(subresource) => format!("{}/{subresource}", object["resource"].as_str()?),
                None => object["resource"].as_str()?.to_owned(),
            };
            let group = object["apiGroup"].as_str().unwrap_or_default().to_owned();
            let verb = event["verb"].as_str().unwrap_or("?").to_owned();
            (group != "authorization.k8s.io").then_some((group, resource, verb))
        };
        events.filter(|event| event["impersonatedUser"].is_null()).filter_map(right).collect()
    }
}

impl Drop for Witness {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            let more: Vec<Right> = self.used().difference(&all_rules()).cloned().collect();
            assert!(
                more.is_empty(),
                "{} asked for what no role of config/rbac gives: {more:?}",
                self.user
            );
        }
    }
}
