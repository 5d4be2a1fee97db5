//! Roles of an installation whose resource is not there: listed, and left as they are.

use std::{
    collections::{BTreeMap, HashMap},
    pin::pin,
    time::Duration,
};

use futures::StreamExt;
use iam::role::RoleName;

use crate::{
    api::{ResourceKey, kinds::iam_role::IamRole, object::WatchEvent},
    aws::AwsIam,
    cli::check::result::{CheckResult, miss, note, ok},
    cluster::{KubeCluster, Way},
    plan::{decide::ownership, failure::IamError},
    ports::{IamRead, Objects},
};

/// The list of resources takes no longer than this.
const LIST: Duration = Duration::from_mins(1);

/// All of them, among the resources of `namespaces`; of all namespaces when empty.
pub(super) async fn unclaimed(
    iam: &AwsIam,
    way: &Way,
    installation: &str,
    namespaces: &[String],
) -> Vec<CheckResult> {
    let what = format!("roles of installation {installation}");
    let owned = match owned(iam, installation).await {
        Ok(owned) => owned,
        Err(error) => {
            return vec![miss(what, error.to_string(), "see the line of that action above")];
        }
    };
    let resources = match resources(way, namespaces).await {
        Ok(resources) => resources,
        Err(error) => {
            return vec![miss(what, error, "see the lines of the API server above")];
        }
    };
    let watched =
        |resource: &ResourceKey| namespaces.is_empty() || namespaces.contains(&resource.namespace);
    let owned = owned.into_iter().filter(|(_, resource)| watched(resource)).collect();
    compared(&what, &owned, &resources)
}

/// The roles with the tags of the installation, and the resource that each names.
async fn owned(
    iam: &AwsIam,
    installation: &str,
) -> Result<BTreeMap<RoleName, ResourceKey>, IamError> {
    let (mut owned, mut marker) = (BTreeMap::new(), None);
    loop {
        let page = iam.details(marker).await?;
        for detail in page.items {
            let resource = ownership::resource_of(installation, &detail.role);
            owned.extend(resource.map(|resource| (detail.role.name, resource)));
        }
        marker = page.next;
        if marker.is_none() {
            return Ok(owned);
        }
    }
}

/// The resources, each with the name of its role where status has one.
async fn resources(
    way: &Way,
    namespaces: &[String],
) -> Result<HashMap<ResourceKey, Option<RoleName>>, String> {
    let client = way.client().await.map_err(|error| error.to_string())?;
    let cluster = KubeCluster::new(client, namespaces.to_vec());
    let list = async {
        let mut events = pin!(Objects::<IamRole>::watch(&cluster));
        let mut resources = HashMap::new();
        while let Some(event) = events.next().await {
            match event {
                WatchEvent::Applied(resource) => {
                    let role = resource.status.role_name.as_deref().map(RoleName::from);
                    resources.insert(resource.key, role);
                }
                WatchEvent::Synced => break,
                WatchEvent::Failed(message) => return Err(message),
                WatchEvent::Restarted => resources.clear(),
                WatchEvent::Deleted(key) => {
                    resources.remove(&key);
                }
            }
        }
        Ok(resources)
    };
    let late = || Err("the list of resources did not end in time".to_owned());
    tokio::time::timeout(LIST, list).await.unwrap_or_else(|_| late())
}

/// One line for each role whose resource is not there, or has another role.
fn compared(
    what: &str,
    owned: &BTreeMap<RoleName, ResourceKey>,
    resources: &HashMap<ResourceKey, Option<RoleName>>,
) -> Vec<CheckResult> {
    let unclaimed = owned.iter().filter_map(|(role, resource)| {
        let said = match resources.get(resource) {
            // One that is not pinned yet may be about to take it up.
            Some(None) => return None,
            Some(Some(other)) if other == role => return None,
            Some(Some(other)) => format!("names IAMRole {resource}, whose role is {other}"),
            None => format!("names IAMRole {resource}, which is not there"),
        };
        let remedy = "it is left as it is: apply that resource again, or delete the role in AWS";
        Some(note(format!("role {role}"), said, remedy))
    });
    let found: Vec<CheckResult> = unclaimed.collect();
    if found.is_empty() {
        return vec![ok(what, format!("{}, each with its resource", owned.len()))];
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_is_listed_when_its_resource_is_not_there_or_has_another_one() {
        let key = |name: &str| ResourceKey { namespace: "a".into(), name: name.into() };
        let owned = ["gone", "moved", "new", "kept"].map(|name| (name.into(), key(name)));
        let resources = [
            (key("moved"), Some("elsewhere".into())),
            (key("new"), None),
            (key("kept"), Some("KEPT".into())),
        ];
        let found = compared("roles", &owned.clone().into(), &resources.clone().into());
        let said: Vec<(&str, &str)> =
            found.iter().map(|found| (found.what.as_str(), found.said.as_str())).collect();
        assert_eq!(
            said,
            [
                ("role gone", "names IAMRole a/gone, which is not there"),
                ("role moved", "names IAMRole a/moved, whose role is elsewhere"),
            ]
        );
        assert!(found.iter().all(|found| found.ok && found.remedy.is_some()));
        let kept = owned.into_iter().skip(2).collect();
        let found = compared("roles", &kept, &resources.into());
        assert_eq!(found, [ok("roles", "2, each with its resource")]);
    }
}
