//! What goes wrong, and when: a schedule of rules, the first match of which decides over a call.
//!
//! ```
//! use rolewright::{plan::failure::IamErrorClass, sim::{Fault, Rule}};
//! // The second CreateRole of role `app` is applied, and its answer is lost.
//! let lost = Fault::AppliedThenError(IamErrorClass::Unreachable);
//! let rule = Rule::new(lost).on("CreateRole").role("app").nth(2);
//! # let _: Rule = rule;
//! ```

use std::{future::pending, time::Duration};

use super::Crash;
use crate::plan::failure::IamErrorClass;

/// What happens to a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault<E = IamErrorClass> {
    /// Fails and is not applied.
    Error(E),
    /// Is applied, and the caller is told that it failed.
    AppliedThenError(E),
    /// The process crashes before or after the call is applied, and gets no answer.
    Stop {
        /// True: applied first.
        after: bool,
    },
    /// Panics in the caller's task, not applied.
    Panic,
    /// Is applied and answered after this time; not applied when the caller gives up before.
    Delay(Duration),
    /// Is applied at once and answered after this time.
    DelayAnswer(Duration),
}

/// How a call ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome<E = IamErrorClass> {
    /// Carried out and answered; "absent" is an answer.
    Done,
    /// Refused or failed, and not applied.
    Failed(E),
    /// Applied, and the caller was told this error.
    AnswerLost(E),
    /// The process crashed at it.
    Stopped {
        /// True when the call was applied before.
        applied: bool,
    },
    /// The caller's task panicked; not applied.
    Panicked,
}

impl<E> Outcome<E> {
    /// True when the call reached the system and was processed there, answered or not.
    pub(super) fn processed(&self) -> bool {
        matches!(self, Self::Done | Self::AnswerLost(_) | Self::Stopped { applied: true })
    }
}

/// Which calls meet a fault. Without further limits: the next call of any kind, once.
#[derive(Clone, Debug)]
pub struct Rule<E = IamErrorClass> {
    fault: Fault<E>,
    action: Option<String>,
    subject: Option<String>,
    writes_only: bool,
    skip: u64,
    times: Option<u64>,
}

impl<E> Rule<E> {
    /// A rule for the next call.
    #[must_use]
    pub fn new(fault: Fault<E>) -> Self {
        Self { fault, action: None, subject: None, writes_only: false, skip: 0, times: Some(1) }
    }

    /// Only calls of this action: an IAM action, or the name of a method of the cluster port.
    #[must_use]
    pub fn on(mut self, action: &str) -> Self {
        self.action = Some(action.to_owned());
        self
    }

    /// Only calls about this role (without letter case); on the cluster side a resource as
    /// `namespace/name`.
    #[must_use]
    pub fn role(mut self, subject: &str) -> Self {
        self.subject = Some(subject.to_owned());
        self
    }

    /// Only writes.
    #[must_use]
    pub fn writes(mut self) -> Self {
        self.writes_only = true;
        self
    }

    /// Begins with the `n`th call that matches, counted from 1 and from now.
    #[must_use]
    pub fn nth(mut self, n: u64) -> Self {
        self.skip = n.saturating_sub(1);
        self
    }

    /// Holds for so many calls.
    #[must_use]
    pub fn times(mut self, times: u64) -> Self {
        self.times = Some(times);
        self
    }

    /// Holds until the faults are cleared.
    #[must_use]
    pub fn always(mut self) -> Self {
        self.times = None;
        self
    }

    fn matches(&self, action: &str, subject: Option<&str>, write: bool) -> bool {
        (write || !self.writes_only)
            && self.action.as_deref().is_none_or(|wanted| wanted == action)
            && self.subject.as_deref().is_none_or(|wanted| {
                subject.is_some_and(|subject| subject.eq_ignore_ascii_case(wanted))
            })
    }
}

/// The rules of one system, in the order in which they were added.
#[derive(Debug)]
pub(super) struct Schedule<E>(Vec<Rule<E>>);

impl<E: Clone> Schedule<E> {
    pub(super) fn new() -> Self {
        Self(Vec::new())
    }

    pub(super) fn add(&mut self, rule: Rule<E>) {
        self.0.push(rule);
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    /// The fault of this call. Every rule that matches counts the call; the first that is due
    /// decides.
    pub(super) fn next(
        &mut self,
        action: &str,
        subject: Option<&str>,
        write: bool,
    ) -> Option<Fault<E>> {
        let mut fault = None;
        for rule in self.0.iter_mut().filter(|rule| rule.matches(action, subject, write)) {
            if rule.skip > 0 {
                rule.skip -= 1;
            } else if fault.is_none() {
                fault = Some(rule.fault.clone());
                rule.times = rule.times.map(|times| times.saturating_sub(1));
            }
        }
        self.0.retain(|rule| rule.times != Some(0));
        fault
    }
}

/// Lets a call meet its fault. `finish` applies it (when [`Outcome::processed`]), records it and
/// answers.
pub(super) async fn carry_out<T, E, C>(
    crash: &Crash,
    fault: Option<Fault<C>>,
    finish: impl FnOnce(Outcome<C>) -> Result<T, E>,
) -> Result<T, E> {
    match fault {
        None => finish(Outcome::Done),
        Some(Fault::Error(error)) => finish(Outcome::Failed(error)),
        Some(Fault::AppliedThenError(error)) => finish(Outcome::AnswerLost(error)),
        Some(Fault::Delay(duration)) => {
            tokio::time::sleep(duration).await;
            crash.alive().await;
            finish(Outcome::Done)
        }
        Some(Fault::DelayAnswer(duration)) => {
            let answer = finish(Outcome::Done);
            tokio::time::sleep(duration).await;
            crash.alive().await;
            answer
        }
        Some(Fault::Stop { after }) => {
            drop(finish(Outcome::Stopped { applied: after }));
            crash.crash_at_write().await;
            pending().await
        }
        Some(Fault::Panic) => {
            drop(finish(Outcome::Panicked));
            injected_panic()
        }
    }
}

#[expect(clippy::panic, reason = "the panic is the fault that the test asked for")]
fn injected_panic() -> ! {
    panic!("a panic injected by the simulation")
}
