//! What is refused: a role of somebody else, a misspelt field, a policy that nobody may attach, and
//! a mistake that only the controller can see.

use crate::account::{RoleView, trust_of};
use crate::expected::role_name;
use crate::system::ACCOUNT;
use crate::table::Source;
use crate::terminal::{heading, item, line, say};
use crate::wait::until;
use crate::walk::Stage;

/// A role that was there before, and what was found about the resource that asks for its name.
pub struct Foreign {
    pub name: String,
    before: RoleView,
    refused: Result<(), String>,
}

/// Makes a role, then applies a resource whose role would have the same name.
///
/// # Errors
/// When AWS or the API server fails.
pub async fn foreign_role(stage: &mut Stage) -> anyhow::Result<Foreign> {
    heading("6  A role of somebody else has the name");
    let resource = "team-b/reports";
    let name = role_name(resource);
    let trust = trust_of("AWS", &format!("arn:aws:iam::{ACCOUNT}:root"));
    stage.account.make_foreign_role(&name, &trust).await?;
    let before = stage.account.existing(&name).await.map_err(anyhow::Error::msg)?;
    before.print();
    line("");
    let edits = [("name: queue-worker\n  namespace", "name: reports\n  namespace")];
    stage.resources.apply_copy("4-pasted-document.yaml", &edits).await?;
    let refused = until(async || stage.resources.ready(resource, "False", "NotOwned").await).await;
    if let Ok((message, _)) = &refused {
        item("NotOwned", message);
    }
    Ok(Foreign { name, before, refused: refused.map(drop) })
}

impl Foreign {
    /// Looks at the role once more; some sweeps have gone by.
    pub async fn claim(self, stage: &mut Stage) {
        let after = stage.account.existing(&self.name).await;
        let untouched = after.and_then(|after| {
            if after == self.before { Ok(None) } else { Err(self.before.difference(&after)) }
        });
        let claim = "A foreign role of the same name is refused, and after sweeps untouched";
        stage.table.claim(claim, Source::Both, self.refused.and(untouched));
    }
}

/// Manifests that the API server does not take.
///
/// # Errors
/// When kubectl or AWS fails.
pub async fn at_admission(stage: &mut Stage) -> anyhow::Result<()> {
    heading("7  Mistakes are refused, with the remedy");
    let edits = [
        ("name: thumbnails\n  namespace", "name: misspelt\n  namespace"),
        ("permissionsBoundary:", "permissionBoundary:"),
    ];
    let finding =
        refused(stage, "team-a/misspelt", &edits, &["permissionBoundary", "permissionsBoundary"])
            .await;
    let claim = "A misspelt field is refused at admission, with the fields there are";
    stage.table.claim(claim, Source::Both, finding.map(|()| None));

    let edits = [
        ("name: thumbnails\n  namespace", "name: too-much\n  namespace"),
        ("service-role/AWSLambdaBasicExecutionRole", "AdministratorAccess"),
    ];
    line("");
    let finding = refused(
        stage,
        "team-a/too-much",
        &edits,
        &["AdministratorAccess", "attach a narrower policy"],
    )
    .await;
    let claim = "A forbidden policy is refused at admission, with what to do instead";
    stage.table.claim(claim, Source::Both, finding.map(|()| None));
    Ok(())
}

/// A changed copy of `2-lambda.yaml` has to be refused with these words, and nothing may come of
/// it.
async fn refused(
    stage: &Stage,
    resource: &str,
    edits: &[(&str, &str)],
    words: &[&str],
) -> Result<(), String> {
    let said = stage
        .resources
        .refused("2-lambda.yaml", edits)
        .await
        .map_err(|error| format!("{error:#}"))?;
    if let Some(missing) = words.iter().find(|word| !said.contains(**word)) {
        return Err(format!("the refusal does not say {missing:?}: {said}"));
    }
    stage.resources.absent(resource).await?;
    stage.account.absent(&role_name(resource)).await
}

/// A mistake that admission cannot see.
///
/// # Errors
/// When kubectl or AWS fails.
pub async fn by_the_controller(stage: &mut Stage) -> anyhow::Result<()> {
    line("");
    say(
        "What is inside a pasted document only the controller can see; a misspelt Condition would \
         widen access:",
    );
    let resource = "team-b/pasted-wrong";
    let edits = [
        ("name: queue-worker\n  namespace", "name: pasted-wrong\n  namespace"),
        ("\"Condition\": {", "\"Conditon\": {"),
    ];
    stage.resources.apply_copy("4-pasted-document.yaml", &edits).await?;
    let said = until(async || stage.resources.ready(resource, "False", "InvalidSpec").await).await;
    if let Ok((message, _)) = &said {
        item("InvalidSpec", message);
    }
    let absent = stage.account.absent(&role_name(resource)).await;
    let finding = said.and_then(|(message, _)| {
        let named = message.contains("Conditon")
            && message.contains("spec.permissions.inlinePolicies[0].document");
        if named {
            absent.map(|()| None)
        } else {
            Err(format!("the condition does not name the mistake: {message}"))
        }
    });
    let claim = "A mistake in a pasted document is refused by the controller, by name";
    stage.table.claim(claim, Source::Both, finding);
    Ok(())
}
