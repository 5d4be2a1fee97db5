//! Helm as a process, and what it renders as objects.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use serde_json::{Value, json};

use harness::{self, Folder};

pub fn chart() -> PathBuf {
    harness::repository("charts/rolewright")
}

/// The values without which nothing is rendered.
pub fn required() -> Value {
    json!({
        "installation": "prod",
        "permissionsBoundary": "arn:{partition}:iam::{accountId}:policy/rolewright-boundary",
    })
}

/// `required` with more values laid over it.
pub fn with(more: &Value) -> Value {
    let mut values = required();
    merge(&mut values, more);
    values
}

/// Lays `more` over `values`, object by object.
pub fn merge(values: &mut Value, more: &Value) {
    match (values, more) {
        (Value::Object(values), Value::Object(more)) => {
            for (key, value) in more {
                merge(values.entry(key.clone()).or_insert(Value::Null), value);
            }
        }
        (values, more) => *values = more.clone(),
    }
}

/// Runs Helm with a home of its own; standard output when it succeeds.
///
/// # Errors
/// What it said.
pub fn helm(kubeconfig: Option<&Path>, args: &[&str]) -> Result<String, String> {
    static HOME: LazyLock<Folder> = LazyLock::new(|| Folder::new("helm"));
    let mut command = Command::new(harness::helm());
    command
        .env_clear()
        .env("HOME", HOME.path())
        .env("PATH", std::env::var_os("PATH").unwrap_or_default());
    if let Some(kubeconfig) = kubeconfig {
        command.env("KUBECONFIG", kubeconfig);
    }
    let output = command.args(args).output().expect("helm starts");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
}

/// A file of values that lives as long as it is held.
pub fn values_file(values: &Value) -> tempfile::NamedTempFile {
    let file = tempfile::Builder::new().suffix(".json").tempfile().expect("a temporary file");
    std::fs::write(file.path(), values.to_string()).expect("the values are written");
    file
}

/// What `helm template` prints, or its error.
pub fn template(values: &Value, more: &[&str]) -> Result<String, String> {
    let (chart, file) = (chart(), values_file(values));
    let mut args =
        vec!["template", "rolewright", chart.to_str().unwrap(), "--namespace", "rolewright-system"];
    args.extend(["--values", file.path().to_str().unwrap()]);
    args.extend(more);
    helm(None, &args)
}

/// The objects that these values render to.
///
/// # Panics
/// When they do not.
pub fn objects(values: &Value) -> Vec<Value> {
    let text = template(values, &[]).unwrap_or_else(|problem| panic!("{values}: {problem}"));
    let documents = rolewright::yaml::documents::<Value>(&text)
        .unwrap_or_else(|error| panic!("{error}\n{text}"));
    documents.into_iter().filter(|object| !object.is_null()).collect()
}

/// The objects of a kind.
pub fn of_kind<'a>(objects: &'a [Value], kind: &str) -> Vec<&'a Value> {
    objects.iter().filter(|object| object["kind"] == kind).collect()
}

/// The one object of a kind.
pub fn one<'a>(objects: &'a [Value], kind: &str) -> &'a Value {
    let found = of_kind(objects, kind);
    assert_eq!(found.len(), 1, "{kind}");
    found[0]
}
