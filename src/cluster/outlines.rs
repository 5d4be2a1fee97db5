//! Lists of metadata: how far the store has come, and which state of each object there is. Read by
//! types of our own, which skip what tenants shape, such as `managedFields`.

use kube::{
    Client, Resource,
    api::{DynamicObject, ListParams},
    core::Request,
};
use serde::Deserialize;

use super::{bounded, translate, watch};
use crate::{
    api::{
        key::Key,
        kind::{Kind, KindRow},
        object::{Cursor, Outline, OutlinePage},
    },
    plan::failure::ClusterError,
};

/// Objects on a page.
const PAGE: u32 = 500;

/// A `PartialObjectMetadataList`, as far as it is needed.
#[derive(Debug, Deserialize)]
struct List {
    #[serde(default)]
    metadata: ListMetadata,
    /// `null` where there is nothing.
    items: Option<Vec<Item>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct ListMetadata {
    resource_version: Option<String>,
    r#continue: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Item {
    metadata: ItemMetadata,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct ItemMetadata {
    name: String,
    namespace: Option<String>,
    uid: String,
    generation: i64,
    resource_version: Option<String>,
}

/// The revision of the store, by a list that shows one object at most. No version is asked for:
/// the answer is consistent.
pub(super) async fn revision(
    client: &Client,
    kind: &KindRow,
    place: Option<&str>,
) -> Result<u64, ClusterError> {
    let list = list(client, kind, place, &ListParams::default().limit(1)).await?;
    Ok(translate::number(list.metadata.resource_version.as_deref()))
}

/// One page of what there is, of one place after the other.
pub(super) async fn page<K: Kind>(
    client: &Client,
    namespaces: &[String],
    from: Option<Cursor>,
) -> Result<OutlinePage<K>, ClusterError> {
    let kind = K::row();
    let places = watch::places(&kind, namespaces);
    let Cursor { place, token } = from.unwrap_or(Cursor { place: 0, token: None });
    let within = places.get(place).copied().flatten();
    let mut params = ListParams::default().limit(PAGE);
    params.continue_token = token;
    let List { metadata, items } = list(client, &kind, within, &params).await?;
    let next = match metadata.r#continue.filter(|token| !token.is_empty()) {
        Some(token) => Some(Cursor { place, token: Some(token) }),
        None => (place + 1 < places.len()).then_some(Cursor { place: place + 1, token: None }),
    };
    let outline = |Item { metadata }: Item| Outline {
        key: Key::new(metadata.namespace, metadata.name),
        uid: metadata.uid,
        generation: metadata.generation,
        version: translate::number(metadata.resource_version.as_deref()),
    };
    let revision = translate::number(metadata.resource_version.as_deref());
    let items = items.unwrap_or_default().into_iter().map(outline).collect();
    Ok(OutlinePage { items, revision, next })
}

async fn list(
    client: &Client,
    kind: &KindRow,
    place: Option<&str>,
    params: &ListParams,
) -> Result<List, ClusterError> {
    let path = DynamicObject::url_path(&kind.resource(), place);
    let request = Request::new(path)
        .list_metadata(params)
        .map_err(|error| ClusterError::Refused(error.to_string()))?;
    bounded(client.request(request)).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_tenant_shapes_does_not_break_a_list() -> Result<(), serde_json::Error> {
        let deep = format!("{}1{}", "{\"a\":".repeat(5000), "}".repeat(5000));
        let text = format!(
            r#"{{"kind":"PartialObjectMetadataList","metadata":{{"resourceVersion":"9","continue":"c","remainingItemCount":3}},"items":[{{"kind":"PartialObjectMetadata","metadata":{{"name":"a","namespace":"n","uid":"u","generation":2,"resourceVersion":"7","annotations":{{"k":"v"}},"managedFields":[{{"fieldsV1":{deep}}}]}}}}]}}"#
        );
        let List { metadata, items } = serde_json::from_str(&text)?;
        assert_eq!(translate::number(metadata.resource_version.as_deref()), 9);
        assert_eq!(metadata.r#continue.as_deref(), Some("c"));
        let item = &items.unwrap()[0].metadata;
        assert_eq!((item.name.as_str(), item.namespace.as_deref()), ("a", Some("n")));
        let version = translate::number(item.resource_version.as_deref());
        assert_eq!((item.uid.as_str(), item.generation, version), ("u", 2, 7));
        Ok(())
    }

    #[test]
    fn a_list_without_items_is_read() -> Result<(), serde_json::Error> {
        let list: List = serde_json::from_str(
            r#"{"kind":"PartialObjectMetadataList","metadata":{"resourceVersion":"225"},"items":null}"#,
        )?;
        assert_eq!(list.metadata.resource_version.as_deref(), Some("225"));
        assert!(list.items.is_none());
        Ok(())
    }
}
