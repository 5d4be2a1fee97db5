//! One thing that `rolewright check` tried.

use serde::Serialize;

/// One thing that was tried.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct CheckResult {
    pub(super) ok: bool,
    pub(super) what: String,
    pub(super) said: String,
    /// What to do, for a miss; for what is well it makes a note of it.
    pub(super) remedy: Option<String>,
}

pub(super) fn ok(what: impl Into<String>, said: impl Into<String>) -> CheckResult {
    CheckResult { ok: true, what: what.into(), said: said.into(), remedy: None }
}

pub(super) fn note(
    what: impl Into<String>,
    said: impl Into<String>,
    remedy: impl Into<String>,
) -> CheckResult {
    CheckResult { remedy: Some(remedy.into()), ..ok(what, said) }
}

pub(super) fn miss(
    what: impl Into<String>,
    said: impl Into<String>,
    remedy: impl Into<String>,
) -> CheckResult {
    CheckResult { ok: false, what: what.into(), said: said.into(), remedy: Some(remedy.into()) }
}
