//! What people do and see with kubectl: manifests of `config/samples/`, their conditions and
//! Events.

use std::sync::Arc;

use anyhow::{Context, bail, ensure};
use serde_json::Value;

use crate::terminal;
use harness::{Cluster, Output, repository};

const SAMPLES: &str = "config/samples";

#[derive(Clone)]
pub struct Resources {
    cluster: Arc<Cluster>,
}

impl Resources {
    pub fn new(cluster: Arc<Cluster>) -> Resources {
        Resources { cluster }
    }

    async fn run(&self, args: &[&str], stdin: &str) -> anyhow::Result<Output> {
        let args: Vec<String> = args.iter().map(|&argument| argument.to_owned()).collect();
        let (cluster, stdin) = (Arc::clone(&self.cluster), stdin.to_owned());
        // On a thread of its own, so that a signal is heard meanwhile.
        let run = move || {
            let args: Vec<&str> = args.iter().map(String::as_str).collect();
            cluster.control_plane.kubectl_with(&args, &stdin)
        };
        tokio::task::spawn_blocking(run).await.context("kubectl")
    }

    /// Runs kubectl and returns what it prints.
    ///
    /// # Errors
    /// When it fails, with what it says.
    pub async fn kubectl(&self, args: &[&str]) -> anyhow::Result<String> {
        let output = self.run(args, "").await?;
        ensure!(output.status.success(), "kubectl {}: {}", args.join(" "), output.stderr.trim());
        Ok(output.stdout)
    }

    /// Applies a file or folder of the samples, as anybody would, and shows it.
    ///
    /// # Errors
    /// When kubectl refuses it.
    pub async fn apply_sample(&self, file: &str) -> anyhow::Result<()> {
        let file = if file.is_empty() { SAMPLES.to_owned() } else { format!("{SAMPLES}/{file}") };
        terminal::command(&format!("kubectl apply -f {file}"));
        let path = repository(&file).display().to_string();
        for line in self.kubectl(&["apply", "-f", &path]).await?.lines() {
            terminal::say(line);
        }
        Ok(())
    }

    /// Applies a changed copy of a sample and shows what is different in it.
    ///
    /// # Errors
    /// When kubectl refuses it, or the sample has not what was to be changed.
    pub async fn apply_copy(&self, file: &str, edits: &[(&str, &str)]) -> anyhow::Result<()> {
        let manifest = copy(file, edits)?;
        terminal::command("kubectl apply -f -");
        let output = self.run(&["apply", "-f", "-"], &manifest).await?;
        ensure!(
            output.status.success(),
            "kubectl apply refuses a copy of {file}: {}",
            output.stderr.trim()
        );
        for line in output.stdout.lines() {
            terminal::say(line);
        }
        Ok(())
    }

    /// The same for a copy that has to be refused. kubectl's own check of fields is off: what
    /// refuses is the API server. Returns its words.
    ///
    /// # Errors
    /// When it is accepted; the sample has not what was to be changed.
    pub async fn refused(&self, file: &str, edits: &[(&str, &str)]) -> anyhow::Result<String> {
        let manifest = copy(file, edits)?;
        terminal::command("kubectl apply --validate=false -f -");
        let output = self.run(&["apply", "--validate=false", "-f", "-"], &manifest).await?;
        ensure!(!output.status.success(), "the API server took it: {}", output.stdout.trim());
        let words =
            output.stderr.trim().trim_start_matches("Error from server (Invalid): ").to_owned();
        terminal::say(&words);
        Ok(words)
    }

    /// A resource, or `None`.
    ///
    /// # Errors
    /// When kubectl fails.
    pub async fn find(&self, resource: &str) -> anyhow::Result<Option<Value>> {
        let (namespace, name) = split(resource)?;
        let text = self
            .kubectl(&["get", "iamrole", "-n", namespace, name, "-o", "json", "--ignore-not-found"])
            .await?;
        if text.trim().is_empty() { Ok(None) } else { Ok(Some(serde_json::from_str(&text)?)) }
    }

    /// That there is no such resource.
    ///
    /// # Errors
    /// When there is one, or it can't be told; as a sentence.
    pub async fn absent(&self, resource: &str) -> Result<(), String> {
        match self.find(resource).await {
            Ok(None) => Ok(()),
            Ok(Some(_)) => Err(format!("IAMRole {resource} is there")),
            Err(error) => Err(format!("{error:#}")),
        }
    }

    /// The message of Ready, when Ready has this status and reason for the newest generation.
    ///
    /// # Errors
    /// What it has instead; as a sentence.
    pub async fn ready(
        &self,
        resource: &str,
        status: &str,
        reason: &str,
    ) -> Result<String, String> {
        let found = self.find(resource).await.map_err(|error| format!("{error:#}"))?;
        let Some(found) = found else { return Err(format!("there is no IAMRole {resource}")) };
        let conditions = found
            .pointer("/status/conditions")
            .and_then(Value::as_array)
            .cloned()
            .unwrap_or_default();
        let ready = conditions
            .into_iter()
            .find(|condition| text(condition, "/type") == "Ready")
            .unwrap_or_default();
        let message = text(&ready, "/message");
        let current =
            found.pointer("/status/observedGeneration") == found.pointer("/metadata/generation");
        if current && text(&ready, "/status") == status && text(&ready, "/reason") == reason {
            return Ok(message);
        }
        Err(format!(
            "{resource} is Ready={}, {}: {message}",
            text(&ready, "/status"),
            text(&ready, "/reason")
        ))
    }

    /// Notes of the Events of a resource with this reason, oldest first.
    ///
    /// # Errors
    /// When kubectl fails.
    pub async fn notes(&self, resource: &str, reason: &str) -> anyhow::Result<Vec<String>> {
        let (namespace, name) = split(resource)?;
        let list =
            self.kubectl(&["get", "events.events.k8s.io", "-n", namespace, "-o", "json"]).await?;
        let list: Value = serde_json::from_str(&list)?;
        let events = list.get("items").and_then(Value::as_array).cloned().unwrap_or_default();
        let of_interest = |event: &&Value| {
            text(event, "/regarding/name") == name && text(event, "/reason") == reason
        };
        let mut notes: Vec<(String, String)> = events
            .iter()
            .filter(of_interest)
            .map(|event| (text(event, "/eventTime"), text(event, "/note")))
            .collect();
        notes.sort();
        Ok(notes.into_iter().map(|(_, note)| note).collect())
    }

    /// `metadata.resourceVersion` of all resources: it moves with every write, also of status.
    ///
    /// # Errors
    /// When kubectl fails.
    pub async fn versions(&self) -> anyhow::Result<String> {
        let template = "{range .items[*]}{.metadata.namespace}/{.metadata.name}=\
            {.metadata.resourceVersion} {end}";
        self.kubectl(&["get", "iamroles", "-A", "-o", &format!("jsonpath={template}")]).await
    }
}

/// `namespace/name` in two.
fn split(resource: &str) -> anyhow::Result<(&str, &str)> {
    resource.split_once('/').with_context(|| format!("{resource} is not namespace/name"))
}

/// A string in a JSON value; empty when there is none.
pub fn text(value: &Value, pointer: &str) -> String {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// A sample with the first occurrence of each text replaced by another, and the lines that this
/// changes.
fn copy(file: &str, edits: &[(&str, &str)]) -> anyhow::Result<String> {
    let path = repository(&format!("{SAMPLES}/{file}"));
    let mut manifest =
        std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    let original = manifest.clone();
    for (from, to) in edits {
        if !manifest.contains(from) {
            bail!("{file} has no {from:?} that could be changed");
        }
        manifest = manifest.replacen(from, to, 1);
    }
    terminal::say(&format!("A copy of {SAMPLES}/{file} with other lines:"));
    for (old, new) in original.lines().zip(manifest.lines()).filter(|(old, new)| old != new) {
        terminal::line(&format!("    - {}\n    + {}", old.trim_start(), new.trim_start()));
    }
    Ok(manifest)
}
