//! For tests: a value as YAML in one of the many ways to write it.

use std::fmt::Write;

use crate::text::node::Node;

/// Text that [`parse`](crate::text::yaml::parse) reads as `node`. `pick(n)` decides below `n`:
/// between block and brackets, and how a string is quoted.
pub(crate) fn printed(node: &Node, pick: &mut dyn FnMut(usize) -> usize) -> String {
    let mut out = String::new();
    match node {
        Node::Array(_) | Node::Object(_) => block(node, 0, pick, &mut out),
        scalar => {
            out.push_str(&flow(scalar, pick));
            out.push('\n');
        }
    }
    out
}

/// The value in lines of its own, `indent` spaces deep.
fn block(node: &Node, indent: usize, pick: &mut dyn FnMut(usize) -> usize, out: &mut String) {
    let margin = " ".repeat(indent);
    match node {
        Node::Array(items) if !items.is_empty() => {
            for item in items {
                write!(out, "{margin}-").unwrap();
                inside(item, indent + 2, pick, out);
            }
        }
        Node::Object(members) if !members.is_empty() => {
            for (key, value) in members {
                // A key is at most 1024 characters long, unless it is marked as one.
                let explicit = key.chars().count() > 200;
                let key = string(key, pick);
                let mark = if explicit { format!("? {key}\n{margin}:") } else { format!("{key}:") };
                write!(out, "{margin}{mark}").unwrap();
                inside(value, indent + 1 + pick(3), pick, out);
            }
        }
        other => writeln!(out, "{margin}{}", flow(other, pick)).unwrap(),
    }
}

/// The value behind a dash or a colon.
fn inside(node: &Node, indent: usize, pick: &mut dyn FnMut(usize) -> usize, out: &mut String) {
    match node {
        Node::Array(_) | Node::Object(_) if pick(4) > 0 => {
            out.push_str(if pick(4) > 0 { "\n" } else { " # why\n" });
            block(node, indent, pick, out);
        }
        Node::String(text) if pick(4) == 0 && is_literal(text) => {
            out.push_str(" |-\n");
            for line in text.split('\n') {
                writeln!(out, "{}{line}", " ".repeat(indent)).unwrap();
            }
        }
        other => writeln!(out, " {}", flow(other, pick)).unwrap(),
    }
}

fn flow(node: &Node, pick: &mut dyn FnMut(usize) -> usize) -> String {
    match node {
        Node::Array(items) => {
            let items: Vec<_> = items.iter().map(|item| flow(item, pick)).collect();
            format!("[{}]", items.join(", "))
        }
        Node::Object(members) => {
            let member = |(key, value): &(String, Node)| {
                let explicit = if key.chars().count() > 200 { "? " } else { "" };
                let key = string(key, pick);
                format!("{explicit}{key}: {}", flow(value, pick))
            };
            format!("{{{}}}", members.iter().map(member).collect::<Vec<_>>().join(", "))
        }
        Node::String(text) => string(text, pick),
        other => other.to_text(),
    }
}

fn string(text: &str, pick: &mut dyn FnMut(usize) -> usize) -> String {
    match pick(3) {
        0 if is_plain(text) => text.to_owned(),
        1 if text
            .chars()
            .all(|c| (' '..='~').contains(&c) || ('\u{a1}'..'\u{2000}').contains(&c)) =>
        {
            format!("'{}'", text.replace('\'', "''"))
        }
        _ => {
            // JSON takes characters raw that are not printable to YAML.
            let raw = |c: char| matches!(c, '\u{7f}'..='\u{9f}' | '\u{fffe}' | '\u{ffff}');
            let quoted = Node::String(text.to_owned()).to_text();
            let escaped =
                |c| if raw(c) { format!("\\u{:04x}", u32::from(c)) } else { c.to_string() };
            quoted.chars().map(escaped).collect()
        }
    }
}

fn is_plain(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || ":/*._-".contains(c))
        && !text.ends_with(':')
        && !["null", "true", "false"].contains(&text.to_lowercase().as_str())
}

fn is_literal(text: &str) -> bool {
    !text.is_empty()
        && !text.starts_with([' ', '\n'])
        && !text.ends_with('\n')
        && text.chars().all(|c| c == '\n' || (' '..='~').contains(&c))
}
