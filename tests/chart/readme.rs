//! The table of values in the chart's README, made of the comments in `values.yaml`.
//! `ROLEWRIGHT_UPDATE=1 cargo test --test chart readme` refreshes it, and the descriptions in the
//! schema, which editors show.

use std::fmt::Write;

use crate::helm::chart;
use crate::values::{Documented, at, defaults, documented, leaves};

const BEGIN: &str = "<!-- values: made of values.yaml -->\n";
const END: &str = "<!-- end of values -->";

fn table() -> String {
    let (defaults, all) = (defaults(), documented());
    let (mut table, mut section) = (String::new(), String::new());
    for Documented { section: title, path, comment } in &all {
        if *title != section {
            let _ =
                write!(table, "\n### {title}\n\n| Value | Default | Meaning |\n|---|---|---|\n");
            section.clone_from(title);
        }
        let group = all.iter().any(|other| other.path.starts_with(&format!("{path}.")));
        let keys: Vec<String> = path.split('.').map(str::to_owned).collect();
        let default = if group { String::new() } else { format!("`{}`", at(&defaults, &keys)) };
        // A bar would end a cell, also inside code.
        let cells =
            [format!("`{path}`"), default, comment.clone()].map(|cell| cell.replace('|', "\\|"));
        let _ = writeln!(table, "| {} |", cells.join(" | "));
    }
    table
}

#[test]
fn the_table_of_values_is_current() {
    let path = chart().join("README.md");
    let written = std::fs::read_to_string(&path).unwrap();
    let (head, rest) = written.split_once(BEGIN).expect("the README has a place for the values");
    let (_, tail) = rest.split_once(END).expect("the place has an end");
    let now = format!("{head}{BEGIN}{}\n{END}{tail}", table());
    if std::env::var_os("ROLEWRIGHT_UPDATE").is_some() {
        std::fs::write(&path, &now).unwrap();
        return;
    }
    assert!(
        written == now,
        "charts/rolewright/README.md is stale: refresh it with `ROLEWRIGHT_UPDATE=1 cargo test \
         --test chart readme`"
    );
}

/// The schema with the comment of each value as its description. Line by line: the order of the
/// file stays.
fn described(schema: &str) -> String {
    let comments = documented();
    let (mut out, mut above) = (String::new(), Vec::<(usize, &str)>::new());
    for line in schema.lines() {
        let body = line.trim_start();
        let indent = line.len() - body.len();
        above.retain(|(other, _)| *other < indent);
        let inside: Vec<&str> = above.iter().map(|(_, key)| *key).collect();
        let path = |keys: &[&str]| {
            let named: Vec<&str> = keys.iter().skip(1).step_by(2).copied().collect();
            let properties = keys.iter().step_by(2).all(|key| *key == "properties");
            (properties && keys.len().is_multiple_of(2)).then(|| named.join("."))
        };
        let known = |path: Option<String>| {
            path.and_then(|path| comments.iter().find(|row| row.path == path))
        };
        if body.starts_with("\"description\":") && known(path(&inside)).is_some() {
            continue;
        }
        let _ = writeln!(out, "{line}");
        let Some(key) = body.strip_prefix('"').and_then(|rest| rest.strip_suffix("\": {")) else {
            continue;
        };
        above.push((indent, key));
        let keys = [inside, vec![key]].concat();
        if let Some(row) = known(path(&keys)) {
            let words = serde_json::to_string(&row.comment).unwrap();
            let _ = writeln!(out, "{}\"description\": {words},", " ".repeat(indent + 2));
        }
    }
    out
}

#[test]
fn each_value_of_the_schema_is_described_by_its_comment() {
    let path = chart().join("values.schema.json");
    let written = std::fs::read_to_string(&path).unwrap();
    let now = described(&written);
    if std::env::var_os("ROLEWRIGHT_UPDATE").is_some() {
        std::fs::write(&path, &now).unwrap();
    }
    let schema: serde_json::Value = serde_json::from_str(&now).unwrap();
    for row in documented() {
        let pointer: String = row.path.split('.').flat_map(|key| ["/properties/", key]).collect();
        let at = schema.pointer(&pointer).unwrap_or_else(|| panic!("{} is not there", row.path));
        assert_eq!(at["description"], row.comment, "{}", row.path);
    }
    assert!(
        written == now || std::env::var_os("ROLEWRIGHT_UPDATE").is_some(),
        "charts/rolewright/values.schema.json is stale: refresh it with `ROLEWRIGHT_UPDATE=1 \
         cargo test --test chart readme`"
    );
}

#[test]
fn each_leaf_of_the_values_has_a_comment_or_stands_below_one() {
    let documented = documented();
    for leaf in leaves() {
        let path = leaf.join(".");
        let covers =
            |row: &&Documented| path == row.path || path.starts_with(&format!("{}.", row.path));
        // A group such as `settings` says nothing about its members.
        let best = documented.iter().filter(covers).max_by_key(|row| row.path.len());
        let row = best.unwrap_or_else(|| panic!("{path} has no comment in values.yaml"));
        let group =
            documented.iter().any(|other| other.path.starts_with(&format!("{}.", row.path)));
        assert!(row.path == path || !group, "{path} has no comment in values.yaml");
        assert!(row.comment.len() > 5 && row.comment.ends_with('.'), "{path}: {}", row.comment);
    }
}
