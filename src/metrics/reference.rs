//! The page `docs/reference/metrics.md`, made of the table. A test fails when it is stale.

use std::fmt::Write;

use super::{
    HORIZONS, TABLE, process,
    table::{CAUSES, PLACES, SWEEPS},
};
use crate::plan::{form::observed::RolePart, say::verdict};

/// What a label tells, and its values, as Markdown.
fn labels() -> Vec<(&'static str, String)> {
    let list = |values: &[&str]| {
        values.iter().map(|value| format!("`{value}`")).collect::<Vec<_>>().join(", ")
    };
    vec![
        ("account", "AWS account, 12 digits".into()),
        ("action", "action of IAM that the controller calls, as `GetRole`".into()),
        ("cause", list(&CAUSES)),
        ("code", "HTTP status, as `200`; `none` where no answer came".into()),
        (
            "condition",
            "type of a condition: `Ready`, `Synced`, `Reconciling`, `Stalled`, \
            `Expired`"
                .into(),
        ),
        ("method", "`GET`, `POST`, `PATCH`, `PUT`, `DELETE`, and `WATCH` for a watch".into()),
        (
            "outcome",
            "`success`, or what can be done about the failure: `not_found`, which is an answer \
             where a role is looked for, `throttled`, \
             `access_denied`, `unreachable`, `server_error` and so on"
                .into(),
        ),
        ("part", list(&RolePart::CLASSES)),
        ("place", list(&PLACES)),
        (
            "reason",
            format!(
                "a [reason](reasons.md), empty before the first report. In \
                 `rolewright_refusals_total` one of {}; in \
                 `rolewright_retries_total` also `KubernetesApi` (the API server failed or \
                 reported a conflict) and `NotVisible` (AWS does not \
                 show yet what was done)",
                list(verdict::REFUSALS)
            ),
        ),
        ("resource", "name of an `IAMRole`".into()),
        ("resource_namespace", "namespace of an `IAMRole`".into()),
        (
            "result",
            format!(
                "of a pass: `converged`, `settled` (nothing to do until something changes), \
                 `waiting`, `failed`, `gone`, `panicked`; of a sweep: {}",
                list(&SWEEPS)
            ),
        ),
        ("status", "`True`, `False`, `Unknown`".into()),
        ("version", "version of the controller".into()),
        ("within_seconds", list(&HORIZONS.map(|(_, name)| name))),
    ]
}

/// The page of metrics.
#[must_use]
pub fn markdown() -> String {
    let mut page = String::from(
        "# Metrics\n\nMade of `src/metrics/table.rs`; edit that. `/metrics` on the address of \
         `--listen` answers in the OpenMetrics text format. \
         Without `--resource-metrics` no label names a resource or a namespace, so the number of \
         series does not grow with the number of resources. \
         [Monitor](../how-to/monitor.md) tells how to scrape them and what to look at.\n\n\
         What counts resources is counted at the moment of the scrape, by the process that leads; \
         a process that stands by shows none.\n\n\
         | Name | Type | Labels | Meaning |\n|---|---|---|---|\n",
    );
    for row in TABLE {
        let labels: Vec<String> = row.labels.iter().map(|label| format!("`{label}`")).collect();
        let _ = writeln!(
            page,
            "| `{}` | {} | {} | {} |",
            row.name(),
            row.kind,
            labels.join(", "),
            row.help
        );
    }
    for (name, kind, _, help) in process::TABLE {
        let total = if kind == "counter" { "_total" } else { "" };
        let _ = writeln!(page, "| `{name}{total}` | {kind} |  | {help} |");
    }
    page.push_str("\n## Labels\n\n| Label | Values |\n|---|---|\n");
    for (label, values) in labels() {
        let _ = writeln!(page, "| `{label}` | {values} |");
    }
    page
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_page_of_metrics_is_current() {
        let path = format!("{}/docs/reference/metrics.md", env!("CARGO_MANIFEST_DIR"));
        let now = markdown();
        if std::env::var_os("ROLEWRIGHT_UPDATE").is_some() {
            std::fs::write(&path, &now).expect("the page can be written");
        }
        let written = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            written == now,
            "docs/reference/metrics.md is stale: refresh it with `ROLEWRIGHT_UPDATE=1 cargo test \
             --lib metrics::`"
        );
    }

    #[test]
    fn each_label_of_the_table_is_explained_and_no_other_and_none_is_without_bound() {
        let used: BTreeSet<&str> = TABLE.iter().flat_map(|row| row.labels).copied().collect();
        assert_eq!(labels().iter().map(|(label, _)| *label).collect::<BTreeSet<_>>(), used);
        // Those that name a resource are shown only where somebody asks for them.
        let asked = |row: &&crate::metrics::Row| row.help.contains("--resource-metrics");
        let always = TABLE.iter().filter(|row| !asked(row)).flat_map(|row| row.labels);
        let always: BTreeSet<&str> = always.copied().collect();
        let unbounded =
            ["namespace", "name", "role", "resource", "resource_namespace", "uid", "message"];
        for label in unbounded {
            assert!(!always.contains(label), "{label}");
        }
    }

    #[test]
    fn a_help_is_one_sentence() {
        for row in TABLE {
            assert!(
                row.help.ends_with('.') && !row.help.contains('|') && !row.help.contains(". "),
                "{}",
                row.stem
            );
        }
    }
}
