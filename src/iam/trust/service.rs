//! `service`: an AWS service assumes the role, for this account's own use of it.

use crate::iam::arn::Account;
use crate::iam::policy::{PrincipalKind, Statement};

use super::ASSUME_ROLE;

/// Whether the service must act for the role's own account: the guard against a confused deputy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SourceAccount {
    /// `aws:SourceAccount` must be the role's account. Only for services that send the key: others could not assume it.
    Own,
    /// No condition.
    None,
}

/// The statement that lets the service `name` (such as `lambda.amazonaws.com`) in. `source_arns` may hold `*` and
/// placeholders; each is one of the things the service may act for, and none means anything.
#[must_use]
pub fn statement(name: &str, source: SourceAccount, source_arns: &[String], account: &Account) -> Statement {
    let mut statement = Statement::allow([ASSUME_ROLE]).principal(PrincipalKind::Service, [name]);
    if source == SourceAccount::Own {
        statement = statement.when("StringEquals", "aws:SourceAccount", [account.id.as_str()]);
    }
    if !source_arns.is_empty() {
        statement = statement.when("ArnLike", "aws:SourceArn", source_arns.iter().map(|arn| account.expand(arn)));
    }
    statement
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::iam::policy::{Kind, Policy};
    use crate::iam::trust::limits;

    #[test]
    fn conditions_follow_the_arguments() {
        let account = Account::new("123456789012", "aws").unwrap();
        let bare = statement("lambda.amazonaws.com", SourceAccount::None, &[], &account);
        assert!(bare.conditions.is_empty());
        let arns = ["arn:{partition}:sns:*:{accountId}:x".to_owned()];
        let full = statement("sns.amazonaws.com", SourceAccount::Own, &arns, &account);
        assert_eq!(full.conditions["StringEquals"]["aws:SourceAccount"], ["123456789012"]);
        assert_eq!(full.conditions["ArnLike"]["aws:SourceArn"], ["arn:aws:sns:*:123456789012:x"]);
        for made in [bare, full] {
            assert_eq!(limits::check(&made, &account), Vec::<String>::new());
            Policy::new(vec![made]).check(Kind::Trust).unwrap();
        }
    }
}
