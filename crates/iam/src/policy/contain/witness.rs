//! Looking for a request that shows new access. Whatever is found is put to the evaluator, so
//! nothing here has to be right, only likely.

use std::rc::Rc;

use crate::account::is_account_id;
use crate::policy::document::{Policy, PrincipalKind};
use crate::policy::evaluate::{Context, Decision, Documents, Request, evaluate_within};
use crate::policy::pattern::Token;
use crate::policy::work::Work;

use crate::policy::contain::clause::{Clause, filled};
use crate::policy::contain::element::{Element, Glob, Limit, Who};
use crate::policy::contain::region::{Region, Rule};
use crate::policy::contain::{Question, Witness};

/// Requests put to the evaluator for one answer.
pub(super) const TRIES: usize = 600;
/// Requests for one region: those behind it have their turn too.
const TRIES_OF_A_REGION: usize = 200;
/// What it costs to look for requests, and to make one.
const SEARCH: usize = 2_000;
const TRY: usize = 200;
/// Values of one key that are tried.
const VALUES: usize = 200;

/// Values of one key: `None` for an absent key; the flag tells a list.
type Choice = Option<(Vec<String>, bool)>;

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
        let denies = || self.kept.iter().copied();
        let others = || self.old.allows.iter().chain(denies()).chain(&self.new.denies);
        let actions = texts(
            &region.actions,
            others().map(|rule| rule.actions.content().as_slice()),
            &ACTIONS,
            work,
        );
        let resources = texts(
            &region.resources,
            others()
                .filter_map(|rule| rule.resources.as_ref())
                .map(|scope| scope.content().as_slice()),
            &RESOURCES,
            work,
        );
        let principals = principals(region, rule.principals.is_some(), work);
        let variables = region.resources.iter().filter_map(|part| match part {
            Limit::One(glob) => Some(glob.pattern.tokens()),
            Limit::Except(..) => None,
        });
        let variables: Vec<&str> = variables
            .flatten()
            .filter_map(|token| {
                if let Token::Variable(variable) = token {
                    Some(variable.key.as_str())
                } else {
                    None
                }
            })
            .collect();
        let clauses: Vec<&Clause> =
            others().flat_map(|rule| rule.clauses.iter().map(Rc::as_ref)).collect();
        let contexts = contexts(&region.clauses, &clauses, &variables, work);
        let resources: Vec<Option<String>> = if rule.principals.is_some() {
            vec![None]
        } else {
            resources.into_iter().map(Some).collect()
        };
        let mut tries = TRIES_OF_A_REGION.min(*left);
        // Diagonally, so that each dimension's first candidates meet before any one is gone
        // through.
        let deepest = actions.len() + resources.len() + principals.len() + contexts.len();
        for sum in 0..deepest {
            for (i, action) in actions.iter().enumerate().take(sum + 1) {
                for (j, resource) in resources.iter().enumerate().take(sum - i + 1) {
                    for (k, principal) in principals.iter().enumerate().take(sum - i - j + 1) {
                        let Some(context) = contexts.get(sum - i - j - k) else { continue };
                        if tries == 0 || !work.spend(TRY) {
                            return None;
                        }
                        tries -= 1;
                        *left -= 1;
                        let request = Request {
                            action: action.clone(),
                            resource: resource.clone(),
                            principal: principal.clone(),
                            context: context.clone(),
                        };
                        if let Some(statement) = self.shows(&request) {
                            let Request { action, resource, principal, context } = request;
                            return Some(Witness {
                                action,
                                resource,
                                principal,
                                context,
                                statement,
                            });
                        }
                    }
                }
            }
        }
        None
    }

    /// The statement that allows the request by the new document, if the old one does not allow it.
    fn shows(&self, request: &Request) -> Option<usize> {
        let (old, new) = self.policies;
        let allowed = asked_within(new, request, self.work).filter(|_| !self.work.is_over())?;
        let before = asked_within(old, request, self.work);
        // What was not evaluated to its end shows nothing.
        (before.is_none() && !self.work.is_over()).then_some(allowed)
    }
}

/// The statement that allows a request by this document alone.
#[cfg(test)]
pub(super) fn asked(policy: &Policy, request: &Request) -> Option<usize> {
    asked_within(policy, request, &Work::unbounded())
}

fn asked_within(policy: &Policy, request: &Request, work: &Work) -> Option<usize> {
    let policies = [("policy", policy)];
    let trust = policy.statements.iter().any(|statement| statement.principals.is_some());
    let documents = if trust {
        Documents { trust: Some(policy), ..Documents::default() }
    } else {
        Documents { policies: &policies, ..Documents::default() }
    };
    let evaluation = evaluate_within(&documents, request, work)
        .ok()
        .filter(|evaluation| evaluation.decision == Decision::Allowed)?;
    evaluation.statement.map(|(_, index)| index)
}

const ACTIONS: [&str; 4] = ["iam:CreateUser", "zz9:Zz9", "s3:GetObject", "sts:AssumeRole"];
const RESOURCES: [&str; 3] = ["arn:aws:s3:::zz9/zz9", "*", "arn:aws:iam::123456789012:role/zz9"];

/// Texts that may be in all of the parts: those of a pattern, or of others that lie near.
fn texts<'a>(
    parts: &[Limit<'_, Glob>],
    others: impl Iterator<Item = &'a [Glob]>,
    any: &[&str],
    work: &Work,
) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    let inside = |glob: &Glob| parts.iter().all(|part| !part.excludes(glob, work));
    let near: Vec<&Glob> = others.flatten().filter(|glob| inside(glob)).take(40).collect();
    for part in parts {
        if let Limit::One(glob) = part {
            out.extend([filled(&glob.pattern), glob.pattern.example()]);
        }
    }
    if !parts.iter().any(|part| matches!(part, Limit::One(glob) if glob.literal().is_some())) {
        out.extend(any.iter().map(|text| (*text).to_owned()));
        out.extend(near.iter().flat_map(|glob| [filled(&glob.pattern), glob.pattern.example()]));
    }
    let mut seen = std::collections::HashSet::new();
    out.retain(|text| !text.is_empty() && seen.insert(text.clone()));
    out
}

fn principals(
    region: &Region<'_>,
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
    let mut out: Vec<(PrincipalKind, String)> = Vec::new();
    for part in &region.principals {
        if let Limit::One(Who::Of(kind, value)) = part {
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
    }
    let single = |who: &(PrincipalKind, String)| Who::Of(who.0, who.1.clone());
    out.extend(strangers.map(|(kind, who)| (kind, who.to_owned())));
    out.retain(|who| {
        region.principals.iter().all(|part| match part {
            Limit::One(one) => one.covers(&single(who), work),
            Limit::Except(list, _) => !list.iter().any(|out| out.covers(&single(who), work)),
        })
    });
    out.into_iter().map(Some).collect()
}

/// Contexts that may pass the region's clauses: for each key the candidates that pass what the
/// region says of it, those that the old document's clauses single out among them.
fn contexts(
    clauses: &[Rc<Clause>],
    others: &[&Clause],
    variables: &[&str],
    work: &Work,
) -> Vec<Context> {
    let mut keys: Vec<&str> = clauses
        .iter()
        .map(Rc::as_ref)
        .chain(others.iter().copied())
        .map(|clause| clause.key.as_str())
        .collect();
    keys.extend(variables);
    keys.sort_unstable();
    keys.dedup();
    let mut base: Vec<(&str, Vec<Choice>)> = Vec::new();
    for key in keys.into_iter().take(12) {
        let here: Vec<&Clause> =
            clauses.iter().map(Rc::as_ref).filter(|clause| clause.key == key).collect();
        let all = || {
            here.iter().copied().chain(others.iter().copied().filter(|clause| clause.key == key))
        };
        let mut choices: Vec<Choice> = Vec::new();
        let lists = all().any(|clause| clause.operator.quantifier.is_some());
        let values: Vec<String> = all().flat_map(Clause::candidates).take(VALUES).collect();
        for value in values {
            choices.push(Some((vec![value.clone()], false)));
            if lists {
                choices.push(Some((vec![value.clone()], true)));
                choices.push(Some((vec![value, "zz-other".to_owned()], true)));
            }
        }
        choices.insert(0, None);
        let mut seen = std::collections::HashSet::new();
        choices.retain(|choice| {
            seen.insert(choice.clone())
                && here.iter().all(|clause| clause.passes(choice.as_ref(), work))
        });
        // What a clause of the old document does not let through comes first.
        let wanted = |choice: &Choice| {
            others.iter().any(|clause| clause.key == key && !clause.passes(choice.as_ref(), work))
        };
        choices.sort_by_cached_key(|choice| !wanted(choice));
        if variables.contains(&key) {
            // What an example of a pattern has in the place of a variable.
            choices.insert(0, Some((vec!["x".to_owned()], false)));
        }
        base.push((key, choices));
    }
    let built = |picks: &[usize]| {
        base.iter().zip(picks).fold(Context::default(), |context, ((key, choices), pick)| {
            match choices.get(*pick) {
                Some(Some((values, true))) => context.with_list(key, values.clone()),
                Some(Some((values, false))) => {
                    context.with(key, values.first().map_or("", String::as_str))
                }
                _ => context,
            }
        })
    };
    // One at its best for all keys, then one key after the other at each of its choices.
    let start = vec![0; base.len()];
    let mut out = vec![built(&start)];
    for (at, (_, choices)) in base.iter().enumerate() {
        for pick in 1..choices.len().min(24) {
            let mut picks = start.clone();
            if let Some(place) = picks.get_mut(at) {
                *place = pick;
            }
            out.push(built(&picks));
        }
    }
    out
}
