//! Service accounts that carry the role's ARN: told when the role is as written, let go with the
//! grant or the role.

use tracing::info;

use crate::{
    api::kinds::iam_role::Applied,
    controller::pass::{context::Pass, drive::Interrupted},
    plan::{
        decide::annotate::{self, AnnotationStep},
        failure::ClusterError,
        form::desired::Desired,
        steps::applied,
    },
    ports::{Clock, Cluster, IamWrite},
};

impl<I: IamWrite, C: Cluster, K: Clock> Pass<'_, I, C, K> {
    /// Part of a pass in which AWS equals the resource: returns what could not be annotated, and
    /// why. `before` is what was applied when the pass began.
    pub(super) async fn annotate(
        &mut self,
        desired: &Desired,
        before: &Applied,
    ) -> Result<Option<String>, Interrupted> {
        let Some(arn) = self.status.arn.clone() else {
            self.status.applied = Some(applied::of(desired));
            return Ok(None);
        };
        let saved = self.resource.status.applied.clone().unwrap_or_default().service_accounts;
        if desired.terms.annotate.iter().any(|name| !saved.contains(name)) {
            // First, so that a crash does not lose whom to let go.
            self.save_applied(desired, before).await?;
        }
        let mut open = Vec::new();
        for name in
            before.service_accounts.iter().filter(|name| !desired.terms.annotate.contains(*name))
        {
            open.extend(self.let_go(name, &arn).await?);
        }
        for name in &desired.terms.annotate {
            let found =
                self.shared.cluster.service_account(&self.resource.key.namespace, name).await;
            open.extend(match found {
                Ok(found) => match annotate::wanted(name, found.as_ref(), &arn) {
                    AnnotationStep::Impossible(why) => Some(why),
                    AnnotationStep::Set => match found {
                        Some(account) => {
                            refusal(name, self.shared.cluster.annotate(&account, Some(&arn)).await)?
                        }
                        None => None,
                    },
                    AnnotationStep::Nothing | AnnotationStep::Clear => None,
                },
                Err(error) => refusal(name, Err(error))?,
            });
        }
        self.status.applied = Some(applied::of(desired));
        Ok((!open.is_empty()).then(|| open.join("; ")))
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
