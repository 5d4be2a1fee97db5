//! Accounts of AWS and their ids.

use std::fmt;
use std::str::FromStr;

use crate::quote::shown;

/// The id of an account: twelve digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AccountId([u8; 12]);

impl AccountId {
    /// The id of no account, for checks that come before one is known.
    pub const NONE: Self = Self(*b"000000000000");

    /// The twelve digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        // Digits only, as `from_str` has seen.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl FromStr for AccountId {
    type Err = AccountError;

    fn from_str(text: &str) -> Result<Self, AccountError> {
        let digits = <[u8; 12]>::try_from(text.as_bytes()).ok().filter(|_| is_account_id(text));
        digits.map(Self).ok_or_else(|| AccountError::Id(text.to_owned()))
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl PartialEq<str> for AccountId {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

/// An AWS account in its partition. Placeholders and account ids are resolved against it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Account {
    /// Which one.
    pub id: AccountId,
    /// `aws`, `aws-cn`, `aws-us-gov`, …
    pub partition: String,
}

/// Why something is no account.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AccountError {
    /// The partition is not one of AWS.
    #[error(
        "the partition {} is not known; write aws, aws-cn or another that begins with aws",
        shown(.0)
    )]
    Partition(String),
    /// The id is not twelve digits.
    #[error("the account {} is not an account id; write its twelve digits", shown(.0))]
    Id(String),
}

impl Account {
    /// An account from its parts.
    ///
    /// # Errors
    /// [`AccountError`] when `id` is not twelve digits or `partition` is not `aws` or `aws-…`.
    pub fn new(id: &str, partition: &str) -> Result<Self, AccountError> {
        let id = id.parse()?;
        if !is_partition(partition) {
            return Err(AccountError::Partition(partition.to_owned()));
        }
        Ok(Self { id, partition: partition.to_owned() })
    }

    /// `text` with `{accountId}` and `{partition}` replaced; other braces stay.
    #[must_use]
    pub fn expand(&self, text: &str) -> String {
        text.replace("{accountId}", self.id.as_str()).replace("{partition}", &self.partition)
    }

    /// `arn:PARTITION:iam::ID:root`: how AWS spells this account as a principal.
    #[must_use]
    pub fn root_arn(&self) -> String {
        self.root_arn_of(self.id.as_str())
    }

    /// The root ARN of the account `id` in this account's partition.
    #[must_use]
    pub fn root_arn_of(&self, id: &str) -> String {
        format!("arn:{}:iam::{id}:root", self.partition)
    }
}

/// Whether `text` is an account id: twelve ASCII digits.
#[must_use]
pub fn is_account_id(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

pub(crate) fn is_partition(text: &str) -> bool {
    let mut parts = text.split('-');
    parts.next() == Some("aws")
        && parts.all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase()))
}
