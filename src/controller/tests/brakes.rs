//! Many roles that would go at once: what is held, for whom, and what somebody confirms.

use jiff::SignedDuration;

use super::*;
use crate::{
    plan::{
        decide::brakes::confirm::{Confirmation, Verb, digest, item},
        failure::{ClusterError, IamErrorClass},
    },
    ports::Clock,
    sim::{Fault, Rule},
};

pub(super) fn named(namespace: &str, number: usize) -> ResourceKey {
    ResourceKey { namespace: namespace.into(), name: format!("x{number:03}") }
}

/// Settings as people run it, but for the windows of reads.
fn rig() -> Rig {
    let mut rig = Rig::without_windows();
    rig.config.removal_wave = Duration::from_secs(10);
    rig
}

fn apply_all(rig: &Rig, namespace: &str, count: usize) {
    for number in 0..count {
        rig.world.cluster.apply(&named(namespace, number), &plain("")).unwrap();
    }
}

/// Namespaces with so many resources each, all of them ready; logs are empty.
pub(super) async fn with(spaces: &[(&str, usize)]) -> Rig {
    let mut rig = rig();
    rig.start();
    for (namespace, count) in spaces {
        apply_all(&rig, namespace, *count);
    }
    rig.seconds(75).await;
    let all: usize = spaces.iter().map(|(_, count)| count).sum();
    assert_eq!(rig.world.iam.roles().len(), all);
    rig.clear();
    rig
}

fn delete(rig: &Rig, namespace: &str, numbers: std::ops::Range<usize>) {
    for number in numbers {
        assert!(rig.world.cluster.delete(&named(namespace, number)));
    }
}

/// Roles of a namespace.
fn roles(rig: &Rig, namespace: &str) -> usize {
    let prefix = format!("test-{namespace}_");
    rig.world.iam.roles().iter().filter(|role| role.name.starts_with(&prefix)).count()
}

/// Resources that are held for `reason`.
pub(super) fn held(rig: &Rig, reason: &str) -> Vec<crate::api::resource::Resource> {
    let mut resources = rig.world.cluster.resources();
    resources.retain(|resource| {
        let ready = conditions::find(&resource.status.conditions, condition::READY);
        ready.is_some_and(|ready| ready.reason == reason)
    });
    resources
}

/// What `rolewright confirm` writes about what is held now, of one namespace or of all.
pub(super) fn confirmation(rig: &Rig, verb: Verb, namespace: Option<&str>) -> String {
    let reason = if verb == Verb::Changes { "ChangeHeld" } else { "RemovalHeld" };
    let items: Vec<String> = held(rig, reason)
        .iter()
        .filter(|resource| namespace.is_none_or(|namespace| resource.key.namespace == namespace))
        .map(|held| item(verb.counted(), &held.uid, held.status.desired_hash.as_deref()))
        .collect();
    let number = items.len();
    let digest = digest(items.iter().map(String::as_str));
    let until = rig.world.clock.now() + SignedDuration::from_hours(1);
    Confirmation { verb, number, digest, until }.to_string()
}

#[tokio::test(start_paused = true)]
async fn as_many_as_the_share_go_after_the_wave() {
    let rig = with(&[("a", 20)]).await;
    delete(&rig, "a", 0..10);
    rig.seconds(9).await;
    assert_eq!(rig.writes(), [""; 0], "the wave has not shown yet");
    rig.seconds(6).await;
    assert_eq!(roles(&rig, "a"), 10);
    assert_eq!(rig.writes(), ["DeleteRole"; 10]);
}

#[tokio::test(start_paused = true)]
async fn a_deletion_waits_for_those_that_follow_and_no_longer_than_a_minute() {
    let rig = with(&[("a", 20)]).await;
    delete(&rig, "a", 0..1);
    for number in 1..10 {
        rig.seconds(9).await;
        delete(&rig, "a", number..number + 1);
    }
    // 81 seconds after the first: it did not wait for the last ones.
    assert_eq!(rig.writes().len(), 3, "those that waited a minute");
    rig.seconds(15).await;
    assert_eq!(roles(&rig, "a"), 10);
}

#[tokio::test(start_paused = true)]
async fn a_namespace_of_20_in_an_account_of_20_is_held_as_a_whole() {
    let rig = with(&[("a", 20)]).await;
    delete(&rig, "a", 0..20);
    rig.seconds(1_800).await;
    assert_eq!(rig.writes(), [""; 0]);
    assert_eq!((roles(&rig, "a"), held(&rig, "RemovalHeld").len()), (20, 20));
    let (reason, message) = {
        let status = rig.world.cluster.resource(&named("a", 0)).unwrap().status;
        let ready = conditions::find(&status.conditions, condition::READY).unwrap();
        (ready.reason.clone(), ready.message.clone())
    };
    assert_eq!(reason, "RemovalHeld");
    assert!(message.contains("roles of namespace a") && message.contains("rolewright confirm"));
    // It waits for people: neither at work nor stuck.
    let conditions = rig.world.cluster.resource(&named("a", 0)).unwrap().status.conditions;
    assert!(!conditions::is_true(&conditions, "Reconciling"));
    assert!(!conditions::is_true(&conditions, "Stalled"));
    assert_eq!(rig.reasons().iter().filter(|reason| **reason == "RemovalHeld").count(), 20);
}

#[tokio::test(start_paused = true)]
async fn what_is_held_costs_no_writes_and_few_reads() {
    let rig = with(&[("a", 40)]).await;
    delete(&rig, "a", 0..40);
    rig.seconds(60).await;
    rig.clear();
    rig.seconds(600).await;
    assert_eq!(rig.world.cluster.counts().total(), 0);
    // One of them looks each five seconds, and each comes back in five minutes.
    let reads = rig.world.cluster.calls().len();
    assert!(reads <= 2 * 120 + 3 * 40, "{reads}");
}

#[tokio::test(start_paused = true)]
async fn a_namespace_that_is_held_holds_up_no_other() {
    let rig = with(&[("a", 20), ("b", 20)]).await;
    delete(&rig, "a", 0..20);
    delete(&rig, "b", 0..5);
    rig.seconds(60).await;
    assert_eq!((roles(&rig, "a"), roles(&rig, "b")), (20, 15));
    // Nor does it lengthen another's wave.
    delete(&rig, "b", 5..6);
    rig.seconds(15).await;
    assert_eq!(roles(&rig, "b"), 14);
}

#[tokio::test(start_paused = true)]
async fn many_namespaces_that_lose_some_each_are_held_together() {
    let spaces: Vec<String> = (0..6).map(|number| format!("n{number}")).collect();
    let counts: Vec<(&str, usize)> = spaces.iter().map(|name| (name.as_str(), 10)).collect();
    let rig = with(&counts).await;
    for name in &spaces {
        delete(&rig, name, 0..3);
    }
    rig.seconds(120).await;
    assert_eq!((rig.writes(), held(&rig, "RemovalHeld").len()), (vec![], 18));
    let message = held(&rig, "RemovalHeld")[0].status.conditions[0].message.clone();
    assert!(message.contains("roles of the account"), "{message}");
}

#[tokio::test(start_paused = true)]
async fn a_restart_forgets_nothing_of_what_was_removed() {
    let mut rig = with(&[("a", 40)]).await;
    for round in 0..4 {
        delete(&rig, "a", round * 3..round * 3 + 3);
        rig.seconds(30).await;
        rig.restart().await;
        rig.seconds(1).await;
    }
    rig.seconds(60).await;
    assert_eq!(roles(&rig, "a"), 31, "nine went, and three more would be twelve");
    assert_eq!(held(&rig, "RemovalHeld").len(), 3);
    // What was done is forgotten after ten minutes, and one of those that are held notices.
    rig.seconds(700).await;
    assert_eq!(roles(&rig, "a"), 28);
}

#[tokio::test(start_paused = true)]
async fn a_confirmation_lets_just_that_set_go() {
    let rig = with(&[("a", 40)]).await;
    delete(&rig, "a", 0..20);
    rig.seconds(60).await;
    rig.world.cluster.confirm(&confirmation(&rig, Verb::Removals, None));
    rig.seconds(20).await;
    assert_eq!(roles(&rig, "a"), 20);
    assert!(held(&rig, "RemovalHeld").is_empty());
    // What comes later is another set.
    delete(&rig, "a", 20..40);
    rig.seconds(60).await;
    assert_eq!((roles(&rig, "a"), held(&rig, "RemovalHeld").len()), (20, 20));
    // And what was confirmed is not held against the others.
    let done = rig.world.cluster.lease().unwrap().done;
    assert_eq!(done, "");
}

#[tokio::test(start_paused = true)]
async fn a_confirmation_of_another_set_or_of_another_time_lets_nothing_go() {
    let rig = with(&[("a", 40)]).await;
    delete(&rig, "a", 0..20);
    rig.seconds(60).await;
    let before = confirmation(&rig, Verb::Removals, None);
    delete(&rig, "a", 20..21);
    rig.seconds(60).await;
    let now = confirmation(&rig, Verb::Removals, None);
    let (number, _) = now.split_once(" until").unwrap();
    for wrong in [
        before.clone(),
        format!("{number} until 2020-01-01T00:00:00Z"),
        format!("{number} until 2100-01-01T00:00:00Z"),
        now.replace("removals", "changes"),
        "removals 21".into(),
        "true".into(),
    ] {
        rig.world.cluster.confirm(&wrong);
        rig.seconds(60).await;
        assert_eq!(rig.writes(), [""; 0], "{wrong}");
    }
    // One that can't be read keeps no other from counting.
    rig.world.cluster.confirm(&format!("true; {now}"));
    rig.seconds(60).await;
    assert_eq!(roles(&rig, "a"), 19);
}

#[tokio::test(start_paused = true)]
async fn one_namespace_can_be_confirmed_alone() {
    let rig = with(&[("a", 20), ("b", 20)]).await;
    delete(&rig, "a", 0..20);
    delete(&rig, "b", 0..20);
    rig.seconds(60).await;
    rig.world.cluster.confirm(&confirmation(&rig, Verb::Removals, Some("b")));
    rig.seconds(60).await;
    assert_eq!((roles(&rig, "a"), roles(&rig, "b")), (20, 0));
}

#[tokio::test(start_paused = true)]
async fn a_confirmed_removal_goes_on_after_a_restart() {
    let mut rig = with(&[("a", 40)]).await;
    delete(&rig, "a", 0..40);
    rig.seconds(60).await;
    // Slow enough to be stopped in the middle.
    rig.world.iam.fault(Rule::new(Fault::Delay(Duration::from_secs(5))).on("DeleteRole").always());
    rig.world.cluster.confirm(&confirmation(&rig, Verb::Removals, None));
    rig.seconds(13).await;
    let left = roles(&rig, "a");
    assert!((1..40).contains(&left), "{left}");
    rig.kill().await;
    rig.world.cluster.confirm("");
    rig.start();
    rig.seconds(120).await;
    assert_eq!(roles(&rig, "a"), 0);
}

#[tokio::test(start_paused = true)]
async fn a_wave_that_was_a_mistake_is_let_go_without_its_roles() {
    let rig = with(&[("a", 20)]).await;
    delete(&rig, "a", 0..20);
    rig.seconds(60).await;
    rig.world.cluster.confirm(&confirmation(&rig, Verb::Keep, None));
    rig.seconds(30).await;
    assert_eq!((roles(&rig, "a"), rig.world.cluster.resources().len()), (20, 0));
    assert_eq!(rig.writes(), [""; 0]);
    assert_eq!(rig.reasons().iter().filter(|reason| **reason == "Retained").count(), 20);
    // Git applies them again, and each finds its role.
    apply_all(&rig, "a", 20);
    rig.seconds(60).await;
    assert_eq!(rig.writes(), ["TagRole"; 20]);
}

#[tokio::test(start_paused = true)]
async fn of_expired_roles_ten_go_in_a_minute_and_nobody_is_asked() {
    let mut rig = rig();
    rig.start();
    let end = rig.world.clock.now() + SignedDuration::from_secs(120);
    let spec = plain(&format!(r#""lifetime":{{"expiresAt":"{end}"}}"#));
    for number in 0..25 {
        rig.world.cluster.apply(&named("a", number), &spec).unwrap();
    }
    rig.seconds(100).await;
    assert_eq!(roles(&rig, "a"), 25);
    let mut counts = Vec::new();
    for _ in 0..4 {
        rig.seconds(60).await;
        counts.push(roles(&rig, "a"));
    }
    assert_eq!(counts, [15, 5, 0, 0]);
    assert_eq!(held(&rig, "RemovalHeld").len(), 0);
    assert_eq!(held(&rig, "Expired").len(), 25);
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_counted_is_not_removed() {
    let mut rig = with(&[("a", 20)]).await;
    rig.stop().await;
    rig.world.cluster.fault(
        Rule::new(Fault::Error(ClusterError::Refused("leases is forbidden".into())))
            .on("notes")
            .always(),
    );
    rig.start();
    delete(&rig, "a", 0..1);
    rig.seconds(120).await;
    assert_eq!(rig.writes(), [""; 0]);
    let message = held(&rig, "RemovalHeld")[0].status.conditions[0].message.clone();
    assert!(message.contains("leases is forbidden"), "{message}");
    // All else goes on.
    rig.world.cluster.apply(&named("a", 30), &plain("")).unwrap();
    rig.seconds(5).await;
    assert_eq!(rig.writes(), ["CreateRole"]);
    rig.world.cluster.clear_faults();
    rig.seconds(30).await;
    assert_eq!(roles(&rig, "a"), 20);
}

#[tokio::test(start_paused = true)]
async fn a_lease_that_somebody_deletes_takes_nothing_with_it_and_is_made_again() {
    let rig = with(&[("a", 40)]).await;
    assert!(rig.world.cluster.lease().is_some(), "made at the start");
    delete(&rig, "a", 0..9);
    rig.seconds(30).await;
    assert_eq!(roles(&rig, "a"), 31);
    rig.world.cluster.delete_lease();
    delete(&rig, "a", 9..12);
    rig.seconds(60).await;
    assert_eq!((roles(&rig, "a"), held(&rig, "RemovalHeld").len()), (31, 3));
    let done = rig.world.cluster.lease().unwrap().done;
    assert!(done.contains("removals a 9"), "{done}");
}

#[tokio::test(start_paused = true)]
async fn a_count_that_another_process_wrote_is_counted_too() {
    let mut rig = with(&[("a", 40)]).await;
    let world = rig.world.second_process();
    delete(&rig, "a", 0..9);
    rig.seconds(30).await;
    // The other one begins with what the first has written, and the first notices what it adds.
    rig.start_on(world);
    rig.seconds(75).await;
    delete(&rig, "a", 9..12);
    rig.seconds(60).await;
    assert_eq!((roles(&rig, "a"), held(&rig, "RemovalHeld").len()), (31, 3));
}

#[tokio::test(start_paused = true)]
async fn what_is_kept_or_has_no_role_is_not_counted() {
    let mut rig = rig();
    rig.start();
    for number in 0..20 {
        let spec = if number < 15 { plain(r#""deletionPolicy":"Retain""#) } else { plain("") };
        rig.world.cluster.apply(&named("a", number), &spec).unwrap();
    }
    for number in 20..40 {
        rig.world.cluster.apply(&named("a", number), r#"{"trust":[]}"#).unwrap();
    }
    rig.seconds(75).await;
    rig.clear();
    delete(&rig, "a", 0..40);
    rig.seconds(60).await;
    assert_eq!(rig.world.cluster.resources().len(), 0);
    assert_eq!(roles(&rig, "a"), 15);
}

#[tokio::test(start_paused = true)]
async fn a_resource_that_is_edited_or_paused_while_it_is_held_is_in_no_set() {
    let rig = with(&[("a", 20)]).await;
    delete(&rig, "a", 0..20);
    rig.seconds(60).await;
    rig.world.cluster.annotate(&named("a", 0), "rolewright.dev/paused", Some("true"));
    rig.seconds(30).await;
    assert_eq!(held(&rig, "RemovalHeld").len(), 19);
    rig.world.cluster.confirm(&confirmation(&rig, Verb::Removals, None));
    rig.seconds(30).await;
    assert_eq!(roles(&rig, "a"), 1);
}

#[tokio::test(start_paused = true)]
async fn two_tries_of_one_removal_count_once() {
    let rig = with(&[("a", 20)]).await;
    rig.world
        .iam
        .fault(Rule::new(Fault::Error(IamErrorClass::Throttled)).on("DeleteRole").times(30));
    delete(&rig, "a", 0..10);
    rig.seconds(120).await;
    assert_eq!(roles(&rig, "a"), 10);
    let done = rig.world.cluster.lease().unwrap().done;
    let count: usize =
        done.lines().map(|line| line.rsplit(' ').next().unwrap().parse::<usize>().unwrap()).sum();
    assert_eq!(count, 10, "{done}");
}

#[tokio::test(start_paused = true)]
async fn a_confirmation_on_a_resource_counts_for_nothing() {
    let rig = with(&[("a", 20)]).await;
    delete(&rig, "a", 0..20);
    rig.seconds(60).await;
    let all = confirmation(&rig, Verb::Removals, None);
    for number in 0..20 {
        rig.world.cluster.annotate(&named("a", number), crate::api::CONFIRM, Some(&all));
    }
    rig.seconds(600).await;
    assert_eq!((rig.writes(), roles(&rig, "a")), (vec![], 20));
}

#[tokio::test(start_paused = true)]
async fn a_deletion_that_is_held_keeps_no_role_past_the_end_that_its_resource_names() {
    let mut rig = rig();
    rig.start();
    let end = rig.world.clock.now() + SignedDuration::from_mins(10);
    let spec = plain(&format!(r#""lifetime":{{"expiresAt":"{end}"}}"#));
    for number in 0..20 {
        rig.world.cluster.apply(&named("a", number), &spec).unwrap();
    }
    apply_all(&rig, "b", 20);
    rig.seconds(75).await;
    delete(&rig, "a", 0..20);
    delete(&rig, "b", 0..12);
    rig.seconds(500).await;
    assert_eq!((roles(&rig, "a"), held(&rig, "RemovalHeld").len()), (20, 32));
    rig.seconds(240).await;
    assert_eq!((roles(&rig, "a"), roles(&rig, "b")), (0, 20), "the others have no end");
    let done = rig.world.cluster.lease().unwrap().done;
    assert!(done.contains("expiries a 10") && !done.contains("removals"), "{done}");
}
