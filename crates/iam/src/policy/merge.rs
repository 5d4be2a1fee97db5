//! Several documents made one, by Sid, as practitioners know it from Terraform's
//! `aws_iam_policy_document`.
//!
//! ```text
//!   sources, in order  -->  own statements  -->  overrides, in order
//!   a Sid twice: error      replace in place, else append
//! ```
//!
//! Replacement takes the whole statement, never parts of it; a statement without Sid is always
//! appended. The result has the larger Version and the last Id that is not empty. Values are taken
//! as they stand: a principal that is a string stays what it is and a number keeps its digits.
//! `&{x}`, which Terraform writes for `${x}` because it interpolates `${…}` itself, is plain text
//! here: documents are JSON or YAML, and nothing is interpolated.
//!
//! Stricter than the model in two places. A Sid twice inside one override is an error, because the
//! first of the two would be lost in silence. And `${…}` in a document of version 2008-10-17 is
//! plain text: where the result is of version 2012-10-17 the same characters would be a variable
//! and match something else, so it is refused.

use std::collections::{HashMap, HashSet};

use crate::finding::{Check, Field, Finding};
use crate::quote::shown;
use crate::text::pointer::Pointer;

use crate::policy::document::{Policy, Scope, Statement, Version};

#[cfg(test)]
mod tests;

/// A document and the name by which an error calls it, such as its file.
#[derive(Clone, Debug, PartialEq)]
pub struct Named {
    /// Name of the document.
    pub name: String,
    /// The document.
    pub policy: Policy,
}

/// What documents were merged to.
#[derive(Clone, Debug, PartialEq)]
pub struct Merged {
    /// The document.
    pub policy: Policy,
    /// For each of its statements, in their order: the name of the document that it comes from.
    pub origins: Vec<String>,
}

/// Why documents can't be merged.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", .finding.sentence())]
pub struct MergeError {
    /// Name of the document in which to correct it; `None` when it is about all of them.
    pub document: Option<String>,
    /// What is wrong, with the pointer into that document. Its words name every document.
    pub finding: Finding,
}

/// Sources in order, then the document's own statements, then overrides in order.
///
/// # Errors
/// Every problem; at least one: a Sid twice among the sources or inside one document, a variable
/// that a raised Version would make of plain text, statements of trust and of identity policies
/// together, no statement at all.
pub fn merge(
    sources: &[Named],
    own: Option<&Named>,
    overrides: &[Named],
) -> Result<Merged, Vec<MergeError>> {
    let documents: Vec<(Stage, &Named)> = sources
        .iter()
        .map(|named| (Stage::Source, named))
        .chain(own.map(|named| (Stage::Own, named)))
        .chain(overrides.iter().map(|named| (Stage::Override, named)))
        .collect();
    let mut draft = Draft::default();
    for (stage, named) in &documents {
        draft.add(*stage, named);
    }
    let policies = || documents.iter().map(|(_, named)| &named.policy);
    let version = policies().map(|policy| policy.version).max().unwrap_or(Version::V2012);
    draft.refuse_new_variables(version);
    draft.refuse_mixed_kinds();
    if draft.placed.is_empty() {
        let finding = refused(Field::whole(), "there is no statement in any of the documents")
            .with_remedy("give at least one");
        draft.problems.push(MergeError { document: None, finding });
    }
    if !draft.problems.is_empty() {
        return Err(draft.problems);
    }
    let id = policies().filter_map(|policy| policy.id.as_ref()).rfind(|id| !id.is_empty()).cloned();
    let statements = draft.placed.iter().map(|placed| placed.statement.clone()).collect();
    let origins = draft.placed.iter().map(|placed| placed.from.name.clone()).collect();
    Ok(Merged { policy: Policy { version, id, statements }, origins })
}

/// What a document is in a merge.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Source,
    Own,
    Override,
}

impl Stage {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::Own => "document",
            Self::Override => "override",
        }
    }
}

/// A statement and where it comes from.
#[derive(Clone, Copy)]
struct Placed<'a> {
    statement: &'a Statement,
    from: &'a Named,
    /// Index in that document.
    index: usize,
}

impl Placed<'_> {
    /// What is wrong with it.
    fn refused(&self, message: String, remedy: impl Into<String>) -> MergeError {
        let list = Pointer::Root.key("Statement");
        let field = Field::of_document(&list.item(self.index));
        let finding = refused(field, message).with_remedy(remedy);
        MergeError { document: Some(self.from.name.clone()), finding }
    }

    /// For messages.
    fn place(&self) -> String {
        let document = shown(&self.from.name);
        match sid(self.statement) {
            Some(sid) => format!("the statement {} of {document}", shown(sid)),
            None => format!("/Statement/{} of {document}", self.index),
        }
    }
}

#[derive(Default)]
struct Draft<'a> {
    placed: Vec<Placed<'a>>,
    /// Where in `placed` a Sid is.
    by_sid: HashMap<&'a str, usize>,
    problems: Vec<MergeError>,
}

impl<'a> Draft<'a> {
    fn add(&mut self, stage: Stage, from: &'a Named) {
        let mut seen = HashSet::new();
        for (index, statement) in from.policy.statements.iter().enumerate() {
            let placed = Placed { statement, from, index };
            let Some(sid) = sid(statement) else {
                self.placed.push(placed);
                continue;
            };
            let before = self.by_sid.get(sid).copied();
            let before = before.and_then(|at| self.placed.get_mut(at));
            if !seen.insert(sid) {
                let (what, name) = (stage.as_str(), shown(&from.name));
                let message = format!("the Sid {} stands twice in the {what} {name}", shown(sid));
                self.problems.push(placed.refused(message, "rename one"));
                continue;
            }
            match before {
                None => {
                    self.by_sid.insert(sid, self.placed.len());
                    self.placed.push(placed);
                }
                Some(first) if stage == Stage::Source => {
                    let (first, second) = (shown(&first.from.name), shown(&from.name));
                    let remedy = format!("rename one, or give {second} as an override");
                    let sid = shown(sid);
                    let message =
                        format!("the Sid {sid} stands in the sources {first} and {second}");
                    self.problems.push(placed.refused(message, remedy));
                }
                Some(first) => *first = placed,
            }
        }
    }

    /// Policy variables are of version 2012-10-17 only, in resources and in values of conditions
    /// (IAM user guide, "IAM JSON policy elements: Variables and tags"): there, a raised Version
    /// gives `${…}` another meaning.
    fn refuse_new_variables(&mut self, version: Version) {
        let raised = self.placed.iter().filter(|placed| {
            placed.from.policy.version < version && holds_variable(placed.statement)
        });
        let found: Vec<MergeError> = raised
            .map(|placed| {
                let message = format!(
                    "{} holds ${{…}}, which is plain text in its version {} and would become a \
                     variable in {version}",
                    placed.place(),
                    placed.from.policy.version
                );
                placed.refused(
                    message,
                    "raise its Version, and write ${$}{…} where the text itself is meant",
                )
            })
            .collect();
        self.problems.extend(found);
    }

    fn refuse_mixed_kinds(&mut self) {
        let trust = self.placed.iter().find(|placed| placed.statement.principals.is_some());
        let identity = self.placed.iter().find(|placed| placed.statement.resources.is_some());
        if let (Some(trust), Some(identity)) = (trust, identity) {
            let message = format!(
                "{} names principals and {} names resources",
                trust.place(),
                identity.place()
            );
            let remedy = "merge trust policies and identity policies apart";
            self.problems.push(trust.refused(message, remedy));
        }
    }
}

fn refused(field: Field, message: impl Into<String>) -> Finding {
    Finding::error(Check::MERGE, field, message)
}

/// The Sid, unless it is blank.
fn sid(statement: &Statement) -> Option<&str> {
    statement.sid.as_deref().filter(|sid| !sid.is_empty())
}

fn holds_variable(statement: &Statement) -> bool {
    let resources = statement.resources.iter().flat_map(Scope::content);
    let values = statement.conditions.values().flat_map(|keys| keys.values()).flatten();
    resources.chain(values).any(|text| text.contains("${"))
}
