//! `rolewright render`: the same engine as the controller's, without a cluster or an account.

#![allow(clippy::print_stdout, reason = "a command's output")]

use std::{collections::BTreeMap, fs, io::Read, path::PathBuf};

use anyhow::Context;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use crate::{
    api::{self, ResourceKey, RoleStatus},
    iam::{arn::Account, policy::Policy, tag},
    plan::{
        desired::{Desired, desired},
        limits::Limits,
    },
    ports::Resource,
    settings::ScopeArgs,
    yaml,
};

/// Arguments of `render`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Manifests, YAML or JSON; - reads standard input. Documents of other kinds are passed over
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    scope: ScopeArgs,
    /// Account to render for
    #[arg(long, env = "ROLEWRIGHT_ACCOUNT", value_name = "ID", default_value = "123456789012")]
    account: String,
    /// Partition of the account
    #[arg(long, env = "ROLEWRIGHT_PARTITION", value_name = "PARTITION", default_value = "aws")]
    partition: String,
}

/// What AWS would get, in the order in which a reader asks for it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Rendering {
    resource: String,
    role_name: String,
    path: String,
    arn: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    max_session_seconds: i32,
    #[serde(skip_serializing_if = "Option::is_none")]
    permissions_boundary: Option<String>,
    trust_policy: Value,
    managed_policies: Vec<String>,
    inline_policies: BTreeMap<String, Value>,
    tags: BTreeMap<String, String>,
}

/// Prints each role; exit code 1 when a manifest has problems, which go to standard error.
pub fn run(args: &Args) -> anyhow::Result<u8> {
    let account = Account { id: args.account.clone(), partition: args.partition.clone() };
    if account.id.len() != 12 || !account.id.bytes().all(|byte| byte.is_ascii_digit()) {
        anyhow::bail!("--account {:?} is no account id: write its 12 digits", account.id);
    }
    let limits = args.scope.limits(&account)?;
    let (mut refused, mut found) = (false, 0_usize);
    for file in &args.files {
        let shown = file.display();
        let text = if file.as_os_str() == "-" {
            let mut text = String::new();
            std::io::stdin().read_to_string(&mut text).context("standard input")?;
            text
        } else {
            fs::read_to_string(file).with_context(|| format!("{shown} can't be read"))?
        };
        for document in yaml::documents::<Value>(&text).with_context(|| format!("{shown} is not YAML"))? {
            let group = document.get("apiVersion").and_then(Value::as_str).unwrap_or_default();
            let kind = document.get("kind").and_then(Value::as_str).unwrap_or_default();
            if kind != "IAMRole" || !group.starts_with(api::GROUP) {
                continue;
            }
            found += 1;
            let resource = resource(&document)?;
            match desired(&resource, &limits) {
                Ok(desired) => {
                    for warning in &desired.warnings {
                        eprintln!("{shown}: IAMRole {}: warning: {warning}", resource.key);
                    }
                    print!("---\n{}", yaml::to_string(&render(&desired, &limits)?)?);
                }
                Err(problems) => {
                    refused = true;
                    for problem in problems {
                        eprintln!("{shown}: IAMRole {}: {problem}", resource.key);
                    }
                }
            }
        }
    }
    anyhow::ensure!(found > 0, "no IAMRole (apiVersion {}/{}) in what was given", api::GROUP, api::VERSION);
    Ok(u8::from(refused))
}

fn resource(document: &Value) -> anyhow::Result<Resource> {
    let metadata = |field: &str| {
        document.get("metadata").and_then(|metadata| metadata.get(field)).and_then(Value::as_str).map(str::to_owned)
    };
    let name = metadata("name").context("an IAMRole has no metadata.name: add it")?;
    let spec = document.get("spec").cloned().unwrap_or(Value::Object(serde_json::Map::new()));
    Ok(Resource {
        key: ResourceKey { namespace: metadata("namespace").unwrap_or_else(|| "default".into()), name },
        uid: "<uid>".into(),
        generation: 1,
        // No time is rendered; the lifetime's end depends on when the resource is made.
        created: Timestamp::UNIX_EPOCH,
        deleting: false,
        finalizer: false,
        paused: false,
        reconcile_requested_at: None,
        spec: spec.to_string(),
        status: RoleStatus::default(),
    })
}

fn render(desired: &Desired, limits: &Limits) -> anyhow::Result<Rendering> {
    let document = |policy: &Policy| serde_json::from_str::<Value>(&policy.to_json());
    let mut tags = desired.tags.clone();
    tags.insert(tag::UID.into(), "<uid>".into());
    Ok(Rendering {
        resource: desired.identity.key.to_string(),
        role_name: desired.identity.name.clone(),
        path: desired.identity.path.clone(),
        arn: format!(
            "arn:{}:iam::{}:role{}{}",
            limits.account.partition, limits.account.id, desired.identity.path, desired.identity.name
        ),
        description: desired.description.clone(),
        max_session_seconds: desired.max_session,
        permissions_boundary: desired.boundary.clone(),
        trust_policy: document(&desired.trust)?,
        managed_policies: desired.attached.iter().cloned().collect(),
        inline_policies: desired
            .inline
            .iter()
            .map(|(name, policy)| Ok((name.clone(), document(policy)?)))
            .collect::<Result<_, serde_json::Error>>()?,
        tags,
    })
}

#[cfg(test)]
mod tests;
