//! OIDC issuers as IAM knows them: an identity provider of the account, and the prefix of its
//! condition keys.

use crate::account::Account;
use crate::arn::IamArn;
use crate::finding::{Check, Field, Finding};
use crate::placeholder;
use crate::quote::shown;

/// Providers that are built into IAM and have no ARN: host, then the condition keys that tell for
/// whom a token was made and about whom it is.
///
/// Source: IAM user guide, "IAM and AWS STS condition context keys", section "Available keys for
/// AWS OIDC federation", and "Create a role for `OpenID` Connect federation" (read 2026-11-30).
const BUILT_IN: [(&str, &str, &str); 4] = [
    ("accounts.google.com", "aud", "sub"),
    (COGNITO, "aud", "sub"),
    ("graph.facebook.com", "app_id", "id"),
    ("www.amazon.com", "app_id", "user_id"),
];

/// Amazon Cognito identity pools.
pub(super) const COGNITO: &str = "cognito-identity.amazonaws.com";

/// Google, as IAM names it.
pub(super) const GOOGLE: &str = "accounts.google.com";

/// An OIDC identity provider in an account, or one that is built into IAM.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Issuer {
    principal: String,
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
            if let Some(built_in) = Self::built_in(key_prefix) {
                return Ok(built_in);
            }
            let principal =
                format!("arn:{}:iam::{}:oidc-provider/{key_prefix}", account.partition, account.id);
            return Ok(Self { principal, key_prefix: key_prefix.to_owned() });
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
        if arn.path_and_name != GOOGLE && Self::built_in(&arn.path_and_name).is_some() {
            let name = arn.path_and_name;
            return Err(refused(
                format!("{} is built into IAM and is no provider of the account", shown(&name)),
                &format!("write https://{name}"),
            ));
        }
        Ok(Self { principal: text, key_prefix: arn.path_and_name })
    }

    /// The provider of that name that is built into IAM.
    #[must_use]
    pub fn built_in(name: &str) -> Option<Self> {
        let (host, _, _) = BUILT_IN.iter().find(|(host, _, _)| *host == name)?;
        Some(Self { principal: (*host).to_owned(), key_prefix: (*host).to_owned() })
    }

    /// The provider as a `Federated` principal: its ARN, or the bare name of one that is built in.
    #[must_use]
    pub fn principal(&self) -> &str {
        &self.principal
    }

    /// The condition key that tells for whom a token was made.
    #[must_use]
    pub fn audience_key(&self) -> String {
        let known = BUILT_IN.iter().find(|(host, _, _)| *host == self.key_prefix);
        self.key(known.map_or("aud", |(_, audience, _)| audience))
    }

    /// The condition key that tells about whom a token is.
    #[must_use]
    pub fn subject_key(&self) -> String {
        let known = BUILT_IN.iter().find(|(host, _, _)| *host == self.key_prefix);
        self.key(known.map_or("sub", |(_, _, subject)| subject))
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
            issuer.principal(),
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

    #[rstest]
    #[case("https://accounts.google.com", "accounts.google.com:aud", "accounts.google.com:sub")]
    #[case("https://www.amazon.com", "www.amazon.com:app_id", "www.amazon.com:user_id")]
    #[case("https://graph.facebook.com", "graph.facebook.com:app_id", "graph.facebook.com:id")]
    fn a_provider_that_is_built_in_has_no_arn_and_keys_of_its_own(
        #[case] url: &str,
        #[case] audience: &str,
        #[case] subject: &str,
    ) {
        let issuer = Issuer::parse(url, &account()).unwrap();
        assert_eq!(issuer.principal(), issuer.key_prefix());
        assert_eq!(
            (issuer.audience_key().as_str(), issuer.subject_key().as_str()),
            (audience, subject)
        );
    }

    #[test]
    fn a_provider_of_the_account_may_stand_for_google_alone() {
        let of = |host: &str| {
            Issuer::parse(&format!("arn:aws:iam::123456789012:oidc-provider/{host}"), &account())
        };
        assert!(of("accounts.google.com").unwrap().principal().starts_with("arn:"));
        let said = of("www.amazon.com").unwrap_err().to_string();
        assert!(said.ends_with("write https://www.amazon.com"), "{said}");
        let other = Issuer::parse("https://accounts.google.com/x", &account()).unwrap();
        assert!(other.principal().starts_with("arn:"), "another name");
    }

    #[test]
    fn a_trailing_slash_is_part_of_the_name() {
        assert_eq!(
            Issuer::parse("https://example.eu.auth0.com/", &account()).unwrap().key_prefix(),
            "example.eu.auth0.com/"
        );
    }
}
