//! What time it is, by two clocks that nobody sets together: our own, and AWS's. A lifetime is over
//! when both say so. While they are further apart than five minutes nobody knows which of them is
//! wrong, and what ends by the clock waits.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

/// Further apart than this, one of the clocks is wrong. AWS takes no signature that is older.
const APART: SignedDuration = SignedDuration::from_mins(5);
/// Before AWS has told its time, it is looked for again after this.
const UNKNOWN: Duration = Duration::from_secs(30);

/// Both clocks at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Clocks {
    /// Our own.
    pub local: Timestamp,
    /// AWS's: the `Date` of its last answer, and the time since; `None` before the first answer.
    pub aws: Option<Timestamp>,
}

impl Clocks {
    /// How far our own is ahead.
    #[must_use]
    pub fn ahead(&self) -> Option<SignedDuration> {
        self.aws.map(|aws| self.local.duration_since(aws))
    }

    /// True when one of them is wrong.
    #[must_use]
    pub fn apart(&self) -> bool {
        self.ahead().is_some_and(|ahead| ahead.abs() > APART)
    }

    /// Whether a lifetime that ends at `end` is over. Both have to say so; when they are apart, AWS
    /// alone is enough for the gate to hold the role back.
    #[must_use]
    pub fn passed(&self, end: Timestamp) -> bool {
        self.aws.is_some_and(|aws| end <= aws) && (end <= self.local || self.apart())
    }

    /// How long it takes until both show `end`.
    #[must_use]
    pub fn until(&self, end: Timestamp) -> Duration {
        let left = |now: Timestamp| Duration::try_from(end.duration_since(now)).unwrap_or_default();
        left(self.local).max(self.aws.map_or(UNKNOWN, left))
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    const END: i64 = 10_000;

    #[rstest]
    #[case::before(-1, Some(-1), false, 1)]
    #[case::both_show_it(0, Some(0), true, 0)]
    #[case::only_our_own(0, Some(-100), false, 100)]
    #[case::only_our_own_which_is_an_hour_ahead(0, Some(-3_600), false, 3_600)]
    #[case::only_aws(-100, Some(0), false, 100)]
    #[case::only_aws_and_our_own_is_an_hour_behind(-3_600, Some(0), true, 3_600)]
    #[case::aws_has_not_told(0, None, false, 30)]
    #[case::aws_has_not_told_long_before(-100, None, false, 100)]
    fn a_lifetime_is_over_when_both_clocks_say_so(
        #[case] local: i64,
        #[case] aws: Option<i64>,
        #[case] passed: bool,
        #[case] until: u64,
    ) {
        let clocks = Clocks { local: at(END + local), aws: aws.map(|aws| at(END + aws)) };
        assert_eq!(clocks.passed(at(END)), passed);
        assert_eq!(clocks.until(at(END)), Duration::from_secs(until));
    }

    #[rstest]
    #[case(300, false)]
    #[case(301, true)]
    #[case(-300, false)]
    #[case(-301, true)]
    fn more_than_five_minutes_are_apart(#[case] ahead: i64, #[case] apart: bool) {
        let clocks = Clocks { local: at(END + ahead), aws: Some(at(END)) };
        assert_eq!(clocks.apart(), apart);
        assert!(!Clocks { aws: None, ..clocks }.apart());
    }
}
