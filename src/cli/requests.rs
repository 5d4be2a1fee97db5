//! `rolewright pause`, `resume` and `reconcile`: the annotations that the controller goes by, set
//! and taken off, and what became of it.

use std::{fmt::Write, time::Duration};

use anyhow::bail;
use jiff::Timestamp;
use tokio::time::{Instant, sleep};

use super::{
    output::Answer,
    roles::{self, PlaceArgs},
};
use crate::{
    api::{PAUSED, RECONCILE_REQUESTED_AT, condition, kinds::iam_role::IamRole, object::Object},
    cluster::Requests,
    plan::{decide::lifetime, failure::ClusterError, say::conditions},
};

/// What stands below the flags of `pause`.
pub const PAUSE: &str = "\
Sets the annotation rolewright.dev/paused. Until it is removed, nothing is \
written to AWS for the resource, and its deletion and the end of its lifetime \
wait.

  rolewright pause -n team-a worker

Exit code: 0 paused, 2 it failed.";

/// What stands below the flags of `resume`.
pub const RESUME: &str = "\
Removes the annotation rolewright.dev/paused. The controller then reads the \
role and makes it match the resource.

  rolewright resume -n team-a worker

Exit code: 0 resumed, 2 it failed.";

/// What stands below the flags of `reconcile`.
pub const RECONCILE: &str = "\
Sets the annotation rolewright.dev/reconcile-requested-at to the current time. \
A request also restores trust in principals that were deleted and created \
again, and takes back a role that a second cluster has claimed.

  rolewright reconcile -n team-a worker --wait

Exit code: 0 requested, and with --wait ready; 1 with --wait: not ready; 2 it \
failed, or --timeout has passed.";

/// Between two looks at a resource that is waited for.
const PACE: Duration = Duration::from_millis(500);

/// Which resources.
#[derive(Debug, clap::Args)]
pub struct Which {
    /// Names of the resources
    #[arg(value_name = "NAME", required_unless_present = "all", conflicts_with = "all")]
    names: Vec<String>,
    /// All resources of the namespace; with -A, of all namespaces
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    place: PlaceArgs,
}

/// Arguments of `reconcile`.
#[derive(Debug, clap::Args)]
pub struct ReconcileArgs {
    #[command(flatten)]
    which: Which,
    /// Wait until each resource is reconciled, and print its status
    #[arg(long)]
    wait: bool,
    /// Longest time to wait
    #[arg(long, value_name = "DURATION", default_value = "5m", requires = "wait")]
    timeout: String,
}

async fn find(which: &Which) -> anyhow::Result<(Requests, Vec<Object<IamRole>>)> {
    let requests = which.place.connect().await?;
    let (found, missing) = roles::find(&requests, &which.place, &which.names).await?;
    if !missing.is_empty() {
        bail!("{}; nothing was done", missing.join("; "));
    }
    if found.is_empty() {
        bail!("there is no IAMRole there");
    }
    Ok((requests, found))
}

/// Pauses, or ends a pause.
///
/// # Errors
/// The cluster can't be asked, or refuses.
pub async fn pause(which: &Which, pause: bool) -> anyhow::Result<Answer> {
    let (requests, found) = find(which).await?;
    let mut text = String::new();
    for Object { key, pause: there, .. } in &found {
        requests.annotate(key, &[(PAUSED, pause.then_some("true"))]).await?;
        let word = match (pause, there.is_meant() == pause) {
            (true, false) => "paused",
            (true, true) => "was paused already",
            (false, false) => "resumed",
            (false, true) => "was not paused",
        };
        let _ = writeln!(text, "IAMRole {key} {word}");
    }
    Ok(Answer::new(text, 0))
}

/// Asks for a reconcile, and waits for it if that is wanted.
///
/// # Errors
/// The cluster can't be asked, or refuses.
pub async fn reconcile(args: &ReconcileArgs) -> anyhow::Result<Answer> {
    let Ok(timeout) = lifetime::parse_duration(&args.timeout).map(TryInto::try_into) else {
        bail!("--timeout {:?} is no duration: write it as 30s, 5m or 1h", args.timeout);
    };
    let timeout: Duration = timeout?;
    let (requests, found) = find(&args.which).await?;
    let end = Instant::now() + timeout;
    let value = Timestamp::now().to_string();
    let (mut answer, mut asked) = (Answer::default(), Vec::new());
    for object in found {
        let key = &object.key;
        // Neither serves a request: who waits would wait in vain.
        if object.deleting || object.pause.is_meant() {
            let why = if object.deleting { "is being deleted" } else { "is paused: resume it" };
            answer.notes.push(format!("IAMRole {key} {why}; it serves no request"));
            answer.code = answer.code.max(1);
            continue;
        }
        requests.annotate(key, &[(RECONCILE_REQUESTED_AT, Some(&value))]).await?;
        if !args.wait {
            let _ = writeln!(answer.text, "IAMRole {key}: a reconcile is requested");
        }
        asked.push(object);
    }
    if args.wait {
        for object in asked {
            let said = wait(&requests, &object, &value, end).await?;
            answer.code = answer.code.max(said.code);
            answer.text += &said.text;
            answer.notes.extend(said.notes);
        }
    }
    Ok(answer)
}

/// Waits until a request was served.
async fn wait(
    requests: &Requests,
    asked: &Object<IamRole>,
    value: &str,
    end: Instant,
) -> Result<Answer, ClusterError> {
    let key = &asked.key;
    loop {
        let now = match requests.get(key).await {
            Ok(Some(now)) if now.uid == asked.uid => now,
            Ok(_) | Err(ClusterError::Gone) => {
                return Ok(Answer::refused(vec![format!("IAMRole {key} is gone")]));
            }
            Err(error) => return Err(error),
        };
        if let Some(answer) = served(&now, value) {
            return Ok(answer);
        }
        if Instant::now() >= end {
            let how = "was not served within --timeout: see that a controller runs, and \
                rolewright status";
            return Ok(Answer::refused(vec![format!(
                "IAMRole {key}: the request {how} {}",
                key.name
            )]));
        }
        sleep(PACE).await;
    }
}

/// How the resource stands, once the request was served. `None` before.
fn served(now: &Object<IamRole>, value: &str) -> Option<Answer> {
    let status = &now.status;
    let handled = status.last_handled_reconcile_at.as_deref() == Some(value)
        // Somebody has asked once more: that request was later than ours.
        || (now.reconcile_requested_at.is_some()
            && now.reconcile_requested_at.as_deref() != Some(value)
            && status.last_handled_reconcile_at == now.reconcile_requested_at);
    if !handled {
        return None;
    }
    let ready = conditions::find(&status.conditions, condition::READY)?;
    let code = u8::from(ready.status != "True");
    let (key, message) = (&now.key, &ready.message);
    Some(Answer::new(
        format!("IAMRole {key}: Ready={} {}: {message}\n", ready.status, ready.reason),
        code,
    ))
}
