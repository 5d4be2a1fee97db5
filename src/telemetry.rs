//! Logs: one line for each outcome, text for people or JSON for machines, on standard error.

use std::io;

use tracing_subscriber::{EnvFilter, fmt::format::FmtSpan};

/// Form of the log lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// Starts logging. `level` is a level or a filter as `info,rolewright=debug`.
///
/// # Errors
/// A sentence that says what is wrong with `level`.
pub fn start(format: LogFormat, level: &str) -> Result<(), String> {
    let filter = EnvFilter::try_new(level).map_err(|error| {
        format!("--log-level {level} can't be read: {error}; use error, warn, info, debug or trace")
    })?;
    let lines =
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr).with_span_events(FmtSpan::NONE);
    let started = match format {
        LogFormat::Json => lines.json().flatten_event(true).try_init(),
        LogFormat::Text => lines.with_ansi(io::IsTerminal::is_terminal(&io::stderr())).try_init(),
    };
    started.map_err(|error| error.to_string())
}
