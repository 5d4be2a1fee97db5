//! Faults, the log and crashes, on both sides.

use crate::plan::decide::ownership::Proven;
use std::time::Duration;

use iam::role::RoleKey;
use rstest::rstest;
use tokio::time::timeout;

use crate::sim::{
    Fault, Outcome, RoleState, Rule,
    cluster::WriteCounts,
    world::{ACCOUNT, World},
};
use crate::{
    api::{ResourceKey, RoleStatus, kinds::iam_role::IamRole},
    plan::{
        failure::{ClusterError, IamErrorClass as Class},
        say::notice::Notice,
        steps::step::{Call, Step, Why},
    },
    ports::{Clock, Events, IamRead, IamWrite, Objects},
};

const LONG: Duration = Duration::from_hours(1);

fn role_key(name: &str) -> RoleKey {
    RoleKey { account: ACCOUNT.parse().unwrap(), name: name.into() }
}

fn tag(role: &str) -> Step {
    let tags = [("k".into(), "v".to_owned())].into();
    Step::new(role_key(role), Call::Tag { tags }, Why::Differs)
}

fn delete(role: &str) -> Step {
    Step::new(role_key(role), Call::DeleteRole, Why::Deleted)
}

fn key() -> ResourceKey {
    ResourceKey { namespace: "team".into(), name: "app".into() }
}

fn world() -> World {
    let world = World::new();
    world.iam.put_role(RoleState::new("app"));
    world.cluster.apply(&key(), "{}").unwrap();
    world
}

fn tagged(world: &World) -> bool {
    world.iam.get("app").unwrap().tag("k").is_some()
}

#[tokio::test(start_paused = true)]
async fn every_call_is_recorded() {
    let World { iam, clock, .. } = world();
    clock.advance(Duration::from_secs(1)).await;
    iam.role(&"app".into()).await.unwrap();
    iam.write(Proven::for_a_test(&tag("App"))).await.unwrap();
    iam.details(None).await.unwrap();
    iam.write(Proven::for_a_test(&tag("none"))).await.unwrap_err();
    let calls = iam.calls();
    let shape: Vec<_> =
        calls.iter().map(|call| (call.n, call.action, call.write, call.role.as_deref())).collect();
    let expected = [
        (1, "GetRole", false, Some("app")),
        (2, "TagRole", true, Some("App")),
        (3, "GetAccountAuthorizationDetails", false, None),
        (4, "TagRole", true, Some("none")),
    ];
    assert_eq!(shape, expected);
    assert_eq!(calls[1].step, Some(tag("App")));
    assert_eq!((&calls[1].outcome, calls[1].at), (&Outcome::Done, clock.now()));
    assert_eq!(calls[3].outcome, Outcome::Failed(Class::NotFound));
    assert_eq!(iam.writes().len(), 2);
    iam.clear_log();
    assert!(iam.calls().is_empty());
    iam.role(&"app".into()).await.unwrap();
    assert_eq!((iam.calls()[0].n, iam.write_count()), (5, 2));
}

#[rstest]
#[case::error(
    Fault::Error(Class::Throttled),
    Some(Class::Throttled),
    false,
    Outcome::Failed(Class::Throttled)
)]
#[case::lost(
    Fault::AppliedThenError(Class::Unreachable),
    Some(Class::Unreachable),
    true,
    Outcome::AnswerLost(Class::Unreachable)
)]
#[case::delay(Fault::Delay(LONG), None, true, Outcome::Done)]
#[case::slow_answer(Fault::DelayAnswer(LONG), None, true, Outcome::Done)]
#[tokio::test(start_paused = true)]
async fn a_fault_decides_over_one_call(
    #[case] fault: Fault,
    #[case] answer: Option<Class>,
    #[case] applied: bool,
    #[case] outcome: Outcome,
) {
    let world = world();
    let slow = matches!(fault, Fault::Delay(_) | Fault::DelayAnswer(_));
    world.iam.fault(Rule::new(fault).on("TagRole").role("APP"));
    world.iam.role(&"app".into()).await.unwrap();
    assert_eq!(
        world.iam.write(Proven::for_a_test(&tag("app"))).await.err().map(|error| error.class),
        answer
    );
    assert_eq!(tagged(&world), applied);
    assert_eq!(world.iam.writes()[0].outcome, outcome);
    assert_eq!(world.clock.elapsed() >= LONG, slow);
    world.iam.write(Proven::for_a_test(&tag("app"))).await.unwrap();
}

#[rstest]
#[case::before(Fault::Delay(LONG), false)]
#[case::after(Fault::DelayAnswer(LONG), true)]
#[tokio::test(start_paused = true)]
async fn a_caller_may_give_up_on_a_slow_call(#[case] fault: Fault, #[case] applied: bool) {
    let world = world();
    world.iam.fault(Rule::new(fault));
    timeout(Duration::from_secs(5), world.iam.write(Proven::for_a_test(&tag("app"))))
        .await
        .unwrap_err();
    assert_eq!(tagged(&world), applied);
}

#[tokio::test(start_paused = true)]
async fn rules_choose_their_calls() {
    let World { iam, .. } = world();
    let throttled = || Fault::Error(Class::Throttled);
    iam.fault(Rule::new(throttled()).on("TagRole").nth(2).times(2));
    let mut failures = Vec::new();
    for _ in 0..5 {
        failures.push(iam.write(Proven::for_a_test(&tag("app"))).await.is_err());
    }
    assert_eq!(failures, [false, true, true, false, false]);
    iam.fault(Rule::new(throttled()).writes().role("app").always());
    assert!(
        iam.role(&"app".into()).await.is_ok()
            && iam.write(Proven::for_a_test(&delete("other"))).await.is_ok()
    );
    assert!(
        iam.write(Proven::for_a_test(&tag("app"))).await.is_err()
            && iam.write(Proven::for_a_test(&tag("app"))).await.is_err()
    );
    iam.clear_faults();
    assert!(iam.write(Proven::for_a_test(&tag("app"))).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_denied_action_stays_denied_until_it_is_allowed() {
    let World { iam, .. } = world();
    iam.deny("DeleteRole");
    for _ in 0..2 {
        assert_eq!(
            iam.write(Proven::for_a_test(&delete("app"))).await.unwrap_err().class,
            Class::AccessDenied
        );
    }
    assert!(iam.get("app").is_some());
    iam.allow("DeleteRole");
    iam.write(Proven::for_a_test(&delete("app"))).await.unwrap();
    assert!(iam.get("app").is_none());
}

#[tokio::test(start_paused = true)]
async fn a_panic_hits_the_caller_and_leaves_the_fake_usable() {
    let world = world();
    world.iam.fault(Rule::new(Fault::Panic).writes());
    let iam = world.iam.clone();
    assert!(
        tokio::spawn(async move { iam.write(Proven::for_a_test(&tag("app"))).await })
            .await
            .unwrap_err()
            .is_panic()
    );
    assert!(!tagged(&world));
    assert_eq!(world.iam.writes()[0].outcome, Outcome::Panicked);
    world.iam.write(Proven::for_a_test(&tag("app"))).await.unwrap();
}

#[rstest]
#[tokio::test(start_paused = true)]
async fn a_crash_at_an_aws_write_leaves_everything_unanswered_until_the_restart(
    #[values(false, true)] after: bool,
) {
    let world = world();
    world.iam.stop_at_write(2, after);
    world.iam.write(Proven::for_a_test(&delete("other"))).await.unwrap();
    let iam = world.iam.clone();
    let controller = tokio::spawn(async move { iam.write(Proven::for_a_test(&tag("app"))).await });
    timeout(LONG, world.iam.crashed()).await.unwrap();
    assert_eq!(tagged(&world), after);
    assert_eq!(world.iam.writes()[1].outcome, Outcome::Stopped { applied: after });
    assert!(
        timeout(LONG, world.iam.role(&"app".into())).await.is_err(),
        "a dead process reads nothing"
    );
    assert!(timeout(LONG, roles(&world).get(&key())).await.is_err());
    assert!(!controller.is_finished());
    controller.abort();

    world.restart();
    assert!(!world.crash.has_crashed());
    world.iam.write(Proven::for_a_test(&tag("app"))).await.unwrap();
    assert!(roles(&world).get(&key()).await.unwrap().is_some());
}

/// The objects of one kind: without it, nothing says which is meant.
fn roles(world: &World) -> &impl Objects<IamRole> {
    &world.cluster
}

/// What a small controller would write: two writes to AWS and four to the cluster.
async fn work(world: World) {
    let resource = roles(&world).get(&key()).await.unwrap().unwrap();
    let notice = Notice { warning: false, reason: "Done", action: "Tag", note: String::new() };
    world.cluster.add_finalizer(&resource).await.unwrap();
    world.cluster.write_status(&resource, &RoleStatus::default()).await.unwrap();
    world.iam.write(Proven::for_a_test(&tag("app"))).await.unwrap();
    world.cluster.notify(&resource, &notice).await.unwrap();
    world.iam.write(Proven::for_a_test(&delete("other"))).await.unwrap();
    world.cluster.remove_finalizer(&resource).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_shared_count_stops_before_and_after_each_single_write() {
    let calm = world();
    work(calm.clone()).await;
    assert_eq!((calm.crash.writes(), calm.write_count()), (6, 6));
    calm.cluster.clear_log();
    calm.iam.clear_log();
    assert_eq!((calm.cluster.counts().total(), calm.write_count()), (0, 6));
    for n in 1..=6 {
        for after in [false, true] {
            let world = world();
            world.crash.stop_at_write(n, after);
            let controller = tokio::spawn(work(world.clone()));
            timeout(LONG, world.crash.crashed()).await.unwrap();
            controller.abort();
            assert_eq!(world.crash.writes(), n);
            let counts = world.cluster.counts();
            assert_eq!(counts.total() + world.iam.write_count(), n);
            assert_eq!(
                world.cluster.resource(&key()).unwrap().finalizer,
                (n > 1 || after) && !(n == 6 && after)
            );
            assert_eq!(tagged(&world), n > 3 || (n == 3 && after));
            assert_eq!(world.cluster.notices().len(), usize::from(n > 4 || (n == 4 && after)));
            world.restart();
            work(world.clone()).await;
            assert_eq!(world.crash.writes(), n + 6);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn two_processes_share_the_world_and_crash_apart() {
    let world = world();
    let second = world.second_process();
    world.crash.crash_now();
    assert!(timeout(LONG, world.iam.write(Proven::for_a_test(&tag("app")))).await.is_err());
    second.iam.write(Proven::for_a_test(&tag("app"))).await.unwrap();
    assert!(tagged(&world));
    assert_eq!((world.crash.writes(), second.crash.writes()), (0, 1));
}

#[rstest]
#[tokio::test(start_paused = true)]
async fn faults_reach_the_cluster_too(#[values(false, true)] after: bool) {
    let World { cluster, .. } = world();
    let resource = cluster.resource(&key()).unwrap();
    let lost = ClusterError::Unavailable("lost".into());
    cluster.fault(
        Rule::new(Fault::AppliedThenError(lost.clone())).on("write_status").role("team/app"),
    );
    let status = RoleStatus { role_id: Some("AROA".into()), ..RoleStatus::default() };
    assert_eq!(cluster.write_status(&resource, &status).await, Err(lost));
    assert_eq!(cluster.resource(&key()).unwrap().status, status);
    cluster.stop_at_write(1, after);
    assert!(timeout(LONG, cluster.add_finalizer(&resource)).await.is_err());
    assert_eq!(cluster.resource(&key()).unwrap().finalizer, after);
    timeout(LONG, cluster.crashed()).await.unwrap();
    assert_eq!(
        cluster.counts(),
        WriteCounts { add_finalizer: 1, write_status: 1, ..WriteCounts::default() }
    );
}

#[tokio::test(start_paused = true)]
async fn one_seed_gives_one_history() {
    async fn history(seed: u64) -> Vec<String> {
        let World { iam, clock, .. } = World::seeded(seed);
        iam.short_pages(true);
        iam.random_read_lag(true);
        iam.read_lag(Duration::from_mins(1), Duration::from_mins(1));
        let mut told = Vec::new();
        for i in 0..50 {
            iam.put_role(RoleState::new(&format!("r{i}")));
            clock.sleep(Duration::from_millis(100).mul_f64(clock.jitter())).await;
            told.push(format!("{:?}", iam.details(None).await));
        }
        told
    }
    assert_eq!(history(1).await, history(1).await);
    assert_ne!(history(1).await, history(2).await);
}
