//! The watch of service accounts: their metadata only, and nothing of it is kept here.

use futures::{Stream, StreamExt, stream};
use k8s_openapi::api::core::v1::ServiceAccount as CoreServiceAccount;
use kube::{Api, Client, ResourceExt, core::PartialObjectMeta, runtime::watcher};

use super::place;
use crate::api::{
    self, ResourceKey,
    resource::{AccountEvent, ServiceAccount},
};

/// Watches those of `namespaces`, or all when empty.
pub fn watch(
    client: &Client,
    namespaces: &[String],
) -> impl Stream<Item = AccountEvent> + Send + 'static + use<> {
    let places: Vec<Option<String>> = if namespaces.is_empty() {
        vec![None]
    } else {
        namespaces.iter().cloned().map(Some).collect()
    };
    stream::select_all(places.into_iter().map(|place| of_place(client.clone(), place).boxed()))
}

fn of_place(client: Client, place: Option<String>) -> impl Stream<Item = AccountEvent> + Send {
    let api: Api<PartialObjectMeta<CoreServiceAccount>> = match &place {
        Some(namespace) => Api::namespaced(client, namespace),
        None => Api::all(client),
    };
    let raw = place::begun("ServiceAccount".to_owned(), move |config| {
        watcher(api.clone(), config).boxed()
    });
    raw.map(move |event| match event {
        Ok(watcher::Event::Init) => AccountEvent::Restarted(place.clone()),
        Ok(watcher::Event::InitApply(raw) | watcher::Event::Apply(raw)) => {
            AccountEvent::Found(account(&raw))
        }
        Ok(watcher::Event::InitDone) => AccountEvent::Synced(place.clone()),
        Ok(watcher::Event::Delete(raw)) => {
            let ServiceAccount { namespace, name, .. } = account(&raw);
            AccountEvent::Gone(ResourceKey { namespace, name })
        }
        Err(error) => AccountEvent::Failed(error.to_string()),
    })
}

/// A service account in the core's terms.
pub fn account(found: &PartialObjectMeta<CoreServiceAccount>) -> ServiceAccount {
    ServiceAccount {
        namespace: found.namespace().unwrap_or_default(),
        name: found.name_any(),
        uid: found.uid().unwrap_or_default(),
        role_arn: found.annotations().get(api::ROLE_ARN).cloned(),
    }
}
