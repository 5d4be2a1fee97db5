//! Waiting for something to be seen. Giving up is an answer here, not a panic: a claim that does
//! not hold is a row of the table, and the steps behind it are shown all the same.

use std::time::{Duration, Instant};

/// Longer than anything takes with the windows of this demonstration.
pub const SOON: Duration = Duration::from_secs(20);

/// Asks until the answer is `Ok`; returns it and the time that passed.
///
/// # Errors
/// The last answer after `SOON`.
pub async fn until<T>(
    mut probe: impl AsyncFnMut() -> Result<T, String>,
) -> Result<(T, Duration), String> {
    let begin = Instant::now();
    loop {
        match probe().await {
            Ok(value) => return Ok((value, begin.elapsed())),
            Err(last) if begin.elapsed() > SOON => {
                return Err(format!("not within {SOON:?}: {last}"));
            }
            Err(_) => tokio::time::sleep(Duration::from_millis(25)).await,
        }
    }
}
