//! The plan that takes a role away. The boundary stays to the last: it goes with the role.

use iam::role::RoleKey;

use crate::plan::{
    form::observed::Observed,
    steps::step::{Call, Step, Why},
};

/// What has to go before the role can: AWS deletes none with policies, foreign ones among them.
#[must_use]
pub fn strip(role: &RoleKey, observed: &Observed, why: Why) -> Vec<Step> {
    let Observed { role: _, attached, inline } = observed;
    let detach = attached.iter().map(|arn| Call::Detach { arn: arn.clone() });
    let delete = inline.keys().map(|name| Call::DeleteInline { name: name.clone() });
    detach.chain(delete).map(|call| step(role, call, why)).collect()
}

/// The end of the role.
#[must_use]
pub fn delete(role: &RoleKey, why: Why) -> Step {
    step(role, Call::DeleteRole, why)
}

fn step(role: &RoleKey, call: Call, why: Why) -> Step {
    Step { role: role.clone(), call, why, change: None }
}
