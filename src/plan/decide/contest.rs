//! Corrections that do not last: a part that is changed again each time. Three corrections of it
//! within an hour, and the next ones wait, from a minute up to an hour. In memory only: a crash
//! costs three more corrections. No decision about safety rests on it, because what takes access
//! back never waits.

use std::{collections::BTreeMap, time::Duration};

use jiff::Timestamp;

use crate::plan::{
    form::observed::{Observed, RolePart},
    steps::{audit, step::Step},
};

/// So many corrections of one part within [`WITHIN`] are a contest.
const MANY: usize = 3;
const WITHIN: Duration = Duration::from_hours(1);
/// First and longest wait.
const WAITS: (Duration, Duration) = (Duration::from_mins(1), Duration::from_hours(1));

/// The corrections of one thing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct History {
    /// The last ones, the oldest first.
    lately: Vec<Timestamp>,
    /// How often the next one had to wait.
    waits: u32,
    /// Until when the next one waits.
    until: Option<Timestamp>,
}

impl History {
    /// Notes a correction.
    pub fn corrected(&mut self, now: Timestamp) {
        if !self.is_fresh(now) {
            *self = Self::default();
        }
        self.lately.retain(|at| now.duration_since(*at).unsigned_abs() < WITHIN);
        self.lately.push(now);
        if self.lately.len() >= MANY || self.waits > 0 {
            let wait = WAITS.0.saturating_mul(2_u32.saturating_pow(self.waits.min(10)));
            self.waits += 1;
            self.until = now.checked_add(wait.min(WAITS.1)).ok();
        }
    }

    /// Until when the next correction waits.
    #[must_use]
    pub fn wait(&self, now: Timestamp) -> Option<Timestamp> {
        self.until.filter(|until| *until > now)
    }

    /// What was left alone for longer than the longest wait begins anew.
    fn is_fresh(&self, now: Timestamp) -> bool {
        let last = self.lately.last();
        last.is_some_and(|last| now.duration_since(*last).unsigned_abs() < 2 * WITHIN)
    }
}

/// The corrections of one role.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Corrections(BTreeMap<RolePart, History>);

impl Corrections {
    /// Notes a correction of a part.
    pub fn corrected(&mut self, part: RolePart, now: Timestamp) {
        self.0.retain(|_, history| history.is_fresh(now));
        self.0.entry(part).or_default().corrected(now);
    }

    /// Until when a step waits, because each of its parts is contested.
    #[must_use]
    pub fn wait(&self, step: &Step, now: Timestamp) -> Option<Timestamp> {
        let parts = step.call.parts();
        let until = |part| self.0.get(part).and_then(|history| history.until);
        let waits: Option<Vec<Timestamp>> = parts.iter().map(until).collect();
        waits?.into_iter().min().filter(|until| step.gives_back && *until > now)
    }
}

/// Corrections that wait.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Contested {
    /// What differs, part by part.
    pub parts: Vec<String>,
    /// When the first of them is corrected again.
    pub until: Option<Timestamp>,
}

impl Contested {
    /// One more correction waits.
    pub fn waits(&mut self, part: String, until: Timestamp) {
        self.until = Some(self.until.map_or(until, |known| known.min(until)));
        self.parts.push(part);
    }
}

/// Takes the steps that wait out of a plan, with those that need them.
#[must_use]
pub fn held_back(
    steps: Vec<Step>,
    corrections: &Corrections,
    observed: &Observed,
    now: Timestamp,
) -> (Vec<Step>, Contested) {
    let (mut left, mut contested) = (Vec::<Step>::new(), Contested::default());
    // The new place of each step.
    let mut places: Vec<Option<usize>> = Vec::new();
    for mut step in steps {
        let needs: Option<Vec<usize>> =
            step.needs.iter().map(|need| places.get(*need).copied().flatten()).collect();
        let wait = corrections.wait(&step, now);
        let (Some(needs), None) = (needs, wait) else {
            places.push(None);
            if let Some(until) = wait {
                contested.waits(told(&step, observed), until);
            }
            continue;
        };
        step.needs = needs;
        places.push(Some(left.len()));
        left.push(step);
    }
    (left, contested)
}

fn told(step: &Step, observed: &Observed) -> String {
    let parts: Vec<String> = step.call.parts().iter().map(ToString::to_string).collect();
    let (before, after) = (audit::before(step, Some(observed)), audit::after(step));
    format!("{}: AWS has {before}, and the resource asks for {after}", parts.join(" and "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{
        steps::step::{Call, Why},
        tests::samples::role_key,
    };

    fn describe(gives_back: bool) -> Step {
        let call = Call::UpdateRole { description: String::new(), max_session: 3_600 };
        Step { gives_back, ..Step::new(role_key("r"), call, Why::Differs) }
    }

    #[test]
    fn the_third_correction_within_an_hour_makes_the_next_ones_wait_ever_longer() {
        let mut corrections = Corrections::default();
        let mut now = Timestamp::UNIX_EPOCH;
        let mut waits = Vec::new();
        for _ in 0..10 {
            corrections.corrected(RolePart::Attributes, now);
            let until = corrections.wait(&describe(true), now).unwrap_or(now);
            waits.push(until.duration_since(now).as_mins());
            assert_eq!(
                corrections.wait(&describe(false), now),
                None,
                "what takes back never waits"
            );
            now = until + Duration::from_mins(1);
        }
        assert_eq!(waits, [0, 0, 1, 2, 4, 8, 16, 32, 60, 60]);
    }

    #[test]
    fn seldom_corrections_are_no_contest_and_one_that_has_ended_is_forgotten() {
        let mut corrections = Corrections::default();
        let at = |minute: i64| Timestamp::from_second(minute * 60).unwrap();
        for minute in [0, 40, 80, 120, 160] {
            corrections.corrected(RolePart::Attributes, at(minute));
            assert_eq!(corrections.wait(&describe(true), at(minute)), None);
        }
        for minute in [161, 162] {
            corrections.corrected(RolePart::Attributes, at(minute));
        }
        assert!(corrections.wait(&describe(true), at(162)).is_some());
        corrections.corrected(RolePart::Attributes, at(400));
        assert_eq!(corrections.wait(&describe(true), at(400)), None);
    }
}
