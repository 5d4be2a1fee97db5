//! What is counted and measured. One table holds each metric's name, kind, unit, labels and help;
//! the registry and the page `docs/reference/metrics.md` are made of it. No label has values
//! without bound: none names a resource or a namespace, but for those of `--resource-metrics`.
//!
//! Counters and histograms are fed where things happen. What counts resources is asked for at the
//! moment of a scrape: the engine leaves a [`Source`] here, and nobody keeps books.

mod family;
mod process;
pub mod reference;
mod table;

use std::{
    collections::BTreeMap,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use prometheus_client::encoding::text::{encode_eof, encode_registry};

pub use self::{
    family::{Counter, Gauge, Histogram, MetricKind, Row},
    table::{Metrics, TABLE},
};

/// What the answer to a scrape is.
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Seconds until a lifetime ends: the bounds of the buckets, each of which includes the ones before
/// it.
pub const HORIZONS: [(i64, &str); 6] = [
    (0, "0"),
    (3_600, "3600"),
    (86_400, "86400"),
    (604_800, "604800"),
    (2_592_000, "2592000"),
    (i64::MAX, "+Inf"),
];

/// All resources at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Census {
    /// How many have a condition: its type, status and reason.
    pub conditions: BTreeMap<(&'static str, &'static str, &'static str), u32>,
    /// Seconds until each role ends that has a lifetime; negative when it is over and the role is
    /// still there.
    pub ends: Vec<i64>,
    /// Resources that are due and wait for their turn.
    pub waiting: usize,
    /// Seconds that the first of them has waited.
    pub oldest: i64,
    /// Resources that are being deleted.
    pub deleting: usize,
    /// Each resource by itself, where that is wanted.
    pub named: Vec<Named>,
    /// Whether the drift of an account is unseen.
    pub blind: BTreeMap<String, bool>,
    /// Seconds by which our own clock is ahead of that of an account.
    pub ahead: BTreeMap<String, i64>,
}

/// One resource.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Named {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Whether it is ready.
    pub ready: bool,
    /// When its lifetime ends, in seconds since 1970.
    pub end: Option<i64>,
}

/// Takes a census; `None` when nobody is at work.
pub type Source = Box<dyn Fn() -> Option<Census> + Send + Sync>;

/// Where the census comes from.
#[derive(Default)]
struct Asked {
    source: Mutex<Option<Source>>,
    /// Whether resources are shown one by one.
    names: AtomicBool,
}

/// A count as a gauge takes it.
#[must_use]
pub fn whole(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

impl Metrics {
    /// Asks `source` at each scrape from here on.
    pub fn ask(&self, source: Source) {
        *self.asked.source.lock().unwrap_or_else(PoisonError::into_inner) = Some(source);
    }

    /// Shows each resource by itself from here on.
    pub fn name_resources(&self) {
        self.asked.names.store(true, Ordering::Relaxed);
    }

    /// Whether each resource is shown by itself.
    #[must_use]
    pub fn names_resources(&self) -> bool {
        self.asked.names.load(Ordering::Relaxed)
    }

    /// Whether this process is the one that writes.
    pub fn leads(&self, leads: bool) {
        self.leader.set([], i64::from(leads));
    }

    /// Everything, in the text format of [`CONTENT_TYPE`].
    #[must_use]
    pub fn text(&self) -> String {
        // Held to the end: two scrapes at one moment would mix their counts.
        let source = self.asked.source.lock().unwrap_or_else(PoisonError::into_inner);
        self.fill(&source.as_ref().and_then(|source| source()).unwrap_or_default());
        let mut text = process::text();
        // Writing into a string does not fail.
        let _ = encode_registry(&mut text, &self.registry);
        let _ = encode_eof(&mut text);
        text
    }

    fn fill(&self, census: &Census) {
        self.resources.clear();
        for ((condition, status, reason), count) in &census.conditions {
            self.resources.set([condition, status, reason], i64::from(*count));
        }
        for (seconds, name) in HORIZONS {
            let count = census.ends.iter().filter(|end| **end <= seconds).count();
            self.roles_expiring.set([name], whole(count));
        }
        self.queue_depth.set([], whole(census.waiting));
        for (account, blind) in &census.blind {
            self.drift_unseen.set([account], i64::from(*blind));
        }
        for (account, ahead) in &census.ahead {
            self.clock_offset.set([account], *ahead);
        }
        self.queue_oldest.set([], census.oldest);
        self.deletions_pending.set([], whole(census.deleting));
        self.resource_ready.clear();
        self.resource_expiry_timestamp.clear();
        for Named { namespace, name, ready, end } in &census.named {
            self.resource_ready.set([namespace, name], i64::from(*ready));
            if let Some(end) = end {
                self.resource_expiry_timestamp.set([namespace, name], *end);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Something in each series.
    fn filled() -> Metrics {
        let metrics = Metrics::new();
        metrics.aws_calls.inc(["1", "GetRole", "success"]);
        metrics.aws_throttles.inc(["1", "GetRole"]);
        metrics.retries.inc(["Throttled"]);
        metrics.aws_call_duration.observe(["1", "GetRole"], 0.02);
        metrics.reconcile_duration.observe(["converged"], 0.3);
        metrics.keeps("1");
        metrics.sweep_duration.observe(["1"], 0.3);
        metrics.role_quota.set(["1"], 1_000);
        metrics.kubernetes_requests.inc(["GET", "200"]);
        metrics.ask(Box::new(|| {
            let conditions =
                [(("Ready", "True", "Reconciled"), 2), (("Ready", "Unknown", ""), 1)].into();
            let blind = [("1".to_owned(), true)].into();
            let ahead = [("1".to_owned(), -7)].into();
            let (namespace, name) = ("a".into(), "x".into());
            let named = vec![Named { namespace, name, ready: true, end: Some(1_800_000_000) }];
            let ends = vec![-5, 3_600, 86_401];
            let (waiting, oldest, deleting) = (3, 7, 2);
            Some(Census { conditions, ends, waiting, oldest, deleting, named, blind, ahead })
        }));
        metrics
    }

    #[test]
    fn each_row_of_the_table_is_in_the_text_with_type_unit_and_help() {
        let text = filled().text();
        for row in TABLE {
            let family = row.family();
            assert!(text.contains(&format!("# HELP {family} {}", row.help)), "{family}: {text}");
            assert!(text.contains(&format!("# TYPE {family} {}", row.kind)), "{family}");
            let unit = format!("# UNIT {family} ");
            assert_eq!(text.contains(&unit), row.unit.is_some(), "{family}");
            let name = row.name();
            let sample =
                text.lines().find(|line| line.starts_with(&name) && !line.starts_with('#'));
            let sample = sample.unwrap_or_else(|| panic!("{name} has no sample"));
            for label in row.labels {
                assert!(sample.contains(&format!("{label}=\"")), "{name}: {sample}");
            }
        }
        assert!(text.ends_with("# EOF\n"));
    }

    #[test]
    fn a_scrape_asks_for_the_census_and_forgets_the_one_before() {
        let metrics = filled();
        let text = metrics.text();
        for line in [
            r#"rolewright_resources{condition="Ready",status="True",reason="Reconciled"} 2"#,
            r#"rolewright_roles_expiring{within_seconds="0"} 1"#,
            r#"rolewright_roles_expiring{within_seconds="3600"} 2"#,
            r#"rolewright_roles_expiring{within_seconds="86400"} 2"#,
            r#"rolewright_roles_expiring{within_seconds="+Inf"} 3"#,
            "rolewright_queue_depth 3",
            r#"rolewright_drift_unseen{account="1"} 1"#,
            r#"rolewright_clock_offset_seconds{account="1"} -7"#,
            "rolewright_queue_oldest_seconds 7",
            "rolewright_deletions_pending 2",
            r#"rolewright_resource_ready{resource_namespace="a",resource="x"} 1"#,
            r#"rolewright_resource_expiry_timestamp_seconds{resource_namespace="a",resource="x"} 1800000000"#,
        ] {
            assert!(text.contains(line), "{line}: {text}");
        }
        metrics.ask(Box::new(|| None));
        let text = metrics.text();
        assert!(!text.contains("rolewright_resources{"), "{text}");
        assert!(!text.contains("rolewright_resource_ready{"), "{text}");
        assert!(text.contains("rolewright_queue_depth 0"), "{text}");
    }

    #[test]
    fn what_an_alert_looks_at_is_there_from_the_start() {
        let metrics = Metrics::new();
        metrics.keeps("123456789012");
        let text = metrics.text();
        for line in [
            r#"rolewright_drift_total{part="trust"} 0"#,
            r#"rolewright_corrections_total{part="trust"} 0"#,
            r#"rolewright_refusals_total{reason="InvalidSpec"} 0"#,
            r#"rolewright_removals_total{cause="expired"} 0"#,
            r#"rolewright_sweep_last_success_timestamp_seconds{account="123456789012"} 0"#,
            r#"rolewright_drift_unseen{account="123456789012"} 0"#,
            "rolewright_leader 0",
            r#"rolewright_panics_total{place="pass"} 0"#,
        ] {
            assert!(text.contains(line), "{line}: {text}");
        }
    }
}
