//! What was shown: one row for each claim, with where it was looked up and whether it holds.

use std::time::Duration;

use crate::terminal::{Tone, heading, line, paint, say, wrapped};

/// Where a claim was looked up: never in the output of the controller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    Aws,
    ApiServer,
    Both,
}

impl Source {
    fn text(self) -> &'static str {
        match self {
            Source::Aws => "AWS",
            Source::ApiServer => "API server",
            Source::Both => "AWS, API server",
        }
    }
}

struct Row {
    claim: String,
    source: Source,
    took: Option<Duration>,
    problem: Option<String>,
}

#[derive(Default)]
pub struct Table {
    rows: Vec<Row>,
}

const CLAIM: usize = 72;
const SOURCE: usize = 16;

impl Table {
    /// Adds a claim: `Ok` when it holds, with the time it took where that says something; else what
    /// was found instead.
    pub fn claim(
        &mut self,
        claim: &str,
        source: Source,
        finding: Result<Option<Duration>, String>,
    ) {
        let (took, problem) = match finding {
            Ok(took) => (took, None),
            Err(problem) => (None, Some(problem)),
        };
        self.rows.push(Row { claim: claim.to_owned(), source, took, problem });
    }

    pub fn holds(&self) -> bool {
        !self.rows.is_empty() && self.rows.iter().all(|row| row.problem.is_none())
    }

    pub fn print(&self) {
        heading("What was shown");
        say("Looked up with the second AWS client and at the API server, not in the controller's \
             output. Conditions, \
             Events and plans are what the controller wrote to the API server; roles are never \
             taken from them.");
        line(&format!(
            "\n  {:CLAIM$}  {:SOURCE$}  {:5} {:>7}",
            "Claim", "Looked up in", "Holds", "After"
        ));
        line(&format!(
            "  {}  {}  {} {}",
            "-".repeat(CLAIM),
            "-".repeat(SOURCE),
            "-".repeat(5),
            "-".repeat(7)
        ));
        for row in &self.rows {
            row.print();
        }
        let failed = self.rows.iter().filter(|row| row.problem.is_some()).count();
        let count = self.rows.len();
        let (tone, verdict) = match failed {
            0 => (Tone::Good, format!("All {count} claims hold.")),
            _ => (Tone::Bad, format!("{failed} of {count} claims do not hold.")),
        };
        line(&format!("\n  {}", paint(tone, &verdict)));
    }
}

impl Row {
    fn print(&self) {
        let (tone, holds) =
            if self.problem.is_none() { (Tone::Good, "yes") } else { (Tone::Bad, "NO") };
        let took = self.took.map(seconds).unwrap_or_default();
        for (index, part) in wrapped(&self.claim, CLAIM).iter().enumerate() {
            if index == 0 {
                let holds = paint(tone, &format!("{holds:5}"));
                line(
                    format!("  {part:CLAIM$}  {:SOURCE$}  {holds} {took:>7}", self.source.text())
                        .trim_end(),
                );
            } else {
                line(&format!("  {part}"));
            }
        }
        for part in self.problem.iter().flat_map(|problem| wrapped(problem, 100)) {
            line(&paint(tone, &format!("      {part}")));
        }
    }
}

/// `1.9 s`.
pub fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}
