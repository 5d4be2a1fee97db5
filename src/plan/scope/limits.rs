//! The built-in class: what any tenant may ask for, from settings that only the operator writes.

use std::time::Duration;

use crate::{
    api::{kinds::iam_role::DeletionPolicy, resource::Resource},
    plan::scope::own::Own,
};
use iam::{
    account::Account, arn::IamArn, managed::ManagedPolicyRules, tag::Tags, trust::limits::Trusted,
};

/// Which permissions boundary a role must have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BoundaryRule {
    /// Every role has this boundary (ARN, `{accountId}` and `{partition}` allowed).
    Always(String),
    /// The operator chose `none`: any boundary of the same account, or none.
    Free,
}

/// Settings that decide what a resource may use and what its role is called.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "independent settings, not states")]
pub struct Limits {
    /// Name of this installation: the first half of the ownership proof.
    pub installation: String,
    /// Prefix of every role name.
    pub role_name_prefix: String,
    /// Every path begins with it; also the default path.
    pub path_prefix: String,
    /// Which boundary.
    pub boundary: BoundaryRule,
    /// Which managed policies may be attached.
    pub managed_policies: ManagedPolicyRules,
    /// How long a role may live, counted from the creation of its resource; `None` is no bound.
    pub max_lifetime: Option<Duration>,
    /// The longest `maxSessionDuration`; `None` is IAM's own, 12 hours.
    pub max_session: Option<Duration>,
    /// OIDC issuers of `serviceAccount` grants: provider ARNs or `https://` URLs.
    pub oidc_issuers: Vec<String>,
    /// Whether resources may have service accounts of their namespace annotated.
    pub annotate: bool,
    /// Whom roles may trust beside their own account.
    pub trusted: Trusted,
    /// Tags of every role whose resource does not set them itself.
    pub default_tags: Tags,
    /// What a deletion does where the resource says nothing.
    pub default_deletion: DeletionPolicy,
    /// Whether a resource may be paused, which holds up its end as well.
    pub allow_pause: bool,
    /// Whether a role may be only observed, which leaves it where it is at its end.
    pub allow_observe: bool,
    /// Whether a role may stay when its resource goes, and its lifetime with it.
    pub allow_retain: bool,
    /// The account and partition of the controller's credentials.
    pub account: Account,
    /// The controller's own role, which no resource may stand for.
    pub own: Own,
}

impl Limits {
    /// Whether a resource is paused, where it may be.
    #[must_use]
    pub fn paused(&self, resource: &Resource) -> bool {
        self.allow_pause && resource.pause.is_meant()
    }

    /// The ARN of the boundary that every role gets, where the operator has set one.
    #[must_use]
    pub fn operators_boundary(&self) -> Option<String> {
        match &self.boundary {
            BoundaryRule::Always(set) => Some(self.account.expand(set)),
            BoundaryRule::Free => None,
        }
    }

    /// Whether a resource may name this policy as its boundary where none is mandatory.
    #[must_use]
    pub fn may_be_boundary(&self, arn: &str) -> bool {
        let account = &self.account;
        IamArn::parse(arn).is_ok_and(|arn| {
            arn.kind == "policy"
                && arn.partition == account.partition
                && (account.id == *arn.account || arn.account == "aws")
        })
    }

    /// Whether a resource may have this managed policy attached.
    #[must_use]
    pub fn may_attach(&self, arn: &str) -> bool {
        self.managed_policies.allows(arn, &self.account)
            && self.own.boundary.as_deref() != Some(arn)
    }
}
