//! Whether a role in AWS is ours. The proof stands in AWS: without it nothing is written.

use crate::{
    api::{RECONCILE_REQUESTED_AT, ResourceKey, RoleStatus, reason},
    plan::{
        form::observed::RoleRecord,
        scope::identity::Identity,
        steps::step::{Call, Step, Why},
    },
};
use iam::role::{RoleId, RoleKey};
use iam::tag::TagKey;
use iam::{name, tag};
use jiff::{SignedDuration, Timestamp};

/// How long a proof of ownership is good for.
pub const PROOF_HOLDS: SignedDuration = SignedDuration::from_secs(10);

/// That a role was ours when it was read. Only judging what AWS has just shown makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    role_id: RoleId,
    /// The uid that the role carries or was known to carry: a second proof asks for it again.
    uid: Option<String>,
    read_at: Timestamp,
    reattached: bool,
}

impl Proof {
    /// The role's unique id.
    #[must_use]
    pub fn role_id(&self) -> &RoleId {
        &self.role_id
    }

    /// True when the role does not carry the resource's uid: the resource was made again, and takes
    /// the role up.
    #[must_use]
    pub fn reattached(&self) -> bool {
        self.reattached
    }

    /// Judges the same role once more, as it was read at `read_at`.
    ///
    /// # Errors
    /// Why it is not to be written any more.
    pub fn again(
        &self,
        identity: &Identity,
        role: &RoleRecord,
        read_at: Timestamp,
    ) -> Result<Self, NotOurs> {
        let id = Some(self.role_id.clone());
        let known = Known { id, uid: self.uid.as_deref(), creating: false };
        judge(identity, role, &known, read_at)
    }

    /// The same for a role that carries our uid from now on, because we have just written it.
    #[must_use]
    pub fn taken_up(self, identity: &Identity) -> Self {
        Self { uid: Some(identity.uid.clone()), reattached: false, ..self }
    }
}

/// That a role does not exist, as far as reads of IAM can tell. Only [`super::situation`] makes
/// one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Absence(());

impl Absence {
    pub(super) fn believed() -> Self {
        Self(())
    }

    /// What `CreateRole` answered with is ours: as good a proof as a read.
    #[must_use]
    pub fn created(self, identity: &Identity, role: &RoleRecord, at: Timestamp) -> Proof {
        Proof {
            role_id: role.role_id.clone(),
            uid: Some(identity.uid.clone()),
            read_at: at,
            reattached: false,
        }
    }
}

/// On what grounds a plan is carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Leave {
    /// There is no such role: it may be created. AWS refuses that when the name is taken.
    Create(Absence),
    /// The role is ours: it may be changed, and removed.
    Change(Proof),
}

impl Leave {
    /// The same for a role that carries our uid from now on.
    #[must_use]
    pub fn taken_up(self, identity: &Identity) -> Self {
        match self {
            Self::Change(proof) => Self::Change(proof.taken_up(identity)),
            create @ Self::Create(_) => create,
        }
    }

    /// The step as one that may be written now; `None` when the grounds do not reach so far, or are
    /// too old.
    #[must_use]
    pub fn allows<'a>(&self, step: &'a Step, now: Timestamp) -> Option<Proven<'a>> {
        let creates = matches!(step.call, Call::CreateRole { .. });
        let allowed = match self {
            Self::Create(_) => creates,
            Self::Change(proof) => {
                !creates && now.duration_since(proof.read_at).abs() <= PROOF_HOLDS
            }
        };
        allowed.then_some(Proven(step))
    }
}

/// A step that may be written: the port takes no other.
#[derive(Clone, Copy, Debug)]
pub struct Proven<'a>(&'a Step);

impl<'a> Proven<'a> {
    /// The step.
    #[must_use]
    pub fn step(self) -> &'a Step {
        self.0
    }

    /// For tests of what stands behind the port.
    #[cfg(any(test, feature = "sim"))]
    #[must_use]
    pub fn for_a_test(step: &'a Step) -> Self {
        Self(step)
    }
}

/// A role that is left as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotOurs {
    /// Reason of the condition: `NotOwned` or `OwnershipContested`.
    pub reason: &'static str,
    /// A sentence for people.
    pub why: String,
}

impl NotOurs {
    /// Another object has taken up what was ours.
    #[must_use]
    pub fn contested(&self) -> bool {
        self.reason == reason::OWNERSHIP_CONTESTED
    }

    /// The role is gone which another object had taken up: it is not made again before somebody
    /// asks for it.
    #[must_use]
    pub fn gone(identity: &Identity) -> Self {
        let why = format!(
            "role {} was taken over by another IAMRole {}, as in a second cluster, and is \
             deleted: it is not created again for this one; delete this one, or annotate it with \
             {RECONCILE_REQUESTED_AT} to create the role",
            identity.name, identity.key
        );
        Self { reason: reason::OWNERSHIP_CONTESTED, why }
    }
}

/// What is known of the role before it is read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Known<'a> {
    /// Its unique id.
    pub id: Option<RoleId>,
    /// The uid that it carries, once that was the resource's own (`status.roleUid`).
    pub uid: Option<&'a str>,
    /// `CreateRole` may have been carried out (`status.creating`).
    pub creating: bool,
}

impl<'a> Known<'a> {
    /// What status tells.
    #[must_use]
    pub fn of(status: &'a RoleStatus) -> Self {
        Self {
            id: status.role_id.as_deref().map(RoleId::from),
            uid: status.role_uid.as_deref(),
            creating: status.creating == Some(true),
        }
    }

    /// Whether the resource may have a role. One that never had any loses nothing with a read that
    /// is wrong.
    #[must_use]
    pub fn expected(&self) -> bool {
        self.id.is_some() || self.creating
    }
}

/// Judges a role by its tags, its path and what is known of it. The uid tag alone is a hint: a
/// cluster rebuilt from Git has other uids.
///
/// # Errors
/// Why the role is not to be written.
pub fn judge(
    identity: &Identity,
    role: &RoleRecord,
    known: &Known<'_>,
    read_at: Timestamp,
) -> Result<Proof, NotOurs> {
    let foreign = |why: String| {
        Err(NotOurs {
            reason: reason::NOT_OWNED,
            why: format!("role {} exists and does not belong to this resource: {why}", role.name),
        })
    };

    if name::is_reserved(&role.path, role.name.as_str()) {
        return foreign("it belongs to an AWS service".into());
    }
    if identity.own {
        return foreign("it is the role of the controller itself; choose another roleName".into());
    }
    let (installation, resource) = (value(role, tag::INSTALLATION), value(role, tag::RESOURCE));
    match (installation, resource) {
        (None, None) => {
            return foreign("it carries none of rolewright's tags; choose another roleName".into());
        }
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
            return foreign(format!(
                "it belongs to IAMRole {other}; choose another roleName or delete that IAMRole"
            ));
        }
        _ => {}
    }
    if role.name != identity.name {
        return foreign(format!("its name is not {}", identity.name));
    }
    if role.path != identity.path {
        return foreign(format!(
            "its path is {}, not {}; a role cannot be moved",
            role.path, identity.path
        ));
    }
    let uid = uid(role);
    // Before the id: the other one may have made the role anew. A tag that was taken off gives
    // nothing back.
    if let Some(other) =
        known.uid.map(|known| uid.unwrap_or(known)).filter(|other| *other != identity.uid)
    {
        return Err(NotOurs {
            reason: reason::OWNERSHIP_CONTESTED,
            why: format!(
                "role {} belonged to this resource, and another IAMRole {} took it over, the one \
                 with uid {other}, as in a second cluster: nothing is written or removed for this \
                 one; delete one of the \
                 two, or annotate this one \
                 with {RECONCILE_REQUESTED_AT} to take the role back",
                role.name, identity.key
            ),
        });
    }
    if let Some(known) = known.id.as_ref().filter(|known| **known != role.role_id) {
        return foreign(format!(
            "its id is {}, but this resource made the role with id {known}; somebody replaced it: \
             delete the role in AWS, \
             or delete this resource and apply it again to take it over",
            role.role_id
        ));
    }
    Ok(Proof {
        role_id: role.role_id.clone(),
        uid: uid.filter(|uid| *uid == identity.uid).or(known.uid).map(str::to_owned),
        read_at,
        reattached: uid != Some(identity.uid.as_str()),
    })
}

/// The resource that a role of this installation names in its tags; `None` of a role that is not
/// this installation's.
#[must_use]
pub fn resource_of(installation: &str, role: &RoleRecord) -> Option<ResourceKey> {
    value(role, tag::INSTALLATION).filter(|found| *found == installation)?;
    let (namespace, name) = value(role, tag::RESOURCE)?.split_once('/')?;
    Some(ResourceKey { namespace: namespace.to_owned(), name: name.to_owned() })
}

/// Whether a role carries both tags of the proof. Whether it is ours says [`judge`].
#[must_use]
pub fn carries_our_tags(identity: &Identity, role: &RoleRecord) -> bool {
    resource_of(&identity.installation, role).is_some_and(|key| key == identity.key)
}

/// The step that takes up a role of ours which carries another object's uid. It comes before all
/// others: a plan that gets stuck half way must not leave two clusters that both take the role for
/// theirs.
#[must_use]
pub fn take_up(identity: &Identity, role: &RoleRecord) -> Option<Step> {
    uid(role).filter(|uid| *uid != identity.uid)?;
    let tags = [(tag::UID.into(), identity.uid.clone())].into();
    let role = RoleKey { account: identity.account.id, name: role.name.clone() };
    Some(Step::new(role, Call::Tag { tags }, Why::Differs))
}

/// What [`take_up`] makes of the role.
pub fn taken_up(identity: &Identity, role: &mut RoleRecord) {
    let key = TagKey::from(tag::UID);
    role.tags.remove(&key);
    role.tags.insert(key, identity.uid.clone());
}

/// The uid that a role carries.
#[must_use]
pub fn uid(role: &RoleRecord) -> Option<&str> {
    value(role, tag::UID)
}

fn value<'a>(role: &'a RoleRecord, key: &str) -> Option<&'a str> {
    role.tags.get(&TagKey::from(key)).map(String::as_str)
}
