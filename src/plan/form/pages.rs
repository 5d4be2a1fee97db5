//! The pages of one listing: each has its own marker, and there is an end.

use std::{
    collections::HashSet,
    hash::{DefaultHasher, Hash, Hasher},
};

use crate::plan::failure::{IamError, IamErrorClass};

/// More pages than any account or role has: 10,000 roles, one a page.
const MOST: usize = 10_000;

/// The markers that one listing has shown so far.
#[derive(Debug)]
pub struct Pages {
    action: &'static str,
    seen: HashSet<u64>,
}

impl Pages {
    /// Of a listing by this action.
    #[must_use]
    pub fn of(action: &'static str) -> Self {
        Self { action, seen: HashSet::new() }
    }

    /// The action that lists.
    #[must_use]
    pub fn action(&self) -> &'static str {
        self.action
    }

    /// Where the next page begins; `None` when this was the last one.
    ///
    /// # Errors
    /// The marker was there before, or there is no end: what is listed is not known then.
    pub fn turn(&mut self, marker: Option<String>) -> Result<Option<String>, IamError> {
        let Some(marker) = marker else { return Ok(None) };
        let mut hash = DefaultHasher::new();
        marker.hash(&mut hash);
        if !self.seen.insert(hash.finish()) {
            return Err(self.error("the listing goes in a circle: a marker came twice".to_owned()));
        }
        if self.seen.len() >= MOST {
            return Err(self.error(format!("the listing has more than {MOST} pages")));
        }
        Ok(Some(marker))
    }

    fn error(&self, message: String) -> IamError {
        let class = IamErrorClass::Unknown;
        IamError { action: self.action, class, message, request_id: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_marker_that_comes_twice_ends_the_listing() {
        let mut pages = Pages::of("ListRoles");
        for marker in ["a", "b", "c"] {
            assert_eq!(pages.turn(Some(marker.into())).unwrap().as_deref(), Some(marker));
        }
        let error = pages.turn(Some("a".into())).unwrap_err();
        assert_eq!((error.action, error.class), ("ListRoles", IamErrorClass::Unknown));
        assert_eq!(pages.turn(None), Ok(None));
    }

    #[test]
    fn a_listing_has_an_end() {
        let mut pages = Pages::of("ListRoles");
        let failed = (0..=MOST).find(|page| pages.turn(Some(page.to_string())).is_err());
        assert_eq!(failed, Some(MOST - 1));
    }
}
