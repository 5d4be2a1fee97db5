//! Whether the loops of the process still turn: who wants to know asks, and each loop answers when
//! it comes round.

use std::{
    future::pending,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::{sync::watch, time::Instant};

/// A loop that leaves a question unanswered for this long is stuck. The longest that one waits for
/// a single thing is a request to the API server, 20 seconds.
const PATIENCE: Duration = Duration::from_mins(1);

/// Asks the loops. Clones ask the same ones.
#[derive(Clone, Debug, Default)]
pub struct Pulse(Arc<Mutex<Vec<Asked>>>);

#[derive(Debug)]
struct Asked {
    name: &'static str,
    ask: watch::Sender<()>,
    answers: Arc<AtomicU64>,
    /// The question that is open: since when, and the answers before it.
    open: Option<(Instant, u64)>,
}

/// A loop's side: it answers.
#[derive(Debug)]
pub struct Heart {
    questions: watch::Receiver<()>,
    answers: Arc<AtomicU64>,
}

impl Pulse {
    /// Takes a loop in; it is taken for stuck when its heart is dropped.
    #[must_use]
    pub fn heart(&self, name: &'static str) -> Heart {
        let (ask, questions) = watch::channel(());
        let answers = Arc::<AtomicU64>::default();
        let asked = Asked { name, ask, answers: Arc::clone(&answers), open: None };
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(asked);
        Heart { questions, answers }
    }

    /// Looks for answers, asks again, and names the loops that have not answered for too long.
    #[must_use]
    pub fn stuck(&self) -> Vec<&'static str> {
        let now = Instant::now();
        let mut loops = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        loops.iter_mut().filter_map(|asked| asked.stuck(now).then_some(asked.name)).collect()
    }
}

impl Asked {
    fn stuck(&mut self, now: Instant) -> bool {
        let answers = self.answers.load(Ordering::Relaxed);
        match self.open {
            Some((since, before)) if answers == before => now.duration_since(since) >= PATIENCE,
            _ => {
                self.open = Some((now, answers));
                self.ask.send(()).is_err()
            }
        }
    }
}

impl Heart {
    /// Completes when somebody asks, and answers. Wait for it beside everything else that the loop
    /// waits for.
    pub async fn beat(&mut self) {
        if self.questions.changed().await.is_err() {
            pending::<()>().await;
        }
        self.answers.fetch_add(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_loop_that_turns_answers_and_one_that_is_stuck_is_named_after_a_minute() {
        let pulse = Pulse::default();
        let mut turning = pulse.heart("turning");
        let _stuck = pulse.heart("stuck");
        tokio::spawn(async move {
            loop {
                turning.beat().await;
            }
        });
        for _ in 0..6 {
            assert_eq!(pulse.stuck(), Vec::<&str>::new());
            tokio::time::sleep(Duration::from_secs(10)).await;
        }
        assert_eq!(pulse.stuck(), ["stuck"]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_loop_that_was_late_is_well_again() {
        let pulse = Pulse::default();
        let mut heart = pulse.heart("late");
        assert!(pulse.stuck().is_empty());
        tokio::time::sleep(Duration::from_mins(2)).await;
        assert_eq!(pulse.stuck(), ["late"]);
        heart.beat().await;
        assert!(pulse.stuck().is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn a_loop_that_ended_is_named_at_once() {
        let pulse = Pulse::default();
        drop(pulse.heart("ended"));
        assert_eq!(pulse.stuck(), ["ended"]);
    }
}
