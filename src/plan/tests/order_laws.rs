//! The law of the order of steps, asked of the evaluator: after each single write of a plan,
//! whoever can assume the role and do something with it could before the plan, or can at its end.
//! The same for the trust policy and the permissions alone.
//!
//! And so it is whichever step fails, when the others are carried out whose needs are done; none of
//! those is left out that is proven to be narrower.
//!
//! Roles are generated in pairs, the second mostly an edit of the first, or made anew: trust,
//! inline policies, boundary and attached policies, with Allow, Deny, Not-elements and conditions.
//! Where the planner knows the last two by ARN only, the test knows what they hold. Three laws,
//! because of that:
//!
//! - policies that come or go only allow: any number of them, together with any change of the
//!   boundary, whatever that holds;
//! - they may deny, too: then at most one of {attach, detach, another boundary} in a plan. With two
//!   of them there are roles for which no order does, and the planner could not find one where
//!   there is: see `order.rs`;
//! - the planner has read them, and each only allows or only denies: any number of them, together
//!   with any change of the boundary.

use std::collections::{BTreeMap, BTreeSet};

use crate::plan::{
    form::{desired::Desired, fingerprint::Owned, observed::Observed},
    steps::{
        diff,
        step::{Call, Step, Why},
    },
    tests::samples::{TRUST, as_written, carry_out, wish},
};
use iam::policy::{
    Effect, Policy, PolicyKind, PrincipalKind, Scope as Form, Statement, Strictness, contain,
    evaluate::{Context, Decision, Documents, Request, evaluate},
};

/// Cases of each law: 20,000 together, or as many as `ROLEWRIGHT_LAW_CASES` says.
pub(super) fn cases() -> u64 {
    std::env::var("ROLEWRIGHT_LAW_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(20_000)
        / 2
}

pub(super) const ARNS: [&str; 3] = [
    "arn:aws:iam::123456789012:policy/one",
    "arn:aws:iam::123456789012:policy/two",
    "arn:aws:iam::123456789012:policy/three",
];
const ACTIONS: [&str; 7] =
    ["s3:GetObject", "s3:PutObject", "s3:*", "s3:Get*", "sqs:SendMessage", "sqs:*", "*"];
const RESOURCES: [&str; 5] = [
    "*",
    "arn:aws:s3:::b/*",
    "arn:aws:s3:::b/secret",
    "arn:aws:s3:::c/*",
    "arn:aws:s3:::b/${aws:PrincipalTag/team}",
];
const TEAMS: [&str; 3] = ["red", "blue", "secret"];
const WHO: [(PrincipalKind, &str); 5] = [
    (PrincipalKind::Service, "lambda.amazonaws.com"),
    (PrincipalKind::Service, "ec2.amazonaws.com"),
    (PrincipalKind::Aws, "arn:aws:iam::210987654321:root"),
    (PrincipalKind::Aws, "arn:aws:iam::210987654321:role/one"),
    (PrincipalKind::Aws, "arn:aws:iam::123456789012:role/two"),
];

/// Random choices; a case is its number.
pub(super) struct Dice(pub(super) fastrand::Rng);

impl Dice {
    pub(super) fn one_in(&mut self, sides: u32) -> bool {
        self.0.u32(0..sides) == 0
    }

    pub(super) fn pick<T: Copy>(&mut self, list: &[T]) -> T {
        list[self.0.usize(0..list.len())]
    }

    fn some(&mut self, list: &[&str]) -> Vec<String> {
        let count = self.0.usize(1..3);
        let chosen: BTreeSet<&str> = (0..count).map(|_| self.pick(list)).collect();
        chosen.into_iter().map(str::to_owned).collect()
    }

    fn effect(&mut self, denies: bool) -> Effect {
        if denies && self.one_in(4) { Effect::Deny } else { Effect::Allow }
    }

    fn statement(&mut self, denies: bool) -> Statement {
        let mut statement =
            Statement::new(self.effect(denies), self.some(&ACTIONS)).on(self.some(&RESOURCES));
        if self.one_in(12) {
            statement.actions = Form::Except(self.some(&ACTIONS[..6]));
        }
        if self.one_in(12) {
            statement.resources = Some(Form::Except(self.some(&RESOURCES[1..])));
        }
        match self.0.u32(0..8) {
            0 => statement.when("StringEquals", "aws:PrincipalTag/team", self.some(&TEAMS)),
            1 => statement.when("StringNotEquals", "aws:PrincipalTag/team", self.some(&TEAMS)),
            2 => statement.when("Bool", "aws:SecureTransport", ["true"]),
            _ => statement,
        }
    }

    pub(super) fn document(&mut self, denies: bool) -> Policy {
        let count = self.0.usize(1..4);
        Policy::new((0..count).map(|_| self.statement(denies)).collect())
    }

    fn managed(&mut self, are: Managed) -> Policy {
        let mut policy = self.document(are == Managed::Denying);
        if are == Managed::Read && self.one_in(3) {
            for statement in &mut policy.statements {
                statement.effect = Effect::Deny;
            }
        }
        policy
    }

    fn grant(&mut self) -> Statement {
        let mut grant = Statement::new(self.effect(true), ["sts:AssumeRole"]);
        for _ in 0..self.0.usize(1..3) {
            let (kind, name) = self.pick(&WHO);
            grant = grant.principal(kind, [name]);
        }
        if self.one_in(3) {
            grant.when("StringEquals", "sts:ExternalId", self.some(&["x", "y"]))
        } else {
            grant
        }
    }

    fn trust(&mut self) -> Policy {
        let count = self.0.usize(1..4);
        Policy::new((0..count).map(|_| self.grant()).collect())
    }

    pub(super) fn role(&mut self, base: &Desired) -> Desired {
        let mut role = base.clone();
        role.form.trust = self.trust();
        role.form.inline =
            (0..self.0.usize(0..3)).map(|_| (self.name(), self.document(true))).collect();
        role.form.attached = (0..self.0.usize(0..3)).map(|_| self.pick(&ARNS).to_owned()).collect();
        role.form.boundary = if self.one_in(2) { None } else { Some(self.pick(&ARNS).to_owned()) };
        role
    }

    fn name(&mut self) -> String {
        self.pick(&["a", "b", "c"]).to_owned()
    }

    /// An edit, mostly of more than one part.
    pub(super) fn edited(&mut self, role: &Desired) -> Desired {
        let fresh = self.role(role);
        let mut role = role.clone();
        if self.one_in(2) {
            self.edit(&mut role.form.trust, Self::grant);
        }
        for policy in role.form.inline.values_mut() {
            if !self.one_in(3) {
                self.edit(policy, |dice| dice.statement(true));
            }
        }
        if self.one_in(3) {
            role.form.inline.extend(fresh.form.inline);
        }
        if self.one_in(3) {
            let gone = self.name();
            role.form.inline.remove(&gone);
        }
        if self.one_in(2) {
            role.form.attached = fresh.form.attached;
        }
        if self.one_in(2) {
            role.form.boundary = fresh.form.boundary;
        }
        role
    }

    fn edit(&mut self, policy: &mut Policy, new: impl Fn(&mut Self) -> Statement) {
        let at = self.0.usize(0..policy.statements.len());
        match self.0.u32(0..4) {
            0 => policy.statements.push(new(self)),
            1 if policy.statements.len() > 1 => drop(policy.statements.remove(at)),
            2 => {
                // The other effect, or other conditions, of what stays the same else.
                let other = new(self);
                policy.statements[at].conditions = other.conditions;
            }
            _ => policy.statements[at] = new(self),
        }
    }

    fn context(&mut self) -> Context {
        let mut context = Context::default();
        if !self.one_in(3) {
            context = context.with("aws:PrincipalTag/team", self.pick(&TEAMS));
        }
        if !self.one_in(3) {
            context = context.with("aws:SecureTransport", self.pick(&["true", "false"]));
        }
        context
    }

    /// Something to ask for.
    pub(super) fn request(&mut self) -> Request {
        let action = self.pick(&[
            "s3:GetObject",
            "s3:PutObject",
            "s3:DeleteObject",
            "sqs:SendMessage",
            "ec2:RunInstances",
        ]);
        let resource = self.pick(&[
            "arn:aws:s3:::b/secret",
            "arn:aws:s3:::b/red",
            "arn:aws:s3:::c/x",
            "arn:aws:sqs:::q",
        ]);
        Request {
            action: action.into(),
            resource: Some(resource.into()),
            principal: None,
            context: self.context(),
        }
    }

    /// Somebody who asks to assume the role.
    pub(super) fn caller(&mut self) -> Request {
        let (kind, name) = self.pick(&WHO);
        let mut context = Context::default();
        if !self.one_in(2) {
            context = context.with("sts:ExternalId", self.pick(&["x", "y"]));
        }
        Request {
            action: "sts:AssumeRole".into(),
            resource: None,
            principal: Some((kind, name.to_owned())),
            context,
        }
    }
}

/// Whom of the callers a state of a role trusts, and which of the requests it allows.
pub(super) type Answers = (Vec<bool>, Vec<bool>);

/// What is asked of each state of a role.
pub(super) struct Questions<'a> {
    pub(super) managed: &'a BTreeMap<&'a str, Policy>,
    pub(super) callers: Vec<Request>,
    pub(super) requests: Vec<Request>,
}

impl Questions<'_> {
    /// Whom of the callers the role trusts, and which of the requests it allows.
    pub(super) fn answers(&self, role: &Observed) -> Answers {
        (self.trusted(role), self.allowed(role))
    }

    /// The end of a plan of which one step fails, and the answers in each state on the way.
    fn on_the_way(
        &self,
        role: &Observed,
        steps: &[Step],
        fails: Option<usize>,
    ) -> (Observed, Vec<Answers>) {
        let mut state = role.clone();
        let mut answers = vec![self.answers(&state)];
        let mut done = BTreeSet::new();
        for (place, step) in steps.iter().enumerate() {
            if fails == Some(place) || !step.needs.iter().all(|need| done.contains(need)) {
                continue;
            }
            done.insert(place);
            carry_out(step, &mut state);
            let next = self.after(step, &state, &answers[answers.len() - 1]);
            answers.push(next);
        }
        (state, answers)
    }

    /// The same after a step: a part that it leaves alone is not asked about again.
    pub(super) fn after(&self, step: &Step, role: &Observed, before: &Answers) -> Answers {
        match step.call {
            Call::UpdateTrust { .. } => (self.trusted(role), before.1.clone()),
            _ => (before.0.clone(), self.allowed(role)),
        }
    }

    fn trusted(&self, role: &Observed) -> Vec<bool> {
        let trust = read(&role.role.trust, PolicyKind::Trust);
        ask(&Documents { trust: Some(&trust), ..Documents::default() }, &self.callers)
    }

    fn allowed(&self, role: &Observed) -> Vec<bool> {
        let inline: Vec<(&str, Policy)> = role
            .inline
            .iter()
            .map(|(name, text)| (name.as_str(), read(text, PolicyKind::Identity)))
            .collect();
        let mut policies: Vec<(&str, &Policy)> =
            inline.iter().map(|(name, policy)| (*name, policy)).collect();
        policies
            .extend(role.attached.iter().map(|arn| (arn.as_str(), &self.managed[arn.as_str()])));
        let boundary = role.role.boundary.as_deref().map(|arn| &self.managed[arn]);
        ask(&Documents { policies: &policies, boundary, trust: None }, &self.requests)
    }
}

fn read(text: &str, kind: PolicyKind) -> Policy {
    Policy::parse(text, kind, Strictness::Observed).unwrap()
}

pub(super) fn ask(documents: &Documents<'_>, requests: &[Request]) -> Vec<bool> {
    requests
        .iter()
        .map(|request| evaluate(documents, request).unwrap().decision == Decision::Allowed)
        .collect()
}

/// Each step that makes its own document narrower, whatever the others are, is free to go; a second
/// write of one document needs the first.
fn narrower_steps_need_nothing(steps: &[Step], role: &Observed) {
    let mut inline = role.inline.clone();
    for step in steps {
        let narrower = match &step.call {
            Call::PutInline { name, document } => {
                let old = inline.insert(name.clone(), document.clone());
                let old = old.map(|text| read(&text, PolicyKind::Identity));
                narrows(old.as_ref(), Some(&read(document, PolicyKind::Identity)))
            }
            Call::DeleteInline { name } => {
                let old = inline.remove(name).map(|text| read(&text, PolicyKind::Identity));
                narrows(old.as_ref(), None)
            }
            Call::PutBoundary { .. } => role.role.boundary.is_none(),
            _ => false,
        };
        let own = |need: &usize| steps[*need].call.parts() == step.call.parts();
        assert!(
            !narrower || step.needs.iter().all(own),
            "{step} needs {:?}: {steps:#?}",
            step.needs
        );
    }
}

fn narrows(old: Option<&Policy>, new: Option<&Policy>) -> bool {
    contain::change_among_others(old, new) == contain::Change::Narrower
}

/// How many calls of a plan change what is known by ARN only.
fn unread(steps: &[Step], before: &Observed) -> usize {
    let counts = |step: &&Step| match step.call {
        Call::Attach { .. } | Call::Detach { .. } => true,
        Call::PutBoundary { .. } => before.role.boundary.is_some(),
        _ => false,
    };
    steps.iter().filter(counts).count()
}

/// A new role, right after `CreateRole`.
pub(super) fn just_created(wish: &Desired) -> Observed {
    Observed { attached: BTreeSet::new(), inline: BTreeMap::new(), ..as_written(wish) }
}

/// A plan without its first step, which is done.
pub(super) fn behind_the_first(mut steps: Vec<Step>) -> Vec<Step> {
    steps.remove(0);
    for step in &mut steps {
        step.needs = step.needs.iter().filter_map(|need| need.checked_sub(1)).collect();
        step.group = step.group.map(|place| place - 1);
    }
    steps
}

/// What the planner knows of managed policies, and what they may hold.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Managed {
    /// Their ARNs; they only allow.
    Allowing,
    /// Their ARNs; they may deny.
    Denying,
    /// What they hold; each only allows or only denies.
    Read,
}

fn law(managed_are: Managed, salt: u64) {
    let base = wish(TRUST);
    let (mut checked, mut widest, mut paused) = (0_u64, 0, 0);
    for case in 0..cases() {
        let mut dice = Dice(fastrand::Rng::with_seed(case * 2 + salt));
        let managed: BTreeMap<&str, Policy> =
            ARNS.iter().map(|arn| (*arn, dice.managed(managed_are))).collect();
        let contents = || -> BTreeMap<String, String> {
            let text = |(arn, policy): (&&str, &Policy)| ((*arn).to_owned(), policy.to_json());
            managed.iter().map(text).collect()
        };
        let before = dice.role(&base);
        let then = if dice.one_in(3) { dice.role(&base) } else { dice.edited(&before) };
        let contents = if managed_are == Managed::Read { contents() } else { BTreeMap::new() };
        let (role, steps) = if dice.one_in(8) {
            let steps = behind_the_first(diff::create(&then, &contents));
            (Observed { contents, ..just_created(&then) }, steps)
        } else {
            let role = Observed { contents, ..as_written(&before) };
            let steps = diff::untold(&then, &role, &Owned::default());
            (role, steps)
        };
        if managed_are == Managed::Denying && unread(&steps, &role) > 1 {
            continue;
        }
        let questions = Questions {
            managed: &managed,
            callers: (0..4).map(|_| dice.caller()).collect(),
            requests: (0..6).map(|_| dice.request()).collect(),
        };
        let Questions { callers, requests, .. } = &questions;
        let (state, mut answers) = questions.on_the_way(&role, &steps, None);
        let (first, last) = (answers[0].clone(), answers[answers.len() - 1].clone());
        let (first, last) = (&first, &last);
        if case % 8 == 0 {
            assert_eq!(diff::untold(&then, &state, &Owned::default()), [], "case {case}");
        }
        // What is allowed before and after is allowed throughout, or the plan says that it pauses.
        // A boundary that is replaced counts as a Deny.
        let replaced = role.role.boundary.is_some()
            && then.form.boundary.is_some()
            && role.role.boundary != then.form.boundary;
        let told = steps.iter().any(|step| step.why == Why::Pause);
        paused += u64::from(told);
        for (what, request) in requests.iter().enumerate().filter(|_| !replaced && !told) {
            let kept = first.1[what] && last.1[what];
            assert!(
                !kept || answers.iter().all(|(_, may)| may[what]),
                "{request:?} pauses, case {case}: {steps:#?}"
            );
        }
        // The states after each failure follow; each step fails in one of eight cases.
        for fails in 0..steps.len() {
            if case % 8 == 0 || dice.one_in(12) {
                answers.extend(questions.on_the_way(&role, &steps, Some(fails)).1);
                narrower_steps_need_nothing(&steps, &role);
            }
        }
        for (at, (trusted, may)) in answers.iter().enumerate() {
            let told = || {
                let plan: Vec<String> =
                    steps.iter().map(|step| format!("{step}\n  {:?}", step.call)).collect();
                format!(
                    "case {case} after {at} of\n{}\nfrom {:?}\nwith {managed:#?}",
                    plan.join("\n"),
                    role
                )
            };
            for (who, trusted) in trusted.iter().enumerate() {
                assert!(!trusted || first.0[who] || last.0[who], "{:?}\n{}", callers[who], told());
                for (what, may) in may.iter().enumerate() {
                    assert!(
                        !may || first.1[what] || last.1[what],
                        "{:?}\n{}",
                        requests[what],
                        told()
                    );
                    let both = |(trusted, may): &Answers| trusted[who] && may[what];
                    let is = *trusted && *may;
                    assert!(
                        !is || both(first) || both(last),
                        "{:?} {:?}\n{}",
                        callers[who],
                        requests[what],
                        told()
                    );
                }
            }
        }
        checked += 1;
        widest = widest.max(steps.len());
    }
    // The law says something only of plans with several steps.
    assert!(
        checked * 3 > cases() && (cases() < 100 || widest > 5),
        "{checked} plans, at most {widest} steps"
    );
    assert!(paused * 20 < checked, "{paused} of {checked} plans pause");
}

#[test]
fn whoever_can_do_something_on_the_way_could_before_or_can_in_the_end() {
    law(Managed::Allowing, 0);
}

#[test]
fn so_it_is_with_one_managed_policy_or_boundary_that_denies() {
    law(Managed::Denying, 1);
}

#[test]
fn so_it_is_with_any_number_of_them_when_they_were_read_and_each_only_allows_or_only_denies() {
    law(Managed::Read, 2);
}
