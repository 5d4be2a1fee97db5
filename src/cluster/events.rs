//! Kubernetes Events: what happened, on the resource that it happened to.

use k8s_openapi::api::core::v1::ObjectReference;
use kube::{
    Client,
    runtime::events::{Event, EventType, Recorder, Reporter},
};

use crate::{
    api,
    plan::outcome::cut,
    ports::{Notice, Resource},
};

/// The API server refuses longer notes.
const NOTE_BYTES: usize = 1_000;

/// One for the process: it folds repeats.
pub fn recorder(client: Client) -> Recorder {
    let instance = std::env::var("HOSTNAME").ok().filter(|name| !name.is_empty());
    Recorder::new(client, Reporter { controller: api::FIELD_MANAGER.into(), instance })
}

pub fn event(notice: &Notice) -> Event {
    Event {
        type_: if notice.warning { EventType::Warning } else { EventType::Normal },
        reason: notice.reason.into(),
        note: Some(cut(&notice.note, NOTE_BYTES)),
        action: notice.action.into(),
        secondary: None,
    }
}

pub fn regarding(resource: &Resource) -> ObjectReference {
    ObjectReference {
        api_version: Some(format!("{}/{}", api::GROUP, api::VERSION)),
        kind: Some("IAMRole".into()),
        name: Some(resource.key.name.clone()),
        namespace: Some(resource.key.namespace.clone()),
        uid: Some(resource.uid.clone()),
        ..ObjectReference::default()
    }
}
