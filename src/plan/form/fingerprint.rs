//! Two digests of a role's meaning. Equal digests end the matter; only a difference leads to a
//! closer look.
//!
//! Two, because AWS delivers a role in two streams: `authorization` from
//! `GetAccountAuthorizationDetails`, `attributes` (description, session duration) from `ListRoles`.

use iam::tag::{TagKey, Tags};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

use sha2::{Digest, Sha256};

use crate::{
    api::kinds::iam_role::Applied,
    plan::form::{
        desired::Desired,
        observed::{Attachments, DEFAULT_SESSION},
    },
};
use iam::{
    account::Account,
    policy::{Kind, Policy, Strictness, decode::decode},
    tag,
};

/// SHA-256 of a canonical form.
pub type Fingerprint = [u8; 32];

/// Names in one piece of text, because the index keeps them for each resource: a set of strings
/// would take six times the room.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Names(Box<str>);

/// Stands behind each name. IAM allows no control character in names, ARNs and tag keys.
const END: char = '\0';

impl Names {
    fn contains(&self, name: &str) -> bool {
        self.0.split_terminator(END).any(|own| own == name)
    }
}

impl<T: AsRef<str>> FromIterator<T> for Names {
    fn from_iter<I: IntoIterator<Item = T>>(names: I) -> Self {
        let mut text = String::new();
        for name in names {
            text.push_str(name.as_ref());
            text.push(END);
        }
        Self(text.into())
    }
}

/// Which of the observed items count: all of an exclusive facet, our own ones of an additive facet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scope {
    /// `None`: exclusive, all count. Otherwise the ARNs that are ours.
    attached: Option<Names>,
    /// `None`: exclusive. Otherwise the policy names that are ours.
    inline: Option<Names>,
    /// `None`: exclusive. Otherwise the folded tag keys that are ours.
    tags: Option<Names>,
}

impl Scope {
    /// What counts for `desired`: the items it names and those that we wrote before
    /// (`status.applied`).
    #[must_use]
    pub fn of(desired: &Desired, applied: &Applied) -> Self {
        let exclusive = desired.exclusive;
        // Sorted, and each once: most of what we wrote is what we still want.
        let own = |wanted: BTreeSet<String>, written: &[String]| -> Names {
            wanted.iter().chain(written).collect::<BTreeSet<_>>().into_iter().collect()
        };
        Self {
            attached: (!exclusive.attached)
                .then(|| own(desired.attached.clone(), &applied.managed_policies)),
            inline: (!exclusive.inline)
                .then(|| own(desired.inline.keys().cloned().collect(), &applied.inline_policies)),
            tags: (!exclusive.tags).then(|| {
                let folded = |key: &TagKey| key.folded().to_owned();
                let written: Vec<String> =
                    applied.tags.iter().map(|key| folded(&key.as_str().into())).collect();
                own(desired.tags.keys().map(folded).collect(), &written)
            }),
        }
    }

    /// True when an attachment counts.
    #[must_use]
    pub fn has_attachment(&self, arn: &str) -> bool {
        self.attached.as_ref().is_none_or(|own| own.contains(arn))
    }

    /// True when an inline policy counts.
    #[must_use]
    pub fn has_inline(&self, name: &str) -> bool {
        self.inline.as_ref().is_none_or(|own| own.contains(name))
    }

    /// True when a tag counts; AWS's own tags (`aws:…`) never do.
    #[must_use]
    pub fn has_tag(&self, key: &TagKey) -> bool {
        !tag::is_aws(key.as_str())
            && self.tags.as_ref().is_none_or(|own| own.contains(key.folded()))
    }
}

/// An observed document, decoded and read; `None` when it can't be a role's document.
#[must_use]
pub fn observed_policy(text: &str, kind: Kind) -> Option<Policy> {
    Policy::parse(&decode(text).ok()?, kind, Strictness::Observed).ok()
}

/// The bytes that stand for an observed document: its canonical form, or the text itself when it
/// can't be a role's document (which then equals no desired one).
#[must_use]
pub fn observed_bytes(text: &str, kind: Kind, account: &Account) -> Vec<u8> {
    observed_policy(text, kind).map_or_else(
        || [b"unreadable:", text.as_bytes()].concat(),
        |policy| policy.canonical(account).bytes(),
    )
}

fn authorization(
    trust: &[u8],
    boundary: Option<&str>,
    attached: &BTreeSet<&str>,
    inline: &BTreeMap<&str, Vec<u8>>,
    tags: &BTreeMap<&str, &str>,
) -> Fingerprint {
    let mut digest = Sha256::new();
    let mut item = |bytes: &[u8]| {
        // Length first: no two lists of items give the same stream.
        digest.update((bytes.len() as u64).to_be_bytes());
        digest.update(bytes);
    };
    item(trust);
    item(boundary.unwrap_or_default().as_bytes());
    item(&(attached.len() as u64).to_be_bytes());
    for arn in attached {
        item(arn.as_bytes());
    }
    item(&(inline.len() as u64).to_be_bytes());
    for (name, body) in inline {
        item(name.as_bytes());
        item(body);
    }
    for (key, value) in tags {
        item(key.as_bytes());
        item(value.as_bytes());
    }
    digest.finalize().into()
}

/// The `attributes` fingerprint; an absent description is an empty one, an absent duration AWS's
/// default.
#[must_use]
pub fn attributes(description: Option<&str>, max_session: Option<i32>) -> Fingerprint {
    let mut digest = Sha256::new();
    digest.update(max_session.unwrap_or(DEFAULT_SESSION).to_be_bytes());
    digest.update(description.unwrap_or_default().as_bytes());
    digest.finalize().into()
}

/// Fingerprints of what the resource asks for: `(authorization, attributes)`.
#[must_use]
pub fn of_desired(desired: &Desired) -> (Fingerprint, Fingerprint) {
    let account = &desired.identity.account;
    let inline = desired
        .inline
        .iter()
        .map(|(name, policy)| (name.as_str(), policy.canonical(account).bytes()))
        .collect();
    let tags = desired.tags.iter().map(|(key, value)| (key.folded(), value.as_str())).collect();
    let authorization = authorization(
        &desired.trust.canonical(account).bytes(),
        desired.boundary.as_deref(),
        &desired.attached.iter().map(String::as_str).collect(),
        &inline,
        &tags,
    );
    (authorization, attributes(desired.description.as_deref(), Some(desired.max_session)))
}

/// The `authorization` fingerprint of what AWS has, as far as it counts.
#[must_use]
pub fn of_observed(
    trust: &str,
    boundary: Option<&str>,
    attached: &Attachments,
    inline: &BTreeMap<String, String>,
    tags: &Tags,
    scope: &Scope,
    account: &Account,
) -> Fingerprint {
    authorization(
        &observed_bytes(trust, Kind::Trust, account),
        boundary,
        &attached.iter().map(String::as_str).filter(|arn| scope.has_attachment(arn)).collect(),
        &inline
            .iter()
            .filter(|(name, _)| scope.has_inline(name))
            .map(|(name, body)| (name.as_str(), observed_bytes(body, Kind::Identity, account)))
            .collect(),
        &tags
            .iter()
            .filter(|(key, _)| scope.has_tag(key))
            .map(|(key, value)| (key.folded(), value.as_str()))
            .collect(),
    )
}

/// Lower-case hexadecimal digits, two for each byte.
#[must_use]
pub fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a String can't fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// `status.desiredHash`: 64 hexadecimal digits over both fingerprints.
#[must_use]
pub fn desired_hash(fingerprints: (Fingerprint, Fingerprint)) -> String {
    let mut digest = Sha256::new();
    digest.update(fingerprints.0);
    digest.update(fingerprints.1);
    hexadecimal(&digest.finalize())
}
