//! `make demo`: the whole system once, to look at. It starts a control plane, an AWS stand-in and
//! the built controller, goes through the main job on the manifests of `config/samples/`, and ends
//! with a table of what was shown.
//!
//! ```text
//! system     starts and stops the parts (with the harness of the tests)
//! account    the second AWS client: prepares, changes behind the controller's back, looks
//! resources  what people do and see with kubectl
//! walk       the steps; drift and refusals have files of their own
//! expected   what the samples ask for, written out by hand
//! table      one row for each claim
//! keep       what to do while it keeps running
//! ```
//!
//! `KEEP`, when not empty, leaves everything running after the table until SIGINT or SIGTERM. Exit
//! code 0: every claim holds; 1: one does not, or a step could not be made; 130: interrupted before
//! the table.
//!
//! What the table says comes from AWS and from the API server, never from the controller's output.
//! Rows about conditions, Events and plans check what the controller wrote to the API server; what
//! a role is like, AWS alone tells.

mod account;
mod drift;
mod expected;
mod keep;
mod policy;
mod refusals;
mod resources;
mod system;
mod table;
mod terminal;
mod wait;
mod walk;

use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::account::Account;
use crate::resources::Resources;
use crate::system::System;
use crate::table::{Table, seconds};
use crate::terminal::{Tone, heading, line, paint, say};
use crate::walk::Stage;

/// The controller that is shown.
const BIN: &str = env!("CARGO_BIN_EXE_rolewright");

const FAILED: u8 = 1;
const INTERRUPTED: u8 = 130;

fn main() -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let code = runtime.block_on(async {
        let mut stop = Stop::listen()?;
        demonstrate(&mut stop).await
    });
    // A start that was interrupted is still going on in its thread; what it has started ends with
    // this process.
    runtime.shutdown_background();
    code.map(ExitCode::from)
}

async fn demonstrate(stop: &mut Stop) -> anyhow::Result<u8> {
    let begin = Instant::now();
    heading("rolewright: AWS IAM roles, kept as written");
    let started = tokio::select! {
        started = start() => started,
        () = stop.asked() => return Ok(interrupted()),
    };
    let (system, account) = started?;
    let resources = Resources::new(Arc::clone(&system.cluster));
    let mut stage = Stage { account, resources, table: Table::default() };
    let walked = tokio::select! {
        biased;
        () = stop.asked() => None,
        walked = stage.walk() => Some(walked),
    };
    let Stage { account, resources, table } = stage;
    drop((account, resources)); // they hold the cluster
    // Ctrl-C goes to kubectl, too, and that may be seen first.
    let grace = Duration::from_millis(200);
    let walked = match walked {
        Some(Err(_)) if tokio::time::timeout(grace, stop.asked()).await.is_ok() => None,
        other => other,
    };
    let Some(walked) = walked else { return Ok(end(system, interrupted())) };
    table.print();
    let good = walked.is_ok() && table.holds();
    if let Err(error) = walked {
        line(&paint(Tone::Bad, &format!("\n  The steps ended early: {error:#}")));
    }
    if !good {
        line(&format!("\n{}", system.last_words()));
    }
    say(&format!("It took {}.", seconds(begin.elapsed())));
    if std::env::var_os("KEEP").is_some_and(|keep| !keep.is_empty()) {
        match keep::shell(&system) {
            Ok(_shell) => stop.asked().await,
            Err(error) => line(&paint(Tone::Bad, &format!("  {error:#}"))),
        }
        line("");
    }
    Ok(end(system, if good { 0 } else { FAILED }))
}

/// Starts everything and prepares the account.
async fn start() -> anyhow::Result<(System, Account)> {
    let cluster =
        tokio::task::spawn_blocking(System::cluster).await.context("the system does not start")?;
    heading("What the samples name and rolewright does not make");
    let keys = System::keys();
    let account = Account { iam: cluster.standin.iam_client(&keys) };
    account.prepare().await?;
    heading("The controller");
    let system = tokio::task::spawn_blocking(|| System::start(cluster, keys)).await;
    Ok((system.context("the controller does not start")?, account))
}

fn interrupted() -> u8 {
    line("");
    say("Interrupted: everything that was started ends now.");
    INTERRUPTED
}

/// Ends the system. The exit code is `code`, or `FAILED` when something is left.
fn end(system: System, code: u8) -> u8 {
    match system.stop() {
        Ok(words) => {
            say(&words);
            code
        }
        Err(problem) => {
            line(&paint(Tone::Bad, &format!("  {problem}")));
            FAILED
        }
    }
}

/// Somebody wants an end: SIGINT, SIGTERM, or the process that started us has gone (cargo does not
/// pass SIGTERM on).
struct Stop {
    interrupt: Signal,
    terminate: Signal,
    parent: u32,
}

impl Stop {
    fn listen() -> anyhow::Result<Stop> {
        Ok(Stop {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            parent: std::os::unix::process::parent_id(),
        })
    }

    async fn asked(&mut self) {
        let parent = self.parent;
        let orphaned = async {
            while std::os::unix::process::parent_id() == parent {
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
        };
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
            () = orphaned => {}
        }
    }
}
