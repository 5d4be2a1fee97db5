//! `saml`: people who sign in through a SAML identity provider of the account.
//!
//! Source: IAM user guide, "IAM and AWS STS condition context keys", section "Available keys for
//! SAML-based AWS STS federation"; the audience of each partition from "Configure SAML assertions
//! for the authentication response".

use std::collections::BTreeMap;

use crate::nearest::nearest;
use crate::policy::{PrincipalKind, Statement};
use crate::quote::shown;
use crate::{account::Account, arn::IamArn};

use crate::trust::ASSUME_ROLE_WITH_SAML;
use crate::trust::claim::{self, ValueError};

#[cfg(test)]
mod tests;

/// Attributes with one value, without the prefix `SAML:`. `aud` is a field of its own.
const SINGLE: [&str; 18] = [
    "commonName",
    "doc",
    "edupersonorgdn",
    "edupersonprimaryaffiliation",
    "edupersonprimaryorgunitdn",
    "edupersonprincipalname",
    "givenName",
    "iss",
    "mail",
    "name",
    "namequalifier",
    "organizationStatus",
    "primaryGroupSID",
    "sub",
    "sub_type",
    "surname",
    "uid",
    "x500UniqueIdentifier",
];

/// Attributes with several values, without the prefix: one of them must match.
const SEVERAL: [&str; 13] = [
    "cn",
    "eduorghomepageuri",
    "eduorgidentityauthnpolicyuri",
    "eduorglegalname",
    "eduorgsuperioruri",
    "eduorgwhitepagesuri",
    "edupersonaffiliation",
    "edupersonassurance",
    "edupersonentitlement",
    "edupersonnickname",
    "edupersonorgunitdn",
    "edupersonscopedaffiliation",
    "edupersontargetedid",
];

/// The arguments of the grant, as the user wrote them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SamlGrant<'a> {
    /// ARN of a SAML provider of the account; placeholders are replaced.
    pub provider_arn: &'a str,
    /// `SAML:aud`; default the sign-in address of the partition.
    pub audience: Option<&'a str>,
    /// Further attributes, with or without `SAML:`, and their values; `*` is any text.
    pub attributes: &'a BTreeMap<String, Vec<String>>,
}

/// Why the grant makes no statement.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SamlError {
    /// Not the ARN of a SAML provider.
    #[error("providerArn: {} is no SAML provider; write \
        arn:PARTITION:iam::ACCOUNT:saml-provider/NAME", shown(.0))]
    Provider(String),
    /// A provider of another account: IAM looks for providers in the role's own account only.
    #[error("providerArn: {} is not in the account of the role; create it there and name that \
        one", shown(.0))]
    Elsewhere(String),
    /// No sign-in address is known for the partition.
    #[error("audience: no sign-in address is known for the partition {}; write the \
        audience", shown(.0))]
    NoAudience(String),
    /// An attribute that is no condition key.
    #[error("attributes.{}: IAM knows no such attribute, so it could never match; write \
        {remedy}", shown(.attribute))]
    Unknown {
        /// The attribute.
        attribute: String,
        /// The nearest known attribute, or where to look.
        remedy: String,
    },
    /// The audience is a field of its own.
    #[error("attributes.aud: another field says this; write audience")]
    Audience,
    /// One attribute in two spellings.
    #[error("attributes.{0}: it is there twice, with SAML: and without; write it once")]
    Twice(&'static str),
    /// An attribute without values.
    #[error("attributes.{0}: it has no values, so nothing could match; add one")]
    NoValues(&'static str),
    /// A value.
    #[error(transparent)]
    Value(#[from] ValueError),
}

/// The statement of the grant.
///
/// # Errors
/// [`SamlError`] with the first argument that is wrong.
pub fn statement(grant: &SamlGrant<'_>, account: &Account) -> Result<Statement, SamlError> {
    let provider = account.expand(grant.provider_arn);
    match IamArn::parse(&provider) {
        Ok(arn) if arn.kind != "saml-provider" => return Err(SamlError::Provider(provider)),
        Ok(arn) if !arn.is_in(account) => return Err(SamlError::Elsewhere(provider)),
        Ok(_) => {}
        Err(_) => return Err(SamlError::Provider(provider)),
    }
    let audience = match grant.audience {
        Some(audience) => audience,
        None => sign_in(&account.partition)
            .ok_or_else(|| SamlError::NoAudience(account.partition.clone()))?,
    };
    claim::exact("audience", audience)?;
    let mut statement = Statement::allow([ASSUME_ROLE_WITH_SAML])
        .principal(PrincipalKind::Federated, [provider])
        .when("StringEquals", "SAML:aud", [audience]);
    let mut seen = Vec::new();
    for (name, values) in grant.attributes {
        let (name, several) = known(name)?;
        if seen.contains(&name) {
            return Err(SamlError::Twice(name));
        }
        seen.push(name);
        if values.is_empty() {
            return Err(SamlError::NoValues(name));
        }
        for (index, value) in values.iter().enumerate() {
            claim::pattern(format!("attributes.{name}[{index}]"), value)?;
        }
        statement = claim::require(statement, several, &format!("SAML:{name}"), values);
    }
    Ok(statement)
}

/// Where people of a partition sign in.
fn sign_in(partition: &str) -> Option<&'static str> {
    match partition {
        "aws" => Some("https://signin.aws.amazon.com/saml"),
        "aws-cn" => Some("https://signin.amazonaws.cn/saml"),
        "aws-us-gov" => Some("https://signin.amazonaws-us-gov.com/saml"),
        _ => None,
    }
}

/// The attribute as IAM spells it, and whether it has several values.
fn known(name: &str) -> Result<(&'static str, bool), SamlError> {
    let bare = name.strip_prefix("SAML:").or_else(|| name.strip_prefix("saml:")).unwrap_or(name);
    if bare == "aud" {
        return Err(SamlError::Audience);
    }
    let single = SINGLE.into_iter().map(|known| (known, false));
    let mut all = single.chain(SEVERAL.into_iter().map(|known| (known, true)));
    all.find(|(known, _)| *known == bare).ok_or_else(|| SamlError::Unknown {
        attribute: name.to_owned(),
        remedy: nearest(bare, SINGLE.into_iter().chain(SEVERAL)).map_or_else(
            || "sub, iss, namequalifier, edupersonaffiliation or another".to_owned(),
            str::to_owned,
        ),
    })
}
