//! What managed policies hold, as far as it was read: the text of a version never changes.

use std::{collections::BTreeMap, time::Duration};

use jiff::Timestamp;

/// Most policies that are kept; a customer managed one has at most 6,144 characters.
const MOST: usize = 100;
/// So long the version that counted is taken to count for a new role: many are made at once.
const LATELY: Duration = Duration::from_mins(10);

/// By ARN the version and its text.
#[derive(Debug, Default)]
pub struct ReadPolicies(BTreeMap<String, ReadPolicy>);

#[derive(Debug)]
struct ReadPolicy {
    version: String,
    text: String,
    /// When AWS said last that this version counts.
    at: Timestamp,
}

impl ReadPolicies {
    /// The text of this version, which counts now, if it was read.
    pub fn get(&mut self, arn: &str, version: &str, now: Timestamp) -> Option<String> {
        let known = self.0.get_mut(arn).filter(|known| known.version == version)?;
        known.at = now;
        Some(known.text.clone())
    }

    /// The text of the version that counted a short time ago.
    #[must_use]
    pub fn lately(&self, arn: &str, now: Timestamp) -> Option<String> {
        let known = self.0.get(arn)?;
        (now.duration_since(known.at).unsigned_abs() < LATELY).then(|| known.text.clone())
    }

    /// Keeps a text; the former version of the policy goes.
    pub fn keep(&mut self, arn: &str, version: String, text: String, now: Timestamp) {
        if self.0.len() >= MOST && !self.0.contains_key(arn) {
            self.0.clear();
        }
        self.0.insert(arn.to_owned(), ReadPolicy { version, text, at: now });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_that_of_its_version_and_there_are_never_many() {
        let at = |minute: i64| Timestamp::from_second(minute * 60).unwrap();
        let mut policies = ReadPolicies::default();
        policies.keep("a", "v1".into(), "one".into(), at(0));
        assert_eq!(policies.lately("a", at(9)).as_deref(), Some("one"));
        assert_eq!(policies.lately("a", at(10)), None);
        assert_eq!(policies.get("a", "v1", at(10)).as_deref(), Some("one"));
        assert_eq!(policies.lately("a", at(11)).as_deref(), Some("one"));
        assert_eq!(policies.get("a", "v2", at(11)), None);
        for number in 0..1_000 {
            policies.keep(&number.to_string(), "v1".into(), String::new(), at(11));
            assert!(policies.0.len() <= MOST);
        }
    }
}
