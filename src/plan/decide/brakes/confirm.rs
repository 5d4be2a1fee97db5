//! What an operator confirms: one set of roles, by number and digest, until a time. It lets just
//! that set go, and nothing that comes later.

use std::{collections::BTreeSet, fmt, str::FromStr};

use jiff::{SignedDuration, Timestamp};
use sha2::{Digest, Sha256};

use super::Counted;
use crate::plan::form::fingerprint::hexadecimal;

/// Nothing is confirmed for longer.
pub const LONGEST: SignedDuration = SignedDuration::from_hours(24);
/// The clocks of an operator and of the controller may differ by so much.
const SKEW: SignedDuration = SignedDuration::from_mins(5);
/// A set that is larger does not fit into an annotation: it is confirmed namespace by namespace.
pub const MOST: usize = 5_000;

/// What is to happen with the set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verb {
    /// The roles go.
    Removals,
    /// The roles are changed.
    Changes,
    /// The resources go and their roles stay.
    Keep,
}

impl Verb {
    /// The word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Removals => "removals",
            Self::Changes => "changes",
            Self::Keep => "keep",
        }
    }

    fn of(word: &str) -> Option<Self> {
        [Self::Removals, Self::Changes, Self::Keep].into_iter().find(|verb| verb.word() == word)
    }

    /// What is held until this is said.
    #[must_use]
    pub fn counted(self) -> Counted {
        match self {
            Self::Removals | Self::Keep => Counted::Removals,
            Self::Changes => Counted::Changes,
        }
    }
}

/// `removals 37 3f9a0c1d2e4b5a69 until 2026-11-30T12:00:00Z`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Confirmation {
    /// What is to happen.
    pub verb: Verb,
    /// Roles in the set.
    pub number: usize,
    /// Of the set.
    pub digest: String,
    /// It counts for so long.
    pub until: Timestamp,
}

/// The annotation is no list of confirmations.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no confirmation; rolewright confirm writes it")]
pub struct Unclear(String);

impl fmt::Display for Confirmation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { verb, number, digest, until } = self;
        write!(f, "{} {number} {digest} until {until}", verb.word())
    }
}

impl FromStr for Confirmation {
    type Err = Unclear;

    fn from_str(text: &str) -> Result<Self, Unclear> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let read = || match words.as_slice() {
            [verb, number, digest, "until", until] => Some(Self {
                verb: Verb::of(verb)?,
                number: number.parse().ok()?,
                digest: (*digest).to_owned(),
                until: until.parse().ok()?,
            }),
            _ => None,
        };
        read().ok_or_else(|| Unclear(text.trim().to_owned()))
    }
}

/// The confirmations of an annotation: separated by semicolons. One that can't be read keeps no
/// other from counting.
#[must_use]
pub fn read(text: &str) -> Vec<Result<Confirmation, Unclear>> {
    text.split(';').filter(|part| !part.trim().is_empty()).map(str::parse).collect()
}

/// What a role is called in a set: of a removal the uid of its resource, of a change also the hash
/// of what is desired, so that another change of the same role is another item.
#[must_use]
pub fn item(counted: Counted, uid: &str, desired_hash: Option<&str>) -> String {
    match counted {
        Counted::Changes => format!("{uid}/{}", desired_hash.unwrap_or_default()),
        Counted::Removals | Counted::Expiries => uid.to_owned(),
    }
}

/// The digest of a set, whatever its order.
#[must_use]
pub fn digest<'a>(items: impl IntoIterator<Item = &'a str>) -> String {
    let items: BTreeSet<&str> = items.into_iter().collect();
    let mut hash = Sha256::new();
    for item in items {
        hash.update(item.as_bytes());
        hash.update([0]);
    }
    let hash: Vec<u8> = hash.finalize().iter().take(8).copied().collect();
    hexadecimal(&hash)
}

/// A confirmation that was found to be of a set that is held, with the set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// As the operator wrote it.
    pub confirmation: Confirmation,
    marks: BTreeSet<String>,
}

/// Hexadecimal digits of a mark: enough that none of thousands of others is ever taken for it.
const MARK: usize = 12;

fn mark(item: &str) -> String {
    let hash: Vec<u8> = Sha256::digest(item.as_bytes()).iter().take(MARK / 2).copied().collect();
    hexadecimal(&hash)
}

/// Why a confirmation does not count.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAccepted {
    /// Its time is over.
    #[error("it has expired")]
    Over,
    /// Its time is too long.
    #[error("it is valid for more than 24 hours")]
    TooLong,
    /// It is of another set than the one that is held.
    #[error("what is held has changed: look again with rolewright confirm")]
    AnotherSet,
}

impl Accepted {
    /// Compares a confirmation with sets that are held.
    ///
    /// # Errors
    /// Why it does not count.
    pub fn of<'a>(
        confirmation: &Confirmation,
        sets: impl IntoIterator<Item = Vec<&'a str>>,
        now: Timestamp,
    ) -> Result<Self, NotAccepted> {
        let ahead = confirmation.until.duration_since(now);
        if ahead <= SignedDuration::ZERO {
            return Err(NotAccepted::Over);
        }
        if ahead > LONGEST.saturating_add(SKEW) {
            return Err(NotAccepted::TooLong);
        }
        let set = sets.into_iter().find(|set| {
            set.len() == confirmation.number
                && !set.is_empty()
                && set.len() <= MOST
                && digest(set.iter().copied()) == confirmation.digest
        });
        let set = set.ok_or(NotAccepted::AnotherSet)?;
        let marks = set.into_iter().map(mark).collect();
        Ok(Self { confirmation: confirmation.clone(), marks })
    }

    /// Whether it still counts.
    #[must_use]
    pub fn counts(&self, now: Timestamp) -> bool {
        now < self.confirmation.until
    }

    /// Whether it is about this one.
    #[must_use]
    pub fn covers(&self, item: &str) -> bool {
        self.marks.contains(&mark(item))
    }

    /// Whether it lets this one go now.
    #[must_use]
    pub fn confirms(&self, counted: Counted, item: &str, now: Timestamp) -> bool {
        self.confirmation.verb.counted() == counted && self.counts(now) && self.covers(item)
    }

    /// How many it is about.
    #[must_use]
    pub fn total(&self) -> usize {
        self.marks.len()
    }
}

/// As it stands on the Lease: the confirmation, a colon, and the marks one behind the other.
impl fmt::Display for Accepted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.confirmation)?;
        self.marks.iter().try_for_each(|mark| f.write_str(mark))
    }
}

impl FromStr for Accepted {
    type Err = Unclear;

    fn from_str(text: &str) -> Result<Self, Unclear> {
        let unclear = || Unclear(text.chars().take(100).collect());
        let (confirmation, marks) = text.rsplit_once(": ").ok_or_else(unclear)?;
        let confirmation: Confirmation = confirmation.parse()?;
        let digits: Vec<char> = marks.trim().chars().collect();
        let marks: BTreeSet<String> = digits.chunks(MARK).map(String::from_iter).collect();
        let whole = marks.iter().all(|mark| mark.len() == MARK);
        if !whole || marks.len() != confirmation.number {
            return Err(unclear());
        }
        Ok(Self { confirmation, marks })
    }
}
