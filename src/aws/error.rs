//! From the SDK's errors to classes, by IAM's wire codes (several are unknown to the SDK's model).

use std::error::Error;

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_iam::operation::RequestId;
use aws_smithy_runtime_api::{
    client::result::{DispatchFailure, SdkError},
    http::Response,
};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use crate::{
    aws::answer::{self, Broken},
    plan::failure::{IamError, IamErrorClass},
};

/// Why a call was not sent: it is not known that it would have reached the right account.
#[derive(Debug, thiserror::Error)]
#[error("the account of the credentials is not confirmed yet")]
pub struct NotProven;

/// AWS's own words, one line, without request ids (they would make every repetition look like
/// news).
pub fn words<E>(error: &SdkError<E, Response>) -> String
where
    E: ProvideErrorMetadata + Error + 'static,
{
    let text = match error {
        SdkError::ServiceError(service) => {
            let meta = service.err().meta();
            match meta.code() {
                Some(code) => format!("{code}: {}", meta.message().unwrap_or("no message")),
                None => answer::foreign(service.raw()).to_string(),
            }
        }
        SdkError::TimeoutError(_) => "no answer in time".to_owned(),
        SdkError::DispatchFailure(failure) => match failure.as_connector_error() {
            Some(error) => match found::<CredentialsError>(error) {
                Some(CredentialsError::CredentialsNotLoaded(_)) => NO_CREDENTIALS.to_owned(),
                Some(error) => format!("the AWS credentials can't be loaded: {}", cause(error)),
                None => format!("not reachable: {}", cause(error)),
            },
            None => "not reachable".to_owned(),
        },
        SdkError::ResponseError(_) => found::<Broken>(error).map_or_else(
            || "the answer broke off or can't be understood".to_owned(),
            ToString::to_string,
        ),
        other => cause(other),
    };
    let line: String = text
        .chars()
        .map(|character| if character.is_control() { ' ' } else { character })
        .collect();
    crate::plan::say::words::cut(&line, 600)
}

fn not_proven(failure: &DispatchFailure) -> bool {
    let error = failure.as_connector_error();
    error.and_then(|error| found::<NotProven>(error)).is_some()
}

/// The first error of this kind, of this one and its causes.
fn found<'a, T: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a T> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        next = error.source();
    }
    None
}

const NO_CREDENTIALS: &str = "no AWS credentials were found";
const NETWORK: &str = "check AWS_REGION, AWS_ENDPOINT_URL and the network";

/// The words and what to do, for a call that asks whose the credentials are.
pub fn sentence<E>(error: &SdkError<E, Response>) -> String
where
    E: ProvideErrorMetadata + Error + 'static,
{
    let words = words(error);
    let remedy = match error {
        SdkError::ServiceError(service) => match service.err().meta().code() {
            Some("ExpiredToken" | "ExpiredTokenException") => {
                "sign in again, or renew the credentials"
            }
            Some(
                "InvalidClientTokenId" | "SignatureDoesNotMatch" | "UnrecognizedClientException",
            ) => "check the access key and its secret, and that they are of this partition",
            Some(_) => "check whose credentials they are, and what denies the call",
            None => NETWORK,
        },
        _ if words == NO_CREDENTIALS => {
            "give the pod IRSA or EKS Pod Identity, or set AWS_PROFILE, or AWS_ACCESS_KEY_ID and \
             AWS_SECRET_ACCESS_KEY"
        }
        SdkError::DispatchFailure(failure)
            if failure
                .as_connector_error()
                .is_some_and(|error| found::<CredentialsError>(error).is_some()) =>
        {
            "check the profile, the token file and the role that they name"
        }
        _ => NETWORK,
    };
    format!("{words}: {remedy}")
}

/// The innermost source, which says what happened: those around it name only who passed it on.
fn cause(error: &dyn Error) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}

/// The class of an error, and its words.
pub fn classify<E>(action: &'static str, error: &SdkError<E, Response>) -> IamError
where
    E: ProvideErrorMetadata + Error + 'static,
{
    let class = match error {
        // Never sent: nobody knows that it would have reached the right account.
        SdkError::DispatchFailure(failure) if not_proven(failure) => IamErrorClass::OtherAccount,
        SdkError::ServiceError(service) => {
            let meta = service.err().meta();
            match meta.code() {
                Some(code) => by_code(code, meta.message().unwrap_or_default()),
                // A proxy or a load balancer: all that it says is the status.
                None => by_status(service.raw().status().as_u16()),
            }
        }
        // The request never left (bad settings, no credentials), or no whole answer came.
        SdkError::ConstructionFailure(_)
        | SdkError::TimeoutError(_)
        | SdkError::DispatchFailure(_)
        | SdkError::ResponseError(_) => IamErrorClass::Unreachable,
        _ => IamErrorClass::Unknown,
    };
    IamError {
        action,
        class,
        message: words(error),
        request_id: error.request_id().map(str::to_owned),
    }
}

fn by_status(status: u16) -> IamErrorClass {
    match status {
        429 => IamErrorClass::Throttled,
        500..=599 => IamErrorClass::ServerError,
        _ => IamErrorClass::Unknown,
    }
}

/// Wire codes of the IAM API and of the front end before it.
fn by_code(code: &str, message: &str) -> IamErrorClass {
    match code {
        "NoSuchEntity" => IamErrorClass::NotFound,
        "EntityAlreadyExists" => IamErrorClass::AlreadyExists,
        "DeleteConflict" => IamErrorClass::DeleteConflict,
        "ConcurrentModification" | "EntityTemporarilyUnmodifiable" => IamErrorClass::Busy,
        "LimitExceeded" => IamErrorClass::LimitExceeded,
        "MalformedPolicyDocument" if message.contains("Invalid principal") => {
            IamErrorClass::InvalidPrincipal
        }
        "MalformedPolicyDocument"
        | "InvalidInput"
        | "ValidationError"
        | "ValidationException"
        | "PolicyNotAttachable"
        | "InvalidParameterValue" => IamErrorClass::Refused,
        "UnmodifiableEntity" => IamErrorClass::Protected,
        "AccessDenied"
        | "AccessDeniedException"
        | "UnauthorizedOperation"
        | "InvalidClientTokenId"
        | "ExpiredToken"
        | "ExpiredTokenException"
        | "SignatureDoesNotMatch"
        | "OptInRequired" => IamErrorClass::AccessDenied,
        "Throttling"
        | "ThrottlingException"
        | "RequestLimitExceeded"
        | "TooManyRequestsException"
        | "SlowDown"
        | "RequestThrottled" => IamErrorClass::Throttled,
        "ServiceFailure" | "InternalFailure" | "ServiceUnavailable" | "InternalError" => {
            IamErrorClass::ServerError
        }
        _ => IamErrorClass::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("NoSuchEntity", "", IamErrorClass::NotFound)]
    #[case(
        "MalformedPolicyDocument",
        "Invalid principal in policy: x",
        IamErrorClass::InvalidPrincipal
    )]
    #[case("MalformedPolicyDocument", "Syntax", IamErrorClass::Refused)]
    #[case("LimitExceeded", "", IamErrorClass::LimitExceeded)]
    #[case("Throttling", "", IamErrorClass::Throttled)]
    #[case("ExpiredToken", "", IamErrorClass::AccessDenied)]
    #[case("SomethingNew", "", IamErrorClass::Unknown)]
    fn a_wire_code_has_its_class(
        #[case] code: &str,
        #[case] message: &str,
        #[case] class: IamErrorClass,
    ) {
        assert_eq!(by_code(code, message), class);
    }
}
