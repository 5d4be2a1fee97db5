//! `saml`: people who sign in through a SAML identity provider of the account.
//!
//! Source: IAM user guide, "IAM and AWS STS condition context keys", section "Available keys for
//! SAML-based AWS STS federation"; the audience of each partition from "Configure SAML assertions
//! for the authentication response".

use std::collections::BTreeMap;

use crate::account::Account;
use crate::arn::IamArn;
use crate::finding::{Field, Finding};
use crate::nearest::nearest;
use crate::placeholder;
use crate::policy::{PrincipalKind, Statement};
use crate::quote::shown;

use crate::policy::sessions::ASSUME_ROLE_WITH_SAML;
use crate::trust::claim;
use crate::trust::refused;

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

/// The statement of the grant.
///
/// # Errors
/// The first argument that is wrong.
pub fn statement(grant: &SamlGrant<'_>, account: &Account) -> Result<Statement, Finding> {
    let provider =
        placeholder::fill(grant.provider_arn, account).map_err(|brace| brace.at("/providerArn"))?;
    match IamArn::parse(&provider).ok().filter(|arn| arn.kind == "saml-provider") {
        None => {
            return Err(refused(
                "/providerArn",
                format!("{} is no SAML provider", shown(&provider)),
                "write arn:PARTITION:iam::ACCOUNT:saml-provider/NAME",
            ));
        }
        // IAM looks for providers in the role's own account only.
        Some(arn) if !arn.is_in(account) => {
            return Err(refused(
                "/providerArn",
                format!("{} is not in the account of the role", shown(&provider)),
                "create it there and name that one",
            ));
        }
        Some(_) => {}
    }
    let audience = match grant.audience {
        Some(audience) => audience,
        None => sign_in(&account.partition).ok_or_else(|| {
            let partition = shown(&account.partition);
            let message = format!("no sign-in address is known for the partition {partition}");
            refused("/audience", message, "write the audience")
        })?,
    };
    claim::exact(audience, || Field::of("/audience"))?;
    let mut statement = Statement::allow([ASSUME_ROLE_WITH_SAML])
        .principal(PrincipalKind::Federated, [provider])
        .when("StringEquals", "SAML:aud", [audience]);
    let mut seen = Vec::new();
    for (name, values) in grant.attributes {
        let (name, several) = known(name)?;
        let field = Field::of("/attributes").name(name);
        if seen.contains(&name) {
            let message = "it is there twice, with SAML: and without";
            return Err(refused(field, message, "write it once"));
        }
        seen.push(name);
        if values.is_empty() {
            return Err(refused(field, "it has no values, so nothing could match", "add one"));
        }
        for (index, value) in values.iter().enumerate() {
            claim::pattern(value, || field.item(index))?;
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
fn known(name: &str) -> Result<(&'static str, bool), Finding> {
    let bare = name.strip_prefix("SAML:").or_else(|| name.strip_prefix("saml:")).unwrap_or(name);
    if bare == "aud" {
        return Err(claim::of_field(&Field::of("/attributes/aud"), "audience"));
    }
    let single = SINGLE.into_iter().map(|known| (known, false));
    let mut all = single.chain(SEVERAL.into_iter().map(|known| (known, true)));
    all.find(|(known, _)| *known == bare).ok_or_else(|| {
        let near = nearest(bare, SINGLE.into_iter().chain(SEVERAL));
        let meant = near.unwrap_or("sub, iss, namequalifier, edupersonaffiliation or another");
        refused(
            Field::of("/attributes").quoted(name),
            "IAM knows no such attribute, so it could never match",
            format!("write {meant}"),
        )
    })
}
