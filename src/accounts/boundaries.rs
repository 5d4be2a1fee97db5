//! Permissions boundaries of an account whose pages do not show them, as some stand-ins for AWS
//! leave them out of `GetAccountAuthorizationDetails`: recognised by a read of one role, and from
//! then on known role by role.

use std::collections::BTreeMap;

use iam::role::RoleName;

/// All roles are read once in so many sweeps: in an hour, by default.
const SWEEPS: usize = 60;

/// What is known of them.
#[derive(Debug, Default)]
pub struct Boundaries {
    /// A page has shown one.
    shown: bool,
    /// No page has, and a read of a role did.
    hidden: bool,
    /// As the last read of each role had it; kept only while they are hidden.
    read: BTreeMap<RoleName, Option<String>>,
    /// Up to here roles were read one by one.
    reached: Option<RoleName>,
}

impl Boundaries {
    /// A page shows one: so pages do.
    pub fn shown(&mut self) {
        if !self.shown {
            *self = Self { shown: true, ..Self::default() };
        }
    }

    /// Pages do not show them.
    #[must_use]
    pub fn hidden(&self) -> bool {
        self.hidden
    }

    /// A read shows that a page hides the boundary of a role. True when that is news.
    pub fn hide(&mut self) -> bool {
        let news = !self.shown && !self.hidden;
        self.hidden |= news;
        news
    }

    /// A read of a role shows this. True when the last one showed something else.
    pub fn read(&mut self, role: &RoleName, boundary: Option<&str>) -> bool {
        if !self.hidden {
            return false;
        }
        let before = self.read.insert(role.clone(), boundary.map(str::to_owned));
        before.is_some_and(|before| before.as_deref() != boundary)
    }

    /// The boundary that a page would show if it did.
    #[must_use]
    pub fn of(&self, role: &RoleName) -> Option<String> {
        self.read.get(role).cloned().flatten()
    }

    /// The roles that are to be read after this sweep, of all that are expected.
    #[must_use]
    pub fn next(&mut self, mut expected: Vec<RoleName>) -> Vec<RoleName> {
        if !self.hidden || expected.is_empty() {
            return Vec::new();
        }
        expected.sort_unstable();
        self.read.retain(|role, _| expected.binary_search(role).is_ok());
        let count = expected.len().div_ceil(SWEEPS);
        let from = match &self.reached {
            None => 0,
            Some(reached) => expected.partition_point(|role| role <= reached),
        };
        let round = expected.iter().cycle().skip(from % expected.len()).take(count);
        let next: Vec<RoleName> = round.cloned().collect();
        self.reached = next.last().cloned();
        next
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(count: usize) -> Vec<RoleName> {
        (0..count).map(|number| RoleName::from(format!("r{number:04}").as_str())).collect()
    }

    #[test]
    fn what_a_page_has_shown_once_is_not_hidden() {
        let mut boundaries = Boundaries::default();
        boundaries.shown();
        assert!(!boundaries.hide() && !boundaries.hidden());
        let mut boundaries = Boundaries::default();
        assert!(boundaries.hide() && !boundaries.hide(), "it is news once");
        boundaries.read(&"x".into(), Some("arn"));
        assert_eq!(boundaries.of(&"x".into()).as_deref(), Some("arn"));
        // It was put on between page and read: the next page shows it.
        boundaries.shown();
        assert!(!boundaries.hidden() && boundaries.of(&"x".into()).is_none());
    }

    #[test]
    fn each_role_is_read_once_in_sixty_sweeps() {
        for count in [1, 31, 60, 61, 1_000] {
            let mut boundaries = Boundaries::default();
            boundaries.hide();
            let mut read = BTreeMap::new();
            for _ in 0..SWEEPS {
                let next = boundaries.next(names(count));
                assert_eq!(next.len(), count.div_ceil(SWEEPS));
                for role in next {
                    *read.entry(role).or_insert(0) += 1;
                }
            }
            assert_eq!(read.len(), count, "all of them");
        }
        assert!(Boundaries::default().next(names(5)).is_empty(), "only where they are hidden");
    }

    #[test]
    fn another_boundary_than_before_is_told() {
        let mut boundaries = Boundaries::default();
        boundaries.hide();
        let role = RoleName::from("x");
        assert!(!boundaries.read(&role, Some("a")), "the first read tells nothing");
        assert!(!boundaries.read(&role, Some("a")));
        assert!(boundaries.read(&role, None));
    }
}
