//! The fake of IAM is held to what AWS documents: the IAM API reference, and "IAM and AWS STS
//! quotas" in the user guide.

mod create;
mod read;
mod trust;

use crate::plan::decide::ownership::Proven;
use iam::{role::RoleKey, tag::Tags};
use std::collections::{BTreeMap, BTreeSet};

use rstest::rstest;

use crate::sim::{
    FakeIam, Quotas, RoleState,
    world::{ACCOUNT, World},
};
use crate::{
    plan::{
        failure::{IamError, IamErrorClass as Class},
        form::observed::RoleRecord,
        steps::step::{Call, Step, Why, Written},
    },
    ports::{IamRead, IamWrite},
};

pub(super) const TRUST: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;
pub(super) const INLINE: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}]}"#;
pub(super) const READ_ONLY: &str = "arn:aws:iam::aws:policy/ReadOnlyAccess";

pub(super) fn step(role: &str, call: Call) -> Step {
    let role = RoleKey { account: ACCOUNT.parse().unwrap(), name: role.into() };
    Step::new(role, call, Why::Differs)
}

pub(super) fn create() -> Call {
    Call::CreateRole {
        path: "/".into(),
        trust: TRUST.into(),
        description: None,
        max_session: 3600,
        boundary: None,
        tags: Tags::new(),
    }
}

pub(super) fn create_with(change: impl FnOnce(&mut RoleState)) -> Call {
    let mut role = RoleState { trust: TRUST.into(), ..RoleState::new("x") };
    change(&mut role);
    let RoleState { path, trust, description, max_session, boundary, tags, .. } = role;
    let tags = tags.into_iter().map(|(key, value)| (key.into(), value)).collect();
    Call::CreateRole { path, trust, description, max_session, boundary, tags }
}

pub(super) fn tags(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

/// The same as a call carries them.
pub(super) fn keyed(pairs: &[(&str, &str)]) -> Tags {
    pairs.iter().map(|(key, value)| ((*key).into(), (*value).to_owned())).collect()
}

pub(super) fn trust_of(principal: &str) -> String {
    format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{principal},"Action":"sts:AssumeRole"}}]}}"#
    )
}

pub(super) fn class<T: std::fmt::Debug>(answer: Result<T, IamError>) -> Option<Class> {
    answer.err().map(|error| error.class)
}

pub(super) async fn write(iam: &FakeIam, role: &str, call: Call) -> Option<Class> {
    class(iam.write(Proven::for_a_test(&step(role, call))).await)
}

pub(super) async fn record(iam: &FakeIam, name: &str) -> RoleRecord {
    iam.role(&name.into()).await.unwrap().unwrap()
}

/// Percent decoding, written again so that the encoder is not its own judge.
pub(super) fn decode(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let hex = [rest.next().unwrap(), rest.next().unwrap()];
            bytes.push(u8::from_str_radix(std::str::from_utf8(&hex).unwrap(), 16).unwrap());
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).unwrap()
}

#[rstest]
#[case::inline_with_principal(
    Call::PutInline { name: "p".into(), document: TRUST.into() },
    Some(Class::Refused)
)]
#[case::trust_with_resource(Call::UpdateTrust { trust: INLINE.into() }, Some(Class::Refused))]
#[case::trust_of_other_service(
    Call::UpdateTrust { trust: TRUST.replace("sts:", "s3:") },
    Some(Class::Refused)
)]
#[case::effect_in_other_case(
    Call::PutInline { name: "p".into(), document: INLINE.replace("Allow", "allow") },
    Some(Class::Refused)
)]
#[case::element_in_other_case(
    Call::PutInline { name: "p".into(), document: INLINE.replace("Action", "action") },
    Some(Class::Refused)
)]
#[case::unknown_element(
    Call::PutInline { name: "p".into(), document: INLINE.replace("Resource", "Resources") },
    Some(Class::Refused)
)]
#[case::unknown_version(
    Call::PutInline { name: "p".into(), document: INLINE.replace("2012", "2013") },
    Some(Class::Refused)
)]
#[case::no_statement(
    Call::PutInline { name: "p".into(), document: r#"{"Statement":[]}"#.into() },
    Some(Class::Refused)
)]
#[case::empty(Call::PutInline { name: "p".into(), document: String::new() }, Some(Class::Refused))]
#[case::beyond_latin(
    Call::PutInline { name: "p".into(), document: INLINE.replace('*', "arn:aws:s3:::→") },
    Some(Class::Refused)
)]
#[case::policy_name(
    Call::PutInline { name: "a b".into(), document: INLINE.into() },
    Some(Class::Refused)
)]
#[case::one_statement_alone(
    Call::PutInline { name: "p".into(), document: INLINE.replace(['[', ']'], "") },
    None
)]
#[case::inline(Call::PutInline { name: "p".into(), document: INLINE.into() }, None)]
#[case::attach_unknown(
    Call::Attach { arn: "arn:aws:iam::123456789012:policy/no".into() },
    Some(Class::NotFound)
)]
#[case::attach_malformed(Call::Attach { arn: "ReadOnlyAccess".into() }, Some(Class::Refused))]
#[case::attach_service_policy(
    Call::Attach { arn: "arn:aws:iam::aws:policy/aws-service-role/AmazonEKSServiceRolePolicy".into(
        ) },
    Some(Class::Refused)
)]
#[case::attach_twice(Call::Attach { arn: READ_ONLY.into() }, None)]
#[case::attach_job_function(
    Call::Attach { arn: "arn:aws:iam::aws:policy/job-function/ViewOnlyAccess".into() },
    None
)]
#[case::boundary_unknown(
    Call::PutBoundary { arn: "arn:aws:iam::123456789012:policy/no".into() },
    Some(Class::NotFound)
)]
#[case::boundary(Call::PutBoundary { arn: READ_ONLY.into() }, None)]
#[case::detach_absent(Call::Detach { arn: "arn:aws:iam::aws:policy/SecurityAudit".into() }, None)]
#[case::delete_inline_absent(Call::DeleteInline { name: "none".into() }, None)]
#[case::untag_absent(Call::Untag { keys: vec!["none".into()] }, None)]
#[case::untag_many(
    Call::Untag { keys: (0..51).map(|i| format!("k{i}").into()).collect() },
    Some(Class::Refused)
)]
#[case::delete_boundary_absent(Call::DeleteBoundary, None)]
#[case::create(create(), Some(Class::AlreadyExists))]
#[tokio::test(start_paused = true)]
async fn a_write_on_a_role_gives(#[case] call: Call, #[case] expected: Option<Class>) {
    let World { iam, .. } = World::new();
    iam.put_role(RoleState {
        attached: BTreeSet::from([READ_ONLY.to_owned()]),
        ..RoleState::new("app")
    });
    assert_eq!(write(&iam, "APP", call).await, expected);
    assert!(iam.get("app").unwrap().attached.len() <= 2);
}

#[rstest]
#[case(Call::UpdateTrust { trust: TRUST.into() }, Some(Class::NotFound))]
#[case(Call::UpdateRole { description: String::new(), max_session: 3600 }, Some(Class::NotFound))]
#[case(Call::PutBoundary { arn: READ_ONLY.into() }, Some(Class::NotFound))]
#[case(Call::PutInline { name: "p".into(), document: INLINE.into() }, Some(Class::NotFound))]
#[case(Call::Attach { arn: READ_ONLY.into() }, Some(Class::NotFound))]
#[case(Call::Tag { tags: keyed(&[("k", "v")]) }, Some(Class::NotFound))]
#[case(Call::DeleteBoundary, None)]
#[case(Call::DeleteInline { name: "p".into() }, None)]
#[case(Call::Detach { arn: READ_ONLY.into() }, None)]
#[case(Call::Untag { keys: vec!["k".into()] }, None)]
#[case(Call::DeleteRole, None)]
#[tokio::test(start_paused = true)]
async fn a_write_on_an_absent_role_gives(#[case] call: Call, #[case] expected: Option<Class>) {
    let World { iam, .. } = World::new();
    assert_eq!(write(&iam, "app", call).await, expected);
    assert!(iam.roles().is_empty());
}

#[rstest]
#[case(Call::UpdateTrust { trust: TRUST.into() })]
#[case(Call::UpdateRole { description: String::new(), max_session: 3600 })]
#[case(Call::PutBoundary { arn: READ_ONLY.into() })]
#[case(Call::DeleteBoundary)]
#[case(Call::PutInline { name: "p".into(), document: INLINE.into() })]
#[case(Call::DeleteInline { name: "p".into() })]
#[case(Call::Attach { arn: READ_ONLY.into() })]
#[case(Call::Detach { arn: READ_ONLY.into() })]
#[case(Call::Tag { tags: keyed(&[("k", "v")]) })]
#[case(Call::Untag { keys: vec!["k".into()] })]
#[case(Call::DeleteRole)]
#[tokio::test(start_paused = true)]
async fn roles_of_services_are_protected(
    #[case] call: Call,
    #[values("/aws-service-role/eks.amazonaws.com/", "/aws-reserved/sso.amazonaws.com/")]
    path: &str,
) {
    let World { iam, .. } = World::new();
    iam.put_role(RoleState { path: path.into(), ..RoleState::new("app") });
    let before = iam.roles();
    assert_eq!(write(&iam, "app", call).await, Some(Class::Protected));
    assert_eq!(iam.roles(), before);
}

#[tokio::test(start_paused = true)]
async fn delete_role_names_the_first_blocker_and_a_boundary_is_none() {
    let World { iam, .. } = World::new();
    iam.put_role(RoleState { boundary: Some(READ_ONLY.into()), ..RoleState::new("app") });
    iam.attach("app", READ_ONLY);
    iam.put_inline("app", "p", INLINE);
    iam.add_instance_profile("nodes", "app");
    assert_eq!(iam.instance_profiles(&"app".into()).await.unwrap().unwrap(), ["nodes"]);
    let delete = step("app", Call::DeleteRole);
    for blocker in ["detach all policies", "delete policies", "remove roles from instance profile"]
    {
        let error = iam.write(Proven::for_a_test(&delete)).await.unwrap_err();
        assert_eq!((error.class, error.action), (Class::DeleteConflict, "DeleteRole"));
        assert!(error.message.contains(blocker), "{} has no {blocker}", error.message);
        match blocker {
            "detach all policies" => iam.detach("app", READ_ONLY),
            "delete policies" => iam.delete_inline("app", "p"),
            _ => iam.remove_instance_profile("nodes", "app"),
        };
    }
    assert_eq!(iam.write(Proven::for_a_test(&delete)).await, Ok(Written::default()));
    assert_eq!(iam.get("app"), None);
}

#[tokio::test(start_paused = true)]
async fn writes_change_their_part_and_nothing_else() {
    let World { iam, .. } = World::new();
    let id = iam.put_role(RoleState {
        tags: tags(&[("Department", "a"), ("keep", "1")]),
        ..RoleState::new("App")
    });
    let before = iam.get("app").unwrap();
    let calls = [
        Call::UpdateRole { description: "d".into(), max_session: 7200 },
        Call::PutInline { name: "p".into(), document: format!(" {INLINE}") },
        Call::Attach { arn: READ_ONLY.into() },
        Call::PutBoundary { arn: READ_ONLY.into() },
        Call::Tag { tags: keyed(&[("department", "b")]) },
        Call::Untag { keys: vec!["KEEP".into()] },
    ];
    for call in calls {
        assert_eq!(write(&iam, "app", call).await, None);
    }
    let after = iam.get("app").unwrap();
    assert_eq!(after.tag("DEPARTMENT"), Some("b"));
    let expected = RoleState {
        description: Some("d".into()),
        max_session: 7200,
        inline: BTreeMap::from([("p".to_owned(), format!(" {INLINE}"))]),
        attached: BTreeSet::from([READ_ONLY.to_owned()]),
        boundary: Some(READ_ONLY.into()),
        tags: tags(&[("department", "b")]),
        ..before
    };
    assert_eq!(after, expected);
    assert_eq!(after.role_id, id);
    assert_eq!(
        decode(&iam.inline(&"app".into(), "p").await.unwrap().unwrap()),
        format!(" {INLINE}"),
        "text is kept"
    );
    assert_eq!(iam.inline_names(&"app".into()).await.unwrap().unwrap(), ["p"]);
    assert_eq!(
        iam.attached(&"app".into()).await.unwrap().unwrap(),
        BTreeSet::from([READ_ONLY.to_owned()])
    );
    assert_eq!(
        write(&iam, "app", Call::UpdateRole { description: String::new(), max_session: 3600 })
            .await,
        None
    );
    assert_eq!(record(&iam, "app").await.description, None, "the empty text clears");
}

#[tokio::test(start_paused = true)]
async fn quotas_hold() {
    let World { iam, .. } = World::new();
    iam.put_role(RoleState::new("app"));
    for i in 0..11 {
        let failed =
            write(&iam, "app", Call::Attach { arn: iam.add_policy(&format!("p{i}")) }).await;
        assert_eq!(failed, (i == 10).then_some(Class::LimitExceeded));
    }
    assert_eq!(iam.get("app").unwrap().attached.len(), 10);

    // Two documents of 5,120 characters each fit, white space apart; not one character more.
    let sized = |size: usize| {
        INLINE.replace('*', &format!("arn:{}", "a".repeat(size + 1 - INLINE.len() - 4)))
    };
    let put = |name: &str, document: String| Call::PutInline { name: name.into(), document };
    assert_eq!(write(&iam, "app", put("a", sized(5_120))).await, None);
    assert_eq!(write(&iam, "app", put("b", sized(5_121))).await, Some(Class::LimitExceeded));
    assert_eq!(write(&iam, "app", put("b", sized(5_120).replace(',', " ,\n"))).await, None);
    assert_eq!(write(&iam, "app", put("a", sized(5_121))).await, Some(Class::LimitExceeded));
    assert_eq!(
        write(&iam, "app", put("a", sized(5_000))).await,
        None,
        "a replaced policy counts once"
    );

    assert_eq!(
        write(
            &iam,
            "app",
            Call::Tag { tags: (0..50).map(|i| (format!("k{i}").into(), String::new())).collect() }
        )
        .await,
        None
    );
    assert_eq!(write(&iam, "app", Call::Tag { tags: keyed(&[("K1", "again")]) }).await, None);
    assert_eq!(
        write(&iam, "app", Call::Tag { tags: keyed(&[("one-more", "")]) }).await,
        Some(Class::LimitExceeded)
    );

    iam.quotas(Quotas { roles: 2, trust: 10, ..Quotas::default() });
    assert_eq!(
        write(&iam, "app", Call::UpdateTrust { trust: TRUST.into() }).await,
        Some(Class::LimitExceeded)
    );
    iam.quotas(Quotas { roles: 2, ..Quotas::default() });
    assert_eq!(write(&iam, "second", create()).await, None);
    assert_eq!(write(&iam, "third", create()).await, Some(Class::LimitExceeded));
}

#[tokio::test(start_paused = true)]
async fn the_hand_of_the_test_is_not_logged_and_keeps_the_identity() {
    let World { iam, .. } = World::new();
    assert_eq!(iam.account_id(), ACCOUNT);
    let id = iam.put_role(RoleState::new("App"));
    assert!(iam.set_trust("app", &trust_of(r#"{"AWS":"arn:aws:iam::123456789012:role/App"}"#)));
    assert!(iam.get("app").unwrap().trust.contains("role/App"));
    assert!(iam.set_trust("app", "no JSON at all"));
    assert!(
        iam.set_boundary("app", Some(READ_ONLY))
            && iam.set_description("app", Some("x"))
            && iam.set_max_session("app", 7200)
    );
    assert!(iam.tag("app", "k", "v") && iam.untag("app", "K"));
    let role = iam.get("APP").unwrap();
    assert_eq!(
        (role.name.as_str(), role.role_id.as_str(), role.trust.as_str()),
        ("App", id.as_str(), "no JSON at all")
    );
    assert_eq!(
        (role.boundary.as_deref(), role.description.as_deref(), role.max_session),
        (Some(READ_ONLY), Some("x"), 7200)
    );
    assert!(role.tags.is_empty());
    assert!(!iam.remove_policy(READ_ONLY), "it is a boundary");
    assert!(!iam.edit("none", |_| ()));
    assert!(iam.calls().is_empty());
    assert!(iam.remove("app") && !iam.remove("app"));
    let ids: BTreeSet<_> =
        (0..2_000).map(|i| iam.put_role(RoleState::new(&format!("r{i}")))).collect();
    assert_eq!(ids.len(), 2_000);
    assert!(ids.iter().all(|id| id.len() == 21 && id.starts_with("AROA")));
}
