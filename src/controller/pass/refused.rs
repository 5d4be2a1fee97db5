//! What becomes of a role while its spec is refused: it is held to what was last written.

use iam::finding::Finding;

use crate::{
    api::{
        kinds::iam_role::{Applied, status::ReplacedPrincipal},
        reason,
    },
    controller::{
        pass::{
            context::Pass,
            drive::{Interrupted, Job, Progress, drive},
            next::Next,
            observe::{self, Versions},
            principals,
        },
        tally,
    },
    plan::{
        decide::{
            gate::{self, Facts},
            lifetime::Lifetime,
            ownership::{Known, Leave},
            situation::{Aim, Situation, Wait},
        },
        form::{
            fingerprint::Owned,
            held::{Held, HeldDocument},
            observed::{Observed, RolePart},
        },
        say::{
            backoff::Trouble,
            verdict::{Meanwhile, NotDone, Verdict},
        },
        scope::{
            identity::Identity,
            limits::{BoundaryRule, Limits},
        },
        steps::{
            narrow::{self, Narrowing, Open, narrowing},
            principals::without_these,
        },
    },
    ports::{Behalf, Clock, Cluster, IamWrite},
};

/// A role of ours, as AWS has it.
struct Own {
    identity: Identity,
    leave: Leave,
    observed: Observed,
}

impl<I: IamWrite, C: Cluster, K: Clock> Pass<'_, I, C, K> {
    /// Says that the spec is refused, and what becomes of the role; in one write, when the role was
    /// looked at. `observe` says that nothing may be written.
    pub(super) async fn refuse(
        &mut self,
        problems: Vec<Finding>,
        observe: bool,
    ) -> Result<Next, Interrupted> {
        self.status.plan = None;
        self.forget_left();
        let account = self.limits.account.id;
        let elsewhere = self.status.account_id.as_ref().is_some_and(|id| account != **id);
        let (meanwhile, next) = if observe || elsewhere || self.status.role_id.is_none() {
            (Meanwhile::Nothing, Next::Settled)
        } else {
            match self.hold_as_written().await {
                Ok(held) => held,
                Err(Interrupted::Iam(error, step)) => {
                    self.log_failed(&error);
                    let trouble = Trouble::Iam(error.class);
                    (Meanwhile::Failed(error, step), Next::Failed(trouble))
                }
                Err(Interrupted::NotDone(not_done)) => {
                    self.log_not_done(&not_done);
                    let trouble = not_done.trouble();
                    (Meanwhile::NotDone(not_done), Next::Failed(trouble))
                }
                Err(other) => return Err(other),
            }
        };
        self.report(&Verdict::Invalid(problems, meanwhile), next).await
    }

    async fn hold_as_written(&mut self) -> Result<(Meanwhile, Next), Interrupted> {
        let own = match self.own_role().await? {
            Ok(own) => own,
            Err(next) => return Ok((Meanwhile::Nothing, next)),
        };
        let saved = self.status.held.as_deref().and_then(Held::decode);
        let wants = |part: &RolePart| saved.as_ref().is_some_and(|held| held.wants(part));
        let Own { identity, leave, mut observed } = own;
        let (now, settle) = (self.shared.clock.steady(), self.shared.windows.settle);
        self.access.recent().overlay(&identity.role(), &mut observed, wants, now, settle);
        let account = &self.limits.account;
        let saved = saved.or_else(|| {
            // The status is of a version that did not save it.
            let taken = Held::taken(&observed, &self.resource, account);
            self.status.held = taken.as_ref().and_then(|held| held.encode(account));
            taken
        });
        let own = Own { identity, leave, observed };
        let open = self.narrow(own, saved.as_ref()).await?;
        let meanwhile = if saved.is_some() { Meanwhile::Held(open) } else { Meanwhile::Unknown };
        Ok((meanwhile, Next::Settled))
    }

    /// The role, if it is ours; else when to look again.
    async fn own_role(&mut self) -> Result<Result<Own, Next>, Interrupted> {
        let identity = self.identity();
        let role = self.access.iam.role(&identity.name).await?;
        let aim = Aim::Keep { lifetime: Lifetime::Forever, created: self.resource.created };
        let known = Known::of(&self.status);
        let situation = self.situation(&identity, role.as_ref(), known, aim);
        let proven = match &situation {
            Situation::Ours(proof) => !proof.reattached(),
            Situation::NotYet(Wait::Unseen(left, _) | Wait::NotOurs(left, _)) => {
                return Ok(Err(Next::Again(*left)));
            }
            Situation::NotYet(Wait::JustCreated(_) | Wait::TakenUp) => {
                return Ok(Err(Next::Failed(Trouble::NotVisible)));
            }
            _ => false,
        };
        let leave = gate::before_writing(situation, &Facts::default());
        let (true, Some(role), Ok(leave)) = (proven, role, leave) else {
            return Ok(Err(Next::Settled));
        };
        self.shared.memory().absent_since.remove(&identity.key);
        self.note_boundary(None, &role);
        // All of it: a sweep compares all of it with how it is left.
        match observe::whole(&self.access.iam, role, &Owned::default()).await? {
            Some(observed) => Ok(Ok(Own { identity, leave, observed })),
            None => Ok(Err(Next::Failed(Trouble::NotVisible))),
        }
    }

    /// Takes back what allows more than was last written; returns what stays otherwise.
    async fn narrow(&mut self, own: Own, saved: Option<&Held>) -> Result<Vec<Open>, Interrupted> {
        let Own { identity, mut leave, mut observed } = own;
        let applied = self.status.applied.clone().unwrap_or_default();
        let namespace = &self.resource.key.namespace;
        let mut lawful = saved.cloned().map(|held| held.within(namespace, self.limits));
        if let Some(HeldDocument::Whole(trust)) = lawful.as_mut().map(|held| &mut held.trust) {
            let gone = self.not_trusted_again(&identity, trust, Some(&observed.role.trust)).await?;
            *trust = without_these(trust, &gone);
        }
        let counts = scope(lawful.as_ref(), &applied);
        let key = identity.role();
        let first = narrowing(lawful.as_ref(), &observed, &counts, &key, self.limits);
        let unread = narrow::unread(&first.open, lawful.as_ref(), &observed);
        let now = self.shared.clock.steady();
        let read = observe::contents(self.access, unread, Versions::Now, now).await;
        observed.contents.extend(read);
        let plan = |held: Option<&Held>, limits: &Limits| {
            narrowing(held, &observed, &scope(held, &applied), &key, limits)
        };
        let Narrowing { mut steps, open } = plan(lawful.as_ref(), self.limits);
        let mut progress = Progress::default();
        if steps.is_empty() {
            self.note_left(&observed, &progress, &Owned::default());
            return Ok(open);
        }
        // What differs also by the limits of back then is drift; else the limits have changed.
        let free = Limits { boundary: BoundaryRule::Free, ..self.limits.clone() };
        let drifted = !plan(saved, &free).steps.is_empty();
        if drifted {
            tally::drift(&self.shared.metrics, &steps);
        }
        self.hold().await?;
        let resource = self.resource.clone();
        let behalf = Behalf::namespace(&resource.key.namespace, true);
        let job = Job {
            access: &self.access.on_behalf_of(&behalf),
            resource: &resource,
            identity: &identity,
            observed: Some(&observed),
            reason: if drifted { reason::DRIFT_CORRECTED } else { reason::UPDATED },
        };
        let boundary = self.limits.operators_boundary();
        let mut not_done = NotDone { failed: Vec::new(), left: Vec::new(), boundary };
        let outcome = loop {
            let outcome =
                drive(self.shared, &job, &steps, &mut leave, &mut progress, &mut self.told).await;
            let failure = match outcome {
                Ok(()) => break Ok(()),
                Err(failure) => failure,
            };
            // AWS takes a trust policy only without whom it does not know.
            let trust = lawful.as_mut().map(|held| &mut held.trust);
            let unknown = match trust {
                Some(HeldDocument::Whole(trust)) => {
                    let unknown = principals::refused(&failure, trust);
                    let gone = unknown.map(|arn| ReplacedPrincipal { arn, id: None });
                    gone.map(|gone| *trust = without_these(trust, &[gone]))
                }
                _ => None,
            };
            match failure {
                Interrupted::NotDone(NotDone { mut failed, .. }) if unknown.is_some() => {
                    failed.retain(|(_, step)| principals::written(step).is_none());
                    not_done.failed.extend(failed);
                    steps = plan(lawful.as_ref(), self.limits).steps;
                    steps.retain(|step| principals::written(step).is_some());
                }
                Interrupted::NotDone(NotDone { failed, .. }) => {
                    not_done.failed.extend(failed);
                    break Ok(());
                }
                other => break Err(other),
            }
        };
        self.note_left(&observed, &progress, &Owned::default());
        if drifted && !progress.done.is_empty() {
            self.note_drift(&progress.done);
        }
        outcome?;
        if not_done.failed.is_empty() { Ok(open) } else { Err(Interrupted::NotDone(not_done)) }
    }
}

/// What of a role counts that was last written so.
fn scope(held: Option<&Held>, applied: &Applied) -> Owned {
    held.map_or_else(Owned::default, |held| {
        let tags = std::iter::empty();
        Owned::among(held.exclusive, (held.attached.iter(), held.inline.keys(), tags), applied)
    })
}
