//! Metrics and the log of the running binary, and the alerts, the dashboard and the runbooks that
//! go by them.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use aws_sdk_iam::types::Tag;
use rolewright::metrics::{MetricKind, TABLE};
use rolewright::plan::say::verdict::REFUSALS;
use serde_json::{Value, json};

use harness::world::{SOON, World, lambda, whole};
use harness::{Fault, FaultKind, promtool, repository, wait_until};

const ALERTS: &str = "charts/rolewright/files/alerts.yaml";
const DASHBOARD: &str = "charts/rolewright/files/dashboard.json";
const RUNBOOKS: &str = "docs/runbooks";

/// The value of a series, by its name and labels as in the text.
fn value(text: &str, series: &str) -> Option<f64> {
    text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' ')?.parse().ok())
}

#[tokio::test]
async fn each_metric_of_the_table_is_seen_and_promtool_finds_no_fault_in_them() {
    let mut world = World::new("metrics").await;
    let key = world.scope.account.controller_key.clone();
    let throttle = Fault::on("GetRole", FaultKind::Throttle).only(&key).times(1);
    world.scope.cluster.standin.faults(&world.scope.account, &[throttle]);
    world.apply("x", &whole());
    world.apply(
        "wrong",
        &json!({"trust": [{"name": "pods", "serviceAccount": {"name": "pod", "annotate": true}}]}),
    );
    world.apply("brief", &json!({"trust": [lambda()], "lifetime": {"ttl": "15s"}}));
    world.apply("long", &json!({"trust": [lambda()], "lifetime": {"ttl": "2h"}}));
    world.wait_ready("x");
    world.wait_ready("long");
    world.wait_reason("wrong", "InvalidSpec");
    let tag = Tag::builder().key("owner").value("mallory").build().expect("a tag");
    world.scope.iam().tag_role().role_name(world.role("x")).tags(tag).send().await.expect("tag");
    world.wait_reason("brief", "Expired");
    let account = world.scope.account.id.clone();
    let expected = [
        (format!(r#"rolewright_aws_throttles_total{{account="{account}",action="GetRole"}}"#), 1.0),
        (r#"rolewright_corrections_total{part="tag"}"#.into(), 1.0),
        (r#"rolewright_drift_total{part="tag"}"#.into(), 1.0),
        (r#"rolewright_refusals_total{reason="InvalidSpec"}"#.into(), 1.0),
        (r#"rolewright_removals_total{cause="expired"}"#.into(), 1.0),
        (
            r#"rolewright_resources{condition="Ready",status="True",reason="Reconciled"}"#.into(),
            2.0,
        ),
        (
            r#"rolewright_resources{condition="Stalled",status="True",reason="InvalidSpec"}"#
                .into(),
            1.0,
        ),
        (r#"rolewright_roles_expiring{within_seconds="86400"}"#.into(), 1.0),
        (r#"rolewright_retries_total{reason="Throttled"}"#.into(), 1.0),
        ("rolewright_leader".into(), 1.0),
        (format!(r#"rolewright_build_info{{version="{}"}}"#, env!("CARGO_PKG_VERSION")), 1.0),
    ];
    let controller = world.controller();
    let text = wait_until("the metrics to tell what happened", SOON, || {
        let text = controller.get("/metrics").body;
        let off =
            expected.iter().find(|(series, expected)| value(&text, series) != Some(*expected));
        match off {
            None => Ok(text),
            Some((series, _)) => Err(format!("{series}: {:?}", value(&text, series))),
        }
    });
    // Those that name resources are shown on request only.
    let named = |row: &&rolewright::metrics::Row| row.labels.contains(&"resource");
    for row in TABLE.iter().filter(|row| !named(row)) {
        let name = row.name();
        let begins = [format!("{name} "), format!("{name}{{"), format!("{name}_count")];
        let seen = text.lines().any(|line| begins.iter().any(|begin| line.starts_with(begin)));
        assert!(seen, "{name} is not seen\n{text}");
    }
    let swept = format!(
        "rolewright_sweep_last_success_timestamp_seconds{{account=\"{}\"}}",
        world.scope.account.id
    );
    assert!(value(&text, &swept) > Some(1e9), "{text}");
    assert!(
        !text.contains("brief") && !text.contains(&world.scope.namespace),
        "no label names a resource\n{text}"
    );
    let Some(promtool) = promtool() else { return };
    let said = run(promtool, &["check", "metrics"], &classic(&text), Path::new("."));
    assert_eq!(said, Ok(String::new()));
}

/// The older text format, which `promtool check metrics` reads: the type of a counter is told with
/// its suffix.
fn classic(text: &str) -> String {
    let counter = |line: &str| {
        let family = line.strip_prefix("# TYPE ")?.strip_suffix(" counter")?;
        Some(family.to_owned())
    };
    let counters: BTreeSet<String> = text.lines().filter_map(counter).collect();
    let line = |line: &str| {
        let words: Vec<&str> = line.splitn(4, ' ').collect();
        match words.as_slice() {
            ["#", "EOF" | "UNIT", ..] => None,
            ["#", what, family, rest] if counters.contains(*family) => {
                Some(format!("# {what} {family}_total {rest}\n"))
            }
            _ => Some(format!("{line}\n")),
        }
    };
    text.lines().filter_map(line).collect()
}

/// What a tool says.
fn run(tool: &Path, args: &[&str], stdin: &str, folder: &Path) -> Result<String, String> {
    let mut command = Command::new(tool);
    command
        .args(args)
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().expect("it starts");
    child.stdin.take().expect("a pipe").write_all(stdin.as_bytes()).expect("it reads");
    let output = child.wait_with_output().expect("it ends");
    let said = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    if output.status.success() { Ok(said) } else { Err(said) }
}

#[tokio::test]
async fn the_log_level_changes_while_it_runs_and_lines_about_aws_carry_the_ids() {
    let mut world = World::quiet("loglevel").await;
    let mut controller =
        world.scope.controller(&[&World::args()[..], &["--log-format", "json"]].concat());
    controller.wait_ready();
    world.apply("x", &whole());
    world.wait_ready("x");
    let lines = |log: &str, message: &str| -> Vec<Value> {
        let lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        lines
            .filter(|line| line["message"].as_str().is_some_and(|text| text.contains(message)))
            .collect()
    };
    let log = controller.log();
    assert!(lines(&log, "called AWS").is_empty(), "{log}");
    let id = |line: &Value| line["request_id"].as_str().unwrap_or_default().to_owned();
    let audit = lines(&log, "+ create role").remove(0);
    let resource = format!("{}/x", world.scope.namespace);
    assert_eq!(
        (audit["resource"].as_str(), audit["account"].as_str()),
        (Some(&*resource), Some(&*world.scope.account.id))
    );
    assert!(audit["role"] == world.role("x") && !id(&audit).is_empty(), "{audit}");

    let wrong = controller.put("/log-level", "verbose");
    assert!(
        wrong.status == 400 && wrong.body.contains("use error, warn, info, debug"),
        "{}",
        wrong.body
    );
    assert_eq!(controller.get("/log-level").body, "info\n");
    let answer = controller.put("/log-level", "info,rolewright=debug\n");
    assert_eq!(
        (answer.status, controller.get("/log-level").body),
        (200, "rolewright=debug,info\n".to_owned())
    );
    world
        .scope
        .kubectl(&["annotate", "iamrole", "x", "rolewright.dev/reconcile-requested-at=1"])
        .ok();
    let line = wait_until("a line about GetRole", SOON, || {
        let log = controller.log();
        let calls = lines(&log, "called AWS");
        calls.into_iter().find(|line| line["action"] == "GetRole").ok_or(log.len())
    });
    assert!(
        line["role"] == world.role("x") && line["account"] == *world.scope.account.id,
        "{line}"
    );
    assert!(!id(&line).is_empty() && line["span"]["resource"] == *resource, "{line}");

    controller.put("/log-level", "info");
    let told = lines(&controller.log(), "called AWS").len();
    world.controller = Some(controller);
    world.wait_sweeps(2);
    let log = world.controller().log();
    assert!(lines(&log, "called AWS").len() <= told + 2, "the level went back");
    let failed = Fault::on("GetRole", FaultKind::AccessDenied)
        .only(&world.scope.account.controller_key)
        .times(1);
    world.scope.cluster.standin.faults(&world.scope.account, &[failed]);
    world
        .scope
        .kubectl(&[
            "annotate",
            "--overwrite",
            "iamrole",
            "x",
            "rolewright.dev/reconcile-requested-at=2",
        ])
        .ok();
    let line = wait_until("a line about the failure", SOON, || {
        let log = world.controller.as_ref().expect("it runs").log();
        lines(&log, "an AWS call failed").pop().ok_or(log.len())
    });
    assert!(line["resource"] == *resource && line["account"] == *world.scope.account.id, "{line}");
    assert!(line["role"] == world.role("x") && !id(&line).is_empty(), "{line}");
}

/// The alerts by name.
fn alerts() -> BTreeMap<String, Value> {
    let text = std::fs::read_to_string(repository(ALERTS)).expect("the alerts");
    let file = rolewright::yaml::documents::<Value>(&text).expect("YAML").remove(0);
    let rules = file["groups"]
        .as_array()
        .expect("groups")
        .iter()
        .filter_map(|group| group["rules"].as_array());
    rules
        .flatten()
        .map(|rule| (rule["alert"].as_str().expect("a name").to_owned(), rule.clone()))
        .collect()
}

/// Words that begin as our metrics do.
fn metrics_in(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
    words.filter(|word| word.starts_with("rolewright_")).map(str::to_owned).collect()
}

#[test]
fn alerts_and_dashboard_go_by_metrics_that_there_are_and_the_dashboard_shows_all() {
    let series = |row: &rolewright::metrics::Row| {
        let name = row.name();
        if row.kind == MetricKind::Histogram {
            ["_bucket", "_sum", "_count"].map(|suffix| format!("{name}{suffix}")).to_vec()
        } else {
            vec![name]
        }
    };
    let known: BTreeSet<String> = TABLE.iter().flat_map(series).collect();
    let alerts: BTreeSet<String> = alerts()
        .values()
        .flat_map(|rule| metrics_in(rule["expr"].as_str().expect("an expression")))
        .collect();
    let text = std::fs::read_to_string(repository(DASHBOARD)).expect("the dashboard");
    let dashboard: Value = serde_json::from_str(&text).expect("JSON");
    let panels = dashboard["panels"].as_array().expect("panels");
    let targets = panels.iter().filter_map(|panel| panel["targets"].as_array()).flatten();
    let shown: BTreeSet<String> = targets
        .flat_map(|target| metrics_in(target["expr"].as_str().expect("an expression")))
        .collect();
    assert!(alerts.len() > 5 && shown.len() > 15, "{alerts:?} {shown:?}");
    let unknown: Vec<&String> =
        alerts.union(&shown).filter(|name| !known.contains(*name)).collect();
    assert!(unknown.is_empty(), "{unknown:?}");
    for row in TABLE {
        assert!(
            series(row).iter().any(|name| shown.contains(name)),
            "the dashboard leaves out {}",
            row.name()
        );
    }
}

#[test]
fn the_alert_about_refusals_names_every_refusal() {
    let rule = &alerts()["RolewrightRefused"];
    let expression = rule["expr"].as_str().expect("an expression");
    let reasons = expression
        .split("reason=~\"")
        .nth(1)
        .and_then(|rest| rest.split('"').next())
        .expect("reasons");
    assert_eq!(reasons.split('|').collect::<BTreeSet<_>>(), REFUSALS.iter().copied().collect());
}

#[test]
fn each_alert_has_its_runbook_and_each_runbook_its_alert() {
    let alerts = alerts();
    let pages = std::fs::read_dir(repository(RUNBOOKS))
        .expect("runbooks")
        .map(|entry| entry.expect("an entry").path());
    let pages: BTreeSet<String> = pages
        .map(|page| page.file_stem().expect("a name").to_string_lossy().into_owned())
        .collect();
    assert_eq!(alerts.keys().cloned().collect::<BTreeSet<_>>(), pages);
    for (name, rule) in &alerts {
        let page = format!("{RUNBOOKS}/{name}.md");
        let link = format!("{{repository}}/{page}");
        assert_eq!(rule["annotations"]["runbook_url"], link, "{name}");
        let text = std::fs::read_to_string(repository(&page)).expect("the page");
        let headings: Vec<&str> = text.lines().filter(|line| line.starts_with('#')).collect();
        let title = format!("# {name}");
        assert_eq!(headings, [&*title, "## Meaning", "## Impact", "## Diagnosis", "## Mitigation"]);
    }
}

#[test]
fn the_alerts_are_raised_when_they_should_and_only_then() {
    let Some(promtool) = promtool() else { return };
    let folder = tempfile::tempdir().expect("a folder");
    for file in [ALERTS, "tests/integration/monitoring/alerts_test.yaml"] {
        let name = Path::new(file).file_name().expect("a name");
        std::fs::copy(repository(file), folder.path().join(name)).expect("a copy");
    }
    for args in [
        &["check", "rules", "--lint=all", "--lint-fatal", "alerts.yaml"][..],
        &["test", "rules", "alerts_test.yaml"],
    ] {
        if let Err(said) = run(promtool, args, "", folder.path()) {
            panic!("promtool {}: {said}", args.join(" "));
        }
    }
}
