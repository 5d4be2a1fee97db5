//! Logs: one line for each outcome, text for people or JSON for machines, on standard error. Their
//! level can be changed while the process runs.

use std::io;

use tracing::Level;
use tracing_subscriber::{
    EnvFilter, Registry, fmt, layer::SubscriberExt, reload, util::SubscriberInitExt,
};

/// Form of the log lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// The level of the running process. Clones change the same one.
#[derive(Clone, Debug)]
pub struct LogLevel(reload::Handle<EnvFilter, Registry>);

impl LogLevel {
    /// The filter that is in force.
    #[must_use]
    pub fn get(&self) -> String {
        self.0.with_current(ToString::to_string).unwrap_or_default()
    }

    /// Takes another level or filter.
    ///
    /// # Errors
    /// A sentence that says what is wrong with `text`; the filter stays as it is.
    pub fn set(&self, text: &str) -> Result<(), String> {
        self.0.reload(filter(text)?).map_err(|error| error.to_string())
    }
}

/// Reads a level or a filter as `info,rolewright=debug`.
fn filter(text: &str) -> Result<EnvFilter, String> {
    let wrong = |why: &str| {
        format!(
            "the log level {text:?} can't be read: {why}; use error, warn, info, debug, trace or \
             off"
        )
    };
    // The library takes an unknown word for the name of a module, and would silence all others.
    let known =
        |part: &str| part.contains(['=', '[']) || part == "off" || part.parse::<Level>().is_ok();
    if let Some(part) = text.split(',').find(|part| !known(part)) {
        return Err(wrong(&format!("{part:?} is no level")));
    }
    EnvFilter::try_new(text).map_err(|error| wrong(&error.to_string()))
}

/// Starts logging. `level` is a level or a filter as `info,rolewright=debug`.
///
/// # Errors
/// A sentence that says what is wrong with `level`.
pub fn start(format: LogFormat, level: &str) -> Result<LogLevel, String> {
    let (filter, handle) =
        reload::Layer::new(filter(level).map_err(|error| format!("--log-level: {error}"))?);
    let registry = tracing_subscriber::registry().with(filter);
    let lines = fmt::layer().with_writer(io::stderr);
    let started = match format {
        LogFormat::Json => registry.with(lines.json().flatten_event(true)).try_init(),
        LogFormat::Text => {
            registry.with(lines.with_ansi(io::IsTerminal::is_terminal(&io::stderr()))).try_init()
        }
    };
    started.map(|()| LogLevel(handle)).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use tracing_subscriber::filter::LevelFilter;

    use super::*;

    #[rstest]
    #[case("debug")]
    #[case("INFO")]
    #[case("off")]
    #[case("warn,rolewright=trace,[pass]=debug")]
    fn a_level_or_filter_is_taken(#[case] text: &str) {
        filter(text).unwrap();
    }

    #[rstest]
    #[case::misspelt("inof")]
    #[case::one_of_two("info,verbose")]
    #[case::empty("")]
    #[case::level_of_a_module("rolewright=loud")]
    fn a_misspelt_level_does_not_silence_the_log(#[case] text: &str) {
        assert!(filter(text).unwrap_err().contains("use error, warn, info, debug, trace or off"));
    }

    #[test]
    fn the_level_changes_while_it_runs_and_a_wrong_one_changes_nothing() {
        let (layer, handle) = reload::Layer::new(filter("info").unwrap());
        let _subscriber = tracing_subscriber::registry().with(layer);
        let level = LogLevel(handle.clone());
        level.set("debug").unwrap();
        assert_eq!(level.get(), "debug");
        assert!(level.set("loud").is_err());
        assert_eq!(
            handle.with_current(EnvFilter::max_level_hint).unwrap(),
            Some(LevelFilter::DEBUG)
        );
    }
}
