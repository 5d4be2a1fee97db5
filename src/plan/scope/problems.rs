//! The problems of one spec while they are gathered: what can't be compiled, and what is only
//! beyond the operator's limits.

use iam::finding::{Check, Field, Finding};

/// A spec has no meaning.
pub const FORM: Check = Check::new("form");
/// A spec has a meaning that the operator does not allow here.
pub const LIMIT: Check = Check::new("limit");

/// Problems in the order in which they were found.
#[derive(Debug, Default)]
pub struct Problems(Vec<(ProblemKind, Finding)>);

/// Why something is a problem.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ProblemKind {
    /// The spec has no meaning: nothing can be compiled.
    Form,
    /// It has a meaning that the operator does not allow here.
    Limit,
}

/// What is wrong with a field of the resource, such as `/spec/path`, and what to do; the remedy is
/// empty where the message says it all. Here a colon stands between the two.
#[must_use]
pub fn refused(
    check: Check,
    field: impl Into<Field>,
    message: impl Into<String>,
    remedy: impl Into<String>,
) -> Finding {
    Finding::error(check, field, message).with_remedy(remedy).with_joint(": ")
}

impl Problems {
    /// Notes what can't be compiled.
    pub fn form(
        &mut self,
        field: impl Into<Field>,
        message: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        self.0.push((ProblemKind::Form, refused(FORM, field, message, remedy)));
    }

    /// Notes a document that is over its budget of work: it could not be compared with what AWS
    /// has.
    pub fn costly(&mut self, field: impl Into<Field>) {
        self.form(
            field,
            "takes too long to compare with what AWS has, because too many of its actions with \
             wildcards could cover one another",
            "name the service in each action, and write fewer wildcards",
        );
    }

    /// Notes what is beyond the operator's limits.
    pub fn limit(
        &mut self,
        field: impl Into<Field>,
        message: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        self.0.push((ProblemKind::Limit, refused(LIMIT, field, message, remedy)));
    }

    /// How many there are so far.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// Notes several problems of form.
    pub fn forms(&mut self, findings: impl IntoIterator<Item = Finding>) {
        self.0.extend(findings.into_iter().map(|finding| (ProblemKind::Form, finding)));
    }

    /// Notes several things that are beyond the operator's limits.
    pub fn limits(&mut self, findings: impl IntoIterator<Item = Finding>) {
        self.0.extend(findings.into_iter().map(|finding| (ProblemKind::Limit, finding)));
    }

    /// What is beyond the limits, when that is all.
    ///
    /// # Errors
    /// Every problem, in order, when one of them is of form.
    pub fn conclude(self) -> Result<Vec<Finding>, Vec<Finding>> {
        let compiles = self.0.iter().all(|(kind, _)| *kind == ProblemKind::Limit);
        let all = self.0.into_iter().map(|(_, finding)| finding).collect();
        if compiles { Ok(all) } else { Err(all) }
    }
}
