//! Before and after of one step, short enough for one log line. Documents appear as length and
//! digest: whole policies do not belong in logs, and the digest tells an auditor whether it is the
//! one in Git.

use iam::tag::{self, TagKey};
use sha2::{Digest, Sha256};

use crate::plan::{
    form::{fingerprint::hexadecimal, observed::Observed},
    steps::step::{Call, Step},
};
use iam::policy::decode::decode;

fn decoded(document: &str) -> String {
    digest(&decode(document).unwrap_or(std::borrow::Cow::Borrowed(document)))
}

/// `123 characters, sha256 0123456789abcdef`.
#[must_use]
pub fn digest(document: &str) -> String {
    let hash = hexadecimal(Sha256::digest(document.as_bytes()).get(..8).unwrap_or_default());
    format!("{} characters, sha256 {hash}", document.chars().count())
}

/// What AWS had before the step, as far as it was read.
#[must_use]
pub fn before(step: &Step, observed: Option<&Observed>) -> String {
    let Some(Observed { role, attached, inline, contents: _ }) = observed else {
        return "no role".into();
    };
    let absent = || "absent".to_owned();
    let present = |there: bool| if there { "attached".to_owned() } else { absent() };
    match &step.call {
        Call::CreateRole { .. } => "no role".into(),
        Call::UpdateTrust { .. } => decoded(&role.trust),
        Call::UpdateRole { .. } => format!(
            "{} s, {:?}",
            role.max_session.map_or_else(|| "default".into(), |seconds| seconds.to_string()),
            role.description.as_deref().unwrap_or_default()
        ),
        Call::PutBoundary { .. } | Call::DeleteBoundary => {
            role.boundary.clone().unwrap_or_else(absent)
        }
        Call::PutInline { name, .. } | Call::DeleteInline { name } => {
            inline.get(name).map_or_else(absent, |document| match document.as_str() {
                // For a removal only names are read.
                "" => "there, not read".into(),
                document => decoded(document),
            })
        }
        Call::Attach { arn } | Call::Detach { arn } => present(attached.contains(arn)),
        Call::Tag { tags } => tag_list(tags.keys(), role),
        Call::Untag { keys } => tag_list(keys.iter(), role),
        Call::DeleteRole => format!("role id {}", role.role_id),
    }
}

fn tag_list<'a>(
    keys: impl Iterator<Item = &'a TagKey>,
    role: &crate::plan::form::observed::RoleRecord,
) -> String {
    let mut keys: Vec<&TagKey> = keys.collect();
    keys.sort_unstable_by_key(|key| key.as_str());
    let values: Vec<String> = keys
        .into_iter()
        .map(|key| match role.tags.get_key_value(key) {
            Some((key, value)) => format!("{key}={value}"),
            None => format!("{key} absent"),
        })
        .collect();
    values.join(", ")
}

/// What AWS has after the step.
#[must_use]
pub fn after(step: &Step) -> String {
    match &step.call {
        Call::CreateRole { trust, .. } => {
            format!("role {} with trust of {}", step.role.name, digest(trust))
        }
        Call::UpdateTrust { trust: document } | Call::PutInline { document, .. } => {
            digest(document)
        }
        Call::UpdateRole { description, max_session } => {
            format!("{max_session} s, {description:?}")
        }
        Call::PutBoundary { arn } => arn.clone(),
        Call::Attach { .. } => "attached".into(),
        Call::DeleteBoundary
        | Call::DeleteInline { .. }
        | Call::Detach { .. }
        | Call::Untag { .. } => "absent".into(),
        Call::Tag { tags } => tag::shown(tags),
        Call::DeleteRole => "no role".into(),
    }
}
