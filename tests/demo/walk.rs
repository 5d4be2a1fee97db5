//! The main job, step by step: roles are made, stay as written, follow their resource, and go.

use std::time::{Duration, Instant};

use anyhow::Context;
use jiff::Timestamp;
use serde_json::json;

use crate::account::{Account, RoleView};
use crate::expected::{GRANTS, read_exports, role_name, samples};
use crate::policy;
use crate::resources::{Resources, text};
use crate::system::SWEEP;
use crate::table::{Source, Table, seconds};
use crate::terminal::{command, heading, item, line, say};
use crate::wait::until;
use crate::{drift, refusals};

/// The resource whose role is changed in the steps on drift and on the spec.
pub const SUBJECT: &str = "team-a/billing-reader";
const OBSERVED: &str = "team-a/ledger";
const SHORT_LIVED: &str = "team-b/incident-4712";
const DELETED: &str = "team-a/thumbnails";

pub struct Stage {
    pub account: Account,
    pub resources: Resources,
    pub table: Table,
}

impl Stage {
    /// Goes through all steps.
    ///
    /// # Errors
    /// What makes it impossible to go on. A claim that does not hold is no error: it is in the
    /// table.
    pub async fn walk(&mut self) -> anyhow::Result<()> {
        self.create().await?;
        drift::correct(self).await?;
        self.edit().await?;
        self.expire().await?;
        self.delete().await?;
        let foreign = refusals::foreign_role(self).await?;
        refusals::at_admission(self).await?;
        refusals::by_the_controller(self).await?;
        self.observe().await?;
        self.rest(foreign).await
    }

    pub async fn list_roles(&self, label: &str) -> anyhow::Result<()> {
        let names: Vec<String> = self.account.roles().await?.into_iter().collect();
        item(label, &if names.is_empty() { "no roles".to_owned() } else { names.join(", ") });
        Ok(())
    }

    /// Waits until AWS has a role as it should be.
    pub async fn becomes(&self, name: &str, wanted: &RoleView) -> Result<Duration, String> {
        let equal = async || {
            let found = self.account.existing(name).await?;
            if found == *wanted { Ok(()) } else { Err(wanted.difference(&found)) }
        };
        until(equal).await.map(|((), took)| took)
    }

    async fn create(&mut self) -> anyhow::Result<()> {
        heading("1  Manifests become roles");
        self.list_roles("AWS before").await?;
        self.resources.apply_sample("namespaces.yaml").await?;
        let begin = Instant::now();
        self.resources.apply_sample("").await?;
        let mut finding = Ok(());
        for expected in samples() {
            let name = role_name(expected.resource);
            let made = until(async || {
                let found = self.account.existing(&name).await?;
                // Not known beforehand: the unique id, and the uid that the API server gave the
                // resource.
                let mut wanted = RoleView { id: found.id.clone(), ..expected.role.clone() };
                wanted.tags.extend(
                    found
                        .tags
                        .get_key_value("rolewright.dev/uid")
                        .map(|(k, v)| (k.clone(), v.clone())),
                );
                if found == wanted { Ok(found) } else { Err(wanted.difference(&found)) }
            });
            match made.await {
                Ok((role, _)) => {
                    line("");
                    role.print();
                }
                Err(problem) => finding = finding.and(Err(problem)),
            }
        }
        let took = begin.elapsed();
        line("");
        self.list_roles("AWS after").await?;
        let claim = "Five manifests become roles: trust, boundary, policies and tags as asked";
        self.table.claim(claim, Source::Aws, finding.map(|()| Some(took)));
        let finding = self.statuses().await.map(|()| None);
        let claim = "Their resources say Ready, with the ARN and the id of the role";
        self.table.claim(claim, Source::Both, finding);
        Ok(())
    }

    async fn statuses(&self) -> Result<(), String> {
        for expected in samples() {
            until(async || self.resources.ready(expected.resource, "True", "Reconciled").await)
                .await?;
            let resource = self
                .resources
                .find(expected.resource)
                .await
                .map_err(|error| format!("{error:#}"))?;
            let resource =
                resource.ok_or_else(|| format!("there is no IAMRole {}", expected.resource))?;
            let role = self.account.existing(&role_name(expected.resource)).await?;
            let uid = role.tags.get("rolewright.dev/uid").cloned().unwrap_or_default();
            let said = ["/status/arn", "/status/roleId", "/metadata/uid"]
                .map(|pointer| text(&resource, pointer));
            let found = [role.arn, role.id, uid];
            if said != found {
                return Err(format!(
                    "{} says {said:?} and the role has {found:?}",
                    expected.resource
                ));
            }
        }
        Ok(())
    }

    async fn edit(&mut self) -> anyhow::Result<()> {
        heading("3  A spec is edited");
        let name = role_name(SUBJECT);
        let before = self.account.existing(&name).await.map_err(anyhow::Error::msg)?;
        let mut wanted = before.clone();
        wanted.inline = [(
            "read-exports".to_owned(),
            read_exports(&json!(["s3:GetObject", "s3:GetObjectVersion"])),
        )]
        .into();
        wanted.tags.insert("cost-centre".into(), "5678".into());
        let begin = Instant::now();
        let edits = [
            ("actions: [s3:GetObject]", "actions: [s3:GetObject, s3:GetObjectVersion]"),
            ("cost-centre: \"1234\"", "cost-centre: \"5678\""),
        ];
        self.resources.apply_copy("1-pods.yaml", &edits).await?;
        let finding = self.becomes(&name, &wanted).await.map(|_| Some(begin.elapsed()));
        let after = self.account.existing(&name).await.map_err(anyhow::Error::msg)?;
        for (label, role) in [("before", &before), ("after", &after)] {
            let document = role.inline.get("read-exports").map(policy::words).unwrap_or_default();
            let tag = role.tags.get("cost-centre").cloned().unwrap_or_default();
            item(label, &format!("{document}\ncost-centre={tag}"));
        }
        for note in self.resources.notes(SUBJECT, "Updated").await? {
            item("plan", &note);
        }
        let claim = "An edited spec reaches the role, and nothing else of the role changes";
        self.table.claim(claim, Source::Aws, finding);
        Ok(())
    }

    async fn expire(&mut self) -> anyhow::Result<()> {
        heading("4  A role for a while");
        say("Shortened for the demonstration: a ttl of 6 seconds instead of 72 hours.");
        let edits = [("name: incident-4711", "name: incident-4712"), ("ttl: 72h", "ttl: 6s")];
        self.resources.apply_copy("5-for-a-while.yaml", &edits).await?;
        let name = role_name(SHORT_LIVED);
        let made = until(async || {
            let role = self.account.existing(&name).await?;
            self.resources.ready(SHORT_LIVED, "True", "Reconciled").await.map(|_| role)
        });
        let (resource_end, finding) = match made.await {
            Ok((role, _)) => {
                item("AWS before", &role.arn);
                let resource =
                    self.resources.find(SHORT_LIVED).await?.context("the resource has gone")?;
                let end: Timestamp =
                    text(&resource, "/status/expiresAt").parse().context("status.expiresAt")?;
                item("expires at", &format!("{end}"));
                (Some(end), until(async || self.account.absent(&name).await).await)
            }
            Err(problem) => (None, Err(problem)),
        };
        let gone = Timestamp::now();
        let late = resource_end.and_then(|end| Duration::try_from(gone.duration_since(end)).ok());
        // Times in Kubernetes are whole seconds, which cuts off up to one; the rest is for a slow
        // machine.
        let on_time = finding.and_then(|_| match late {
            Some(late) if late < Duration::from_secs(3) => Ok(Some(late)),
            Some(late) => Err(format!("it went {} after its end", seconds(late))),
            None => Err("it went before its end".to_owned()),
        });
        let role = self.account.role(&name).await?;
        item("AWS after", &role.map_or_else(|| format!("no role {name}"), |role| role.arn));
        let said =
            until(async || self.resources.ready(SHORT_LIVED, "False", "Expired").await).await;
        if let Ok((message, _)) = &said {
            item("resource", message);
        }
        self.table.claim("A role goes when its ttl is over, on time", Source::Both, on_time);
        let claim = "Its resource stays and says Expired";
        self.table.claim(claim, Source::ApiServer, said.map(|_| None));
        Ok(())
    }

    async fn delete(&mut self) -> anyhow::Result<()> {
        heading("5  A resource is deleted");
        let name = role_name(DELETED);
        let role = self.account.existing(&name).await.map_err(anyhow::Error::msg)?;
        item(
            "AWS before",
            &format!(
                "{} with {}",
                role.arn,
                role.attached.into_iter().collect::<Vec<_>>().join(", ")
            ),
        );
        let (namespace, resource) = DELETED.split_once('/').context("namespace/name")?;
        let begin = Instant::now();
        command(&format!("kubectl delete iamrole -n {namespace} {resource} --wait=false"));
        self.resources
            .kubectl(&["delete", "iamrole", "-n", namespace, resource, "--wait=false"])
            .await?;
        let gone = until(async || {
            self.account.absent(&name).await.and(self.resources.absent(DELETED).await)
        })
        .await;
        let role = self.account.role(&name).await?;
        item("AWS after", &role.map_or_else(|| format!("no role {name}"), |role| role.arn));
        for note in self.resources.notes(DELETED, "Deleted").await? {
            item("plan", &note);
        }
        let claim = "The role of a deleted resource goes, and then the resource";
        self.table.claim(claim, Source::Both, gone.map(|_| Some(begin.elapsed())));
        Ok(())
    }

    async fn observe(&mut self) -> anyhow::Result<()> {
        heading("8  Look first: driftPolicy Observe");
        say("6-look-first.yaml was applied in step 1. Its plan stands in the status, and nothing \
             was written.");
        let waiting =
            until(async || self.resources.ready(OBSERVED, "False", "WouldChange").await).await;
        let resource = self.resources.find(OBSERVED).await?.context("the resource has gone")?;
        let plan = resource
            .pointer("/status/plan")
            .and_then(serde_json::Value::as_array)
            .cloned()
            .unwrap_or_default();
        for line in &plan {
            item("status.plan", line.as_str().unwrap_or_default());
        }
        let absent = self.account.absent(&role_name(OBSERVED)).await;
        let finding = waiting.map(|_| None).and_then(|took| absent.map(|()| took));
        let finding = if plan.is_empty() {
            finding.and(Err("status.plan is empty".to_owned()))
        } else {
            finding
        };
        self.table.claim(
            "With driftPolicy Observe the plan is in the status, and no role is made",
            Source::Both,
            finding,
        );
        Ok(())
    }

    /// What must be true at the end of all steps: nothing is left over, and nothing moves.
    async fn rest(&mut self, foreign: refusals::Foreign) -> anyhow::Result<()> {
        heading("At rest");
        let mut wanted: std::collections::BTreeSet<String> =
            ["auditors", "on-call"].map(str::to_owned).into();
        wanted.extend(samples().map(|sample| role_name(sample.resource)));
        wanted.extend(GRANTS.map(role_name));
        wanted.remove(&role_name(DELETED));
        wanted.insert(foreign.name.clone());
        let found = self.account.roles().await?;
        let left_over = if found == wanted {
            Ok(None)
        } else {
            Err(format!("expected {wanted:?} and found {found:?}"))
        };
        self.list_roles("AWS at end").await?;

        let window = SWEEP * 2 + Duration::from_secs(1);
        say(&format!(
            "Watching for {} seconds, more than two sweeps, whether anything moves.",
            window.as_secs()
        ));
        let before = self.everything(&found).await?;
        tokio::time::sleep(window).await;
        let after = self.everything(&found).await?;
        let still = if before == after {
            Ok(None)
        } else {
            Err("a role or a resourceVersion has changed".to_owned())
        };

        foreign.claim(self).await;
        self.table.claim("No role is there that nobody asked for", Source::Aws, left_over);
        self.table.claim("At rest no role changes and no resource is written", Source::Both, still);
        Ok(())
    }

    async fn everything(
        &self,
        names: &std::collections::BTreeSet<String>,
    ) -> anyhow::Result<(Vec<Option<RoleView>>, String)> {
        let mut roles = Vec::new();
        for name in names {
            roles.push(self.account.role(name).await?);
        }
        Ok((roles, self.resources.versions().await?))
    }
}
