//! Whether a request is allowed, by the published logic ("Policy evaluation logic" in the IAM user
//! guide), as far as the documents of one role decide it: an explicit Deny wins; else the boundary
//! must allow it, and an identity policy.
//!
//! Of the context only what the request gives is known: no key is made up. A trusted account root
//! means Allowed; what the caller's own policies say is not asked.

mod condition;
#[cfg(test)]
mod laws;
mod principal;
mod request;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use crate::finding::{Check, Field, Finding};
use crate::quote::shown;
use crate::text::pointer::Pointer;

use crate::policy::document::{Effect, Policy, PrincipalKind, Scope, Statement, Version};
use crate::policy::pattern::{Pattern, Syntax, glob, is_action, names, names_plain};
use crate::policy::sessions;
use crate::policy::work::Work;

pub(super) use condition::matches as clause_matches;

/// What somebody asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    /// `s3:GetObject`; letter case does not count.
    pub action: String,
    /// ARN of the resource, taken literally; not used by a trust policy.
    pub resource: Option<String>,
    /// Who asks: for a trust policy.
    pub principal: Option<(PrincipalKind, String)>,
    /// What else is known of the request.
    pub context: Context,
}

/// Condition keys of a request and their values. Key names ignore letter case; a key without values
/// is absent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Context {
    keys: BTreeMap<String, KeyValues>,
}

/// The values of one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyValues {
    /// The values.
    pub values: Vec<String>,
    /// Whether the request gave a list: only operators with a set prefix match one.
    pub listed: bool,
}

impl Context {
    /// Sets a key to one value.
    #[must_use]
    pub fn with(mut self, key: &str, value: &str) -> Self {
        self.keys.insert(
            key.to_lowercase(),
            KeyValues { values: vec![value.to_owned()], listed: false },
        );
        self
    }

    /// Sets a key to a list.
    #[must_use]
    pub fn with_list<S: Into<String>>(
        mut self,
        key: &str,
        values: impl IntoIterator<Item = S>,
    ) -> Self {
        let values = values.into_iter().map(Into::into).collect();
        self.keys.insert(key.to_lowercase(), KeyValues { values, listed: true });
        self
    }

    /// The keys in lower case and what the request has under them.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &KeyValues)> {
        self.keys.iter().map(|(key, found)| (key.as_str(), found))
    }

    /// What the request has under a key, in any letter case.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&KeyValues> {
        // Keys of one request are few, and a scan allocates nothing.
        let found =
            self.keys.iter().find(|(known, _)| same_key(known, key)).map(|(_, found)| found);
        found.filter(|found| !found.values.is_empty())
    }
}

/// The documents of one role. All empty: everything is denied.
#[derive(Clone, Copy, Debug, Default)]
pub struct Documents<'a> {
    /// Identity policies, each with the name by which the answer calls it.
    pub policies: &'a [(&'a str, &'a Policy)],
    /// The permissions boundary.
    pub boundary: Option<&'a Policy>,
    /// The trust policy; when there is one, it alone answers for the actions that make sessions.
    pub trust: Option<&'a Policy>,
}

/// The answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Decision {
    /// An Allow matches and no Deny.
    Allowed,
    /// Nothing allows it.
    ImplicitlyDenied,
    /// A Deny matches.
    ExplicitlyDenied,
}

/// The answer and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evaluation {
    /// The answer.
    pub decision: Decision,
    /// The statement that decided it: name of the document (`trust`, `boundary` or that of the
    /// policy) and index from 0.
    pub statement: Option<(String, usize)>,
    /// Sentences for people: what decided, and when denied what was missing.
    pub because: Vec<String>,
}

/// What makes a document or request impossible to evaluate.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{document}, statement {statement}: {}", .finding.sentence())]
pub struct EvaluationError {
    /// Name of the document: `trust`, `boundary` or that of the policy.
    pub document: String,
    /// Index of the statement, from 0.
    pub statement: usize,
    /// What is wrong, with the pointer into the document.
    pub finding: Finding,
}

/// What it costs to look at a statement at all.
const STATEMENT: usize = 20;

fn same_key(folded: &str, key: &str) -> bool {
    folded.eq_ignore_ascii_case(key) || (!key.is_ascii() && *folded == key.to_lowercase())
}

/// Whether the request is allowed.
///
/// With a trust policy, actions that make sessions (`sts:Assume…`, and without identity policies
/// also `sts:TagSession`, `sts:SetSourceIdentity` and `sts:SetContext`) are for it alone to decide.
///
/// # Errors
/// When a document holds what can't be evaluated for certain, such as an unknown operator, or the
/// request lacks a principal that a trust policy needs.
pub fn evaluate(
    documents: &Documents<'_>,
    request: &Request,
) -> Result<Evaluation, EvaluationError> {
    evaluate_within(documents, request, &Work::unbounded())
}

/// The same; once the work is over its budget, the answer means nothing.
pub(super) fn evaluate_within(
    documents: &Documents<'_>,
    request: &Request,
    work: &Work,
) -> Result<Evaluation, EvaluationError> {
    let action = request.action.as_str();
    if !is_action(action) {
        return Ok(denied(format!(
            "{} is no action and matches nothing; write SERVICE:NAME",
            shown(action)
        )));
    }
    let begins = |prefix: &str| {
        action.get(..prefix.len()).is_some_and(|head| head.eq_ignore_ascii_case(prefix))
    };
    let beside = sessions::BESIDE.iter().any(|name| action.eq_ignore_ascii_case(name));
    if let Some(trust) = documents.trust
        && (begins("sts:Assume") || (beside && documents.policies.is_empty()))
    {
        let scan = Scan::of("trust", trust, request, true, work)?;
        return Ok(scan
            .denied()
            .or_else(|| scan.allowed())
            .unwrap_or_else(|| denied(scan.missing())));
    }
    let mut boundary = None;
    let mut allowed = None;
    let mut explicit = None;
    let mut missing = Vec::new();
    if let Some(policy) = documents.boundary {
        let scan = Scan::of("boundary", policy, request, false, work)?;
        explicit = scan.denied();
        boundary = Some(scan);
    }
    for (name, policy) in documents.policies {
        let scan = Scan::of(name, policy, request, false, work)?;
        explicit = explicit.or_else(|| scan.denied());
        allowed = allowed.or_else(|| scan.allowed());
        if allowed.is_none() {
            missing.push(scan.missing());
        }
    }
    if documents.policies.is_empty() {
        missing.push("no identity policy was given, and nothing is allowed without one".to_owned());
    }
    if let Some(explicit) = explicit {
        return Ok(explicit);
    }
    if let Some(scan) = boundary.filter(|scan| scan.allow.is_none()) {
        missing.insert(0, format!("the boundary does not allow it: {}", scan.missing()));
        return Ok(Evaluation {
            decision: Decision::ImplicitlyDenied,
            statement: None,
            because: missing,
        });
    }
    let otherwise =
        Evaluation { decision: Decision::ImplicitlyDenied, statement: None, because: missing };
    Ok(allowed.unwrap_or(otherwise))
}

fn denied(why: String) -> Evaluation {
    Evaluation { decision: Decision::ImplicitlyDenied, statement: None, because: vec![why] }
}

/// Why a statement does not match; the later in this order, the nearer it came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Miss<'a> {
    Action,
    Principal,
    Resource,
    /// Operator and key.
    Condition(&'a str, &'a str),
    /// Operator, key, and a value that can't be one.
    Value(&'a str, &'a str, &'a str),
}

/// What the statements of one document say to a request.
struct Scan<'a> {
    name: &'a str,
    policy: &'a Policy,
    request: &'a Request,
    deny: Option<usize>,
    allow: Option<usize>,
    near: Option<(Miss<'a>, usize)>,
    /// A Deny that is about the request, and never matches.
    void: Option<(Miss<'a>, usize)>,
}

impl<'a> Scan<'a> {
    fn of(
        name: &'a str,
        policy: &'a Policy,
        request: &'a Request,
        trust: bool,
        work: &Work,
    ) -> Result<Self, EvaluationError> {
        let mut scan =
            Self { name, policy, request, deny: None, allow: None, near: None, void: None };
        for (index, statement) in policy.statements.iter().enumerate() {
            let place = |finding: Finding| {
                let list = Pointer::Root.key("Statement");
                let field = Field::of_document(&list.item(index));
                let finding = finding.within(&field);
                EvaluationError { document: name.to_owned(), statement: index, finding }
            };
            match miss(statement, policy.version, request, trust, work).map_err(place)? {
                None if statement.effect == Effect::Deny => scan.deny = scan.deny.or(Some(index)),
                None => scan.allow = scan.allow.or(Some(index)),
                Some(miss)
                    if statement.effect == Effect::Allow
                        && scan.near.is_none_or(|(near, _)| near < miss) =>
                {
                    scan.near = Some((miss, index));
                }
                Some(miss @ Miss::Value(..)) if statement.effect == Effect::Deny => {
                    scan.void = scan.void.or(Some((miss, index)));
                }
                Some(_) => {}
            }
        }
        Ok(scan)
    }

    fn denied(&self) -> Option<Evaluation> {
        self.deny.map(|index| self.decided(Decision::ExplicitlyDenied, index, "denies it"))
    }

    fn allowed(&self) -> Option<Evaluation> {
        self.allow.map(|index| self.decided(Decision::Allowed, index, "allows it"))
    }

    fn decided(&self, decision: Decision, index: usize, verb: &str) -> Evaluation {
        let mut because = vec![format!("{} {verb}", self.called(index))];
        if let Some((miss, index)) = self.void.filter(|_| decision == Decision::Allowed) {
            because.push(self.void(miss, index));
        }
        Evaluation { decision, statement: Some((self.name.to_owned(), index)), because }
    }

    fn called(&self, index: usize) -> String {
        let sid = self.policy.statements.get(index).and_then(|statement| statement.sid.as_deref());
        let sid = sid.map(|sid| format!(" ({sid})")).unwrap_or_default();
        format!("{}, statement {index}{sid}", self.name)
    }

    /// Of a statement with a value that is not of its operator's type.
    fn void(&self, miss: Miss<'_>, index: usize) -> String {
        let Miss::Value(operator, key, value) = miss else { return String::new() };
        let (called, key, value) = (self.called(index), shown(key), shown(value));
        format!("{called} never matches: {operator} {key} can't have the value {value}")
    }

    /// What was missing for an Allow.
    fn missing(&self) -> String {
        let Some((miss, index)) = self.near else { return format!("{} has no Allow", self.name) };
        let action = shown(&self.request.action);
        match miss {
            Miss::Action => format!("no Allow of {} names the action {action}", self.name),
            Miss::Principal => {
                let who = self.request.principal.as_ref().map_or("nobody", |(_, who)| who);
                format!("{} allows {action}, but not to {}", self.called(index), shown(who))
            }
            Miss::Resource => {
                let on = self.request.resource.as_deref().map_or("no resource".to_owned(), shown);
                format!("{} allows {action}, but not on {on}", self.called(index))
            }
            Miss::Value(..) => self.void(miss, index),
            Miss::Condition(operator, key) => {
                let has =
                    self.request.context.get(key).map_or("has no such key".to_owned(), |found| {
                        let values: Vec<String> =
                            found.values.iter().take(5).map(|value| shown(value)).collect();
                        let list = if found.listed { "the list " } else { "" };
                        format!("has {list}{}", values.join(", "))
                    });
                format!(
                    "{} would allow it, but for {operator} {}: the request {has}",
                    self.called(index),
                    shown(key)
                )
            }
        }
    }
}

/// `None` when the statement matches.
fn miss<'a>(
    statement: &'a Statement,
    version: Version,
    request: &Request,
    trust: bool,
    work: &Work,
) -> Result<Option<Miss<'a>>, Finding> {
    let refused = |message, remedy| {
        Finding::error(Check::EVALUATION, Field::whole(), message).with_remedy(remedy)
    };
    let Statement { sid: _, effect, principals, actions, resources, conditions } = statement;
    // First: a document with an unknown operator is never half evaluated.
    let operators = condition::operators(conditions)?;
    work.spend(STATEMENT);
    let names = |list: &Vec<String>| {
        list.iter().any(|pattern| action_matches(pattern, &request.action, work))
    };
    if names(actions.content()) == actions.is_except() {
        return Ok(Some(Miss::Action));
    }
    if trust {
        let principals = principals
            .as_ref()
            .ok_or_else(|| refused("it has no Principal", "add who may assume the role"))?;
        let Some((kind, who)) = &request.principal else {
            return Err(refused("the request names no principal", "a trust policy needs one"));
        };
        if principal::is_named(principals.content(), *kind, who, work) == principals.is_except() {
            return Ok(Some(Miss::Principal));
        }
    } else {
        let resources = resources
            .as_ref()
            .ok_or_else(|| refused("it has no Resource", "add what it is about"))?;
        if !resource_matches(resources, version, *effect, request, work) {
            return Ok(Some(Miss::Resource));
        }
    }
    // All are read, also behind one that does not hold: the order of keys decides nothing.
    let mut missed = None;
    for (operator, text, keys) in operators {
        for (key, values) in keys {
            let context = &request.context;
            match condition::matches(operator, key, values, version, context, work) {
                Some(true) => {}
                Some(false) => missed = missed.or(Some(Miss::Condition(text, key))),
                None => {
                    let value = condition::misfit(operator, values).unwrap_or_default();
                    missed = missed.max(Some(Miss::Value(text, key, value)));
                }
            }
        }
    }
    Ok(missed)
}

/// A malformed pattern, neither `*` nor `SERVICE:NAME`, matches nothing.
fn action_matches(pattern: &str, action: &str, work: &Work) -> bool {
    let all = !pattern.is_empty() && pattern.bytes().all(|byte| byte == b'*');
    all || (is_action(pattern) && glob(pattern, action, true, work))
}

fn resource_matches(
    resources: &Scope<Vec<String>>,
    version: Version,
    effect: Effect,
    request: &Request,
    work: &Work,
) -> bool {
    let mut unresolved = false;
    let mut matches = |pattern: &String| {
        let Some(resource) = request.resource.as_deref() else {
            // Without a resource only "everything" can be meant.
            return pattern.bytes().all(|byte| byte == b'*');
        };
        if version == Version::V2008 || !pattern.contains("${") {
            return names_plain(pattern, resource, work);
        }
        work.spend(pattern.len());
        // In fields first: what a variable stands for stays in the field of the variable.
        let fields = Pattern::new(pattern, Syntax::like(version)).fields();
        let known: Option<Vec<Pattern>> =
            fields.iter().map(|field| with_values(field, &request.context)).collect();
        unresolved |= known.is_none();
        known.is_some_and(|fields| names(&fields, resource, work))
    };
    let named = resources.content().iter().any(&mut matches);
    match resources {
        Scope::Only(_) => named,
        // An exception that can't be told must not let more through.
        Scope::Except(_) if effect == Effect::Allow => !named && !unresolved,
        Scope::Except(_) => !named,
    }
}

/// The pattern with the variables of the request; a key with several values is no value of a
/// variable.
fn resolved(text: &str, syntax: Syntax, context: &Context) -> Option<Pattern> {
    with_values(&Pattern::new(text, syntax), context)
}

fn with_values(pattern: &Pattern, context: &Context) -> Option<Pattern> {
    pattern.resolve(|key| {
        let found = context.get(key)?;
        if found.listed { None } else { found.values.first().cloned() }
    })
}
