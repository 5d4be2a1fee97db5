//! Whose the credentials are, and what time it is at AWS.

use jiff::Timestamp;

use crate::aws::{answer::Whole, error, load, time::ServerTime};

/// What STS says of the credentials.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// ARN of the user, role session or root, or why the credentials can't be used, in AWS's words.
    pub arn: Result<String, String>,
    /// The `Date` header of the answer, a refusal among them; `None` without an answer.
    pub date: Option<Timestamp>,
}

/// Asks STS, with the SDK's default chain of credentials.
pub async fn caller() -> Caller {
    let time = ServerTime::default();
    let client = aws_sdk_sts::Client::new(&load().await);
    let answer = client
        .get_caller_identity()
        .customize()
        .interceptor(time.clone())
        .interceptor(Whole)
        .send()
        .await;
    let arn = match answer {
        Ok(identity) => {
            identity.arn().map(str::to_owned).ok_or_else(|| "the answer names nobody".to_owned())
        }
        Err(error) => Err(error::sentence(&error)),
    };
    Caller { arn, date: time.now() }
}
