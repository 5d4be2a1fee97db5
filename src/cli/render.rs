//! `rolewright render`: the same engine as the controller's, without a cluster or an account.

use std::{collections::BTreeMap, path::PathBuf};

use anyhow::Context;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use crate::{
    api::{self, ResourceKey, RoleStatus, resource::Resource},
    cli::{
        input::{self, Input},
        output::{Answer, Format, OutputArgs},
    },
    plan::{
        form::desired::{Desired, compile},
        scope::limits::Limits,
    },
    settings::ScopeArgs,
    yaml,
};
use iam::{
    account::{Account, AccountError},
    policy::Policy,
    tag,
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
    #[command(flatten)]
    output: OutputArgs,
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

/// The same for programs.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Printed<'a> {
    namespace: &'a str,
    name: &'a str,
    role_name: &'a str,
    path: &'a str,
    trust: &'a Value,
    inline_policies: &'a BTreeMap<String, Value>,
    managed_policies: &'a [String],
    permissions_boundary: Option<&'a str>,
    tags: &'a BTreeMap<String, String>,
}

/// Renders every manifest that can be compiled. Exit code 2 when one can't be; what is beyond the
/// controller's limits is rendered too, with a word on standard error.
///
/// # Errors
/// A setting that can't be used.
pub fn run(args: &Args, input: &mut Input<'_>) -> anyhow::Result<Answer> {
    let account = match Account::new(&args.account, &args.partition) {
        Err(AccountError::Id(id)) => {
            anyhow::bail!("--account {id:?} is no account id: write its 12 digits")
        }
        Err(error) => anyhow::bail!("--partition: {error}"),
        Ok(account) => account,
    };
    let limits = args.scope.limits(&account)?;
    let mut rendered = Rendered::default();
    for file in &args.files {
        match input.read(file, input::MANIFESTS) {
            Ok(source) => rendered.take(&source.name, &source.text, &limits),
            Err(error) => rendered.fail(error.to_string()),
        }
    }
    if rendered.roles.is_empty() && !rendered.failed {
        rendered.fail(format!(
            "no IAMRole (apiVersion {}/{}) in what was given",
            api::GROUP,
            api::VERSION
        ));
    }
    rendered.answer(args.output.format)
}

#[derive(Default)]
struct Rendered {
    roles: Vec<(ResourceKey, Rendering)>,
    notes: Vec<String>,
    failed: bool,
}

impl Rendered {
    fn fail(&mut self, note: String) {
        self.notes.push(note);
        self.failed = true;
    }

    fn take(&mut self, file: &str, text: &str, limits: &Limits) {
        let documents = match yaml::documents::<Value>(text) {
            Ok(documents) => documents,
            Err(error) => return self.fail(format!("{file} is not YAML: {error}")),
        };
        for document in documents {
            let group = document.get("apiVersion").and_then(Value::as_str).unwrap_or_default();
            let kind = document.get("kind").and_then(Value::as_str).unwrap_or_default();
            if kind == "IAMRole" && group.starts_with(api::GROUP) {
                match resource(&document) {
                    Ok(resource) => self.role(file, &resource, limits),
                    Err(error) => self.fail(format!("{file}: {error}")),
                }
            }
        }
    }

    fn role(&mut self, file: &str, resource: &Resource, limits: &Limits) {
        let key = &resource.key;
        let (desired, beyond) = match compile(resource, limits) {
            Ok(compiled) => compiled,
            Err(problems) => {
                self.failed = true;
                return self.notes.extend(
                    problems.iter().map(|problem| format!("{file}: IAMRole {key}: {problem}")),
                );
            }
        };
        let warnings = desired
            .terms
            .warnings
            .iter()
            .map(|warning| format!("{file}: IAMRole {key}: warning: {warning}"));
        let beyond = beyond
            .iter()
            .map(|problem| format!("{file}: IAMRole {key}: the controller would refuse {problem}"));
        self.notes.extend(warnings.chain(beyond));
        match render(&desired, limits) {
            Ok(rendering) => self.roles.push((key.clone(), rendering)),
            Err(error) => self.fail(format!("{file}: IAMRole {key}: {error}")),
        }
    }

    fn answer(self, format: Format) -> anyhow::Result<Answer> {
        let code = if self.failed { 2 } else { 0 };
        let answer = match format {
            Format::Json => Answer::json(
                &self.roles.iter().map(|(key, role)| role.for_programs(key)).collect::<Vec<_>>(),
                code,
            )?,
            Format::Text => {
                let mut text = String::new();
                for (_, role) in &self.roles {
                    text.push_str("---\n");
                    text.push_str(&yaml::to_string(role)?);
                }
                Answer::new(text, code)
            }
        };
        Ok(Answer { notes: self.notes, ..answer })
    }
}

impl Rendering {
    fn for_programs<'a>(&'a self, key: &'a ResourceKey) -> Printed<'a> {
        Printed {
            namespace: &key.namespace,
            name: &key.name,
            role_name: &self.role_name,
            path: &self.path,
            trust: &self.trust_policy,
            inline_policies: &self.inline_policies,
            managed_policies: &self.managed_policies,
            permissions_boundary: self.permissions_boundary.as_deref(),
            tags: &self.tags,
        }
    }
}

fn resource(document: &Value) -> anyhow::Result<Resource> {
    let metadata = |field: &str| {
        document
            .get("metadata")
            .and_then(|metadata| metadata.get(field))
            .and_then(Value::as_str)
            .map(str::to_owned)
    };
    let annotation = |name: &str| {
        let annotations = document.get("metadata")?.get("annotations")?;
        annotations.get(name).and_then(Value::as_str).map(str::to_owned)
    };
    let name = metadata("name").context("an IAMRole has no metadata.name: add it")?;
    let spec = document.get("spec").cloned().unwrap_or(Value::Object(serde_json::Map::new()));
    Ok(Resource {
        key: ResourceKey {
            namespace: metadata("namespace").unwrap_or_else(|| "default".into()),
            name,
        },
        uid: "<uid>".into(),
        generation: 1,
        version: 1,
        // No time is rendered, but a bound of the lifetime counts from here: a manifest is taken to
        // be applied now.
        created: metadata("creationTimestamp")
            .and_then(|time| time.parse().ok())
            .unwrap_or_else(Timestamp::now),
        deleting: false,
        finalizer: false,
        paused: false,
        reconcile_requested_at: None,
        last_applied: annotation(api::LAST_APPLIED),
        spec: spec.to_string(),
        status: RoleStatus::default(),
    })
}

fn render(desired: &Desired, limits: &Limits) -> anyhow::Result<Rendering> {
    let document = |policy: &Policy| serde_json::from_str::<Value>(&policy.to_json());
    let mut tags: BTreeMap<String, String> =
        desired.form.tags.iter().map(|(key, value)| (key.to_string(), value.clone())).collect();
    tags.insert(tag::UID.into(), "<uid>".into());
    Ok(Rendering {
        resource: desired.identity.key.to_string(),
        role_name: desired.identity.name.to_string(),
        path: desired.identity.path.clone(),
        arn: format!(
            "arn:{}:iam::{}:role{}{}",
            limits.account.partition,
            limits.account.id,
            desired.identity.path,
            desired.identity.name
        ),
        description: desired.form.description.clone(),
        max_session_seconds: desired.form.max_session,
        permissions_boundary: desired.form.boundary.clone(),
        trust_policy: document(&desired.form.trust)?,
        managed_policies: desired.form.attached.iter().cloned().collect(),
        inline_policies: desired
            .form
            .inline
            .iter()
            .map(|(name, policy)| Ok((name.clone(), document(policy)?)))
            .collect::<Result<_, serde_json::Error>>()?,
        tags,
    })
}

#[cfg(test)]
mod tests;
