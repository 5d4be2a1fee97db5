//! What AWS has: plain data, as the adapters deliver it, and the parts of a role by which it is
//! compared.

use std::collections::{BTreeMap, BTreeSet};

use iam::{
    role::{RoleId, RoleName},
    tag::{TagKey, Tags},
};
use jiff::Timestamp;

/// Seconds a session lasts at most when a role says nothing.
pub const DEFAULT_SESSION: i32 = 3_600;

/// Names of managed policies attached to a role: policy ARNs.
pub type Attachments = BTreeSet<String>;

/// What managed policies hold, by ARN: documents as AWS sent them. Only those that were read.
pub type Contents = BTreeMap<String, String>;

/// A role as `GetRole` (and the answer of `CreateRole`) shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoleRecord {
    /// Name in the letter case in which it was created.
    pub name: RoleName,
    /// `/` or `/…/`.
    pub path: String,
    /// Full ARN of the role.
    pub arn: String,
    /// Unique id (`AROA…`); changes when a role is deleted and made again.
    pub role_id: RoleId,
    /// Time of creation in AWS, UTC.
    pub created: Timestamp,
    /// Trust policy as AWS sent it: percent-encoded JSON (some stand-ins send plain JSON).
    pub trust: String,
    /// Absent when unset.
    pub description: Option<String>,
    /// Seconds; absent in some answers, then AWS's default of 3,600 is meant.
    pub max_session: Option<i32>,
    /// ARN of the permissions boundary.
    pub boundary: Option<String>,
    /// Tags with their keys as stored.
    pub tags: Tags,
}

/// A role as `GetAccountAuthorizationDetails` shows it: everything but description and session
/// duration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoleDetail {
    /// `description` and `max_session` are always `None` here.
    pub role: RoleRecord,
    /// ARNs of the attached managed policies.
    pub attached: Attachments,
    /// Inline policies by name; bodies percent-encoded as AWS sent them.
    pub inline: BTreeMap<String, String>,
    /// Names of the instance profiles that hold it.
    pub profiles: Vec<String>,
}

/// What `ListRoles` adds to a [`RoleDetail`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoleSummary {
    /// Name in the letter case in which it was created.
    pub name: RoleName,
    /// Unique id (`AROA…`).
    pub role_id: RoleId,
    /// Absent when unset.
    pub description: Option<String>,
    /// Seconds.
    pub max_session: Option<i32>,
}

/// One page of a listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// Items of this page; may be fewer than asked for, also when there are more pages.
    pub items: Vec<T>,
    /// Where the next page begins; `None` on the last one.
    pub next: Option<String>,
}

/// Everything known of a role: the union of the reads of one pass.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observed {
    /// Attributes of the role itself.
    pub role: RoleRecord,
    /// ARNs of the attached managed policies.
    pub attached: Attachments,
    /// Inline policies by name; bodies as AWS sent them.
    pub inline: BTreeMap<String, String>,
    /// What attached policies and boundaries hold, where it decides in which order a plan goes.
    pub contents: Contents,
}

/// A part of a role that is compared, written and settled on its own.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RolePart {
    /// The role's existence.
    Role,
    /// The trust policy.
    Trust,
    /// The permissions boundary.
    Boundary,
    /// Description and maximum session duration.
    Attributes,
    /// One inline policy, by name.
    Inline(String),
    /// One attached managed policy, by ARN.
    Attachment(String),
    /// One tag.
    Tag(TagKey),
}

impl RolePart {
    /// The classes that [`RolePart::class`] knows.
    pub const CLASSES: [&str; 7] =
        ["role", "trust", "boundary", "attributes", "inline", "attachment", "tag"];

    /// What kind of part it is, without names: a label of metrics.
    #[must_use]
    pub fn class(&self) -> &'static str {
        match self {
            Self::Role => "role",
            Self::Trust => "trust",
            Self::Boundary => "boundary",
            Self::Attributes => "attributes",
            Self::Inline(_) => "inline",
            Self::Attachment(_) => "attachment",
            Self::Tag(_) => "tag",
        }
    }
}

impl std::fmt::Display for RolePart {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Role => f.write_str("role"),
            Self::Trust => f.write_str("trust"),
            Self::Boundary => f.write_str("permissionsBoundary"),
            Self::Attributes => f.write_str("attributes"),
            Self::Inline(name) => write!(f, "inline policy {name}"),
            Self::Attachment(arn) => write!(f, "attachment {arn}"),
            Self::Tag(key) => write!(f, "tag {}", key.folded()),
        }
    }
}
