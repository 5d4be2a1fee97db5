//! What documents of strangers may cost: counted, not timed.

use crate::account::Account;
use crate::policy::contain::{access_within, contains};
use crate::policy::diff::Diff;
use crate::policy::reasons::explain;
use crate::policy::tests::hostile;
use crate::policy::{BUDGET, Policy, PolicyKind, Statement, Strictness, Work};

/// The quota of a role's inline policies, and the longest document inside a resource.
const SIZES: [usize; 2] = [10_240, 64 * 1024];

fn account() -> Account {
    Account::new("123456789012", "aws").unwrap()
}

fn read(text: &str) -> Policy {
    Policy::read(text, PolicyKind::Any, Strictness::Desired).unwrap()
}

/// A document that is over its budget, folded or compared.
pub(in crate::policy) fn costly() -> Policy {
    let (_, text) = hostile::documents(SIZES[1]).swap_remove(0);
    read(&text)
}

/// The same document with one action more.
pub(super) fn neighbour(policy: &Policy) -> Policy {
    let mut other = policy.clone();
    let last = other.statements.last_mut().unwrap();
    last.actions.content_mut().push("sts:AssumeRoleWith*".to_owned());
    last.sid = Some("Changed".to_owned());
    other
}

/// Steps of the canonical form, and of both directions of containment.
pub(super) fn costs(one: &Policy, other: &Policy) -> [u64; 2] {
    let (folding, comparing) = (Work::new(), Work::new());
    let _ = one.canonical_within(&account(), &folding);
    let _ = access_within(Some(one), Some(other), &comparing);
    [folding.done(), comparing.done()]
}

#[test]
fn no_question_costs_much_more_than_its_budget() {
    // The commands read longer ones, and may say at once that they cost too much.
    for bytes in SIZES.into_iter().chain([crate::limits::GIVEN_DOCUMENT]) {
        for (name, text) in hostile::documents(bytes) {
            assert!(text.len() <= bytes && text.len() > bytes * 3 / 4, "{name}: {}", text.len());
            let policy = read(&text);
            for cost in costs(&policy, &neighbour(&policy)) {
                let refused = if bytes > SIZES[1] { 4 * bytes as u64 } else { 0 };
                assert!(cost < BUDGET + BUDGET / 2 + refused, "{name} of {bytes} bytes: {cost}");
            }
            // These have budgets inside: they end, and say something.
            let diff = Diff::between(&policy, &neighbour(&policy), &account());
            assert!(!diff.summary(200).is_empty(), "{name}");
            let other = neighbour(&policy).to_json();
            let reasons = explain(&text, &other, PolicyKind::Any, &account()).unwrap().reasons;
            assert!(!reasons.is_empty(), "{name}");
        }
    }
}

/// What people write, in about so many bytes.
fn usual(bytes: usize) -> Policy {
    let services = ["s3", "sqs", "dynamodb", "kms", "logs", "sns", "ecr", "ssm", "events", "ec2"];
    let verbs = ["Get*", "List*", "Describe*Tags", "PutThing", "DeleteThing", "TagResource"];
    let each = |number: usize| {
        let service = services[number % services.len()];
        let actions = verbs.map(|verb| format!("{service}:{verb}"));
        let resources = (0..3).map(|part| format!("arn:aws:{service}:::team-{number}-{part}/*"));
        Statement::allow(actions).on(resources).when(
            "StringEquals",
            "aws:ResourceAccount",
            ["123456789012"],
        )
    };
    let count = (1..)
        .take_while(|count| Policy::new((0..*count).map(each).collect()).to_json().len() < bytes);
    Policy::new((0..count.last().unwrap()).map(each).collect())
}

#[test]
fn what_people_write_costs_about_as_much_as_it_is_long() {
    let [short, long] = SIZES.map(|bytes| {
        let policy = usual(bytes);
        assert!(contains(&policy, &policy).is_proven());
        costs(&policy, &policy)
    });
    for (short, long) in short.into_iter().zip(long) {
        assert!(short < BUDGET / 8, "{short}");
        // 6.4 times as long.
        assert!(long < 10 * short, "{short} and {long}");
    }
}

#[test]
fn two_hundred_actions_with_wildcards_in_one_statement_are_no_trouble() {
    let (_, text) = hostile::documents(SIZES[0]).swap_remove(0);
    let policy = read(&text);
    assert!(policy.statements[0].actions.content().len() > 198);
    assert!(!policy.canonical(&account()).is_large());
    assert!(contains(&policy, &policy).is_proven());
    for cost in costs(&policy, &policy) {
        assert!(cost < BUDGET / 2, "{cost}");
    }
}

#[test]
fn requests_with_many_keys_are_dear_to_make() {
    let text =
        hostile::documents(SIZES[0]).into_iter().find(|(name, _)| *name == "keys").unwrap().1;
    let policy = read(&text);
    // Each request that is tried is a copy of all of its keys.
    assert!(costs(&policy, &neighbour(&policy))[1] > BUDGET);
}
