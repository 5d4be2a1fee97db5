//! What AWS said of the identity providers that trust policies name. Each is asked for once, and
//! again when that is long ago: soon where somebody waits for it, seldom where all is well.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use iam::{
    account::AccountId,
    trust::provider::{Found, Needed},
};
use jiff::Timestamp;

use crate::plan::failure::{IamError, IamErrorClass};

/// Providers that a resource needs.
pub type Needs = BTreeSet<Needed>;

/// So long a provider counts that has what is needed, and a denial: rights are seldom given.
const SELDOM: Duration = Duration::from_hours(1);
/// So long one counts that lacks something, and a failure.
const SOON: Duration = Duration::from_mins(1);
/// The same where somebody has just changed the resource, or asks for a look at it: often the
/// provider was made right before. Many resources that are changed at once are still one question.
const AT_ONCE: Duration = Duration::from_secs(5);

/// By ARN what was answered.
#[derive(Debug, Default)]
pub struct Providers {
    known: BTreeMap<String, Known>,
    /// Accounts of which it was told that nobody may ask.
    denied: BTreeSet<AccountId>,
}

#[derive(Debug, Default)]
struct Known {
    /// The last answer; `None` when there was none, or nobody may ask.
    found: Option<Found>,
    /// When AWS was asked last.
    asked: Option<Timestamp>,
    denied: bool,
    turn: Arc<tokio::sync::Mutex<()>>,
}

/// How the providers of a resource stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// All that it needs is there.
    Met,
    /// What is not, in sentences.
    Lacking(Vec<String>),
    /// AWS has not said it of all of them.
    Unknown,
}

/// What an answer means for those who wait for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum News {
    /// Nothing new.
    None,
    /// Another answer than the one before.
    Changed,
    /// The first denial in the account.
    Denied,
}

impl Providers {
    /// Whether there is no need to ask AWS again, be it for a resource that somebody has changed.
    #[must_use]
    pub fn is_fresh(&self, needed: &Needed, changed: bool, now: Timestamp) -> bool {
        let Some(known) = self.known.get(&needed.arn) else { return false };
        let well = known.found.as_ref().is_some_and(|found| needed.lack(found).is_none());
        let lasts = match (well || known.denied, changed) {
            (true, _) => SELDOM,
            (false, false) => SOON,
            (false, true) => AT_ONCE,
        };
        known.asked.is_some_and(|asked| now.duration_since(asked).unsigned_abs() < lasts)
    }

    /// Whoever asks for a provider holds this, so that nobody else asks at the same time.
    pub fn turn(&mut self, arn: &str) -> Arc<tokio::sync::Mutex<()>> {
        Arc::clone(&self.known.entry(arn.to_owned()).or_default().turn)
    }

    /// Keeps an answer. A failure leaves the one before, but for a denial.
    pub fn keep(
        &mut self,
        account: AccountId,
        arn: &str,
        answer: &Result<Found, IamError>,
        now: Timestamp,
    ) -> News {
        let known = self.known.entry(arn.to_owned()).or_default();
        known.asked = Some(now);
        known.denied = matches!(answer, Err(error) if error.class == IamErrorClass::AccessDenied);
        match answer {
            Ok(found) => {
                self.denied.remove(&account);
                let before = known.found.replace(found.clone());
                if before.as_ref() == Some(found) { News::None } else { News::Changed }
            }
            Err(_) if known.denied => {
                known.found = None;
                if self.denied.insert(account) { News::Denied } else { News::None }
            }
            Err(_) => News::None,
        }
    }

    /// How these stand.
    #[must_use]
    pub fn standing(&self, needs: &Needs) -> Standing {
        let (mut lacks, mut unknown) = (Vec::new(), false);
        for needed in needs {
            match self.known.get(&needed.arn).and_then(|known| known.found.as_ref()) {
                Some(found) => lacks.extend(needed.lack(found)),
                None => unknown = true,
            }
        }
        // One that is not there is said once, whatever audiences it should have.
        lacks.dedup();
        match (lacks.is_empty(), unknown) {
            (false, _) => Standing::Lacking(lacks),
            (true, true) => Standing::Unknown,
            (true, false) => Standing::Met,
        }
    }

    /// Drops those of an account that nobody needs any more.
    pub fn prune(&mut self, account: AccountId, needed: &BTreeSet<&str>) {
        let of_account = |arn: &str| arn.split(':').nth(4) == Some(account.as_str());
        self.known.retain(|arn, _| needed.contains(arn.as_str()) || !of_account(arn));
    }
}

#[cfg(test)]
mod tests {
    use iam::trust::provider::Kind;

    use super::*;

    const ARN: &str = "arn:aws:iam::123456789012:oidc-provider/oidc.example.org";

    fn needed(audience: &str) -> Needed {
        Needed { kind: Kind::Oidc, arn: ARN.into(), audience: Some(audience.into()) }
    }

    fn failed(class: IamErrorClass) -> Result<Found, IamError> {
        let action = "GetOpenIDConnectProvider";
        Err(IamError { action, class, message: "no".into(), request_id: None })
    }

    #[test]
    fn an_answer_lasts_long_where_all_is_well_and_shortly_where_somebody_waits() {
        let account: AccountId = "123456789012".parse().unwrap();
        let at = |second: i64| Timestamp::from_second(second).unwrap();
        let clients = || Ok(Found::Oidc(vec!["a".into()]));
        let mut providers = Providers::default();
        assert!(!providers.is_fresh(&needed("a"), false, at(0)));
        for (answer, audience, lasts, when_changed) in [
            (clients(), "a", 3_600, 3_600),
            (clients(), "b", 60, 5),
            (Ok(Found::Nothing), "a", 60, 5),
            (failed(IamErrorClass::Throttled), "a", 60, 5),
            (failed(IamErrorClass::AccessDenied), "a", 3_600, 3_600),
        ] {
            providers.keep(account, ARN, &answer, at(0));
            for (changed, lasts) in [(false, lasts), (true, when_changed)] {
                let fresh = |second| providers.is_fresh(&needed(audience), changed, at(second));
                assert_eq!((fresh(lasts - 1), fresh(lasts)), (true, false), "{answer:?}");
            }
        }
    }

    #[test]
    fn a_failure_leaves_what_was_known_and_a_denial_is_told_once() {
        let account: AccountId = "123456789012".parse().unwrap();
        let now = Timestamp::UNIX_EPOCH;
        let mut providers = Providers::default();
        let needs = Needs::from([needed("a"), needed("b")]);
        assert_eq!(providers.standing(&needs), Standing::Unknown);
        let mut keep = |answer| providers.keep(account, ARN, &answer, now);
        assert_eq!(keep(Ok(Found::Nothing)), News::Changed);
        assert_eq!(keep(Ok(Found::Nothing)), News::None);
        assert_eq!(keep(failed(IamErrorClass::Unreachable)), News::None);
        let Standing::Lacking(lacks) = providers.standing(&needs) else { panic!("lacking") };
        assert_eq!(lacks.len(), 1, "one provider is one sentence: {lacks:?}");
        let mut keep = |answer| providers.keep(account, ARN, &answer, now);
        assert_eq!(keep(failed(IamErrorClass::AccessDenied)), News::Denied);
        assert_eq!(keep(failed(IamErrorClass::AccessDenied)), News::None);
        assert_eq!(providers.standing(&needs), Standing::Unknown, "nothing wrong is said");
        let clients = ["a", "b"].map(str::to_owned).to_vec();
        providers.keep(account, ARN, &Ok(Found::Oidc(clients)), now);
        assert_eq!(providers.standing(&needs), Standing::Met);
    }

    #[test]
    fn what_nobody_needs_is_not_kept() {
        let account: AccountId = "123456789012".parse().unwrap();
        let (now, found) = (Timestamp::UNIX_EPOCH, Ok(Found::Saml));
        let mut providers = Providers::default();
        let other = ARN.replace("123456789012", "210987654321");
        for arn in [ARN, "arn:aws:iam::123456789012:saml-provider/x", &other] {
            providers.keep(account, arn, &found, now);
        }
        providers.prune(account, &BTreeSet::from([ARN]));
        assert_eq!(providers.known.keys().collect::<Vec<_>>(), [ARN, &other]);
    }
}
