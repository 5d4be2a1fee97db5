//! Reading a policy document: every problem at once, each with its JSON pointer and a remedy.
//!
//! This file reads the document and its statements; `element.rs` reads what stands inside an element. Reading is exact: an
//! element that is not known is refused, never skipped, because a misspelt `Condition` that is skipped widens access.

use std::collections::HashSet;

use crate::iam::json::{self, Node, child};
use crate::iam::limits;
use crate::iam::nearest::nearest;
use crate::iam::quote::shown;

use super::document::{Conditions, Effect, Policy, PrincipalSet, Scope, Statement, Version};
use super::error::{DocumentError, Fault, Problems};

/// What a document is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// What a role may do: an inline policy.
    Identity,
    /// Who may assume a role.
    Trust,
    /// What a role may do at most: a managed policy, in the grammar of [`Kind::Identity`].
    Boundary,
    /// Not known: only the rules common to all kinds.
    Any,
}

impl Kind {
    /// The kinds that a role has.
    pub const ALL: [Self; 3] = [Self::Identity, Self::Trust, Self::Boundary];

    /// As the command line spells it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Trust => "trust",
            Self::Boundary => "boundary",
            Self::Any => "any",
        }
    }
}

/// How exact a document must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Strictness {
    /// Somebody asks for it: also refused are duplicate and odd Sids, unknown condition operators, keys that differ only
    /// in case, and the string `*` as a principal.
    Desired,
    /// AWS has it: what AWS took is kept as it is where the typed form can hold it.
    Observed,
}

/// What numbers a condition may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NumberRule {
    /// Any: the text is what the user wrote.
    AsWritten,
    /// Integers of at most 15 digits, for documents inside a Kubernetes resource: between the user's YAML and us every
    /// other number may have passed through a float and lost its digits.
    ShortIntegers,
}

const DOCUMENT: [&str; 3] = ["Version", "Id", "Statement"];
const STATEMENT: [&str; 9] =
    ["Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition"];

impl Policy {
    /// Reads a document from JSON text that is not percent-encoded.
    ///
    /// # Errors
    /// Every problem of the document (the first fifty); at least one. A desired document is bounded to 64 KiB, an observed
    /// one to what AWS accepts.
    pub fn parse(text: &str, kind: Kind, strictness: Strictness) -> Result<Self, Vec<DocumentError>> {
        let bounds = match strictness {
            Strictness::Desired => limits::DOCUMENT,
            Strictness::Observed => limits::OBSERVED_DOCUMENT,
        };
        match json::parse(text, bounds) {
            Ok(node) => Reader::new(kind, strictness, NumberRule::AsWritten).run(&node),
            Err(error) => {
                let message = format!("line {}, column {}: {}", error.line, error.column, error.problem);
                Err(vec![DocumentError { pointer: error.pointer, message, fault: Fault::Unreadable }])
            }
        }
    }

    /// Reads a desired document from a JSON value, such as a `document` inside a Kubernetes resource.
    ///
    /// # Errors
    /// Every problem of the document (the first fifty); at least one.
    pub fn from_node(node: &Node, kind: Kind, numbers: NumberRule) -> Result<Self, Vec<DocumentError>> {
        Reader::new(kind, Strictness::Desired, numbers).run(node)
    }

    /// Checks a policy that code or typed fields made, by the rules for desired documents.
    ///
    /// # Errors
    /// What [`Policy::parse`] would say about its printed form.
    pub fn check(&self, kind: Kind) -> Result<(), Vec<DocumentError>> {
        Self::parse(&self.to_json(), kind, Strictness::Desired).map(|_| ())
    }
}

pub(super) struct Reader {
    pub(super) kind: Kind,
    pub(super) strictness: Strictness,
    pub(super) numbers: NumberRule,
    pub(super) problems: Problems,
    sids: HashSet<String>,
}

/// The two spellings of an element, looked up in one statement.
enum Found<'a> {
    Only(&'a Node),
    Except(&'a Node),
}

impl Reader {
    fn new(kind: Kind, strictness: Strictness, numbers: NumberRule) -> Self {
        Self { kind, strictness, numbers, problems: Problems::default(), sids: HashSet::new() }
    }

    fn run(mut self, node: &Node) -> Result<Policy, Vec<DocumentError>> {
        let policy = self.document(node);
        if let (true, Some(policy)) = (self.desired(), &policy)
            && let Some(found) = limits::outside_document(&policy.to_json())
        {
            self.unknown("", format!("AWS refuses the character {found:?} in a document; use characters up to U+00FF"));
        }
        let problems = self.problems.into_list();
        match policy {
            Some(policy) if problems.is_empty() => Ok(policy),
            _ => Err(problems),
        }
    }

    pub(super) fn desired(&self) -> bool {
        self.strictness == Strictness::Desired
    }

    pub(super) fn impossible(&mut self, pointer: &str, message: impl Into<String>) {
        self.problems.add(pointer, Fault::Impossible, message);
    }

    pub(super) fn unknown(&mut self, pointer: &str, message: impl Into<String>) {
        self.problems.add(pointer, Fault::Unknown, message);
    }

    fn object<'a>(
        &mut self,
        node: &'a Node,
        pointer: &str,
        what: &str,
        known: &[&str],
    ) -> Option<&'a [(String, Node)]> {
        let Some(members) = node.as_object() else {
            self.impossible(pointer, format!("{what} must be an object, not {}; write {{…}}", node.type_name()));
            return None;
        };
        for (key, _) in members.iter().filter(|(key, _)| !known.contains(&key.as_str())) {
            let remedy = nearest(key, known.iter().copied())
                .map_or_else(|| "remove it".to_owned(), |name| format!("did you mean {}?", shown(name)));
            self.unknown(&child(pointer, key), format!("{what} has no element {}; {remedy}", shown(key)));
        }
        Some(members)
    }

    fn document(&mut self, node: &Node) -> Option<Policy> {
        self.object(node, "", "a policy document", &DOCUMENT)?;
        let version = match node.get("Version") {
            None => Version::V2008,
            Some(found) => self.word(found, "/Version", &Version::ALL, Version::as_str)?,
        };
        let id = match node.get("Id") {
            None => None,
            Some(found) => self.text(found, "/Id", "Id"),
        };
        let Some(found) = node.get("Statement") else {
            self.impossible("", "a policy document needs Statement; add a list with at least one statement");
            return None;
        };
        let statements = match found {
            Node::Array(items) if items.is_empty() => {
                self.impossible("/Statement", "Statement is empty; add at least one statement");
                return None;
            }
            Node::Array(items) => {
                let read: Vec<_> =
                    items.iter().enumerate().map(|(n, item)| self.statement(item, &child("/Statement", n))).collect();
                read.into_iter().collect::<Option<Vec<_>>>()?
            }
            single => vec![self.statement(single, "/Statement")?],
        };
        Some(Policy { version, id, statements })
    }

    fn statement(&mut self, node: &Node, pointer: &str) -> Option<Statement> {
        self.object(node, pointer, "a statement", &STATEMENT)?;
        let sid = node.get("Sid").and_then(|found| self.sid(found, &child(pointer, "Sid")));
        let effect = if let Some(found) = node.get("Effect") {
            self.word(found, &child(pointer, "Effect"), &[Effect::Allow, Effect::Deny], Effect::as_str)
        } else {
            self.impossible(pointer, "a statement needs Effect; add Allow or Deny");
            None
        };
        let principals = self.principals(node, pointer);
        let actions = match self.either(node, pointer, "Action", "NotAction") {
            Some(Found::Only(list)) => self.strings(list, &child(pointer, "Action"), "Action").map(Scope::Only),
            Some(Found::Except(list)) => {
                self.strings(list, &child(pointer, "NotAction"), "NotAction").map(Scope::Except)
            }
            None => {
                self.impossible(pointer, "a statement needs Action; add it, or NotAction");
                None
            }
        };
        let resources = self.resources(node, pointer);
        let conditions = match node.get("Condition") {
            None => Some(Conditions::new()),
            Some(found) => self.conditions(found, &child(pointer, "Condition")),
        };
        Some(Statement {
            sid,
            effect: effect?,
            principals: principals?,
            actions: actions?,
            resources: resources?,
            conditions: conditions?,
        })
    }

    fn sid(&mut self, node: &Node, pointer: &str) -> Option<String> {
        let sid = self.text(node, pointer, "Sid")?;
        if self.desired() && !sid.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            self.unknown(pointer, format!("the Sid {} may hold only letters and digits; rename it", shown(&sid)));
        }
        if self.desired() && !self.sids.insert(sid.clone()) {
            self.unknown(pointer, format!("the Sid {} stands in two statements; rename one", shown(&sid)));
        }
        Some(sid)
    }

    /// Which of two exclusive elements the statement has; both is a problem.
    fn either<'a>(&mut self, node: &'a Node, pointer: &str, only: &str, except: &str) -> Option<Found<'a>> {
        match (node.get(only), node.get(except)) {
            (Some(_), Some(_)) => {
                self.impossible(pointer, format!("a statement cannot have both {only} and {except}; remove one"));
                node.get(only).map(Found::Only)
            }
            (Some(found), None) => Some(Found::Only(found)),
            (None, Some(found)) => Some(Found::Except(found)),
            (None, None) => None,
        }
    }

    /// `Some(None)` when the kind of document has no principals and none is there.
    #[expect(clippy::option_option, reason = "the outer None is a problem that was reported")]
    fn principals(&mut self, node: &Node, pointer: &str) -> Option<Option<Scope<PrincipalSet>>> {
        let found = self.either(node, pointer, "Principal", "NotPrincipal");
        match (self.kind, found) {
            (Kind::Identity | Kind::Boundary | Kind::Any, None) => Some(None),
            (Kind::Identity | Kind::Boundary, Some(_)) => {
                self.impossible(
                    pointer,
                    "an identity policy has no Principal; remove it, the role itself is the principal",
                );
                None
            }
            (Kind::Trust, None) => {
                self.impossible(pointer, "a trust statement needs Principal; add who may assume the role");
                None
            }
            (Kind::Trust | Kind::Any, Some(Found::Only(found))) => {
                self.principal_set(found, &child(pointer, "Principal")).map(|set| Some(Scope::Only(set)))
            }
            (Kind::Trust | Kind::Any, Some(Found::Except(found))) => {
                self.principal_set(found, &child(pointer, "NotPrincipal")).map(|set| Some(Scope::Except(set)))
            }
        }
    }

    /// `Some(None)` when the kind of document has no resources and none is there.
    #[expect(clippy::option_option, reason = "the outer None is a problem that was reported")]
    fn resources(&mut self, node: &Node, pointer: &str) -> Option<Option<Scope<Vec<String>>>> {
        let found = self.either(node, pointer, "Resource", "NotResource");
        match (self.kind, found) {
            (Kind::Trust | Kind::Any, None) => Some(None),
            (Kind::Trust, Some(_)) => {
                self.impossible(
                    pointer,
                    "a trust statement has no Resource; remove it, the role itself is the resource",
                );
                None
            }
            (Kind::Identity | Kind::Boundary, None) => {
                self.impossible(pointer, "a statement of an identity policy needs Resource; add it, or NotResource");
                None
            }
            (_, Some(Found::Only(list))) => {
                self.strings(list, &child(pointer, "Resource"), "Resource").map(|list| Some(Scope::Only(list)))
            }
            (_, Some(Found::Except(list))) => {
                self.strings(list, &child(pointer, "NotResource"), "NotResource").map(|list| Some(Scope::Except(list)))
            }
        }
    }
}
