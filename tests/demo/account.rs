//! The AWS account as its administrator sees it: a second client, which prepares what the samples
//! name, changes roles behind the controller's back, and looks at what is there.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Context;
use aws_sdk_iam::Client;
use aws_sdk_iam::error::ProvideErrorMetadata;
use aws_sdk_iam::types::Tag;
use serde_json::{Value, json};

use crate::policy;
use crate::system::{ACCOUNT, OIDC_ISSUER};
use crate::terminal;

/// Everything about a role that a manifest can say, and its unique id.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RoleView {
    pub id: String,
    pub arn: String,
    pub description: String,
    /// Seconds.
    pub max_session: i32,
    pub boundary: Option<String>,
    pub trust: Value,
    /// ARNs.
    pub attached: BTreeSet<String>,
    pub inline: BTreeMap<String, Value>,
    pub tags: BTreeMap<String, String>,
}

impl RoleView {
    /// Each part in a line or more, with its label.
    pub fn lines(&self) -> Vec<(String, String)> {
        let Self { id, arn, description, max_session, boundary, trust, attached, inline, tags } =
            self;
        let mut lines = vec![("role".to_owned(), format!("{arn}  ({id})"))];
        let description =
            if description.is_empty() { String::new() } else { format!("{description}; ") };
        lines.push(("attributes".to_owned(), format!("{description}sessions of {max_session} s")));
        lines.push(("trust".to_owned(), policy::words(trust)));
        lines.push(("boundary".to_owned(), boundary.clone().unwrap_or_else(|| "none".to_owned())));
        lines.extend(attached.iter().map(|arn| ("attached".to_owned(), arn.clone())));
        lines.extend(inline.iter().map(|(name, document)| {
            ("inline".to_owned(), format!("{name}: {}", policy::words(document)))
        }));
        let tags: Vec<String> = tags.iter().map(|(key, value)| format!("{key}={value}")).collect();
        lines.push(("tags".to_owned(), tags.join(", ")));
        lines
    }

    pub fn print(&self) {
        for (label, text) in self.lines() {
            terminal::item(&label, &text);
        }
    }

    /// Which lines another state of the role has instead, for messages.
    pub fn difference(&self, other: &Self) -> String {
        let (ours, theirs) = (self.lines(), other.lines());
        let show = |lines: &[(String, String)], without: &[(String, String)]| {
            let lines = lines.iter().filter(|line| !without.contains(line));
            let lines: Vec<String> = lines.map(|(label, text)| format!("{label} {text}")).collect();
            if lines.is_empty() { "nothing".to_owned() } else { lines.join("; ") }
        };
        format!("expected {} and found {}", show(&ours, &theirs), show(&theirs, &ours))
    }
}

pub struct Account {
    pub iam: Client,
}

impl Account {
    /// Makes what the samples name and rolewright does not make, and says so.
    ///
    /// # Errors
    /// The first call that fails.
    pub async fn prepare(&self) -> anyhow::Result<()> {
        let anything = json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow",
            "Action": "*", "Resource": "*"}});
        for (name, what) in [("rolewright-boundary", ", the boundary of all roles"), ("ledger", "")]
        {
            self.iam
                .create_policy()
                .policy_name(name)
                .policy_document(anything.to_string())
                .send()
                .await?;
            terminal::item("policy", &format!("{name}{what}"));
        }
        let owner = format!("arn:aws:iam::{ACCOUNT}:root");
        for name in ["auditors", "on-call"] {
            self.make_foreign_role(name, &trust_of("AWS", &owner)).await?;
            terminal::item("role", &format!("{name}, a principal"));
        }
        for (url, audience) in [
            (OIDC_ISSUER, "sts.amazonaws.com"),
            ("https://token.actions.githubusercontent.com", "sts.amazonaws.com"),
            ("https://gitlab.com", "https://gitlab.com"),
            ("https://app.terraform.io", "aws.workload.identity"),
        ] {
            let create = self.iam.create_open_id_connect_provider().url(url);
            create.client_id_list(audience).send().await?;
            terminal::item("OIDC provider", url);
        }
        let create = self.iam.create_saml_provider().name("Corp");
        create.saml_metadata_document("<EntityDescriptor/>".repeat(60)).send().await?;
        terminal::item("SAML provider", "Corp");
        Ok(())
    }

    /// A role that rolewright did not make.
    ///
    /// # Errors
    /// The call that fails.
    pub async fn make_foreign_role(&self, name: &str, trust: &Value) -> anyhow::Result<()> {
        let tag = Tag::builder().key("owner").value("platform").build()?;
        let role = self
            .iam
            .create_role()
            .role_name(name)
            .assume_role_policy_document(trust.to_string())
            .tags(tag);
        role.send().await.with_context(|| format!("creating role {name}"))?;
        Ok(())
    }

    /// Names of all roles, in order.
    ///
    /// # Errors
    /// The call that fails.
    pub async fn roles(&self) -> anyhow::Result<BTreeSet<String>> {
        let mut pages = self.iam.list_roles().into_paginator().items().send();
        let mut names = BTreeSet::new();
        while let Some(role) = pages.try_next().await.context("listing roles")? {
            names.insert(role.role_name);
        }
        Ok(names)
    }

    /// A role with everything that hangs on it; `None` when there is none of that name.
    ///
    /// # Errors
    /// The call that fails, or a document that is no JSON.
    pub async fn role(&self, name: &str) -> anyhow::Result<Option<RoleView>> {
        let answer = match self.iam.get_role().role_name(name).send().await {
            Ok(answer) => answer,
            Err(error) if error.code() == Some("NoSuchEntity") => return Ok(None),
            Err(error) => return Err(error).with_context(|| format!("reading role {name}")),
        };
        let role = answer.role.context("GetRole answers without a role")?;
        let attached = self.iam.list_attached_role_policies().role_name(name).send().await?;
        let inline_names = self.iam.list_role_policies().role_name(name).send().await?;
        let mut inline = BTreeMap::new();
        for policy in inline_names.policy_names {
            let answer =
                self.iam.get_role_policy().role_name(name).policy_name(&policy).send().await?;
            inline.insert(policy, policy::read(&answer.policy_document)?);
        }
        Ok(Some(RoleView {
            boundary: role
                .permissions_boundary
                .and_then(|boundary| boundary.permissions_boundary_arn),
            trust: policy::read(role.assume_role_policy_document.as_deref().unwrap_or_default())?,
            attached: attached
                .attached_policies
                .into_iter()
                .flatten()
                .filter_map(|policy| policy.policy_arn)
                .collect(),
            inline,
            tags: role
                .tags
                .unwrap_or_default()
                .into_iter()
                .map(|tag| (tag.key, tag.value))
                .collect(),
            description: role.description.unwrap_or_default(),
            max_session: role.max_session_duration.unwrap_or_default(),
            id: role.role_id,
            arn: role.arn,
        }))
    }

    /// The same for a role that has to be there.
    ///
    /// # Errors
    /// When it is not, or can't be read; as a sentence.
    pub async fn existing(&self, name: &str) -> Result<RoleView, String> {
        let role = self.role(name).await.map_err(|error| format!("{error:#}"))?;
        role.ok_or_else(|| format!("there is no role {name}"))
    }

    /// That there is no role of that name.
    ///
    /// # Errors
    /// When there is one, or it can't be told; as a sentence.
    pub async fn absent(&self, name: &str) -> Result<(), String> {
        match self.role(name).await {
            Ok(None) => Ok(()),
            Ok(Some(role)) => Err(format!("role {} is there", role.arn)),
            Err(error) => Err(format!("{error:#}")),
        }
    }
}

/// A trust policy with one principal and no condition.
pub fn trust_of(kind: &str, principal: &str) -> Value {
    json!({
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {kind: principal},
        "Action": "sts:AssumeRole"}],
    })
}
