//! A sweep reads all roles of the account, in as few calls as AWS allows, and compares fingerprints
//! as the pages stream by. It holds a reader only: it cannot write.

use std::{
    collections::{BTreeMap, HashMap},
    panic::AssertUnwindSafe,
    pin::pin,
    sync::Arc,
    time::{Duration, Instant},
};

use futures::{FutureExt, Stream, TryStreamExt, stream};
use jiff::Timestamp;
use tokio::{
    sync::{mpsc, watch},
    time::timeout,
};
use tracing::{debug, error, info, warn};

use crate::{
    accounts::Access,
    api::ResourceKey,
    controller::{
        memory::{
            index::{Entry, Index},
            queue::Cause,
        },
        providers,
        shared::{Health, Shared},
    },
    metrics::whole,
    plan::{
        decide::ownership,
        failure::{IamError, IamErrorClass},
        form::{
            fingerprint,
            observed::{Contents, Observed, Page, RoleDetail, RoleSummary},
            pages::Pages,
            settle::within,
        },
        scope::identity,
        steps::principals,
    },
    ports::{Behalf, Clock, IamRead},
};
use iam::role::{RoleKey, RoleName};

/// A resource whose role differs from what it should be, as far as a page shows.
#[derive(Debug)]
pub struct Suspect {
    /// The resource.
    pub key: ResourceKey,
    /// What the closer look has to read.
    pub cause: Cause,
    /// What differs may be a part that we wrote lately: a page and a read of one moment may both
    /// show what was before. Elsewhere they are two witnesses.
    pub lately: bool,
}

/// How many roles a sweep saw; `None` for one that panicked.
pub type Swept = Option<Result<usize, IamError>>;

/// Longer than the slowest pace needs for the largest account: one that lasts longer never ends.
const LONGEST_SWEEP: Duration = Duration::from_hours(1);

fn too_long() -> IamError {
    IamError {
        action: "GetAccountAuthorizationDetails",
        class: IamErrorClass::Unreachable,
        message: "the sweep did not end within an hour".into(),
        request_id: None,
    }
}

/// Sweeps the account once. Returns the number of roles in it.
///
/// # Errors
/// The first page that failed, or no end: a sweep that did not complete says nothing about absence.
pub async fn sweep<I: IamRead, C, K: Clock>(
    shared: &Shared<I, C, K>,
    access: &Access<I>,
    suspects: &mpsc::UnboundedSender<Suspect>,
) -> Result<usize, IamError> {
    let all = Box::pin(read_all(shared, access, suspects));
    timeout(LONGEST_SWEEP, all).await.unwrap_or_else(|_| Err(too_long()))
}

/// A page of one of the two listings.
enum Listed {
    Details(Vec<RoleDetail>),
    Summaries(Vec<RoleSummary>),
}

/// The pages of a listing, one after the other, each with the time at which it was asked for.
fn pages<'a, K, T, F>(
    clock: &'a K,
    action: &'static str,
    read: impl Fn(Option<String>) -> F + Send + 'a,
) -> impl Stream<Item = Result<(Timestamp, Vec<T>), IamError>> + Send + 'a
where
    K: Clock,
    T: Send + 'a,
    F: Future<Output = Result<Page<T>, IamError>> + Send + 'a,
{
    let begin = (read, Some(None), Pages::of(action));
    stream::try_unfold(begin, move |(read, marker, mut pages)| async move {
        let Some(marker) = marker else { return Ok(None) };
        let requested = clock.steady();
        let page = read(marker).await?;
        let next = pages.turn(page.next)?.map(Some);
        Ok(Some(((requested, page.items), (read, next, pages))))
    })
}

async fn read_all<I: IamRead, C, K: Clock>(
    shared: &Shared<I, C, K>,
    access: &Access<I>,
    suspects: &mpsc::UnboundedSender<Suspect>,
) -> Result<usize, IamError> {
    let begun = shared.clock.steady();
    // Each role that was seen, and whether its details were.
    let mut seen: HashMap<RoleKey, bool> = HashMap::new();
    // Of roles whose details are still to come: who looks closer reads what both listings show to
    // differ.
    let mut early: Vec<(RoleKey, Suspect)> = Vec::new();
    let installation = &shared.sources.of(access.id()).installation;
    let mut owned: BTreeMap<RoleName, ResourceKey> = BTreeMap::new();
    // Side by side: each listing is read page after page, and neither waits for the other. The
    // first failure drops both.
    let (clock, iam) = (&shared.clock, &access.iam);
    let details = pages(clock, "GetAccountAuthorizationDetails", |marker| iam.details(marker));
    let summaries = pages(clock, "ListRoles", |marker| iam.summaries(marker));
    let mut listed = pin!(stream::select(
        details.map_ok(|(requested, page)| (requested, Listed::Details(page))),
        summaries.map_ok(|(requested, page)| (requested, Listed::Summaries(page))),
    ));
    while let Some((requested, listed)) = listed.try_next().await? {
        // Pages are no snapshot: a role that only one of the listings shows exists all the same.
        match listed {
            Listed::Details(page) => {
                for mut detail in page {
                    match detail.role.boundary {
                        Some(_) => access.boundaries().shown(),
                        None => {
                            detail.role.boundary = access.boundaries().of(&detail.role.name);
                        }
                    }
                    let role = RoleKey { account: access.id(), name: detail.role.name.clone() };
                    seen.insert(role, true);
                    compare_detail(shared, access, &detail, requested, suspects);
                    let resource = ownership::resource_of(installation, &detail.role);
                    owned.extend(resource.map(|resource| (detail.role.name, resource)));
                }
            }
            Listed::Summaries(page) => {
                for summary in page {
                    let role = RoleKey { account: access.id(), name: summary.name.clone() };
                    let found = compare_summary(shared, access, &summary, requested);
                    early.extend(found.into_iter().map(|suspect| (role.clone(), suspect)));
                    seen.entry(role).or_default();
                }
            }
        }
        let described = |role: &RoleKey| seen.get(role).copied().unwrap_or_default();
        for (_, suspect) in early.extract_if(.., |(role, _)| described(role)) {
            let _ = suspects.send(suspect);
        }
        if shared.stopping() {
            return Ok(seen.len());
        }
    }
    for (_, suspect) in early {
        let _ = suspects.send(suspect);
    }
    let mut expected = Vec::new();
    {
        let memory = shared.memory();
        for key in memory.index.keys() {
            let Some(entry) = memory.index.get(key) else { continue };
            if entry.role.account != access.id() || !entry.expected || !entry.comparable(begun) {
                continue;
            }
            if seen.contains_key(&entry.role) {
                expected.push(entry.role.name.clone());
            } else {
                debug!(resource = %key, role = %entry.role.name, "the sweep did not see the role");
                // Two reads that are apart follow: the first need not wait as well.
                let (key, cause) = (key.clone(), Cause::Full);
                let _ = suspects.send(Suspect { key, cause, lately: false });
            }
        }
    }
    tell_unclaimed(shared, access, owned);
    read_boundaries(shared, access, expected, suspects).await;
    providers::swept(shared, access).await;
    Ok(seen.len())
}

/// Where pages hide boundaries, reads some of the roles one by one. One that can't be read is left
/// for another time: its pass tells why.
async fn read_boundaries<I: IamRead, C, K: Clock>(
    shared: &Shared<I, C, K>,
    access: &Access<I>,
    expected: Vec<RoleName>,
    suspects: &mpsc::UnboundedSender<Suspect>,
) {
    let next = access.boundaries().next(expected);
    for name in next {
        if shared.stopping() {
            return;
        }
        let requested = shared.clock.steady();
        let Ok(Some(role)) = access.iam.role(&name).await else { continue };
        if access.boundaries().read(&name, role.boundary.as_deref()) {
            let role = RoleKey { account: access.id(), name };
            let unsettled = unsettled(shared, access, &role, requested);
            for key in shared.memory().index.claimants(&role) {
                let (key, cause) = (key.clone(), Cause::Full);
                let _ = suspects.send(Suspect { key, cause, lately: unsettled });
            }
        }
    }
}

/// Owned roles that no resource claims are counted and told: nobody else would find them.
fn tell_unclaimed<I, C, K>(
    shared: &Shared<I, C, K>,
    access: &Access<I>,
    mut owned: BTreeMap<RoleName, ResourceKey>,
) {
    let mut memory = shared.memory();
    let account = access.id();
    let limits = shared.sources.of(account);
    owned.retain(|name, resource| {
        let role = RoleKey { account, name: name.clone() };
        // Of a namespace that is not watched nobody can say whether the resource is there.
        let known = shared.namespaces.is_empty() || shared.namespaces.contains(&resource.namespace);
        // Under its former name a resource finds its role with its first pass, which a pause can
        // keep from coming.
        let former = || {
            identity::former_name(resource, limits).is_some_and(|former| former == *name)
                && memory.index.get(resource).is_some()
        };
        known && !memory.index.claimants(&role).any(|claimant| claimant == resource) && !former()
    });
    let unclaimed = memory.unclaimed.entry(account).or_default();
    for (role, resource) in unclaimed.swept(owned) {
        warn!(
            account = account.as_str(),
            %role,
            %resource,
            "the role belongs to this installation but has no resource: it stays as it is; apply \
             the resource again, or delete the role in AWS"
        );
    }
    shared.metrics.unclaimed_roles.set([account.as_str()], whole(unclaimed.count()));
}

/// One sweep of one account, as a task of its own.
pub async fn once<I: IamRead, C: Send + Sync, K: Clock>(
    shared: Arc<Shared<I, C, K>>,
    account: Arc<Access<I>>,
    suspects: mpsc::UnboundedSender<Suspect>,
) -> (Arc<Access<I>>, Swept) {
    let begun = Instant::now();
    let access = account.on_behalf_of(&Behalf::SWEEPS);
    let swept = AssertUnwindSafe(sweep(&shared, &access, &suspects));
    let result = swept.catch_unwind().await.ok();
    if matches!(result, Some(Ok(_))) {
        let took = begun.elapsed().as_secs_f64();
        shared.metrics.sweep_duration.observe([account.id().as_str()], took);
    }
    (account, result)
}

/// What a sweep that has ended means for its account, for the metrics and for readiness.
pub fn ended<I: IamRead, C, K: Clock>(
    shared: &Shared<I, C, K>,
    account: &Access<I>,
    result: &Swept,
    health: &watch::Sender<Health>,
) {
    let now = shared.clock.steady();
    let windows = shared.windows;
    account.recent().prune(now, windows.settle.max(windows.create));
    let (metrics, id) = (&*shared.metrics, account.id());
    let id = id.as_str();
    match result {
        None => {
            error!(account = id, "the sweep met a bug and is retried");
            metrics.sweeps.inc([id, "panicked"]);
            metrics.panics.inc(["sweep"]);
            account.sweeping().broke(now, shared.sweep_interval);
        }
        Some(result) => {
            match result {
                Ok(roles) => {
                    if !account.sweeping().complete() {
                        info!(account = id, roles, "the first sweep is complete");
                    }
                    metrics.sweeps.inc([id, "complete"]);
                    metrics.sweep_roles.set([id], whole(*roles));
                    let wall = shared.clock.now().as_second();
                    metrics.sweep_last_success_timestamp.set([id], wall);
                    // What was looked at while drift was unseen says so.
                    let said = shared.memory().index.unseen(account.id());
                    for key in said {
                        shared.queue().push(account.id(), key, now, Cause::Full);
                    }
                }
                Err(error) => {
                    metrics.sweeps.inc([id, "failed"]);
                    let (class, request_id) = (error.class, error.request_id.as_deref());
                    warn!(
                        %error,
                        ?class,
                        account = id,
                        request_id,
                        "the sweep failed and is retried; nothing is concluded from it"
                    );
                }
            }
            let jitter = if result.is_err() { shared.clock.jitter() } else { 0.0 };
            account.sweeping().ended(result, now, shared.sweep_interval, jitter);
        }
    }
    let (trouble, clocks) = (shared.accounts.trouble(), shared.clock_trouble());
    let blind_from = shared.accounts.blind_from(shared.sweep_interval).map(|at| {
        let wait = Duration::try_from(at.duration_since(now)).unwrap_or_default();
        tokio::time::Instant::now() + wait
    });
    health.send_modify(|health| {
        health.trouble = trouble;
        health.blind_from = blind_from;
        health.clocks = clocks;
    });
}

fn compare_detail<I, C, K: Clock>(
    shared: &Shared<I, C, K>,
    access: &Access<I>,
    detail: &RoleDetail,
    requested: Timestamp,
    suspects: &mpsc::UnboundedSender<Suspect>,
) {
    let mut memory = shared.memory();
    let key = RoleKey { account: access.id(), name: detail.role.name.clone() };
    let keys: Vec<ResourceKey> = memory.index.claimants(&key).cloned().collect();
    if keys.is_empty() {
        return;
    }
    if detail.profiles.is_empty() {
        for key in keys.iter().filter(|key| memory.held_by_profile.remove(*key)) {
            debug!(resource = %key, "no instance profile holds the role any more");
            let (key, cause) = (key.clone(), Cause::Full);
            let _ = suspects.send(Suspect { key, cause, lately: false });
        }
    }
    // What lately was written is laid over a copy: the hint has what the page shows.
    let lately = access.recent().knows(&key);
    let settled = lately.then(|| {
        let RoleDetail { role, attached, inline, profiles: _ } = detail.clone();
        let mut settled = Observed { role, attached, inline, contents: Contents::new() };
        // An unanswered write is tried again by its own pass; until then the resource is not
        // compared.
        let now = shared.clock.steady();
        access.recent().overlay(&key, &mut settled, |_| true, now, shared.windows.settle);
        settled
    });
    let unsettled = unsettled(shared, access, &key, requested);
    let form = settled.as_ref().map_or_else(|| detail.form(), Observed::form);
    for key in keys {
        let healing = memory.index.get(&key).is_some_and(|entry| may_heal(&memory.index, entry));
        let Some(entry) = memory.index.get_mut(&key) else { continue };
        let Some((wanted, other)) = entry.compared(requested) else { continue };
        let found = fingerprint::authorization(form, &entry.scope, &access.account);
        let mut reported = entry.reported();
        let known =
            reported.as_mut().is_some_and(|seen| seen.authorization.replace(found) == Some(found));
        let there = reported.is_some_and(|seen| seen.attributes == Some(other));
        if healing || worth_a_look(Equal { here: found == wanted, there }, entry, known) {
            let cause = entry.closer_look(Some(Box::new(detail.clone())));
            let _ = suspects.send(Suspect { key, cause, lately: unsettled });
        }
    }
}

fn compare_summary<I, C, K: Clock>(
    shared: &Shared<I, C, K>,
    access: &Access<I>,
    summary: &RoleSummary,
    requested: Timestamp,
) -> Vec<Suspect> {
    let unsettled = |role| unsettled(shared, access, role, requested);
    let mut suspects = Vec::new();
    let mut memory = shared.memory();
    let role = RoleKey { account: access.id(), name: summary.name.clone() };
    let keys: Vec<ResourceKey> = memory.index.claimants(&role).cloned().collect();
    for key in keys {
        let settled =
            access.recent().attributes(&role, shared.clock.steady(), shared.windows.settle);
        let Some(entry) = memory.index.get_mut(&key) else { continue };
        let Some((other, wanted)) = entry.compared(requested) else { continue };
        let found = settled.unwrap_or_else(|| {
            fingerprint::attributes(summary.description.as_deref(), summary.max_session)
        });
        let mut reported = entry.reported();
        let known =
            reported.as_mut().is_some_and(|seen| seen.attributes.replace(found) == Some(found));
        let there = reported.is_some_and(|seen| seen.authorization == Some(other));
        if worth_a_look(Equal { here: found == wanted, there }, entry, known) {
            let cause = entry.closer_look(None);
            suspects.push(Suspect { key, cause, lately: unsettled(&role) });
        }
    }
    suspects
}

/// Whether a read that was asked for at this time may show a part of the role as it was before a
/// write of ours that is not laid over it. What was written before we began nobody knows.
fn unsettled<I, C, K: Clock>(
    shared: &Shared<I, C, K>,
    access: &Access<I>,
    role: &RoleKey,
    requested: Timestamp,
) -> bool {
    let settle = shared.windows.settle;
    within(shared.begun, requested, settle)
        || access.recent().unsettled(role, requested, shared.clock.steady(), settle)
}

/// Whether a principal that is held back may be a role that we made again ourselves.
fn may_heal(index: &Index, entry: &Entry) -> bool {
    let principals = entry.held.iter().flat_map(|held| &held.principals);
    principals
        .filter_map(|principal| Some((principals::role_of(&principal.arn)?, &principal.id)))
        .any(|(role, id)| index.role_ids(&role).any(|known| Some(known.as_str()) != id.as_deref()))
}

/// Whether a role is as desired, in the stream that is looked at and in the other one.
#[derive(Clone, Copy)]
struct Equal {
    here: bool,
    there: bool,
}

/// A resource is looked at when it differs from what is written, or else from what was left. One
/// that only observes, and has a difference on record, when there is another one than the sweep
/// before saw (`known`), or none any more.
fn worth_a_look(equal: Equal, entry: &Entry, known: bool) -> bool {
    if entry.observe && !entry.converged {
        !known || (equal.here && equal.there)
    } else {
        !equal.here
    }
}
