//! Service accounts that carry the role's ARN: told when the role is as written, let go with the
//! grant or the role.

use tracing::info;

use crate::{
    api::{kinds::iam_role::Applied, reason, resource::ServiceAccount},
    controller::{
        memory::annotated,
        pass::{context::Pass, drive::Interrupted},
    },
    plan::{
        decide::{
            annotate::{self, AnnotationStep},
            contest::Contested,
        },
        failure::ClusterError,
        form::desired::Desired,
        steps::applied,
    },
    ports::{Clock, Cluster, IamWrite},
};

/// What is not annotated, though grants ask for it.
#[derive(Debug, Default)]
pub(super) struct Unannotated {
    /// What could not be, and why.
    pub(super) why: Vec<String>,
    /// What loses the annotation time and again.
    pub(super) contested: Contested,
}

impl<I: IamWrite, C: Cluster, K: Clock> Pass<'_, I, C, K> {
    /// Part of a pass in which AWS equals the resource: returns what is not annotated. `before` is
    /// what was applied when the pass began.
    pub(super) async fn annotate(
        &mut self,
        desired: &Desired,
        before: &Applied,
    ) -> Result<Unannotated, Interrupted> {
        let Some(arn) = self.status.arn.clone() else {
            self.status.applied = Some(applied::of(desired));
            return Ok(Unannotated::default());
        };
        let saved = self.resource.status.applied.clone().unwrap_or_default().service_accounts;
        if desired.terms.annotate.iter().any(|name| !saved.contains(name)) {
            // First, so that a crash does not lose whom to let go.
            self.save_applied(desired, before).await?;
        }
        // Before they are read: what changes from then on is told.
        let wanted = &desired.terms.annotate;
        self.shared.memory().annotated.names_only(&self.resource.key, &arn, wanted);
        let mut open = Unannotated::default();
        for name in before.service_accounts.iter().filter(|name| !wanted.contains(*name)) {
            open.why.extend(self.let_go(name, &arn).await?);
        }
        for name in wanted {
            let found =
                self.shared.cluster.service_account(&self.resource.key.namespace, name).await;
            let why = match found {
                Ok(found) => match (annotate::wanted(name, found.as_ref(), &arn), found) {
                    (AnnotationStep::Impossible(why), _) => Some(why),
                    (AnnotationStep::Set, Some(account)) => {
                        let again = before.service_accounts.contains(name);
                        self.write_arn(&account, &arn, again, &mut open.contested).await?
                    }
                    _ => None,
                },
                Err(error) => refusal(name, Err(error))?,
            };
            open.why.extend(why);
        }
        self.status.applied = Some(applied::of(desired));
        Ok(open)
    }

    /// Writes the ARN on a service account that names no role; one that had it before loses it to
    /// somebody, and may have to wait.
    async fn write_arn(
        &self,
        account: &ServiceAccount,
        arn: &str,
        again: bool,
        contested: &mut Contested,
    ) -> Result<Option<String>, Interrupted> {
        let ServiceAccount { name, .. } = account;
        let (key, now) = (annotated::account(&self.resource.key, name), self.shared.clock.steady());
        let wait = self.shared.memory().annotated.wait(&key, now);
        if let Some(until) = wait.filter(|_| again) {
            let part = format!(
                "service account {name}: it names no role, and the resource asks for {arn}"
            );
            contested.waits(part, until);
            return Ok(None);
        }
        self.shared.memory().annotated.written(&key, arn);
        let why = refusal(name, self.shared.cluster.annotate(account, Some(arn)).await)?;
        if again && why.is_none() {
            self.shared.memory().annotated.corrected(&key, now);
            let note = format!("service account {name} had lost the ARN of the role, and has it");
            info!(resource = %self.resource.key, "{note}");
            self.notice(true, reason::DRIFT_CORRECTED, "Annotate", note).await;
        }
        Ok(why)
    }

    /// The role is gone: nobody is to ask for it any more. What can't be taken off is left, and
    /// logged.
    pub(super) async fn let_all_go(&mut self) -> Result<(), Interrupted> {
        let Some(arn) = self.status.arn.clone() else { return Ok(()) };
        let names = self
            .status
            .applied
            .as_ref()
            .map(|applied| applied.service_accounts.clone())
            .unwrap_or_default();
        for name in &names {
            if let Some(why) = self.let_go(name, &arn).await? {
                info!(resource = %self.resource.key, why, "a service account keeps the ARN of a \
                    role that is gone");
            }
        }
        self.shared.memory().annotated.forget(&self.resource.key);
        if let Some(applied) = &mut self.status.applied {
            applied.service_accounts.clear();
        }
        Ok(())
    }

    async fn let_go(&self, name: &str, arn: &str) -> Result<Option<String>, ClusterError> {
        let found =
            match self.shared.cluster.service_account(&self.resource.key.namespace, name).await {
                Ok(found) => found,
                Err(error) => return refusal(name, Err(error)),
            };
        match (annotate::unwanted(found.as_ref(), arn), found) {
            (AnnotationStep::Clear, Some(account)) => {
                refusal(name, self.shared.cluster.annotate(&account, None).await)
            }
            _ => Ok(None),
        }
    }
}

/// What the API server refuses is told on the resource; anything else interrupts the pass.
fn refusal(name: &str, answer: Result<(), ClusterError>) -> Result<Option<String>, ClusterError> {
    match answer {
        Ok(()) => Ok(None),
        Err(
            error @ (ClusterError::Refused(_) | ClusterError::Conflict(_) | ClusterError::Gone),
        ) => Ok(Some(format!("service account {name} can't be annotated: {error}"))),
        Err(error) => Err(error),
    }
}
