//! Steps of one role that are in flight at the same time.

use std::collections::BTreeSet;

use super::*;
use crate::{
    pace::Rates,
    plan::failure::IamErrorClass,
    sim::{Fault, Outcome, RoleState, Rule},
};

const MANAGED: [&str; 6] = ["one", "two", "three", "four", "five", "six"];

/// A controller whose calls take 50 ms each and that has read what the policies hold; the log is
/// empty.
async fn slow(spec: &str) -> Rig {
    let mut rig = Rig::without_windows();
    rig.start();
    rig.apply("w", spec);
    rig.seconds(5).await;
    assert!(rig.is_ready("w"), "{:?}", rig.ready("w"));
    rig.world.iam.pace(Rates { read: 0.0, write: 0.0 }, Duration::from_millis(50));
    rig.clear();
    rig
}

/// The calls about a role, those that are answered at one moment together.
fn moments(rig: &Rig, name: &str) -> Vec<Vec<&'static str>> {
    let calls = rig.world.iam.calls();
    let calls: Vec<_> =
        calls.iter().filter(|call| call.role.as_deref() == Some(&role(name))).collect();
    calls
        .chunk_by(|one, other| one.at == other.at)
        .map(|calls| calls.iter().map(|call| call.action).collect())
        .collect()
}

#[tokio::test(start_paused = true)]
async fn a_new_role_with_three_policies_takes_three_round_trips() {
    let rig = slow(&whole()).await;
    rig.apply("x", &whole());
    rig.seconds(1).await;
    assert!(rig.is_ready("x"));
    assert_eq!(
        moments(&rig, "x"),
        [
            vec!["GetRole"],
            vec!["CreateRole"],
            vec!["AttachRolePolicy", "AttachRolePolicy", "PutRolePolicy"]
        ]
    );
}

/// The time is that of the virtual clock: of calls, and of nothing else.
#[tokio::test(start_paused = true)]
async fn a_thousand_new_roles_take_eight_passes_three_calls_each() {
    let rig = slow(&whole()).await;
    rig.world.iam.quotas(crate::sim::Quotas { roles: 2_000, ..Default::default() });
    let names: Vec<String> = (0..1_000).map(|number| format!("r{number}")).collect();
    for name in &names {
        rig.apply(name, &whole());
    }
    // 1,000 roles by eight, 150 ms each, are 18.75 s.
    rig.seconds(19).await;
    let open = names.iter().filter(|name| !rig.is_ready(name)).count();
    assert_eq!(open, 0);
    assert_eq!(rig.writes().len(), 4_000);
}

#[tokio::test(start_paused = true)]
async fn a_removal_takes_six_round_trips_and_ends_with_the_answer_to_its_last_call() {
    let rig = slow(&whole()).await;
    rig.world.cluster.delete(&key("w"));
    rig.seconds(2).await;
    assert!(rig.world.cluster.resource(&key("w")).is_none());
    assert_eq!(
        moments(&rig, "w"),
        [
            vec![
                "GetRole",
                "ListInstanceProfilesForRole",
                "ListAttachedRolePolicies",
                "ListRolePolicies"
            ],
            vec!["DeleteRole"],
            vec!["DetachRolePolicy", "DetachRolePolicy"],
            vec!["DeleteRolePolicy"],
            vec!["GetRole"],
            vec!["DeleteRole"]
        ]
    );
}

/// A role with an Allow and a Deny, each in a policy of its own.
fn guarded() -> String {
    let no = READ.replace(r#""effect":"Allow""#, r#""effect":"Deny""#).replace("read", "no");
    whole().replace(READ, &format!("{READ},{no}"))
}

#[tokio::test(start_paused = true)]
async fn what_denies_is_there_before_what_it_holds_back_and_goes_after_it() {
    let rig = slow(&guarded()).await;
    rig.apply("x", &guarded());
    rig.seconds(1).await;
    let puts = |rig: &Rig| moments(rig, "x");
    assert_eq!(
        puts(&rig)[2..4],
        [vec!["PutRolePolicy"], vec!["AttachRolePolicy", "AttachRolePolicy", "PutRolePolicy"]]
    );
    rig.clear();
    rig.world.cluster.delete(&key("x"));
    rig.seconds(2).await;
    assert!(rig.world.cluster.resource(&key("x")).is_none());
    // Both documents are read while AWS is asked whether the role may be deleted.
    assert_eq!(
        puts(&rig)[1..4],
        [
            vec!["DeleteRole", "GetRolePolicy", "GetRolePolicy"],
            vec!["DeleteRolePolicy", "DetachRolePolicy", "DetachRolePolicy"],
            vec!["DeleteRolePolicy"]
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn documents_that_cannot_be_read_go_one_after_the_other() {
    let rig = slow(&guarded()).await;
    rig.world.iam.deny("GetRolePolicy");
    rig.world.cluster.delete(&key("w"));
    rig.seconds(2).await;
    assert!(rig.world.cluster.resource(&key("w")).is_none());
    assert_eq!(
        moments(&rig, "w")[2..5],
        [
            vec!["DetachRolePolicy", "DetachRolePolicy"],
            vec!["DeleteRolePolicy"],
            vec!["DeleteRolePolicy"]
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn no_more_than_four_steps_of_a_role_are_in_flight() {
    let mut rig = Rig::without_windows();
    let managed = MANAGED.map(|name| format!("\"{}\"", rig.world.iam.add_policy(name)));
    rig.world.iam.pace(Rates { read: 0.0, write: 0.0 }, Duration::from_millis(50));
    rig.start();
    let permissions = format!(r#""permissions":{{"managedPolicies":[{}]}}"#, managed.join(","));
    rig.apply("x", &plain(&permissions));
    rig.seconds(5).await;
    assert!(rig.is_ready("x"));
    let lengths: Vec<usize> = moments(&rig, "x").iter().map(Vec::len).collect();
    assert_eq!(lengths, [1, 1, 4, 2]);
}

#[tokio::test(start_paused = true)]
async fn where_aws_takes_one_write_at_a_time_the_role_goes_on_one_at_a_time() {
    let rig = slow(&whole()).await;
    rig.world.iam.one_at_a_time(true);
    rig.apply("x", &whole());
    rig.seconds(2).await;
    assert!(rig.is_ready("x"), "{:?}", rig.ready("x"));
    // Two of three were turned down, and came again, each alone.
    let lengths: Vec<usize> = moments(&rig, "x").iter().map(Vec::len).collect();
    assert_eq!(lengths, [1, 1, 3, 1, 1]);
    assert_eq!(rig.reasons(), ["Created"]);
    rig.clear();
    rig.world.cluster.delete(&key("x"));
    rig.seconds(2).await;
    assert!(rig.world.cluster.resource(&key("x")).is_none());
    let lengths: Vec<usize> = moments(&rig, "x").iter().map(Vec::len).collect();
    assert_eq!(lengths, [4, 1, 2, 1, 1, 1, 1]);
}

/// Who else writes to the role all the time is a failure like others.
#[tokio::test(start_paused = true)]
async fn a_role_that_somebody_else_writes_to_is_tried_again_later() {
    let rig = slow(&whole()).await;
    let busy = Fault::Error(IamErrorClass::Busy);
    rig.world.iam.fault(Rule::new(busy).on("PutRolePolicy").always());
    rig.apply("x", &whole());
    rig.seconds(1).await;
    let puts = |rig: &Rig| rig.writes().iter().filter(|it| **it == "PutRolePolicy").count();
    assert!(puts(&rig) >= 2 && !rig.is_ready("x"), "{:?}", rig.writes());
    rig.world.iam.clear_faults();
    rig.seconds(60).await;
    assert!(rig.is_ready("x"), "{:?}", rig.ready("x"));
}

/// Roles without what a new one has anew.
fn roles(rig: &Rig) -> Vec<RoleState> {
    let mut roles = rig.world.iam.roles();
    for role in &mut roles {
        role.role_id.clear();
        role.created = jiff::Timestamp::UNIX_EPOCH;
    }
    roles
}

/// Waits for that, and a little longer.
async fn until(rig: &Rig, done: impl Fn() -> bool) {
    let mut waited = 0;
    while !done() {
        rig.seconds(5).await;
        waited += 5;
        assert!(waited < 1_000, "{:?}", rig.ready("x"));
    }
    rig.seconds(5).await;
}

/// Makes, changes and removes a role, one call of which fails, with those in flight landing in any
/// order.
async fn life(seed: u64, fault: Option<Rule>) -> [Vec<RoleState>; 3] {
    let mut rig = Rig::without_windows();
    rig.config.sweep_interval = Duration::from_mins(10);
    rig.world.iam.seed(seed);
    rig.world.iam.any_order(true);
    rig.start();
    if let Some(rule) = fault {
        rig.world.iam.fault(rule);
    }
    rig.apply("x", &guarded());
    until(&rig, || rig.is_ready("x")).await;
    let made = roles(&rig);
    let other = whole().replace(AUDIT, "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess");
    rig.apply("x", &other.replace("\"read\"", "\"reads\""));
    until(&rig, || rig.is_ready("x")).await;
    let changed = roles(&rig);
    rig.world.cluster.delete(&key("x"));
    until(&rig, || rig.world.cluster.resource(&key("x")).is_none()).await;
    // Nobody got a role twice.
    let made_roles = rig.world.iam.writes();
    let creates = made_roles.iter().filter(|call| call.action == "CreateRole");
    assert!(creates.filter(|call| call.outcome == Outcome::Done).count() <= 1);
    [made, changed, roles(&rig)]
}

#[tokio::test(start_paused = true)]
async fn whatever_fails_among_writes_in_flight_in_any_order_the_end_is_the_same() {
    let expected = life(0, None).await;
    assert!(expected[2].is_empty());
    for seed in 1..6 {
        assert_eq!(life(seed, None).await, expected);
    }
    let policies = ["AttachRolePolicy", "PutRolePolicy", "DetachRolePolicy", "DeleteRolePolicy"];
    for (seed, class) in (0..).zip(IamErrorClass::ALL) {
        for (action, nth) in policies.into_iter().zip([2, 2, 1, 1]) {
            // Where nobody knows what came of it, it was carried out.
            let fault = if class.outcome_unknown() {
                Fault::AppliedThenError(class)
            } else {
                Fault::Error(class)
            };
            let rule = Rule::new(fault).on(action).nth(nth);
            assert_eq!(life(seed, Some(rule)).await, expected, "{class:?} {action} {nth}");
        }
    }
}

/// AWS throttles while four are in flight: those end, and no other begins.
#[tokio::test(start_paused = true)]
async fn a_failure_that_ends_a_pass_lets_those_in_flight_end_and_no_other_begin() {
    let mut rig = Rig::without_windows();
    let managed = MANAGED.map(|name| format!("\"{}\"", rig.world.iam.add_policy(name)));
    rig.world.iam.pace(Rates { read: 0.0, write: 0.0 }, Duration::from_millis(50));
    rig.start();
    let throttled = Fault::Error(IamErrorClass::Throttled);
    rig.world.iam.fault(Rule::new(throttled).on("AttachRolePolicy").nth(2).times(1));
    let permissions = format!(r#""permissions":{{"managedPolicies":[{}]}}"#, managed.join(","));
    rig.apply("x", &plain(&permissions));
    tokio::time::sleep(Duration::from_millis(900)).await;
    assert_eq!(rig.writes().len(), 5, "{:?}", rig.writes());
    assert_eq!(rig.world.iam.get(&role("x")).unwrap().attached.len(), 3);
    rig.seconds(60).await;
    assert!(rig.is_ready("x"), "{:?}", rig.ready("x"));
    // What was carried out beside it is known.
    let steps = rig.world.iam.writes();
    let attaches = steps.iter().filter(|call| call.action == "AttachRolePolicy");
    let arns: BTreeSet<String> =
        attaches.filter_map(|call| call.step.as_ref()).map(ToString::to_string).collect();
    assert_eq!((arns.len(), steps.len()), (6, 8));
}

/// AWS has not found the role that it was to delete: one read says whether all of IAM has lost it.
#[tokio::test(start_paused = true)]
async fn a_role_that_somebody_else_deletes_at_the_last_moment_is_looked_for_once() {
    let rig = slow(&plain("")).await;
    rig.world.iam.fault(Rule::new(Fault::Delay(Duration::from_secs(2))).on("DeleteRole"));
    rig.world.cluster.delete(&key("w"));
    rig.seconds(1).await;
    rig.world.iam.remove(&role("w"));
    rig.seconds(2).await;
    assert!(rig.world.cluster.resource(&key("w")).is_none());
    let calls = rig.calls();
    assert_eq!(calls[calls.len() - 2..], ["DeleteRole", "GetRole"]);
}
