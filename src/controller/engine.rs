//! Watch → decide → drive → report, and sweeps beside it. One task owns queue and back-off; passes
//! run as tasks of their own, so that a panic in one parks one resource.

use iam::role::RoleKey;
use std::{
    collections::{HashMap, HashSet},
    panic::AssertUnwindSafe,
    pin::pin,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use futures::{FutureExt, StreamExt};
use jiff::{SignedDuration, Timestamp};
use tokio::{
    sync::{mpsc, watch},
    task::JoinSet,
};
use tracing::{Instrument, info, info_span, warn};

use crate::{
    accounts::{Access, Accounts},
    api::{ResourceKey, kinds::iam_role::IamRole, object::WatchEvent},
    controller::{
        annotated, brakes, census,
        memory::{
            compiled::Compiled,
            index::Entry,
            queue::{Cause, Running},
        },
        pass::{next::Next, pass, report},
        shared::{Health, Shared},
        sweep::{self, Suspect, Swept},
        tally, watched,
        watching::{self, Checks},
    },
    election::{
        leadership::{Fenced, Leadership, SetBack},
        pulse::{Heart, Pulse},
    },
    metrics::Metrics,
    plan::{
        failure::IamError,
        say::backoff::Streak,
        scope::{config::Config, resolve::resolve},
    },
    ports::{Clock, Cluster, IamWrite},
};

/// A wall clock that moves by more against the steady one was set.
const SET: SignedDuration = SignedDuration::from_secs(1);

/// Why the engine ended by itself.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// Without the bulk read no drift can be seen.
    #[error(
        "the account can't be swept: {0}: allow iam:GetAccountAuthorizationDetails and \
         iam:ListRoles for the controller, \
         then start it again"
    )]
    SweepDenied(IamError),
}

/// What the engine listens to and tells.
#[derive(Clone, Debug)]
pub struct Signals {
    /// Turns true when the process is to end.
    pub stop: watch::Receiver<bool>,
    /// How the engine is doing.
    pub health: watch::Sender<Health>,
    /// Whether this process may write.
    pub leadership: Leadership,
    /// Whether the store behind the API server was set back, as the Lease shows.
    pub set_back: SetBack,
    /// Who asks whether the loop still turns.
    pub pulse: Pulse,
}

/// Runs until `stop` turns true, and finishes the step in flight first; or until leadership ends,
/// and abandons it then.
///
/// # Errors
/// [`RunError`] when it can't do its work with the rights that it has.
pub async fn run<I: IamWrite, C: Cluster, K: Clock>(
    accounts: Accounts<I>,
    cluster: C,
    clock: K,
    config: Config,
    metrics: Arc<Metrics>,
    signals: Signals,
) -> Result<(), RunError> {
    let Signals { stop, health, leadership, set_back, pulse } = signals;
    let shared = Arc::new(Shared {
        accounts,
        cluster: Fenced::new(cluster, leadership.clone()),
        begun: clock.steady(),
        clock,
        sources: config.sources,
        windows: config.windows,
        namespaces: config.namespaces,
        sweep_interval: config.sweep_interval,
        max_roles: config.max_roles,
        wave: config.removal_wave,
        leadership,
        metrics,
        ledger: tokio::sync::Mutex::default(),
        memory: Mutex::default(),
        queue: Mutex::default(),
        stop: stop.clone(),
    });
    census::offer(&shared);
    brakes::open(&shared).await;
    for account in shared.accounts.iter() {
        shared.metrics.keeps(account.id().as_str());
    }
    let (suspect_sender, suspects) = mpsc::unbounded_channel();
    let ahead = shared.clock.now().duration_since(shared.clock.steady());
    let checks = Checks::begin(&shared, set_back);
    let accounts = annotated::Accounts::watch(&shared, health.subscribe());
    let engine = Engine {
        shared,
        checks,
        accounts,
        streaks: HashMap::new(),
        passes: JoinSet::new(),
        running: HashMap::new(),
        again: HashSet::new(),
        listed: None,
        sweeps: JoinSet::new(),
        suspect_sender,
        ahead,
        max_concurrent: config.max_concurrent,
        health,
    };
    engine.run(stop, suspects, pulse.heart("the engine")).await
}

struct Engine<I, C, K> {
    shared: Arc<Shared<I, C, K>>,
    checks: Checks,
    accounts: annotated::Accounts,
    streaks: HashMap<ResourceKey, Streak>,
    passes: JoinSet<(ResourceKey, Option<Next>)>,
    /// The role of each running pass: writes are serialised on it.
    running: HashMap<ResourceKey, RoleKey>,
    /// Changed while their pass was running.
    again: HashSet<ResourceKey>,
    /// While a list is coming in: what it has brought.
    listed: Option<HashSet<ResourceKey>>,
    sweeps: JoinSet<(Arc<Access<I>>, Swept)>,
    suspect_sender: mpsc::UnboundedSender<Suspect>,
    /// How far the wall clock is ahead of the steady one.
    ahead: SignedDuration,
    max_concurrent: usize,
    health: watch::Sender<Health>,
}

impl<I: IamWrite, C: Cluster, K: Clock> Engine<I, C, K> {
    async fn run(
        mut self,
        mut stop: watch::Receiver<bool>,
        mut suspects: mpsc::UnboundedReceiver<Suspect>,
        mut heart: Heart,
    ) -> Result<(), RunError> {
        self.begin_list();
        let mut events = Box::pin(watched::events(&self.shared));
        let leadership = self.shared.leadership.clone();
        let mut lost = pin!(leadership.ended());
        loop {
            self.mind_the_wall_clock();
            // One moment for both: what falls due between two readings of the clock would be taken
            // for started.
            let now = self.now();
            self.start_due(now);
            let timer = self.timer(now);
            tokio::select! {
                biased;
                _ = stop.wait_for(|stop| *stop) => break,
                () = &mut lost => break,
                () = heart.beat() => {}
                Some(done) = self.passes.join_next() => {
                    if let Ok((key, next)) = done {
                        self.finish(key, next);
                    }
                }
                found = self.checks.next() => {
                    if watching::tell(found, &self.health, &self.shared.metrics) {
                        self.begin_list();
                        events = Box::pin(watched::events(&self.shared));
                    }
                }
                Some((event, compiled)) = events.next() => self.watched(event, compiled),
                Some(suspect) = suspects.recv() => self.suspected(suspect),
                key = self.accounts.next() => self.changed(key),
                Some(done) = self.sweeps.join_next() => if let Ok((account, result)) = done {
                    self.swept(&account, &result)?;
                },
                () = timer => {}
            }
        }
        // No new step begins (every pass asks); the one in flight ends.
        while self.passes.join_next().await.is_some() {}
        Ok(())
    }

    /// What a new watch tells begins with a list.
    fn begin_list(&mut self) {
        self.listed = Some(HashSet::new());
        self.shared.memory().newest = 0;
    }

    /// By the steady clock: whatever is due here is due by that.
    fn now(&self) -> Timestamp {
        self.shared.clock.steady()
    }

    /// Whoever sets the wall clock moves the ends of lifetimes.
    fn mind_the_wall_clock(&mut self) {
        let ahead = self.shared.clock.now().duration_since(self.now());
        if (ahead - std::mem::replace(&mut self.ahead, ahead)).abs() <= SET {
            return;
        }
        warn!("the clock of this machine was set");
        self.health.send_modify(|health| health.clocks = self.shared.clock_trouble());
        self.wake_the_ending();
    }

    /// The clocks show other times than when the ends of lifetimes were looked at last.
    fn wake_the_ending(&mut self) {
        let keys: Vec<ResourceKey> = self.shared.memory().index.ending().cloned().collect();
        for key in keys {
            self.wake_at_deadline(&key, true);
        }
    }

    /// Completes when something is due next.
    fn timer(&self, now: Timestamp) -> impl Future<Output = ()> + Send + use<I, C, K> {
        // What is due already and did not start waits for a pass to end, not for time.
        let pass = self.shared.queue().next_after(now);
        let next =
            if self.may_start() { pass.into_iter().chain(self.next_sweep()).min() } else { None };
        let shared = Arc::clone(&self.shared);
        async move {
            match next {
                Some(at) => {
                    shared
                        .clock
                        .sleep(at.duration_since(now).try_into().unwrap_or(Duration::ZERO))
                        .await;
                }
                None => std::future::pending().await,
            }
        }
    }

    /// While a list is coming in, claims on names are incomplete: nothing begins.
    fn may_start(&self) -> bool {
        self.listed.is_none() && self.health.borrow().synced
    }

    fn start_due(&mut self, now: Timestamp) {
        if !self.may_start() {
            return;
        }
        loop {
            let memory = self.shared.memory();
            let running = &self.running;
            let free = |key: &ResourceKey| {
                !running.contains_key(key)
                    && memory
                        .index
                        .get(key)
                        .is_none_or(|entry| !running.values().any(|role| *role == entry.role))
            };
            let most = self.max_concurrent;
            let popped = self.shared.queue().pop(now, Running { roles: running, most }, free);
            let Some((key, cause)) = popped else { break };
            let role = memory.index.get(&key).map(|entry| entry.role.clone());
            drop(memory);
            let Some(role) = role else { continue };
            self.running.insert(key.clone(), role);
            self.spawn(key, cause);
        }
        for account in self.shared.accounts.iter() {
            if account.sweeping().begin(now) {
                self.sweeps.spawn(sweep::once(
                    Arc::clone(&self.shared),
                    Arc::clone(account),
                    self.suspect_sender.clone(),
                ));
            }
        }
    }

    /// When the next sweep of any account begins.
    fn next_sweep(&self) -> Option<Timestamp> {
        self.shared.accounts.iter().filter_map(|account| account.sweeping().next()).min()
    }

    fn spawn(&mut self, key: ResourceKey, cause: Cause) {
        let shared = Arc::clone(&self.shared);
        let span = info_span!("pass", resource = %key);
        self.passes.spawn(
            async move {
                let begun = Instant::now();
                let next = AssertUnwindSafe(pass(&shared, &key, cause)).catch_unwind().await.ok();
                let took = begun.elapsed().as_secs_f64();
                shared.metrics.reconcile_duration.observe([tally::result(next.as_ref())], took);
                (key, next)
            }
            .instrument(span),
        );
    }

    fn watched(&mut self, event: WatchEvent<IamRole>, compiled: Option<Compiled>) {
        match event {
            WatchEvent::Restarted => self.listed = Some(HashSet::new()),
            WatchEvent::Applied(resource) => {
                if let Some(listed) = &mut self.listed {
                    listed.insert(resource.key.clone());
                }
                let Some(compiled) = compiled else { return };
                let needs_pass = {
                    let limits = resolve(&resource, &self.shared.sources);
                    let mut memory = self.shared.memory();
                    memory.newest = memory.newest.max(resource.version);
                    self.shared.queue().moved(limits.account.id, &resource.key);
                    memory.saw(&resource, limits, compiled, self.now())
                };
                if needs_pass {
                    self.changed(resource.key.clone());
                }
                self.wake_at_deadline(&resource.key, false);
                self.fill_room(&resource.key.namespace);
            }
            WatchEvent::Deleted(key) => self.gone(&key),
            WatchEvent::Synced => {
                if let Some(listed) = self.listed.take() {
                    let missing: Vec<ResourceKey> = self
                        .shared
                        .memory()
                        .index
                        .keys()
                        .filter(|key| !listed.contains(*key))
                        .cloned()
                        .collect();
                    for key in missing {
                        self.gone(&key);
                    }
                }
                self.health
                    .send_if_modified(|health| !std::mem::take(&mut health.watch).is_empty());
                if !self.health.borrow().synced {
                    info!(
                        resources = self.shared.memory().index.len(),
                        "the list of resources is complete"
                    );
                    self.health.send_modify(|health| health.synced = true);
                    let now = self.now();
                    for account in self.shared.accounts.iter() {
                        account.sweeping().may_begin(now);
                    }
                }
            }
            WatchEvent::Failed(message) => {
                warn!(%message, "the watch failed and is retried");
                self.checks.watch_failed();
            }
        }
    }

    /// It has a pass now, and one more when one is running.
    fn changed(&mut self, key: ResourceKey) {
        self.streaks.remove(&key);
        if self.running.contains_key(&key) {
            self.again.insert(key);
        } else {
            self.ask_anew(key);
        }
    }

    fn gone(&mut self, key: &ResourceKey) {
        self.shared.queue().remove(key);
        self.streaks.remove(key);
        let heirs = self.shared.memory().forget(key);
        for heir in heirs {
            self.ask_anew(heir);
        }
        self.fill_room(&key.namespace);
    }

    /// Those who waited for room in a namespace, and have it now.
    fn fill_room(&self, namespace: &str) {
        let Some(most) = self.shared.max_roles else { return };
        let over = |entry: &Entry| self.shared.is_over(entry);
        let admitted = self.shared.memory().take_admitted(namespace, most, over);
        for key in admitted {
            self.ask_anew(key);
        }
    }

    /// Asks for a pass over a resource that is there, in the turn of its account and namespace.
    fn ask(&self, key: ResourceKey, at: Timestamp, cause: Cause) {
        let memory = self.shared.memory();
        if let Some(entry) = memory.index.get(&key) {
            self.shared.queue().push(entry.role.account, key, at, cause);
        }
    }

    /// Asks for one now, whatever else was asked for.
    fn ask_anew(&self, key: ResourceKey) {
        self.shared.queue().remove(&key);
        self.ask(key, self.now(), Cause::Full);
    }

    fn wake_at_deadline(&mut self, key: &ResourceKey, held: bool) {
        let memory = self.shared.memory();
        let Some(entry) = memory.index.get(key) else { return };
        let Some(access) = self.shared.accounts.get(entry.role.account) else { return };
        let clocks = self.shared.clocks(access);
        // One that passed while we were not running counts as long as the role is taken to be
        // there.
        let there = entry.expected && (entry.converged || held);
        let deadline = entry.deadline.filter(|end| !clocks.passed(*end) || there);
        drop(memory);
        if let Some(end) = deadline {
            let at = self.now().checked_add(clocks.until(end)).unwrap_or(Timestamp::MAX);
            self.ask(key.clone(), at, Cause::Deadline);
        }
    }

    fn suspected(&mut self, suspect: Suspect) {
        let Suspect { key, cause, lately } = suspect;
        if self.running.contains_key(&key) {
            return;
        }
        let wait = if lately { self.shared.windows.confirm } else { Duration::ZERO };
        let at = self.now().checked_add(wait).unwrap_or(Timestamp::MAX);
        info!(resource = %key, "the sweep found a difference; a read of the role confirms it");
        self.ask(key, at, cause);
    }

    fn finish(&mut self, key: ResourceKey, next: Option<Next>) {
        self.running.remove(&key);
        let now = self.now();
        let later = |wait: Duration| now.checked_add(wait).unwrap_or(Timestamp::MAX);
        let jitter = self.shared.clock.jitter();
        let converged = next.is_some_and(Next::is_converged);
        if !self.shared.memory().index.passed(&key, converged, now) {
            // Gone while its pass was running.
            self.again.remove(&key);
            self.streaks.remove(&key);
            return;
        }
        self.fill_room(&key.namespace);
        if self.again.remove(&key) {
            return self.ask_anew(key);
        }
        match next {
            Some(Next::Converged | Next::Settled) => {
                self.streaks.remove(&key);
            }
            Some(Next::Gone) => return,
            Some(Next::Again(wait) | Next::ConvergedUntil(wait)) => {
                self.ask(key.clone(), later(wait), Cause::Full);
            }
            Some(Next::Failed(trouble)) => {
                self.shared.metrics.retries.inc([tally::trouble(trouble)]);
                let wait = self.streaks.entry(key.clone()).or_default().failed(trouble, jitter);
                self.ask(key.clone(), later(wait), Cause::Full);
            }
            None => return report::park(&self.shared, key),
        }
        // Also after a failure: the end of a lifetime does not wait for a back-off.
        self.wake_at_deadline(&key, false);
    }

    fn swept(&mut self, account: &Access<I>, result: &Swept) -> Result<(), RunError> {
        let apart = !self.health.borrow().clocks.is_empty();
        sweep::ended(&self.shared, account, result, &self.health);
        if apart && self.health.borrow().clocks.is_empty() {
            self.wake_the_ending();
        }
        match self.shared.accounts.all_denied() {
            Some(error) => Err(RunError::SweepDenied(error)),
            None => Ok(()),
        }
    }
}
