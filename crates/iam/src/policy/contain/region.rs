//! Regions: sets of requests, as products of what actions, principals, resources and conditions let
//! through.

use std::borrow::Cow;

use crate::policy::document::{Effect, Policy, Scope, Statement};
use crate::policy::pattern::Syntax;

use crate::policy::contain::clause::{Clause, clauses};
use crate::policy::contain::element::{Element, Glob, Limit, Who, covers, none_left, parts};

/// What a trust policy answers for.
const SESSIONS: [&str; 3] = ["sts:Assume*", "sts:TagSession", "sts:SetSourceIdentity"];

/// A document, read for comparison.
#[derive(Debug)]
pub(super) struct RegionDocument {
    pub(super) allows: Vec<Rule>,
    pub(super) denies: Vec<Rule>,
}

/// A statement, read for comparison.
#[derive(Debug)]
pub(super) struct Rule {
    /// Index in the document.
    pub(super) index: usize,
    deny: bool,
    pub(super) actions: Scope<Vec<Glob>>,
    /// Only in a trust policy.
    pub(super) principals: Option<Scope<Vec<Who>>>,
    /// Only in an identity policy.
    pub(super) resources: Option<Scope<Vec<Glob>>>,
    pub(super) clauses: Vec<Clause>,
}

/// Requests that meet all of these.
#[derive(Clone, Debug, Default)]
pub(super) struct Region<'a> {
    pub(super) actions: Vec<Limit<'a, Glob>>,
    pub(super) principals: Vec<Limit<'a, Who>>,
    pub(super) resources: Vec<Limit<'a, Glob>>,
    pub(super) clauses: Cow<'a, [Clause]>,
}

impl RegionDocument {
    /// # Errors
    /// The index of the statement that can't be evaluated, and why.
    pub(super) fn read(policy: &Policy) -> Result<Self, (usize, String)> {
        let mut document = Self { allows: Vec::new(), denies: Vec::new() };
        for (index, statement) in policy.statements.iter().enumerate() {
            let rule = Rule::read(index, statement, policy).map_err(|why| (index, why))?;
            if rule.deny { document.denies.push(rule) } else { document.allows.push(rule) }
        }
        Ok(document)
    }

    /// Whether it is a trust policy (`Some(true)`) or an identity policy; `None` when it has no
    /// statements, or both kinds.
    pub(super) fn is_trust(&self) -> Option<bool> {
        let mut kinds =
            self.allows.iter().chain(&self.denies).map(|rule| rule.principals.is_some());
        let first = kinds.next()?;
        kinds.all(|kind| kind == first).then_some(first)
    }
}

impl Rule {
    fn read(index: usize, statement: &Statement, policy: &Policy) -> Result<Self, String> {
        let Statement { sid: _, effect, principals, actions, resources, conditions } = statement;
        if principals.is_some() == resources.is_some() {
            return Err("it has neither principals nor resources alone".to_owned());
        }
        let syntax = Syntax::like(policy.version);
        let sessions = SESSIONS.map(Glob::action);
        // In a trust policy other actions mean nothing.
        let counts = |action: &Glob| {
            principals.is_none()
                || actions.is_except()
                || sessions.iter().flatten().any(|session| session.meets(action))
        };
        Ok(Self {
            index,
            deny: *effect == Effect::Deny,
            actions: actions.map(|list| {
                list.iter().filter_map(|text| Glob::action(text)).filter(counts).collect()
            }),
            principals: principals.as_ref().map(|scope| scope.map(Who::list)),
            resources: resources.as_ref().map(|scope| {
                scope.map(|list| list.iter().map(|text| Glob::new(text, syntax)).collect())
            }),
            clauses: clauses(conditions, policy.version)?,
        })
    }

    /// Everything that the statement matches, one region for each combination of what its lists
    /// name.
    pub(super) fn regions(&self) -> impl Iterator<Item = Region<'_>> + use<'_> {
        let principals = self.principals.as_ref().map(|scope| parts(scope, self.deny));
        let resources = self.resources.as_ref().map(|scope| parts(scope, self.deny));
        // A dimension that the statement does not have limits nothing.
        let principals = options(principals);
        let resources = options(resources);
        parts(&self.actions, self.deny).into_iter().flat_map(move |action| {
            let resources = resources.clone();
            principals.clone().into_iter().flat_map(move |principal| {
                resources.clone().into_iter().map(move |resource| Region {
                    actions: vec![action],
                    principals: principal.into_iter().collect(),
                    resources: resource.into_iter().collect(),
                    clauses: Cow::Borrowed(self.clauses.as_slice()),
                })
            })
        })
    }

    /// Number of regions.
    pub(super) fn size(&self) -> usize {
        fn count<T>(scope: &Scope<Vec<T>>) -> usize {
            if scope.is_except() { 1 } else { scope.content().len() }
        }
        let principals = self.principals.as_ref().map_or(1, count);
        let resources = self.resources.as_ref().map_or(1, count);
        count(&self.actions).saturating_mul(principals).saturating_mul(resources)
    }

    pub(super) fn covers_actions(&self, region: &Region<'_>) -> bool {
        covers(&self.actions, self.deny, &region.actions)
    }

    pub(super) fn covers_principals(&self, region: &Region<'_>) -> bool {
        self.principals.as_ref().is_none_or(|scope| covers(scope, self.deny, &region.principals))
    }

    pub(super) fn covers_resources(&self, region: &Region<'_>) -> bool {
        self.resources.as_ref().is_none_or(|scope| covers(scope, self.deny, &region.resources))
    }

    pub(super) fn holds_for(&self, clauses: &[Clause]) -> bool {
        self.clauses.iter().all(|wanted| {
            let present =
                clauses.iter().any(|given| given.key == wanted.key && !given.passes_absent());
            clauses.iter().any(|given| given.implies(wanted, present))
        })
    }

    /// Whether it matches every request of the region. `true` is never wrong.
    pub(super) fn covers(&self, region: &Region<'_>) -> bool {
        self.covers_actions(region)
            && self.covers_principals(region)
            && self.covers_resources(region)
            && self.holds_for(&region.clauses)
    }
}

fn options<T: Copy>(parts: Option<Vec<T>>) -> Vec<Option<T>> {
    parts.map_or_else(|| vec![None], |parts| parts.into_iter().map(Some).collect())
}

impl<'a> Region<'a> {
    /// What is in both.
    pub(super) fn and(&self, other: &Self) -> Self {
        let mut both = self.clone();
        both.actions.extend(&other.actions);
        both.principals.extend(&other.principals);
        both.resources.extend(&other.resources);
        if !other.clauses.is_empty() {
            both.clauses.to_mut().extend(other.clauses.iter().cloned());
        }
        both
    }

    /// Whether no request is in it. `true` is never wrong.
    pub(super) fn is_empty(&self) -> bool {
        let clash = |index: usize, clause: &Clause| {
            self.clauses.iter().skip(index + 1).any(|other| clause.contradicts(other))
        };
        none_left(&self.actions)
            || none_left(&self.principals)
            || none_left(&self.resources)
            || self.clauses.iter().enumerate().any(|(index, clause)| clash(index, clause))
    }

    /// Smaller regions that together are this one without what `deny` matches, where that can be
    /// said: a Deny of everything but a list leaves the list.
    pub(super) fn without(&self, deny: &'a Rule) -> Option<Vec<Self>> {
        if !deny.holds_for(&self.clauses) || !deny.covers_principals(self) {
            return None;
        }
        let fixed = |list: &[Glob]| list.iter().all(Element::is_fixed);
        let named = |scope: &Option<Scope<Vec<Glob>>>| match scope {
            None => true,
            Some(scope) => covers(scope, true, &self.resources),
        };
        match (&deny.actions, &deny.resources) {
            (Scope::Except(list), resources) if named(resources) => {
                let with = |glob| Self {
                    actions: [self.actions.as_slice(), &[Limit::One(glob)]].concat(),
                    ..self.clone()
                };
                Some(list.iter().map(with).filter(|region| !region.is_empty()).collect())
            }
            (actions, Some(Scope::Except(list)))
                if fixed(list) && covers(actions, true, &self.actions) =>
            {
                let with = |glob| Self {
                    resources: [self.resources.as_slice(), &[Limit::One(glob)]].concat(),
                    ..self.clone()
                };
                Some(list.iter().map(with).filter(|region| !region.is_empty()).collect())
            }
            _ => None,
        }
    }

    /// The same region as a union of regions, each with one value of the first condition that has
    /// several.
    pub(super) fn by_value(&self) -> Option<Vec<Self>> {
        let (index, pieces) = self
            .clauses
            .iter()
            .enumerate()
            .map(|(index, clause)| (index, clause.split()))
            .find(|(_, p)| !p.is_empty())?;
        let with = |piece: Clause| {
            let mut region = self.clone();
            if let Some(place) = region.clauses.to_mut().get_mut(index) {
                *place = piece;
            }
            region
        };
        Some(pieces.into_iter().map(with).collect())
    }
}
