//! Which resources of which cluster a command is about.

use std::path::PathBuf;

use crate::{
    api::{ResourceKey, kinds::iam_role::IamRole, object::Object},
    cluster::{Requests, Way},
    plan::failure::ClusterError,
};

/// Which cluster.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(next_help_heading = "Cluster")]
pub struct ClusterArgs {
    /// Context of the kubeconfig [default: the current one]
    #[arg(long, value_name = "NAME")]
    context: Option<String>,
    /// Kubeconfig file [default: KUBECONFIG or ~/.kube/config]
    #[arg(long, value_name = "FILE")]
    kubeconfig: Option<PathBuf>,
}

impl ClusterArgs {
    /// The way to it.
    #[must_use]
    pub fn way(&self) -> Way {
        Way { kubeconfig: self.kubeconfig.clone(), context: self.context.clone() }
    }
}

/// Which resources, beside their names.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct PlaceArgs {
    /// Namespace of the resources [default: that of the context]
    #[arg(short, long, value_name = "NAMESPACE")]
    namespace: Option<String>,
    /// Resources of all namespaces
    #[arg(short = 'A', long, conflicts_with = "namespace")]
    pub all_namespaces: bool,
    #[command(flatten)]
    cluster: ClusterArgs,
}

impl PlaceArgs {
    /// Connects to the cluster.
    ///
    /// # Errors
    /// A sentence: what is wrong, and what to do.
    pub async fn connect(&self) -> Result<Requests, ClusterError> {
        Requests::connect(&self.cluster.way(), self.namespace.clone()).await
    }
}

/// The named resources, or all of the place where none is named. What is not there is told in the
/// second list.
///
/// # Errors
/// No answer, or a refusal.
pub async fn find(
    requests: &Requests,
    place: &PlaceArgs,
    names: &[String],
) -> Result<(Vec<Object<IamRole>>, Vec<String>), ClusterError> {
    if names.is_empty() || place.all_namespaces {
        let mut found = requests.list(place.all_namespaces).await?;
        let wanted = |object: &Object<IamRole>| {
            names.is_empty() || names.iter().any(|name| bare(name) == object.key.name)
        };
        found.retain(wanted);
        let missing = names
            .iter()
            .filter(|name| !found.iter().any(|object| object.key.name == bare(name)))
            .map(|name| format!("there is no IAMRole {} in any namespace", bare(name)))
            .collect();
        return Ok((found, missing));
    }
    let (mut found, mut missing) = (Vec::new(), Vec::new());
    for name in names {
        let namespace = requests.namespace().to_owned();
        let key = ResourceKey { namespace, name: bare(name).to_owned() };
        match requests.get(&key).await {
            Ok(Some(object)) => found.push(object),
            Ok(None) | Err(ClusterError::Gone) => missing.push(format!(
                "there is no IAMRole {} in the namespace {}",
                key.name, key.namespace
            )),
            Err(error) => return Err(error),
        }
    }
    Ok((found, missing))
}

/// `iamrole/NAME`, as kubectl prints it, is the name.
fn bare(name: &str) -> &str {
    let kinds = ["iamrole/", "iamroles/", "iamr/", "iamrole.iam.rolewright.dev/"];
    kinds.iter().find_map(|kind| name.strip_prefix(kind)).unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_may_stand_behind_its_kind_as_kubectl_prints_it() {
        for name in ["x", "iamrole/x", "iamr/x", "iamroles/x", "iamrole.iam.rolewright.dev/x"] {
            assert_eq!(bare(name), "x");
        }
        assert_eq!(bare("pod/x"), "pod/x");
    }
}
