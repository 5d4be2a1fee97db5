//! The laws of quotas and of what stays allowed, held against a search for every way there is.
//!
//! IAM's 10,240 characters are 40 units of 256. Up to four policies of up to four statements, each
//! about one action and some units long, are changed. Whatever ways there are, by puts and deletes
//! of any of their statements: where one leads to the end, the plan gets there; where one does so
//! without taking away for a moment what both allow, the plan takes nothing away either. And
//! nothing is ever allowed that neither is before nor in the end.

use std::collections::{BTreeMap, BTreeSet, HashSet, VecDeque};

use iam::{
    limits::{INLINE_TOTAL, counted_size},
    policy::{Effect, Policy, Statement},
};

use crate::plan::{
    form::{desired::Desired, fingerprint::Owned, observed::Observed},
    steps::{
        diff,
        step::{Call, Step, Why},
    },
    tests::samples::{TRUST, as_written, carry_out, wish},
};

const UNIT: usize = INLINE_TOTAL / 40;
const NAMES: [&str; 4] = ["a", "b", "c", "d"];
/// Nobody has more room than this for every way there is.
const MOST: u32 = 11;

fn cases() -> u64 {
    std::env::var("ROLEWRIGHT_LAW_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(20_000)
        / 25
}

/// A statement about one action, so many units long with its comma.
fn statement(effect: Effect, action: u32, units: usize) -> Statement {
    let of = |pad: usize| {
        Statement::new(effect, [format!("s3:A{action}")])
            .on(["*".to_owned(), format!("arn:aws:s3:::{}", "x".repeat(pad))])
    };
    let bare = counted_size(&of(1).to_node().to_text());
    of(units * UNIT - bare)
}

/// The documents of a role, each as the statements that it has.
type Role = BTreeMap<&'static str, Vec<Statement>>;

fn size(statements: &[Statement]) -> usize {
    if statements.is_empty() {
        return 0;
    }
    counted_size(&Policy::new(statements.to_vec()).to_json())
}

fn fits(role: &Role) -> bool {
    role.values().map(|statements| size(statements)).sum::<usize>() <= INLINE_TOTAL
}

/// The actions that a role allows, of those that are about; `all` is one more policy that allows
/// everything.
fn allowed<'a>(statements: impl Iterator<Item = &'a Statement>, all: bool) -> u32 {
    let (mut allowed, mut denied) = (if all { u32::MAX } else { 0 }, 0);
    for statement in statements {
        let text = statement.to_node().to_text();
        let digits = text.split_once("s3:A").unwrap().1;
        let action: u32 = digits.split('"').next().unwrap().parse().unwrap();
        let set = if statement.effect == Effect::Allow { &mut allowed } else { &mut denied };
        *set |= 1 << action;
    }
    allowed & !denied
}

struct Case {
    old: Role,
    new: Role,
    /// An attached policy that stays and allows everything.
    all: bool,
}

fn case(number: u64) -> Option<Case> {
    let mut dice = fastrand::Rng::with_seed(number);
    let mut pool: Vec<Statement> = Vec::new();
    for _ in 0..dice.usize(2..6) {
        let effect = if dice.bool() { Effect::Allow } else { Effect::Deny };
        pool.push(statement(effect, dice.u32(0..4), dice.usize(1..22)));
    }
    let mut role = |names: usize| -> Role {
        let mut role = Role::new();
        for _ in 0..dice.usize(1..6) {
            let statement = pool[dice.usize(0..pool.len())].clone();
            let policy = role.entry(NAMES[dice.usize(0..names)]).or_default();
            if policy.len() < 4 && !policy.contains(&statement) {
                policy.push(statement);
            }
        }
        role
    };
    let names = 1 + usize::try_from(number % 4).unwrap();
    let (old, new) = (role(names), role(names));
    let case = Case { old, new, all: dice.u32(0..3) == 0 };
    let slots: usize = slots(&case).values().map(Vec::len).sum();
    (fits(&case.old) && fits(&case.new) && slots <= MOST as usize).then_some(case)
}

/// The statements that each document may have on the way.
fn slots(case: &Case) -> BTreeMap<&'static str, Vec<Statement>> {
    let mut slots = case.old.clone();
    for (name, statements) in &case.new {
        let all = slots.entry(name).or_default();
        all.extend(statements.iter().filter(|it| !all.contains(it)).cloned().collect::<Vec<_>>());
    }
    slots
}

impl Case {
    fn allowed(&self, role: &Role) -> u32 {
        allowed(role.values().flatten(), self.all)
    }

    /// Whether any way leads to the end, by puts and deletes of any statements; without pauses if
    /// they are not wanted.
    fn there_is_a_way(&self, pauses: bool) -> bool {
        let slots = slots(self);
        let (old, new) = (self.allowed(&self.old), self.allowed(&self.new));
        let (mut seen, mut open) = (HashSet::new(), VecDeque::from([self.old.clone()]));
        let form = |role: &Role| -> Vec<Vec<String>> {
            NAMES
                .iter()
                .map(|name| {
                    let texts = role.get(name).into_iter().flatten();
                    let mut texts: Vec<_> = texts.map(|it| it.to_node().to_text()).collect();
                    texts.sort();
                    texts
                })
                .collect()
        };
        let end = form(&self.new);
        while let Some(role) = open.pop_front() {
            if form(&role) == end {
                return true;
            }
            for (name, all) in &slots {
                for number in 0..1_u32 << all.len() {
                    let chosen = all.iter().enumerate().filter(|(at, _)| number & (1 << at) != 0);
                    let mut next = role.clone();
                    next.insert(name, chosen.map(|(_, statement)| statement.clone()).collect());
                    let may = self.allowed(&next);
                    let safe = may & !(old | new) == 0 && (pauses || old & new & !may == 0);
                    if safe && fits(&next) && seen.insert(form(&next)) {
                        open.push_back(next);
                    }
                }
            }
        }
        false
    }

    fn plan(&self) -> (Observed, Vec<Step>) {
        let base = wish(TRUST);
        let with = |role: &Role| -> Desired {
            let mut desired = base.clone();
            let policy = |statements: &Vec<Statement>| Policy::new(statements.clone());
            desired.form.inline =
                role.iter().map(|(name, it)| ((*name).to_owned(), policy(it))).collect();
            if self.all {
                desired.form.attached.insert("arn:aws:iam::aws:policy/All".into());
            }
            desired
        };
        let observed = as_written(&with(&self.old));
        let steps = diff::untold(&with(&self.new), &observed, &Owned::default());
        (observed, steps)
    }
}

/// The inline policies that a role has.
fn inline(role: &Observed) -> Vec<Statement> {
    role.inline.values().flat_map(|text| read(text)).collect()
}

fn read(text: &str) -> Vec<Statement> {
    use iam::policy::{PolicyKind, Strictness};
    Policy::parse(text, PolicyKind::Identity, Strictness::Observed).unwrap().statements
}

/// The same holds whichever steps of a group have landed, and AWS has room for each that lands.
fn in_any_order(case: &Case, role: &Observed, steps: &[Step], told: &dyn Fn() -> String) {
    let (old, new) = (case.allowed(&case.old), case.allowed(&case.new));
    let (mut before, mut pauses) = (role.clone(), false);
    for group in steps.chunk_by(|one, other| one.group.is_some() && one.group == other.group) {
        pauses |= group.iter().any(|step| step.why == Why::Pause);
        let with = |number: u32| {
            let mut state = before.clone();
            for (_, step) in group.iter().enumerate().filter(|(at, _)| number & (1 << at) != 0) {
                carry_out(step, &mut state);
            }
            state
        };
        for number in 0..1_u32 << group.len() {
            let state = with(number);
            let may = allowed(inline(&state).iter(), case.all);
            assert_eq!(may & !(old | new), 0, "{}", told());
            assert!(pauses || old & new & !may == 0, "a pause that is not told: {}", told());
            for (at, step) in group.iter().enumerate().filter(|(at, _)| number & (1 << at) == 0) {
                let next = with(number | (1 << at));
                let sum: usize = next.inline.values().map(|text| counted_size(text)).sum();
                let put = matches!(step.call, Call::PutInline { .. });
                assert!(!put || sum <= INLINE_TOTAL, "no room for {step}: {}", told());
            }
        }
        before = with(u32::MAX);
    }
}

#[test]
fn where_a_way_leads_to_the_end_the_plan_gets_there_and_pauses_only_where_every_way_does() {
    let (mut checked, mut slowed, mut stuck) = (0, 0, 0);
    for number in 0..cases() {
        let Some(case) = case(number) else { continue };
        let (mut role, steps) = case.plan();
        let told = || {
            let lines: Vec<String> = steps
                .iter()
                .map(|step| match &step.call {
                    Call::PutInline { document, .. } => {
                        format!("{step} {}", document.replace("xxxxxxxx", "."))
                    }
                    _ => step.to_string(),
                })
                .collect();
            let old = format!("{:?}", case.old).replace("xxxxxxxx", ".").replace("........", ":");
            format!("case {number}, all {}, {old}:\n{}", case.all, lines.join("\n"))
        };
        let (old, new) = (case.allowed(&case.old), case.allowed(&case.new));
        let (mut done, mut pauses) = (BTreeSet::new(), false);
        for (place, step) in steps.iter().enumerate() {
            let mut next = role.clone();
            carry_out(step, &mut next);
            let sum: usize = next.inline.values().map(|text| counted_size(text)).sum();
            let put = matches!(step.call, Call::PutInline { .. });
            if (put && sum > INLINE_TOTAL) || !step.needs.iter().all(|it| done.contains(it)) {
                continue; // AWS refuses the one, the driver leaves the other
            }
            done.insert(place);
            role = next;
            let may = allowed(inline(&role).iter(), case.all);
            assert_eq!(may & !(old | new), 0, "after {place} of {}", told());
            if old & new & !may != 0 {
                pauses = true;
                assert!(
                    steps[..=place].iter().any(|step| step.why == Why::Pause),
                    "a pause that is not told, after {place} of {}",
                    told()
                );
            }
        }
        let ends = done.len() == steps.len();
        if ends {
            in_any_order(&case, &case.plan().0, &steps, &told);
        }
        assert!(ends || !case.there_is_a_way(true), "there is a way: {}", told());
        assert!(!pauses || !case.there_is_a_way(false), "no need to pause: {}", told());
        checked += 1;
        slowed += u32::from(pauses);
        stuck += u32::from(!ends);
    }
    // The laws say something only where there is little room.
    assert!(
        cases() < 2_000 || (checked > cases() / 5 && slowed > 0 && stuck > 0),
        "{checked} plans, {slowed} with pauses, {stuck} without an end"
    );
}
