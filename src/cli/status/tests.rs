use clap::Parser;

use super::*;
use crate::api::{ResourceKey, RoleStatus, object::Pause};

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    args: Args,
}

fn args(words: &[&str]) -> Args {
    Line::parse_from([&["status"], words].concat()).args
}

const NOW: &str = "2026-12-01T12:00:00Z";

fn object(name: &str, status: &str) -> Object<IamRole> {
    Object {
        key: ResourceKey { namespace: "team-a".into(), name: name.into() },
        uid: "u".into(),
        last_applied: None,
        version: 1,
        generation: 2,
        created: "2026-12-01T09:00:00Z".parse().unwrap(),
        deleting: false,
        finalizer: true,
        pause: Pause::No,
        reconcile_requested_at: None,
        spec: "{}".into(),
        status: serde_json::from_str::<RoleStatus>(status).unwrap(),
    }
}

fn ready(status: &str, reason: &str, more: &str) -> String {
    format!(
        r#"{{"observedGeneration":2,"accountId":"123456789012","roleName":"prod-team-a_x",
        "arn":"arn:aws:iam::123456789012:role/prod-team-a_x"{more},"conditions":[{{"type":"Ready",
        "status":"{status}","reason":"{reason}","message":"so it is",
        "lastTransitionTime":"{NOW}"}}]}}"#
    )
}

fn answer(words: &[&str], objects: &[Object<IamRole>]) -> Answer {
    told(&args(words), objects, Paint::PLAIN, NOW.parse().unwrap()).unwrap()
}

#[test]
fn the_table_has_a_line_for_each_and_ends_with_1_when_one_is_not_ready() {
    let well = object("worker", &ready("True", "Reconciled", ""));
    let new = object("x", "{}");
    let both = [well.clone(), new];
    insta::assert_snapshot!(answer(&["-A"], &both).text, @r"
    NAMESPACE  NAME    READY    REASON      ACCOUNT       ROLE           EXPIRES  AGE
    team-a     worker  True     Reconciled  123456789012  prod-team-a_x           3h
    team-a     x       Unknown                                                    3h
    ");
    assert_eq!(answer(&[], &both).code, 1);
    let alone = answer(&[], &[well]);
    assert!(alone.code == 0 && alone.text.starts_with("NAME    READY"), "{alone:?}");
}

#[test]
fn one_resource_is_told_with_its_plan_and_its_drift() {
    let more = r#","expiresAt":"2027-01-01T00:00:00Z","plan":["+ put inline policy read","- detach x"],
        "drift":{"lastCorrectedAt":"2026-11-30T00:00:00Z","parts":["trust"],"count":3}"#;
    let mut object = object("worker", &ready("False", "WouldChange", more));
    (object.generation, object.pause) = (3, Pause::Yes);
    insta::assert_snapshot!(answer(&["worker"], &[object]).text, @r"
    IAMRole team-a/worker
      Ready        False  WouldChange
                   so it is
      Generation   3 was not looked at yet
      Paused       yes
      Account      123456789012
      Role         arn:aws:iam::123456789012:role/prod-team-a_x
      Expires      2027-01-01T00:00:00Z
      Drift        corrected 3 times, last at 2026-11-30T00:00:00Z: trust
      Would change + put inline policy read
                   - detach x
    ");
}

#[test]
fn json_is_one_array() {
    let objects = [object("worker", &ready("True", "Reconciled", ""))];
    let text = answer(&["-o", "json"], &objects).text;
    let printed: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(printed[0]["accountId"], "123456789012");
    assert_eq!((&printed[0]["ready"], &printed[0]["paused"]), (&"True".into(), &false.into()));
}

#[test]
fn ages_are_told_as_kubectl_tells_them() {
    let told = [0, 119, 120, 7_199, 7_200, 172_799, 172_800].map(age);
    assert_eq!(told, ["0s", "119s", "2m", "119m", "2h", "47h", "2d"]);
}
