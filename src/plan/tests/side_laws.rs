//! The laws of steps that are in flight at the same time, asked of the evaluator after each write
//! that lands: in whatever order those of a group land, and whichever steps fail, whoever can
//! assume the role and do something with it could before the plan, or can at its end; and while
//! none fails what is allowed before and after is allowed throughout. So it is when a role is
//! stripped for its removal.

use std::collections::{BTreeMap, BTreeSet};

use rstest::rstest;

use crate::plan::{
    form::{desired::Desired, fingerprint::Owned, observed::Observed},
    steps::{
        diff, remove,
        step::{Call, IN_FLIGHT, Step, Why},
    },
    tests::{
        order_laws::{ARNS, Answers, Dice, Questions, behind_the_first, cases, just_created},
        samples::{TRUST, as_written, carry_out, limits, wish, with},
    },
};
use iam::policy::{Effect, Policy};

/// The steps of a plan as they are sent: those of a group together.
fn groups(steps: &[Step]) -> Vec<Vec<(usize, &Step)>> {
    let places: Vec<(usize, &Step)> = steps.iter().enumerate().collect();
    let together = |one: &(usize, &Step), other: &(usize, &Step)| {
        one.1.group.is_some() && one.1.group == other.1.group
    };
    places.chunk_by(together).map(<[_]>::to_vec).collect()
}

/// Only policies go side by side, at most four, each about another part, none needing another.
fn are_groups(steps: &[Step]) {
    let mut seen = BTreeSet::new();
    for group in groups(steps) {
        assert!(group.len() <= IN_FLIGHT, "{steps:#?}");
        if let Some(number) = group[0].1.group {
            assert!(seen.insert(number), "{steps:#?}");
        }
        let parts: BTreeSet<_> = group.iter().flat_map(|(_, step)| step.call.parts()).collect();
        assert!(group.len() == 1 || parts.len() == group.len(), "{steps:#?}");
        for (_, step) in group.iter().filter(|_| group.len() > 1) {
            assert!(
                matches!(
                    step.call,
                    Call::Attach { .. }
                        | Call::Detach { .. }
                        | Call::PutInline { .. }
                        | Call::DeleteInline { .. }
                ),
                "{steps:#?}"
            );
            assert!(step.needs.iter().all(|need| *need < group[0].0), "{steps:#?}");
        }
    }
}

/// A plan as it may be carried out: the answers after each write that has landed.
fn landed(
    dice: &mut Dice,
    questions: &Questions<'_>,
    role: &Observed,
    steps: &[Step],
    fail: bool,
) -> Vec<Answers> {
    let (mut state, mut done) = (role.clone(), BTreeSet::new());
    let mut answers = vec![questions.answers(&state)];
    for group in groups(steps) {
        let all_done = |step: &Step| step.needs.iter().all(|need| done.contains(need));
        let mut ready: Vec<_> = group.into_iter().filter(|(_, step)| all_done(step)).collect();
        dice.0.shuffle(&mut ready);
        for (place, step) in ready {
            if fail && dice.one_in(4) {
                continue;
            }
            done.insert(place);
            carry_out(step, &mut state);
            let next = questions.after(step, &state, &answers[answers.len() - 1]);
            answers.push(next);
        }
    }
    answers
}

/// What a managed policy holds: it only allows, or only denies.
fn managed(dice: &mut Dice) -> Policy {
    let mut policy = dice.document(false);
    if dice.one_in(3) {
        for statement in &mut policy.statements {
            statement.effect = Effect::Deny;
        }
    }
    policy
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Plan {
    Made,
    Changed,
    Stripped,
}

#[rstest]
#[case(Plan::Made, 0)]
#[case(Plan::Changed, 1)]
#[case(Plan::Stripped, 2)]
fn in_whatever_order_writes_land_and_whichever_fail_nobody_can_do_more(
    #[case] plan: Plan,
    #[case] salt: u64,
) {
    let base = wish(TRUST);
    let (mut checked, mut beside) = (0_u64, 0_u64);
    for case in 0..cases() / 4 {
        let mut dice = Dice(fastrand::Rng::with_seed(case * 3 + salt));
        let managed: BTreeMap<&str, Policy> =
            ARNS.iter().map(|arn| (*arn, managed(&mut dice))).collect();
        let text = |(arn, policy): (&&str, &Policy)| ((*arn).to_owned(), policy.to_json());
        let contents: BTreeMap<String, String> = managed.iter().map(text).collect();
        let before = dice.role(&base);
        let then = if dice.one_in(3) { dice.role(&base) } else { dice.edited(&before) };
        let (role, steps) = match plan {
            Plan::Made => {
                let steps = behind_the_first(diff::create(&then, &contents));
                (Observed { contents, ..just_created(&then) }, steps)
            }
            Plan::Changed => {
                let role = Observed { contents, ..as_written(&before) };
                let steps = diff::untold(&then, &role, &Owned::default());
                (role, steps)
            }
            Plan::Stripped => {
                let role = Observed { contents, ..as_written(&before) };
                let steps = stripped(&mut dice, &base, &role);
                (role, steps)
            }
        };
        are_groups(&steps);
        checked += u64::from(steps.len() > 1);
        beside += u64::from(groups(&steps).iter().any(|group| group.len() > 1));
        let questions = Questions {
            managed: &managed,
            callers: (0..3).map(|_| dice.caller()).collect(),
            requests: (0..6).map(|_| dice.request()).collect(),
        };
        let calm = landed(&mut dice, &questions, &role, &steps, false);
        let (first, last) = (&calm[0], &calm[calm.len() - 1]);
        let replaced = role.role.boundary.is_some()
            && then.form.boundary.is_some()
            && role.role.boundary != then.form.boundary;
        let pauses = replaced || steps.iter().any(|step| step.why == Why::Pause);
        let told = || {
            let lines: Vec<String> =
                steps.iter().map(|it| format!("{it} {:?} {:?}", it.group, it.call)).collect();
            format!("case {case}: {}\nfrom {role:?}\nwith {managed:#?}", lines.join("\n"))
        };
        for what in (0..questions.requests.len()).filter(|_| !pauses && plan != Plan::Stripped) {
            let kept = first.1[what] && last.1[what];
            assert!(!kept || calm.iter().all(|(_, may)| may[what]), "pauses, {}", told());
        }
        let mut all = calm.clone();
        for _ in 0..3 {
            all.extend(landed(&mut dice, &questions, &role, &steps, true));
        }
        for (trusted, may) in &all {
            for (who, trusted) in trusted.iter().enumerate() {
                assert!(!trusted || first.0[who] || last.0[who], "{}", told());
                for (what, may) in may.iter().enumerate() {
                    assert!(!may || first.1[what] || last.1[what], "{}", told());
                    let both = |(trusted, may): &Answers| trusted[who] && may[what];
                    assert!(!(*trusted && *may) || both(first) || both(last), "{}", told());
                }
            }
        }
    }
    // The law says something only where steps go side by side.
    assert!(cases() < 400 || beside * 4 > checked, "{beside} of {checked}");
}

/// The steps that strip a role; of one policy it may be not known what it holds.
fn stripped(dice: &mut Dice, base: &Desired, role: &Observed) -> Vec<Step> {
    let mut known = role.clone();
    if dice.one_in(3) {
        let unread = dice.0.usize(0..2);
        if let Some(text) = known.inline.values_mut().next().filter(|_| unread == 0) {
            text.clear();
        } else if let Some(arn) = role.attached.first() {
            known.contents.remove(arn);
        }
    }
    remove::strip(&base.identity.role(), &known, Why::Deleted, &limits().account)
}

const ALLOW: &str = r#"{"effect":"Allow","actions":["s3:GetObject"],"resources":["*"]}"#;
const DENY: &str = r#"{"effect":"Deny","actions":["s3:*"],"resources":["arn:aws:s3:::b/*"]}"#;

fn desired(inline: &[(&str, &str)], attached: &[&str]) -> Desired {
    let inline: Vec<String> = inline
        .iter()
        .map(|(name, statement)| format!(r#"{{"name":"{name}","statements":[{statement}]}}"#))
        .collect();
    let attached: Vec<String> = attached.iter().map(|arn| format!("\"{arn}\"")).collect();
    let (inline, attached) = (inline.join(","), attached.join(","));
    wish(&with(&format!(
        r#""permissions":{{"inlinePolicies":[{inline}],"managedPolicies":[{attached}]}}"#
    )))
}

fn sizes(steps: &[Step]) -> Vec<usize> {
    groups(steps).iter().map(Vec::len).collect()
}

/// What each of these policies holds.
fn all_hold(statement: Effect) -> BTreeMap<String, String> {
    let text = |arn: &&str| {
        let text = format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"{}","Action":"s3:*","Resource":"*"}}]}}"#,
            if statement == Effect::Allow { "Allow" } else { "Deny" }
        );
        ((*arn).to_owned(), text)
    };
    ARNS.iter().map(text).collect()
}

#[test]
fn what_only_allows_goes_side_by_side_and_behind_what_denies_it() {
    let role = desired(&[("a", ALLOW)], &ARNS[..2]);
    assert_eq!(sizes(&diff::create(&role, &all_hold(Effect::Allow))), [1, 3]);
    let guarded = desired(&[("a", ALLOW), ("no", DENY)], &ARNS[..2]);
    let steps = diff::create(&guarded, &all_hold(Effect::Allow));
    assert_eq!(sizes(&steps), [1, 1, 3]);
    assert!(steps[1].to_string().contains("policy no"), "{steps:#?}");
    // Nobody knows which of two that can't be read denies what the other one allows.
    assert_eq!(sizes(&diff::create(&role, &BTreeMap::new())), [1, 1, 1, 1]);
    let many = desired(&[("a", ALLOW), ("b", ALLOW), ("c", ALLOW)], &ARNS);
    assert_eq!(sizes(&diff::create(&many, &all_hold(Effect::Allow))), [1, 4, 2]);
}

#[test]
fn a_statement_that_moves_is_in_its_new_place_before_it_leaves_the_old_one() {
    let role = as_written(&desired(&[("a", ALLOW)], &[]));
    let steps = diff::untold(&desired(&[("b", ALLOW)], &[]), &role, &Owned::default());
    assert_eq!(sizes(&steps), [1, 1]);
    assert!(steps[0].to_string().contains("put inline policy b"), "{steps:#?}");
}

#[test]
fn a_role_is_stripped_of_what_allows_before_what_denies_and_of_the_unknown_in_between() {
    let strip = |inline: &[(&str, &str)], contents: BTreeMap<String, String>, unread: bool| {
        let mut role = Observed { contents, ..as_written(&desired(inline, &ARNS[..2])) };
        for text in role.inline.values_mut().filter(|_| unread) {
            text.clear();
        }
        let key = wish(TRUST).identity.role();
        remove::strip(&key, &role, Why::Deleted, &limits().account)
    };
    let allow = || all_hold(Effect::Allow);
    assert_eq!(sizes(&strip(&[("a", ALLOW)], allow(), false)), [3]);
    let steps = strip(&[("a", ALLOW)], allow(), true);
    assert_eq!(sizes(&steps), [2, 1]);
    assert!(steps[2].to_string().contains("inline policy a"), "{steps:#?}");
    assert_eq!(steps[2].needs, [0, 1], "and not before they are gone");
    let steps = strip(&[("no", DENY)], allow(), false);
    assert_eq!(sizes(&steps), [2, 1]);
    assert!(steps[2].to_string().contains("inline policy no"), "{steps:#?}");
    let steps = strip(&[("a", ALLOW)], all_hold(Effect::Deny), false);
    assert_eq!(sizes(&steps), [1, 2]);
    assert!(steps[0].to_string().contains("inline policy a"), "{steps:#?}");
    assert!(steps.iter().all(|step| step.why == Why::Deleted));
    assert_eq!(sizes(&strip(&[("a", ALLOW)], BTreeMap::new(), true)), [1, 1, 1]);
}
