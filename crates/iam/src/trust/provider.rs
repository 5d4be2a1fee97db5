//! The identity providers that a trust policy counts on. AWS takes a policy that names one which
//! the account does not have, and then refuses everybody who comes with a token of it.
//!
//! Source: IAM user guide, "Create an `OpenID` Connect (OIDC) identity provider in IAM": a provider
//! lists the client ids (audiences) whose tokens it takes. That the provider is not looked for when
//! a trust policy is written is in no page of AWS's; it is seen whenever one is misspelt.

use std::collections::BTreeSet;

use crate::account::Account;
use crate::arn::IamArn;
use crate::policy::{Effect, Policy, PrincipalKind, PrincipalSet, Scope, Statement};
use crate::trust::issuer::GOOGLE;
use crate::trust::limits::exact;

/// A provider that a trust policy names, and for whom its tokens are made.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Needed {
    /// What kind of provider.
    pub kind: Kind,
    /// Its ARN.
    pub arn: String,
    /// The audience that the policy demands, of an OIDC provider.
    pub audience: Option<String>,
}

/// Kinds of identity providers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// `oidc-provider`
    Oidc,
    /// `saml-provider`
    Saml,
}

/// What an account has under the ARN of a provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// Nothing.
    Nothing,
    /// An OIDC provider with these client ids.
    Oidc(Vec<String>),
    /// A SAML provider.
    Saml,
}

/// All that the Allows of a trust policy need to be there in the role's account.
#[must_use]
pub fn needed(trust: &Policy, account: &Account) -> BTreeSet<Needed> {
    let allows = trust.statements.iter().filter(|statement| statement.effect == Effect::Allow);
    allows.flat_map(|statement| of_statement(statement, account)).collect()
}

fn of_statement(statement: &Statement, account: &Account) -> Vec<Needed> {
    let Some(Scope::Only(PrincipalSet::Kinds(kinds))) = &statement.principals else {
        return Vec::new();
    };
    let named = kinds.get(&PrincipalKind::Federated).into_iter().flatten();
    named
        .filter_map(|text| Some((text, IamArn::parse(text).ok()?)))
        .filter(|(_, arn)| arn.is_in(account))
        .flat_map(|(text, arn)| {
            let needed = |kind, audience| Needed { kind, arn: text.clone(), audience };
            match arn.kind.as_str() {
                "saml-provider" => vec![needed(Kind::Saml, None)],
                "oidc-provider" => match audiences(statement, &arn.path_and_name) {
                    [] => vec![needed(Kind::Oidc, None)],
                    audiences => {
                        let each = audiences.iter().cloned();
                        each.map(|audience| needed(Kind::Oidc, Some(audience))).collect()
                    }
                },
                _ => Vec::new(),
            }
        })
        .collect()
}

/// The exact audiences that a statement demands of an issuer's tokens. Not of Google's: there the
/// key is compared with another claim than the audience.
fn audiences<'a>(statement: &'a Statement, key_prefix: &str) -> &'a [String] {
    if key_prefix == GOOGLE {
        return &[];
    }
    exact(statement, &format!("{key_prefix}:aud")).unwrap_or_default()
}

impl Needed {
    /// What keeps its tokens from being taken, as a sentence, and what to do about it; `None` where
    /// nothing does.
    #[must_use]
    pub fn lack(&self, found: &Found) -> Option<String> {
        let Self { kind, arn, audience } = self;
        match (found, audience) {
            (Found::Nothing, _) => {
                let kind = match kind {
                    Kind::Oidc => "OIDC",
                    Kind::Saml => "SAML",
                };
                Some(format!(
                    "the account has no {kind} provider {arn}, so nobody can assume the role \
                     through it: create it in IAM, or correct spec.trust"
                ))
            }
            (Found::Oidc(clients), Some(audience)) if !clients.contains(audience) => Some(format!(
                "the OIDC provider {arn} does not list the client id (audience) {audience}, so AWS \
                 refuses the tokens that are made for it: add it to the provider in IAM, or \
                 correct spec.trust"
            )),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::policy::{PolicyKind, Strictness};

    const HOST: &str = "arn:aws:iam::123456789012:oidc-provider/oidc.example.org/id/1";
    const PEOPLE: &str = "arn:aws:iam::123456789012:saml-provider/people";

    fn found(statement: &str) -> Vec<(Kind, String, Option<String>)> {
        let account = Account::new("123456789012", "aws").unwrap();
        let text = format!(r#"{{"Version":"2012-10-17","Statement":[{statement}]}}"#);
        let policy = Policy::parse(&text, PolicyKind::Trust, Strictness::Observed).unwrap();
        let needed = needed(&policy, &account).into_iter();
        needed.map(|Needed { kind, arn, audience }| (kind, arn, audience)).collect()
    }

    fn statement(effect: &str, principal: &str, conditions: &str) -> String {
        format!(
            r#"{{"Effect":"{effect}","Action":"sts:AssumeRoleWithWebIdentity",
            "Principal":{principal},"Condition":{{{conditions}}}}}"#
        )
    }

    #[rstest]
    #[case::exact(
        r#""StringEquals":{"OIDC.example.org/id/1:aud":["b","a"]}"#,
        &[Some("a"), Some("b")]
    )]
    #[case::pattern(r#""StringLike":{"oidc.example.org/id/1:aud":"a*"}"#, &[None])]
    #[case::of_another(r#""StringEquals":{"oidc.example.org/id/2:aud":"a"}"#, &[None])]
    #[case::none("", &[None])]
    fn an_oidc_provider_is_needed_for_each_exact_audience(
        #[case] conditions: &str,
        #[case] expected: &[Option<&str>],
    ) {
        let principal = format!(r#"{{"Federated":"{HOST}"}}"#);
        let expected: Vec<_> = expected
            .iter()
            .map(|audience| (Kind::Oidc, HOST.to_owned(), audience.map(str::to_owned)))
            .collect();
        assert_eq!(found(&statement("Allow", &principal, conditions)), expected);
    }

    #[test]
    fn a_saml_provider_is_needed_without_an_audience() {
        let principal = format!(r#"{{"Federated":["{PEOPLE}"]}}"#);
        let made = statement("Allow", &principal, r#""StringEquals":{"SAML:aud":"https://x"}"#);
        assert_eq!(found(&made), [(Kind::Saml, PEOPLE.to_owned(), None)]);
    }

    #[rstest]
    #[case::denied("Deny", &format!(r#"{{"Federated":"{HOST}"}}"#))]
    #[case::built_in("Allow", r#"{"Federated":"cognito-identity.amazonaws.com"}"#)]
    #[case::elsewhere(
        "Allow",
        r#"{"Federated":"arn:aws:iam::210987654321:oidc-provider/oidc.example.org"}"#
    )]
    #[case::service("Allow", r#"{"Service":"lambda.amazonaws.com"}"#)]
    #[case::account("Allow", r#"{"AWS":"123456789012"}"#)]
    fn nothing_else_is_needed(#[case] effect: &str, #[case] principal: &str) {
        assert_eq!(found(&statement(effect, principal, "")), []);
    }

    #[test]
    fn googles_own_provider_is_not_asked_for_an_audience() {
        let arn = "arn:aws:iam::123456789012:oidc-provider/accounts.google.com";
        let principal = format!(r#"{{"Federated":"{arn}"}}"#);
        let conditions = r#""StringEquals":{"accounts.google.com:aud":"1"}"#;
        assert_eq!(
            found(&statement("Allow", &principal, conditions)),
            [(Kind::Oidc, arn.to_owned(), None)]
        );
    }

    #[rstest]
    #[case(Kind::Oidc, Some("a"), Found::Nothing, Some("has no OIDC provider"))]
    #[case(Kind::Saml, None, Found::Nothing, Some("has no SAML provider"))]
    #[case(Kind::Oidc, Some("a"), Found::Oidc(vec!["b".into()]), Some("(audience) a, so"))]
    #[case(Kind::Oidc, Some("a"), Found::Oidc(vec!["b".into(), "a".into()]), None)]
    #[case(Kind::Oidc, None, Found::Oidc(vec![]), None)]
    #[case(Kind::Saml, None, Found::Saml, None)]
    fn what_is_lacking_is_said(
        #[case] kind: Kind,
        #[case] audience: Option<&str>,
        #[case] found: Found,
        #[case] expected: Option<&str>,
    ) {
        let needed = Needed { kind, arn: HOST.into(), audience: audience.map(str::to_owned) };
        let lack = needed.lack(&found);
        assert_eq!(lack.is_some(), expected.is_some(), "{lack:?}");
        assert!(lack.unwrap_or_default().contains(expected.unwrap_or_default()));
    }
}
