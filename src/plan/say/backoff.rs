//! When to try again. Each class of trouble has its own pace; success or a new generation starts
//! over.

use std::time::Duration;

use crate::plan::failure::IamErrorClass;

/// Why a resource is tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Trouble {
    /// An AWS call failed.
    Iam(IamErrorClass),
    /// The API server failed or reported a conflict.
    Cluster,
    /// The role or its name belongs to somebody else.
    NotOwned,
    /// Something in AWS keeps the role from being deleted.
    Blocked,
    /// A service account can't be annotated.
    NotAnnotated,
    /// IAM does not show yet what was just done.
    NotVisible,
}

impl Trouble {
    /// The delay before the second try.
    #[must_use]
    pub fn first_delay(self) -> Duration {
        range(self).0
    }
}

/// First and longest delay.
const fn range(trouble: Trouble) -> (Duration, Duration) {
    const fn seconds(first: u64, longest: u64) -> (Duration, Duration) {
        (Duration::from_secs(first), Duration::from_secs(longest))
    }
    use IamErrorClass as Class;
    match trouble {
        Trouble::Iam(
            Class::Throttled | Class::Unreachable | Class::ServerError | Class::Unknown,
        ) => seconds(1, 60),
        Trouble::Iam(Class::Busy | Class::DeleteConflict | Class::AlreadyExists) => seconds(2, 120),
        // No call is sent meanwhile.
        Trouble::Iam(Class::OtherAccount) => seconds(10, 60),
        // A denied call is not hammered; a missing policy or principal may be made by somebody at
        // any time.
        Trouble::Iam(Class::AccessDenied | Class::NotFound | Class::InvalidPrincipal) => {
            seconds(10, 600)
        }
        // AWS will say the same again until the resource or a quota changes.
        Trouble::Iam(Class::LimitExceeded | Class::Refused | Class::Protected) => {
            seconds(300, 3600)
        }
        Trouble::Cluster => (Duration::from_millis(500), Duration::from_secs(30)),
        Trouble::NotOwned => seconds(30, 600),
        Trouble::Blocked => seconds(300, 300),
        // It often comes with the resource, a moment later.
        Trouble::NotAnnotated => seconds(2, 300),
        Trouble::NotVisible => seconds(1, 30),
    }
}

/// The delay before try number `failures + 1`: doubling from the first to the longest one, of which
/// a random part of up to a quarter is taken off, so that many resources do not come back at once.
/// `jitter` is in `0.0..1.0`.
#[must_use]
pub fn delay(trouble: Trouble, failures: u32, jitter: f64) -> Duration {
    let (first, longest) = range(trouble);
    let doubled = first.saturating_mul(2_u32.saturating_pow(failures.min(20)));
    doubled.min(longest).mul_f64(1.0 - 0.25 * jitter.clamp(0.0, 1.0))
}

/// Failures of one resource in a row, of one kind of trouble.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Streak {
    last: Option<(Trouble, u32)>,
}

impl Streak {
    /// Counts a failure and tells how long to wait. Another kind of trouble starts over.
    pub fn failed(&mut self, trouble: Trouble, jitter: f64) -> Duration {
        let failures = match self.last {
            Some((last, failures)) if last == trouble => failures.saturating_add(1),
            _ => 0,
        };
        self.last = Some((trouble, failures));
        delay(trouble, failures, jitter)
    }

    /// Success, or a new generation.
    pub fn reset(&mut self) {
        self.last = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_delay_doubles_up_to_the_longest_and_another_trouble_starts_over() {
        let mut streak = Streak::default();
        let throttled = Trouble::Iam(IamErrorClass::Throttled);
        let delays: Vec<u64> = (0..8).map(|_| streak.failed(throttled, 0.0).as_secs()).collect();
        assert_eq!(delays, [1, 2, 4, 8, 16, 32, 60, 60]);
        assert_eq!(streak.failed(Trouble::Iam(IamErrorClass::AccessDenied), 0.0).as_secs(), 10);
        streak.reset();
        assert_eq!(streak.failed(Trouble::Iam(IamErrorClass::AccessDenied), 0.0).as_secs(), 10);
    }

    #[test]
    fn jitter_only_shortens_by_a_quarter() {
        let blocked = delay(Trouble::Blocked, 3, 1.0);
        assert_eq!(blocked, Duration::from_secs(225));
        assert_eq!(delay(Trouble::Blocked, 3, 0.0), Duration::from_mins(5));
    }
}
