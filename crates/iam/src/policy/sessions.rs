//! The actions that a trust policy decides on.

/// Ordinary sessions.
pub const ASSUME_ROLE: &str = "sts:AssumeRole";
/// Sessions from an OIDC token.
pub const ASSUME_ROLE_WITH_WEB_IDENTITY: &str = "sts:AssumeRoleWithWebIdentity";
/// Sessions from a SAML assertion.
pub const ASSUME_ROLE_WITH_SAML: &str = "sts:AssumeRoleWithSAML";
/// Session tags.
pub const TAG_SESSION: &str = "sts:TagSession";
/// A source identity for the session.
pub const SET_SOURCE_IDENTITY: &str = "sts:SetSourceIdentity";
/// A context for the session, which an identity provider has asserted.
pub const SET_CONTEXT: &str = "sts:SetContext";

/// All of them.
///
/// Source: Service Authorization Reference, "Actions, resources, and condition keys for AWS
/// Security Token Service": what `AssumeRole` and its two siblings authorize (read 2026-11-30).
pub const ALL: [&str; 6] = [
    ASSUME_ROLE,
    ASSUME_ROLE_WITH_WEB_IDENTITY,
    ASSUME_ROLE_WITH_SAML,
    TAG_SESSION,
    SET_SOURCE_IDENTITY,
    SET_CONTEXT,
];

/// What is done beside beginning a session.
pub const BESIDE: [&str; 3] = [TAG_SESSION, SET_SOURCE_IDENTITY, SET_CONTEXT];
