//! The Lease of an installation: by it replicas agree on who leads, and the brakes keep on it what
//! a restart must not forget.

use std::time::Duration;

use jiff::Timestamp;

/// The three times of an election; `retry_period < renew_deadline < duration`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    /// The others leave the holder alone for this long after the last change of the record that
    /// they saw.
    pub duration: Duration,
    /// The holder leads for this long after it sent its last successful renewal.
    pub renew_deadline: Duration,
    /// From one attempt to the next.
    pub retry_period: Duration,
}

impl Timing {
    /// The longest that one request may take: a lost answer leaves time for another attempt.
    #[must_use]
    pub fn request(&self) -> Duration {
        self.renew_deadline / 2
    }
}

/// What stands in the Lease.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// `metadata.resourceVersion`.
    pub version: String,
    /// Who holds it; empty when it was given back.
    pub holder: String,
    /// For how long, as the holder says; zero when it says nothing.
    pub duration: Duration,
    /// Since when, by the holder's clock.
    pub acquired: Option<Timestamp>,
    /// When it was renewed, by the holder's clock.
    pub renewed: Option<Timestamp>,
    /// How often it changed hands.
    pub transitions: i32,
}

/// What is to be written into the Lease.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The version that it may replace; `None` creates the Lease.
    pub replaces: Option<String>,
    /// Who holds it from now on; empty gives it back.
    pub holder: String,
    /// For how long.
    pub duration: Duration,
    /// Since when.
    pub acquired: Option<Timestamp>,
    /// Now.
    pub renewed: Timestamp,
    /// How often it changed hands, this time included.
    pub transitions: i32,
}

/// What the brakes keep on the Lease, each an annotation's text; empty where there is none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Notes {
    /// `metadata.resourceVersion`; `None` while there is no Lease.
    pub version: Option<String>,
    /// What an operator confirms; never written by the controller.
    pub confirm: String,
    /// What was done lately.
    pub done: String,
    /// The sets that were confirmed.
    pub confirmed: String,
}
