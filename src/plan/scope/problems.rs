//! The problems of one spec while they are gathered: what can't be compiled, and what is only
//! beyond the operator's limits.

use crate::api::problem::Problem;

/// Problems in the order in which they were found.
#[derive(Debug, Default)]
pub struct Problems(Vec<(Kind, Problem)>);

/// Why something is a problem.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// The spec has no meaning: nothing can be compiled.
    Form,
    /// It has a meaning that the operator does not allow here.
    Limit,
}

impl Problems {
    /// Notes what can't be compiled.
    pub fn form(&mut self, field: impl Into<String>, message: impl Into<String>) {
        self.0.push((Kind::Form, Problem::new(field, message)));
    }

    /// Notes what is beyond the operator's limits.
    pub fn limit(&mut self, field: impl Into<String>, message: impl Into<String>) {
        self.0.push((Kind::Limit, Problem::new(field, message)));
    }

    /// How many there are so far.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// Notes several problems of form.
    pub fn forms(&mut self, problems: impl IntoIterator<Item = Problem>) {
        self.0.extend(problems.into_iter().map(|problem| (Kind::Form, problem)));
    }

    /// What is beyond the limits, when that is all.
    ///
    /// # Errors
    /// Every problem, in order, when one of them is of form.
    pub fn conclude(self) -> Result<Vec<Problem>, Vec<Problem>> {
        let compiles = self.0.iter().all(|(kind, _)| *kind == Kind::Limit);
        let all = self.0.into_iter().map(|(_, problem)| problem).collect();
        if compiles { Ok(all) } else { Err(all) }
    }
}
