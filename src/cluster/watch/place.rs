//! The watch of one place: one namespace, or all of them.

use std::time::Duration;

use futures::{
    StreamExt,
    stream::{self, BoxStream},
};
use kube::{
    Api,
    runtime::{WatchStreamExt, utils::Backoff, watcher},
};
use tracing::info;

use super::{super::translate, Events};
use crate::api::{
    kind::{Kind, KindRow},
    object::WatchEvent,
    raw::RawObject,
};

/// What the watcher of a place tells.
pub type Raw<T> = BoxStream<'static, Result<watcher::Event<T>, watcher::Error>>;

/// How the first state of a place is read.
#[derive(Clone, Copy)]
enum Beginning {
    /// As events of the watch: neither side holds a whole list. On by default from 1.34 on.
    Streamed,
    /// As a list, page by page, before the watch.
    Listed,
}

impl Beginning {
    fn config(self) -> watcher::Config {
        match self {
            Self::Streamed => watcher::Config::default().streaming_lists(),
            Self::Listed => watcher::Config::default(),
        }
    }
}

/// The events of a kind in the core's terms.
pub(super) fn events<K: Kind>(api: Api<RawObject<K>>) -> Events<K> {
    let watch = move |config| watcher(api.clone(), config).boxed();
    Box::pin(begun(K::row().name(), watch).map(translated))
}

/// Begins with a streamed list. An API server that can't stream it says so, and is asked for a
/// plain list from then on.
pub(super) fn begun<T: Send + 'static>(
    kind: String,
    watch: impl Fn(watcher::Config) -> Raw<T> + Send + 'static,
) -> Raw<T> {
    let watch =
        move |beginning: Beginning| watch(beginning.config()).backoff(Pause::default()).boxed();
    let begin = (Beginning::Streamed, watch(Beginning::Streamed), watch);
    let raw = stream::unfold(begin, move |(beginning, mut raw, watch)| {
        let kind = kind.clone();
        async move {
            let event = raw.next().await?;
            match (beginning, event) {
                (Beginning::Streamed, Err(error)) if cannot_stream(&error) => {
                    info!(kind, "the API server does not stream lists; using plain ones");
                    let listed = watch(Beginning::Listed);
                    Some((None, (Beginning::Listed, listed, watch)))
                }
                (_, event) => Some((Some(event), (beginning, raw, watch))),
            }
        }
    });
    raw.filter_map(std::future::ready).boxed()
}

fn translated<K: Kind>(
    event: Result<watcher::Event<RawObject<K>>, watcher::Error>,
) -> WatchEvent<K> {
    match event {
        Ok(watcher::Event::Init) => WatchEvent::Restarted,
        Ok(watcher::Event::InitApply(raw) | watcher::Event::Apply(raw)) => {
            WatchEvent::Applied(Box::new(translate::object(&raw)))
        }
        Ok(watcher::Event::InitDone) => WatchEvent::Synced,
        Ok(watcher::Event::Delete(raw)) => WatchEvent::Deleted(translate::key(&raw)),
        Err(error) => WatchEvent::Failed(words(&K::row(), &error)),
    }
}

/// 422 for the parameter itself: the API server is older than 1.32, or its feature `WatchList` is
/// off, as it is by default in 1.33.
fn cannot_stream(error: &watcher::Error) -> bool {
    let (watcher::Error::WatchStartFailed(kube::Error::Api(status))
    | watcher::Error::WatchError(status)) = error
    else {
        return false;
    };
    status.code == 422 && status.message.contains("sendInitialEvents")
}

/// Before the first further try of a watch that failed, and the longest: an outage of the API
/// server may be over at any moment.
const FIRST: Duration = Duration::from_millis(500);
const LONGEST: Duration = Duration::from_secs(5);

/// How long a watch that failed waits for its next try: it doubles, and up to a quarter is taken
/// off at random.
struct Pause(Duration);

impl Default for Pause {
    fn default() -> Self {
        Self(FIRST)
    }
}

impl Iterator for Pause {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        let wait = self.0;
        self.0 = wait.saturating_mul(2).min(LONGEST);
        Some(wait.mul_f64(1.0 - 0.25 * fastrand::f64()))
    }
}

impl Backoff for Pause {
    fn reset(&mut self) {
        self.0 = FIRST;
    }
}

fn words(kind: &KindRow, error: &watcher::Error) -> String {
    let text = error.to_string();
    if text.contains("404")
        || text.contains("NotFound")
        || text.contains("could not find the requested resource")
    {
        format!("{}: {text}", kind.missing())
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use std::{
        convert::Infallible,
        sync::{Arc, Mutex},
    };

    use http::{Request, Response};
    use kube::{Client, client::Body};
    use serde_json::{Value, json};

    use super::*;
    use crate::api::kinds::iam_role::IamRole;

    const VERSION: &str = "iam.rolewright.dev/v1alpha1";

    fn role(name: &str) -> Value {
        json!({
            "apiVersion": VERSION, "kind": "IAMRole", "spec": {},
            "metadata": {
                "name": name, "namespace": "a", "uid": name, "generation": 1,
                "resourceVersion": "7", "creationTimestamp": "2026-11-30T12:00:00Z",
            },
        })
    }

    /// An API server without `WatchList`, and the queries that it was asked.
    fn old_server() -> (Client, Arc<Mutex<Vec<String>>>) {
        let asked = Arc::new(Mutex::new(Vec::new()));
        let queries = Arc::clone(&asked);
        let service = tower::service_fn(move |request: Request<Body>| {
            let query = request.uri().query().unwrap_or_default().to_owned();
            let (code, body) = if query.contains("sendInitialEvents=true") {
                let message = "ListOptions.meta.k8s.io \"\" is invalid: sendInitialEvents: \
                    Forbidden: sendInitialEvents is forbidden for watch unless the WatchList \
                    feature gate is enabled";
                let status = json!({
                    "kind": "Status", "apiVersion": "v1", "status": "Failure", "code": 422,
                    "reason": "Invalid", "message": message,
                });
                (422, status.to_string())
            } else if query.contains("watch=true") {
                // the type first, as API servers write it: the object is read without a copy
                (200, format!("{{\"type\":\"ADDED\",\"object\":{}}}\n", role("later")))
            } else {
                let list = json!({
                    "apiVersion": VERSION, "kind": "IAMRoleList",
                    "metadata": {"resourceVersion": "7"}, "items": [role("first")],
                });
                (200, list.to_string())
            };
            queries.lock().unwrap().push(query);
            let answer =
                Response::builder().status(code).header("content-type", "application/json");
            async move { Ok::<_, Infallible>(answer.body(Body::from(body.into_bytes())).unwrap()) }
        });
        (Client::new(service, "default"), asked)
    }

    #[tokio::test(start_paused = true)]
    async fn an_api_server_that_streams_no_lists_is_asked_for_plain_ones() {
        let (client, asked) = old_server();
        let api: Api<RawObject<IamRole>> = Api::all_with(client, &());
        let seen: Vec<String> = events(api)
            .take(4)
            .map(|event| match event {
                WatchEvent::Restarted => "restarted".to_owned(),
                WatchEvent::Applied(object) => object.key.name.clone(),
                WatchEvent::Synced => "synced".to_owned(),
                WatchEvent::Deleted(_) => "deleted".to_owned(),
                WatchEvent::Failed(words) => words,
            })
            .collect()
            .await;
        assert_eq!(seen, ["restarted", "first", "synced", "later"]);
        let asked = asked.lock().unwrap();
        let streamed = asked.iter().filter(|query| query.contains("sendInitialEvents=true"));
        assert_eq!(streamed.count(), 1, "asked once: {asked:?}");
    }

    #[test]
    fn a_watch_is_tried_again_within_seconds_however_long_it_failed() {
        let mut pause = Pause::default();
        assert!(pause.next().is_some_and(|wait| wait <= FIRST));
        // After an outage of 20 s the next try is due in time, and it goes on for ever.
        let waits: Vec<Duration> = pause.by_ref().take(1_000).collect();
        assert!(waits.iter().all(|wait| *wait <= LONGEST), "{waits:?}");
        assert!(waits.iter().skip(4).all(|wait| *wait >= LONGEST.mul_f64(0.75)), "{waits:?}");
        pause.reset();
        assert!(pause.next().is_some_and(|wait| wait <= FIRST));
    }
}
