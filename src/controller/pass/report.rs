//! What a pass says on its resource: status, Events, and the words for what kept it from its end.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use tracing::{debug, error, info, warn};

use crate::api::kinds::iam_role::Applied;
use crate::plan::form::{fingerprint::Owned, observed::Observed};
use crate::{
    api::{ResourceKey, RoleStatus, condition, kinds::iam_role::Drift, reason, resource::Resource},
    controller::{
        pass::{
            context::Pass,
            drive::{Interrupted, publish},
            next::Next,
        },
        shared::Shared,
    },
    plan::{
        failure::{ClusterError, IamError},
        say::{
            backoff::Trouble,
            conditions,
            notice::Notice,
            verdict::{self, NotDone, Verdict},
            words,
        },
        steps::step::Step,
    },
    ports::{Clock, Cluster, IamWrite},
};
use iam::finding::Finding;

impl<I: IamWrite, C: Cluster, K: Clock> Pass<'_, I, C, K> {
    pub(super) fn note_drift(&mut self, steps: &[Step]) {
        let now = self.shared.clock.steady();
        if let Some(entry) = self.shared.memory().index.get_mut(&self.resource.key) {
            let corrections = entry.corrections.get_or_insert_default();
            let parts: BTreeSet<_> = steps.iter().flat_map(|step| step.call.parts()).collect();
            for part in parts {
                corrections.corrected(part, now);
            }
        }
        let mut parts: Vec<String> = steps
            .iter()
            .flat_map(|step| step.call.parts())
            .map(|part| words::cut(&part.to_string(), 64))
            .collect();
        parts.sort();
        parts.dedup();
        parts.truncate(50);
        let count = self.status.drift.as_ref().map_or(0, |drift| drift.count).saturating_add(1);
        self.status.drift = Some(Drift {
            last_corrected_at: conditions::whole_seconds(self.shared.clock.now()),
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
    ///
    /// A pass that the pause or the spec itself ended has observed this generation and not read it:
    /// neither was the role found equal to it, nor is its hash in status.
    pub(super) async fn tell_warnings(&self, warnings: &[Finding], hash: &str) {
        let (status, generation) = (&self.resource.status, Some(self.resource.generation));
        let read = status.observed_generation == generation
            && !words::tell_a_pause(&status.conditions)
            && (status.applied_generation == generation
                || status.desired_hash.as_deref() == Some(hash));
        if warnings.is_empty() || read {
            return;
        }
        let lines: Vec<String> = warnings.iter().map(ToString::to_string).collect();
        self.notice(true, reason::TRUST_WARNING, "Compile", lines.join("; ")).await;
    }

    /// What a role that is taken up again brings along.
    pub(super) async fn tell_reattached(
        &mut self,
        observed: &Observed,
        scope: &Owned,
        applied: &Applied,
    ) {
        let mut left: Vec<String> = Vec::new();
        left.extend(observed.attached.iter().filter(|arn| !scope.has_attachment(arn)).cloned());
        left.extend(
            observed
                .inline
                .keys()
                .filter(|name| !scope.has_inline(name))
                .map(|name| format!("inline policy {name}")),
        );
        left.extend(
            observed
                .role
                .tags
                .keys()
                .filter(|key| !scope.has_tag(key))
                .map(|key| format!("tag {key}")),
        );
        let mut note =
            format!("role {} carries this resource's tags and is kept", observed.role.name);
        if *applied == Applied::default() && !left.is_empty() {
            note.push_str(
                "; it also has the following, which stays, because there is no record that \
                 rolewright wrote it: ",
            );
            note.push_str(&left.join(", "));
        }
        self.notice(false, reason::REATTACHED, "Reattach", note).await;
    }

    /// Tells what was done to the role since it was told last: one Event, and not one for each
    /// step, because they would be most of what a pass writes to the API server.
    pub(super) async fn tell_done(&mut self) {
        for notice in Notice::of_steps(&std::mem::take(&mut self.told)) {
            publish(self.shared, &self.resource, &notice).await;
        }
    }

    /// Writes the status if it says anything new.
    pub(super) async fn save(&mut self, verdict: &Verdict) -> Result<(), ClusterError> {
        say(self.shared, &self.resource, &mut self.status, verdict).await?;
        self.resource.status.clone_from(&self.status);
        Ok(())
    }

    pub(super) async fn report(
        &mut self,
        verdict: &Verdict,
        next: Next,
    ) -> Result<Next, Interrupted> {
        self.tell_done().await;
        self.save(verdict).await?;
        Ok(next)
    }

    async fn fail(&mut self, verdict: &Verdict, trouble: Trouble) -> Next {
        match self.save(verdict).await {
            Ok(()) | Err(ClusterError::Conflict(_)) => Next::Failed(trouble),
            Err(ClusterError::Gone) => Next::Gone,
            Err(error) => {
                let key = &self.resource.key;
                info!(resource = %key, %error, "the failure could not be reported");
                Next::Failed(trouble)
            }
        }
    }

    /// Logs a call that ended a pass.
    pub(super) fn log_failed(&self, error: &IamError) {
        let key = &self.resource.key;
        // Before the first status its name is only known from the spec, without letter case.
        let named = self.shared.memory().index.get(key).map(|entry| entry.role.clone());
        let named = named.as_ref().map(|role| role.name.as_str());
        warn!(
            resource = %key,
            account = self.limits.account.id.as_str(),
            role = self.status.role_name.as_deref().or(named),
            request_id = error.request_id.as_deref(),
            class = ?error.class,
            %error,
            "an AWS call failed"
        );
    }

    /// Logs the steps that failed.
    pub(super) fn log_not_done(&self, not_done: &NotDone) {
        for (error, step) in &not_done.failed {
            warn!(
                resource = %self.resource.key,
                account = self.limits.account.id.as_str(),
                role = %step.role.name,
                request_id = error.request_id.as_deref(),
                class = ?error.class,
                %error,
                "a step of the plan failed; the steps that do not need it are done"
            );
        }
    }

    pub(super) async fn interrupted(&mut self, interrupted: Interrupted) -> Next {
        let key = self.resource.key.clone();
        match interrupted {
            Interrupted::Iam(error, step) => {
                self.log_failed(&error);
                let (verdict, trouble) = match words::role_not_found(&error, step.as_deref()) {
                    Some(message) => (
                        Verdict::Waiting(reason::WAITING_FOR_ABSENCE, message),
                        Trouble::NotVisible,
                    ),
                    None => (Verdict::Failed(error.clone(), step), Trouble::Iam(error.class)),
                };
                self.fail(&verdict, trouble).await
            }
            Interrupted::NotDone(mut not_done) => {
                self.log_not_done(&not_done);
                not_done.boundary = self.limits.operators_boundary();
                let trouble = not_done.trouble();
                self.fail(&Verdict::NotDone(not_done), trouble).await
            }
            Interrupted::Cluster(ClusterError::Gone) => Next::Gone,
            Interrupted::Cluster(error) => {
                info!(resource = %key, %error, "the API server refused or failed");
                Next::Failed(Trouble::Cluster)
            }
            Interrupted::Stopping => Next::Settled,
            Interrupted::ProofTooOld => {
                debug!(resource = %key, "the proof of ownership is too old: reading again");
                Next::Again(Duration::ZERO)
            }
        }
    }
}

/// Says a verdict on its resource: in the status, if that is another one then, and as an Event
/// where it is news.
pub(in crate::controller) async fn say<I: IamWrite, C: Cluster, K: Clock>(
    shared: &Shared<I, C, K>,
    resource: &Resource,
    status: &mut RoleStatus,
    verdict: &Verdict,
) -> Result<(), ClusterError> {
    words::conclude(status, resource.generation, verdict, shared.clock.now());
    if *status == resource.status {
        return Ok(());
    }
    shared.cluster.write_status(resource, &conditions::own(status)).await?;
    tell_news(shared, resource, status, verdict).await;
    Ok(())
}

/// An Event for what the status newly says: with a new reason, and for a refusal also with a new
/// generation or another message. The same refusal, pass after pass, is told once.
async fn tell_news<I: IamWrite, C: Cluster, K: Clock>(
    shared: &Shared<I, C, K>,
    resource: &Resource,
    status: &RoleStatus,
    verdict: &Verdict,
) {
    if matches!(verdict, Verdict::Working(..) | Verdict::WouldChange) {
        return;
    }
    let ready = |status| conditions::find(status, condition::READY);
    let Some(after) = ready(&status.conditions) else { return };
    let reason = reason::constant(&after.reason);
    // Where all is well again after a step, that is told as the step. This no step has ended.
    let unusable = |before: &Condition| before.reason == reason::PROVIDER_UNUSABLE;
    if *verdict == Verdict::Ready && !ready(&resource.status.conditions).is_some_and(unusable) {
        return;
    }
    let refusal = verdict::REFUSALS.contains(&reason);
    let same = ready(&resource.status.conditions).is_some_and(|before| {
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
    let warning =
        !matches!(verdict, Verdict::Ready | Verdict::Paused { .. } | Verdict::Waiting(..));
    publish(
        shared,
        resource,
        &Notice { warning, reason, action: "Reconcile", note: after.message.clone() },
    )
    .await;
}

/// A panic: the resource says so and waits for a change; the process lives.
pub fn park<I: IamWrite, C: Cluster, K: Clock>(shared: &Arc<Shared<I, C, K>>, key: ResourceKey) {
    shared.metrics.panics.inc(["pass"]);
    error!(resource = %key, "a pass panicked; the resource is set aside until it changes");
    let shared = Arc::clone(shared);
    tokio::spawn(async move {
        if let Ok(Some(resource)) = shared.cluster.get(&key).await {
            let mut status = resource.status.clone();
            if let Err(error) = say(&shared, &resource, &mut status, &Verdict::Panicked).await {
                warn!(resource = %key, %error, "the panic could not be reported");
            }
        }
    });
}
