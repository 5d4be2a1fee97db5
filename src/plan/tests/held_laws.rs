//! The law of what is held while a spec is refused: whatever stands in the status, no step widens
//! the role that AWS has or goes beyond the limits of today. The evaluator is asked after each
//! single write, whichever of them fails.
//!
//! The one exception is the boundary that the operator makes mandatory, in the place of another.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::plan::{
    form::{
        desired::Exclusive,
        fingerprint::Owned,
        held::{Held, HeldDocument},
        observed::Observed,
    },
    scope::limits::{BoundaryRule, Limits},
    steps::{
        narrow::narrowing,
        step::{Call, Step},
    },
    tests::{
        order_laws::{ARNS, Dice, Questions, ask, cases},
        samples::{TRUST, as_written, carry_out, limits, wish},
    },
};
use iam::policy::{Policy, evaluate::Documents};

/// What somebody makes of a text who may write the status, but for other documents: these a role
/// made of other choices has.
fn mangled(dice: &mut Dice, text: &str) -> String {
    if dice.one_in(6) {
        return text.chars().take(dice.0.usize(0..text.len())).collect();
    }
    let mut value: Value = serde_json::from_str(text).unwrap();
    let junk = [
        json!(null),
        json!(1),
        json!("x"),
        json!([]),
        json!(["x"]),
        json!({}),
        json!({"a": "x"}),
        json!({"Version": "2012-10-17", "Statement": []}),
        json!({"a": {"Version": "2012-10-17", "Statement": []}, "rolewright-x": {}}),
    ];
    let key = dice.pick(&["trust", "inline", "attached", "boundary", "additive", "more"]);
    value[key] = junk[dice.0.usize(0..junk.len())].clone();
    value.to_string()
}

/// What the limits let be trusted, of those who ask.
fn lawfully_trusted(held: &Held, questions: &Questions<'_>) -> Option<Vec<bool>> {
    let HeldDocument::Whole(trust) = &held.trust else { return None };
    Some(ask(&Documents { trust: Some(trust), ..Documents::default() }, &questions.callers))
}

fn kept_within(questions: &Questions<'_>, role: &Observed, steps: &[Step], limits: &Limits) {
    for fails in std::iter::once(None).chain((0..steps.len()).map(Some)) {
        let mut state = role.clone();
        let mut before = questions.answers(&state);
        for (place, step) in steps.iter().enumerate().filter(|(place, _)| fails != Some(*place)) {
            assert_eq!(step.needs, [0; 0]);
            let replaces = match &step.call {
                Call::PutBoundary { arn } => {
                    limits.operators_boundary().as_ref() == Some(arn)
                        && state.role.boundary.is_some()
                }
                Call::UpdateTrust { .. }
                | Call::PutInline { .. }
                | Call::DeleteInline { .. }
                | Call::Detach { .. } => false,
                other => panic!("{other:?} among {steps:#?}"),
            };
            carry_out(step, &mut state);
            let after = questions.answers(&state);
            let wider = |after: &[bool], before: &[bool]| {
                after.iter().zip(before).any(|(after, before)| *after && !*before)
            };
            assert!(!wider(&after.0, &before.0), "{place} of {steps:#?}\non {role:#?}");
            assert!(replaces || !wider(&after.1, &before.1), "{place} of {steps:#?}\non {role:#?}");
            before = after;
        }
    }
}

#[test]
fn whatever_stands_in_the_status_no_step_widens_a_role_or_goes_beyond_the_limits() {
    let base = wish(TRUST);
    let key = base.identity.role();
    let (mut stepped, mut closed, mut held_back) = (0, 0, 0);
    let all = cases() / 2;
    for case in 0..all {
        let mut dice = Dice(fastrand::Rng::with_seed(case * 2 + 7));
        let managed: BTreeMap<&str, Policy> =
            ARNS.iter().map(|arn| (*arn, dice.document(true))).collect();
        let before = dice.role(&base);
        let written = if dice.one_in(3) { dice.role(&base) } else { dice.edited(&before) };
        let mut limits = limits();
        if dice.one_in(2) {
            limits.boundary = BoundaryRule::Always(dice.pick(&ARNS).to_owned());
        }
        let exclusive =
            Exclusive { attached: !dice.one_in(3), inline: !dice.one_in(3), tags: false };
        let mut text = Held::of(&written.form, exclusive).encode(&limits.account).unwrap();
        if dice.one_in(3) {
            text = mangled(&mut dice, &text);
        }
        let held = Held::decode(&text).map(|held| held.within("a", &limits));
        let scope = held.as_ref().map_or_else(Owned::default, |held| {
            let own = (held.attached.iter(), held.inline.keys(), std::iter::empty());
            Owned::among(held.exclusive, own, &crate::api::kinds::iam_role::Applied::default())
        });
        let mut role = as_written(&before);
        // What could be read of them.
        let known = managed.iter().filter(|_| !dice.one_in(3));
        role.contents = known.map(|(arn, policy)| ((*arn).to_owned(), policy.to_json())).collect();
        let steps = narrowing(held.as_ref(), &role, &scope, &key, &limits).steps;
        let questions = Questions {
            managed: &managed,
            callers: (0..4).map(|_| dice.caller()).collect(),
            requests: (0..6).map(|_| dice.request()).collect(),
        };
        kept_within(&questions, &role, &steps, &limits);

        let mut end = role.clone();
        for step in &steps {
            carry_out(step, &mut end);
        }
        let again = narrowing(held.as_ref(), &end, &scope, &key, &limits).steps;
        assert_eq!(again, [], "case {case}: after {steps:#?}");
        if let Some(arn) = limits.operators_boundary() {
            assert_eq!(end.role.boundary, Some(arn), "case {case}");
        }
        let is_trust = |step: &Step| matches!(step.call, Call::UpdateTrust { .. });
        if let (true, Some(held)) = (steps.iter().any(is_trust), &held) {
            closed += 1;
            let lawful = lawfully_trusted(held, &questions).unwrap();
            let trusted = questions.answers(&end).0;
            assert!(trusted.iter().zip(&lawful).all(|(is, may)| !is || *may), "case {case}");
        }
        stepped += u64::from(!steps.is_empty());
        held_back += u64::from(held.is_none());
    }
    // The law says something only where there is something to do.
    assert!(all < 100 || stepped * 3 > all, "{stepped} of {all}");
    assert!(all < 100 || (closed * 10 > all && held_back * 3 < all), "{closed} {held_back}");
}
