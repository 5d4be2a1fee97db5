//! How calls to AWS and to the API server fail.

/// How an AWS call failed, by what can be done about it. Source: the error table of the IAM API
/// reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum IamErrorClass {
    /// No answer: not reachable, timed out, no credentials. A write may have been applied.
    Unreachable,
    /// `Throttling` and kin: the account's call budget is spent.
    Throttled,
    /// 5xx. A write may have been applied.
    ServerError,
    /// `AccessDenied` and kin.
    AccessDenied,
    /// `EntityAlreadyExists`.
    AlreadyExists,
    /// `NoSuchEntity` where it does not simply mean "absent": a policy to attach, a boundary, a
    /// role to change.
    NotFound,
    /// `DeleteConflict`.
    DeleteConflict,
    /// `ConcurrentModification`, `EntityTemporarilyUnmodifiable`: somebody else writes at the same
    /// time.
    Busy,
    /// `LimitExceeded`.
    LimitExceeded,
    /// `MalformedPolicyDocument` with "Invalid principal".
    InvalidPrincipal,
    /// `MalformedPolicyDocument`, `InvalidInput`, `ValidationError`, `PolicyNotAttachable`: AWS
    /// refuses what is sent.
    Refused,
    /// `UnmodifiableEntity`: a role of an AWS service.
    Protected,
    /// The credentials are of another account than the one that was asked: not sent, or an answer
    /// that says nothing about this account.
    OtherAccount,
    /// Anything else, an answer that can't be understood among it.
    Unknown,
}

impl IamErrorClass {
    /// All of them.
    pub const ALL: [Self; 14] = [
        Self::Unreachable,
        Self::Throttled,
        Self::ServerError,
        Self::AccessDenied,
        Self::AlreadyExists,
        Self::NotFound,
        Self::DeleteConflict,
        Self::Busy,
        Self::LimitExceeded,
        Self::InvalidPrincipal,
        Self::Refused,
        Self::Protected,
        Self::OtherAccount,
        Self::Unknown,
    ];

    /// True when a write that failed so may have been applied all the same.
    #[must_use]
    pub fn outcome_unknown(self) -> bool {
        matches!(self, Self::Unreachable | Self::ServerError | Self::Unknown)
    }
}

/// A failed AWS call.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{action}: {message}")]
pub struct IamError {
    /// IAM action, as `CreateRole`.
    pub action: &'static str,
    /// What can be done about it.
    pub class: IamErrorClass,
    /// AWS's own words, cut to one line.
    pub message: String,
    /// The id that AWS gave the request; `CloudTrail` has it too. For logs only: it differs each
    /// time.
    pub request_id: Option<String>,
}

/// How a call to the API server failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClusterError {
    /// The object changed or was replaced in between; a new pass reads it again.
    #[error("the API server reports a conflict: {0}")]
    Conflict(String),
    /// The object is gone.
    #[error("the object is gone")]
    Gone,
    /// The API server refuses the write: not authorised, or not valid.
    #[error("the API server refuses: {0}")]
    Refused(String),
    /// No answer, or a temporary failure.
    #[error("the API server can't be used: {0}")]
    Unavailable(String),
    /// Another replica may lead: nothing was sent.
    #[error("this replica does not lead any more and writes nothing")]
    NotLeading,
}
