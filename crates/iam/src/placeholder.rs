//! Placeholders in what people write: `{accountId}` and `{partition}` are replaced in ARNs and in
//! the values of conditions, so that one manifest serves many accounts.
//!
//! Braces that stay where they are make a condition that never matches, and in a Deny one that
//! denies nobody or everybody. So all that is neither a placeholder nor a policy variable of IAM
//! (`${aws:username}`) is refused, what templates of other tools leave behind too; `{{` and `}}`
//! stand for braces.

use crate::account::Account;
use crate::finding::{Check, Field, Finding};
use crate::nearest::nearest;
use crate::quote::shown;
use crate::text::node::Node;
use crate::text::pointer::Pointer;

#[cfg(test)]
mod tests;

/// The names that are replaced.
pub const KNOWN: [&str; 2] = ["accountId", "partition"];

/// Spellings of what other tools have for it, folded, with what is meant.
const MEANT: [(&str, Meant); 8] = [
    ("accountid", Meant::Placeholder("{accountId}")),
    ("account", Meant::Placeholder("{accountId}")),
    ("awsaccountid", Meant::Placeholder("{accountId}")),
    ("awsaccount", Meant::Placeholder("{accountId}")),
    ("partition", Meant::Placeholder("{partition}")),
    ("awspartition", Meant::Placeholder("{partition}")),
    ("region", Meant::Region),
    ("awsregion", Meant::Region),
];

/// What begins variables of the Serverless Framework, which else look like those of IAM.
const SERVERLESS: [&str; 7] = ["self", "opt", "env", "file", "param", "sls", "cf"];

#[derive(Clone, Copy, Debug)]
enum Meant {
    Placeholder(&'static str),
    Region,
}

/// Braces that can't stay: what is wrong, and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Brace {
    message: String,
    remedy: String,
}

impl Brace {
    /// The finding about the text at `field`.
    #[must_use]
    pub fn at(self, field: impl Into<Field>) -> Finding {
        Finding::error(Check::PLACEHOLDER, field, self.message).with_remedy(self.remedy)
    }
}

/// `text` with its placeholders replaced, and `{` for `{{`, `}` for `}}`. Policy variables stay.
///
/// # Errors
/// The first braces that are none of these.
pub fn fill(text: &str, account: &Account) -> Result<String, Brace> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['{', '}']) {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        if let Some(inner) = from.strip_prefix('{').filter(|_| before.ends_with('$')) {
            let (name, after) = inner.split_once('}').ok_or_else(|| half("{"))?;
            if !is_variable(name) {
                return Err(no_variable(name, after.starts_with('}')));
            }
            out.extend(["{", name, "}"]);
            rest = after;
        } else if let Some(after) = from.strip_prefix("{{") {
            if let Some(template) = template(from) {
                return Err(left_behind(template));
            }
            out.push('{');
            rest = after;
        } else if let Some(inner) = from.strip_prefix('{') {
            let closed = inner.split_once('}').filter(|(name, _)| !name.contains('{'));
            let (name, after) = closed.ok_or_else(|| half("{"))?;
            out.push_str(match name {
                "accountId" => account.id.as_str(),
                "partition" => &account.partition,
                _ => return Err(no_placeholder(name)),
            });
            rest = after;
        } else if let Some(after) = from.strip_prefix("}}") {
            out.push('}');
            rest = after;
        } else {
            return Err(half("}"));
        }
    }
    out.push_str(rest);
    Ok(out)
}

/// How `text` is written so that all its braces are braces: `{x}` as `{{x}}`. Policy variables
/// stay.
#[must_use]
pub fn doubled(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['{', '}']) {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        let variable = from
            .strip_prefix('{')
            .filter(|_| before.ends_with('$'))
            .and_then(|inner| inner.split_once('}'))
            .filter(|(name, _)| is_variable(name));
        if let Some((name, after)) = variable {
            out.extend(["{", name, "}"]);
            rest = after;
        } else {
            let (brace, after) = from.split_at(1);
            out.extend([brace, brace]);
            rest = after;
        }
    }
    out.push_str(rest);
    out
}

/// Whether `${name}` is a policy variable: a condition key, perhaps with a default, or one of the
/// three that stand for a character.
///
/// Source: IAM user guide, "IAM policy elements: Variables and tags" (read 2026-11-30).
fn is_variable(name: &str) -> bool {
    let key = name.split(',').next().unwrap_or_default().trim();
    if matches!(key, "*" | "?" | "$") {
        return true;
    }
    let Some((service, rest)) = key.split_once(':') else { return false };
    !service.is_empty()
        && service.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._/".contains(&b))
        && !SERVERLESS.contains(&service)
        && rest.starts_with(|c: char| c.is_alphanumeric())
        && !name.contains('{')
}

/// The template of Helm, Jinja or Mustache that `text` begins with: `{{ .Values.account }}`. Braces
/// of JSON look otherwise: a quote follows them.
fn template(text: &str) -> Option<&str> {
    let inner = text.strip_prefix("{{")?;
    let trimmed = inner.strip_prefix('-').unwrap_or(inner);
    let word = trimmed.trim_start();
    let first = word.chars().next()?;
    let spaced = word.len() < trimmed.len();
    let begins = first == '.'
        || (first == '$' && !word.starts_with("${"))
        || (spaced && (first.is_alphabetic() || first == '_'));
    let end = inner.find("}}")?;
    begins.then(|| text.get(..end + 4)).flatten()
}

/// What is meant by a name.
fn meant(name: &str) -> Option<Meant> {
    let last = name.rsplit([':', '.', ' ']).find(|part| !part.is_empty())?;
    let folded: String = last.chars().filter(|c| c.is_alphanumeric()).collect();
    let near = nearest(&folded, MEANT.iter().map(|(spelling, _)| *spelling))?;
    MEANT.iter().find(|(spelling, _)| *spelling == near).map(|(_, meant)| *meant)
}

/// What to write for a name instead, or for want of anything near it, `else_`.
fn instead(name: &str, else_: &str) -> String {
    match meant(name) {
        Some(Meant::Placeholder(placeholder)) => format!("write {placeholder}"),
        Some(Meant::Region) => {
            "there is none for the Region, because a role has none: write the Region, or *".into()
        }
        None => else_.into(),
    }
}

fn no_placeholder(name: &str) -> Brace {
    let text = format!("{{{name}}}");
    let message = format!("{} is no placeholder", shown(&text));
    let remedy = if is_variable(name) {
        format!("write {} for the policy variable", cut(&format!("${text}")))
    } else {
        instead(name, "write {accountId} or {partition}")
    };
    Brace { message, remedy: format!("{remedy}; {} stands for braces", cut(&doubled(&text))) }
}

fn no_variable(name: &str, doubled: bool) -> Brace {
    let text = if doubled { format!("${{{name}}}}}") } else { format!("${{{name}}}") };
    let message = format!("{} is no policy variable of IAM", shown(&text));
    let remedy = instead(name, "write one such as ${aws:username}, or what it stands for");
    Brace { message, remedy }
}

fn left_behind(template: &str) -> Brace {
    let message = format!("{} is a template that was not filled in", shown(template));
    let name = template.trim_matches(|c: char| !c.is_alphanumeric());
    Brace { message, remedy: instead(name, "write what it stands for") }
}

fn half(brace: &str) -> Brace {
    let message = format!("{brace} stands alone");
    Brace { message, remedy: format!("write {brace}{brace} for the brace itself") }
}

/// Text of a user in a remedy, at most as long as one in a message.
fn cut(text: &str) -> String {
    shown(text).trim_matches('"').to_owned()
}

/// A text that says something else than it did while braces had no meaning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replaced {
    /// Where it stands.
    pub field: Field,
    /// As it is written, and as it was put into documents.
    pub text: String,
    /// As it is put into documents now.
    pub becomes: String,
}

/// Reads the texts of documents, and gathers what is wrong with them.
#[derive(Debug)]
pub struct Filling<'a> {
    account: &'a Account,
    as_before: bool,
    /// Braces that can't stay.
    pub problems: Vec<Finding>,
    /// What says something else than before.
    pub replaced: Vec<Replaced>,
}

impl<'a> Filling<'a> {
    /// For a role in `account`.
    #[must_use]
    pub const fn new(account: &'a Account) -> Self {
        Self { account, as_before: false, problems: Vec::new(), replaced: Vec::new() }
    }

    /// As it was done while braces had no meaning: nothing is wrong, and in ARNs alone the two
    /// names are replaced.
    #[must_use]
    pub const fn as_before(account: &'a Account) -> Self {
        Self { account, as_before: true, problems: Vec::new(), replaced: Vec::new() }
    }

    /// An ARN, or a pattern over ARNs.
    pub fn arn(&mut self, text: &str, field: impl FnOnce() -> Field) -> String {
        self.text(text, self.account.expand(text), field)
    }

    /// The value of a condition.
    pub fn value(&mut self, text: &str, field: impl FnOnce() -> Field) -> String {
        self.text(text, text.to_owned(), field)
    }

    fn text(&mut self, text: &str, before: String, field: impl FnOnce() -> Field) -> String {
        if self.as_before || !text.contains(['{', '}']) {
            return before;
        }
        match fill(text, self.account) {
            Ok(becomes) => {
                if becomes != before {
                    let (text, becomes) = (text.to_owned(), becomes.clone());
                    self.replaced.push(Replaced { field: field(), text, becomes });
                }
                becomes
            }
            Err(brace) => {
                self.problems.push(brace.at(field()));
                // Nothing else is to be found wrong with it.
                "*".to_owned()
            }
        }
    }

    /// A whole document: its resources, and the values of its conditions. What is no document is
    /// left to whoever reads it.
    pub fn document(&mut self, node: &Node) -> Node {
        let root = Pointer::Root;
        members(node, &root, |name, value, at| match name {
            "Statement" => items(value, at, |statement, at| {
                members(statement, at, |name, value, at| match name {
                    "Resource" | "NotResource" => items(value, at, |item, at| self.node(item, at)),
                    "Condition" => members(value, at, |_, keys, at| {
                        members(keys, at, |_, values, at| {
                            items(values, at, |item, at| self.node(item, at))
                        })
                    }),
                    _ => value.clone(),
                })
            }),
            _ => value.clone(),
        })
    }

    fn node(&mut self, node: &Node, at: &Pointer<'_>) -> Node {
        match node {
            Node::String(text) => Node::String(self.value(text, || Field::of_document(at))),
            other => other.clone(),
        }
    }
}

/// An object with each value as `read` makes it; anything else as it is.
fn members(
    node: &Node,
    at: &Pointer<'_>,
    mut read: impl FnMut(&str, &Node, &Pointer<'_>) -> Node,
) -> Node {
    let Some(members) = node.as_object() else { return node.clone() };
    let each = members.iter().map(|(name, value)| (name.clone(), read(name, value, &at.key(name))));
    Node::Object(each.collect())
}

/// A list with each item as `read` makes it, or the one value that stands for a list of one.
fn items(node: &Node, at: &Pointer<'_>, mut read: impl FnMut(&Node, &Pointer<'_>) -> Node) -> Node {
    let Some(items) = node.as_array() else { return read(node, at) };
    let each = items.iter().enumerate().map(|(index, item)| read(item, &at.item(index)));
    Node::Array(each.collect())
}
