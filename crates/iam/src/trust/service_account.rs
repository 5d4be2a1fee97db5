//! `serviceAccount`: pods of a cluster by their service account token (IRSA).
//!
//! One statement for each issuer: keys of different issuers in one statement would all have to
//! match, which none can.

use crate::policy::{PrincipalKind, Statement};

use crate::policy::sessions::ASSUME_ROLE_WITH_WEB_IDENTITY;
use crate::trust::{Issuer, claim};

/// The audience of tokens for AWS.
pub const AUDIENCE: &str = "sts.amazonaws.com";

/// The statements that let one service account in, through each of `issuers`. No issuers, no
/// statements. A `*` at the end of the name stands for what is generated.
#[must_use]
pub fn statements(issuers: &[Issuer], namespace: &str, service_account: &str) -> Vec<Statement> {
    let subject = subject(namespace, service_account);
    issuers
        .iter()
        .map(|issuer| {
            let statement = Statement::allow([ASSUME_ROLE_WITH_WEB_IDENTITY])
                .principal(PrincipalKind::Federated, [issuer.principal()])
                .when("StringEquals", &issuer.key("aud"), [AUDIENCE]);
            claim::require(statement, false, &issuer.key("sub"), std::slice::from_ref(&subject))
        })
        .collect()
}

/// The subject of a service account's token.
#[must_use]
pub fn subject(namespace: &str, service_account: &str) -> String {
    format!("system:serviceaccount:{namespace}:{service_account}")
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::account::Account;
    use crate::policy::{Policy, PolicyKind};
    use crate::trust::limits;
    use crate::trust::tests::token::token;

    #[test]
    fn each_issuer_gets_one_exact_statement_within_the_limits() {
        let account = Account::new("123456789012", "aws").unwrap();
        let issuers = ["https://a.example.com/id/A", "https://b.example.com"]
            .map(|url| Issuer::parse(url, &account).unwrap());
        let statements = statements(&issuers, "team-a", "billing");
        assert_eq!(statements.len(), 2);
        for statement in &statements {
            assert_eq!(limits::check(statement, &account, limits::Origin::Grant), []);
            assert_eq!(limits::check_namespace(statement, "team-a"), []);
            assert_eq!(limits::check_namespace(statement, "team-b").len(), 1);
        }
        let policy = Policy::new(statements.into_iter().take(1).collect());
        policy.check(PolicyKind::Trust).unwrap();
        assert_eq!(
            policy.to_json(),
            concat!(
                r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","#,
                r#""Principal":{"Federated":"arn:aws:iam::123456789012:oidc-provider/a.example.com/id/A"},"#,
                r#""Action":"sts:AssumeRoleWithWebIdentity","Condition":{"StringEquals":{"#,
                r#""a.example.com/id/A:aud":"sts.amazonaws.com","#,
                r#""a.example.com/id/A:sub":"system:serviceaccount:team-a:billing"}}}]}"#
            )
        );
    }

    #[rstest]
    #[case::generated("provider-aws-3f7a", true)]
    #[case::shorter("provider-aws", false)]
    #[case::another("provider-gcp-3f7a", false)]
    fn generated_names_begin_alike(#[case] name: &str, #[case] allowed: bool) {
        let account = Account::new("123456789012", "aws").unwrap();
        let issuer = Issuer::parse("https://a.example.com", &account).unwrap();
        let made = statements(&[issuer], "team-a", "provider-aws-*").remove(0);
        assert_eq!(limits::check(&made, &account, limits::Origin::Grant), []);
        assert_eq!(limits::check_namespace(&made, "team-a"), []);
        assert_eq!(limits::check_namespace(&made, "team-b").len(), 1);
        for (namespace, expected) in [("team-a", allowed), ("team-b", false)] {
            let subject = subject(namespace, name);
            let claims = [("aud", AUDIENCE), ("sub", subject.as_str())];
            assert_eq!(token(&made, "a.example.com", &claims), expected, "{subject}");
        }
    }

    #[rstest]
    #[case::the_pod("a.example.com/id/A", AUDIENCE, "system:serviceaccount:team-a:billing", true)]
    #[case::other_namespace(
        "a.example.com/id/A",
        AUDIENCE,
        "system:serviceaccount:team-b:billing",
        false
    )]
    #[case::longer_namespace(
        "a.example.com/id/A",
        AUDIENCE,
        "system:serviceaccount:team-ab:billing",
        false
    )]
    #[case::other_account(
        "a.example.com/id/A",
        AUDIENCE,
        "system:serviceaccount:team-a:default",
        false
    )]
    #[case::longer_account(
        "a.example.com/id/A",
        AUDIENCE,
        "system:serviceaccount:team-a:billing2",
        false
    )]
    #[case::other_case(
        "a.example.com/id/A",
        AUDIENCE,
        "system:serviceaccount:team-a:Billing",
        false
    )]
    #[case::other_audience(
        "a.example.com/id/A",
        "vault",
        "system:serviceaccount:team-a:billing",
        false
    )]
    #[case::other_cluster(
        "a.example.com/id/B",
        AUDIENCE,
        "system:serviceaccount:team-a:billing",
        false
    )]
    fn tokens_are_of_that_service_account(
        #[case] host: &str,
        #[case] aud: &str,
        #[case] sub: &str,
        #[case] allowed: bool,
    ) {
        let account = Account::new("123456789012", "aws").unwrap();
        let issuer = Issuer::parse("https://a.example.com/id/A", &account).unwrap();
        let statements = statements(&[issuer], "team-a", "billing");
        assert_eq!(token(&statements[0], host, &[("aud", aud), ("sub", sub)]), allowed);
    }
}
