//! `CreateRole`: what the fake answers, takes and refuses.

use crate::plan::decide::ownership::Proven;
use std::time::Duration;

use rstest::rstest;

use crate::sim::iam::tests::*;
use crate::sim::{RoleState, world::World};
use crate::{
    plan::{failure::IamErrorClass as Class, form::observed::RoleRecord, steps::step::Call},
    ports::{Clock, IamRead, IamWrite},
};

#[tokio::test(start_paused = true)]
async fn create_role_answers_with_the_role_and_reads_show_the_rest() {
    let World { iam, clock, .. } = World::new();
    clock.advance(Duration::from_secs(3)).await;
    let call = create_with(|role| {
        role.path = "/team/".into();
        role.description = Some("Füße".into());
        role.max_session = 7200;
        role.boundary = Some(READ_ONLY.into());
        role.tags = tags(&[("Owner", "a b")]);
    });
    let answer = iam.write(Proven::for_a_test(&step("App", call))).await.unwrap().role.unwrap();
    assert_eq!(answer.arn, "arn:aws:iam::123456789012:role/team/App");
    assert!(
        answer.role_id.as_str().starts_with("AROA") && answer.role_id.as_str().len() == 21,
        "{}",
        answer.role_id
    );
    assert_eq!(answer.created, clock.now());
    assert_eq!(decode(&answer.trust), TRUST);
    assert_eq!((&answer.description, answer.max_session), (&None, None));

    let read = record(&iam, "app").await;
    assert_eq!(read.name, "App");
    assert_eq!((read.description.as_deref(), read.max_session), (Some("Füße"), Some(7200)));
    assert_eq!((read.role_id.clone(), read.boundary.as_deref()), (answer.role_id, Some(READ_ONLY)));
    assert!(
        read.trust.starts_with("%7B%22") && read.trust.contains("sts%3AAssumeRole"),
        "{}",
        read.trust
    );

    let details = iam.details(None).await.unwrap();
    assert_eq!(
        details.items[0].role,
        RoleRecord { description: None, max_session: None, ..read.clone() }
    );
    let summaries = iam.summaries(None).await.unwrap();
    let summary = &summaries.items[0];
    assert_eq!((&summary.name, &summary.role_id), (&read.name, &read.role_id));
    assert_eq!((&summary.description, summary.max_session), (&read.description, read.max_session));
}

#[rstest]
#[case::name_with_space("a b", create(), Class::Refused)]
#[case::name_with_slash("a/b", create(), Class::Refused)]
#[case::name_too_long(&"a".repeat(65), create(), Class::Refused)]
#[case::name_empty("", create(), Class::Refused)]
#[case::taken_in_other_case("TAKEN", create(), Class::AlreadyExists)]
#[case::taken_under_other_path(
    "taken",
    create_with(|r| r.path = "/p/".into()),
    Class::AlreadyExists
)]
#[case::path_without_end("x", create_with(|r| r.path = "/p".into()), Class::Refused)]
#[case::path_without_start("x", create_with(|r| r.path = "p/".into()), Class::Refused)]
#[case::path_with_space("x", create_with(|r| r.path = "/a b/".into()), Class::Refused)]
#[case::path_too_long(
    "x",
    create_with(|r| r.path = format!("/{}/", "a".repeat(511))),
    Class::Refused
)]
#[case::path_of_services(
    "x",
    create_with(|r| r.path = "/aws-service-role/x/".into()),
    Class::Refused
)]
#[case::path_of_identity_center(
    "x",
    create_with(|r| r.path = "/aws-reserved/".into()),
    Class::Refused
)]
#[case::description_with_dash(
    "x",
    create_with(|r| r.description = Some("a — b".into())),
    Class::Refused
)]
#[case::description_too_long(
    "x",
    create_with(|r| r.description = Some("a".repeat(1001))),
    Class::Refused
)]
#[case::session_short("x", create_with(|r| r.max_session = 3599), Class::Refused)]
#[case::session_long("x", create_with(|r| r.max_session = 43_201), Class::Refused)]
#[case::boundary_unknown(
    "x",
    create_with(|r| r.boundary = Some("arn:aws:iam::123456789012:policy/no".into())),
    Class::NotFound
)]
#[case::boundary_malformed(
    "x",
    create_with(|r| r.boundary = Some("nonsense".into())),
    Class::Refused
)]
#[case::tag_prefix("x", create_with(|r| r.tags = tags(&[("AWS:x", "1")])), Class::Refused)]
#[case::tag_value_prefix("x", create_with(|r| r.tags = tags(&[("x", "aws:1")])), Class::Refused)]
#[case::tag_key_comma("x", create_with(|r| r.tags = tags(&[("a,b", "1")])), Class::Refused)]
#[case::tag_value_json("x", create_with(|r| r.tags = tags(&[("a", "{}")])), Class::Refused)]
#[case::tag_key_long(
    "x",
    create_with(|r| r.tags = tags(&[(&"k".repeat(129), "1")])),
    Class::Refused
)]
#[case::tag_value_long(
    "x",
    create_with(|r| r.tags = tags(&[("k", &"v".repeat(257))])),
    Class::Refused
)]
#[case::tags_51(
    "x",
    create_with(|r| r.tags = (0..51).map(|i| (format!("k{i}"), String::new())).collect()),
    Class::LimitExceeded
)]
#[case::trust_no_json("x", create_with(|r| r.trust = "nonsense".into()), Class::Refused)]
#[case::trust_large(
    "x",
    create_with(|r| r.trust = r.trust.replace("\"Effect", &format!("\"Sid\":\"{}\",\"Effect",
        "a".repeat(2048)))),
    Class::LimitExceeded
)]
#[case::trust_of_itself(
    "x",
    create_with(|r| r.trust = trust_of(r#"{"AWS":"arn:aws:iam::123456789012:role/x"}"#)),
    Class::InvalidPrincipal
)]
#[tokio::test(start_paused = true)]
async fn create_role_refuses(#[case] name: &str, #[case] call: Call, #[case] expected: Class) {
    let World { iam, .. } = World::new();
    iam.put_role(RoleState::new("Taken"));
    assert_eq!(write(&iam, name, call).await, Some(expected));
    assert_eq!(iam.roles().len(), 1, "nothing is created");
}

#[rstest]
#[case::name_longest(&"a".repeat(64), create())]
#[case::name_all_signs("a_+=,.@-Z9", create())]
#[case::path_of_console("x", create_with(|r| r.path = "/service-role/".into()))]
#[case::path_longest("x", create_with(|r| r.path = format!("/{}/", "a".repeat(510))))]
#[case::description_longest("x", create_with(|r| r.description = Some("ÿ".repeat(1000))))]
#[case::tag_longest("x", create_with(|r| r.tags = tags(&[(&"k".repeat(128), &"v".repeat(256))])))]
#[case::tag_unicode("x", create_with(|r| r.tags = tags(&[("größe 1", "東京_.:/=+-@")])))]
#[case::tags_50(
    "x",
    create_with(|r| r.tags = (0..50).map(|i| (format!("k{i}"), String::new())).collect())
)]
#[case::trust_mostly_white_space(
    "x",
    create_with(|r| r.trust = r.trust.replace(',', &format!(",{}", " ".repeat(2048))))
)]
#[tokio::test(start_paused = true)]
async fn create_role_takes(#[case] name: &str, #[case] call: Call) {
    let World { iam, .. } = World::new();
    assert_eq!(write(&iam, name, call).await, None);
}
