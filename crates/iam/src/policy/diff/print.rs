//! A diff as text, short, and as JSON.

use std::fmt;

use crate::policy::contain::{Containment, Witness};
use crate::policy::document::{PrincipalSet, Statement};
use crate::quote::shown;
use crate::text::node::Node;

use crate::policy::diff::{
    ChangeKind, Diff, Direction, ElementChange, PlacedStatement, StatementChange,
};

/// Values of an element that are shown; the rest is counted.
const VALUES: usize = 6;

impl fmt::Display for Direction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match (self.widens, self.narrows) {
            (Some(true), Some(true)) => "widens and narrows",
            (Some(true), Some(false)) => "widens",
            (Some(true), None) => "widens, may narrow",
            (Some(false), Some(true)) => "narrows",
            (Some(false), Some(false)) => "access stays the same",
            (Some(false), None) => "may narrow",
            (None, Some(true)) => "may widen, narrows",
            (None, Some(false)) => "may widen",
            (None, None) => "may widen or narrow",
        })
    }
}

/// `statement ReadExports`, or its index where it has no Sid.
fn called(place: &PlacedStatement) -> String {
    match place.statement.sid.as_deref().filter(|sid| !sid.is_empty()) {
        Some(sid) => format!("statement {sid}"),
        None => format!("statement {}", place.index),
    }
}

fn values(list: &[String]) -> String {
    let mut parts: Vec<String> = list.iter().take(VALUES).map(|value| plain(value)).collect();
    if list.len() > VALUES {
        parts.push(format!("{} more", list.len() - VALUES));
    }
    parts.join(", ")
}

/// As it stands where it can't be misread, else quoted.
fn plain(value: &str) -> String {
    let simple = !value.is_empty()
        && value.chars().count() <= 120
        && value
            .chars()
            .all(|c| !c.is_whitespace() && !c.is_control() && !matches!(c, ',' | ';' | '"'));
    if simple { value.to_owned() } else { shown(value) }
}

impl fmt::Display for ElementChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.element)?;
        if !self.added.is_empty() {
            write!(f, " + {}", values(&self.added))?;
        }
        if !self.removed.is_empty() {
            write!(f, " - {}", values(&self.removed))?;
        }
        Ok(())
    }
}

/// A whole statement in a few words.
fn outline(statement: &Statement) -> String {
    let Statement { sid: _, effect, principals, actions, resources, conditions } = statement;
    let but = |except: bool| if except { "all but " } else { "" };
    let who = principals.as_ref().map(|principals| {
        let names: Vec<String> = match principals.content() {
            PrincipalSet::Everyone => vec!["*".to_owned()],
            PrincipalSet::Kinds(kinds) => kinds.values().flatten().cloned().collect(),
        };
        format!(" to {}{}", but(principals.is_except()), values(&names))
    });
    let on = resources
        .as_ref()
        .map(|scope| format!(" on {}{}", but(scope.is_except()), values(scope.content())));
    let keys: Vec<String> = conditions
        .iter()
        .flat_map(|(operator, keys)| {
            keys.iter().map(move |(key, list)| format!("{operator} {key} {}", values(list)))
        })
        .collect();
    let when = (!keys.is_empty()).then(|| format!(" if {}", keys.join(" and ")));
    let parts = [who, on, when].into_iter().flatten();
    format!(
        "{effect} {}{}{}",
        but(actions.is_except()),
        values(actions.content()),
        parts.collect::<String>()
    )
}

impl fmt::Display for StatementChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, direction } = self;
        match kind {
            ChangeKind::Added(new) => write!(f, "+ {}: {}", called(new), outline(&new.statement))?,
            ChangeKind::Removed(old) => {
                write!(f, "- {}: {}", called(old), outline(&old.statement))?;
            }
            ChangeKind::Changed { old, new, elements } => {
                write!(f, "~ {}", called(new))?;
                if called(old) != called(new) {
                    write!(f, " (was {})", called(old))?;
                }
                let elements: Vec<String> = elements.iter().map(ToString::to_string).collect();
                let elements = if elements.is_empty() {
                    "written in another way".to_owned()
                } else {
                    elements.join("; ")
                };
                write!(f, ": {elements}")?;
            }
        }
        write!(f, " ({direction})")
    }
}

impl Diff {
    /// One line for each change.
    fn lines(&self) -> Vec<String> {
        let version = self.version.map(|(old, new)| format!("~ Version {old} became {new}"));
        version.into_iter().chain(self.statements.iter().map(ToString::to_string)).collect()
    }

    /// All of it in one line of at most `most` characters: whole changes as long as they fit, the
    /// rest counted; what the whole does to access last. Empty when nothing changed.
    #[must_use]
    pub fn summary(&self, most: usize) -> String {
        if self.is_empty() {
            return String::new();
        }
        let lines = self.lines();
        let end = self.direction();
        let whole = if lines.len() > 1 { format!("; in all: {end}") } else { String::new() };
        let mut text = String::new();
        for (index, line) in lines.iter().enumerate() {
            let next = if index == 0 { line.clone() } else { format!("; {line}") };
            let rest = lines.len() - index;
            let more = format!("{}{rest} more changes", if index == 0 { "" } else { " and " });
            // Where this one is not the last, there must be room to say how many are left out.
            let room = if rest > 1 { " and 999 more changes".len() } else { 0 };
            if text.chars().count() + next.chars().count() + room + whole.chars().count() > most {
                text.push_str(&more);
                break;
            }
            text.push_str(&next);
        }
        text + &whole
    }

    /// For programs: `{"widens", "narrows", "witness", "version", "statements": [{"change", "old",
    /// "new", "elements", …}]}`; `widens` and `narrows` are null where they can't be told.
    #[must_use]
    pub fn to_node(&self) -> Node {
        let Direction { widens, narrows } = self.direction();
        let mut members = vec![("widens", told(widens)), ("narrows", told(narrows))];
        if let Containment::NewAccess(witness) = &self.access.widens {
            members.push(("newAccess", request_node(witness)));
            members.push(("newAccessStatement", number(witness.statement)));
        }
        if let Containment::NewAccess(witness) = &self.access.narrows {
            members.push(("lostAccess", request_node(witness)));
            members.push(("lostAccessStatement", number(witness.statement)));
        }
        if let Some((old, new)) = self.version {
            let version = [("old", text(old.as_str())), ("new", text(new.as_str()))];
            members.push(("version", object(version)));
        }
        members
            .push(("statements", Node::Array(self.statements.iter().map(change_node).collect())));
        object(members)
    }
}

impl fmt::Display for Diff {
    /// A line for each change, then what the whole does with an example; nothing when nothing
    /// changed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            return Ok(());
        }
        for line in self.lines() {
            writeln!(f, "{line}")?;
        }
        write!(f, "in all: {}", self.direction())?;
        if let Containment::NewAccess(witness) = &self.access.widens {
            write!(f, "\nnew access, for example: {witness} of the new document")?;
        }
        if let Containment::NewAccess(witness) = &self.access.narrows {
            write!(f, "\nlost access, for example: {witness} of the old document")?;
        }
        Ok(())
    }
}

/// The request of a witness, as [`Request::read`](crate::policy::evaluate::Request::read) reads it.
#[must_use]
pub fn request_node(witness: &Witness) -> Node {
    let mut members = vec![("action", text(&witness.action))];
    if let Some(resource) = &witness.resource {
        members.push(("resource", text(resource)));
    }
    if let Some((kind, who)) = &witness.principal {
        members.push(("principal", object([(kind.as_str(), text(who))])));
    }
    let found = |found: &crate::policy::evaluate::KeyValues| match found.values.as_slice() {
        [single] if !found.listed => text(single),
        list => Node::Array(list.iter().map(|value| text(value)).collect()),
    };
    let context: Vec<(&str, Node)> =
        witness.context.iter().map(|(key, values)| (key, found(values))).collect();
    if !context.is_empty() {
        members.push(("context", object(context)));
    }
    object(members)
}

fn change_node(change: &StatementChange) -> Node {
    let StatementChange { kind, direction } = change;
    let (word, old, new, elements) = match kind {
        ChangeKind::Added(new) => ("added", None, Some(new), None),
        ChangeKind::Removed(old) => ("removed", Some(old), None, None),
        ChangeKind::Changed { old, new, elements } => {
            ("changed", Some(old), Some(new), Some(elements))
        }
    };
    let place = |place: &PlacedStatement| {
        object([("index", number(place.index)), ("statement", place.statement.to_node())])
    };
    let mut members = vec![("change", text(word))];
    members.extend(old.map(|old| ("old", place(old))));
    members.extend(new.map(|new| ("new", place(new))));
    if let Some(elements) = elements {
        let list =
            |values: &[String]| Node::Array(values.iter().map(|value| text(value)).collect());
        let each = |change: &ElementChange| {
            object([
                ("element", text(&change.element)),
                ("added", list(&change.added)),
                ("removed", list(&change.removed)),
            ])
        };
        members.push(("elements", Node::Array(elements.iter().map(each).collect())));
    }
    members.extend([("widens", told(direction.widens)), ("narrows", told(direction.narrows))]);
    object(members)
}

fn object<'a>(members: impl IntoIterator<Item = (&'a str, Node)>) -> Node {
    Node::Object(members.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
}

fn text(text: &str) -> Node {
    Node::String(text.to_owned())
}

fn number(number: usize) -> Node {
    Node::Number(number.to_string())
}

fn told(told: Option<bool>) -> Node {
    told.map_or(Node::Null, Node::Bool)
}
