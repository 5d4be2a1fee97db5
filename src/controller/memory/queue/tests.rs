use iam::role::RoleName;

use super::*;
use crate::plan::form::observed::RoleRecord;

const HOME: AccountId = AccountId::NONE;

fn key(name: &str) -> ResourceKey {
    of("a", name)
}

fn of(namespace: &str, name: &str) -> ResourceKey {
    ResourceKey { namespace: namespace.into(), name: name.into() }
}

fn push(queue: &mut Queue, key: ResourceKey, at: Timestamp, cause: Cause) {
    queue.push(HOME, key, at, cause);
}

/// Nothing else runs.
fn pop(queue: &mut Queue, second: i64) -> Option<(ResourceKey, Cause)> {
    let roles = HashMap::new();
    queue.pop(at(second), Running { roles: &roles, most: 8 }, |_| true)
}

/// Starts whatever may start at once, and says in which order.
fn start(queue: &mut Queue, roles: &mut HashMap<ResourceKey, RoleKey>, most: usize) -> Vec<String> {
    let mut started = Vec::new();
    while let Some((key, _)) = queue.pop(at(9), Running { roles, most }, |_| true) {
        started.push(key.to_string());
        roles.insert(key, RoleKey { account: HOME, name: RoleName::from("x") });
    }
    started
}

/// A page shows other policies than the resource asks for.
fn opened() -> Cause {
    let role = RoleRecord {
        name: "x".into(),
        path: "/".into(),
        arn: String::new(),
        role_id: "AROA".into(),
        created: at(0),
        trust: String::new(),
        description: None,
        max_session: None,
        boundary: None,
        tags: BTreeMap::default(),
    };
    let (attached, inline) = (BTreeSet::new(), BTreeMap::new());
    let detail = RoleDetail { role, attached, inline, profiles: Vec::new() };
    Cause::Drift(Hint { generation: 1, detail: Some(Box::new(detail)) })
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

#[test]
fn being_asked_twice_is_being_asked_once_at_the_earlier_time() {
    let mut queue = Queue::default();
    push(&mut queue, key("x"), at(10), Cause::Full);
    push(&mut queue, key("x"), at(5), Cause::Full);
    assert_eq!(queue.next_at(), Some(at(5)));
    assert!(pop(&mut queue, 5).is_some());
    assert!(pop(&mut queue, 100).is_none());
}

#[test]
fn a_full_pass_covers_a_closer_look() {
    let mut queue = Queue::default();
    push(&mut queue, key("x"), at(10), Cause::Full);
    push(&mut queue, key("x"), at(5), Cause::Drift(Hint { generation: 1, detail: None }));
    assert!(matches!(pop(&mut queue, 5), Some((_, Cause::Full))));
}

#[test]
fn a_deadline_far_away_leaves_a_closer_look_as_it_is() {
    let mut queue = Queue::default();
    push(&mut queue, key("x"), at(1_000), Cause::Deadline);
    push(&mut queue, key("x"), at(5), Cause::Drift(Hint { generation: 1, detail: None }));
    push(&mut queue, key("x"), at(1_000), Cause::Deadline);
    assert!(matches!(pop(&mut queue, 5), Some((_, Cause::Drift(_)))));
    push(&mut queue, key("x"), at(9), Cause::Full);
    push(&mut queue, key("x"), at(7), Cause::Deadline);
    assert!(matches!(pop(&mut queue, 7), Some((_, Cause::Full))));
}

#[test]
fn a_resource_that_may_not_start_does_not_hold_up_the_others() {
    let mut queue = Queue::default();
    push(&mut queue, key("x"), at(1), Cause::Full);
    push(&mut queue, key("y"), at(2), Cause::Full);
    let roles = HashMap::new();
    let running = Running { roles: &roles, most: 8 };
    let (first, _) = queue.pop(at(2), running, |key| key.name != "x").unwrap();
    assert_eq!(first, key("y"));
    assert_eq!((queue.waiting(at(0)), queue.waiting(at(1))), (0, 1));
    assert_eq!(queue.next_at(), Some(at(1)));
}

#[test]
fn a_new_generation_does_not_wait_for_the_back_off() {
    let mut queue = Queue::default();
    push(&mut queue, key("x"), at(500), Cause::Drift(Hint { generation: 1, detail: None }));
    queue.remove(&key("x"));
    push(&mut queue, key("x"), at(600), Cause::Full);
    assert_eq!(queue.next_at(), Some(at(600)));
}

#[test]
fn namespaces_have_their_turns_one_after_the_other() {
    let mut queue = Queue::default();
    for name in ["1", "2", "3"] {
        push(&mut queue, of("busy", name), at(1), Cause::Full);
    }
    push(&mut queue, of("other", "1"), at(2), Cause::Full);
    push(&mut queue, of("other", "2"), at(2), Cause::Full);
    let order: Vec<_> = (0..5)
        .map(|_| pop(&mut queue, 9).map(|(key, _)| key.to_string()).unwrap_or_default())
        .collect();
    assert_eq!(order, ["busy/1", "other/1", "busy/2", "other/2", "busy/3"]);
    assert!(queue.lanes.is_empty() && queue.order.is_empty());
}

#[test]
fn one_who_comes_back_at_once_does_not_go_before_those_who_wait() {
    let mut queue = Queue::default();
    push(&mut queue, of("a", "1"), at(1), Cause::Full);
    push(&mut queue, of("b", "1"), at(1), Cause::Full);
    for _ in 0..3 {
        let (first, _) = pop(&mut queue, 9).unwrap();
        let (second, _) = pop(&mut queue, 9).unwrap();
        assert_ne!(first.namespace, second.namespace);
        push(&mut queue, first, at(1), Cause::Full);
        push(&mut queue, second, at(1), Cause::Full);
    }
}

#[test]
fn a_namespace_in_which_nothing_runs_finds_a_free_place() {
    let (mut queue, mut running) = (Queue::default(), HashMap::new());
    for number in 0..20 {
        push(&mut queue, of("busy", &format!("{number:02}")), at(1), Cause::Full);
    }
    assert_eq!(start(&mut queue, &mut running, 8).len(), 8);
    push(&mut queue, of("other", "1"), at(2), Cause::Full);
    push(&mut queue, of("other", "2"), at(2), Cause::Full);
    assert_eq!(start(&mut queue, &mut running, 8), ["other/1"]);
    // One of the busy namespace ends: where fewer run, it goes on.
    running.remove(&of("busy", "00"));
    running.remove(&of("busy", "01"));
    assert_eq!(start(&mut queue, &mut running, 8), ["other/2"]);
    // Two more namespaces find a place too, and no other.
    for namespace in ["third", "fourth", "fifth"] {
        push(&mut queue, of(namespace, "1"), at(2), Cause::Full);
    }
    assert_eq!(start(&mut queue, &mut running, 8), ["fifth/1", "fourth/1"]);
}

#[test]
fn a_single_place_is_everybodys() {
    let (mut queue, mut running) = (Queue::default(), HashMap::new());
    push(&mut queue, of("a", "1"), at(1), Cause::Full);
    push(&mut queue, of("a", "2"), at(1), Cause::Full);
    assert_eq!(start(&mut queue, &mut running, 1), ["a/1"]);
    running.clear();
    assert_eq!(start(&mut queue, &mut running, 1), ["a/2"]);
}

#[test]
fn accounts_come_before_namespaces() {
    let mut queue = Queue::default();
    let away: AccountId = "210987654321".parse().unwrap();
    for namespace in ["a", "b", "c"] {
        push(&mut queue, of(namespace, "1"), at(1), Cause::Full);
    }
    queue.push(away, of("z", "1"), at(1), Cause::Full);
    queue.push(away, of("z", "2"), at(1), Cause::Full);
    let order: Vec<_> = (0..5)
        .map(|_| pop(&mut queue, 9).map(|(key, _)| key.to_string()).unwrap_or_default())
        .collect();
    assert_eq!(order, ["a/1", "z/1", "b/1", "z/2", "c/1"]);
}

#[test]
fn opened_access_goes_first_within_its_namespace_and_only_when_it_is_due() {
    let mut queue = Queue::default();
    push(&mut queue, of("a", "1"), at(1), Cause::Full);
    push(&mut queue, of("a", "2"), at(1), Cause::Full);
    push(&mut queue, of("b", "1"), at(1), Cause::Full);
    push(&mut queue, of("b", "3"), at(3), opened());
    push(&mut queue, of("b", "9"), at(20), opened());
    // A full pass that is asked for as well does not take its place away.
    push(&mut queue, of("b", "3"), at(3), Cause::Full);
    let order: Vec<_> = (0..4)
        .map(|_| pop(&mut queue, 9).map(|(key, _)| key.to_string()).unwrap_or_default())
        .collect();
    assert_eq!(order, ["a/1", "b/3", "a/2", "b/1"]);
    assert_eq!(queue.next_after(at(9)), Some(at(20)));
}

#[test]
fn what_is_due_now_is_not_what_time_is_waited_for() {
    let mut queue = Queue::default();
    push(&mut queue, key("x"), at(5), Cause::Full);
    assert_eq!((queue.next_after(at(4)), queue.next_after(at(5))), (Some(at(5)), None));
}

#[test]
fn a_role_that_turns_out_to_be_in_another_account_waits_for_its_turn_there() {
    let mut queue = Queue::default();
    let away: AccountId = "210987654321".parse().unwrap();
    for name in ["1", "2", "3"] {
        push(&mut queue, of("a", name), at(1), Cause::Full);
    }
    queue.moved(away, &of("a", "3"));
    queue.moved(away, &of("a", "none"));
    let (roles, most) =
        (HashMap::from([(of("a", "0"), RoleKey { account: HOME, name: "x".into() })]), 8);
    let (first, _) = queue.pop(at(9), Running { roles: &roles, most }, |_| true).unwrap();
    assert_eq!((first.name.as_str(), queue.waiting(at(9))), ("3", 2));
}
