//! Values of the condition keys of a request that is looked for: those with which it stays in its
//! region, and those with which it gets past a statement that is in the way.

use std::collections::{BTreeMap, HashSet};

use crate::policy::evaluate::Context;
use crate::policy::work::Work;

use crate::policy::contain::clause::{ANYTHING, Clause};

/// Values of one key that are tried.
const VALUES: usize = 200;
/// Ways past one condition of one statement.
const WAYS: usize = 8;
/// Values of one key: `None` for an absent key; the flag tells a list.
pub(super) type Choice = Option<(Vec<String>, bool)>;

/// What a request has under each key; what is not here is absent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Values(BTreeMap<String, (Vec<String>, bool)>);

impl Values {
    /// What it costs to copy them.
    pub(super) fn weight(&self) -> usize {
        24 * self.0.len()
    }

    pub(super) fn context(&self) -> Context {
        self.0.iter().fold(Context::default(), |context, (key, (values, listed))| {
            if *listed {
                context.with_list(key, values.clone())
            } else {
                context.with(key, values.first().map_or("", String::as_str))
            }
        })
    }

    pub(super) fn set(&mut self, key: &str, choice: Choice) {
        match choice {
            Some(found) => drop(self.0.insert(key.to_owned(), found)),
            None => drop(self.0.remove(key)),
        }
    }

    /// What a policy variable stands for.
    pub(super) fn variable(&self, key: &str) -> Option<String> {
        let (values, listed) = self.0.get(key)?;
        values.first().filter(|_| !listed).cloned()
    }
}

/// What may be chosen from.
pub(super) struct Choices<'r> {
    /// What must hold.
    region: Vec<&'r Clause>,
    /// What says more of the same keys.
    others: Vec<&'r Clause>,
    variables: Vec<&'r str>,
}

impl<'r> Choices<'r> {
    pub(super) fn new(
        region: Vec<&'r Clause>,
        others: Vec<&'r Clause>,
        resources: impl Iterator<Item = &'r str>,
    ) -> Self {
        let said = region.iter().chain(&others).flat_map(|clause| clause.variables());
        let mut variables: Vec<&str> = resources.chain(said).collect();
        variables.sort_unstable();
        variables.dedup();
        Self { region, others, variables }
    }

    /// Values with which a request is in the region, as far as its conditions tell: as few keys as
    /// can be, but for those that variables stand for. These are first all the same, then not.
    pub(super) fn starts(&self, work: &Work) -> Vec<Values> {
        let mut starts = vec![self.start(|_| ANYTHING.to_owned(), work)];
        if self.variables.len() > 1 {
            starts.push(self.start(|index| format!("{ANYTHING}{index}"), work));
        }
        starts
    }

    fn start(&self, anything: impl Fn(usize) -> String, work: &Work) -> Values {
        let mut values = Values::default();
        for (index, key) in self.variables.iter().enumerate() {
            values.set(key, Some((vec![anything(index)], false)));
        }
        // A value may be that of another key, so those come first.
        let (early, late): (Vec<&str>, Vec<&str>) =
            self.keys().into_iter().partition(|key| self.variables.contains(key));
        for key in early.into_iter().chain(late) {
            if work.is_over() {
                break;
            }
            self.settle(&mut values, key, work);
        }
        values
    }

    fn keys(&self) -> Vec<&'r str> {
        let mut keys: Vec<&str> = self.region.iter().map(|clause| clause.key.as_str()).collect();
        keys.sort_unstable();
        keys.dedup();
        keys
    }

    fn settle(&self, values: &mut Values, key: &str, work: &Work) {
        let choices = self.of(key, values, work);
        // A variable has to stand for something.
        let known = |choice: &&Choice| matches!(choice, Some((_, false)));
        let wanted = self.variables.contains(&key);
        // It has a value that is as good as any.
        if wanted && choices.iter().any(|choice| choice.as_ref() == values.0.get(key)) {
            return;
        }
        let choice = choices.iter().filter(|_| wanted).find(known).or_else(|| choices.first());
        if let Some(choice) = choice {
            values.set(key, choice.clone());
        }
    }

    /// Each way to change one key so that the request stays in the region and `clause` does not
    /// hold.
    pub(super) fn past(&self, clause: &Clause, values: &Values, work: &Work) -> Vec<Values> {
        if !work.spend(values.weight()) {
            return Vec::new();
        }
        let context = values.context();
        let choices = self.of(&clause.key, values, work).into_iter();
        let ways = choices.filter(|choice| !clause.passes(choice.as_ref(), &context, work));
        ways.take(WAYS).map(|choice| self.with(&clause.key, choice, values, work)).collect()
    }

    /// With another value of one key, and of those whose conditions name it.
    fn with(&self, key: &str, choice: Choice, values: &Values, work: &Work) -> Values {
        work.spend(values.weight());
        let mut values = values.clone();
        values.set(key, choice);
        if self.variables.contains(&key) {
            let names = |clause: &&Clause| clause.variables().any(|variable| variable == key);
            let naming: Vec<&str> = self
                .region
                .iter()
                .filter(|clause| names(clause) && clause.key != key)
                .map(|clause| clause.key.as_str())
                .collect();
            for other in naming {
                self.settle(&mut values, other, work);
            }
        }
        values
    }

    /// Values of a key with which the region's conditions on it hold.
    fn of(&self, key: &str, values: &Values, work: &Work) -> Vec<Choice> {
        // Each looks through all that is said.
        let said = self.region.len() + self.others.len() + values.0.len();
        if !work.spend(1 + said + values.weight()) {
            return Vec::new();
        }
        let here = || self.region.iter().copied().filter(|clause| clause.key == key);
        let all = || here().chain(self.others.iter().copied().filter(|clause| clause.key == key));
        let lists = all().any(|clause| clause.operator.quantifier.is_some());
        let texts = all().flat_map(|clause| clause.candidates(|key| values.variable(key)));
        let mut choices: Vec<Choice> = vec![None];
        for value in texts.take(VALUES) {
            choices.push(Some((vec![value.clone()], false)));
            if lists {
                choices.push(Some((vec![value.clone()], true)));
                choices.push(Some((vec![value, "zz-other".to_owned()], true)));
            }
        }
        if self.variables.contains(&key) {
            choices.push(Some((vec![ANYTHING.to_owned()], false)));
            choices.extend(values.0.get(key).cloned().map(Some));
        }
        let mut seen = HashSet::new();
        let context = values.context();
        choices.retain(|choice| {
            seen.insert(choice.clone())
                && here().all(|clause| clause.passes(choice.as_ref(), &context, work))
        });
        choices
    }
}
