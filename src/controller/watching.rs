//! Whether the watch still tells everything. A store that was set back to an older state goes on
//! from its older revision, and a watch that resumes beyond it is silent and looks well until it is
//! reached again: for minutes or hours nothing is seen of what happens. So the revision is asked
//! for every half minute, and what the list of metadata shows is compared once an hour, and after
//! each outage, with what is known. Where they disagree, all resources are listed anew.

use std::{collections::HashSet, sync::Arc, time::Duration};

use futures::future;
use tokio::{
    sync::{Notify, mpsc, watch},
    task::JoinSet,
};
use tracing::{debug, warn};

use crate::{
    api::{ResourceKey, kind::Kind, kinds::iam_role::IamRole, object::Outline},
    controller::{
        memory::index::Entry,
        shared::{Health, Shared},
    },
    election::leadership::SetBack,
    metrics::Metrics,
    plan::failure::ClusterError,
    ports::{Clock, Objects},
};

/// Between two looks at the revision.
const EVERY: Duration = Duration::from_secs(30);
/// Before the next look after one that failed, or after the watch did.
const SOON: Duration = Duration::from_secs(5);
/// Looks in a row that fail before readiness says so: a minute of them.
const FAILED: u32 = 12;
/// Between two comparisons.
const HOUR: Duration = Duration::from_hours(1);
/// From one page of a comparison to the next, unless there are so many that the API server would
/// forget its marks.
const PAUSE: Duration = Duration::from_secs(5);
const COMPARISON: Duration = Duration::from_mins(4);
/// Objects on a page, about.
const PAGE: usize = 500;
/// The watch has this long to tell what a read has shown.
const LAG: Duration = Duration::from_secs(5);

/// What a check has found.
#[derive(Debug)]
pub enum Found {
    /// The watch misses something: what showed it (a label of the metric), and in words.
    Missed(&'static str, String),
    /// What keeps the watch from telling everything, in words; empty when nothing does.
    Trouble(String),
}

/// The checks under way; they end with this.
pub struct Checks {
    found: mpsc::UnboundedReceiver<Found>,
    set_back: SetBack,
    soon: Arc<Notify>,
    _tasks: JoinSet<()>,
}

impl Checks {
    /// Begins them; the election says `set_back`.
    pub fn begin<I, C, K>(shared: &Arc<Shared<I, C, K>>, set_back: SetBack) -> Self
    where
        I: Send + Sync + 'static,
        C: Objects<IamRole>,
        K: Clock,
    {
        let (sender, found) = mpsc::unbounded_channel();
        let soon = Arc::<Notify>::default();
        let mut tasks = JoinSet::new();
        let (shared, alarm) = (Arc::clone(shared), Arc::clone(&soon));
        tasks.spawn(async move {
            let outage = Notify::new();
            future::join(
                look(&shared, &alarm, &outage, &sender),
                compare(&shared, &outage, &sender),
            )
            .await;
        });
        Self { found, set_back, soon, _tasks: tasks }
    }

    /// Completes when one has found something.
    pub async fn next(&mut self) -> Found {
        tokio::select! {
            Some(found) = self.found.recv() => found,
            () = self.set_back.told() => {
                let words = "the Lease is older than what this process wrote, so the store of the \
                    API server was restored";
                Found::Missed("lease", words.into())
            }
        }
    }

    /// The watch has failed: the store may be set back when it is there again.
    pub fn watch_failed(&self) {
        self.soon.notify_one();
    }
}

/// Says what was found. True when everything is to be listed anew.
pub fn tell(found: Found, health: &watch::Sender<Health>, metrics: &Metrics) -> bool {
    let (words, anew) = match found {
        Found::Missed(cause, words) => {
            metrics.relists.inc([cause]);
            (format!("{words}: the resources are listed again"), true)
        }
        Found::Trouble(words) => (words, false),
    };
    if !words.is_empty() {
        warn!(message = words, "the watch has missed changes");
    }
    health.send_modify(|health| health.watch = words);
    anew
}

/// Looks at the revision for ever.
async fn look<I, C: Objects<IamRole>, K: Clock>(
    shared: &Shared<I, C, K>,
    alarm: &Notify,
    outage: &Notify,
    found: &mpsc::UnboundedSender<Found>,
) {
    let (mut highest, mut failed, mut wait) = (0, 0_u32, EVERY);
    let mut said = String::new();
    loop {
        tokio::select! {
            () = shared.clock.sleep(wait) => {}
            () = alarm.notified() => {
                failed = failed.max(1);
                shared.clock.sleep(SOON).await;
            }
        }
        // What is known before the question is asked can't be higher than the answer.
        let known = shared.memory().newest.max(highest);
        let mut trouble = String::new();
        wait = SOON;
        match shared.cluster.revision().await {
            Ok(revision) => {
                if revision < known {
                    let words = format!(
                        "the store of the API server was restored from revision {known} to \
                         {revision}"
                    );
                    let _ = found.send(Found::Missed("revision", words));
                } else if failed > 0 {
                    // Who was set back and has caught up meanwhile has the higher revision again.
                    outage.notify_one();
                }
                (highest, failed, wait) = (revision, 0, EVERY);
            }
            Err(ClusterError::Gone) => {
                failed = failed.saturating_add(1);
                trouble = IamRole::row().missing();
            }
            Err(error) => {
                failed = failed.saturating_add(1);
                debug!(%error, "the revision of the store could not be read");
                if failed >= FAILED || matches!(error, ClusterError::Refused(_)) {
                    trouble = format!("{} can't be listed: {error}", IamRole::row().many());
                }
            }
        }
        if trouble != said {
            said.clone_from(&trouble);
            let _ = found.send(Found::Trouble(trouble));
        }
    }
}

/// Compares once an hour, and after each outage. Where in the hour is left to chance, so that not
/// all controllers of a cluster do it at one time.
async fn compare<I, C: Objects<IamRole>, K: Clock>(
    shared: &Shared<I, C, K>,
    outage: &Notify,
    found: &mpsc::UnboundedSender<Found>,
) {
    let mut wait = HOUR.mul_f64(shared.clock.jitter());
    loop {
        // In minutes: the system's clock does not sleep for longer at one time.
        tokio::select! {
            () = outage.notified() => {}
            () = async {
                for _ in 0..(wait.as_secs() / 60).max(1) {
                    shared.clock.sleep(Duration::from_mins(1)).await;
                }
            } => {}
        }
        wait = HOUR;
        match missed(shared).await {
            Ok(None) => {}
            Ok(Some(words)) => {
                let _ = found.send(Found::Missed("comparison", words));
            }
            Err(error) => {
                debug!(%error, "what is known could not be compared; it is tried again");
                wait = Duration::ZERO;
            }
        }
    }
}

/// Which state of an object is there.
struct State {
    uid: String,
    generation: i64,
    version: u64,
}

/// What the watch has missed, in words. What differs is read: a list is older than what the watch
/// tells meanwhile.
async fn missed<I, C: Objects<IamRole>, K: Clock>(
    shared: &Shared<I, C, K>,
) -> Result<Option<String>, ClusterError> {
    let mut unseen = shared.memory().index.all_keys();
    let pages = u32::try_from(unseen.len() / PAGE).unwrap_or(u32::MAX).saturating_add(1);
    let pause = PAUSE.min(COMPARISON / pages);
    let (mut from, mut first) = (None, None);
    loop {
        let page = shared.cluster.outlines(from).await?;
        let revision = *first.get_or_insert(page.revision);
        let mut suspects = {
            let memory = shared.memory();
            let differs = |outline: &&Outline<IamRole>| match memory.index.get(&outline.key) {
                None => true,
                Some(entry) => {
                    entry.version <= page.revision
                        && !entry.is(&outline.uid, outline.generation, outline.version)
                }
            };
            let suspects = page.items.iter().filter(differs);
            suspects.map(|outline| outline.key.clone()).collect::<Vec<_>>()
        };
        for outline in &page.items {
            unseen.remove(&outline.key);
        }
        let last = page.next.is_none();
        if last {
            suspects.extend(gone(shared, &unseen, revision));
        }
        if let Some(key) = confirmed(shared, suspects).await? {
            return Ok(Some(format!("the watch missed a change of IAMRole {key}")));
        }
        from = page.next;
        if last || shared.stopping() {
            return Ok(None);
        }
        shared.clock.sleep(pause).await;
    }
}

/// Those that were there before the first page, and that no page has shown.
fn gone<I, C, K>(
    shared: &Shared<I, C, K>,
    unseen: &HashSet<Arc<ResourceKey>>,
    revision: u64,
) -> Vec<ResourceKey> {
    let memory = shared.memory();
    let older = |key: &&Arc<ResourceKey>| {
        memory.index.get(key).is_some_and(|entry| entry.version <= revision)
    };
    unseen.iter().filter(older).map(|key| ResourceKey::clone(key)).collect()
}

/// The first of `suspects` whose state the watch has not told, though it had time to.
async fn confirmed<I, C: Objects<IamRole>, K: Clock>(
    shared: &Shared<I, C, K>,
    suspects: Vec<ResourceKey>,
) -> Result<Option<ResourceKey>, ClusterError> {
    if suspects.is_empty() {
        return Ok(None);
    }
    let revision = shared.cluster.revision().await?;
    let mut read = Vec::with_capacity(suspects.len());
    for key in suspects {
        let state = shared.cluster.get(&key).await?.map(|object| State {
            uid: object.uid,
            generation: object.generation,
            version: object.version,
        });
        read.push((key, state));
    }
    shared.clock.sleep(LAG).await;
    let memory = shared.memory();
    let mut missed = read
        .into_iter()
        .filter(|(key, state)| untold(memory.index.get(key), state.as_ref(), revision));
    Ok(missed.next().map(|(key, _)| key))
}

/// Whether what was read, after the store was at `revision`, is not what the watch has told since.
fn untold(entry: Option<&Entry>, read: Option<&State>, revision: u64) -> bool {
    match (entry, read) {
        (None, read) => read.is_some(),
        (Some(entry), None) => entry.version <= revision,
        (Some(entry), Some(read)) => {
            entry.version < read.version
                || (entry.version <= revision
                    && !entry.is(&read.uid, read.generation, read.version))
        }
    }
}
