//! Reads a role for a pass: all of it, or only what a sweep saw to differ.

use iam::role::RoleName;
use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use tracing::warn;

use crate::{
    accounts::Access,
    controller::memory::queue::Hint,
    plan::{
        failure::IamError,
        form::{
            desired::Desired,
            fingerprint::Owned,
            observed::{Attachments, Contents, Observed, RolePart, RoleRecord},
        },
        steps::diff,
    },
    ports::IamRead,
};

/// Reads what hangs on a role, whole: also a policy that is only to be removed, because one that
/// holds a Deny goes later than others. `None` when the role went away in between.
///
/// # Errors
/// The first read that failed.
pub async fn whole(
    iam: &impl IamRead,
    role: RoleRecord,
    scope: &Owned,
) -> Result<Option<Observed>, IamError> {
    let name = role.name.clone();
    let Some(attached) = iam.attached(&name).await? else { return Ok(None) };
    let Some(names) = iam.inline_names(&name).await? else { return Ok(None) };
    let inline =
        bodies(iam, &name, names, BTreeMap::new(), |policy| scope.has_inline(policy)).await?;
    Ok(Some(Observed { role, attached, inline, contents: Contents::new() }))
}

/// Reads again only the parts that the sweep saw to differ; the others are as its page showed them.
///
/// # Errors
/// The first read that failed.
pub async fn closer(
    iam: &impl IamRead,
    role: RoleRecord,
    hint: &Hint,
    desired: &Desired,
    scope: &Owned,
) -> Result<Option<Observed>, IamError> {
    let name = role.name.clone();
    let Some(detail) = &hint.detail else {
        // Only attributes differed, and GetRole has just shown them: the rest is as desired.
        let inline = desired
            .form
            .inline
            .iter()
            .map(|(name, policy)| (name.clone(), policy.to_json()))
            .collect();
        let (attached, contents) = (desired.form.attached.clone(), Contents::new());
        return Ok(Some(Observed { role, attached, inline, contents }));
    };
    let seen = Observed {
        role: role.clone(),
        attached: detail.attached.clone(),
        inline: detail.inline.clone(),
        contents: Contents::new(),
    };
    let parts: BTreeSet<RolePart> =
        diff::untold(desired, &seen, scope).iter().flat_map(|step| step.call.parts()).collect();

    let attached: Attachments = if parts.iter().any(|part| matches!(part, RolePart::Attachment(_)))
    {
        let Some(attached) = iam.attached(&name).await? else { return Ok(None) };
        attached
    } else {
        detail.attached.clone()
    };
    let inline = if parts.iter().any(|part| matches!(part, RolePart::Inline(_))) {
        let Some(names) = iam.inline_names(&name).await? else { return Ok(None) };
        let differs = |policy: &str| {
            let part = RolePart::Inline(policy.to_owned());
            !detail.inline.contains_key(policy)
                || (desired.form.inline.contains_key(policy) && parts.contains(&part))
        };
        bodies(iam, &name, names, detail.inline.clone(), differs).await?
    } else {
        detail.inline.clone()
    };
    Ok(Some(Observed { role, attached, inline, contents: Contents::new() }))
}

/// Whether AWS is asked again which version of a policy counts.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Versions {
    /// Each time.
    Now,
    /// Not where it was told a short time ago.
    Lately,
}

/// What these managed policies hold, as far as they can be read. Of one that can't be, nothing is
/// known, and the order of the steps holds whatever it is.
pub async fn contents<I: IamRead>(
    access: &Access<I>,
    arns: BTreeSet<String>,
    versions: Versions,
    now: Timestamp,
) -> Contents {
    let mut contents = Contents::new();
    for arn in arns {
        let known = access.policies().lately(&arn, now).filter(|_| versions == Versions::Lately);
        let text = match known {
            Some(text) => Ok(Some(text)),
            None => document(access, &arn, now).await,
        };
        match text {
            Ok(Some(text)) => {
                contents.insert(arn, text);
            }
            Ok(None) => {}
            Err(error) => warn!(%arn, %error, "the content of the policy is not known"),
        }
    }
    contents
}

async fn document<I: IamRead>(
    access: &Access<I>,
    arn: &str,
    now: Timestamp,
) -> Result<Option<String>, IamError> {
    let Some(version) = access.iam.default_version(arn).await? else { return Ok(None) };
    let known = access.policies().get(arn, &version, now);
    if known.is_some() {
        return Ok(known);
    }
    let text = access.iam.policy_version(arn, &version).await?;
    if let Some(text) = &text {
        access.policies().keep(arn, version, text.clone(), now);
    }
    Ok(text)
}

/// Bodies of the listed policies: read where `wanted`, else as known, else empty (one that we leave
/// alone needs no reading).
async fn bodies(
    iam: &impl IamRead,
    role: &RoleName,
    names: Vec<String>,
    mut known: BTreeMap<String, String>,
    wanted: impl Fn(&str) -> bool,
) -> Result<BTreeMap<String, String>, IamError> {
    let mut inline = BTreeMap::new();
    for policy in names {
        if wanted(&policy) {
            if let Some(body) = iam.inline(role, &policy).await? {
                inline.insert(policy, body);
            }
        } else {
            let body = known.remove(&policy).unwrap_or_default();
            inline.insert(policy, body);
        }
    }
    Ok(inline)
}
