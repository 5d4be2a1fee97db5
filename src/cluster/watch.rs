//! The watch: full objects come by, are translated and dropped. No store is kept.

use std::pin::Pin;

use futures::{Stream, StreamExt, stream};
use kube::{
    Api, Client, ResourceExt,
    runtime::{WatchStreamExt, watcher},
};

use crate::{
    api::{ResourceKey, raw::RawRole},
    cluster::resource,
    ports::WatchEvent,
};

type Events = Pin<Box<dyn Stream<Item = WatchEvent> + Send>>;

/// Watches `namespaces`, or all when empty, as one stream.
pub fn watch(client: Client, namespaces: &[String]) -> impl Stream<Item = WatchEvent> + Send + 'static {
    let apis: Vec<Api<RawRole>> = if namespaces.is_empty() {
        vec![Api::all(client)]
    } else {
        namespaces.iter().map(|namespace| Api::namespaced(client.clone(), namespace)).collect()
    };
    let streams: Vec<Events> = apis.into_iter().map(one).collect();
    merge(streams)
}

fn one(api: Api<RawRole>) -> Events {
    let stream = watcher(api, watcher::Config::default().streaming_lists()).default_backoff();
    Box::pin(stream.map(|event| match event {
        Ok(watcher::Event::Init) => WatchEvent::Restarted,
        Ok(watcher::Event::InitApply(raw) | watcher::Event::Apply(raw)) => {
            WatchEvent::Applied(Box::new(resource(&raw)))
        }
        Ok(watcher::Event::InitDone) => WatchEvent::Synced,
        Ok(watcher::Event::Delete(raw)) => {
            WatchEvent::Deleted(ResourceKey { namespace: raw.namespace().unwrap_or_default(), name: raw.name_any() })
        }
        Err(error) => WatchEvent::Failed(words(&error)),
    }))
}

fn words(error: &watcher::Error) -> String {
    let text = error.to_string();
    if text.contains("404") || text.contains("NotFound") || text.contains("could not find the requested resource") {
        format!("the kind IAMRole is not installed in this cluster, apply the CRD (rolewright crds): {text}")
    } else {
        text
    }
}

/// One stream of many. A list is complete when every namespace's is; then what no list brought is gone.
fn merge(mut streams: Vec<Events>) -> Events {
    if streams.len() == 1 {
        if let Some(only) = streams.pop() {
            return only;
        }
    }
    let count = streams.len();
    let tagged = streams.into_iter().enumerate().map(|(index, stream)| stream.map(move |event| (index, event)).boxed());
    let mut state =
        Merge { listing: vec![true; count], keys: vec![std::collections::HashSet::new(); count], begun: false };
    Box::pin(stream::select_all(tagged).flat_map(move |(index, event)| stream::iter(state.take(index, event))))
}

/// Each namespace lists on its own; the engine knows one list. So what a new list does not bring is said one by one.
struct Merge {
    listing: Vec<bool>,
    keys: Vec<std::collections::HashSet<ResourceKey>>,
    begun: bool,
}

impl Merge {
    fn take(&mut self, index: usize, event: WatchEvent) -> Vec<WatchEvent> {
        let (Some(listing), Some(keys)) = (self.listing.get_mut(index), self.keys.get_mut(index)) else {
            return Vec::new();
        };
        match event {
            WatchEvent::Restarted => {
                *listing = true;
                // The keys of before stay until the list is complete and shows which of them are gone.
                Vec::new()
            }
            WatchEvent::Applied(resource) => {
                keys.insert(resource.key.clone());
                vec![WatchEvent::Applied(resource)]
            }
            WatchEvent::Deleted(key) => {
                keys.remove(&key);
                vec![WatchEvent::Deleted(key)]
            }
            WatchEvent::Synced => {
                *listing = false;
                if self.begun || self.listing.iter().any(|listing| *listing) {
                    return Vec::new();
                }
                self.begun = true;
                vec![WatchEvent::Synced]
            }
            failed @ WatchEvent::Failed(_) => vec![failed],
        }
    }
}
