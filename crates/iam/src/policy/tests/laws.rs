//! Laws of the policy language, for arbitrary documents and edits of them: what never matters and
//! what always does.
//!
//! Each law is tried on 20,000 cases, or on as many as `ROLEWRIGHT_LAW_CASES` says (`make laws
//! CASES=1000000`), and prints what it has seen.

mod edits;
pub(in crate::policy) mod generate;

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::sync::{LazyLock, Mutex};

use proptest::prelude::*;
use proptest::string::string_regex;
use proptest::test_runner::{Config, TestRunner};

use crate::policy::contain::{Containment, contains};
use crate::policy::evaluate::{Decision, Documents, Request, evaluate};
use crate::policy::tests::fuzz::Dice;
use crate::policy::*;
use edits::{neutral, percent_encoded, respelled, substantial};
use generate::{account, any_policy};

/// Cases of a law.
pub(in crate::policy) fn cases() -> u32 {
    std::env::var("ROLEWRIGHT_LAW_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(20_000)
}

/// Texts that match a pattern. The pattern is read once: as a strategy of its own it would be read
/// for each case, and cost more than all the rest.
pub(in crate::policy) fn matching(pattern: &'static str) -> SBoxedStrategy<String> {
    static READ: LazyLock<Mutex<HashMap<&str, SBoxedStrategy<String>>>> =
        LazyLock::new(Mutex::default);
    let mut read = READ.lock().unwrap();
    read.entry(pattern).or_insert_with(|| string_regex(pattern).unwrap().sboxed()).clone()
}

/// How often what was seen.
#[derive(Debug, Default)]
pub(in crate::policy) struct Seen(RefCell<BTreeMap<&'static str, u32>>);

impl Seen {
    pub(in crate::policy) fn note(&self, what: &'static str) {
        *self.0.borrow_mut().entry(what).or_default() += 1;
    }

    pub(in crate::policy) fn times(&self, what: &'static str) -> u32 {
        self.0.borrow().get(what).copied().unwrap_or(0)
    }
}

/// Tries a law and prints what it has seen.
pub(in crate::policy) fn run<S: Strategy>(
    name: &str,
    strategy: &S,
    law: impl Fn(S::Value, &Seen) -> Result<(), TestCaseError>,
) -> Seen {
    let seen = Seen::default();
    let config = Config {
        cases: cases(),
        failure_persistence: None,
        max_global_rejects: u32::MAX,
        ..Config::default()
    };
    let tried = TestRunner::new(config).run(strategy, |value| law(value, &seen));
    if let Err(error) = tried {
        panic!("{name}: {error}");
    }
    eprintln!("law: {name}: {} cases, {:?}", cases(), seen.0.borrow());
    seen
}

fn verdict_name(verdict: Equality) -> &'static str {
    match verdict {
        Equality::Identical => "Identical",
        Equality::Cosmetic => "Cosmetic",
        Equality::Different => "Different",
        Equality::Invalid => "Invalid",
    }
}

#[test]
fn what_is_printed_reads_back_the_same() {
    run("print and parse", &any_policy(), |(kind, policy), _| {
        prop_assert_eq!(
            Policy::parse(&policy.to_json(), kind, Strictness::Desired),
            Ok(policy.clone())
        );
        prop_assert_eq!(
            Policy::parse(&policy.to_json(), kind, Strictness::Observed),
            Ok(policy.clone())
        );
        prop_assert_eq!(
            compare(&policy, &percent_encoded(&policy.to_json()), kind, &account()),
            Equality::Identical
        );
        Ok(())
    });
}

#[test]
fn the_canonical_form_is_idempotent_and_stable_through_print_and_parse() {
    run("idempotent", &any_policy(), |(kind, policy), _| {
        let canonical = policy.canonical(&account());
        let unfolded = canonical.unfolded().unwrap();
        prop_assert_eq!(unfolded.canonical(&account()), canonical.clone());
        let read = Policy::parse(&unfolded.to_json(), kind, Strictness::Desired).unwrap();
        prop_assert_eq!(read.canonical(&account()).bytes(), canonical.bytes());
        prop_assert!(compare(&policy, &unfolded.to_json(), kind, &account()).is_equal());
        Ok(())
    });
}

#[test]
fn an_edit_that_aws_does_not_evaluate_is_never_different() {
    let seen =
        run("neutral edits", &(any_policy(), any::<u64>()), |((kind, policy), seed), seen| {
            let other = neutral(&policy, &mut Dice::new(seed));
            let text = respelled(&other.to_node(), false).to_text();
            let verdict = compare(&policy, &percent_encoded(&text), kind, &account());
            seen.note(verdict_name(verdict));
            prop_assert!(verdict.is_equal(), "{}", text);
            prop_assert_eq!(
                other.canonical(&account()).bytes(),
                policy.canonical(&account()).bytes()
            );
            Ok(())
        });
    assert!(seen.times("Cosmetic") > cases() / 2);
}

/// Whether a request is allowed by this document alone.
fn allows(kind: PolicyKind, policy: &Policy, request: &Request) -> bool {
    let policies = [("policy", policy)];
    let documents = match kind {
        PolicyKind::Trust => Documents { trust: Some(policy), ..Documents::default() },
        _ => Documents { policies: &policies, ..Documents::default() },
    };
    evaluate(&documents, request).is_ok_and(|evaluation| evaluation.decision == Decision::Allowed)
}

#[test]
fn an_edit_that_changes_who_may_do_what_is_never_equal() {
    let strategy = (any_policy(), any::<u64>());
    let seen = run("substantial edits", &strategy, |((kind, policy), seed), seen| {
        let dice = &mut Dice::new(seed);
        let other = if dice.below(4) == 0 { neutral(&policy, dice) } else { policy.clone() };
        let other = substantial(&other, dice);
        let verdict = between(&policy, &other, &account());
        // A request that one allows and the other does not, as the evaluator says.
        let told_apart = [(&policy, &other), (&other, &policy)].into_iter().find_map(
            |(old, new)| match contains(old, new) {
                Containment::NewAccess(witness) => Some((old, new, witness)),
                _ => None,
            },
        );
        match told_apart {
            Some((old, new, witness)) => {
                seen.note("told apart");
                prop_assert!(
                    allows(kind, new, &witness.request()) && !allows(kind, old, &witness.request())
                );
                prop_assert_eq!(verdict, Equality::Different, "{}", witness);
            }
            None => seen.note(verdict_name(verdict)),
        }
        if policy.version != other.version {
            prop_assert_eq!(verdict, Equality::Different);
        }
        Ok(())
    });
    assert!(seen.times("told apart") > cases() / 10);
}

#[test]
fn the_canonical_form_decides_every_request_as_the_document_does() {
    let requests = prop::collection::vec(generate::any_request(), 6);
    let seen = run("decisions", &(any_policy(), requests), |((kind, policy), requests), seen| {
        let unfolded = policy.canonical(&account()).unfolded().unwrap();
        for request in &requests {
            let allowed = allows(kind, &policy, request);
            seen.note(if allowed { "allowed" } else { "denied" });
            prop_assert_eq!(allows(kind, &unfolded, request), allowed, "{:?}", request);
        }
        Ok(())
    });
    assert!(seen.times("allowed") > cases() / 10);
}

#[test]
fn comparing_is_symmetric_and_transitive() {
    let strategy = (any_policy(), any::<[u64; 2]>());
    let seen = run("symmetry", &strategy, |((_, policy), seeds), seen| {
        let edited = |policy: &Policy, seed| {
            let dice = &mut Dice::new(seed);
            if dice.below(4) > 0 { neutral(policy, dice) } else { substantial(policy, dice) }
        };
        let second = edited(&policy, seeds[0]);
        let third = edited(&second, seeds[1]);
        let compared = |one: &Policy, other: &Policy| between(one, other, &account());
        for (one, other) in [(&policy, &second), (&second, &third), (&policy, &third)] {
            prop_assert_eq!(compared(one, other), compared(other, one));
        }
        let [first, then, both] =
            [compared(&policy, &second), compared(&second, &third), compared(&policy, &third)];
        seen.note(verdict_name(both));
        if first.is_equal() && then.is_equal() {
            prop_assert!(both.is_equal());
        }
        if first == Equality::Identical && then == Equality::Identical {
            prop_assert_eq!(both, Equality::Identical);
        }
        if first.is_equal() != then.is_equal() {
            prop_assert_eq!(both, Equality::Different);
        }
        Ok(())
    });
    assert!(seen.times("Different") > cases() / 10);
}

#[test]
fn equal_bytes_are_equal_forms_and_equal_verdicts() {
    let strategy = (any_policy(), any_policy(), any::<u64>());
    run("bytes", &strategy, |((_, left), (_, other), seed), seen| {
        let dice = &mut Dice::new(seed);
        let right = match dice.below(3) {
            0 => other,
            1 => neutral(&left, dice),
            _ => substantial(&left, dice),
        };
        let verdict = between(&left, &right, &account());
        seen.note(verdict_name(verdict));
        let (left, right) = (left.canonical(&account()), right.canonical(&account()));
        prop_assert_eq!(left.bytes() == right.bytes(), left == right);
        prop_assert_eq!(left == right, verdict.is_equal());
        Ok(())
    });
}

#[test]
fn arbitrary_text_is_never_equal_and_never_panics() {
    run(
        "arbitrary text",
        &(matching("[\\[\\]{}:,\"a-zSEAR0-9%+ ]{0,40}"), any_policy()),
        |(text, (kind, policy)), seen| {
            let verdict = compare(&policy, &text, kind, &account());
            seen.note(verdict_name(verdict));
            prop_assert!(!verdict.is_equal());
            Ok(())
        },
    );
}
