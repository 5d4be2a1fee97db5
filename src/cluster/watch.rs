//! The watch: full objects come by, are translated and dropped. No store is kept.

pub mod accounts;
mod place;

use std::{collections::HashSet, pin::Pin};

use futures::{Stream, StreamExt, stream};
use kube::{Api, Client};

use crate::api::{
    kind::{KeyOf, Kind, KindRow},
    object::WatchEvent,
};

type Events<K> = Pin<Box<dyn Stream<Item = WatchEvent<K>> + Send>>;

/// Watches `namespaces`, or all when empty, as one stream.
pub fn watch<K: Kind>(
    client: &Client,
    namespaces: &[String],
) -> impl Stream<Item = WatchEvent<K>> + Send + 'static + use<K> {
    let api = |place: Option<&str>| match place {
        Some(within) => Api::namespaced_with(client.clone(), within, &()),
        None => Api::all(client.clone()),
    };
    merge(
        places(&K::row(), namespaces).into_iter().map(|place| place::events(api(place))).collect(),
    )
}

/// One for all namespaces, or one for each. What is in no namespace is looked for in one place.
pub fn places<'a>(kind: &KindRow, namespaces: &'a [String]) -> Vec<Option<&'a str>> {
    if namespaces.is_empty() || !kind.namespaced {
        vec![None]
    } else {
        namespaces.iter().map(|namespace| Some(namespace.as_str())).collect()
    }
}

/// One stream of many. The first list is complete when every namespace's is.
fn merge<K: Kind>(mut streams: Vec<Events<K>>) -> Events<K> {
    if streams.len() == 1
        && let Some(only) = streams.pop()
    {
        return only;
    }
    let count = streams.len();
    let tagged = streams
        .into_iter()
        .enumerate()
        .map(|(index, stream)| stream.map(move |event| (index, event)).boxed());
    let mut state = Merge::new(count);
    Box::pin(
        stream::select_all(tagged)
            .flat_map(move |(index, event)| stream::iter(state.take(index, event))),
    )
}

/// Each namespace lists on its own; the engine knows one list. So what a new list does not bring is
/// said one by one.
struct Merge<K: Kind> {
    namespaces: Vec<Namespace<K>>,
    begun: bool,
}

struct Namespace<K: Kind> {
    /// Everything there is, as far as it was told.
    keys: HashSet<KeyOf<K>>,
    /// While a list is coming in: what it has brought.
    listed: Option<HashSet<KeyOf<K>>>,
    /// A whole list has come.
    complete: bool,
}

impl<K: Kind> Merge<K> {
    fn new(count: usize) -> Self {
        let empty = || Namespace { keys: HashSet::new(), listed: None, complete: false };
        Self { namespaces: std::iter::repeat_with(empty).take(count).collect(), begun: false }
    }

    fn take(&mut self, index: usize, event: WatchEvent<K>) -> Vec<WatchEvent<K>> {
        let Some(namespace) = self.namespaces.get_mut(index) else { return Vec::new() };
        match event {
            WatchEvent::Restarted => {
                // The keys of before stay until the list is complete and shows which of them are
                // gone. A list that broke off is forgotten.
                namespace.listed = Some(HashSet::new());
                Vec::new()
            }
            WatchEvent::Applied(resource) => {
                namespace.keys.insert(resource.key.clone());
                if let Some(listed) = &mut namespace.listed {
                    listed.insert(resource.key.clone());
                }
                vec![WatchEvent::Applied(resource)]
            }
            WatchEvent::Deleted(key) => {
                namespace.keys.remove(&key);
                vec![WatchEvent::Deleted(key)]
            }
            WatchEvent::Synced => {
                let mut events = namespace.complete_list();
                if !self.begun && self.namespaces.iter().all(|namespace| namespace.complete) {
                    self.begun = true;
                    events.push(WatchEvent::Synced);
                }
                events
            }
            failed @ WatchEvent::Failed(_) => vec![failed],
        }
    }
}

impl<K: Kind> Namespace<K> {
    /// A list is complete: what it did not bring is gone.
    fn complete_list(&mut self) -> Vec<WatchEvent<K>> {
        self.complete = true;
        let Some(listed) = self.listed.take() else { return Vec::new() };
        let gone = self.keys.difference(&listed).cloned().map(WatchEvent::Deleted).collect();
        self.keys = listed;
        gone
    }
}

#[cfg(test)]
mod tests {
    use crate::api::{
        ResourceKey, RoleStatus, kinds::iam_role::IamRole, object::Pause, resource::Resource,
    };

    type WatchEvent = super::WatchEvent<IamRole>;
    type Merge = super::Merge<IamRole>;

    fn key(namespace: &str, name: &str) -> ResourceKey {
        ResourceKey { namespace: namespace.into(), name: name.into() }
    }

    fn applied(namespace: &str, name: &str) -> WatchEvent {
        WatchEvent::Applied(Box::new(Resource {
            key: key(namespace, name),
            uid: name.into(),
            generation: 1,
            version: 1,
            created: jiff::Timestamp::UNIX_EPOCH,
            deleting: false,
            finalizer: false,
            pause: Pause::No,
            reconcile_requested_at: None,
            last_applied: None,
            spec: "{}".into(),
            status: RoleStatus::default(),
        }))
    }

    fn list(state: &mut Merge, index: usize, events: Vec<WatchEvent>) -> Vec<WatchEvent> {
        let all = [WatchEvent::Restarted].into_iter().chain(events).chain([WatchEvent::Synced]);
        all.flat_map(|event| state.take(index, event))
            .filter(|event| !matches!(event, WatchEvent::Applied(_)))
            .collect()
    }

    fn two() -> Merge {
        Merge::new(2)
    }

    #[test]
    fn the_list_is_complete_when_that_of_every_namespace_is_and_only_once() {
        let mut state = two();
        assert_eq!(list(&mut state, 0, vec![applied("a", "x")]), []);
        assert_eq!(
            list(&mut state, 0, vec![applied("a", "x")]),
            [],
            "a namespace that lists twice is one namespace"
        );
        assert_eq!(list(&mut state, 1, vec![]), [WatchEvent::Synced]);
        assert_eq!(list(&mut state, 1, vec![]), []);
    }

    #[test]
    fn what_a_new_list_of_a_namespace_does_not_bring_is_gone_and_no_other() {
        let mut state = two();
        list(&mut state, 0, vec![applied("a", "x"), applied("a", "y")]);
        list(&mut state, 1, vec![applied("b", "x")]);
        assert_eq!(
            list(&mut state, 0, vec![applied("a", "y")]),
            [WatchEvent::Deleted(key("a", "x"))]
        );
        assert_eq!(list(&mut state, 0, vec![applied("a", "y")]), [], "told once");
    }

    #[test]
    fn a_list_that_breaks_off_says_nothing_about_absence() {
        let mut state = two();
        list(&mut state, 0, vec![applied("a", "x"), applied("a", "y")]);
        list(&mut state, 1, vec![]);
        for event in [WatchEvent::Restarted, applied("a", "y"), WatchEvent::Failed("broken".into())]
        {
            assert!(
                !state.take(0, event).iter().any(|event| matches!(event, WatchEvent::Deleted(_)))
            );
        }
        assert_eq!(list(&mut state, 0, vec![applied("a", "x"), applied("a", "y")]), []);
    }

    #[test]
    fn a_resource_that_is_deleted_and_made_again_is_not_told_to_be_gone() {
        let mut state = two();
        list(&mut state, 0, vec![applied("a", "x")]);
        list(&mut state, 1, vec![]);
        assert_eq!(
            state.take(0, WatchEvent::Deleted(key("a", "x"))),
            [WatchEvent::Deleted(key("a", "x"))]
        );
        state.take(0, applied("a", "x"));
        assert_eq!(list(&mut state, 0, vec![applied("a", "x")]), []);
    }
}
