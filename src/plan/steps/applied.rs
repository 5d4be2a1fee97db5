//! `status.applied`: the names that we wrote, saved before the write. An additive facet needs them
//! to take back what is no longer wanted.

use std::collections::BTreeSet;

use iam::tag::TagKey;

use crate::{api::kinds::iam_role::Applied, plan::form::desired::Desired};

/// The schema's bound on each list; a status beyond it would be refused whole.
const MOST: usize = 100;

/// The names that a role as desired has from us.
#[must_use]
pub fn of(desired: &Desired) -> Applied {
    let Desired { identity: _, form, terms } = desired;
    // By their letters as in `union`, and not by the keys' own order, which folds them: an order
    // that goes back and forth would be news at each correction.
    let tags: BTreeSet<&str> = form.tags.keys().map(TagKey::as_str).collect();
    Applied {
        inline_policies: form.inline.keys().cloned().collect(),
        managed_policies: form.attached.iter().cloned().collect(),
        tags: tags.into_iter().map(str::to_owned).collect(),
        service_accounts: terms.annotate.iter().cloned().collect(),
    }
}

/// What is to be written, and what was written before as far as there is room: a name that is lost
/// is left in AWS, which is the safe side.
#[must_use]
pub fn union(before: &Applied, next: &Applied) -> Applied {
    Applied {
        inline_policies: join(&before.inline_policies, &next.inline_policies),
        managed_policies: join(&before.managed_policies, &next.managed_policies),
        tags: join(&before.tags, &next.tags),
        service_accounts: join(&before.service_accounts, &next.service_accounts),
    }
}

fn join(before: &[String], next: &[String]) -> Vec<String> {
    let mut all: BTreeSet<&String> = next.iter().collect();
    for name in before {
        if all.len() >= MOST {
            break;
        }
        all.insert(name);
    }
    all.into_iter().cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::tests::samples::{wish, with};

    fn names(range: std::ops::Range<usize>) -> Vec<String> {
        range.map(|number| format!("n{number:03}")).collect()
    }

    #[test]
    fn what_was_written_and_is_written_again_is_the_same_list() {
        let desired = wish(&with(r#""tags":{"Team":"a","owner":"b","Zone":"1"}"#));
        assert_eq!(union(&of(&desired), &of(&desired)), of(&desired));
    }

    #[test]
    fn the_union_has_both_and_each_name_once() {
        assert_eq!(join(&names(0..3), &names(2..5)), names(0..5));
    }

    #[test]
    fn beyond_the_bound_what_is_to_be_written_stays_and_older_names_give_way() {
        let all = join(&names(0..100), &names(100..140));
        assert_eq!(all.len(), 100);
        assert!(names(100..140).iter().all(|name| all.contains(name)));
    }
}
