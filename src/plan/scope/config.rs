//! Settings of the engine, resolved.

use std::time::Duration;

use crate::plan::scope::resolve::Sources;

/// For how long what AWS shows is not believed, because reads of IAM lag behind writes. Zero
/// switches a window off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Windows {
    /// After an own write its part is taken to be what was written.
    pub settle: Duration,
    /// Between the sweep that saw drift and the read that confirms it.
    pub confirm: Duration,
    /// Between the two reads that prove an expected role absent.
    pub absence: Duration,
    /// After an own create, "no such role" means waiting.
    pub create: Duration,
}

/// Settings of the engine.
#[derive(Clone, Debug)]
pub struct Config {
    /// What resources may ask for.
    pub sources: Sources,
    /// How long reads are not believed.
    pub windows: Windows,
    /// From the end of one sweep to the beginning of the next.
    pub sweep_interval: Duration,
    /// Namespaces that are watched; empty for all.
    pub namespaces: Vec<String>,
    /// How long a removal waits for others of its namespace to show.
    pub removal_wave: Duration,
    /// Passes at the same time.
    pub max_concurrent: usize,
    /// Roles that one namespace may have; `None` is no bound.
    pub max_roles: Option<usize>,
}
