//! Moments as people write them.

use jiff::{Timestamp, civil::DateTime};

/// Reads an RFC 3339 time. The last days of the year 9999, which people write for "never" and our
/// clock does not reach, are its last moment.
#[must_use]
pub fn parse(text: &str) -> Option<Timestamp> {
    if let Ok(time) = text.parse() {
        return Some(time);
    }
    let date = text.get(..19)?.parse::<DateTime>().ok()?;
    // The same time some days before, whatever its offset, is one: then only the end of the
    // calendar was in the way.
    let before =
        format!("{}{}", date.checked_sub(jiff::Span::new().days(3)).ok()?, text.get(19..)?);
    let at_the_end = date.year() == 9999 && before.parse::<Timestamp>().is_ok();
    at_the_end.then_some(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("2027-03-31T00:00:00Z", Some("2027-03-31T00:00:00Z"))]
    #[case("9999-12-30T21:00:00Z", Some("9999-12-30T21:00:00Z"))]
    #[case("9999-12-31T23:59:59Z", Some("9999-12-30T22:00:00.999999999Z"))]
    #[case("9999-12-31T23:59:59.999+14:00", Some("9999-12-30T22:00:00.999999999Z"))]
    #[case("9999-12-31T23:59:59-23:59", Some("9999-12-30T22:00:00.999999999Z"))]
    #[case("9999-12-32T00:00:00Z", None)]
    #[case("9999-13-01T00:00:00Z", None)]
    #[case("9999-12-31T23:59:59", None)]
    #[case("9999-12-31T23:59:59X", None)]
    #[case("2027-02-31T00:00:00Z", None)]
    #[case("soon", None)]
    #[case("ä999-12-31T23:59:59Z", None)]
    fn the_last_day_of_the_calendar_is_a_time(#[case] text: &str, #[case] moment: Option<&str>) {
        assert_eq!(parse(text), moment.map(|moment| moment.parse().unwrap()), "{text}");
    }
}
