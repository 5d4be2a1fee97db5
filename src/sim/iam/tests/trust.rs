//! Principals and documents: what the fake takes, and how it comes back. Source:
//! the IAM user guide, "AWS JSON policy elements: Principal".

use std::collections::BTreeSet;

use rstest::rstest;

use crate::plan::{failure::IamErrorClass as Class, steps::step::Call};
use crate::sim::{
    RoleState,
    iam::tests::{create_with, decode, record, trust_of, write},
    world::World,
};

#[rstest]
#[case::account_id(r#"{"AWS":"210987654321"}"#, Ok(r#"{"AWS":"arn:aws:iam::210987654321:root"}"#))]
#[case::one_element_list(
    r#"{"AWS":["arn:aws:iam::123456789012:root"]}"#,
    Ok(r#"{"AWS":"arn:aws:iam::123456789012:root"}"#)
)]
#[case::own_role(
    r#"{"AWS":"arn:aws:iam::123456789012:role/p/Peer"}"#,
    Ok(r#"{"AWS":"arn:aws:iam::123456789012:role/p/Peer"}"#)
)]
#[case::own_user(
    r#"{"AWS":"arn:aws:iam::123456789012:user/joe"}"#,
    Ok(r#"{"AWS":"arn:aws:iam::123456789012:user/joe"}"#)
)]
#[case::other_account(
    r#"{"AWS":"arn:aws:iam::210987654321:role/r"}"#,
    Ok(r#"{"AWS":"arn:aws:iam::210987654321:role/r"}"#)
)]
#[case::everybody(r#"{"AWS":"*"}"#, Ok(r#"{"AWS":"*"}"#))]
#[case::federated(
    r#"{"Federated":"arn:aws:iam::123456789012:oidc-provider/x"}"#,
    Ok(r#"{"Federated":"arn:aws:iam::123456789012:oidc-provider/x"}"#)
)]
#[case::session(
    r#"{"AWS":"arn:aws:sts::123456789012:assumed-role/r/s"}"#,
    Ok(r#"{"AWS":"arn:aws:sts::123456789012:assumed-role/r/s"}"#)
)]
#[case::bare_star(r#""*""#, Err(Class::Refused))]
#[case::empty(r"{}", Err(Class::Refused))]
#[case::empty_list(r#"{"AWS":[]}"#, Err(Class::Refused))]
#[case::kind_in_other_case(r#"{"aws":"*"}"#, Err(Class::Refused))]
#[case::unknown_role(
    r#"{"AWS":"arn:aws:iam::123456789012:role/none"}"#,
    Err(Class::InvalidPrincipal)
)]
#[case::role_without_its_path(
    r#"{"AWS":"arn:aws:iam::123456789012:role/Peer"}"#,
    Err(Class::InvalidPrincipal)
)]
#[case::unknown_user(
    r#"{"AWS":"arn:aws:iam::123456789012:user/none"}"#,
    Err(Class::InvalidPrincipal)
)]
#[case::orphaned_id(r#"{"AWS":"AROAAAAAAAAAAAAAAAAAA"}"#, Err(Class::InvalidPrincipal))]
#[case::other_partition(
    r#"{"AWS":"arn:aws-cn:iam::123456789012:root"}"#,
    Err(Class::InvalidPrincipal)
)]
#[case::nonsense(r#"{"AWS":"joe"}"#, Err(Class::InvalidPrincipal))]
#[case::service_nonsense(r#"{"Service":"ec2"}"#, Err(Class::InvalidPrincipal))]
#[tokio::test(start_paused = true)]
async fn principals_are_checked_and_come_back_as_aws_shows_them(
    #[case] sent: &str,
    #[case] expected: Result<&str, Class>,
) {
    let World { iam, .. } = World::new();
    iam.put_role(RoleState { path: "/p/".into(), ..RoleState::new("Peer") });
    iam.add_user("joe");
    iam.put_role(RoleState::new("app"));
    let failed = write(&iam, "app", Call::UpdateTrust { trust: trust_of(sent) }).await;
    match expected {
        Err(class) => assert_eq!(failed, Some(class)),
        Ok(shown) => {
            assert_eq!(failed, None);
            let read: serde_json::Value =
                serde_json::from_str(&decode(&record(&iam, "app").await.trust)).unwrap();
            assert_eq!(
                read["Statement"][0]["Principal"],
                serde_json::from_str::<serde_json::Value>(shown).unwrap()
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_deleted_principal_shows_as_its_id_and_a_namesake_is_not_trusted() {
    let World { iam, .. } = World::new();
    let id = iam.put_role(RoleState::new("peer"));
    let trust = trust_of(r#"{"AWS":"arn:aws:iam::123456789012:role/peer"}"#);
    assert_eq!(write(&iam, "app", create_with(|role| role.trust = trust.clone())).await, None);
    assert!(iam.get("app").unwrap().trust.contains("role/peer"));

    assert_eq!(write(&iam, "peer", Call::DeleteRole).await, None);
    assert!(iam.get("app").unwrap().trust.contains(&id));
    let orphaned = Call::UpdateTrust { trust: iam.get("app").unwrap().trust };
    assert_eq!(
        write(&iam, "app", orphaned).await,
        Some(Class::InvalidPrincipal),
        "an orphaned id can't be written again"
    );

    let new = iam.put_role(RoleState::new("peer"));
    assert_ne!(new, id);
    assert!(iam.get("app").unwrap().trust.contains(&id), "the namesake is somebody else");
    assert_eq!(write(&iam, "app", Call::UpdateTrust { trust }).await, None);
    assert!(iam.get("app").unwrap().trust.contains("role/peer"));

    let other = "arn:aws:iam::210987654321:role/audit";
    let trust = trust_of(&format!(r#"{{"AWS":"{other}"}}"#));
    assert!(iam.set_trust("app", &trust));
    iam.remove_principal(other);
    assert!(iam.get("app").unwrap().trust.contains("AROA"));
    assert_eq!(
        write(&iam, "app", Call::UpdateTrust { trust: trust.clone() }).await,
        Some(Class::InvalidPrincipal)
    );
    iam.recreate_principal(other);
    assert!(iam.get("app").unwrap().trust.contains("AROA"));
    assert_eq!(write(&iam, "app", Call::UpdateTrust { trust }).await, None);
    assert!(iam.get("app").unwrap().trust.contains(other));
}

#[tokio::test(start_paused = true)]
async fn trust_loses_the_types_of_condition_values_and_the_order_of_lists() {
    let World { iam, .. } = World::seeded(3);
    let trust = r#"{"Statement":{"Effect":"Allow","Principal":{"Service":["ec2.amazonaws.com","eks.amazonaws.com","ecs.amazonaws.com"]},
        "Action":["sts:AssumeRole"],"Condition":{"Bool":{"aws:SecureTransport":[true]},"NumericLessThan":{"x":5}}}}"#;
    assert_eq!(write(&iam, "app", create_with(|role| role.trust = trust.into())).await, None);
    let read = iam.get("app").unwrap().trust;
    assert!(read.contains(r#""Bool":{"aws:SecureTransport":"true"}"#), "{read}");
    assert!(
        read.contains(r#""NumericLessThan":{"x":"5"}"#)
            && read.contains(r#""Action":"sts:AssumeRole""#),
        "{read}"
    );
    let mut orders = BTreeSet::new();
    iam.shuffle_trust(true);
    for _ in 0..40 {
        orders.insert(record(&iam, "app").await.trust);
    }
    assert!(orders.len() > 1);
}
