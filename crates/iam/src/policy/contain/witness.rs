//! Looking for a request that shows new access. Whatever is found is put to the evaluator, so
//! nothing here has to be right, only likely.
//!
//! A request in the region is put to both documents. The statement that stands in its way, a Deny
//! of the new document or an Allow of the old one, tells what to change next: a value with which
//! one of its conditions does not hold.

use std::collections::HashSet;
use std::rc::Rc;

use crate::account::is_account_id;
use crate::policy::document::{Policy, PrincipalKind, Scope};
use crate::policy::evaluate::{Decision, Documents, Request, evaluate_within};
use crate::policy::pattern::Token;
use crate::policy::sessions;
use crate::policy::work::Work;

use crate::policy::contain::choices::{Choices, Values};
use crate::policy::contain::clause::{ANYTHING, filled};
use crate::policy::contain::element::{Element, Glob, Limit, Who};
use crate::policy::contain::region::{Region, Rule};
use crate::policy::contain::{Question, Witness};

/// Requests put to the evaluator for one answer.
pub(super) const TRIES: usize = 600;
/// Requests for one region, and for one action, resource and principal of it: those behind have
/// their turn too.
const TRIES_OF_A_REGION: usize = 120;
const TRIES_OF_ONE: usize = 40;
/// Conditions that are changed one after the other.
const DEEPEST: usize = 8;
/// What it costs to look for requests, and to make one.
const SEARCH: usize = 1_000;
const TRY: usize = 100;

/// A search in one region.
struct Search<'q, 'a> {
    question: &'q Question<'a>,
    choices: Choices<'q>,
    seen: HashSet<Values>,
    /// For this action, resource and principal.
    left: usize,
}

/// What became of a request.
enum Judged {
    /// Only the new document allows it, by this statement.
    Shown(usize),
    /// A statement of the new document denies it.
    Denied(usize),
    /// A statement of the old document allows it.
    Allowed(usize),
    /// Nothing can be made of it.
    Lost,
}

impl Question<'_> {
    pub(super) fn witness(
        &self,
        rule: &Rule,
        region: &Region<'_>,
        left: &mut usize,
    ) -> Option<Witness> {
        let work = self.work;
        if *left == 0 || !work.spend(SEARCH) {
            return None;
        }
        let trust = rule.principals.is_some();
        let denies = || self.kept.iter().copied();
        let all = || self.old.allows.iter().chain(denies()).chain(&self.new.denies);
        let others: Vec<&Rule> = all().filter(|other| other.may_meet(region, work)).collect();
        let named = region.resources.iter().filter_map(|part| match part {
            Limit::One(glob) => Some(glob.pattern.tokens()),
            Limit::Except(..) => None,
        });
        let variables = named.flatten().filter_map(|token| match token {
            Token::Variable(variable) => Some(variable.key.as_str()),
            _ => None,
        });
        let choices = Choices::new(
            region.clauses.iter().map(Rc::as_ref).collect(),
            others.iter().flat_map(|rule| rule.clauses.iter().map(Rc::as_ref)).collect(),
            variables,
        );
        let mut search = Search { question: self, choices, seen: HashSet::new(), left: 0 };
        // What two variables stand for may have to be the same, or not the same.
        let starts = search.choices.starts(work);
        starts.iter().find_map(|values| {
            let mut tries = TRIES_OF_A_REGION.min(*left);
            let before = tries;
            let found = search.search(region, &others, trust, values, &mut tries);
            *left = left.saturating_sub(before - tries);
            found
        })
    }

    fn judged(&self, request: &Request) -> Judged {
        let (old, new) = self.policies;
        let work = self.work;
        let after = match decided(new, request, work) {
            Some((Decision::Allowed, index)) => index,
            Some((Decision::ExplicitlyDenied, index)) => return Judged::Denied(index),
            _ => return Judged::Lost,
        };
        let before = decided(old, request, work);
        if work.is_over() {
            // What was not evaluated to its end shows nothing.
            return Judged::Lost;
        }
        match before {
            Some((Decision::Allowed, index)) => Judged::Allowed(index),
            _ => Judged::Shown(after),
        }
    }
}

impl Search<'_, '_> {
    fn search(
        &mut self,
        region: &Region<'_>,
        others: &[&Rule],
        trust: bool,
        values: &Values,
        tries: &mut usize,
    ) -> Option<Witness> {
        let work = self.question.work;
        let actions = others.iter().map(|rule| rule.actions.content().as_slice());
        let any = if trust { sessions::ALL.as_slice() } else { &ACTIONS };
        let actions = texts(&region.actions, actions, (any, true), values, work);
        let resources = others.iter().filter_map(|rule| rule.resources.as_ref());
        let resources = resources.map(|scope| scope.content().as_slice());
        let resources: Vec<Option<String>> = if trust {
            vec![None]
        } else {
            let found = texts(&region.resources, resources, (&RESOURCES, false), values, work);
            found.into_iter().map(Some).collect()
        };
        let principals = principals(region, others, trust, work);
        // Diagonally, so that each dimension's first candidates meet before any one is gone
        // through.
        for sum in 0..actions.len() + resources.len() + principals.len() {
            for (i, action) in actions.iter().enumerate().take(sum + 1) {
                for (j, resource) in resources.iter().enumerate().take(sum - i + 1) {
                    let Some(principal) = principals.get(sum - i - j) else { continue };
                    if *tries == 0 || work.is_over() {
                        return None;
                    }
                    let granted = TRIES_OF_ONE.min(*tries);
                    self.left = granted;
                    self.seen.clear();
                    let request = Request {
                        action: action.clone(),
                        resource: resource.clone(),
                        principal: principal.clone(),
                        context: values.context(),
                    };
                    let found = self.try_with(&request, values, 0);
                    *tries -= granted - self.left;
                    if found.is_some() {
                        return found;
                    }
                }
            }
        }
        None
    }

    fn try_with(&mut self, request: &Request, values: &Values, depth: usize) -> Option<Witness> {
        let work = self.question.work;
        // It is copied to be remembered, and as the context of the request.
        let cost = TRY + 3 * values.weight();
        if self.left == 0 || !work.spend(cost) || !self.seen.insert(values.clone()) {
            return None;
        }
        self.left -= 1;
        let request = Request { context: values.context(), ..request.clone() };
        let rules = match self.question.judged(&request) {
            Judged::Shown(statement) => {
                let Request { action, resource, principal, context } = request;
                return Some(Witness { action, resource, principal, context, statement });
            }
            Judged::Denied(index) => (&self.question.new.denies, index),
            Judged::Allowed(index) => (&self.question.old.allows, index),
            Judged::Lost => return None,
        };
        let (rules, index) = rules;
        let rule = rules.iter().find(|rule| rule.index == index).filter(|_| depth < DEEPEST)?;
        for clause in &rule.clauses {
            for values in self.choices.past(clause, values, work) {
                if let Some(found) = self.try_with(&request, &values, depth + 1) {
                    return Some(found);
                }
            }
        }
        None
    }
}

/// The statement that allows a request by this document alone.
#[cfg(test)]
pub(super) fn asked(policy: &Policy, request: &Request) -> Option<usize> {
    match decided(policy, request, &Work::unbounded()) {
        Some((Decision::Allowed, index)) => Some(index),
        _ => None,
    }
}

/// The decision of this document alone, and the statement that made it.
fn decided(policy: &Policy, request: &Request, work: &Work) -> Option<(Decision, usize)> {
    let policies = [("policy", policy)];
    let trust = policy.statements.iter().any(|statement| statement.principals.is_some());
    let documents = if trust {
        Documents { trust: Some(policy), ..Documents::default() }
    } else {
        Documents { policies: &policies, ..Documents::default() }
    };
    let evaluation = evaluate_within(&documents, request, work).ok()?;
    evaluation.statement.map(|(_, index)| (evaluation.decision, index))
}

const ACTIONS: [&str; 4] = ["iam:CreateUser", "zz9:Zz9", "s3:GetObject", "sts:AssumeRole"];
const RESOURCES: [&str; 3] = ["arn:aws:s3:::zz9/zz9", "*", "arn:aws:iam::123456789012:role/zz9"];
/// Patterns of other statements that are tried.
const NEAR: usize = 40;

/// Texts that are in all of the parts: those of a pattern, or of others that lie near.
fn texts<'a>(
    parts: &[Limit<'_, Glob>],
    others: impl Iterator<Item = &'a [Glob]>,
    (any, fold): (&[&str], bool),
    values: &Values,
    work: &Work,
) -> Vec<String> {
    let variable = |key: &str| values.variable(key).or_else(|| Some(ANYTHING.to_owned()));
    let examples = |glob: &Glob| {
        let known = glob.pattern.resolve(variable);
        known.map_or_else(Vec::new, |pattern| vec![filled(&pattern), pattern.example()])
    };
    let own = || {
        parts.iter().filter_map(|part| match part {
            Limit::One(glob) => Some(*glob),
            Limit::Except(..) => None,
        })
    };
    let mut out: Vec<String> = Vec::new();
    out.extend(own().flat_map(examples));
    // What two of them have in common is seldom a text of either.
    let affordable = || !work.is_over();
    for (index, one) in own().enumerate() {
        let rest = own().skip(index + 1).take_while(|_| affordable());
        out.extend(rest.filter_map(|other| one.common(other, variable, work)));
    }
    let single =
        |part: &Limit<'_, Glob>| matches!(part, Limit::One(glob) if glob.literal().is_some());
    if !parts.iter().any(single) {
        out.extend(any.iter().map(|text| (*text).to_owned()));
        let inside = |glob: &&Glob| parts.iter().all(|part| !part.excludes(glob, work));
        let near = others.flatten().take_while(|_| affordable()).filter(inside);
        for near in near.take(NEAR) {
            let ours = own().take_while(|_| affordable());
            out.extend(ours.filter_map(|glob| glob.common(near, variable, work)));
            out.extend(examples(near));
        }
    }
    let in_all = |text: &str| {
        let text = if fold { text.to_ascii_lowercase() } else { text.to_owned() };
        let named = |glob: &Glob| glob.names(&text, |key| values.variable(key), work);
        parts.iter().all(|part| match part {
            Limit::One(glob) => named(glob),
            Limit::Except(list, _) => !list.iter().any(named),
        })
    };
    let mut seen = HashSet::new();
    out.retain(|text| !text.is_empty() && seen.insert(text.clone()) && in_all(text));
    out
}

fn principals(
    region: &Region<'_>,
    others: &[&Rule],
    trust: bool,
    work: &Work,
) -> Vec<Option<(PrincipalKind, String)>> {
    if !trust {
        return vec![None];
    }
    let strangers = [
        (PrincipalKind::Aws, "arn:aws:iam::999999999999:user/zz9"),
        (PrincipalKind::Service, "zz9.amazonaws.com"),
        (PrincipalKind::Federated, "zz9.example.com"),
        (PrincipalKind::CanonicalUser, "zz9"),
    ];
    let own = region.principals.iter().filter_map(|part| match part {
        Limit::One(who) => Some(*who),
        Limit::Except(..) => None,
    });
    // A Deny that is lost may be one for a single principal of an account.
    let near = others.iter().filter_map(|rule| rule.principals.as_ref());
    let near = near.flat_map(Scope::content).take(NEAR);
    let mut out: Vec<(PrincipalKind, String)> = Vec::new();
    for who in own.chain(near) {
        let Who::Of(kind, value) = who else { continue };
        let root = value.strip_suffix(":root").filter(|_| *kind == PrincipalKind::Aws);
        match root {
            Some(account) => out.push((*kind, format!("{account}:user/zz9"))),
            None if *kind == PrincipalKind::Aws && is_account_id(value) => {
                out.push((*kind, format!("arn:aws:iam::{value}:user/zz9")));
            }
            None if value == "*" => {}
            None => out.push((*kind, value.clone())),
        }
    }
    out.extend(strangers.map(|(kind, who)| (kind, who.to_owned())));
    let single = |who: &(PrincipalKind, String)| Who::Of(who.0, who.1.clone());
    let mut seen = HashSet::new();
    out.retain(|who| {
        seen.insert(who.clone())
            && region.principals.iter().all(|part| match part {
                Limit::One(one) => one.covers(&single(who), work),
                Limit::Except(list, _) => !list.iter().any(|out| out.covers(&single(who), work)),
            })
    });
    out.into_iter().map(Some).collect()
}
