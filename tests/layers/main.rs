//! Holds the source to the layers of `docs/architecture.md`: who may name whom, what the core never
//! touches, how long a file may be, and which names say nothing.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

mod circles;
mod map;
mod rules;
mod source;
mod width;

use std::path::Path;

use rules::{LAYERS, LINES, problems};
use source::{File, files};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
const IAM: &str = "crates/iam/src";

/// The source of the program and of the policy language, which is a layer of its own.
fn source() -> Vec<File> {
    let root = Path::new(ROOT);
    let mut found = files(&root.join("src"), "");
    found.extend(files(&root.join(IAM), "iam/"));
    found
}

#[test]
fn the_source_keeps_its_layers() {
    let files = source();
    assert!(files.len() > 200, "the source was not found");
    let found: Vec<String> = files.iter().flat_map(problems).collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn no_files_depend_on_each_other_in_a_circle() {
    for folder in ["src", IAM] {
        let found = circles::circles(&files(&Path::new(ROOT).join(folder), ""));
        let lines: Vec<String> = found.iter().map(|circle| circle.join(" <-> ")).collect();
        assert!(found.is_empty(), "{} circles in {folder}:\n{}", found.len(), lines.join("\n"));
    }
}

#[test]
fn each_module_at_the_root_has_a_row() {
    for entry in std::fs::read_dir(Path::new(ROOT).join("src")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let module = name.trim_end_matches(".rs");
        let known =
            LAYERS.iter().any(|layer| layer.name == module) || ["main", "lib"].contains(&module);
        assert!(known, "src/{name} has no row in tests/layers/rules.rs and docs/architecture.md");
    }
}

/// `| 0 | `api/` | …` in the document, `–` for what stands beside the layers.
#[test]
fn the_document_shows_the_same_table() {
    let page = std::fs::read_to_string(Path::new(ROOT).join("docs/architecture.md")).unwrap();
    let mut shown: Vec<(String, String)> = Vec::new();
    for row in page.lines().filter(|line| line.starts_with("| ")) {
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        let number = cells[0];
        if number != "–" && number.parse::<u8>().is_err() {
            continue;
        }
        for name in cells[1].split('`').skip(1).step_by(2) {
            shown.push((
                name.trim_end_matches('/').trim_end_matches(".rs").to_owned(),
                number.to_owned(),
            ));
        }
    }
    shown.sort();
    let number = |number: Option<u8>| number.map_or("–".to_owned(), |number| number.to_string());
    let mut expected: Vec<(String, String)> =
        LAYERS.iter().map(|layer| (layer.name.to_owned(), number(layer.number))).collect();
    expected.sort();
    assert_eq!(shown, expected);
}

#[test]
fn the_map_of_the_document_names_the_files_that_exist() {
    let root = Path::new(ROOT);
    let shown = map::mapped(&std::fs::read_to_string(root.join("docs/architecture.md")).unwrap());
    let mut there = map::present(&files(&root.join("src"), ""), "src");
    there.extend(map::present(&files(&root.join(IAM), ""), IAM));
    let unnamed: Vec<&String> = there.difference(&shown).collect();
    let gone: Vec<&String> = shown.difference(&there).collect();
    assert!(unnamed.is_empty() && gone.is_empty(), "not named: {unnamed:?}; named, gone: {gone:?}");
}

#[test]
fn no_line_is_longer_than_100_characters() {
    let long: Vec<String> = ["src", IAM, "tests"]
        .iter()
        .flat_map(|folder| width::long(&Path::new(ROOT).join(folder)))
        .collect();
    assert!(long.is_empty(), "{}", long.join("\n"));
}

#[test]
fn no_file_of_the_tests_is_too_long() {
    for file in files(&Path::new(ROOT).join("tests"), "") {
        assert!(file.lines <= LINES, "tests/{} has {} lines: split it", file.path, file.lines);
    }
}

/// Each kind of mistake in a file of its own: the checker finds exactly that one.
#[test]
fn the_checker_catches_each_kind() {
    let cases = [
        ("iam/x.rs", "use rolewright::api::Problem;", "iam may not use api"),
        ("plan/x.rs", "use crate::controller::Health;", "plan may not use controller"),
        ("plan/x.rs", "use crate::{api, aws::{self, Rates}};", "plan may not use aws"),
        ("telemetry.rs", "use iam::{arn, name};", "telemetry may not use iam"),
        ("plan/x.rs", "fn f() -> crate::settings::Args { todo() }", "plan may not use settings"),
        ("ports.rs", "use super::cluster::KubeCluster;", "ports may not use cluster"),
        ("api/mod.rs", "pub use super::plan::diff;", "api may not use plan"),
        ("plan/x.rs", "use super::super::cli::Cli;", "plan may not use cli"),
        ("aws/x.rs", "use crate::cluster::KubeCluster;", "aws may not use cluster"),
        ("cluster/x.rs", "use crate::aws::AwsIam;", "cluster may not use aws"),
        ("controller/x.rs", "use crate::server::serve;", "controller may not use server"),
        ("settings.rs", "use crate::controller;", "settings may not use controller"),
        ("controller/x.rs", "use crate::sim::World;", "controller may not use sim"),
        ("cli/x.rs", "use rolewright::sim::world::World;", "cli may not use sim"),
        ("sim/x.rs", "use crate::controller::drive;", "sim may not use controller"),
        ("plan/x.rs", "pub async fn f() {}", "async"),
        ("iam/x.rs", "fn f() { g().await }", "await"),
        ("plan/x.rs", "use tokio::sync::mpsc;", "tokio"),
        ("api/x.rs", "use kube::Client;", "kube::Client"),
        ("api/x.rs", "use kube::{CustomResource, Api};", "kube::Api"),
        ("iam/x.rs", "use k8s_openapi::ByteString;", "k8s_openapi"),
        ("plan/x.rs", "use aws_sdk_iam::types::Role;", "aws_sdk_iam"),
        ("ports.rs", "fn f() -> kube::Error { x }", "kube::Error"),
        ("controller/x.rs", "use aws_sdk_iam::Client;", "aws_sdk_iam"),
        ("controller/x.rs", "use kube::Client;", "kube::Client"),
        ("aws/x.rs", "use kube::Client;", "kube::Client"),
        ("cluster/x.rs", "use aws_config::BehaviorVersion;", "aws_config"),
        ("plan/x.rs", "use std::time::{Duration, SystemTime};", "std::time::SystemTime"),
        ("plan/x.rs", "fn f() { jiff::Timestamp::now(); }", "Timestamp::now"),
        ("plan/x.rs", "fn f() { Timestamp::now(); }", "Timestamp::now"),
        ("iam/x.rs", "fn f() { std::fs::read(p); }", "std::fs"),
        ("api/x.rs", "use std::{fmt, fs, net::IpAddr};", "std::net"),
        ("iam/x.rs", "use fastrand::f64;", "fastrand"),
        ("iam/x.rs", "use rand::random;", "rand"),
        ("plan/utils.rs", "", "utils"),
        ("cli/helpers/x.rs", "", "helpers"),
        ("aws/common.rs", "", "common"),
        ("controller/manager.rs", "", "manager"),
        ("unknown/x.rs", "", "no row"),
    ];
    for (path, text, expected) in cases {
        let found = problems(&File::new(path, text, false));
        assert!(
            found.iter().any(|problem| problem.contains(expected)),
            "{path}: {text}\nfound only {found:?}"
        );
    }
    let long = "// line\n".repeat(LINES + 1);
    assert!(problems(&File::new("plan/x.rs", &long, false))[0].contains("lines"));
}

#[test]
fn the_checker_lets_pass_what_is_allowed() {
    let cases = [
        ("api/x.rs", "use iam::text::node::Node; use crate::yaml;"),
        ("api/x.rs", "use kube::CustomResource;\nuse kube::core::ObjectMeta;"),
        ("plan/x.rs", "use crate::api::resource::Resource;\nuse super::{step::Step, desired};"),
        ("server/mod.rs", "use crate::controller::Health;"),
        (
            "iam/x.rs",
            "//! As [`crate::controller::run`] does.\n/* crate::cli */ const A: &str = \
             \"crate::cli::x \\\" tokio::\";",
        ),
        (
            "iam/x.rs",
            "const A: &str = r#\"use tokio::x; \"quoted\" std::fs\"#; const B: char = '\"'; fn \
             f<'a>(x: &'a str) {}",
        ),
        (
            "controller/x.rs",
            "#[cfg(all(test, feature = \"sim\"))]\nmod tests {\n    use crate::sim::World;\n}\n",
        ),
        (
            "plan/x.rs",
            "#[cfg(test)]\nmod tests {\n    fn f() { if a { std::fs::read(\"{\") } }\n}\nfn \
             operand() {}",
        ),
    ];
    for (path, text) in cases {
        assert_eq!(problems(&File::new(path, text, false)), Vec::<String>::new(), "{path}: {text}");
    }
    assert!(
        problems(&File::new("controller/tests/x.rs", "use crate::sim::World;", true)).is_empty()
    );
    // Behind a test module the file goes on.
    let text = "#[cfg(test)]\nmod tests { use crate::sim::World; }\nuse crate::cli::Cli;";
    assert_eq!(problems(&File::new("plan/x.rs", text, false)).len(), 1);
}
