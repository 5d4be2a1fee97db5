//! Laws of containment, confronted with the evaluator: documents and edits of them, and requests
//! drawn near their patterns.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::sample::select;

use crate::policy::contain::witness::asked;
use crate::policy::contain::*;
use crate::policy::diff::request_node;
use crate::policy::document::{Effect, PrincipalSet, Scope, Statement, Version};
use crate::policy::evaluate::{Decision, Documents, evaluate};
use crate::policy::tests::laws::{cases, matching, run};

fn flip<T>(except: bool, content: T) -> Scope<T> {
    if except { Scope::Except(content) } else { Scope::Only(content) }
}

fn any_clause() -> impl Strategy<Value = (String, String, Vec<String>)> {
    let texts = || {
        prop::collection::vec(
            select(vec!["a", "b", "ab", "a*", "*", "?", "A", "${aws:username}"]),
            1..3,
        )
    };
    let pick = |operators: Vec<&'static str>,
                key: &'static str,
                values: BoxedStrategy<Vec<&'static str>>| {
        (select(operators), values).prop_map(move |(operator, values)| {
            (operator.to_owned(), key.to_owned(), values.into_iter().map(str::to_owned).collect())
        })
    };
    prop_oneof![
        6 => pick(
            vec![
                "StringEquals", "StringLike", "StringNotEquals", "StringNotLike",
                "StringEqualsIgnoreCase",
                "StringEqualsIfExists", "StringLikeIfExists", "StringNotEqualsIgnoreCase",
                "ForAllValues:StringEquals", "ForAnyValue:StringLike", "ForAllValues:StringNotLike",
                "ForAnyValue:StringNotEquals", "ForAllValues:StringLikeIfExists",
            ],
            "k",
            texts().boxed(),
        ),
        2 => pick(
            vec![
                "NumericLessThan", "NumericLessThanEquals", "NumericGreaterThan", "NumericEquals",
                "NumericNotEquals",
                "NumericGreaterThanEqualsIfExists",
            ],
            "n",
            prop::collection::vec(select(vec!["1", "2", "2.0", "3", "x"]), 1..3).boxed(),
        ),
        1 => pick(vec!["Null"], "k", prop::collection::vec(select(vec!["true", "false", "x"]),
            1..2).boxed()),
        1 => pick(vec!["Bool", "BoolIfExists"], "b", prop::collection::vec(select(vec!["true",
            "false", "x"]), 1..2).boxed()),
        1 => pick(
            vec!["IpAddress", "NotIpAddress"],
            "i",
            prop::collection::vec(select(vec!["10.0.0.0/8", "10.1.0.0/16", "10.1.2.3"]),
                1..3).boxed(),
        ),
        1 => pick(
            vec!["ArnLike", "ArnNotEquals", "ArnEquals"],
            "r",
            prop::collection::vec(select(vec!["arn:aws:s3:::a", "arn:aws:s3:::*", "arn:*:s3:::a*"]),
                1..3).boxed(),
        ),
        1 => pick(
            vec!["DateLessThan", "DateGreaterThanEquals"],
            "d",
            prop::collection::vec(select(vec!["2026-01-01T00:00:00Z", "1767225601"]), 1..2).boxed(),
        ),
    ]
}

fn any_conditions() -> impl Strategy<Value = Vec<(String, String, Vec<String>)>> {
    prop_oneof![2 => Just(Vec::new()), 2 => prop::collection::vec(any_clause(), 1..2),
        1 => prop::collection::vec(any_clause(), 2..3)]
}

/// Plain texts, variables, and patterns of ARNs with few fields and with all.
const RESOURCES: &str = "[ab*?]{1,3}|\\*|\\$\\{aws:username\\}\\*?|a:[ab*:]{1,4}|\
                         \\*:a:[a*]:[*?]:[a*]:[ab*:]{1,3}";

fn any_statement(trust: bool) -> BoxedStrategy<Statement> {
    let who = vec![
        ("AWS", "123456789012"),
        ("AWS", "arn:aws:iam::123456789012:root"),
        ("AWS", "arn:aws:iam::123456789012:role/p/a"),
        ("AWS", "arn:aws:iam::123456789012:role/q/a"),
        ("AWS", "arn:aws:sts::123456789012:assumed-role/a/s"),
        ("AWS", "arn:aws:iam::210987654321:user/u"),
        ("AWS", "*"),
        ("Service", "ec2.amazonaws.com"),
        ("Federated", "arn:aws:iam::123456789012:oidc-provider/x"),
        ("Federated", "*"),
        ("Service", "*"),
    ];
    let actions = if trust {
        prop::collection::vec(
            select(vec!["sts:AssumeRole", "sts:*", "sts:TagSession", "*", "s3:GetObject"]),
            1..3,
        )
        .prop_map(|list| list.into_iter().map(str::to_owned).collect())
        .boxed()
    } else {
        prop::collection::vec(matching("\\*|s3:[ab*?]{1,2}|s3|S3:A"), 1..3).boxed()
    };
    (
        prop::bool::weighted(0.3),
        (prop::bool::weighted(0.15), actions),
        (prop::bool::weighted(0.15), prop::collection::vec(select(who), 1..3)),
        (prop::bool::weighted(0.15), prop::collection::vec(matching(RESOURCES), 1..3)),
        any_conditions(),
    )
        .prop_map(
            move |(
                deny,
                (not_action, actions),
                (not_principal, who),
                (not_resource, resources),
                conditions,
            )| {
                let mut statement =
                    Statement::new(if deny { Effect::Deny } else { Effect::Allow }, actions);
                statement.actions = flip(not_action, statement.actions.content().clone());
                if trust {
                    for (kind, value) in who {
                        statement = statement.principal(PrincipalKind::of(kind).unwrap(), [value]);
                    }
                    statement.principals =
                        statement.principals.map(|set| flip(not_principal, set.content().clone()));
                } else {
                    statement.resources = Some(flip(not_resource, resources));
                }
                for (operator, key, values) in conditions {
                    statement = statement.when(&operator, &key, values);
                }
                statement
            },
        )
        .boxed()
}

fn any_policy(trust: bool) -> impl Strategy<Value = Policy> {
    let version = prop_oneof![4 => Just(Version::V2012), 1 => Just(Version::V2008)];
    (prop::collection::vec(any_statement(trust), 1..4), version)
        .prop_map(|(statements, version)| Policy { version, id: None, statements })
}

/// What is done to a document, and whether it can only take away.
#[derive(Clone, Debug)]
enum Edit {
    Drop(usize),
    Deny(Statement),
    Add(Statement),
    Clause(usize, (String, String, Vec<String>)),
    Loosen(usize),
    FewerValues(usize),
    Shuffle,
}

fn any_edit(trust: bool) -> impl Strategy<Value = Edit> {
    prop_oneof![
        (0..3_usize).prop_map(Edit::Drop),
        any_statement(trust).prop_map(|mut statement| {
            statement.effect = Effect::Deny;
            Edit::Deny(statement)
        }),
        any_statement(trust).prop_map(Edit::Add),
        (0..3_usize, any_clause()).prop_map(|(at, clause)| Edit::Clause(at, clause)),
        (0..3_usize).prop_map(Edit::Loosen),
        (0..3_usize).prop_map(Edit::FewerValues),
        Just(Edit::Shuffle),
    ]
}

/// The edited document; the flag tells that the edit can't widen.
fn edited(policy: &Policy, edit: &Edit) -> (Policy, bool) {
    let mut policy = policy.clone();
    let length = policy.statements.len();
    let mut only_less = false;
    match edit.clone() {
        Edit::Drop(at) => {
            only_less = policy.statements.remove(at % length).effect == Effect::Allow;
        }
        Edit::Deny(statement) => {
            only_less = true;
            policy.statements.push(statement);
        }
        Edit::Add(statement) => policy.statements.push(statement),
        Edit::Clause(at, (operator, key, values)) => {
            let statement = &mut policy.statements[at % length];
            let free =
                !statement.conditions.get(&operator).is_some_and(|keys| keys.contains_key(&key));
            only_less = free && statement.effect == Effect::Allow;
            *statement = statement.clone().when(&operator, &key, values);
        }
        Edit::Loosen(at) => policy.statements[at % length].conditions = BTreeMap::new(),
        Edit::FewerValues(at) => {
            let statement = &mut policy.statements[at % length];
            if let Scope::Only(actions) = &mut statement.actions
                && actions.len() > 1
            {
                actions.pop();
                only_less = statement.effect == Effect::Allow;
            } else if let Some(values) =
                statement.conditions.values_mut().flat_map(BTreeMap::values_mut).next()
                && values.len() > 1
            {
                values.pop();
            }
        }
        Edit::Shuffle => {
            only_less = true;
            policy.statements.reverse();
        }
    }
    (policy, only_less)
}

fn any_context() -> impl Strategy<Value = Context> {
    let values = || select(vec!["a", "b", "ab", "A", "c", ""]);
    (
        prop::option::of(prop_oneof![
            values().prop_map(|value| (vec![value], false)),
            prop::collection::vec(values(), 1..3).prop_map(|values| (values, true)),
        ]),
        prop::option::of(select(vec!["0", "1", "1.5", "2", "3", "4", "x"])),
        prop::option::of(select(vec!["true", "false"])),
        prop::option::of(select(vec!["10.1.2.3", "10.1.9.9", "10.9.9.9", "11.0.0.1"])),
        prop::option::of(select(vec![
            "arn:aws:s3:::a",
            "arn:aws:s3:::b",
            "arn:aws-cn:s3:::ab",
            "x",
        ])),
        prop::option::of(select(vec![
            "2025-12-31T23:59:59Z",
            "1767225600",
            "1767225601",
            "1767225602",
        ])),
        prop::option::of(select(vec!["a", "b", "a*"])),
    )
        .prop_map(|(k, n, b, i, r, d, user)| {
            let mut context = Context::default();
            context = match k {
                Some((values, true)) => context.with_list("K", values),
                Some((values, false)) => context.with("K", values[0]),
                None => context,
            };
            for (key, value) in
                [("n", n), ("b", b), ("i", i), ("r", r), ("d", d), ("aws:username", user)]
            {
                if let Some(value) = value {
                    context = context.with(key, value);
                }
            }
            context
        })
}

fn any_request(trust: bool) -> BoxedStrategy<Request> {
    if trust {
        let who = select(vec![
            (PrincipalKind::Aws, "arn:aws:iam::123456789012:role/p/a"),
            (PrincipalKind::Aws, "arn:aws:iam::123456789012:role/q/a"),
            (PrincipalKind::Aws, "arn:aws:sts::123456789012:assumed-role/a/s"),
            (PrincipalKind::Aws, "arn:aws:sts::123456789012:assumed-role/a/t"),
            (PrincipalKind::Aws, "arn:aws:iam::123456789012:user/u"),
            (PrincipalKind::Aws, "arn:aws:iam::210987654321:user/u"),
            (PrincipalKind::Aws, "arn:aws:iam::999999999999:user/u"),
            (PrincipalKind::Service, "ec2.amazonaws.com"),
            (PrincipalKind::Service, "x.amazonaws.com"),
            (PrincipalKind::Federated, "arn:aws:iam::123456789012:oidc-provider/x"),
        ]);
        (
            select(vec![
                "sts:AssumeRole",
                "sts:TagSession",
                "sts:AssumeRoleWithSAML",
                "s3:GetObject",
            ]),
            who,
            any_context(),
        )
            .prop_map(|(action, (kind, who), context)| Request {
                action: action.to_owned(),
                resource: None,
                principal: Some((kind, who.to_owned())),
                context,
            })
            .boxed()
    } else {
        (
            matching("s3:[abA]{1,2}|iam:x"),
            prop::option::weighted(0.95, matching("[ab*]{0,3}|a:a:[ab]:a:a:[ab:]{1,3}|[ab:]{2,7}")),
            any_context(),
        )
            .prop_map(|(action, resource, context)| Request {
                action,
                resource,
                principal: None,
                context,
            })
            .boxed()
    }
}

/// A document, another made of it by edits, whether they can only take away, and requests.
fn any_pair() -> impl Strategy<Value = (Policy, Policy, bool, Vec<Request>)> {
    any::<bool>().prop_flat_map(|trust| {
        let edits = prop::collection::vec(any_edit(trust), 0..3);
        let requests = prop::collection::vec(any_request(trust), 8);
        (any_policy(trust), edits, requests, prop::bool::weighted(0.1), any_policy(trust)).prop_map(
            |(old, edits, requests, unrelated, other)| {
                let mut only_less = true;
                let mut new = old.clone();
                for edit in &edits {
                    if new.statements.is_empty() {
                        break;
                    }
                    let (next, less) = edited(&new, edit);
                    only_less &= less;
                    new = next;
                }
                if unrelated {
                    (old, other, false, requests)
                } else {
                    (old, new, only_less, requests)
                }
            },
        )
    })
}

#[test]
fn what_is_contained_allows_no_request_more_and_a_witness_is_one() {
    let seen = run("contains", &any_pair(), |(old, new, only_less, requests), seen| {
        let more = requests
            .iter()
            .find(|request| asked(&new, request).is_some() && asked(&old, request).is_none());
        match contains(&old, &new) {
            Containment::NoNewAccess => {
                seen.note("yes");
                prop_assert_eq!(more, None);
            }
            Containment::NewAccess(witness) => {
                seen.note("no");
                prop_assert!(!only_less, "{}", witness);
                prop_assert_eq!(asked(&new, &witness.request()), Some(witness.statement));
                prop_assert_eq!(asked(&old, &witness.request()), None);
                let printed = request_node(&witness).to_text();
                prop_assert_eq!(Request::read(&printed), Ok(witness.request()));
            }
            Containment::Unknown(_) => seen.note("unknown"),
        }
        Ok(())
    });
    // A law that says nothing would be worth nothing.
    let [yes, no, unknown] = ["yes", "no", "unknown"].map(|answer| seen.times(answer));
    let all = cases();
    assert!(
        yes > all / 4 && no > all / 10 && unknown < all / 10,
        "{yes} yes, {no} no, {unknown} unknown"
    );
}

/// The document as one reading has it of the principals that AWS does not document, in words that
/// have one meaning only.
fn read_as(policy: &Policy, wide_denies: bool, literal_stars: bool) -> Policy {
    let mut policy = policy.clone();
    for statement in &mut policy.statements {
        let deny = statement.effect == Effect::Deny;
        let Some(set) = statement.principals.as_mut().map(Scope::content_mut) else { continue };
        let PrincipalSet::Kinds(kinds) = set else { continue };
        let all = |kind: PrincipalKind, kinds: &BTreeMap<PrincipalKind, Vec<String>>| {
            kinds.get(&kind).is_some_and(|values| values.iter().any(|value| value == "*"))
        };
        if deny && wide_denies && all(PrincipalKind::Aws, kinds) {
            *set = PrincipalSet::Everyone;
            continue;
        }
        for (kind, values) in kinds.iter_mut() {
            for value in values.iter_mut() {
                if literal_stars && *kind != PrincipalKind::Aws && value == "*" {
                    *value = "nobody".to_owned();
                }
            }
        }
    }
    policy
}

#[test]
fn what_is_contained_is_so_however_aws_reads_what_it_does_not_document() {
    let pairs = any_pair().prop_filter("trust", |(old, ..)| {
        old.statements.iter().any(|statement| statement.principals.is_some())
    });
    let seen = run("readings", &pairs, |(old, new, _, requests), seen| {
        let alone = contains(&old, &new).is_proven();
        let among =
            matches!(change_among_others(Some(&old), Some(&new)), Change::Narrower | Change::Same);
        let work = Work::new();
        prop_assert_eq!(Container::new(&old, &work).contains(&new), alone);
        if alone || among {
            for (wide, literal) in [(false, false), (true, false), (false, true), (true, true)] {
                let (before, after) = (read_as(&old, wide, literal), read_as(&new, wide, literal));
                for request in &requests {
                    let allowed = asked(&after, request).is_some();
                    seen.note(if allowed { "allowed" } else { "denied" });
                    prop_assert!(!allowed || asked(&before, request).is_some(), "{:?}", request);
                }
            }
        }
        Ok(())
    });
    assert!(seen.times("allowed") > cases() / 4, "{}", seen.times("allowed"));
}

#[test]
fn a_document_contains_itself_and_what_only_takes_away() {
    run("less is contained", &any_pair(), |(old, new, only_less, _), seen| {
        prop_assert_eq!(contains(&old, &old), Containment::NoNewAccess);
        prop_assert_eq!(change(Some(&old), Some(&old)), Change::Same);
        prop_assert_eq!(change_among_others(Some(&old), Some(&old)), Change::Same);
        if only_less {
            seen.note("less");
            prop_assert_eq!(contains(&old, &new), Containment::NoNewAccess);
        }
        Ok(())
    });
}

#[test]
fn among_others_a_narrower_document_allows_no_request_more_whatever_the_others_are() {
    let requests = prop::collection::vec(any_request(false), 8);
    let strategy = (
        any_policy(false),
        prop::collection::vec(any_edit(false), 0..2),
        any_policy(false),
        requests,
    );
    let seen = run("among others", &strategy, |(old, edits, other, requests), seen| {
        let new = edits.iter().fold(old.clone(), |policy, edit| {
            if policy.statements.is_empty() { policy } else { edited(&policy, edit).0 }
        });
        let (old, new) = (
            (!old.statements.is_empty()).then_some(old),
            (!new.statements.is_empty()).then_some(new),
        );
        let allowed = |own: Option<&Policy>, request: &Request| {
            let policies: Vec<(&str, &Policy)> =
                own.into_iter().map(|own| ("own", own)).chain([("other", &other)]).collect();
            evaluate(&Documents { policies: &policies, ..Documents::default() }, request)
                .is_ok_and(|evaluation| evaluation.decision == Decision::Allowed)
        };
        let class = change_among_others(old.as_ref(), new.as_ref());
        seen.note(match class {
            Change::Same => "same",
            Change::Narrower => "narrower",
            Change::Wider => "wider",
            Change::Unknown => "unknown",
        });
        for request in &requests {
            let (before, after) = (allowed(old.as_ref(), request), allowed(new.as_ref(), request));
            match class {
                Change::Same => prop_assert_eq!(before, after, "{:?}", request),
                Change::Narrower => prop_assert!(before || !after, "{:?}", request),
                Change::Wider => prop_assert!(after || !before, "{:?}", request),
                Change::Unknown => {}
            }
        }
        Ok(())
    });
    assert!(seen.times("narrower") > cases() / 20);
}
