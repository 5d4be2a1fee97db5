//! When a role ends.

use std::{fmt::Write, time::Duration};

use jiff::{SignedDuration, Timestamp};

use crate::plan::scope::problems::{FORM, refused};
use iam::finding::Finding;

/// The lifetime that a resource asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lifetime {
    /// No end.
    Forever,
    /// Ends at this moment.
    Until(Timestamp),
    /// Ends this long after the earlier of the resource's creation and the owned role's.
    For(SignedDuration),
}

impl Lifetime {
    /// The end, given when the resource and (if it exists) its role were created.
    #[must_use]
    pub fn end(
        self,
        resource_created: Timestamp,
        role_created: Option<Timestamp>,
    ) -> Option<Timestamp> {
        match self {
            Self::Forever => None,
            Self::Until(end) => Some(end),
            Self::For(ttl) => {
                let start =
                    role_created.map_or(resource_created, |created| created.min(resource_created));
                // An end beyond the calendar is no end.
                start.checked_add(ttl).ok()
            }
        }
    }
}

/// Reads a duration as the schema allows it: `30d`, `720h`, `1h30m`, `90s`. A day has
/// 24 hours.
///
/// # Errors
/// What is wrong with the text as a whole.
pub fn parse_duration(text: &str) -> Result<SignedDuration, Finding> {
    let wrong = || {
        let remedy = "write days, hours, minutes and seconds as in 30d, 720h or 1h30m";
        refused(FORM, "", format!("{text:?} is no duration"), remedy)
    };
    let mut seconds: i64 = 0;
    let mut digits = String::new();
    let mut units = "dhms".chars();
    if text.is_empty() {
        return Err(wrong());
    }
    for character in text.chars() {
        if character.is_ascii_digit() {
            digits.push(character);
            continue;
        }
        // Each unit at most once, in this order.
        if digits.is_empty() || !units.by_ref().any(|unit| unit == character) {
            return Err(wrong());
        }
        let factor = match character {
            'd' => 86_400,
            'h' => 3600,
            'm' => 60,
            _ => 1,
        };
        let count: i64 = digits.parse().map_err(|_| wrong())?;
        seconds = count
            .checked_mul(factor)
            .and_then(|more| seconds.checked_add(more))
            .ok_or_else(wrong)?;
        digits.clear();
    }
    if digits.is_empty() { Ok(SignedDuration::from_secs(seconds)) } else { Err(wrong()) }
}

/// A duration as people write it in a resource: `720h`, `1h30m`, `90s`.
#[must_use]
pub fn in_units(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let mut text = String::new();
    for (count, unit) in [(seconds / 3600, 'h'), (seconds / 60 % 60, 'm'), (seconds % 60, 's')] {
        if count > 0 {
            let _ = write!(text, "{count}{unit}");
        }
    }
    if text.is_empty() { "0s".into() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[rstest]
    #[case("1h", 3600)]
    #[case("1h30m", 5400)]
    #[case("90s", 90)]
    #[case("1h1m1s", 3661)]
    #[case("30d", 2_592_000)]
    #[case("1d1h1m1s", 90_061)]
    fn a_duration_is_read(#[case] text: &str, #[case] seconds: i64) {
        assert_eq!(parse_duration(text), Ok(SignedDuration::from_secs(seconds)));
    }

    #[rstest]
    #[case("")]
    #[case("h")]
    #[case("1")]
    #[case("1m1h")]
    #[case("1h1h")]
    #[case("1h1d")]
    #[case("1d1d")]
    #[case("1w")]
    #[case("999999999999999d")]
    #[case("-1h")]
    #[case("99999999999999999h")]
    fn a_wrong_duration_is_refused(#[case] text: &str) {
        assert!(parse_duration(text).is_err(), "{text}");
    }

    #[rstest]
    #[case("720h")]
    #[case("1h30m")]
    #[case("1h1m1s")]
    #[case("90m")]
    #[case("0s")]
    fn a_duration_is_written_as_it_is_read(#[case] text: &str) {
        let seconds = parse_duration(text).unwrap().unsigned_abs();
        assert_eq!(parse_duration(&in_units(seconds)).unwrap().unsigned_abs(), seconds);
    }

    #[test]
    fn a_ttl_counts_from_the_earlier_of_resource_and_role() {
        let ttl = Lifetime::For(SignedDuration::from_hours(1));
        let (early, late) = (at("2026-01-01T00:00:00Z"), at("2026-01-02T00:00:00Z"));
        assert_eq!(ttl.end(late, Some(early)), Some(at("2026-01-01T01:00:00Z")));
        assert_eq!(ttl.end(early, Some(late)), Some(at("2026-01-01T01:00:00Z")));
        assert_eq!(ttl.end(late, None), Some(at("2026-01-02T01:00:00Z")));
    }

    #[test]
    fn a_fixed_end_ignores_creation_and_forever_has_none() {
        let end = at("2027-01-01T00:00:00Z");
        assert_eq!(Lifetime::Until(end).end(at("2026-01-01T00:00:00Z"), None), Some(end));
        assert_eq!(Lifetime::Forever.end(end, Some(end)), None);
    }
}
