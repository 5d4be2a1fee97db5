//! The typed form of a policy document, and short ways to build statements.
//!
//! It keeps what was written: order of statements and of values, duplicates, Sids. What does not
//! matter is folded away in `canonical.rs` only. A `Policy` made by hand can be wrong (an empty
//! list); [`Policy::check`] tells.

use std::collections::BTreeMap;
use std::fmt;

/// A policy document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// A missing Version means 2008-10-17 (Q4).
    pub version: Version,
    /// The document's Id; an empty one is `None`. AWS evaluates nothing in it.
    pub id: Option<String>,
    /// At least one.
    pub statements: Vec<Statement>,
}

/// The version of the policy language. Only the newer one knows policy variables, so the two never
/// are equal (Q5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Version {
    /// `2008-10-17`
    V2008,
    /// `2012-10-17`
    V2012,
}

/// One statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// `[A-Za-z0-9]*`, unique in a document; an empty one is `None` (Q10).
    pub sid: Option<String>,
    /// Allow or Deny.
    pub effect: Effect,
    /// Who: only in trust policies, and always there.
    pub principals: Option<Principals>,
    /// What: `Action` or `NotAction`.
    pub actions: ActionList,
    /// On what: `Resource` or `NotResource`, only in identity policies, and always there.
    pub resources: Option<ResourceList>,
    /// When; empty for always.
    pub conditions: Conditions,
}

/// What a statement does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Effect {
    /// `Allow`
    Allow,
    /// `Deny`; wins over every Allow.
    Deny,
}

/// An element that has a `Not…` form.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scope<T> {
    /// `Action`, `Resource`, `Principal`
    Only(T),
    /// `NotAction`, `NotResource`, `NotPrincipal`
    Except(T),
}

/// Patterns of actions, such as `s3:Get*`.
pub type ActionList = Scope<Vec<String>>;
/// Patterns of ARNs.
pub type ResourceList = Scope<Vec<String>>;
/// Who a statement is about.
pub type Principals = Scope<PrincipalSet>;
/// Operator, then key, then values; booleans and numbers are strings with the digits of the source
/// (Q40, Q43).
pub type Conditions = BTreeMap<String, BTreeMap<String, Vec<String>>>;

/// The value of `Principal`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PrincipalSet {
    /// The string `*`. Not the same as `{"AWS":"*"}` (Q21), and refused in a desired trust policy.
    Everyone,
    /// Principals by kind.
    Kinds(BTreeMap<PrincipalKind, Vec<String>>),
}

/// The key in a `Principal` object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PrincipalKind {
    /// Accounts, roles, users, or `*`.
    Aws,
    /// Services such as `lambda.amazonaws.com`.
    Service,
    /// OIDC and SAML providers.
    Federated,
    /// Canonical user ids of S3.
    CanonicalUser,
}

impl Policy {
    /// A document of the newer version with these statements and without Id.
    #[must_use]
    pub fn new(statements: Vec<Statement>) -> Self {
        Self { version: Version::V2012, id: None, statements }
    }
}

impl Version {
    /// Both versions, the older first.
    pub const ALL: [Self; 2] = [Self::V2008, Self::V2012];

    /// As it stands in a document.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::V2008 => "2008-10-17",
            Self::V2012 => "2012-10-17",
        }
    }
}

impl Effect {
    /// As it stands in a document.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "Allow",
            Self::Deny => "Deny",
        }
    }
}

impl<T> Scope<T> {
    /// The content, whichever form it has.
    pub const fn content(&self) -> &T {
        match self {
            Self::Only(content) | Self::Except(content) => content,
        }
    }

    /// The content, to be changed.
    pub const fn content_mut(&mut self) -> &mut T {
        match self {
            Self::Only(content) | Self::Except(content) => content,
        }
    }

    /// Whether this is the `Not…` form.
    pub const fn is_except(&self) -> bool {
        matches!(self, Self::Except(_))
    }

    /// The same form with other content.
    pub fn map<U>(&self, change: impl FnOnce(&T) -> U) -> Scope<U> {
        match self {
            Self::Only(content) => Scope::Only(change(content)),
            Self::Except(content) => Scope::Except(change(content)),
        }
    }
}

impl PrincipalKind {
    /// All kinds.
    pub const ALL: [Self; 4] = [Self::Aws, Self::Service, Self::Federated, Self::CanonicalUser];

    /// As it stands in a document.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Aws => "AWS",
            Self::Service => "Service",
            Self::Federated => "Federated",
            Self::CanonicalUser => "CanonicalUser",
        }
    }

    /// The kind spelled exactly so (Q29).
    #[must_use]
    pub fn of(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for PrincipalKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Statement {
    /// `Effect` and `Action`, nothing else.
    #[must_use]
    pub fn new<S: Into<String>>(effect: Effect, actions: impl IntoIterator<Item = S>) -> Self {
        let actions = Scope::Only(actions.into_iter().map(Into::into).collect());
        Self {
            sid: None,
            effect,
            principals: None,
            actions,
            resources: None,
            conditions: Conditions::new(),
        }
    }

    /// An Allow of these actions.
    #[must_use]
    pub fn allow<S: Into<String>>(actions: impl IntoIterator<Item = S>) -> Self {
        Self::new(Effect::Allow, actions)
    }

    /// A Deny of these actions.
    #[must_use]
    pub fn deny<S: Into<String>>(actions: impl IntoIterator<Item = S>) -> Self {
        Self::new(Effect::Deny, actions)
    }

    /// With this Sid.
    #[must_use]
    pub fn named(mut self, sid: &str) -> Self {
        self.sid = Some(sid.to_owned()).filter(|sid| !sid.is_empty());
        self
    }

    /// With these principals of one kind, added to those it has; replaces a `NotPrincipal` or `*`.
    #[must_use]
    pub fn principal<S: Into<String>>(
        mut self,
        kind: PrincipalKind,
        values: impl IntoIterator<Item = S>,
    ) -> Self {
        let mut kinds = match self.principals {
            Some(Scope::Only(PrincipalSet::Kinds(kinds))) => kinds,
            _ => BTreeMap::new(),
        };
        kinds.entry(kind).or_default().extend(values.into_iter().map(Into::into));
        self.principals = Some(Scope::Only(PrincipalSet::Kinds(kinds)));
        self
    }

    /// With these resources, in place of those it has.
    #[must_use]
    pub fn on<S: Into<String>>(mut self, resources: impl IntoIterator<Item = S>) -> Self {
        self.resources = Some(Scope::Only(resources.into_iter().map(Into::into).collect()));
        self
    }

    /// With one more condition; the values of an operator and key that are there already are
    /// replaced.
    #[must_use]
    pub fn when<S: Into<String>>(
        mut self,
        operator: &str,
        key: &str,
        values: impl IntoIterator<Item = S>,
    ) -> Self {
        let values = values.into_iter().map(Into::into).collect();
        self.conditions.entry(operator.to_owned()).or_default().insert(key.to_owned(), values);
        self
    }
}
