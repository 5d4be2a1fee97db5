//! Intervals of numbers and of instants.

use std::ops::Bound;

use crate::policy::operator::Base;

/// An interval.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Range<T>(Bound<T>, Bound<T>);

impl<T: Ord + Clone> Range<T> {
    pub(super) fn of(base: Base, value: T) -> Self {
        use Bound::{Excluded, Included, Unbounded};
        match base {
            Base::NumericLessThan | Base::DateLessThan => Self(Unbounded, Excluded(value)),
            Base::NumericLessThanEquals | Base::DateLessThanEquals => {
                Self(Unbounded, Included(value))
            }
            Base::NumericGreaterThan | Base::DateGreaterThan => Self(Excluded(value), Unbounded),
            Base::NumericGreaterThanEquals | Base::DateGreaterThanEquals => {
                Self(Included(value), Unbounded)
            }
            _ => Self(Included(value.clone()), Included(value)),
        }
    }

    pub(super) fn covers(&self, other: &Self) -> bool {
        let below = match (&self.0, &other.0) {
            (Bound::Unbounded, _) => true,
            (_, Bound::Unbounded) => false,
            (Bound::Excluded(mine), Bound::Included(theirs)) => mine < theirs,
            (
                Bound::Included(mine) | Bound::Excluded(mine),
                Bound::Included(theirs) | Bound::Excluded(theirs),
            ) => mine <= theirs,
        };
        let above = match (&self.1, &other.1) {
            (Bound::Unbounded, _) => true,
            (_, Bound::Unbounded) => false,
            (Bound::Excluded(mine), Bound::Included(theirs)) => mine > theirs,
            (
                Bound::Included(mine) | Bound::Excluded(mine),
                Bound::Included(theirs) | Bound::Excluded(theirs),
            ) => mine >= theirs,
        };
        below && above
    }

    pub(super) fn meets(&self, other: &Self) -> bool {
        let order = |low: &Bound<T>, high: &Bound<T>| match (low, high) {
            (Bound::Unbounded, _) | (_, Bound::Unbounded) => true,
            (Bound::Included(low), Bound::Included(high)) => low <= high,
            (
                Bound::Included(low) | Bound::Excluded(low),
                Bound::Included(high) | Bound::Excluded(high),
            ) => low < high,
        };
        order(&self.0, &other.1) && order(&other.0, &self.1)
    }
}
