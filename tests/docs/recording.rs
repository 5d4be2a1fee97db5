//! The recording of the demonstration in the README is what the demonstration prints.

use std::process::{Command, Output};

use harness::{Folder, repository, venv};

const SCRIPT: &str = "docs/recording/record.py";

fn record(arguments: &[&str]) -> Output {
    Command::new(venv().join("bin/python"))
        .arg("-IB")
        .arg(repository(SCRIPT))
        .args(arguments)
        .output()
        .unwrap()
}

#[test]
fn the_recording_is_drawn_from_what_was_kept_of_the_demonstration() {
    let output = record(&["draw"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let drawn = std::fs::read(repository("docs/recording/demo.svg")).unwrap();
    assert!(
        output.stdout == drawn,
        "docs/recording/demo.svg is old: `make recording` draws it anew"
    );
}

/// Called with an output of the demonstration by the test that has one: its claims hold, and the
/// recording is of it.
pub fn is_of(demonstration: &str) {
    // One claim is of being in time, which a busy machine may not be.
    let fails = |line: &&str| line.contains("  NO") && !line.contains("on time");
    let failed: Vec<&str> = demonstration.lines().filter(fails).collect();
    assert!(failed.is_empty(), "{demonstration}");

    let folder = Folder::new("recording");
    let file = folder.write("output", demonstration);
    let output = record(&["check", file.to_str().unwrap()]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
