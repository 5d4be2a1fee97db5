//! Counts, times and logs each call to AWS.

use std::{sync::Arc, time::Instant};

use aws_sdk_iam::operation::RequestId;
use aws_smithy_runtime_api::{client::result::SdkError, http::Response};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use tracing::debug;

use crate::{
    aws::error,
    metrics::Metrics,
    plan::failure::{IamError, IamErrorClass},
};

/// The meter of one account.
#[derive(Debug)]
pub struct Meter {
    metrics: Arc<Metrics>,
    account: String,
}

impl Meter {
    /// Counts for `account`.
    pub fn new(metrics: Arc<Metrics>, account: String) -> Self {
        Self { metrics, account }
    }

    /// What it counts.
    pub fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// Makes one call, and classifies its failure. `role` is empty for a call that is about no
    /// single role.
    pub async fn measure<O, E>(
        &self,
        action: &'static str,
        role: &str,
        call: impl Future<Output = Result<O, SdkError<E, Response>>>,
    ) -> Result<O, IamError>
    where
        O: RequestId,
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        let begun = Instant::now();
        let answer = call.await;
        let seconds = begun.elapsed().as_secs_f64();
        let (request_id, answer) = match answer {
            Ok(answer) => (answer.request_id().map(str::to_owned), Ok(answer)),
            Err(failure) => {
                let failure = error::classify(action, &failure);
                (failure.request_id.clone(), Err(failure))
            }
        };
        let outcome = outcome(answer.as_ref().err().map(|failure| failure.class));
        self.metrics.aws_calls.inc([&self.account, action, outcome]);
        self.metrics.aws_call_duration.observe([&self.account, action], seconds);
        if outcome == THROTTLED {
            self.metrics.aws_throttles.inc([&self.account, action]);
        }
        // The resource is in the span of its pass; a sweep has none.
        debug!(account = self.account, role, action, outcome, request_id, seconds, "called AWS");
        answer
    }
}

const THROTTLED: &str = "throttled";

/// The value of the label.
fn outcome(failure: Option<IamErrorClass>) -> &'static str {
    match failure {
        None => "success",
        Some(IamErrorClass::Unreachable) => "unreachable",
        Some(IamErrorClass::Throttled) => THROTTLED,
        Some(IamErrorClass::ServerError) => "server_error",
        Some(IamErrorClass::AccessDenied) => "access_denied",
        Some(IamErrorClass::AlreadyExists) => "already_exists",
        Some(IamErrorClass::NotFound) => "not_found",
        Some(IamErrorClass::DeleteConflict) => "delete_conflict",
        Some(IamErrorClass::Busy) => "busy",
        Some(IamErrorClass::LimitExceeded) => "limit_exceeded",
        Some(IamErrorClass::InvalidPrincipal) => "invalid_principal",
        Some(IamErrorClass::Refused) => "refused",
        Some(IamErrorClass::Protected) => "protected",
        Some(IamErrorClass::OtherAccount) => "other_account",
        Some(IamErrorClass::Unknown) => "unknown",
    }
}
