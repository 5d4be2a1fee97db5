//! Figures of the controller as the image has it, beside its goals. It asserts nothing about time.
//!
//! The API server is the real one. IAM is the project's strict fake (`src/sim`) over HTTP, not the
//! stand-in of the other tests: that one answers about 120 calls a second. `RESOURCES=1000,10000`
//! is the default; `ONLY=policy|new|life` runs a part.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a bench"
)]
#![allow(clippy::cast_precision_loss, reason = "figures for people")]

mod iam;
mod load;
mod policy;
mod process;
mod table;

use std::time::Duration;

use harness::Cluster;

/// The controller that is measured.
const BIN: &str = env!("CARGO_BIN_EXE_rolewright");

fn main() {
    let only = std::env::var("ONLY").ok();
    let wanted = |part: &str| only.as_deref().is_none_or(|only| only == part);
    if wanted("policy") {
        policy::print();
    }
    if only.as_deref() == Some("policy") {
        return;
    }
    let counts = std::env::var("RESOURCES").unwrap_or_else(|_| "1000,10000".to_owned());
    let counts: Vec<usize> =
        counts.split(',').map(|count| count.trim().parse().expect("a number")).collect();
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let size = std::fs::metadata(BIN).expect("the binary").len();
    println!(
        "{cores} cores; real API server; IAM is the project's strict fake (src/sim) over HTTP, 100 \
         roles a page"
    );
    println!("settings: {}", load::SETTINGS);

    let mut table = table::Table::default();
    let mut cluster = Cluster::start();
    table.tell("size of the binary", format!("{:.1} MB", process::megabytes(size / 1024)));
    if wanted("new") {
        table.part("New roles");
        let latency = Duration::from_millis(50);
        load::new_roles(&mut table, &cluster, (200, load::SETTINGS), latency, 3.0);
        load::new_roles(&mut table, &cluster, (1_000, load::SETTINGS), latency, 15.0);
        table.part("With eight passes at one time, as by default");
        load::new_roles(&mut table, &cluster, (1_000, load::EIGHT), latency, 22.0);
        load::removals(&mut table, &cluster, 200, latency, 9.8);
    }
    for count in counts.into_iter().filter(|_| wanted("life")) {
        table.part(&format!("{count} resources"));
        load::life(&mut table, &mut cluster, count);
    }
    table.print();
}
