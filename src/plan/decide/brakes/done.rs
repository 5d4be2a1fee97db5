//! What was done lately, by account, namespace and minute, as it stands on the Lease: one line
//! each, so that people can read it too.

use std::{collections::BTreeMap, fmt, str::FromStr};

use jiff::Timestamp;

use super::{Counted, WINDOW};

/// One line's place.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    /// Minutes since 1970.
    minute: i64,
    account: String,
    counted: Counted,
    namespace: String,
}

/// How many were done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Done(BTreeMap<Place, usize>);

/// The record was edited by somebody who does not know its form.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no line of it")]
pub struct Unreadable(String);

fn minute(at: Timestamp) -> i64 {
    at.as_second().div_euclid(60)
}

impl Done {
    /// Counts one, and forgets what is older than the window.
    pub fn add(&mut self, counted: Counted, account: &str, namespace: &str, now: Timestamp) {
        self.0.retain(|place, _| within(place.minute, now));
        let (account, namespace) = (account.to_owned(), namespace.to_owned());
        let place = Place { minute: minute(now), account, counted, namespace };
        let count = self.0.entry(place).or_default();
        *count = count.saturating_add(1);
    }

    /// Of two records that tell of the same minutes, of each line the higher: a Lease that somebody
    /// put back forgets nothing.
    #[must_use]
    pub fn or(mut self, other: &Self) -> Self {
        for (place, count) in &other.0 {
            let here = self.0.entry(place.clone()).or_default();
            *here = (*here).max(*count);
        }
        self
    }

    /// So many in the window, by namespace.
    #[must_use]
    pub fn lately(&self, counted: Counted, account: &str, now: Timestamp) -> BTreeMap<&str, usize> {
        let mut lately: BTreeMap<&str, usize> = BTreeMap::new();
        for (place, count) in &self.0 {
            if place.counted == counted && place.account == account && within(place.minute, now) {
                let sum = lately.entry(&place.namespace).or_default();
                *sum = sum.saturating_add(*count);
            }
        }
        lately
    }

    /// So many in this minute.
    #[must_use]
    pub fn this_minute(&self, counted: Counted, account: &str, now: Timestamp) -> usize {
        let of_now = |place: &Place| {
            // A minute to come is one of a clock that was set back.
            place.minute >= minute(now) && place.counted == counted && place.account == account
        };
        self.0.iter().filter(|(place, _)| of_now(place)).map(|(_, count)| count).sum()
    }
}

/// Whether any of the minute is in the window. What a clock that was set back shows as still to
/// come counts: nothing is forgotten early.
fn within(minute: i64, now: Timestamp) -> bool {
    let end = minute.saturating_add(1).saturating_mul(60);
    let window = i64::try_from(WINDOW.as_secs()).unwrap_or(i64::MAX);
    end > now.as_second().saturating_sub(window)
}

impl fmt::Display for Done {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, count) in &self.0 {
            let Place { minute, account, counted, namespace } = place;
            let at = Timestamp::from_second(minute.saturating_mul(60)).unwrap_or(Timestamp::MAX);
            writeln!(f, "{at} {account} {} {namespace} {count}", counted.word())?;
        }
        Ok(())
    }
}

impl FromStr for Done {
    type Err = Unreadable;

    fn from_str(text: &str) -> Result<Self, Unreadable> {
        let mut done = Self::default();
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            let (place, count) = entry(line).ok_or_else(|| Unreadable(line.to_owned()))?;
            let sum = done.0.entry(place).or_default();
            *sum = sum.saturating_add(count);
        }
        Ok(done)
    }
}

fn entry(line: &str) -> Option<(Place, usize)> {
    let mut words = line.split_whitespace();
    let at: Timestamp = words.next()?.parse().ok()?;
    let account = words.next()?.to_owned();
    let counted = Counted::of(words.next()?)?;
    let namespace = words.next()?.to_owned();
    let count = words.next()?.parse().ok()?;
    let place = Place { minute: minute(at), account, counted, namespace };
    words.next().is_none().then_some((place, count))
}
