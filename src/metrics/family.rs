//! Counter, gauge and histogram with label names that are fixed in the table, and values that are
//! as many.

use std::fmt;

use prometheus_client::{
    metrics::{counter, family::Family, gauge, histogram},
    registry::{Metric, Registry, Unit},
};

/// Upper bounds in seconds: from an AWS call to a sweep of a large account.
const BUCKETS: [f64; 13] =
    [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0];

/// Kind of a metric, as the text format names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetricKind {
    /// Only grows.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Counts by upper bound.
    Histogram,
}

impl fmt::Display for MetricKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        })
    }
}

/// One metric, as the table tells it.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// Name without prefix and suffixes.
    pub stem: &'static str,
    /// Counter, gauge or histogram.
    pub kind: MetricKind,
    /// Base unit.
    pub unit: Option<&'static str>,
    /// Names of the labels, in the order of their values.
    pub labels: &'static [&'static str],
    /// A sentence.
    pub help: &'static str,
}

impl Row {
    /// The name of the family: with prefix and unit.
    #[must_use]
    pub fn family(&self) -> String {
        let unit = self.unit.map(|unit| format!("_{unit}")).unwrap_or_default();
        format!("rolewright_{}{unit}", self.stem)
    }

    /// The name by which it is asked for; a histogram's series add `_bucket`, `_sum` and `_count`
    /// to it.
    #[must_use]
    pub fn name(&self) -> String {
        let total = if self.kind == MetricKind::Counter { "_total" } else { "" };
        format!("{}{total}", self.family())
    }
}

type Labels = Vec<(&'static str, String)>;

fn put(registry: &mut Registry, row: &Row, metric: impl Metric) {
    // The registry ends the sentence itself.
    let help = row.help.trim_end_matches('.');
    match row.unit {
        Some(unit) => {
            registry.register_with_unit(row.stem, help, Unit::Other(unit.to_owned()), metric);
        }
        None => registry.register(row.stem, help, metric),
    }
}

macro_rules! kind {
    ($(#[$doc:meta])* $name:ident, $metric:ty) => {
        $(#[$doc])*
        #[derive(Debug)]
        pub struct $name<const N: usize> {
            labels: &'static [&'static str],
            family: Family<Labels, $metric, fn() -> $metric>,
        }

        impl<const N: usize> $name<N> {
            fn labels(&self, values: [&str; N]) -> Labels {
                self.labels.iter().copied().zip(values.map(str::to_owned)).collect()
            }

            pub(super) fn register(registry: &mut Registry, row: &Row) -> Self {
                let family = Family::new_with_constructor(Self::fresh as fn() -> $metric);
                put(registry, row, family.clone());
                if row.labels.is_empty() {
                    drop(family.get_or_create(&Labels::new()));
                }
                Self { labels: row.labels, family }
            }
        }
    };
}

kind!(
    /// Only grows.
    Counter, counter::Counter
);
kind!(
    /// Goes up and down.
    Gauge, gauge::Gauge
);
kind!(
    /// Seconds, counted by upper bound.
    Histogram, histogram::Histogram
);

impl<const N: usize> Counter<N> {
    fn fresh() -> counter::Counter {
        counter::Counter::default()
    }

    /// One more.
    pub fn inc(&self, values: [&str; N]) {
        self.family.get_or_create(&self.labels(values)).inc();
    }

    /// Shows the series with zero, so that its first increase is seen as one.
    pub(super) fn begin(&self, values: [&str; N]) {
        drop(self.family.get_or_create(&self.labels(values)));
    }
}

impl<const N: usize> Gauge<N> {
    fn fresh() -> gauge::Gauge {
        gauge::Gauge::default()
    }

    /// The whole value from now on.
    pub fn set(&self, values: [&str; N], value: i64) {
        self.family.get_or_create(&self.labels(values)).set(value);
    }

    /// Forgets all series.
    pub(super) fn clear(&self) {
        self.family.clear();
    }
}

impl<const N: usize> Histogram<N> {
    fn fresh() -> histogram::Histogram {
        histogram::Histogram::new(BUCKETS)
    }

    /// One more, of so many seconds.
    pub fn observe(&self, values: [&str; N], seconds: f64) {
        self.family.get_or_create(&self.labels(values)).observe(seconds);
    }
}
