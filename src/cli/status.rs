//! `rolewright status`: how resources stand, in a table or one by one.

use std::fmt::Write;

use jiff::Timestamp;
use serde::Serialize;

use super::{
    output::{Answer, Format, OutputArgs, Paint, Tone},
    roles::{self, PlaceArgs},
};
use crate::{
    api::{condition, kinds::iam_role::IamRole, object::Object},
    plan::say::conditions,
};

/// What stands below the flags.
pub const HELP: &str = "\
Without a name, a table of all resources. With names, each resource in detail: \
conditions, role, planned changes and the last correction.

  rolewright status
  rolewright status -A
  rolewright status -n team-a worker

Exit code: 0 all are ready, 1 one is not, 2 the cluster can't be reached or \
has no such resource.";

/// Arguments of `status`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Resources to show in detail [default: a table of all]
    #[arg(value_name = "NAME")]
    names: Vec<String>,
    #[command(flatten)]
    place: PlaceArgs,
    #[command(flatten)]
    output: OutputArgs,
}

/// The same for programs.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Printed<'a> {
    namespace: &'a str,
    name: &'a str,
    ready: &'a str,
    reason: &'a str,
    message: &'a str,
    account_id: Option<&'a str>,
    role_name: Option<&'a str>,
    arn: Option<&'a str>,
    expires_at: Option<String>,
    paused: bool,
    deleting: bool,
    generation: i64,
    observed_generation: Option<i64>,
    plan: &'a [String],
}

/// Asks the cluster.
///
/// # Errors
/// The cluster can't be asked.
pub async fn run(args: &Args, paint: Paint) -> anyhow::Result<Answer> {
    let requests = args.place.connect().await?;
    let (found, missing) = roles::find(&requests, &args.place, &args.names).await?;
    let mut answer = told(args, &found, paint, Timestamp::now())?;
    if found.is_empty() && missing.is_empty() {
        answer.notes.push(if args.place.all_namespaces {
            "there is no IAMRole in any namespace".into()
        } else {
            format!("there is no IAMRole in the namespace {}", requests.namespace())
        });
    }
    if !missing.is_empty() {
        answer.code = 2;
    }
    answer.notes.extend(missing);
    Ok(answer)
}

fn told(
    args: &Args,
    found: &[Object<IamRole>],
    paint: Paint,
    now: Timestamp,
) -> anyhow::Result<Answer> {
    let printed: Vec<Printed<'_>> = found.iter().map(Printed::of).collect();
    let code = u8::from(printed.iter().any(|role| role.ready != "True"));
    if args.output.format == Format::Json {
        return Ok(Answer::json(&printed, code)?);
    }
    let text = if !args.names.is_empty() {
        let one = |(role, object)| one(role, object, paint);
        printed.iter().zip(found).map(one).collect::<Vec<_>>().join("\n")
    } else if found.is_empty() {
        String::new()
    } else {
        table(&printed, found, args.place.all_namespaces, paint, now)
    };
    Ok(Answer::new(text, code))
}

impl<'a> Printed<'a> {
    fn of(object: &'a Object<IamRole>) -> Self {
        let status = &object.status;
        let ready = conditions::find(&status.conditions, condition::READY);
        Self {
            namespace: &object.key.namespace,
            name: &object.key.name,
            ready: ready.map_or("Unknown", |ready| &ready.status),
            reason: ready.map_or("", |ready| &ready.reason),
            message: ready.map_or("no controller has seen it yet", |ready| &ready.message),
            account_id: status.account_id.as_deref(),
            role_name: status.role_name.as_deref(),
            arn: status.arn.as_deref(),
            expires_at: status.expires_at.as_ref().map(|time| time.0.to_string()),
            paused: object.pause.is_meant(),
            deleting: object.deleting,
            generation: object.generation,
            observed_generation: status.observed_generation,
            plan: status.plan.as_deref().unwrap_or_default(),
        }
    }

    /// As it stands, and whether that is old news.
    fn tone(&self) -> Tone {
        match self.ready {
            "True" => Tone::Good,
            "False" if !self.paused => Tone::Bad,
            _ => Tone::Careful,
        }
    }
}

/// Columns as wide as their widest cell. The second is coloured, after it was measured.
fn table(
    roles: &[Printed<'_>],
    found: &[Object<IamRole>],
    namespaces: bool,
    paint: Paint,
    now: Timestamp,
) -> String {
    let head = ["NAMESPACE", "NAME", "READY", "REASON", "ACCOUNT", "ROLE", "EXPIRES", "AGE"];
    let mut rows: Vec<[String; 8]> = vec![head.map(str::to_owned)];
    rows.extend(roles.iter().zip(found).map(|(role, object)| {
        [
            role.namespace.to_owned(),
            role.name.to_owned(),
            role.ready.to_owned(),
            role.reason.to_owned(),
            role.account_id.unwrap_or_default().to_owned(),
            role.role_name.unwrap_or_default().to_owned(),
            role.expires_at.clone().unwrap_or_default(),
            age(now.duration_since(object.created).as_secs()),
        ]
    }));
    let widths: Vec<usize> = (0..head.len())
        .map(|column| {
            rows.iter().filter_map(|row| row.get(column)).map(String::len).max().unwrap_or_default()
        })
        .collect();
    let mut text = String::new();
    for (index, row) in rows.iter().enumerate() {
        let tone = index.checked_sub(1).and_then(|index| roles.get(index)).map(Printed::tone);
        let mut line = String::new();
        for (column, (cell, width)) in row.iter().zip(&widths).enumerate() {
            if column == 0 && !namespaces {
                continue;
            }
            let gap = " ".repeat(width.saturating_sub(cell.len()) + 2);
            match tone.filter(|_| column == 2) {
                Some(tone) => line += &paint.word(cell, tone),
                None => line += cell,
            }
            line += &gap;
        }
        text += line.trim_end();
        text.push('\n');
    }
    text
}

/// As kubectl tells ages.
fn age(seconds: i64) -> String {
    match seconds {
        ..=119 => format!("{}s", seconds.max(0)),
        120..=7_199 => format!("{}m", seconds / 60),
        7_200..=172_799 => format!("{}h", seconds / 3_600),
        _ => format!("{}d", seconds / 86_400),
    }
}

/// Everything about one resource.
fn one(role: &Printed<'_>, object: &Object<IamRole>, paint: Paint) -> String {
    let status = &object.status;
    let word = paint.word(role.ready, role.tone());
    let mut text = format!("IAMRole {}\n", object.key);
    let mut say = |what: &str, value: &str| {
        let _ = writeln!(text, "  {what:<12} {value}");
    };
    say("Ready", format!("{word}  {}", role.reason).trim_end());
    say("", role.message);
    if role.observed_generation != Some(role.generation) {
        say("Generation", &format!("{} was not looked at yet", role.generation));
    }
    if role.paused {
        say("Paused", "yes");
    }
    if role.deleting {
        say("Deleting", "yes");
    }
    say("Account", role.account_id.unwrap_or("not known yet"));
    say("Role", role.arn.or(role.role_name).unwrap_or("none"));
    if let Some(end) = &role.expires_at {
        say("Expires", end);
    }
    for other in &status.conditions {
        if ![condition::READY, condition::SYNCED].contains(&other.type_.as_str()) {
            say(&other.type_, &format!("{}  {}", other.status, other.reason));
        }
    }
    if let Some(drift) = &status.drift {
        let times = if drift.count == 1 { "once" } else { "times" };
        let count = if drift.count == 1 { String::new() } else { format!("{} ", drift.count) };
        let parts = drift.parts.join(", ");
        say(
            "Drift",
            &format!("corrected {count}{times}, last at {}: {parts}", drift.last_corrected_at.0),
        );
    }
    for (index, line) in role.plan.iter().enumerate() {
        say(if index == 0 { "Would change" } else { "" }, line);
    }
    text
}

#[cfg(test)]
mod tests;
