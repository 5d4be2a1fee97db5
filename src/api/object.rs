//! Objects of any kind in the core's terms, as the API server delivers them.

use jiff::Timestamp;

use super::kind::{KeyOf, Kind};

/// An object as the API server delivers it; `spec` is undecoded text until the core parses it with
/// bounds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object<K: Kind> {
    /// What tells it from the others of its kind.
    pub key: KeyOf<K>,
    /// `metadata.uid`.
    pub uid: String,
    /// `metadata.generation`.
    pub generation: i64,
    /// `metadata.resourceVersion`: with each change of anything in the store it gets higher.
    pub version: u64,
    /// `metadata.creationTimestamp`.
    pub created: Timestamp,
    /// True when `metadata.deletionTimestamp` is set.
    pub deleting: bool,
    /// True when our finalizer is set.
    pub finalizer: bool,
    /// Annotation `rolewright.dev/paused: "true"`.
    pub paused: bool,
    /// Annotation `rolewright.dev/reconcile-requested-at`.
    pub reconcile_requested_at: Option<String>,
    /// Annotation of `kubectl apply`: JSON text of the manifest. Undecoded, as `spec`.
    pub last_applied: Option<String>,
    /// JSON text of `spec`.
    pub spec: String,
    /// Status as last written.
    pub status: K::Status,
}

/// What the watch of one kind tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WatchEvent<K: Kind> {
    /// A new list begins: what it does not bring is gone.
    Restarted,
    /// The object is new or has changed.
    Applied(Box<Object<K>>),
    /// The object is gone.
    Deleted(KeyOf<K>),
    /// The list is complete.
    Synced,
    /// The watch failed and will be tried again.
    Failed(String),
}

/// What a list of metadata tells of an object: which state of it there is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outline<K: Kind> {
    /// What tells it from the others of its kind.
    pub key: KeyOf<K>,
    /// `metadata.uid`.
    pub uid: String,
    /// `metadata.generation`.
    pub generation: i64,
    /// `metadata.resourceVersion`.
    pub version: u64,
}

/// One page of a list of metadata.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutlinePage<K: Kind> {
    /// Objects in scope.
    pub items: Vec<Outline<K>>,
    /// The revision of the store that the page shows.
    pub revision: u64,
    /// Where the next page begins; `None` when this is the last one.
    pub next: Option<Cursor>,
}

/// Where a page of a list begins; who made it understands it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// Number of the place: one for each namespace that is listed by itself.
    pub place: usize,
    /// The API server's own mark within it; `None` at its beginning.
    pub token: Option<String>,
}
