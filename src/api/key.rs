//! What tells the objects of one kind apart: a name, and for a kind with namespaces the namespace
//! too. Which of the two a kind has follows from its scope, so that nobody asks a cluster-scoped
//! object for its namespace.

use std::{
    fmt::{Debug, Display, Formatter, Result},
    hash::Hash,
};

use k8s_openapi::{ClusterResourceScope, NamespaceResourceScope};

/// Namespace and name of a resource.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ResourceKey {
    /// Namespace.
    pub namespace: String,
    /// Name within the namespace.
    pub name: String,
}

impl Display for ResourceKey {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "{}/{}", self.namespace, self.name)
    }
}

/// Name of an object that is in no namespace.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClusterKey {
    /// Name within the cluster.
    pub name: String,
}

impl Display for ClusterKey {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str(&self.name)
    }
}

/// The key of an object of any kind.
pub trait Key: Clone + Debug + Display + Ord + Hash + Send + Sync + 'static {
    /// Of what stands in `metadata`.
    fn new(namespace: Option<String>, name: String) -> Self;
    /// The namespace; `None` for an object that is in none.
    fn namespace(&self) -> Option<&str>;
    /// The name.
    fn name(&self) -> &str;
}

impl Key for ResourceKey {
    fn new(namespace: Option<String>, name: String) -> Self {
        Self { namespace: namespace.unwrap_or_default(), name }
    }

    fn namespace(&self) -> Option<&str> {
        Some(&self.namespace)
    }

    fn name(&self) -> &str {
        &self.name
    }
}

impl Key for ClusterKey {
    fn new(_: Option<String>, name: String) -> Self {
        Self { name }
    }

    fn namespace(&self) -> Option<&str> {
        None
    }

    fn name(&self) -> &str {
        &self.name
    }
}

/// Where objects of a kind live, as kube's derive writes it down (`namespaced`, or nothing).
pub trait Scope {
    /// What tells them apart.
    type Key: Key;
    /// Whether they are in namespaces.
    const NAMESPACED: bool;
}

impl Scope for NamespaceResourceScope {
    type Key = ResourceKey;
    const NAMESPACED: bool = true;
}

impl Scope for ClusterResourceScope {
    type Key = ClusterKey;
    const NAMESPACED: bool = false;
}
