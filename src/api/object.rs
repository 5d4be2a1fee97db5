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
    /// Annotation `rolewright.dev/paused`.
    pub pause: Pause,
    /// Annotation `rolewright.dev/reconcile-requested-at`.
    pub reconcile_requested_at: Option<String>,
    /// Annotation of `kubectl apply`: JSON text of the manifest. Undecoded, as `spec`.
    pub last_applied: Option<String>,
    /// JSON text of `spec`.
    pub spec: String,
    /// Status as last written.
    pub status: K::Status,
}

/// What the annotation `rolewright.dev/paused` asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Pause {
    /// Nothing: it is missing, or `false`.
    #[default]
    No,
    /// A pause: it is `true`.
    Yes,
    /// It is neither. Whoever wrote `yes` or `True` meant a pause, and nobody else sets it.
    Unclear(String),
}

impl Pause {
    /// Reads the annotation.
    #[must_use]
    pub fn of(annotation: Option<&str>) -> Self {
        match annotation {
            None | Some("false") => Self::No,
            Some("true") => Self::Yes,
            Some(other) => Self::Unclear(other.to_owned()),
        }
    }

    /// Whether a pause is meant.
    #[must_use]
    pub fn is_meant(&self) -> bool {
        *self != Self::No
    }
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

#[cfg(test)]
mod tests {
    use super::Pause;

    #[test]
    fn all_but_false_is_meant_as_a_pause() {
        for none in [None, Some("false")] {
            assert_eq!(Pause::of(none), Pause::No);
            assert!(!Pause::of(none).is_meant());
        }
        assert_eq!(Pause::of(Some("true")), Pause::Yes);
        for unclear in ["yes", "True", "1", "on", "", " true", "False", "no", "0"] {
            let pause = Pause::of(Some(unclear));
            assert_eq!(pause, Pause::Unclear(unclear.to_owned()));
            assert!(pause.is_meant(), "{unclear}");
        }
    }
}
