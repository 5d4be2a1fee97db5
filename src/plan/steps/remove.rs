//! The plan that takes a role away. The boundary stays to the last: it goes with the role.

use iam::{account::Account, role::RoleKey};

use crate::plan::{
    form::observed::Observed,
    steps::{
        diff::{read, size},
        differences::{Differences, Inline},
        managed::{Attached, Managed, held},
        order::{Placed, ordered},
        step::{Call, Step, Why},
    },
};

/// What has to go before the role can: AWS deletes none with policies, foreign ones among them. In
/// the order in which a role loses all its policies: what allows goes before what denies that. What
/// is not known of may do both, and stands between them. A step that fails holds up all that come
/// after those beside it.
#[must_use]
pub fn strip(role: &RoleKey, observed: &Observed, why: Why, account: &Account) -> Vec<Step> {
    let Observed { role: _, attached, inline, contents } = observed;
    let mut differences = Differences::none();
    let attachments = attached.iter().map(|arn| Attached { arn, policy: held(contents, arn) });
    differences.detach = attachments.collect();
    let documents = inline.iter().map(|(name, text)| Inline {
        name,
        old: read(text),
        size: size(text),
        new: None,
    });
    differences.inline = documents.collect();
    let steps = ordered(differences, account).into_iter().enumerate();
    steps
        .map(|(place, Placed { call, why: because, needs: _, gives_back: _, group })| Step {
            needs: (0..group.unwrap_or(place)).collect(),
            group,
            ..Step::new(role.clone(), call, if because == Why::NotWanted { why } else { because })
        })
        .collect()
}

/// Whether the order in which policies go depends on what their documents hold: of a single one
/// that is not known the place is known all the same.
#[must_use]
pub fn asks_for_documents(observed: &Observed) -> bool {
    let Observed { role: _, attached, inline, contents } = observed;
    let unread = |arn: &&String| matches!(held(contents, arn), Managed::Unread);
    !inline.is_empty() && inline.len() + attached.iter().filter(unread).count() > 1
}

/// Whether that depends on what managed policies hold.
#[must_use]
pub fn asks_for_contents(observed: &Observed) -> bool {
    observed.attached.len() + observed.inline.len() > 1
}

/// The end of the role.
#[must_use]
pub fn delete(role: &RoleKey, why: Why) -> Step {
    Step::new(role.clone(), Call::DeleteRole, why)
}
