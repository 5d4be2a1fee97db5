//! Waiting for a condition with a deadline. The condition says what is missing, and a time-out
//! prints its last words.

use std::time::{Duration, Instant};

const PAUSE: Duration = Duration::from_millis(25);

/// Asks `probe` until it answers `Ok`, and returns that value.
///
/// # Panics
/// After `deadline`, with the last `Err`.
pub fn wait_until<T, E: std::fmt::Display>(
    what: &str,
    deadline: Duration,
    mut probe: impl FnMut() -> Result<T, E>,
) -> T {
    let begin = Instant::now();
    loop {
        match probe() {
            Ok(value) => return value,
            Err(last) if begin.elapsed() >= deadline => {
                panic!("waited {deadline:?} for {what}, last seen: {last}")
            }
            Err(_) => std::thread::sleep(PAUSE),
        }
    }
}

/// The same for an asynchronous condition.
///
/// # Panics
/// After `deadline`, with the last `Err`.
pub async fn eventually<T, E: std::fmt::Display>(
    what: &str,
    deadline: Duration,
    mut probe: impl AsyncFnMut() -> Result<T, E>,
) -> T {
    let begin = Instant::now();
    loop {
        match probe().await {
            Ok(value) => return value,
            Err(last) if begin.elapsed() >= deadline => {
                panic!("waited {deadline:?} for {what}, last seen: {last}")
            }
            Err(_) => tokio::time::sleep(PAUSE).await,
        }
    }
}
