//! Asks AWS for the identity providers that trust policies name. It takes a policy that names one
//! which is not there, so nobody else would tell. What can't be read is not spoken of.

use std::{
    collections::{BTreeSet, HashSet},
    sync::Arc,
};

use iam::trust::provider::{Found, Kind, Needed};
use tracing::{info, warn};

use crate::{
    accounts::Access,
    api::{condition, reason},
    controller::{
        memory::{
            index::Entry,
            providers::{Needs, News, Standing},
            queue::Cause,
        },
        shared::Shared,
    },
    plan::failure::IamError,
    ports::{Clock, IamRead},
};

/// How the providers stand that a resource needs, asked for where that is not known well enough.
/// Whoever has `changed` it, or asks for a look, waits for the answer.
pub(super) async fn standing<I: IamRead, C, K: Clock>(
    shared: &Shared<I, C, K>,
    access: &Access<I>,
    needs: &Needs,
    changed: bool,
) -> Standing {
    for needed in needs {
        ask(shared, access, needed, changed).await;
    }
    shared.memory().providers.standing(needs)
}

/// Asks for one provider, if need be, and nobody else at the same time. True when that is answered
/// otherwise than before.
async fn ask<I: IamRead, C, K: Clock>(
    shared: &Shared<I, C, K>,
    access: &Access<I>,
    needed: &Needed,
    changed: bool,
) -> bool {
    let now = shared.clock.steady();
    if shared.memory().providers.is_fresh(needed, changed, now) {
        return false;
    }
    let turn = shared.memory().providers.turn(&needed.arn);
    let _turn = turn.lock().await;
    if shared.memory().providers.is_fresh(needed, changed, now) {
        return false;
    }
    let answer = read(&access.iam, needed).await;
    let (id, now) = (access.id(), shared.clock.steady());
    let news = shared.memory().providers.keep(id, &needed.arn, &answer, now);
    if let Err(error) = &answer {
        let (account, arn) = (id.as_str(), &needed.arn);
        if news == News::Denied {
            warn!(
                account,
                %arn,
                %error,
                "whether the identity providers are there that roles trust can't be told: allow \
                 the controller iam:GetOpenIDConnectProvider and iam:GetSAMLProvider, as \
                 rolewright policy controller prints them"
            );
        } else {
            info!(account, %arn, %error, "whether the provider is there is not known");
        }
    }
    news == News::Changed
}

async fn read(iam: &impl IamRead, needed: &Needed) -> Result<Found, IamError> {
    Ok(match needed.kind {
        Kind::Oidc => iam.oidc_provider(&needed.arn).await?.map_or(Found::Nothing, Found::Oidc),
        Kind::Saml if iam.saml_provider(&needed.arn).await? => Found::Saml,
        Kind::Saml => Found::Nothing,
    })
}

/// The part of a sweep that looks after providers: asks for some that were asked for long ago, and
/// has the resources looked at that say otherwise than is known now. However many resources name,
/// the next sweep does not wait for it.
pub(super) async fn swept<I: IamRead, C, K: Clock>(shared: &Shared<I, C, K>, access: &Access<I>) {
    let id = access.id();
    let all: HashSet<Arc<Needs>> = {
        let memory = shared.memory();
        let entries = memory.index.entries().filter(|entry| entry.role.account == id);
        entries.filter_map(|entry| entry.needs.clone()).collect()
    };
    let each: BTreeSet<&Needed> = all.iter().flat_map(|needs| needs.iter()).collect();
    let mut changed = BTreeSet::new();
    let now = shared.clock.steady();
    let due = shared.memory().providers.due(each.iter().copied(), now);
    for needed in due {
        if shared.stopping() {
            return;
        }
        if ask(shared, access, needed, false).await {
            changed.insert(needed.arn.as_str());
        }
    }
    let mut memory = shared.memory();
    memory.providers.prune(id, &each.iter().map(|needed| needed.arn.as_str()).collect());
    let due = memory.index.iter().filter(|(_, entry)| {
        entry.role.account == id
            && !entry.is_deleting()
            && entry.needs.as_ref().is_some_and(|needs| {
                let news = needs.iter().any(|needed| changed.contains(needed.arn.as_str()));
                says_otherwise(entry, &memory.providers.standing(needs), news)
            })
    });
    let now = shared.clock.steady();
    for (key, _) in due {
        shared.queue().push(id, key.clone(), now, Cause::Full);
    }
}

/// Whether a resource says something else of its providers than is known now, as far as it speaks
/// of a role that is as written.
fn says_otherwise(entry: &Entry, standing: &Standing, news: bool) -> bool {
    let reason = entry.conditions.reason(condition::READY);
    match standing {
        Standing::Met => reason == Some(reason::PROVIDER_UNUSABLE),
        Standing::Lacking(_) if reason == Some(reason::PROVIDER_UNUSABLE) => news,
        Standing::Lacking(_) => {
            matches!(reason, Some(reason::RECONCILED | reason::DRIFT_UNSEEN))
        }
        Standing::Unknown => false,
    }
}
