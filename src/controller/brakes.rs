//! The brakes at work: what was done and what was confirmed stand on the Lease, what waits is
//! counted from live objects, and nothing goes before it is counted there.

use std::collections::HashMap;

use jiff::Timestamp;
use tracing::{info, warn};

use crate::{
    api::ResourceKey,
    controller::{
        ledger::Ledger,
        memory::{Memory, brakes::HeldItem, queue::Cause},
        shared::Shared,
    },
    plan::{
        decide::brakes::{
            Brake, Census, Counted, EXPIRIES_A_MINUTE,
            confirm::{self, Accepted, NotAccepted, Verb},
            lot,
        },
        failure::ClusterError,
    },
    ports::{Clock, Cluster, IamWrite},
};
use iam::account::AccountId;

/// Another process may have written in between: so often it is read and tried again.
const TRIES: usize = 5;

/// A role that is to go or to change.
#[derive(Debug)]
pub struct Asked<'a> {
    /// On whose behalf.
    pub key: &'a ResourceKey,
    /// As what it counts.
    pub counted: Counted,
    /// Somebody asks for it by itself: what else waits is not counted, only what was done.
    pub alone: bool,
    /// Its name in a set that is confirmed.
    pub item: String,
    /// The account of the role.
    pub account: AccountId,
}

/// Makes the Lease where there is none: an operator finds it before it is needed.
pub async fn open<I, C: Cluster, K: Clock>(shared: &Shared<I, C, K>) {
    let now = shared.clock.steady();
    if let Err(error) = shared.ledger.lock().await.read(&shared.cluster, now).await {
        warn!(%error, "the Lease of the installation can't be read, so no role is removed");
    }
}

/// A resource is held no longer; another one looks now, where this one did.
pub fn free<I, C, K: Clock>(shared: &Shared<I, C, K>, key: &ResourceKey) {
    let mut memory = shared.memory();
    let Some(looker) = memory.brakes.free(key) else { return };
    let account = memory.index.get(&looker).map(|entry| entry.role.account);
    drop(memory);
    if let Some(account) = account {
        shared.queue().push(account, looker, shared.clock.steady(), Cause::Full);
    }
}

/// Lets a role go, or tells what holds it. What is let go is counted on the Lease by then.
///
/// # Errors
/// The API server does not answer, or others write to the Lease all the time.
pub async fn admit<I: IamWrite, C: Cluster, K: Clock>(
    shared: &Shared<I, C, K>,
    asked: &Asked<'_>,
) -> Result<Option<Brake>, ClusterError> {
    let mut ledger = shared.ledger.lock().await;
    for _ in 0..TRIES {
        if !ledger.is_fresh(shared.clock.steady()) {
            match ledger.read(&shared.cluster, shared.clock.steady()).await {
                Ok(()) => look(shared, &mut ledger, asked).await?,
                Err(error @ ClusterError::Refused(_)) => {
                    return Ok(Some(Brake::Uncounted(error)));
                }
                Err(error) => return Err(error),
            }
        }
        let now = shared.clock.now();
        match decide(shared, &ledger, asked, now) {
            Decision::Free => return Ok(None),
            Decision::Count => {}
            Decision::Brake(brake) => return Ok(Some(brake)),
        }
        let (mut done, accepted) = (ledger.done.clone(), ledger.accepted.clone());
        done.add(asked.counted, asked.account.as_str(), &asked.key.namespace, now);
        match ledger.write(&shared.cluster, done, accepted).await {
            Ok(()) => {
                shared.memory().brakes.counted(asked.item.clone(), now);
                return Ok(None);
            }
            Err(ClusterError::Conflict(_) | ClusterError::Gone) => {}
            Err(error) => return Err(error),
        }
    }
    Err(ClusterError::Conflict("the Lease keeps changing".into()))
}

/// What comes of a role that asks.
enum Decision {
    /// It goes, and is not counted: it was before, or somebody has confirmed it.
    Free,
    /// It goes as soon as it is counted.
    Count,
    /// It waits.
    Brake(Brake),
}

fn decide<I: IamWrite, C, K: Clock>(
    shared: &Shared<I, C, K>,
    ledger: &Ledger,
    asked: &Asked<'_>,
    now: Timestamp,
) -> Decision {
    let mut memory = shared.memory();
    if let Some(accepted) = ledger.confirmed(asked.counted, &asked.item, now) {
        return match accepted.confirmation.verb {
            Verb::Keep => Decision::Brake(Brake::Kept),
            Verb::Removals => Decision::Free,
            Verb::Changes if has_turn(&memory, accepted, asked, swept(shared, asked.account)) => {
                Decision::Free
            }
            Verb::Changes => Decision::Brake(Brake::Turn),
        };
    }
    if memory.brakes.was_counted(&asked.item, now) {
        return Decision::Free;
    }
    if asked.counted == Counted::Expiries {
        let gone = ledger.done.this_minute(asked.counted, asked.account.as_str(), now);
        return if gone < EXPIRIES_A_MINUTE {
            Decision::Count
        } else {
            Decision::Brake(Brake::Minute(memory.brakes.next_minute(now)))
        };
    }
    let census = census(shared, &memory, ledger, asked, now);
    match census.over(&asked.key.namespace) {
        Some(over) => Decision::Brake(Brake::Over(asked.counted, over)),
        None => Decision::Count,
    }
}

fn swept<I, C, K>(shared: &Shared<I, C, K>, account: AccountId) -> bool {
    shared.accounts.get(account).is_some_and(|account| account.sweeping().complete())
}

/// Counts what waits and what was done in the account of a role that asks; with it, whether or not
/// the watch has told of it.
fn census<I: IamWrite, C, K: Clock>(
    shared: &Shared<I, C, K>,
    memory: &Memory,
    ledger: &Ledger,
    asked: &Asked<'_>,
    now: Timestamp,
) -> Census {
    let mut census = Census { swept: swept(shared, asked.account), ..Census::default() };
    for (key, entry) in memory.index.iter().filter(|(_, entry)| entry.role.account == asked.account)
    {
        let space = census.spaces.entry(key.namespace.clone()).or_default();
        space.roles += usize::from(entry.expected);
        // What is over goes at its own pace, deleted or not.
        let waits = key == asked.key
            || !asked.alone && entry.waits(asked.counted) && !shared.is_over(entry);
        let item = || confirm::item(asked.counted, entry.uid(), entry.wanted_hash().as_deref());
        if waits && (key == asked.key || !is_settled(memory, ledger, asked, &item(), now)) {
            space.pending += 1;
        }
    }
    for (namespace, done) in ledger.done.lately(asked.counted, asked.account.as_str(), now) {
        census.spaces.entry(namespace.to_owned()).or_default().done += done;
    }
    census
}

/// Whether something that waits is counted already, or confirmed.
fn is_settled(
    memory: &Memory,
    ledger: &Ledger,
    asked: &Asked<'_>,
    item: &str,
    now: Timestamp,
) -> bool {
    memory.brakes.was_counted(item, now) || ledger.confirmed(asked.counted, item, now).is_some()
}

/// Whether a confirmed change is in the lot that goes now.
fn has_turn(memory: &Memory, accepted: &Accepted, asked: &Asked<'_>, swept: bool) -> bool {
    let roles = memory.index.entries().filter(|entry| entry.expected).count();
    let share = Census { swept, ..Census::default() }.share(roles);
    let mut open: Vec<&ResourceKey> = memory
        .index
        .iter()
        .filter(|(_, entry)| !entry.converged && !entry.is_deleting())
        .filter(|(_, entry)| {
            let hash = entry.wanted_hash();
            accepted.covers(&confirm::item(Counted::Changes, entry.uid(), hash.as_deref()))
        })
        .map(|(key, _)| key)
        .collect();
    open.sort();
    let size = lot(accepted.total(), open.len(), share);
    open.iter().take(size).any(|key| *key == asked.key)
}

/// Looks at what an operator has confirmed, and wakes what is held no longer. `asked` looks, and
/// finds out about itself.
async fn look<I: IamWrite, C: Cluster, K: Clock>(
    shared: &Shared<I, C, K>,
    ledger: &mut Ledger,
    asked: &Asked<'_>,
) -> Result<(), ClusterError> {
    let now = shared.clock.now();
    let confirm = ledger.notes.as_ref().map(|notes| notes.confirm.clone()).unwrap_or_default();
    let mut news = Vec::new();
    for confirmation in confirm::read(&confirm) {
        let told = match confirmation {
            Err(unclear) => unclear.to_string(),
            Ok(confirmation) => {
                if ledger.accepted.iter().any(|known| known.confirmation == confirmation) {
                    continue;
                }
                let memory = shared.memory();
                let counted = confirmation.verb.counted();
                let sets = memory.brakes.sets(counted, |item| {
                    !ledger.accepted.iter().any(|known| known.confirms(counted, item, now))
                });
                match Accepted::of(&confirmation, sets, now) {
                    Ok(accepted) => {
                        news.push(accepted);
                        continue;
                    }
                    // It stays on the Lease until the next one is written.
                    Err(NotAccepted::Over) => continue,
                    Err(error) => format!("{confirmation}: {error}"),
                }
            }
        };
        if ledger.told.insert(told.clone()) {
            warn!(confirmation = %told, "a confirmation is ignored");
        }
    }
    if !news.is_empty() {
        for accepted in &news {
            info!(confirmation = %accepted.confirmation, "an operator has confirmed what was held");
        }
        let known = ledger.accepted.iter().filter(|accepted| accepted.counts(now)).cloned();
        let accepted = known.chain(news).collect();
        // Nothing counts that is not saved; the next look finds it again.
        let done = ledger.done.clone();
        ledger.write(&shared.cluster, done, accepted).await?;
    }
    wake(shared, ledger, asked, now);
    Ok(())
}

/// Asks for a pass of each resource that is held no longer.
fn wake<I: IamWrite, C, K: Clock>(
    shared: &Shared<I, C, K>,
    ledger: &Ledger,
    asked: &Asked<'_>,
    now: Timestamp,
) {
    let memory = shared.memory();
    let mut counts: HashMap<(Counted, AccountId), Census> = HashMap::new();
    let mut free = Vec::new();
    for (key, HeldItem { counted, item }) in memory.brakes.held() {
        let account = memory.index.get(key).map(|entry| entry.role.account);
        let Some(account) = account.filter(|_| key != asked.key) else { continue };
        let held = Asked { key, counted: *counted, alone: false, item: item.clone(), account };
        let goes = match ledger.confirmed(*counted, item, now) {
            Some(accepted) if accepted.confirmation.verb == Verb::Changes => {
                has_turn(&memory, accepted, &held, swept(shared, account))
            }
            Some(_) => true,
            None => counts
                .entry((*counted, account))
                .or_insert_with(|| census(shared, &memory, ledger, &held, now))
                .over(&key.namespace)
                .is_none(),
        };
        if goes {
            free.push((account, key.clone()));
        }
    }
    for (account, key) in free {
        shared.queue().push(account, key, shared.clock.steady(), Cause::Full);
    }
}
