//! Regions: sets of requests, as products of what actions, principals, resources and conditions let
//! through.

use std::borrow::Cow;
use std::rc::Rc;

use crate::policy::document::{Effect, Policy, Scope, Statement};
use crate::policy::pattern::Syntax;
use crate::policy::work::Work;

use crate::policy::contain::clause::{Clause, clauses};
use crate::policy::contain::element::{Element, Glob, Limit, Who, covers, none_left, parts};
use crate::policy::contain::reading::Reading;
use crate::policy::sessions;

/// Why a question that is over its budget has no answer.
pub(super) const TOO_COSTLY: &str = "the documents take too long to compare: write their patterns \
                                     with fewer wildcards, or several documents";

/// What a trust policy answers for.
const SESSIONS: [&str; 4] =
    ["sts:Assume*", sessions::TAG_SESSION, sessions::SET_SOURCE_IDENTITY, sessions::SET_CONTEXT];

/// What it costs to make a region of another.
pub(super) const COPY: usize = 60;

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
    pub(super) clauses: Vec<Rc<Clause>>,
}

/// Requests that meet all of these.
#[derive(Clone, Debug, Default)]
pub(super) struct Region<'a> {
    pub(super) actions: Vec<Limit<'a, Glob>>,
    pub(super) principals: Vec<Limit<'a, Who>>,
    pub(super) resources: Vec<Limit<'a, Glob>>,
    pub(super) clauses: Cow<'a, [Rc<Clause>]>,
}

impl RegionDocument {
    /// # Errors
    /// The index of the statement that can't be evaluated, and why.
    pub(super) fn read(
        policy: &Policy,
        reading: Reading,
        work: &Work,
    ) -> Result<Self, (usize, String)> {
        let mut document = Self { allows: Vec::new(), denies: Vec::new() };
        for (index, statement) in policy.statements.iter().enumerate() {
            let rule =
                Rule::read(index, statement, policy, reading, work).map_err(|why| (index, why))?;
            let Some(rule) = rule else { continue };
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
    /// `None` for a statement that never matches.
    fn read(
        index: usize,
        statement: &Statement,
        policy: &Policy,
        reading: Reading,
        work: &Work,
    ) -> Result<Option<Self>, String> {
        let Statement { sid: _, effect, principals, actions, resources, conditions } = statement;
        if work.is_over() || !work.spend(length(statement)) {
            return Err(TOO_COSTLY.to_owned());
        }
        if principals.is_some() == resources.is_some() {
            return Err("it has neither principals nor resources alone".to_owned());
        }
        let Some(clauses) = clauses(conditions, policy.version)? else { return Ok(None) };
        let syntax = Syntax::like(policy.version);
        let sessions = SESSIONS.map(Glob::action);
        // In a trust policy other actions mean nothing.
        let counts = |action: &Glob| {
            principals.is_none()
                || actions.is_except()
                || sessions.iter().flatten().any(|session| session.meets(action, work))
        };
        let deny = *effect == Effect::Deny;
        Ok(Some(Self {
            index,
            deny,
            actions: actions.map(|list| {
                list.iter().filter_map(|text| Glob::action(text)).filter(counts).collect()
            }),
            principals: principals
                .as_ref()
                .map(|scope| scope.map(|set| Who::list(set, deny, reading))),
            resources: resources.as_ref().map(|scope| {
                scope.map(|list| list.iter().map(|text| Glob::resource(text, syntax)).collect())
            }),
            clauses,
        }))
    }

    pub(super) fn is_deny(&self) -> bool {
        self.deny
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

    pub(super) fn covers_actions(&self, region: &Region<'_>, work: &Work) -> bool {
        covers(&self.actions, self.deny, &region.actions, work)
    }

    pub(super) fn covers_principals(&self, region: &Region<'_>, work: &Work) -> bool {
        self.principals
            .as_ref()
            .is_none_or(|scope| covers(scope, self.deny, &region.principals, work))
    }

    pub(super) fn covers_resources(&self, region: &Region<'_>, work: &Work) -> bool {
        self.resources
            .as_ref()
            .is_none_or(|scope| covers(scope, self.deny, &region.resources, work))
    }

    pub(super) fn holds_for(&self, clauses: &[Rc<Clause>], work: &Work) -> bool {
        let few = self.clauses.len() * clauses.len() <= FEW;
        let sorted = if few { Vec::new() } else { by_key(clauses, work) };
        self.clauses.iter().all(|wanted| {
            let same: &[&Clause] = of_key(&sorted, &wanted.key);
            // Few are looked through as they stand.
            let all = || clauses.iter().map(Rc::as_ref).take(if few { FEW } else { 0 });
            let given = || all().chain(same.iter().copied());
            let present = given().any(|given| given.key == wanted.key && !given.passes_absent());
            given().any(|given| given.implies(wanted, present, work))
        })
    }

    /// Whether it may match a request of the region, whatever its conditions say. `false` is never
    /// wrong.
    pub(super) fn may_meet(&self, region: &Region<'_>, work: &Work) -> bool {
        fn some<T: Element>(scope: &Scope<Vec<T>>, parts: &[Limit<'_, T>], work: &Work) -> bool {
            match scope {
                Scope::Only(list) => list
                    .iter()
                    .any(|element| !parts.iter().any(|part| part.excludes(element, work))),
                Scope::Except(_) => true,
            }
        }
        some(&self.actions, &region.actions, work)
            && self.principals.as_ref().is_none_or(|scope| some(scope, &region.principals, work))
            && self.resources.as_ref().is_none_or(|scope| some(scope, &region.resources, work))
    }

    /// Whether it matches every request of the region. `true` is never wrong.
    pub(super) fn covers(&self, region: &Region<'_>, work: &Work) -> bool {
        work.spend(1)
            && self.covers_actions(region, work)
            && self.covers_principals(region, work)
            && self.covers_resources(region, work)
            && self.holds_for(&region.clauses, work)
    }
}

/// Pairs of clauses that are looked through as they stand.
const FEW: usize = 64;

/// In the order of their keys.
fn by_key<'c>(clauses: &'c [Rc<Clause>], work: &Work) -> Vec<&'c Clause> {
    work.spend(8 * clauses.len());
    let mut sorted: Vec<&Clause> = clauses.iter().map(Rc::as_ref).collect();
    sorted.sort_by(|one, other| one.key.cmp(&other.key));
    sorted
}

/// Those of one key, of clauses in the order of their keys.
fn of_key<'s, 'c>(sorted: &'s [&'c Clause], key: &str) -> &'s [&'c Clause] {
    let from = sorted.partition_point(|clause| clause.key.as_str() < key);
    let rest = sorted.get(from..).unwrap_or_default();
    let count = rest.partition_point(|clause| clause.key == key);
    rest.get(..count).unwrap_or_default()
}

/// Whether all of a region lies in one of a list, by what it says of itself.
fn lies_in(list: &[Glob], parts: &[Limit<'_, Glob>], work: &Work) -> bool {
    list.iter().any(|glob| {
        parts.iter().any(|part| matches!(part, Limit::One(one) if glob.covers(one, work)))
    })
}

/// Whether no request passes all of these. `true` is never wrong.
fn contradict(clauses: &[Rc<Clause>], work: &Work) -> bool {
    clauses.len() > 1
        && by_key(clauses, work).chunk_by(|one, other| one.key == other.key).any(|same| {
            same.iter().enumerate().any(|(index, clause)| {
                !work.is_over()
                    && same.iter().skip(index + 1).any(|other| clause.contradicts(other, work))
            })
        })
}

/// What it costs to read a statement: its patterns are taken apart character by character.
fn length(statement: &Statement) -> usize {
    let texts = |list: &Vec<String>| list.iter().map(|text| 8 + text.len()).sum::<usize>();
    let resources = statement.resources.as_ref().map_or(0, |scope| texts(scope.content()));
    let values = statement.conditions.values().flat_map(|keys| keys.values()).map(texts);
    3 * (texts(statement.actions.content()) + resources + values.sum::<usize>())
}

fn options<T: Copy>(parts: Option<Vec<T>>) -> Vec<Option<T>> {
    parts.map_or_else(|| vec![None], |parts| parts.into_iter().map(Some).collect())
}

impl<'a> Region<'a> {
    /// Whether no request is in both, as far as actions, principals and resources tell.
    pub(super) fn misses(&self, other: &Self, work: &Work) -> bool {
        fn apart<T: Element>(ours: &[Limit<'_, T>], theirs: &[Limit<'_, T>], work: &Work) -> bool {
            ours.iter().any(|one| theirs.iter().any(|other| one.apart(other, work)))
        }
        apart(&self.actions, &other.actions, work)
            || apart(&self.principals, &other.principals, work)
            || apart(&self.resources, &other.resources, work)
    }

    /// What is in both.
    pub(super) fn and(&self, other: &Self, work: &Work) -> Self {
        work.spend(COPY + self.clauses.len() + other.clauses.len());
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
    pub(super) fn is_empty(&self, work: &Work) -> bool {
        none_left(&self.actions, work)
            || none_left(&self.principals, work)
            || none_left(&self.resources, work)
            || contradict(&self.clauses, work)
    }

    /// Smaller regions that together are this one without what `deny` matches, where that can be
    /// said: a Deny of everything but a list leaves the list. `None` too where all of this one lies
    /// in the list.
    pub(super) fn without(&self, deny: &'a Rule, work: &Work) -> Option<Vec<Self>> {
        if !deny.holds_for(&self.clauses, work) || !deny.covers_principals(self, work) {
            return None;
        }
        let fixed = |list: &[Glob]| list.iter().all(Element::is_fixed);
        let named = |scope: &Option<Scope<Vec<Glob>>>| match scope {
            None => true,
            Some(scope) => covers(scope, true, &self.resources, work),
        };
        match (&deny.actions, &deny.resources) {
            (Scope::Except(list), resources)
                if !lies_in(list, &self.actions, work) && named(resources) =>
            {
                let with = |glob| Self {
                    actions: [self.actions.as_slice(), &[Limit::One(glob)]].concat(),
                    ..self.clone()
                };
                work.spend(list.len() * (COPY + self.clauses.len()));
                Some(list.iter().map(with).filter(|region| !region.is_empty(work)).collect())
            }
            (actions, Some(Scope::Except(list)))
                if fixed(list)
                    && !lies_in(list, &self.resources, work)
                    && covers(actions, true, &self.actions, work) =>
            {
                let with = |glob| Self {
                    resources: [self.resources.as_slice(), &[Limit::One(glob)]].concat(),
                    ..self.clone()
                };
                work.spend(list.len() * (COPY + self.clauses.len()));
                Some(list.iter().map(with).filter(|region| !region.is_empty(work)).collect())
            }
            _ => None,
        }
    }

    /// The same region as a union of regions, each with one value of the first condition that has
    /// several.
    pub(super) fn by_value(&self, work: &Work) -> Option<Vec<Self>> {
        let (index, pieces) = self
            .clauses
            .iter()
            .enumerate()
            .map(|(index, clause)| (index, clause.split()))
            .find(|(_, p)| !p.is_empty())?;
        work.spend(pieces.len() * (COPY + self.clauses.len()));
        let with = |piece: Rc<Clause>| {
            let mut region = self.clone();
            if let Some(place) = region.clauses.to_mut().get_mut(index) {
                *place = piece;
            }
            region
        };
        Some(pieces.into_iter().map(with).collect())
    }
}
