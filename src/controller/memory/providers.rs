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
/// So long one counts that lacks something, and a failure; twice as long with each answer that is
/// the same, up to `LATE`.
const SOON: Duration = Duration::from_mins(1);
/// The longest that one counts which somebody waits for.
const LATE: Duration = Duration::from_mins(10);
/// Most that a sweep asks for, whatever resources name: drift is not to wait for it.
const A_SWEEP: usize = 20;
/// Most that are kept. An account has 100 of each kind at first.
const MOST: usize = 1_000;
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
    /// Answers in a row that said the same.
    same: u32,
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
            (false, false) => known.lasts(),
            (false, true) => AT_ONCE,
        };
        known.asked.is_some_and(|asked| now.duration_since(asked).unsigned_abs() < lasts)
    }

    /// Whoever asks for a provider holds this, so that nobody else asks at the same time.
    pub fn turn(&mut self, arn: &str) -> Arc<tokio::sync::Mutex<()>> {
        Arc::clone(&self.entry(arn).turn)
    }

    /// Those that a sweep asks for: a few, and first who was not asked for the longest.
    pub fn due<'a>(
        &self,
        needed: impl IntoIterator<Item = &'a Needed>,
        now: Timestamp,
    ) -> Vec<&'a Needed> {
        let stale = needed.into_iter().filter(|needed| !self.is_fresh(needed, false, now));
        let mut due: Vec<&Needed> = stale.collect();
        let asked = |needed: &Needed| self.known.get(&needed.arn).and_then(|known| known.asked);
        due.sort_by_key(|needed| (asked(needed), &needed.arn));
        due.dedup_by_key(|needed| &needed.arn);
        due.truncate(A_SWEEP);
        due
    }

    /// What is known of one. Where too many are kept, one goes that is not there, or else the one
    /// that was asked for the longest ago.
    fn entry(&mut self, arn: &str) -> &mut Known {
        if self.known.len() >= MOST && !self.known.contains_key(arn) {
            let oldest = self.known.iter().min_by_key(|(_, known)| (known.is_there(), known.asked));
            if let Some(oldest) = oldest.map(|(arn, _)| arn.clone()) {
                self.known.remove(&oldest);
            }
        }
        self.known.entry(arn.to_owned()).or_default()
    }

    /// Keeps an answer. A failure leaves the one before, but for a denial.
    pub fn keep(
        &mut self,
        account: AccountId,
        arn: &str,
        answer: &Result<Found, IamError>,
        now: Timestamp,
    ) -> News {
        let known = self.entry(arn);
        let same = match answer {
            Ok(found) => known.found.as_ref() == Some(found),
            Err(_) => true,
        };
        // What was well for an hour, and is asked for again, is waited for anew.
        let lately =
            known.asked.is_some_and(|asked| now.duration_since(asked).unsigned_abs() < 2 * LATE);
        known.same = if same && lately { known.same.saturating_add(1) } else { 0 };
        known.asked = Some(now);
        known.denied = matches!(answer, Err(error) if error.class == IamErrorClass::AccessDenied);
        match answer {
            Ok(found) => {
                known.found = Some(found.clone());
                self.denied.remove(&account);
                if same { News::None } else { News::Changed }
            }
            Err(error) if error.class == IamErrorClass::AccessDenied => {
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

impl Known {
    fn is_there(&self) -> bool {
        self.found.as_ref().is_some_and(|found| *found != Found::Nothing)
    }

    /// How long an answer lasts for those who wait for another.
    fn lasts(&self) -> Duration {
        SOON.saturating_mul(2_u32.saturating_pow(self.same)).min(LATE)
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
            (Ok(Found::Nothing), "a", 60, 5),
            (clients(), "b", 60, 5),
            (failed(IamErrorClass::Throttled), "b", 120, 5),
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
    fn what_stays_the_same_is_asked_for_ever_more_seldom() {
        let account: AccountId = "123456789012".parse().unwrap();
        let at = |second: i64| Timestamp::from_second(second).unwrap();
        let (mut providers, mut now) = (Providers::default(), 0);
        for lasts in [60, 120, 240, 480, 600, 600] {
            providers.keep(account, ARN, &Ok(Found::Nothing), at(now));
            let fresh = |second| providers.is_fresh(&needed("a"), false, at(now + second));
            assert_eq!((fresh(lasts - 1), fresh(lasts)), (true, false), "{lasts}");
            assert!(!providers.is_fresh(&needed("a"), true, at(now + 5)), "but for a change");
            now += lasts;
        }
        providers.keep(account, ARN, &Ok(Found::Oidc(vec!["b".into()])), at(now));
        assert!(!providers.is_fresh(&needed("a"), false, at(now + 60)), "what is new counts anew");
    }

    #[test]
    fn a_sweep_asks_for_a_few_the_longest_unasked_first_and_there_are_never_many() {
        let account: AccountId = "123456789012".parse().unwrap();
        let at = |second: i64| Timestamp::from_second(second).unwrap();
        let of = |n: i64| Needed { arn: format!("{ARN}/{n}"), ..needed("a") };
        let all: Vec<Needed> = (0..3_000).map(of).collect();
        let mut providers = Providers::default();
        let clients = vec!["a".to_owned()];
        providers.keep(account, &of(7).arn, &Ok(Found::Oidc(clients)), at(0));
        for n in 0..30 {
            providers.keep(account, &of(n + 100).arn, &Ok(Found::Nothing), at(30 - n));
        }
        let due = providers.due(&all[100..130], at(500));
        assert_eq!(due.len(), A_SWEEP);
        assert_eq!(due[0], &of(129), "{due:?}");
        for needed in &all[1_000..] {
            providers.keep(account, &needed.arn, &Ok(Found::Nothing), at(1_000));
            assert!(providers.known.len() <= MOST);
        }
        assert!(providers.known.contains_key(&of(7).arn), "one that is there stays");
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
