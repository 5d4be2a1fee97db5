//! AWS behind [`crate::ports::IamRead`] and [`crate::ports::IamWrite`]: translation, error classes, pacing. Decides nothing.

mod error;
pub mod pace;
mod read;
mod write;

use std::{sync::Arc, time::Duration};

use aws_config::{BehaviorVersion, retry::RetryConfig, timeout::TimeoutConfig};
use aws_sdk_iam::config::retry::RetryPartition;

use crate::{aws::pace::Paces, iam::arn::Account};

/// IAM of one account.
#[derive(Clone)]
pub struct AwsIam {
    client: aws_sdk_iam::Client,
    paces: Arc<Paces>,
}

/// Calls per second and account; zero lifts a ceiling.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rates {
    /// Ceiling of reads.
    pub read: f64,
    /// Ceiling of writes.
    pub write: f64,
}

/// Why AWS can't be used at all.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// STS refused or did not answer.
    #[error("the AWS credentials can't be used: {0}")]
    Credentials(String),
    /// STS answered without an account.
    #[error("STS did not name the account of the credentials")]
    NoAccount,
}

/// Connects with the SDK's default chain of credentials and asks whose they are.
///
/// # Errors
/// No credentials, or STS does not answer.
pub async fn connect(rates: Rates) -> Result<(AwsIam, Account), ConnectError> {
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(3))
        .operation_attempt_timeout(Duration::from_secs(20))
        .operation_timeout(Duration::from_mins(1))
        .build();
    let config = aws_config::defaults(BehaviorVersion::v2026_01_12())
        // IAM has one control plane a partition; a region is needed for signing only.
        .region(aws_config::meta::region::RegionProviderChain::default_provider().or_else("us-east-1"))
        .timeout_config(timeouts)
        // Trying again is the controller's, which sees every failure, paces itself and says why.
        .retry_config(RetryConfig::disabled())
        .load()
        .await;
    let identity = aws_sdk_sts::Client::new(&config)
        .get_caller_identity()
        .send()
        .await
        .map_err(|error| ConnectError::Credentials(error::words(&error)))?;
    let arn = identity.arn().unwrap_or_default();
    let account = Account {
        id: identity.account().ok_or(ConnectError::NoAccount)?.to_owned(),
        partition: arn.split(':').nth(1).filter(|partition| !partition.is_empty()).unwrap_or("aws").to_owned(),
    };
    let iam = aws_sdk_iam::config::Builder::from(&config)
        // One bucket of retries and throttles an account, not one for the whole process.
        .retry_partition(RetryPartition::new(format!("iam-{}", account.id)))
        .build();
    let iam = AwsIam { client: aws_sdk_iam::Client::from_conf(iam), paces: Arc::new(Paces::new(rates)) };
    Ok((iam, account))
}
