//! Who is meant by a principal. Source: the IAM user guide, "AWS JSON policy elements: Principal".

use crate::policy::document::{PrincipalKind, PrincipalSet};
use crate::policy::work::Work;
use crate::{account::is_account_id, arn::Arn};

/// What it costs to look at one principal: its ARN is taken apart.
const PRINCIPAL: usize = 20;

/// Whether the one who asks is among these.
pub(super) fn is_named(
    principals: &PrincipalSet,
    kind: PrincipalKind,
    who: &str,
    work: &Work,
) -> bool {
    match principals {
        PrincipalSet::Everyone => true,
        PrincipalSet::Kinds(kinds) => {
            let same = |value: &String| {
                work.spend(PRINCIPAL);
                if kind == PrincipalKind::Aws {
                    is_aws(value, who)
                } else {
                    // AWS does not document `*` here: it counts as access.
                    value == "*" || value == who
                }
            };
            kinds.get(&kind).is_some_and(|values| values.iter().any(same))
        }
    }
}

/// An account names all its principals, a role its sessions too; wildcards inside an ARN name
/// nobody, as AWS refuses them.
fn is_aws(value: &str, who: &str) -> bool {
    if value == "*" || value == who {
        return true;
    }
    let asks = Arn::split(who).filter(|arn| matches!(arn.service, "iam" | "sts"));
    if is_account_id(value) {
        return asks.is_some_and(|asks| asks.account == value);
    }
    let Some(named) =
        Arn::split(value).filter(|arn| arn.service == "iam" && is_account_id(arn.account))
    else {
        return false;
    };
    if named.resource == "root" && is_account_id(who) {
        return named.account == who;
    }
    let Some(asks) =
        asks.filter(|asks| asks.partition == named.partition && asks.account == named.account)
    else {
        return false;
    };
    if named.resource == "root" {
        return true;
    }
    // The ARN of a session has the name of its role, without the path.
    let role = named.resource.strip_prefix("role/").and_then(|path| path.rsplit('/').next());
    let session =
        asks.resource.strip_prefix("assumed-role/").and_then(|rest| rest.split('/').next());
    asks.service == "sts" && role.is_some() && role == session
}
