//! What a pass says on its resource: status, Events, and the words for what kept it from its end.

use std::time::Duration;

use tracing::{debug, info};

use crate::{
    api::{RoleStatus, kinds::iam_role::Drift, reason, resource::Resource},
    controller::{
        pass::{
            context::Pass,
            drive::{Interrupted, publish},
            next::Next,
        },
        shared::Shared,
    },
    plan::{
        failure::ClusterError,
        say::{
            backoff::Trouble,
            notice::Notice,
            verdict::{self, Verdict},
        },
        steps::step::Step,
    },
    ports::{Clock, Cluster, IamWrite},
};
use iam::finding::Finding;

impl<I: IamWrite, C: Cluster, K: Clock> Pass<'_, I, C, K> {
    pub(super) fn note_drift(&mut self, steps: &[Step]) {
        let mut parts: Vec<String> = steps
            .iter()
            .flat_map(|step| step.call.parts())
            .map(|part| verdict::cut(&part.to_string(), 64))
            .collect();
        parts.sort();
        parts.dedup();
        parts.truncate(50);
        let count = self.status.drift.as_ref().map_or(0, |drift| drift.count).saturating_add(1);
        self.status.drift = Some(Drift {
            last_corrected_at: verdict::whole_seconds(self.shared.clock.now()),
            parts,
            by: None,
            count,
        });
    }

    pub(super) async fn notice(
        &self,
        warning: bool,
        reason: &'static str,
        action: &'static str,
        note: String,
    ) {
        publish(self.shared, &self.resource, &Notice { warning, reason, action, note }).await;
    }

    /// Tells what may surprise in the spec, once for each generation: with the first pass that gets
    /// as far as to read it.
    pub(super) async fn tell_warnings(&self, warnings: &[Finding]) {
        let seen = self.resource.status.observed_generation == Some(self.resource.generation);
        let unread = [reason::PAUSED, reason::INVALID_SPEC].map(Some);
        if warnings.is_empty()
            || (seen && !unread.contains(&verdict::ready_reason(&self.resource.status)))
        {
            return;
        }
        let lines: Vec<String> = warnings.iter().map(ToString::to_string).collect();
        self.notice(true, reason::TRUST_WARNING, "Compile", lines.join("; ")).await;
    }

    /// Writes the status if it says anything new.
    pub(super) async fn save(&mut self, verdict: &Verdict) -> Result<(), ClusterError> {
        verdict::conclude(
            &mut self.status,
            self.resource.generation,
            verdict,
            self.shared.clock.now(),
        );
        if self.status == self.resource.status {
            return Ok(());
        }
        self.shared.cluster.write_status(&self.resource, &self.status).await?;
        tell_news(self.shared, &self.resource, &self.status, verdict).await;
        self.resource.status = self.status.clone();
        Ok(())
    }

    pub(super) async fn report(
        &mut self,
        verdict: &Verdict,
        next: Next,
    ) -> Result<Next, Interrupted> {
        self.save(verdict).await?;
        Ok(next)
    }

    pub(super) async fn interrupted(&mut self, interrupted: Interrupted) -> Next {
        let key = self.resource.key.clone();
        match interrupted {
            Interrupted::Iam(error, step) => {
                // Before the first status its name is only known from the spec, without letter
                // case.
                let named = self.shared.memory().index.get(&key).map(|entry| entry.role.clone());
                info!(
                    resource = %key,
                    account = self.shared.limits.account.id.as_str(),
                    role = self.status.role_name.as_deref().or(named.as_deref()),
                    request_id = error.request_id.as_deref(),
                    class = ?error.class,
                    %error,
                    "an AWS call failed"
                );
                let (verdict, trouble) = match verdict::role_not_found(&error, step.as_deref()) {
                    Some(message) => (
                        Verdict::Waiting(reason::WAITING_FOR_ABSENCE, message),
                        Trouble::NotVisible,
                    ),
                    None => (Verdict::Failed(error.clone(), step), Trouble::Iam(error.class)),
                };
                match self.save(&verdict).await {
                    Ok(()) | Err(ClusterError::Conflict(_)) => Next::Failed(trouble),
                    Err(ClusterError::Gone) => Next::Gone,
                    Err(error) => {
                        info!(resource = %key, %error, "the failure could not be reported");
                        Next::Failed(trouble)
                    }
                }
            }
            Interrupted::Cluster(ClusterError::Gone) => Next::Gone,
            Interrupted::Cluster(error) => {
                info!(resource = %key, %error, "the API server refused or failed");
                Next::Failed(Trouble::Cluster)
            }
            Interrupted::Stopping => Next::Settled,
            Interrupted::ProofTooOld => {
                debug!(resource = %key, "ownership is not proven any more: reading again");
                Next::Again(Duration::ZERO)
            }
        }
    }
}

/// An Event for what the status newly says: with a new reason, and for a refusal also with a new
/// generation or another message. The same refusal, pass after pass, is told once.
pub(in crate::controller) async fn tell_news<I: IamWrite, C: Cluster, K: Clock>(
    shared: &Shared<I, C, K>,
    resource: &Resource,
    status: &RoleStatus,
    verdict: &Verdict,
) {
    if matches!(verdict, Verdict::Ready | Verdict::Working(..) | Verdict::WouldChange) {
        return;
    }
    let Some(after) = status.conditions.first() else { return };
    let reason = reason::constant(&after.reason);
    let refusal = verdict::REFUSALS.contains(&reason);
    let same = resource.status.conditions.first().is_some_and(|before| {
        before.reason == after.reason
            && !(refusal
                && (before.message != after.message
                    || before.observed_generation != after.observed_generation))
    });
    if same {
        return;
    }
    if refusal {
        shared.metrics.refusals.inc([reason]);
    }
    let warning = !matches!(verdict, Verdict::Paused { .. } | Verdict::Waiting(..));
    publish(
        shared,
        resource,
        &Notice { warning, reason, action: "Reconcile", note: after.message.clone() },
    )
    .await;
}
