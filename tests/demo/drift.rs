//! Changes behind the controller's back: each part of a role is changed by the second AWS client
//! and has to come back.

use std::time::Duration;

use anyhow::Context;
use aws_sdk_iam::types::Tag;
use serde_json::{Value, json};

use crate::account::{Account, RoleView, trust_of};
use crate::expected::role_name;
use crate::policy;
use crate::table::{Source, seconds};
use crate::terminal::{Tone, heading, item, line, paint, say, tinted};
use crate::wait::until;
use crate::walk::{SUBJECT, Stage};

const ADMINISTRATOR: &str = "arn:aws:iam::aws:policy/AdministratorAccess";
const STRANGER: &str = "arn:aws:iam::210987654321:root";

#[derive(Clone, Copy)]
enum Change {
    Trust,
    Inline,
    Attachment,
    Boundary,
    Tag,
}

const CHANGES: [Change; 5] =
    [Change::Trust, Change::Inline, Change::Attachment, Change::Boundary, Change::Tag];

impl Change {
    fn claim(self) -> &'static str {
        match self {
            Change::Trust => {
                "A trust policy opened to a stranger is put back, and an Event says so"
            }
            Change::Inline => "An inline policy widened by hand is put back, and an Event says so",
            Change::Attachment => "A policy attached by hand is detached, and an Event says so",
            Change::Boundary => "A boundary removed by hand is set again, and an Event says so",
            Change::Tag => "A tag changed by hand gets its value back, and an Event says so",
        }
    }

    fn action(self) -> &'static str {
        match self {
            Change::Trust => "UpdateAssumeRolePolicy",
            Change::Inline => "PutRolePolicy",
            Change::Attachment => "AttachRolePolicy",
            Change::Boundary => "DeleteRolePermissionsBoundary",
            Change::Tag => "TagRole",
        }
    }

    /// The part of a role that it is about, in words.
    fn part(self, role: &RoleView) -> String {
        match self {
            Change::Trust => policy::words(&role.trust),
            Change::Inline => {
                role.inline.get("read-exports").map(policy::words).unwrap_or_default()
            }
            Change::Attachment => role.attached.iter().cloned().collect::<Vec<_>>().join("\n"),
            Change::Boundary => role.boundary.clone().unwrap_or_else(|| "none".to_owned()),
            Change::Tag => format!("owner={}", role.tags.get("owner").cloned().unwrap_or_default()),
        }
    }

    async fn make(self, account: &Account, role: &str) -> anyhow::Result<()> {
        let iam = &account.iam;
        match self {
            Change::Trust => {
                let document = trust_of("AWS", STRANGER).to_string();
                iam.update_assume_role_policy()
                    .role_name(role)
                    .policy_document(document)
                    .send()
                    .await
                    .map(drop)?;
            }
            Change::Inline => {
                let document = everything_in("s3").to_string();
                let put = iam
                    .put_role_policy()
                    .role_name(role)
                    .policy_name("read-exports")
                    .policy_document(document);
                put.send().await.map(drop)?;
            }
            Change::Attachment => {
                iam.attach_role_policy()
                    .role_name(role)
                    .policy_arn(ADMINISTRATOR)
                    .send()
                    .await
                    .map(drop)?;
            }
            Change::Boundary => {
                iam.delete_role_permissions_boundary().role_name(role).send().await.map(drop)?;
            }
            Change::Tag => {
                let tag = Tag::builder().key("owner").value("somebody-else").build()?;
                iam.tag_role().role_name(role).tags(tag).send().await.map(drop)?;
            }
        }
        Ok(())
    }
}

fn everything_in(service: &str) -> Value {
    let statement = json!({"Effect": "Allow", "Action": format!("{service}:*"), "Resource": "*"});
    json!({"Version": "2012-10-17", "Statement": [statement]})
}

/// Makes each change and waits until the whole role is again as it was, and an Event says what was
/// done.
///
/// # Errors
/// When a change can't be made.
pub async fn correct(stage: &mut Stage) -> anyhow::Result<()> {
    heading("2  Changes behind the controller's back");
    say(&format!(
        "Somebody with administrator rights changes the role of {SUBJECT} in AWS, five times."
    ));
    for change in CHANGES {
        let finding = one(stage, change).await.with_context(|| change.action())?;
        stage.table.claim(change.claim(), Source::Both, finding.map(Some));
    }
    Ok(())
}

async fn one(stage: &Stage, change: Change) -> anyhow::Result<Result<Duration, String>> {
    let name = role_name(SUBJECT);
    let before = stage.account.existing(&name).await.map_err(anyhow::Error::msg)?;
    let known = stage.resources.notes(SUBJECT, "DriftCorrected").await?;

    line(&format!(
        "\n  {}",
        paint(Tone::Strong, &format!("The second AWS client calls {} on {name}", change.action()))
    ));
    item("before", &change.part(&before));
    change.make(&stage.account, &name).await?;
    let begin = std::time::Instant::now();
    let changed = stage.account.existing(&name).await.map_err(anyhow::Error::msg)?;
    if changed == before {
        return Ok(Err("the change was not to be seen".to_owned()));
    }
    tinted("changed", &change.part(&changed), Tone::Bad);
    let restored = stage.becomes(&name, &before).await;
    let took = begin.elapsed();
    let told = until(async || {
        let notes = stage
            .resources
            .notes(SUBJECT, "DriftCorrected")
            .await
            .map_err(|error| format!("{error:#}"))?;
        let news: Vec<String> = notes.into_iter().filter(|note| !known.contains(note)).collect();
        if news.is_empty() { Err("no Event tells what was corrected".to_owned()) } else { Ok(news) }
    });
    let told = told.await.map(|(news, _)| news);
    for step in told.iter().flatten() {
        item("plan", step);
    }
    let after = stage.account.existing(&name).await.map_err(anyhow::Error::msg)?;
    tinted("after", &format!("{}  ({})", change.part(&after), seconds(took)), Tone::Good);
    Ok(restored.and(told).map(|_| took))
}
