//! Two digests of a role's meaning. Equal digests end the matter; only a difference leads to a
//! closer look.
//!
//! Two, because AWS delivers a role in two streams: `authorization` from
//! `GetAccountAuthorizationDetails`, `attributes` (description, session duration) from `ListRoles`.

use iam::tag::TagKey;
use std::{collections::BTreeSet, fmt::Write as _};

use sha2::{Digest, Sha256};

use crate::{
    api::kinds::iam_role::Applied,
    plan::form::{
        desired::{Desired, Exclusive},
        form::{Facet, Form},
        observed::DEFAULT_SESSION,
    },
};
use iam::{
    account::Account,
    policy::{Policy, PolicyKind, Strictness, decode::decode},
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
pub struct Owned {
    /// `None`: exclusive, all count. Otherwise the ARNs that are ours.
    attached: Option<Names>,
    /// `None`: exclusive. Otherwise the policy names that are ours.
    inline: Option<Names>,
    /// `None`: exclusive. Otherwise the folded tag keys that are ours.
    tags: Option<Names>,
}

impl Owned {
    /// What counts for `desired`: the items it names and those that we wrote before
    /// (`status.applied`).
    #[must_use]
    pub fn of(desired: &Desired, applied: &Applied) -> Self {
        let Form { attached, inline, tags, .. } = &desired.form;
        Self::among(desired.terms.exclusive, (attached.iter(), inline.keys(), tags.keys()), applied)
    }

    /// What counts where these attachments, inline policies and tags are ours, and what we wrote
    /// before.
    #[must_use]
    pub fn among<'a>(
        exclusive: Exclusive,
        (attached, inline, tags): (
            impl Iterator<Item = &'a String>,
            impl Iterator<Item = &'a String>,
            impl Iterator<Item = &'a TagKey>,
        ),
        applied: &Applied,
    ) -> Self {
        // Sorted, and each once: most of what we wrote is what we still want.
        let own = |wanted: BTreeSet<String>, written: &[String]| -> Names {
            wanted.iter().chain(written).collect::<BTreeSet<_>>().into_iter().collect()
        };
        Self {
            attached: (!exclusive.attached)
                .then(|| own(attached.cloned().collect(), &applied.managed_policies)),
            inline: (!exclusive.inline)
                .then(|| own(inline.cloned().collect(), &applied.inline_policies)),
            tags: (!exclusive.tags).then(|| {
                let folded = |key: &TagKey| key.folded().to_owned();
                let written: Vec<String> =
                    applied.tags.iter().map(|key| folded(&key.as_str().into())).collect();
                own(tags.map(folded).collect(), &written)
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
pub fn observed_policy(text: &str, kind: PolicyKind) -> Option<Policy> {
    Policy::parse(&decode(text).ok()?, kind, Strictness::Observed).ok()
}

/// A document of either side.
pub trait Document {
    /// The bytes that stand for what it means.
    fn bytes(&self, kind: PolicyKind, account: &Account) -> Vec<u8>;
}

impl Document for Policy {
    fn bytes(&self, _: PolicyKind, account: &Account) -> Vec<u8> {
        self.canonical(account).bytes()
    }
}

/// As AWS sent it: the bytes of its canonical form, or the text itself when it can't be a role's
/// document (which then equals no desired one).
impl Document for String {
    fn bytes(&self, kind: PolicyKind, account: &Account) -> Vec<u8> {
        observed_policy(self, kind).map_or_else(
            || [b"unreadable:", self.as_bytes()].concat(),
            |policy| policy.canonical(account).bytes(),
        )
    }
}

/// The `authorization` fingerprint of a form, as far as it counts.
#[must_use]
pub fn authorization<D: Document>(form: Form<&D>, scope: &Owned, account: &Account) -> Fingerprint {
    let mut digest = Sha256::new();
    let mut item = |bytes: &[u8]| {
        // Length first: no two lists of items give the same stream.
        digest.update((bytes.len() as u64).to_be_bytes());
        digest.update(bytes);
    };
    for facet in form.facets() {
        match facet {
            Facet::Trust(document) => item(&document.bytes(PolicyKind::Trust, account)),
            Facet::Boundary(arn) => item(arn.unwrap_or_default().as_bytes()),
            Facet::Attached(arns) => {
                let own = || arns.iter().filter(|arn| scope.has_attachment(arn));
                item(&(own().count() as u64).to_be_bytes());
                own().for_each(|arn| item(arn.as_bytes()));
            }
            Facet::Inline(documents) => {
                let own = || documents.iter().filter(|(name, _)| scope.has_inline(name));
                item(&(own().count() as u64).to_be_bytes());
                for (name, document) in own() {
                    item(name.as_bytes());
                    item(&document.bytes(PolicyKind::Identity, account));
                }
            }
            Facet::Tags(tags) => {
                for (key, value) in tags.iter().filter(|(key, _)| scope.has_tag(key)) {
                    item(key.folded().as_bytes());
                    item(value.as_bytes());
                }
            }
            // The other fingerprint has them, see `attributes`.
            Facet::Attributes { description: _, max_session: _ } => {}
        }
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
    let form = desired.form.borrowed();
    // All of it counts: no desired tag is one of AWS's own.
    let authorization = authorization(form, &Owned::default(), &desired.identity.account);
    (authorization, attributes(form.description, Some(form.max_session)))
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
