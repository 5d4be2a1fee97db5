//! Laws of the policy language, for arbitrary policies: what never matters and what always does.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::*;
use crate::iam::arn::Account;
use crate::iam::json::Node;

/// 512 cases, or as many as `PROPTEST_CASES` says.
fn config() -> ProptestConfig {
    if std::env::var_os("PROPTEST_CASES").is_some() {
        ProptestConfig::default()
    } else {
        ProptestConfig::with_cases(512)
    }
}

fn account() -> Account {
    Account::new("123456789012", "aws").unwrap()
}

fn scope<T: std::fmt::Debug>(content: impl Strategy<Value = T>) -> impl Strategy<Value = Scope<T>> {
    (content, prop::bool::weighted(0.2)).prop_map(
        |(content, except)| {
            if except { Scope::Except(content) } else { Scope::Only(content) }
        },
    )
}

fn texts(pattern: &'static str) -> impl Strategy<Value = Vec<String>> {
    prop::collection::vec(pattern, 1..4)
}

fn any_conditions() -> impl Strategy<Value = Conditions> {
    let operators =
        select(vec!["StringEquals", "StringLikeIfExists", "ForAnyValue:ArnLike", "Bool", "NumericEquals", "Null"]);
    // Lower case before the colon, one upper case after it: no two keys differ only in case.
    let keys = prop::collection::btree_map("[a-c]{1,2}:[A-C]", texts("[ -~\u{e9}]{0,5}"), 1..3);
    prop::collection::btree_map(operators.prop_map(str::to_owned), keys, 0..3)
}

fn any_principals() -> impl Strategy<Value = Principals> {
    let aws = "\\*|123456789012|210987654321|arn:aws:iam::123456789012:root|arn:aws:iam::123456789012:role/[a-c]{1,2}";
    let kinds = (
        prop::option::of(texts(aws)),
        prop::option::of(texts("[a-c]{1,2}\\.amazonaws\\.com")),
        prop::option::of(texts("arn:aws:iam::123456789012:oidc-provider/[a-c]|123456789012")),
    );
    scope(kinds.prop_map(|(aws, service, federated)| {
        let service =
            service.or_else(|| (aws.is_none() && federated.is_none()).then(|| vec!["ec2.amazonaws.com".to_owned()]));
        let kinds =
            [(PrincipalKind::Aws, aws), (PrincipalKind::Service, service), (PrincipalKind::Federated, federated)];
        PrincipalSet::Kinds(kinds.into_iter().filter_map(|(kind, values)| Some((kind, values?))).collect())
    }))
}

fn any_statement(kind: Kind) -> impl Strategy<Value = Statement> {
    (
        (any::<bool>(), select(vec![Effect::Allow, Effect::Deny])),
        any_principals(),
        scope(texts("\\*|[a-c]{1,2}:[A-C*]{1,2}")),
        scope(texts("\\*|arn:aws:s3:::[a-c*$\\{\\}\"\\\\ +%]{1,4}")),
        any_conditions(),
    )
        .prop_map(move |((named, effect), principals, actions, resources, conditions)| Statement {
            sid: named.then(String::new),
            effect,
            principals: (kind == Kind::Trust).then_some(principals),
            actions,
            resources: (kind == Kind::Identity).then_some(resources),
            conditions,
        })
}

fn any_policy() -> impl Strategy<Value = (Kind, Policy)> {
    select(vec![Kind::Identity, Kind::Trust]).prop_flat_map(|kind| {
        let statements = prop::collection::vec(any_statement(kind), 1..5);
        (Just(kind), statements, select(Version::ALL.to_vec()), prop::option::of("[a-c]{1,3}")).prop_map(
            |(kind, mut statements, version, id)| {
                for (number, statement) in statements.iter_mut().enumerate() {
                    statement.sid = statement.sid.take().map(|_| format!("S{number}"));
                }
                (kind, Policy { version, id, statements })
            },
        )
    })
}

/// A small generator, so that one number from proptest decides a whole disturbance.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % bound.max(1)
    }

    fn disturb<T: Clone>(&mut self, items: &mut Vec<T>) {
        if let (0, false) = (self.below(2), items.is_empty()) {
            items.push(items[self.below(items.len())].clone());
        }
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }
}

/// Shuffles and repeats everything that is a set, and respells accounts.
fn disturbed(policy: &Policy, seed: u64) -> Policy {
    let mut dice = Dice(seed);
    let mut policy = policy.clone();
    dice.disturb(&mut policy.statements);
    for statement in &mut policy.statements {
        let (Scope::Only(actions) | Scope::Except(actions)) = &mut statement.actions;
        dice.disturb(actions);
        if let Some(Scope::Only(list) | Scope::Except(list)) = &mut statement.resources {
            dice.disturb(list);
        }
        if let Some(Scope::Only(PrincipalSet::Kinds(kinds)) | Scope::Except(PrincipalSet::Kinds(kinds))) =
            &mut statement.principals
        {
            for values in kinds.values_mut() {
                dice.disturb(values);
            }
            for value in
                kinds.get_mut(&PrincipalKind::Aws).into_iter().flatten().filter(|value| value.ends_with("12:root"))
            {
                if dice.below(2) == 0 {
                    *value = "123456789012".to_owned();
                }
            }
        }
        statement.conditions.values_mut().flat_map(BTreeMap::values_mut).for_each(|values| dice.disturb(values));
    }
    policy
}

/// The printed form with each single value inside a list, and the keys of objects in reverse.
fn respelled(node: &Node, inside: bool) -> Node {
    match node {
        Node::Object(members) => {
            let listed = ["Action", "NotAction", "Resource", "NotResource"];
            let members = members.iter().rev().map(|(key, value)| {
                let deeper =
                    inside || key.ends_with("Principal") || key == "Condition" || listed.contains(&key.as_str());
                (key.clone(), respelled(value, deeper))
            });
            Node::Object(members.collect())
        }
        Node::Array(items) => {
            Node::Array(items.iter().map(|item| if inside { item.clone() } else { respelled(item, false) }).collect())
        }
        Node::String(_) if inside => Node::Array(vec![node.clone()]),
        other => other.clone(),
    }
}

fn toggled<T: Clone>(scope: &Scope<T>) -> Scope<T> {
    match scope {
        Scope::Only(content) => Scope::Except(content.clone()),
        Scope::Except(content) => Scope::Only(content.clone()),
    }
}

fn percent_encoded(text: &str) -> String {
    text.bytes()
        .map(|b| if b.is_ascii_alphanumeric() { char::from(b).to_string() } else { format!("%{b:02X}") })
        .collect()
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn what_is_printed_reads_back_the_same((kind, policy) in any_policy()) {
        prop_assert_eq!(Policy::parse(&policy.to_json(), kind, Strictness::Desired), Ok(policy.clone()));
        prop_assert_eq!(Policy::parse(&policy.to_json(), kind, Strictness::Observed), Ok(policy.clone()));
        prop_assert_eq!(compare(&policy, &percent_encoded(&policy.to_json()), kind, &account()), Verdict::Identical);
    }

    #[test]
    fn the_canonical_form_is_stable_through_print_and_parse((kind, policy) in any_policy()) {
        let canonical = policy.canonical(&account());
        prop_assert_eq!(canonical.to_policy().canonical(&account()), canonical.clone());
        let read = Policy::parse(&canonical.to_policy().to_json(), kind, Strictness::Desired).unwrap();
        prop_assert_eq!(read.canonical(&account()).bytes(), canonical.bytes());
        prop_assert!(compare(&policy, &canonical.to_policy().to_json(), kind, &account()).is_equal());
    }

    #[test]
    fn order_repetition_and_spelling_of_lists_are_never_different((kind, policy) in any_policy(), seed in any::<u64>()) {
        let other = disturbed(&policy, seed);
        let text = respelled(&other.to_node(), false).to_text();
        prop_assert!(compare(&policy, &percent_encoded(&text), kind, &account()).is_equal(), "{}", text);
        prop_assert_eq!(other.canonical(&account()).bytes(), policy.canonical(&account()).bytes());
    }

    #[test]
    fn equal_bytes_are_equal_forms((_, left) in any_policy(), (_, right) in any_policy()) {
        let (left, right) = (left.canonical(&account()), right.canonical(&account()));
        prop_assert_eq!(left.bytes() == right.bytes(), left == right);
    }

    #[test]
    fn a_change_of_substance_is_never_equal((kind, policy) in any_policy(), which in any::<Index>(), change in 0..10_u8) {
        // The document keeps each of its statements once, so a changed copy cannot hide behind an unchanged one.
        let mut policy = policy.canonical(&account()).to_policy();
        if change >= 6 {
            policy.statements.truncate(1);
        }
        if (change, kind) == (7, Kind::Trust) || (change, kind) == (8, Kind::Identity) {
            return Ok(());
        }
        let mut other = policy.clone();
        let statement = &mut other.statements[which.index(policy.statements.len())];
        let new = "zz:New".to_owned();
        match change {
            0 => {
                let (Scope::Only(actions) | Scope::Except(actions)) = &mut statement.actions;
                actions.push(new);
            }
            1 => {
                let (Scope::Only(actions) | Scope::Except(actions)) = &mut statement.actions;
                actions[0] = new;
            }
            2 => match &mut statement.resources {
                Some(Scope::Only(list) | Scope::Except(list)) => list[0] = new,
                None => statement.principals = Some(Scope::Only(PrincipalSet::Everyone)),
            },
            3 => match &mut statement.principals {
                Some(Scope::Only(PrincipalSet::Kinds(kinds)) | Scope::Except(PrincipalSet::Kinds(kinds))) => {
                    kinds.entry(PrincipalKind::Aws).or_default().push("999999999999".to_owned());
                }
                _ => statement.resources = statement.resources.as_ref().map(|list| Scope::Only([list.content().clone(), vec![new]].concat())),
            },
            4 => {
                statement.conditions.entry("DateLessThan".to_owned()).or_default().insert("aws:CurrentTime".to_owned(), vec![new]);
            }
            5 => other.version = if policy.version == Version::V2012 { Version::V2008 } else { Version::V2012 },
            6 => statement.actions = toggled(&statement.actions),
            7 => statement.resources = statement.resources.as_ref().map(toggled),
            8 => statement.principals = statement.principals.as_ref().map(toggled),
            _ => {
                other.statements[0].effect = if other.statements[0].effect == Effect::Allow { Effect::Deny } else { Effect::Allow };
            }
        }
        prop_assert_ne!(policy.canonical(&account()).bytes(), other.canonical(&account()).bytes());
        prop_assert_eq!(compare(&policy, &percent_encoded(&other.to_json()), kind, &account()), Verdict::Different);
        prop_assert_eq!(compare(&other, &percent_encoded(&policy.to_json()), kind, &account()), Verdict::Different);
    }

    #[test]
    fn arbitrary_text_is_never_equal_and_never_panics(text in "[\\[\\]{}:,\"a-zSEAR0-9%+ ]{0,40}", (kind, policy) in any_policy()) {
        prop_assert!(!compare(&policy, &text, kind, &account()).is_equal());
    }
}
