//! What a pass leads to.

use std::time::Duration;

use crate::plan::say::backoff::Trouble;

/// What is to happen with the resource after a pass.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Next {
    /// AWS equals the resource; sweeps watch over it.
    Converged,
    /// The same, and something beside the role is looked at again after this time.
    ConvergedUntil(Duration),
    /// Nothing to do until the resource changes or a sweep or deadline comes.
    Settled,
    /// The resource is gone.
    Gone,
    /// Look again after this time.
    Again(Duration),
    /// Try again at the pace of this trouble.
    Failed(Trouble),
}

impl Next {
    /// Whether AWS equals the resource.
    #[must_use]
    pub fn is_converged(self) -> bool {
        matches!(
            self,
            Self::Converged | Self::ConvergedUntil(_) | Self::Failed(Trouble::NotAnnotated)
        )
    }
}
