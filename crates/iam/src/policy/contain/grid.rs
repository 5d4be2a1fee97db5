//! Statements held against those of another document as wholes, dimension by dimension: which
//! statement covers a region follows from which ones cover its action, its principal and its
//! resource. So the product of the lists of a statement is not gone through.

use std::borrow::Cow;
use std::collections::BTreeSet;

use crate::policy::document::Scope;
use crate::policy::pattern::begun;
use crate::policy::work::Work;

use crate::policy::contain::element::{Element, Glob, Limit, Who, covers, parts};
use crate::policy::contain::region::{Region, Rule};

/// A set of rules, one bit each.
type Rules = Vec<u64>;

/// One statement: for each part of each dimension the rules of the other document that cover it.
pub(super) struct Grid<'a> {
    rule: &'a Rule,
    actions: Vec<(Option<Limit<'a, Glob>>, Rules)>,
    principals: Vec<(Option<Limit<'a, Who>>, Rules)>,
    resources: Vec<(Option<Limit<'a, Glob>>, Rules)>,
    /// The rules whose conditions follow from those of this one.
    clauses: Rules,
}

impl<'a> Grid<'a> {
    /// A grid for each of `rules`, against those of another document.
    pub(super) fn of(rules: &'a [Rule], against: &[Rule], work: &Work) -> Vec<Self> {
        let actions = dimension(rules, against, |rule| Some(&rule.actions), work);
        let principals = dimension(rules, against, |rule| rule.principals.as_ref(), work);
        let resources = dimension(rules, against, |rule| rule.resources.as_ref(), work);
        let dimensions = actions.into_iter().zip(principals).zip(resources);
        let grid = |(rule, ((actions, principals), resources)): (&'a Rule, ((_, _), _))| {
            let mut clauses = none(against);
            for (index, other) in against.iter().enumerate() {
                if !work.is_over() && work.spend(1) && other.holds_for(&rule.clauses, work) {
                    set(&mut clauses, index);
                }
            }
            Self { rule, actions, principals, resources, clauses }
        };
        rules.iter().zip(dimensions).map(grid).collect()
    }

    pub(super) fn rule(&self) -> &'a Rule {
        self.rule
    }

    /// Whether each region lies in one of the rules.
    pub(super) fn is_covered(&self, work: &Work) -> bool {
        fn kinds<T>(parts: &[(T, Rules)]) -> BTreeSet<&Rules> {
            parts.iter().map(|(_, rules)| rules).collect()
        }
        let (actions, principals) = (kinds(&self.actions), kinds(&self.principals));
        let resources = kinds(&self.resources);
        actions.iter().all(|action| {
            principals.iter().all(|principal| {
                resources.iter().all(|resource| self.meet([action, principal, resource], work))
            })
        })
    }

    /// Everything that the statement matches, one region for each combination of what its lists
    /// name, and whether it lies in one of the rules.
    pub(super) fn regions(&self, work: &Work) -> impl Iterator<Item = (Region<'a>, bool)> {
        self.actions.iter().flat_map(move |(action, by_action)| {
            self.principals.iter().flat_map(move |(principal, by_principal)| {
                self.resources.iter().map(move |(resource, by_resource)| {
                    let covered = self.meet([by_action, by_principal, by_resource], work);
                    let region = Region {
                        actions: action.iter().copied().collect(),
                        principals: principal.iter().copied().collect(),
                        resources: resource.iter().copied().collect(),
                        clauses: Cow::Borrowed(self.rule.clauses.as_slice()),
                    };
                    (region, covered)
                })
            })
        })
    }

    /// Whether one rule is in all of these, and its conditions follow.
    fn meet(&self, sets: [&Rules; 3], work: &Work) -> bool {
        let [actions, principals, resources] = sets;
        let words = actions.iter().zip(principals).zip(resources).zip(&self.clauses);
        work.spend(1 + self.clauses.len())
            && words.into_iter().any(|(((a, p), r), c)| a & p & r & c != 0)
    }
}

fn none(rules: &[Rule]) -> Rules {
    vec![0; rules.len().div_ceil(64)]
}

fn set(rules: &mut Rules, index: usize) {
    if let Some(word) = rules.get_mut(index / 64) {
        *word |= 1 << (index % 64);
    }
}

fn has(rules: &Rules, index: usize) -> bool {
    rules.get(index / 64).is_some_and(|word| word & (1 << (index % 64)) != 0)
}

/// Single elements that are not put in order.
const FEW: usize = 8;

/// The parts of one dimension.
type Parts<'a, T> = Vec<(Option<Limit<'a, T>>, Rules)>;

/// For each of `rules` its parts in one dimension, each with those of the others that cover it. One
/// that does not have the dimension has one part, which is nothing.
fn dimension<'a, T: Element + 'a>(
    rules: &'a [Rule],
    against: &[Rule],
    scope: impl Fn(&Rule) -> Option<&Scope<Vec<T>>>,
    work: &Work,
) -> Vec<Parts<'a, T>> {
    let mut all: Vec<Parts<'a, T>> = Vec::new();
    for rule in rules {
        let own = scope(rule).map(|scope| parts(scope, rule.is_deny()));
        let own = own.map_or_else(|| vec![None], |parts| parts.into_iter().map(Some).collect());
        all.push(own.into_iter().map(|part| (part, none(against))).collect());
    }
    // Lists against single elements: only those that begin alike.
    let mut wide: Vec<(&str, (usize, &T))> = Vec::new();
    for (index, other) in against.iter().enumerate() {
        match scope(other) {
            Some(Scope::Only(list)) => {
                wide.extend(
                    list.iter()
                        .map(|element| (element.beginning().unwrap_or_default(), (index, element))),
                );
            }
            Some(scope @ Scope::Except(_)) => {
                for (part, by) in all.iter_mut().flatten() {
                    if covers(scope, other.is_deny(), part.as_slice(), work) {
                        set(by, index);
                    }
                }
            }
            None => all.iter_mut().flatten().for_each(|(_, by)| set(by, index)),
        }
    }
    // The rest: whatever is not a single element lies only in what names everything.
    let everything: Vec<usize> = wide
        .iter()
        .filter(|(_, (_, element))| element.is_all())
        .map(|(_, (index, _))| *index)
        .collect();
    let mut narrow: Vec<(&str, (&T, &mut Rules))> = Vec::new();
    for (part, by) in all.iter_mut().flatten() {
        match part {
            Some(Limit::One(element)) => {
                narrow.push((element.beginning().unwrap_or_default(), (element, by)));
            }
            _ => everything.iter().for_each(|index| set(by, *index)),
        }
    }
    work.spend(wide.len());
    let note = |(element, by): (&T, &mut Rules), open: &[(&str, (usize, &T))]| {
        let open = if work.is_over() { &[] } else { open };
        for (_, (index, other)) in open {
            if !has(by, *index) && (other.is_all() || other.covers(element, work)) {
                set(by, *index);
            }
        }
    };
    // A few are looked for faster than all are put in order.
    if narrow.len() < FEW {
        for (_, item) in narrow {
            note(item, &wide);
        }
    } else {
        begun(wide, narrow, note);
    }
    all
}
