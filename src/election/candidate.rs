//! Which replica leads. All of them read one record, the Lease; whoever stands in it leads.
//!
//! ```text
//! holder       sends a renewal ……………………………………………… leads until: sent + renew deadline
//! API server            the record changes
//! another                      sees the change ………………………………………… may take over: seen + duration
//! ```
//!
//! Nobody trusts another's clock: times in the record are compared for equality and never read. The
//! holder counts from before its write, the others from after it, so that with `renew deadline <
//! duration` two never lead at one moment, however long requests, answers and pauses of a process
//! take. The API server lets a write replace only the version that its writer has read. This is how
//! client-go elects; as there, clocks may show different times, but must run at about the same
//! speed, and a write that AWS has received already can't be called back.

use std::time::Duration;

use jiff::Timestamp;

use crate::plan::lease::{Claim, Record, Timing};

/// What a candidate does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Move {
    /// Nobody holds the lease any more: claim it.
    Acquire,
    /// We hold it: claim it again.
    Renew,
    /// Another holds it, for this long at least.
    Wait(Duration),
    /// We held it and do not lead any more.
    Lost,
}

/// One process in an election. `now` and `sent` are readings of its own clock, which only ever goes
/// forward.
#[derive(Clone, Debug)]
pub struct Candidate {
    identity: String,
    timing: Timing,
    looked: bool,
    record: Option<Record>,
    free_at: Duration,
    until: Option<Duration>,
}

impl Candidate {
    /// `identity` is this process's alone: no other one, and none before it, ever had it.
    #[must_use]
    pub fn new(identity: String, timing: Timing) -> Self {
        Self { identity, timing, looked: false, record: None, free_at: Duration::ZERO, until: None }
    }

    /// A read has answered; `None`: there is no Lease. True when the record is older than one that
    /// this process has seen: the store behind the API server was set back.
    pub fn saw(&mut self, record: Option<Record>, now: Duration) -> bool {
        if self.looked && record == self.record {
            return false;
        }
        let number = |record: &Option<Record>| record.as_ref()?.version.parse::<u64>().ok();
        let older = matches!((number(&record), number(&self.record)),
            (Some(found), Some(known)) if found < known);
        let of_another =
            |record: &Option<Record>| {
                record
                    .as_ref()
                    .filter(|record| !record.holder.is_empty() && record.holder != self.identity)
                    .map(|record| {
                        if record.duration.is_zero() {
                            self.timing.duration
                        } else {
                            record.duration
                        }
                    })
            };
        // Somebody deleted the Lease: its holder may not know that yet, and leads on.
        let deleted = if record.is_none() { of_another(&self.record) } else { None };
        self.free_at = now.saturating_add(of_another(&record).or(deleted).unwrap_or_default());
        self.record = record;
        self.looked = true;
        older
    }

    /// What is to be done now.
    #[must_use]
    pub fn decide(&self, now: Duration) -> Move {
        if let Some(until) = self.until {
            return if now < until && self.holder() == self.identity {
                Move::Renew
            } else {
                Move::Lost
            };
        }
        match self.free_at.saturating_sub(now) {
            Duration::ZERO => Move::Acquire,
            left => Move::Wait(left),
        }
    }

    /// What to write for [`Move::Acquire`] and [`Move::Renew`].
    #[must_use]
    pub fn claim(&self, wall: Timestamp) -> Claim {
        let known = self.record.as_ref();
        let ours = self.holder() == self.identity;
        Claim {
            replaces: known.map(|record| record.version.clone()),
            holder: self.identity.clone(),
            duration: self.timing.duration,
            acquired: known.filter(|_| ours).map_or(Some(wall), |record| record.acquired),
            renewed: wall,
            transitions: known
                .map_or(0, |record| record.transitions.saturating_add(i32::from(!ours))),
        }
    }

    /// Our claim, sent at `sent`, was taken.
    pub fn wrote(&mut self, record: Record, sent: Duration, now: Duration) {
        (self.looked, self.record, self.free_at) = (true, Some(record), now);
        let until = sent.saturating_add(self.timing.renew_deadline);
        // An answer that comes too late makes no leader.
        if self.until.is_some() || now < until {
            self.until = Some(until);
        }
    }

    /// Stops leading. The claim lets another begin at once; `None` when we did not lead.
    pub fn release(&mut self, wall: Timestamp) -> Option<Claim> {
        self.until.take()?;
        Some(Claim { holder: String::new(), ..self.claim(wall) })
    }

    /// Until when we lead, if we do or did.
    #[must_use]
    pub fn until(&self) -> Option<Duration> {
        self.until
    }

    /// Who holds the lease, as far as is known; empty when nobody does.
    #[must_use]
    pub fn holder(&self) -> &str {
        self.record.as_ref().map_or("", |record| &record.holder)
    }
}

#[cfg(test)]
mod tests;
