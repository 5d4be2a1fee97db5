//! Kubernetes Events: what happened, on the resource that it happened to.
//!
//! Not kube's recorder. That one keeps each Event whole until another is published, minutes later:
//! after the creation of ten thousand roles some hundred megabytes, gone through once more for each
//! Event. And it tells two Events apart by reason and action only, so that of two corrections in
//! a row the first one's note would stand for both. Here a repeat is the very same text,
//! and what is kept is a digest.

use std::{
    collections::HashMap,
    hash::{BuildHasher, RandomState},
    sync::{Arc, Mutex, PoisonError},
};

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::{
    api::{core::v1::ObjectReference, events::v1::Event},
    apimachinery::pkg::apis::meta::v1::MicroTime,
};
use kube::{
    Api, Client,
    api::{ObjectMeta, Patch, PatchParams, PostParams},
};
use serde_json::json;

use crate::{
    api::{self, key::Key, kind::Kind, object::Object},
    plan::say::{
        notice::{NOTE_BYTES, Notice},
        words::cut,
    },
};

/// What is told again within this time is counted on the Event that is there, which the API server
/// keeps for an hour.
const FOLDED: SignedDuration = SignedDuration::from_mins(6);
/// As many are remembered, the latest ones: repeats come of single resources, not of all at one
/// time.
const REMEMBERED: usize = 500;

/// One for the process: it folds repeats.
#[derive(Clone)]
pub struct Recorder {
    client: Client,
    instance: String,
    hasher: RandomState,
    told: Arc<Mutex<Told>>,
}

impl Recorder {
    /// Publishes as the field manager, from the pod that `HOSTNAME` names.
    pub fn new(client: Client) -> Self {
        let instance = std::env::var("HOSTNAME").ok().filter(|name| !name.is_empty());
        Self {
            client,
            instance: instance.unwrap_or_else(|| api::FIELD_MANAGER.into()),
            hasher: RandomState::new(),
            told: Arc::default(),
        }
    }

    /// Creates an Event, or counts one more on the same one of some minutes ago.
    pub async fn publish<K: Kind>(
        &self,
        object: &Object<K>,
        notice: &Notice,
    ) -> Result<(), kube::Error> {
        let now = Timestamp::now();
        let digest = self.hasher.hash_one((
            &object.uid,
            notice.warning,
            notice.reason,
            notice.action,
            &notice.note,
        ));
        let events: Api<Event> = Api::namespaced(self.client.clone(), namespace(object));
        let before = self.told().again(digest, now);
        let counted = match before {
            Some(before) => count(&events, &before, now).await?,
            None => None,
        };
        let once = if let Some(counted) = counted {
            counted
        } else {
            let event = self.event(object, notice, now);
            let name = event.metadata.name.clone().unwrap_or_default().into();
            events.create(&PostParams::default(), &event).await?;
            Once { name, count: 1, at: now }
        };
        self.told().remember(digest, once);
        Ok(())
    }

    fn told(&self) -> std::sync::MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn event<K: Kind>(&self, object: &Object<K>, notice: &Notice, now: Timestamp) -> Event {
        Event {
            metadata: ObjectMeta {
                // Unique, as names of Events are made everywhere: the object's name, and the time.
                name: Some(format!("{}.{:x}", object.key.name(), now.as_nanosecond())),
                namespace: Some(namespace(object).to_owned()),
                ..ObjectMeta::default()
            },
            action: Some(notice.action.into()),
            event_time: Some(MicroTime(now)),
            note: Some(cut(&notice.note, NOTE_BYTES)),
            reason: Some(notice.reason.into()),
            regarding: Some(regarding(object)),
            reporting_controller: Some(api::FIELD_MANAGER.into()),
            reporting_instance: Some(self.instance.clone()),
            type_: Some(if notice.warning { "Warning" } else { "Normal" }.into()),
            ..Event::default()
        }
    }
}

/// Tells an Event once more; `None` when somebody has removed it.
async fn count(
    events: &Api<Event>,
    before: &Once,
    now: Timestamp,
) -> Result<Option<Once>, kube::Error> {
    let after = Once { count: before.count.saturating_add(1), at: now, ..before.clone() };
    let series = json!({"series": {"count": after.count, "lastObservedTime": MicroTime(now)}});
    match events.patch(&after.name, &PatchParams::default(), &Patch::Merge(&series)).await {
        Ok(_) => Ok(Some(after)),
        Err(kube::Error::Api(status)) if status.code == 404 => Ok(None),
        Err(error) => Err(error),
    }
}

/// Where the Events of an object are: beside it, and as everywhere in `default` for one that is in
/// no namespace.
fn namespace<K: Kind>(object: &Object<K>) -> &str {
    object.key.namespace().unwrap_or("default")
}

fn regarding<K: Kind>(object: &Object<K>) -> ObjectReference {
    let resource = K::row().resource();
    ObjectReference {
        api_version: Some(resource.api_version),
        kind: Some(resource.kind),
        name: Some(object.key.name().to_owned()),
        namespace: object.key.namespace().map(str::to_owned),
        uid: Some(object.uid.clone()),
        ..ObjectReference::default()
    }
}

/// What was told lately, by a digest of all that it says.
#[derive(Debug, Default)]
struct Told(HashMap<u64, Once>);

/// One Event that is in the API server.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Once {
    name: Box<str>,
    /// How often it was told.
    count: i32,
    /// When for the last time.
    at: Timestamp,
}

impl Told {
    /// The Event that said the same, if it is not too long ago.
    fn again(&self, digest: u64, now: Timestamp) -> Option<Once> {
        self.0.get(&digest).filter(|once| now.duration_since(once.at) < FOLDED).cloned()
    }

    fn remember(&mut self, digest: u64, once: Once) {
        self.0.insert(digest, once);
        if self.0.len() > REMEMBERED
            && let Some(oldest) =
                self.0.iter().min_by_key(|(_, once)| once.at).map(|(digest, _)| *digest)
        {
            self.0.remove(&oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn once(name: &str, second: i64) -> Once {
        Once { name: name.into(), count: 1, at: at(second) }
    }

    #[test]
    fn what_is_said_again_is_the_same_event_for_six_minutes() {
        let mut told = Told::default();
        told.remember(7, once("x.1", 100));
        assert_eq!(told.again(7, at(100 + 359)), Some(once("x.1", 100)));
        assert_eq!(told.again(7, at(100 + 360)), None);
        assert_eq!(told.again(8, at(100)), None);
    }

    #[test]
    fn no_more_than_the_latest_are_remembered() {
        let mut told = Told::default();
        for second in 0..1_000_i64 {
            told.remember(second.unsigned_abs(), once("x", second));
        }
        assert_eq!(told.0.len(), REMEMBERED);
        assert_eq!((told.again(499, at(999)), told.again(500, at(840)).is_some()), (None, true));
    }
}
