//! The kinds: one folder or file each, and one row of [`KINDS`] each.

pub mod iam_role;

use self::iam_role::IamRole;
use super::kind::KindRow;

/// Every kind there is: CRDs, schemas, reference pages, the probe, `rolewright check` and RBAC are
/// made by walking this table.
pub const KINDS: [KindRow; 1] = [KindRow::of::<IamRole>()];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::{GROUP, VERSION};

    #[test]
    fn each_kind_has_a_row_of_its_own_in_our_group_and_version() {
        let resources = KINDS.map(|row| row.resource());
        for (at, resource) in resources.iter().enumerate() {
            assert_eq!((resource.group.as_str(), resource.version.as_str()), (GROUP, VERSION));
            assert!(resources[..at].iter().all(|other| other.plural != resource.plural));
            assert!(resource.plural.starts_with(&resource.kind.to_lowercase()[..4]));
        }
    }
}
