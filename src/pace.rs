//! The pace of the calls to one account, and who waits for it. Whoever calls AWS, and whoever
//! stands in for it in a simulation, waits here.

mod bucket;
mod turns;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::{
    sync::Notify,
    time::{Instant, sleep},
};

use self::{
    bucket::Pace,
    turns::{Ticket, Turns},
};
use crate::ports::{Behalf, Tenant};

/// Calls per second and account; zero lifts a ceiling.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rates {
    /// Ceiling of reads.
    pub read: f64,
    /// Ceiling of writes.
    pub write: f64,
}

/// The two paces of an account.
#[derive(Debug)]
pub struct Paces {
    read: Lines,
    write: Lines,
}

impl Paces {
    /// Begins now.
    #[must_use]
    pub fn new(rates: Rates) -> Self {
        let now = Instant::now();
        Self { read: Lines::new(rates.read, now), write: Lines::new(rates.write, now) }
    }

    /// Waits for a call's turn. Who gives up waiting, by dropping this, takes nobody's turn.
    pub async fn turn(&self, write: bool, behalf: &Behalf) {
        self.lines(write).turn(behalf).await;
    }

    /// Calls per second now.
    #[cfg(test)]
    pub fn rate(&self, write: bool) -> f64 {
        self.lines(write).lock().pace.rate()
    }

    /// AWS throttled a call.
    pub fn throttled(&self, write: bool) {
        self.lines(write).lock().pace.throttled();
    }

    fn lines(&self, write: bool) -> &Lines {
        if write { &self.write } else { &self.read }
    }
}

/// One pace, and those who wait for it. The one in front sleeps until its call may go, and then
/// calls the next one to the front: time is waited for by one alone.
#[derive(Debug)]
struct Lines(Mutex<State>);

#[derive(Debug)]
struct State {
    pace: Pace,
    /// Who waits behind the one in front.
    turns: Turns<Arc<Notify>>,
    /// Nobody waits when there is nobody in front.
    front: Option<Ticket>,
    tickets: Ticket,
}

impl Lines {
    fn new(ceiling: f64, now: Instant) -> Self {
        let pace = Pace::new(ceiling, now);
        Self(Mutex::new(State { pace, turns: Turns::new(), front: None, tickets: 0 }))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn turn(&self, behalf: &Behalf) {
        let Some(place) = self.stand(behalf) else { return };
        place.called.notified().await;
        loop {
            let taken = self.lock().pace.take(Instant::now());
            match taken {
                Ok(()) => return,
                Err(wait) => sleep(wait).await,
            }
        }
    }

    /// A place in the line; `None` when the call may go at once.
    fn stand(&self, behalf: &Behalf) -> Option<Place<'_>> {
        let mut state = self.lock();
        if state.front.is_none() && state.pace.take(Instant::now()).is_ok() {
            return None;
        }
        state.tickets += 1;
        let (ticket, called) = (state.tickets, Arc::new(Notify::new()));
        if state.front.is_none() {
            state.front = Some(ticket);
            state.turns.serve(&behalf.tenant);
            called.notify_one();
        } else {
            state.turns.join(behalf, ticket, Arc::clone(&called));
        }
        Some(Place { lines: self, tenant: behalf.tenant.clone(), ticket, called })
    }
}

/// A place in a line. Dropped, because the call goes or nobody wants it any more, it lets the
/// others move up.
struct Place<'a> {
    lines: &'a Lines,
    tenant: Tenant,
    ticket: Ticket,
    called: Arc<Notify>,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut state = self.lines.lock();
        if state.front != Some(self.ticket) {
            return state.turns.leave(&self.tenant, self.ticket);
        }
        let next = state.turns.next();
        state.front = next.as_ref().map(|(ticket, _)| *ticket);
        if let Some((_, called)) = next {
            called.notify_one();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::mpsc, time::Duration};

    use tokio::task::JoinHandle;

    use super::*;

    /// A pace of ten calls a second that never grows, with nothing left of its burst.
    async fn spent() -> Arc<Paces> {
        let paces = Arc::new(Paces::new(Rates { read: 0.0, write: 50.0 }));
        for _ in 0..25 {
            paces.turn(true, &Behalf::SWEEPS).await;
        }
        paces
    }

    fn waits(
        paces: &Arc<Paces>,
        behalf: Behalf,
        done: &mpsc::Sender<&'static str>,
        name: &'static str,
    ) -> JoinHandle<()> {
        let (paces, done) = (Arc::clone(paces), done.clone());
        tokio::spawn(async move {
            paces.turn(true, &behalf).await;
            done.send(name).unwrap();
        })
    }

    #[tokio::test(start_paused = true)]
    async fn a_busy_tenant_holds_up_another_by_one_call_for_each() {
        let paces = spent().await;
        let (done, calls) = mpsc::channel();
        for _ in 0..100 {
            waits(&paces, Behalf::namespace("busy", false), &done, "busy");
        }
        tokio::task::yield_now().await;
        let begin = Instant::now();
        for _ in 0..2 {
            waits(&paces, Behalf::namespace("other", false), &done, "other").await.unwrap();
        }
        assert!(begin.elapsed() < Duration::from_millis(450), "{:?}", begin.elapsed());
        let calls: Vec<_> = calls.try_iter().collect();
        assert_eq!(calls, ["busy", "other", "busy", "other"]);
    }

    #[tokio::test(start_paused = true)]
    async fn who_gives_up_waiting_takes_nobodys_turn() {
        let paces = spent().await;
        let (done, calls) = mpsc::channel();
        let front = waits(&paces, Behalf::namespace("a", false), &done, "front");
        let behind = waits(&paces, Behalf::namespace("a", false), &done, "behind");
        let last = waits(&paces, Behalf::namespace("b", false), &done, "last");
        tokio::task::yield_now().await;
        let begin = Instant::now();
        behind.abort();
        front.abort();
        last.await.unwrap();
        assert!(begin.elapsed() <= Duration::from_millis(102), "{:?}", begin.elapsed());
        assert_eq!(calls.try_iter().collect::<Vec<_>>(), ["last"]);
        assert_eq!(paces.write.lock().front, None);
    }

    #[tokio::test(start_paused = true)]
    async fn waiting_in_line_costs_nothing_of_the_rate() {
        let paces = spent().await;
        let (done, _calls) = mpsc::channel();
        let begin = Instant::now();
        let all: Vec<_> =
            (0..200).map(|_| waits(&paces, Behalf::namespace("a", false), &done, "a")).collect();
        for call in all {
            call.await.unwrap();
        }
        // From 10/s on, growing by 0.5/s each second: 10·t + 0.25·t² = 200.
        let took = begin.elapsed().as_secs_f64();
        assert!((14.5..15.2).contains(&took), "{took} s");
    }
}
