//! What happens, in the words of the metrics.

use crate::{
    api::reason,
    controller::pass::next::Next,
    metrics::Metrics,
    plan::{
        say::{backoff::Trouble, verdict},
        steps::step::{Call, Step, Why},
    },
};

/// How a pass ended; `None` stands for a panic.
pub(super) fn result(next: Option<&Next>) -> &'static str {
    match next {
        Some(Next::Converged) => "converged",
        Some(Next::Settled) => "settled",
        Some(Next::Again(_) | Next::ConvergedUntil(_)) => "waiting",
        Some(Next::Failed(_)) => "failed",
        Some(Next::Gone) => "gone",
        None => "panicked",
    }
}

/// What keeps a resource from its end.
pub(super) fn trouble(trouble: Trouble) -> &'static str {
    match trouble {
        Trouble::Iam(class) => verdict::reason_of(class),
        Trouble::Cluster => "KubernetesApi",
        Trouble::NotOwned => reason::NOT_OWNED,
        Trouble::Blocked => reason::DELETION_BLOCKED,
        Trouble::NotVisible => "NotVisible",
        Trouble::NotAnnotated => reason::NOT_ANNOTATED,
    }
}

/// Differences that nobody asked for.
pub(super) fn drift(metrics: &Metrics, steps: &[Step]) {
    for part in steps.iter().flat_map(|step| step.call.parts()) {
        metrics.drift.inc([part.class()]);
    }
}

/// A step that was carried out.
pub(super) fn carried_out(metrics: &Metrics, step: &Step, cause: &str) {
    if cause == reason::DRIFT_CORRECTED {
        for part in step.call.parts() {
            metrics.corrections.inc([part.class()]);
        }
    }
    if step.call == Call::DeleteRole {
        metrics.removals.inc([if step.why == Why::Expired { "expired" } else { "deleted" }]);
    }
}
