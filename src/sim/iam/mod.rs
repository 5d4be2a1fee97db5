//! A strict fake of IAM: one account, behind the ports that the driver uses.
//!
//! Every call is recorded, and meets the faults that the test has scheduled. Reads can lag behind
//! writes; writes always work on the newest state, as IAM's do. The rules of IAM itself are in the
//! files beside this one.

pub mod account;
mod edit;
mod flight;
mod read;
pub mod role;
mod rules;
#[cfg(test)]
mod tests;
mod trust;
mod write;

use iam::role::RoleName;
use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};

use self::{
    account::{Account, Quotas},
    flight::Flight,
    rules::Refusal,
};
use crate::{
    pace::{Paces, Rates},
    plan::{
        failure::{IamError, IamErrorClass},
        form::observed::{Attachments, Page, RoleDetail, RoleRecord, RoleSummary},
        steps::step::Step,
    },
    ports::{Behalf, Clock, IamRead, Tenant},
    sim::{
        clock::VirtualClock,
        crash::Crash,
        faults::{Fault, Outcome, Rule, Schedule, carry_out},
    },
};

/// One call that came through the ports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// Number of the call since the beginning, from 1, reads included; clearing the log does not
    /// reset it.
    pub n: u64,
    /// When it was processed.
    pub at: Timestamp,
    /// IAM action.
    pub action: &'static str,
    /// True for a call that changes something.
    pub write: bool,
    /// Role that it is about; absent for listings of the account.
    pub role: Option<String>,
    /// For whom.
    pub tenant: Tenant,
    /// What was sent by a write.
    pub step: Option<Step>,
    /// How it ended.
    pub outcome: Outcome,
}

/// The fake of one account. Clones are the same account and the same client.
#[derive(Clone, Debug)]
pub struct FakeIam {
    state: Arc<Mutex<State>>,
    clock: VirtualClock,
    crash: Crash,
    behalf: Behalf,
}

#[derive(Debug)]
struct State {
    account: Account,
    /// None: calls go at once.
    paces: Option<Arc<Paces>>,
    latency: Duration,
    rng: fastrand::Rng,
    reading: Reading,
    schedule: Schedule<IamErrorClass>,
    flight: Flight,
    denied: BTreeSet<String>,
    /// Whether an answer has told the time.
    told: bool,
    dated: bool,
    log: Vec<Recorded>,
    calls: u64,
    writes: u64,
}

/// How reads behave.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "independent switches of a test")]
struct Reading {
    point_lag: Duration,
    bulk_lag: Duration,
    random_lag: bool,
    page_size: usize,
    short_pages: bool,
    shuffle_trust: bool,
    hide_boundaries: bool,
    circle: bool,
}

/// What a call is about.
struct About<'a> {
    action: &'static str,
    role: Option<&'a str>,
    step: Option<&'a Step>,
}

impl FakeIam {
    /// An empty account, `partition` being `aws`, `aws-cn` or `aws-us-gov`.
    #[must_use]
    pub fn new(account: &str, partition: &str, clock: VirtualClock, crash: Crash) -> Self {
        let reading = Reading {
            point_lag: Duration::ZERO,
            bulk_lag: Duration::ZERO,
            random_lag: false,
            page_size: 100,
            short_pages: false,
            shuffle_trust: false,
            hide_boundaries: false,
            circle: false,
        };
        let state = State {
            account: Account::new(account, partition),
            paces: None,
            latency: Duration::ZERO,
            rng: fastrand::Rng::with_seed(0),
            reading,
            schedule: Schedule::new(),
            flight: Flight::default(),
            denied: BTreeSet::new(),
            told: false,
            dated: true,
            log: Vec::new(),
            calls: 0,
            writes: 0,
        };
        Self { state: Arc::new(Mutex::new(state)), clock, crash, behalf: Behalf::SWEEPS }
    }

    /// An empty account beside this one, in the same process.
    #[must_use]
    pub fn another(&self, id: &str) -> Self {
        let partition = self.lock().account.partition.clone();
        Self::new(id, &partition, self.clock.clone(), self.crash.clone())
    }

    /// The same account for another process, which crashes on its own.
    #[must_use]
    pub fn client(&self, crash: Crash) -> Self {
        Self { crash, ..self.clone() }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on calls wait for their turn at this pace, as those to AWS do, and take `latency`.
    pub fn pace(&self, rates: Rates, latency: Duration) {
        let mut state = self.lock();
        state.paces = Some(Arc::new(Paces::new(rates)));
        state.latency = latency;
    }

    /// Waits for a call's turn.
    async fn wait(&self, write: bool) {
        let paces = self.lock().paces.clone();
        if let Some(paces) = paces {
            paces.turn(write, &self.behalf).await;
        }
    }

    /// Seed of all random choices of this account.
    pub fn seed(&self, seed: u64) {
        self.lock().rng = fastrand::Rng::with_seed(seed);
    }

    /// Reads show the state of so long ago: those of one role, and those of the whole account
    /// (`details`, `summaries`). Changes behind the controller's back are seen as late; see
    /// [`settle`](Self::settle).
    pub fn read_lag(&self, point: Duration, bulk: Duration) {
        let mut state = self.lock();
        state.reading.point_lag = point;
        state.reading.bulk_lag = bulk;
    }

    /// With `true` each read draws its lag anew between zero and the one set: new, old, and new
    /// again.
    pub fn random_read_lag(&self, random: bool) {
        self.lock().reading.random_lag = random;
    }

    /// Items on a page of `details` and `summaries`, default 100; never more than the 1,000 asked
    /// for.
    pub fn page_size(&self, items: usize) {
        self.lock().reading.page_size = items.clamp(1, 1_000);
    }

    /// With `true` a page holds any number of items from one to the page size.
    pub fn short_pages(&self, short: bool) {
        self.lock().reading.short_pages = short;
    }

    /// With `true` lists in trust policies come back in another order on every read.
    pub fn shuffle_trust(&self, shuffle: bool) {
        self.lock().reading.shuffle_trust = shuffle;
    }

    /// With `true` `details` leaves boundaries out, as some stand-ins for AWS do.
    pub fn hide_boundaries(&self, hide: bool) {
        self.lock().reading.hide_boundaries = hide;
    }

    /// With `true` each page but the first says that the next one is that page again.
    pub fn list_in_a_circle(&self, circle: bool) {
        self.lock().reading.circle = circle;
    }

    /// Replaces the quotas; what is already over them stays.
    pub fn quotas(&self, quotas: Quotas) {
        self.lock().account.quotas = quotas;
    }

    /// All calls since the log was cleared.
    #[must_use]
    pub fn calls(&self) -> Vec<Recorded> {
        self.lock().log.clone()
    }

    /// The writes among [`calls`](Self::calls), whatever came of them.
    #[must_use]
    pub fn writes(&self) -> Vec<Recorded> {
        self.lock().log.iter().filter(|call| call.write).cloned().collect()
    }

    /// Writes since the beginning, whatever came of them; clearing the log does not reset it.
    #[must_use]
    pub fn write_count(&self) -> u64 {
        self.lock().writes
    }

    /// Empties the log.
    pub fn clear_log(&self) {
        self.lock().log.clear();
    }

    /// With `false` answers have no `Date`.
    pub fn dated(&self, dated: bool) {
        let mut state = self.lock();
        (state.dated, state.told) = (dated, false);
    }

    /// Schedules a fault.
    pub fn fault(&self, rule: Rule) {
        self.lock().schedule.add(rule);
    }

    /// Forgets all faults; denials stay.
    pub fn clear_faults(&self) {
        self.lock().schedule.clear();
    }

    /// Answers `AccessDenied` to every call of this action.
    pub fn deny(&self, action: &str) {
        self.lock().denied.insert(action.to_owned());
    }

    /// Takes [`deny`](Self::deny) back.
    pub fn allow(&self, action: &str) {
        self.lock().denied.remove(action);
    }

    /// Crashes the controller at its `n`th write to AWS from now, 1 being the next.
    pub fn stop_at_write(&self, n: u64, after: bool) {
        self.fault(Rule::new(Fault::Stop { after }).writes().nth(n));
    }

    /// Completes when the controller has crashed.
    pub async fn crashed(&self) {
        self.crash.crashed().await;
    }

    async fn call<T: Send>(
        &self,
        about: About<'_>,
        apply: impl FnOnce(&mut State, Timestamp) -> Result<T, Refusal> + Send,
    ) -> Result<T, IamError> {
        self.crash.alive().await;
        let write = about.step.is_some();
        if !write {
            self.wait(false).await;
        }
        let flight = about.role.filter(|_| write).map(|role| {
            let State { flight, rng, .. } = &mut *self.lock();
            flight.take_off(role, rng)
        });
        tokio::task::yield_now().await; // as a call over the network would
        let takes = flight.as_ref().map(|flight| flight.takes).unwrap_or_default();
        let latency = self.lock().latency + takes;
        if !latency.is_zero() {
            tokio::time::sleep(latency).await;
        }
        self.crash.alive().await;
        let mut fault = self.lock().schedule.next(about.action, about.role, write);
        if flight.as_ref().is_some_and(|flight| flight.in_the_way) {
            fault = Some(Fault::Error(IamErrorClass::Busy));
        }
        if write && let Some(after) = self.crash.count_write() {
            fault = Some(Fault::Stop { after });
        }
        carry_out(&self.crash, fault, |planned| self.finish(&about, planned, apply)).await
    }

    fn finish<T>(
        &self,
        about: &About<'_>,
        planned: Outcome,
        apply: impl FnOnce(&mut State, Timestamp) -> Result<T, Refusal>,
    ) -> Result<T, IamError> {
        let mut state = self.lock();
        let now = self.clock.now();
        let failed = |class| Refusal::new(class, format!("{class:?}, injected by the simulation"));
        let denied = state.denied.contains(about.action);
        let applied = match planned {
            _ if !planned.processed() => Err(failed(IamErrorClass::Unknown)),
            _ if denied => Err(Refusal::new(
                IamErrorClass::AccessDenied,
                "User is not authorized to perform this action",
            )),
            _ => apply(&mut state, now),
        };
        let (answer, outcome) = match planned {
            Outcome::Done => {
                let outcome = applied
                    .as_ref()
                    .map_or_else(|refusal| Outcome::Failed(refusal.class), |_| Outcome::Done);
                (applied, outcome)
            }
            Outcome::Failed(class) | Outcome::AnswerLost(class) => (Err(failed(class)), planned),
            Outcome::Stopped { .. } | Outcome::Panicked => (applied, planned),
        };
        state.told |= state.dated;
        state.calls += 1;
        state.writes += u64::from(about.step.is_some());
        let recorded = Recorded {
            n: state.calls,
            at: now,
            action: about.action,
            write: about.step.is_some(),
            role: about.role.map(ToOwned::to_owned),
            tenant: self.behalf.tenant.clone(),
            step: about.step.cloned(),
            outcome,
        };
        state.log.push(recorded);
        answer.map_err(|Refusal { class, message }| IamError {
            action: about.action,
            class,
            message,
            request_id: None,
        })
    }

    async fn read<T: Send>(
        &self,
        action: &'static str,
        role: &str,
        show: impl FnOnce(&mut State, Timestamp) -> Option<T> + Send,
    ) -> Result<Option<T>, IamError> {
        let about = About { action, role: Some(role), step: None };
        self.call(about, |state, now| {
            rules::role_name(role)?;
            let at = state.horizon(state.reading.point_lag, now);
            Ok(show(state, at))
        })
        .await
    }
}

impl State {
    /// The moment whose state a read shows.
    fn horizon(&mut self, lag: Duration, now: Timestamp) -> Timestamp {
        let lag = if self.reading.random_lag { lag.mul_f64(self.rng.f64()) } else { lag };
        SignedDuration::try_from(lag).ok().and_then(|lag| now.checked_sub(lag).ok()).unwrap_or(now)
    }
}

impl IamRead for FakeIam {
    fn time(&self) -> Option<Timestamp> {
        // Its clock goes as fast as that of the controller.
        self.lock().told.then(|| self.clock.now())
    }

    fn on_behalf_of(&self, behalf: &Behalf) -> Self {
        Self { behalf: behalf.clone(), ..self.clone() }
    }

    async fn role(&self, name: &RoleName) -> Result<Option<RoleRecord>, IamError> {
        self.read("GetRole", name.as_str(), |state, at| {
            state.seen(name.as_str(), at).map(|role| state.record(&role))
        })
        .await
    }

    async fn attached(&self, name: &RoleName) -> Result<Option<Attachments>, IamError> {
        self.read("ListAttachedRolePolicies", name.as_str(), |state, at| {
            Some(state.seen(name.as_str(), at)?.attached.clone())
        })
        .await
    }

    async fn inline_names(&self, name: &RoleName) -> Result<Option<Vec<String>>, IamError> {
        self.read("ListRolePolicies", name.as_str(), |state, at| {
            Some(state.seen(name.as_str(), at)?.inline.keys().cloned().collect())
        })
        .await
    }

    async fn inline(&self, name: &RoleName, policy: &str) -> Result<Option<String>, IamError> {
        let show = |state: &mut State, at| {
            state
                .seen(name.as_str(), at)?
                .inline
                .get(policy)
                .map(|text| rules::percent_encode(text))
        };
        self.read("GetRolePolicy", name.as_str(), show).await
    }

    async fn default_version(&self, arn: &str) -> Result<Option<String>, IamError> {
        let about = About { action: "GetPolicy", role: None, step: None };
        self.call(about, |state, _| {
            Ok(state.account.policies.get(arn).map(|texts| format!("v{}", texts.len())))
        })
        .await
    }

    async fn policy_version(&self, arn: &str, version: &str) -> Result<Option<String>, IamError> {
        let about = About { action: "GetPolicyVersion", role: None, step: None };
        self.call(about, |state, _| {
            let number = version.strip_prefix('v').and_then(|number| number.parse().ok());
            let texts = state.account.policies.get(arn);
            let text =
                texts.zip(number).and_then(|(texts, at)| texts.get(usize::checked_sub(at, 1)?));
            Ok(text.map(|text| rules::percent_encode(text)))
        })
        .await
    }

    async fn instance_profiles(&self, name: &RoleName) -> Result<Option<Vec<String>>, IamError> {
        let show = |state: &mut State, at| {
            Some(state.seen(name.as_str(), at)?.instance_profiles.iter().cloned().collect())
        };
        self.read("ListInstanceProfilesForRole", name.as_str(), show).await
    }

    async fn oidc_provider(&self, arn: &str) -> Result<Option<Vec<String>>, IamError> {
        let about = About { action: "GetOpenIDConnectProvider", role: None, step: None };
        self.call(about, |state, _| Ok(state.account.oidc_providers.get(arn).cloned())).await
    }

    async fn saml_provider(&self, arn: &str) -> Result<bool, IamError> {
        let about = About { action: "GetSAMLProvider", role: None, step: None };
        self.call(about, |state, _| Ok(state.account.saml_providers.contains(arn))).await
    }

    async fn details(&self, marker: Option<String>) -> Result<Page<RoleDetail>, IamError> {
        let about = About { action: "GetAccountAuthorizationDetails", role: None, step: None };
        self.call(about, |state, now| state.page(marker.as_deref(), now, State::detail)).await
    }

    async fn summaries(&self, marker: Option<String>) -> Result<Page<RoleSummary>, IamError> {
        let about = About { action: "ListRoles", role: None, step: None };
        self.call(about, |state, now| state.page(marker.as_deref(), now, State::summary)).await
    }
}
