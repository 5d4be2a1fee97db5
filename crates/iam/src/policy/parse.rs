//! Reading a policy document: every problem at once, each with its place and a remedy.
//!
//! This file reads the document and its statements; `element.rs` reads what stands inside an
//! element. Reading is exact: an element that is not known is refused, never skipped, because a
//! misspelt `Condition` that is skipped widens access.

use std::collections::HashSet;

use crate::finding::{Check, Finding};
use crate::limits;
use crate::nearest::nearest;
use crate::quote::shown;
use crate::text::Text;
use crate::text::{
    node::{Bounds, Node},
    pointer::Pointer,
};

use crate::policy::document::{
    Conditions, Effect, Policy, PrincipalSet, Scope, Statement, Version,
};
use crate::policy::problems::{Problems, SHOWN};

/// What a document is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PolicyKind {
    /// What a role may do: an inline policy.
    Identity,
    /// Who may assume a role.
    Trust,
    /// What a role may do at most: a managed policy, in the grammar of [`PolicyKind::Identity`].
    Boundary,
    /// Not known: only the rules common to all kinds.
    Any,
}

impl PolicyKind {
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
    /// Somebody asks for it: also refused are duplicate and odd Sids, unknown condition operators,
    /// keys that differ only in case, and the string `*` as a principal.
    Desired,
    /// AWS has it: what AWS took is kept as it is where the typed form can hold it. Names of
    /// elements and operators in other letter case are folded to the documented spelling (Q12,
    /// Q35).
    Observed,
}

/// What the way of a document to us may have done to its conditions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NumberRule {
    /// Nothing, the text is what the user wrote: any number is taken, and a condition that is empty
    /// has no effect (Q30).
    AsWritten,
    /// For documents and typed fields inside a Kubernetes resource. Integers have at most 15
    /// digits: between the user's YAML and us every other number may have passed through a float
    /// and lost its digits. An empty condition is refused: templates and patches leave one where a
    /// condition was meant, and without it access is wider.
    ShortIntegers,
}

const DOCUMENT: [&str; 3] = ["Version", "Id", "Statement"];
const STATEMENT: [&str; 9] = [
    "Sid",
    "Effect",
    "Principal",
    "NotPrincipal",
    "Action",
    "NotAction",
    "Resource",
    "NotResource",
    "Condition",
];

/// A document as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    /// What it says.
    pub policy: Policy,
    /// What was folded away because AWS evaluates nothing in it, the first fifty in the order of
    /// the text.
    pub folded: Vec<Folded>,
}

/// A spelling that the typed form does not keep.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folded {
    /// JSON pointer into the document (RFC 6901).
    pub pointer: String,
    /// What stands there and why it does not count: one sentence.
    pub text: String,
}

impl Reading {
    /// As [`Policy::parse`].
    ///
    /// # Errors
    /// As [`Policy::parse`].
    pub fn parse(
        text: &str,
        kind: PolicyKind,
        strictness: Strictness,
    ) -> Result<Self, Vec<Finding>> {
        let text = Text::json(text, bounds(strictness)).map_err(|error| vec![error.into()])?;
        Reader::new(kind, strictness, NumberRule::AsWritten).run(&text.node, Some(&text))
    }

    /// As [`Policy::read`].
    ///
    /// # Errors
    /// As [`Policy::read`].
    pub fn read(
        text: &str,
        kind: PolicyKind,
        strictness: Strictness,
    ) -> Result<Self, Vec<Finding>> {
        let text = Text::read(text, limits::given(text)).map_err(|error| vec![error.into()])?;
        Reader::new(kind, strictness, NumberRule::AsWritten).run(&text.node, Some(&text))
    }
}

fn bounds(strictness: Strictness) -> Bounds {
    match strictness {
        Strictness::Desired => limits::DOCUMENT,
        Strictness::Observed => limits::OBSERVED_DOCUMENT,
    }
}

impl Policy {
    /// Reads a document that a person wrote, in JSON or YAML.
    ///
    /// # Errors
    /// Every problem of the document (the first fifty), each with line, column and JSON pointer; at
    /// least one. It has at most 1 MiB, in which white space does not count.
    pub fn read(
        text: &str,
        kind: PolicyKind,
        strictness: Strictness,
    ) -> Result<Self, Vec<Finding>> {
        Reading::read(text, kind, strictness).map(|reading| reading.policy)
    }

    /// Reads a document that code printed or AWS returned, not percent-encoded: JSON and nothing
    /// else, so that what is no document of AWS never passes for one.
    ///
    /// # Errors
    /// As [`Policy::read`]. A desired document is bounded to 64 KiB, an observed one to what AWS
    /// accepts.
    pub fn parse(
        text: &str,
        kind: PolicyKind,
        strictness: Strictness,
    ) -> Result<Self, Vec<Finding>> {
        Reading::parse(text, kind, strictness).map(|reading| reading.policy)
    }

    /// Reads a desired document from a JSON value, such as a `document` inside a Kubernetes
    /// resource.
    ///
    /// # Errors
    /// Every problem of the document (the first fifty); at least one.
    pub fn from_node(
        node: &Node,
        kind: PolicyKind,
        numbers: NumberRule,
    ) -> Result<Self, Vec<Finding>> {
        Reader::new(kind, Strictness::Desired, numbers)
            .run(node, None)
            .map(|reading| reading.policy)
    }

    /// Checks a policy that code or typed fields made, by the rules for documents inside a
    /// resource.
    ///
    /// # Errors
    /// What [`Policy::from_node`] would say about its printed form; also when that is longer than
    /// 64 KiB.
    pub fn check(&self, kind: PolicyKind) -> Result<(), Vec<Finding>> {
        let printed = self.to_json();
        // A place in the printed form would mean nothing to anybody.
        let text = Text::json(&printed, limits::DOCUMENT)
            .map_err(|error| vec![Finding::from(error).with_place(None)])?;
        Self::from_node(&text.node, kind, NumberRule::ShortIntegers).map(|_| ())
    }
}

/// Reads one document whose values live as long as `'n`.
pub(super) struct Reader<'n> {
    pub(super) kind: PolicyKind,
    pub(super) strictness: Strictness,
    pub(super) numbers: NumberRule,
    problems: Problems,
    folded: Vec<Folded>,
    sids: HashSet<&'n str>,
}

/// A key as it is spelled, and its value.
pub(super) type Member = (String, Node);

/// The two forms of an element, looked up in one statement.
#[derive(Clone, Copy)]
enum ElementForm<'n> {
    Only(&'n Member),
    Except(&'n Member),
}

impl<'n> Reader<'n> {
    fn new(kind: PolicyKind, strictness: Strictness, numbers: NumberRule) -> Self {
        Self {
            kind,
            strictness,
            numbers,
            problems: Problems::default(),
            folded: Vec::new(),
            sids: HashSet::new(),
        }
    }

    fn run(mut self, node: &'n Node, text: Option<&Text<'_>>) -> Result<Reading, Vec<Finding>> {
        let policy = self.document(node);
        if self.desired() {
            self.characters(node, &Pointer::Root);
        }
        match policy {
            Some(policy) if self.problems.is_empty() => Ok(Reading { policy, folded: self.folded }),
            _ => Err(self.problems.into_list(text)),
        }
    }

    pub(super) fn desired(&self) -> bool {
        self.strictness == Strictness::Desired
    }

    /// Notes what no role can hold, and what to do.
    pub(super) fn impossible<M: Into<String>, R: Into<String>>(
        &mut self,
        at: &Pointer<'_>,
        words: impl FnOnce() -> (M, R),
    ) {
        self.problems.add(at, Check::IMPOSSIBLE, words);
    }

    /// Notes what is not known here, and what to do.
    pub(super) fn unknown<M: Into<String>, R: Into<String>>(
        &mut self,
        at: &Pointer<'_>,
        words: impl FnOnce() -> (M, R),
    ) {
        self.problems.add(at, Check::UNKNOWN, words);
    }

    /// Notes what does not count, as often as there is room for it.
    pub(super) fn fold(&mut self, at: &Pointer<'_>, text: impl FnOnce() -> String) {
        if self.folded.len() < SHOWN {
            self.folded.push(Folded { pointer: at.to_string(), text: text() });
        }
    }

    /// The members of an object in the order of `known`; an observed one may spell them in other
    /// letter case (Q12).
    fn elements<const N: usize>(
        &mut self,
        node: &'n Node,
        at: &Pointer<'_>,
        what: &str,
        known: [&str; N],
    ) -> Option<[Option<&'n Member>; N]> {
        let Some(members) = node.as_object() else {
            self.impossible(at, || {
                (format!("{what} must be an object, not {}", node.type_name()), "write {…}")
            });
            return None;
        };
        let folds = self.strictness == Strictness::Observed;
        let mut found = [None; N];
        for member in members {
            let key = member.0.as_str();
            let meant = found
                .iter_mut()
                .zip(known)
                .find(|(_, name)| *name == key || (folds && name.eq_ignore_ascii_case(key)));
            let at = at.key(key);
            let Some((place, name)) = meant else {
                self.unknown(&at, || {
                    let remedy = nearest(key, known.into_iter()).map_or_else(
                        || "remove it".to_owned(),
                        |name| format!("did you mean {}?", shown(name)),
                    );
                    (format!("{what} has no element {}", shown(key)), remedy)
                });
                continue;
            };
            if place.replace(member).is_some() {
                self.unknown(&at, || {
                    (format!("{} stands twice in different letter case", shown(key)), "keep one")
                });
            } else if name != key {
                self.fold(&at, || {
                    format!("{} means {name}: letter case does not count here", shown(key))
                });
            }
        }
        Some(found)
    }

    fn document(&mut self, node: &'n Node) -> Option<Policy> {
        let root = Pointer::Root;
        let [version, id, statement] = self.elements(node, &root, "a policy document", DOCUMENT)?;
        let version = match version {
            None => Version::V2008,
            Some((key, found)) => {
                self.word(found, &root.key(key), &Version::ALL, Version::as_str)?
            }
        };
        let id = id.and_then(|(key, found)| self.text(found, &root.key(key), "Id"));
        let Some((key, found)) = statement else {
            self.impossible(&root, || {
                ("a policy document needs Statement", "add a list with at least one statement")
            });
            return None;
        };
        let at = root.key(key);
        if found.as_array().is_some_and(<[Node]>::is_empty) {
            self.impossible(&at, || ("Statement is empty", "add at least one statement"));
            return None;
        }
        let statements = self.list(found, &at, Self::statement)?;
        Some(Policy { version, id, statements })
    }

    fn statement(&mut self, node: &'n Node, at: &Pointer<'_>) -> Option<Statement> {
        let [
            sid,
            effect,
            principal,
            not_principal,
            action,
            not_action,
            resource,
            not_resource,
            condition,
        ] = self.elements(node, at, "a statement", STATEMENT)?;
        let sid = sid.and_then(|(key, found)| self.sid(found, &at.key(key)));
        let effect = if let Some((key, found)) = effect {
            self.word(found, &at.key(key), &[Effect::Allow, Effect::Deny], Effect::as_str)
        } else {
            self.impossible(at, || ("a statement needs Effect", "add Allow or Deny"));
            None
        };
        let principals = self.principals(principal, not_principal, at);
        let actions = if let Some(found) = self.either(action, not_action, at, "Action") {
            self.scoped(found, at, Self::actions)
        } else {
            self.impossible(at, || ("a statement needs Action", "add it, or NotAction"));
            None
        };
        let resources = self.resources(resource, not_resource, at);
        let conditions = match condition {
            None => Some(Conditions::new()),
            Some((key, found)) => self.conditions(found, &at.key(key)),
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

    fn sid(&mut self, node: &'n Node, at: &Pointer<'_>) -> Option<String> {
        let sid = self.text(node, at, "Sid")?;
        if self.desired() && !sid.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            self.unknown(at, || {
                (format!("the Sid {} may hold only letters and digits", shown(&sid)), "rename it")
            });
        }
        if self.desired() && node.as_str().is_some_and(|sid| !self.sids.insert(sid)) {
            self.unknown(at, || {
                (format!("the Sid {} stands in two statements", shown(&sid)), "rename one")
            });
        }
        Some(sid)
    }

    /// Which of two exclusive forms of an element the statement has; both is a problem.
    fn either(
        &mut self,
        only: Option<&'n Member>,
        except: Option<&'n Member>,
        at: &Pointer<'_>,
        element: &str,
    ) -> Option<ElementForm<'n>> {
        if only.is_some() && except.is_some() {
            self.impossible(at, || {
                (format!("a statement cannot have both {element} and Not{element}"), "remove one")
            });
        }
        only.map(ElementForm::Only).or(except.map(ElementForm::Except))
    }

    fn scoped<T>(
        &mut self,
        found: ElementForm<'n>,
        at: &Pointer<'_>,
        read: impl FnOnce(&mut Self, &'n Node, &Pointer<'_>) -> Option<T>,
    ) -> Option<Scope<T>> {
        match found {
            ElementForm::Only((key, node)) => read(self, node, &at.key(key)).map(Scope::Only),
            ElementForm::Except((key, node)) => read(self, node, &at.key(key)).map(Scope::Except),
        }
    }

    /// `Some(None)` when the kind of document has no principals and none is there.
    #[expect(clippy::option_option, reason = "the outer None is a problem that was reported")]
    fn principals(
        &mut self,
        only: Option<&'n Member>,
        except: Option<&'n Member>,
        at: &Pointer<'_>,
    ) -> Option<Option<Scope<PrincipalSet>>> {
        let found = self.either(only, except, at, "Principal");
        match (self.kind, found) {
            (PolicyKind::Identity | PolicyKind::Boundary | PolicyKind::Any, None) => Some(None),
            (PolicyKind::Identity | PolicyKind::Boundary, Some(_)) => {
                self.impossible(at, || {
                    let remedy = "remove it, the role itself is the principal";
                    ("an identity policy has no Principal", remedy)
                });
                None
            }
            (PolicyKind::Trust, None) => {
                self.impossible(at, || {
                    ("a trust statement needs Principal", "add who may assume the role")
                });
                None
            }
            (PolicyKind::Trust | PolicyKind::Any, Some(found)) => {
                self.scoped(found, at, Self::principal_set).map(Some)
            }
        }
    }

    /// `Some(None)` when the kind of document has no resources and none is there.
    #[expect(clippy::option_option, reason = "the outer None is a problem that was reported")]
    fn resources(
        &mut self,
        only: Option<&'n Member>,
        except: Option<&'n Member>,
        at: &Pointer<'_>,
    ) -> Option<Option<Scope<Vec<String>>>> {
        let found = self.either(only, except, at, "Resource");
        match (self.kind, found) {
            (PolicyKind::Trust | PolicyKind::Any, None) => Some(None),
            (PolicyKind::Trust, Some(_)) => {
                self.impossible(at, || {
                    let remedy = "remove it, the role itself is the resource";
                    ("a trust statement has no Resource", remedy)
                });
                None
            }
            (PolicyKind::Identity | PolicyKind::Boundary, None) => {
                self.impossible(at, || {
                    ("a statement of an identity policy needs Resource", "add it, or NotResource")
                });
                None
            }
            (_, Some(found)) => self.scoped(found, at, Self::arns).map(Some),
        }
    }
}
