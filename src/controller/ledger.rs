//! What the brakes keep on the Lease, as far as this process knows: what was done lately, and what
//! was confirmed.

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::{
    api,
    controller::memory::brakes::LOOK,
    plan::{
        decide::brakes::{
            Counted,
            confirm::Accepted,
            done::{Done, Unreadable},
        },
        failure::ClusterError,
        lease::Notes,
    },
    ports::LeaseNotes,
};

/// What stands on the Lease.
#[derive(Debug, Default)]
pub struct Ledger {
    /// As it was read.
    pub notes: Option<Notes>,
    /// What was done lately.
    pub done: Done,
    /// What was confirmed.
    pub accepted: Vec<Accepted>,
    read_at: Option<Timestamp>,
    /// What was told of confirmations that do not count: once each.
    pub told: BTreeSet<String>,
}

impl Ledger {
    /// Reads the Lease, or makes it. A Lease that somebody deleted, or put back, takes nothing with
    /// it.
    ///
    /// # Errors
    /// When it can't be read, or what stands there makes no sense.
    pub async fn read(
        &mut self,
        cluster: &impl LeaseNotes,
        now: Timestamp,
    ) -> Result<(), ClusterError> {
        let mut notes = cluster.notes().await?;
        if notes.is_none() {
            self.notes = None;
            let all = self.as_notes(&self.done, &self.accepted);
            notes = Some(cluster.write_notes(&all).await?);
        }
        let notes = notes.unwrap_or_default();
        let broken = |name: &str, error: String| {
            ClusterError::Refused(format!(
                "the annotation {name} of the Lease can't be read: {error}; take it off"
            ))
        };
        let done: Result<Done, Unreadable> = notes.done.parse();
        let done = done.map_err(|error| broken(api::DONE, error.to_string()))?;
        let accepted: Result<Vec<Accepted>, _> = notes.confirmed.lines().map(str::parse).collect();
        self.accepted = accepted.map_err(|error| broken(api::CONFIRMED, error.to_string()))?;
        self.done = done.or(&self.done);
        self.notes = Some(notes);
        self.read_at = Some(now);
        Ok(())
    }

    /// Whether it was read a moment ago. Who writes finds out in any case when that is old.
    #[must_use]
    pub fn is_fresh(&self, now: Timestamp) -> bool {
        self.read_at.is_some_and(|at| now.duration_since(at).unsigned_abs() < LOOK)
    }

    fn as_notes(&self, done: &Done, accepted: &[Accepted]) -> Notes {
        let notes = self.notes.clone().unwrap_or_default();
        let confirmed: Vec<String> = accepted.iter().map(ToString::to_string).collect();
        Notes { done: done.to_string(), confirmed: confirmed.join("\n"), ..notes }
    }

    /// Saves what this process adds, which counts from then on.
    ///
    /// # Errors
    /// `Conflict` and `Gone`: another one was first.
    pub async fn write(
        &mut self,
        cluster: &impl LeaseNotes,
        done: Done,
        accepted: Vec<Accepted>,
    ) -> Result<(), ClusterError> {
        match cluster.write_notes(&self.as_notes(&done, &accepted)).await {
            Ok(notes) => {
                (self.done, self.accepted, self.notes) = (done, accepted, Some(notes));
                Ok(())
            }
            Err(error) => {
                // It may have been saved all the same: the next look tells.
                self.read_at = None;
                Err(error)
            }
        }
    }

    /// The confirmation that lets an item go.
    #[must_use]
    pub fn confirmed(&self, counted: Counted, item: &str, now: Timestamp) -> Option<&Accepted> {
        self.accepted.iter().find(|known| known.confirms(counted, item, now))
    }
}
