//! Whether a role in AWS is ours. The proof stands in AWS: without it nothing is written.

use crate::{
    iam::{name, tag},
    plan::{identity::Identity, observed::RoleRecord},
};

/// The verdict on one role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ownership {
    /// The proof is complete. `reattached` when the role carries another uid: the resource was made again.
    Ours {
        /// The uid tag names another object.
        reattached: bool,
    },
    /// Not ours, and why, as a sentence for people.
    Foreign(String),
}

/// Judges a role by its tags, its path and, where status has one, its unique id.
///
/// `known_id` is `status.roleId`. The uid tag is a hint only: a cluster rebuilt from Git has other uids.
#[must_use]
pub fn judge(identity: &Identity, role: &RoleRecord, known_id: Option<&str>) -> Ownership {
    let tag_value =
        |key: &str| role.tags.iter().find(|(k, _)| tag::fold(k) == tag::fold(key)).map(|(_, value)| value.as_str());
    let foreign = |why: String| Ownership::Foreign(format!("role {} exists and is not ours: {why}", role.name));

    if name::is_reserved(&role.path, &role.name) {
        return foreign("it belongs to an AWS service".into());
    }
    let (installation, resource) = (tag_value(tag::INSTALLATION), tag_value(tag::RESOURCE));
    match (installation, resource) {
        (None, None) => return foreign("it carries none of rolewright's tags; choose another roleName".into()),
        (None, Some(_)) | (Some(_), None) => {
            return foreign(format!(
                "it carries only one of the tags {} and {}; choose another roleName",
                tag::INSTALLATION,
                tag::RESOURCE
            ));
        }
        (Some(other), _) if other != identity.installation => {
            return foreign(format!("it belongs to installation {other}; choose another roleName"));
        }
        (_, Some(other)) if other != identity.key.to_string() => {
            return foreign(format!("it belongs to IAMRole {other}; choose another roleName or delete that IAMRole"));
        }
        _ => {}
    }
    if name::fold(&role.name) != name::fold(&identity.name) {
        return foreign(format!("its name is not {}", identity.name));
    }
    if role.path != identity.path {
        return foreign(format!("its path is {}, not {}; a role cannot be moved", role.path, identity.path));
    }
    if let Some(known) = known_id.filter(|known| *known != role.role_id) {
        return foreign(format!(
            "its id is {}, but this resource made the role with id {known}; somebody replaced it: delete the role in AWS, \
             or delete this resource and apply it again to take it over",
            role.role_id
        ));
    }
    Ownership::Ours { reattached: tag_value(tag::UID) != Some(identity.uid.as_str()) }
}
