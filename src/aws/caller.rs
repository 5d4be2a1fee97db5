//! Whose the credentials are, and what time it is at AWS.

use std::sync::{Arc, Mutex, PoisonError};

use aws_sdk_sts::config::{
    ConfigBag, Intercept, RuntimeComponents,
    interceptors::BeforeDeserializationInterceptorContextRef,
};
use aws_smithy_runtime_api::box_error::BoxError;
use jiff::Timestamp;

use crate::aws::{error, load};

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
    let date = Date::default();
    let client = aws_sdk_sts::Client::new(&load().await);
    let answer = client.get_caller_identity().customize().interceptor(date.clone()).send().await;
    let arn = match answer {
        Ok(identity) => {
            identity.arn().map(str::to_owned).ok_or_else(|| "the answer names nobody".to_owned())
        }
        Err(error) => Err(error::words(&error)),
    };
    let header = date.0.lock().unwrap_or_else(PoisonError::into_inner).take();
    Caller { arn, date: header.as_deref().and_then(parse) }
}

/// `Wed, 25 Nov 2026 16:56:02 GMT`.
fn parse(header: &str) -> Option<Timestamp> {
    jiff::fmt::rfc2822::parse(header).ok().map(|date| date.timestamp())
}

/// Keeps the header: the SDK's own types leave it out.
#[derive(Clone, Debug, Default)]
struct Date(Arc<Mutex<Option<String>>>);

impl Intercept for Date {
    fn name(&self) -> &'static str {
        "Date"
    }

    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let header = context.response().headers().get("date").map(str::to_owned);
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = header;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_is_read_as_http_writes_it() {
        assert_eq!(parse("Wed, 25 Nov 2026 16:56:02 GMT"), "2026-11-25T16:56:02Z".parse().ok());
        assert_eq!(parse("yesterday"), None);
    }
}
