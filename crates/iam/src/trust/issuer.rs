//! OIDC issuers as IAM knows them: an identity provider of the account, and the prefix of its
//! condition keys.

use crate::account::Account;
use crate::arn::IamArn;
use crate::finding::{Check, Field, Finding};
use crate::placeholder;
use crate::quote::shown;

/// An OIDC identity provider in an account.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Issuer {
    provider_arn: String,
    key_prefix: String,
}

/// Why a text does not name an issuer.
fn refused(message: String, remedy: &str) -> Finding {
    Finding::error(Check::ISSUER, Field::whole(), message).with_remedy(remedy)
}

impl Issuer {
    /// Reads a provider ARN of `account` (placeholders are replaced) or an issuer URL.
    ///
    /// A slash at the end of a URL is kept: it is part of the provider's name in IAM.
    ///
    /// # Errors
    /// When the text is neither, or the provider is not in `account`.
    pub fn parse(text: &str, account: &Account) -> Result<Self, Finding> {
        let text = placeholder::fill(text, account).map_err(|brace| brace.at(Field::whole()))?;
        let no_url = || {
            let remedy =
                "write https://HOST/PATH in lower-case host, without port, query and fragment";
            refused(format!("{} is no issuer URL", shown(&text)), remedy)
        };
        if let Some(key_prefix) = text.strip_prefix("https://") {
            if !is_host_and_path(key_prefix) {
                return Err(no_url());
            }
            let provider_arn =
                format!("arn:{}:iam::{}:oidc-provider/{key_prefix}", account.partition, account.id);
            return Ok(Self { provider_arn, key_prefix: key_prefix.to_owned() });
        }
        if !text.starts_with("arn:") {
            return Err(no_url());
        }
        let arn = IamArn::parse(&text)
            .map_err(|error| Finding::error(Check::ISSUER, Field::whole(), error.to_string()))?;
        if arn.kind != "oidc-provider" || !is_host_and_path(&arn.path_and_name) {
            return Err(refused(
                format!("{} is no OIDC provider", shown(&text)),
                "write arn:PARTITION:iam::ACCOUNT:oidc-provider/HOST/PATH",
            ));
        }
        if !arn.is_in(account) {
            // IAM looks for providers in the role's own account only.
            return Err(refused(
                format!("the OIDC provider {} is not in the account of the role", shown(&text)),
                "create it there and name that one",
            ));
        }
        Ok(Self { provider_arn: text, key_prefix: arn.path_and_name })
    }

    /// The provider as a `Federated` principal.
    #[must_use]
    pub fn provider_arn(&self) -> &str {
        &self.provider_arn
    }

    /// What stands before `:sub` and `:aud` in condition keys: host and path of the issuer.
    #[must_use]
    pub fn key_prefix(&self) -> &str {
        &self.key_prefix
    }

    /// A condition key of this issuer, such as `HOST/PATH:sub`.
    #[must_use]
    pub fn key(&self, claim: &str) -> String {
        format!("{}:{claim}", self.key_prefix)
    }
}

fn is_host_and_path(text: &str) -> bool {
    let (host, path) = text.split_once('/').unwrap_or((text, ""));
    let label = |label: &str| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    };
    host.contains('.')
        && host.split('.').all(label)
        && !path.starts_with('/')
        && !path.contains("//")
        && path.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~/".contains(&b))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn account() -> Account {
        Account::new("123456789012", "aws").unwrap()
    }

    #[rstest]
    #[case("https://oidc.eks.eu-west-2.amazonaws.com/id/ABC")]
    #[case("arn:aws:iam::123456789012:oidc-provider/oidc.eks.eu-west-2.amazonaws.com/id/ABC")]
    #[case(
        "arn:{partition}:iam::{accountId}:oidc-provider/oidc.eks.eu-west-2.amazonaws.com/id/ABC"
    )]
    fn an_arn_and_a_url_name_the_same_issuer(#[case] text: &str) {
        let issuer = Issuer::parse(text, &account()).unwrap();
        assert_eq!(issuer.key("sub"), "oidc.eks.eu-west-2.amazonaws.com/id/ABC:sub");
        assert_eq!(
            issuer.provider_arn(),
            "arn:aws:iam::123456789012:oidc-provider/oidc.eks.eu-west-2.amazonaws.com/id/ABC"
        );
    }

    #[rstest]
    #[case("http://example.com")]
    #[case("https://")]
    #[case("https://localhost/x")]
    #[case("https://example.com:8443/x")]
    #[case("https://user@example.com/x")]
    #[case("https://example.com?x")]
    #[case("https://example.com/x#y")]
    #[case("https://example.com//x")]
    #[case("https://*.example.com")]
    #[case("https://example.com/${x}")]
    #[case("https://Example.com")]
    #[case("https://example..com")]
    #[case("example.com/id/ABC")]
    #[case("")]
    #[case("arn:aws:iam::210987654321:oidc-provider/example.com")]
    #[case("arn:aws-cn:iam::123456789012:oidc-provider/example.com")]
    #[case("arn:aws:iam::123456789012:saml-provider/example.com")]
    #[case("arn:aws:iam::123456789012:oidc-provider/*")]
    fn near_misses_are_refused(#[case] text: &str) {
        assert!(Issuer::parse(text, &account()).is_err(), "{text}");
    }

    #[test]
    fn a_trailing_slash_is_part_of_the_name() {
        assert_eq!(
            Issuer::parse("https://example.eu.auth0.com/", &account()).unwrap().key_prefix(),
            "example.eu.auth0.com/"
        );
    }
}
