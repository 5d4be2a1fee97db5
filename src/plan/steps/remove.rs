//! The plan that takes a role away. The boundary stays to the last: it goes with the role.

use iam::role::RoleKey;

use crate::plan::{
    form::observed::Observed,
    steps::step::{Call, Step, Why},
};

/// What has to go before the role can: AWS deletes none with policies, foreign ones among them.
/// What they hold is not read, and one may deny what another allows: each needs the one before it.
#[must_use]
pub fn strip(role: &RoleKey, observed: &Observed, why: Why) -> Vec<Step> {
    let Observed { role: _, attached, inline, contents: _ } = observed;
    let detach = attached.iter().map(|arn| Call::Detach { arn: arn.clone() });
    let delete = inline.keys().map(|name| Call::DeleteInline { name: name.clone() });
    detach
        .chain(delete)
        .enumerate()
        .map(|(place, call)| Step {
            needs: place.checked_sub(1).into_iter().collect(),
            ..Step::new(role.clone(), call, why)
        })
        .collect()
}

/// The end of the role.
#[must_use]
pub fn delete(role: &RoleKey, why: Why) -> Step {
    Step::new(role.clone(), Call::DeleteRole, why)
}
