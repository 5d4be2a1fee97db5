//! What time it is at AWS, by the `Date` header of its last answer.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

use aws_sdk_iam::config::{
    ConfigBag, Intercept, RuntimeComponents,
    interceptors::BeforeDeserializationInterceptorContextRef,
};
use aws_smithy_runtime_api::box_error::BoxError;
use jiff::Timestamp;

/// Keeps the header of each answer, an error among them: the SDK's own types leave it out. Clones
/// keep the same.
#[derive(Clone, Debug, Default)]
pub struct ServerTime(Arc<Mutex<Option<(Timestamp, Instant)>>>);

impl ServerTime {
    /// The last header and the time since; `None` before the first.
    pub fn now(&self) -> Option<Timestamp> {
        let (date, heard) = (*self.0.lock().unwrap_or_else(PoisonError::into_inner))?;
        date.checked_add(heard.elapsed()).ok()
    }

    fn heard(&self, header: Option<&str>) {
        // What can't be read says nothing: the one before it stands.
        if let Some(date) = header.and_then(parse) {
            let heard = Some((date, Instant::now()));
            *self.0.lock().unwrap_or_else(PoisonError::into_inner) = heard;
        }
    }
}

/// `Wed, 25 Nov 2026 16:56:02 GMT`.
fn parse(header: &str) -> Option<Timestamp> {
    jiff::fmt::rfc2822::parse(header).ok().map(|date| date.timestamp())
}

impl Intercept for ServerTime {
    fn name(&self) -> &'static str {
        "ServerTime"
    }

    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        self.heard(context.response().headers().get("date"));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_is_read_as_http_writes_it() {
        assert_eq!(parse("Wed, 25 Nov 2026 16:56:02 GMT"), "2026-11-25T16:56:02Z".parse().ok());
        assert_eq!(parse("yesterday"), None);
    }

    #[test]
    fn the_last_header_counts_and_one_that_is_none_changes_nothing() {
        let time = ServerTime::default();
        assert_eq!(time.now(), None);
        time.clone().heard(Some("Wed, 25 Nov 2026 16:56:02 GMT"));
        time.heard(None);
        time.heard(Some("yesterday"));
        let now = time.now().unwrap();
        let heard: Timestamp = "2026-11-25T16:56:02Z".parse().unwrap();
        assert!((0..60).contains(&now.duration_since(heard).as_secs()), "{now}");
    }
}
