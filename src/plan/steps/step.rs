//! The plan as data: one [`Step`] is one AWS call, idempotent, with its reason. Its text is the one
//! text for people.

use std::fmt;

use iam::{
    role::RoleKey,
    tag::{self, TagKey, Tags},
};

use crate::plan::form::observed::{RolePart, RoleRecord};

/// One writing AWS call with everything it sends. The role is named beside it, in [`Step::role`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Call {
    /// `CreateRole`: trust, boundary, path, description, duration and tags travel in it.
    CreateRole {
        /// `/` or `/…/`.
        path: String,
        /// Trust policy, compact JSON.
        trust: String,
        /// Empty when unset.
        description: Option<String>,
        /// Seconds.
        max_session: i32,
        /// Policy ARN.
        boundary: Option<String>,
        /// All tags, ours included.
        tags: Tags,
    },
    /// `UpdateAssumeRolePolicy`.
    UpdateTrust {
        /// Compact JSON.
        trust: String,
    },
    /// `UpdateRole`; both fields are always sent.
    UpdateRole {
        /// The empty string clears it.
        description: String,
        /// Seconds.
        max_session: i32,
    },
    /// `PutRolePermissionsBoundary`.
    PutBoundary {
        /// Policy ARN.
        arn: String,
    },
    /// `DeleteRolePermissionsBoundary`.
    DeleteBoundary,
    /// `PutRolePolicy`.
    PutInline {
        /// Policy name.
        name: String,
        /// Compact JSON.
        document: String,
    },
    /// `DeleteRolePolicy`; an absent policy counts as done.
    DeleteInline {
        /// Policy name.
        name: String,
    },
    /// `AttachRolePolicy`.
    Attach {
        /// Policy ARN.
        arn: String,
    },
    /// `DetachRolePolicy`; an absent attachment counts as done.
    Detach {
        /// Policy ARN.
        arn: String,
    },
    /// `TagRole`.
    Tag {
        /// Only the tags that change.
        tags: Tags,
    },
    /// `UntagRole`.
    Untag {
        /// Keys as stored.
        keys: Vec<TagKey>,
    },
    /// `DeleteRole`; an absent role counts as done.
    DeleteRole,
}

impl Call {
    /// Name of the IAM action.
    #[must_use]
    pub fn action(&self) -> &'static str {
        match self {
            Self::CreateRole { .. } => "CreateRole",
            Self::UpdateTrust { .. } => "UpdateAssumeRolePolicy",
            Self::UpdateRole { .. } => "UpdateRole",
            Self::PutBoundary { .. } => "PutRolePermissionsBoundary",
            Self::DeleteBoundary => "DeleteRolePermissionsBoundary",
            Self::PutInline { .. } => "PutRolePolicy",
            Self::DeleteInline { .. } => "DeleteRolePolicy",
            Self::Attach { .. } => "AttachRolePolicy",
            Self::Detach { .. } => "DetachRolePolicy",
            Self::Tag { .. } => "TagRole",
            Self::Untag { .. } => "UntagRole",
            Self::DeleteRole => "DeleteRole",
        }
    }

    /// Whether it may take access away: what is not only added, and no mere attribute or tag.
    #[must_use]
    pub fn may_close(&self) -> bool {
        match self {
            Self::UpdateTrust { .. }
            | Self::PutBoundary { .. }
            | Self::PutInline { .. }
            | Self::DeleteInline { .. }
            | Self::Detach { .. } => true,
            Self::CreateRole { .. }
            | Self::UpdateRole { .. }
            | Self::DeleteBoundary
            | Self::Attach { .. }
            | Self::Tag { .. }
            | Self::Untag { .. }
            | Self::DeleteRole => false,
        }
    }

    /// Whether it only removes something: AWS answers `NoSuchEntity` where that is not there.
    #[must_use]
    pub fn removes(&self) -> bool {
        matches!(
            self,
            Self::DeleteBoundary
                | Self::DeleteInline { .. }
                | Self::Detach { .. }
                | Self::DeleteRole
        )
    }

    /// The parts that this call changes.
    #[must_use]
    pub fn parts(&self) -> Vec<RolePart> {
        match self {
            Self::CreateRole { .. } | Self::DeleteRole => vec![RolePart::Role],
            Self::UpdateTrust { .. } => vec![RolePart::Trust],
            Self::UpdateRole { .. } => vec![RolePart::Attributes],
            Self::PutBoundary { .. } | Self::DeleteBoundary => vec![RolePart::Boundary],
            Self::PutInline { name, .. } | Self::DeleteInline { name } => {
                vec![RolePart::Inline(name.clone())]
            }
            Self::Attach { arn } | Self::Detach { arn } => vec![RolePart::Attachment(arn.clone())],
            Self::Tag { tags } => tags.keys().map(|key| RolePart::Tag(key.clone())).collect(),
            Self::Untag { keys } => keys.iter().map(|key| RolePart::Tag(key.clone())).collect(),
        }
    }
}

/// Why a step is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// The role does not exist yet, or not any more.
    Missing,
    /// AWS has something else than the resource asks for.
    Differs,
    /// AWS has something that the resource does not ask for.
    NotWanted,
    /// Not the last write of one document: what stays of it while other parts change.
    Interim,
    /// Not the last write of one document: what moves to or from others is in it.
    Both,
    /// It takes away for a moment what stays allowed: there is not room for old and new.
    Pause,
    /// The spec is refused: what allows more than it last did is taken back.
    Held,
    /// The resource is deleted.
    Deleted,
    /// The lifetime is over.
    Expired,
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Missing => "missing",
            Self::Differs => "differs",
            Self::NotWanted => "not wanted",
            Self::Interim => "temporary: only what old and new version share",
            Self::Both => "temporary: old and new version together",
            Self::Pause => "pauses what stays allowed: there is no room for old and new",
            Self::Held => "held while the spec is refused",
            Self::Deleted => "the resource is deleted",
            Self::Expired => "the lifetime is over",
        })
    }
}

/// One AWS call on one role, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The role.
    pub role: RoleKey,
    /// What is sent.
    pub call: Call,
    /// For what reason.
    pub why: Why,
    /// What that changes in the meaning of a document, as one line of at most [`CHANGE`]
    /// characters.
    pub change: Option<String>,
    /// The steps that have to be done before, by their places in the plan: without one of them this
    /// one might allow what neither was allowed before nor is in the end.
    pub needs: Vec<usize>,
    /// It takes no access away from anybody: a correction that can wait.
    pub gives_back: bool,
    /// Steps of one number stand side by side in the plan, and may be in flight at the same time:
    /// whichever of them AWS has carried out, in whatever order, all that a plan promises holds.
    /// One without a number goes alone.
    pub group: Option<usize>,
}

/// Most steps of a group.
pub const IN_FLIGHT: usize = 4;

impl Step {
    /// A step that needs no other.
    #[must_use]
    pub fn new(role: RoleKey, call: Call, why: Why) -> Self {
        let (change, needs) = (None, Vec::new());
        Self { role, call, why, change, needs, gives_back: false, group: None }
    }
}

/// The answer to a write.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// The new role, after `CreateRole`.
    pub role: Option<RoleRecord>,
    /// The id that AWS gave the request; `CloudTrail` has it too.
    pub request_id: Option<String>,
    /// There was nothing to remove.
    pub was_gone: bool,
}

/// The longest text of a change: with the rest of its step it fits into an Event and a line of
/// `status.plan`.
pub const CHANGE: usize = 600;

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { role, call, why, change, needs: _, gives_back: _, group: _ } = self;
        match call {
            Call::CreateRole { path, tags, boundary, .. } => {
                write!(f, "+ create role {} in {path} with {} tags", role.name, tags.len())?;
                match boundary {
                    Some(arn) => write!(f, " and boundary {arn}")?,
                    None => f.write_str(" and no boundary")?,
                }
            }
            Call::UpdateTrust { .. } => f.write_str("~ replace the trust policy")?,
            Call::UpdateRole { description, max_session } => {
                write!(
                    f,
                    "~ set session duration {max_session} s and description {description:?}"
                )?;
            }
            Call::PutBoundary { arn } => write!(f, "~ set boundary {arn}")?,
            Call::DeleteBoundary => f.write_str("- remove the boundary")?,
            Call::PutInline { name, .. } if *why == Why::Missing => {
                write!(f, "+ put inline policy {name}")?;
            }
            Call::PutInline { name, .. }
                if matches!(why, Why::Interim | Why::Both | Why::Pause) =>
            {
                write!(f, "~ put inline policy {name}")?;
            }
            Call::PutInline { name, .. } => write!(f, "~ replace inline policy {name}")?,
            Call::DeleteInline { name } => write!(f, "- delete inline policy {name}")?,
            Call::Attach { arn } => write!(f, "+ attach {arn}")?,
            Call::Detach { arn } => write!(f, "- detach {arn}")?,
            Call::Tag { tags } => write!(f, "~ tag {}", tag::shown(tags))?,
            Call::Untag { keys } => write!(
                f,
                "- untag {}",
                keys.iter().map(TagKey::as_str).collect::<Vec<_>>().join(", ")
            )?,
            Call::DeleteRole => write!(f, "- delete role {}", role.name)?,
        }
        if let Some(change) = change {
            write!(f, ": {change}")?;
        }
        write!(f, " ({why})")
    }
}
