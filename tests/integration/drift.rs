//! Each part of a role, changed through a second client, and exactly the calls that follow.

use std::{future::Future, pin::Pin};

use aws_sdk_iam::{Client, types::Tag};
use rstest::rstest;
use serde_json::{Value, json};

use harness::wait_until;
use harness::world::{AUDIT, SOON, World, lambda, whole};

const OTHER_TRUST: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;
const OTHER_POLICY: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}"#;

type Change = fn(Client, String) -> Pin<Box<dyn Future<Output = ()>>>;

/// What is changed, how, and what the controller calls.
const PARTS: &[(&str, Change, &[&str])] = &[
    (
        "trust",
        |iam, role| {
            Box::pin(async move {
                iam.update_assume_role_policy()
                    .role_name(role)
                    .policy_document(OTHER_TRUST)
                    .send()
                    .await
                    .expect("trust");
            })
        },
        &["GetRole", "UpdateAssumeRolePolicy"],
    ),
    (
        "inline policy changed",
        |iam, role| {
            Box::pin(async move {
                let put = iam
                    .put_role_policy()
                    .role_name(role)
                    .policy_name("read")
                    .policy_document(OTHER_POLICY);
                put.send().await.expect("inline");
            })
        },
        &["GetRole", "ListRolePolicies", "GetRolePolicy", "PutRolePolicy"],
    ),
    (
        "inline policy missing",
        |iam, role| {
            Box::pin(async move {
                iam.delete_role_policy()
                    .role_name(role)
                    .policy_name("read")
                    .send()
                    .await
                    .expect("inline");
            })
        },
        &["GetRole", "ListRolePolicies", "PutRolePolicy"],
    ),
    (
        "inline policy added",
        |iam, role| {
            Box::pin(async move {
                let put = iam
                    .put_role_policy()
                    .role_name(role)
                    .policy_name("more")
                    .policy_document(OTHER_POLICY);
                put.send().await.expect("inline");
            })
        },
        &["GetRole", "ListRolePolicies", "DeleteRolePolicy"],
    ),
    (
        "attachment missing",
        |iam, role| {
            Box::pin(async move {
                iam.detach_role_policy()
                    .role_name(role)
                    .policy_arn(AUDIT)
                    .send()
                    .await
                    .expect("detach");
            })
        },
        &["GetRole", "ListAttachedRolePolicies", "AttachRolePolicy"],
    ),
    (
        "attachment added",
        |iam, role| {
            Box::pin(async move {
                let arn = "arn:aws:iam::aws:policy/AdministratorAccess";
                iam.attach_role_policy()
                    .role_name(role)
                    .policy_arn(arn)
                    .send()
                    .await
                    .expect("attach");
            })
        },
        &["GetRole", "ListAttachedRolePolicies", "DetachRolePolicy"],
    ),
    (
        "boundary removed",
        |iam, role| {
            Box::pin(async move {
                iam.delete_role_permissions_boundary()
                    .role_name(role)
                    .send()
                    .await
                    .expect("boundary");
            })
        },
        &["GetRole", "PutRolePermissionsBoundary"],
    ),
    (
        "boundary changed",
        |iam, role| {
            Box::pin(async move {
                iam.put_role_permissions_boundary()
                    .role_name(role)
                    .permissions_boundary(AUDIT)
                    .send()
                    .await
                    .expect("b");
            })
        },
        &["GetRole", "PutRolePermissionsBoundary"],
    ),
    (
        "description",
        |iam, role| {
            Box::pin(async move {
                iam.update_role()
                    .role_name(role)
                    .description("other")
                    .send()
                    .await
                    .expect("description");
            })
        },
        &["GetRole", "UpdateRole"],
    ),
    (
        "session duration",
        |iam, role| {
            Box::pin(async move {
                iam.update_role()
                    .role_name(role)
                    .max_session_duration(7200)
                    .send()
                    .await
                    .expect("session");
            })
        },
        &["GetRole", "UpdateRole"],
    ),
    (
        "tag changed",
        |iam, role| {
            Box::pin(async move {
                let tag = Tag::builder().key("owner").value("mallory").build().expect("a tag");
                iam.tag_role().role_name(role).tags(tag).send().await.expect("tag");
            })
        },
        &["GetRole", "TagRole"],
    ),
    (
        "tag missing",
        |iam, role| {
            Box::pin(async move {
                iam.untag_role().role_name(role).tag_keys("owner").send().await.expect("untag");
            })
        },
        &["GetRole", "TagRole"],
    ),
];

/// In four groups, because each part takes a few sweeps.
#[rstest]
#[case(0)]
#[case(1)]
#[case(2)]
#[case(3)]
#[tokio::test]
async fn each_changed_part_is_corrected_with_exactly_the_calls_it_needs(#[case] group: usize) {
    let world = World::new("drift").await;
    world.apply("x", &whole());
    world.wait_ready("x");
    let role = world.role("x");
    let before = snapshot(&world, &role).await;
    for (corrections, (part, change, calls)) in PARTS.iter().skip(group).step_by(4).enumerate() {
        world.wait_sweeps(1);
        world.clear();
        change(world.scope.iam(), role.clone()).await;
        let write = calls.last().expect("a write");
        wait_until(&format!("{part} to be corrected"), SOON, || {
            let writes = world.writes();
            if writes.iter().any(|action| action == write) {
                Ok(())
            } else {
                Err(format!("{writes:?}"))
            }
        });
        // Two more sweeps show whether anything else follows.
        world.wait_sweeps(2);
        assert_eq!(world.calls(), *calls, "{part}");
        assert_eq!(snapshot(&world, &role).await, before, "{part}");
        let drift = &world.resource("x").expect("the resource")["status"]["drift"];
        assert_eq!(drift["count"], json!(corrections + 1), "{part}: {drift}");
    }
    world.wait_ready("x");
}

/// Everything of a role that a second client can see.
async fn snapshot(world: &World, name: &str) -> Value {
    let iam = world.scope.iam();
    let role = world.get_role(name).await.expect("the role");
    let attached =
        iam.list_attached_role_policies().role_name(name).send().await.expect("attachments");
    let mut attached: Vec<_> = attached
        .attached_policies()
        .iter()
        .filter_map(|policy| policy.policy_arn().map(str::to_owned))
        .collect();
    attached.sort();
    let names = iam.list_role_policies().role_name(name).send().await.expect("names");
    let mut inline = Vec::new();
    for policy in names.policy_names() {
        let body =
            iam.get_role_policy().role_name(name).policy_name(policy).send().await.expect("a body");
        inline.push((policy.clone(), body.policy_document().to_owned()));
    }
    let mut tags: Vec<_> =
        role.tags().iter().map(|tag| (tag.key().to_owned(), tag.value().to_owned())).collect();
    tags.sort();
    json!({
        "id": role.role_id(),
        "trust": role.assume_role_policy_document(),
        "description": role.description(),
        "session": role.max_session_duration(),
        "boundary": role.permissions_boundary().and_then(
        |boundary| boundary.permissions_boundary_arn()),
        "attached": attached,
        "inline": inline,
        "tags": tags,
    })
}

#[tokio::test]
async fn a_role_that_is_gone_is_made_again_and_a_stray_tag_goes_where_tags_are_exclusive() {
    let world = World::new("again").await;
    world.apply("x", &json!({"trust": [lambda()], "management": {"tags": "Exclusive"}}));
    world.wait_ready("x");
    let role = world.role("x");
    let tag = Tag::builder().key("stray").value("1").build().expect("a tag");
    world.wait_sweeps(1);
    world.clear();
    world.scope.iam().tag_role().role_name(&role).tags(tag).send().await.expect("tag");
    wait_until("the stray tag to go", SOON, || {
        if world.writes() == ["UntagRole"] { Ok(()) } else { Err(format!("{:?}", world.writes())) }
    });
    let id = world.get_role(&role).await.expect("the role").role_id().to_owned();
    world.scope.iam().delete_role().role_name(&role).send().await.expect("deleted");
    wait_until("another role in status", SOON, || {
        let resource = world.resource("x").expect("the resource");
        let now = resource["status"]["roleId"].as_str().unwrap_or_default().to_owned();
        if !now.is_empty() && now != id { Ok(()) } else { Err(now) }
    });
    world.wait_ready("x");
    assert!(world.get_role(&role).await.is_some());
}

#[tokio::test]
async fn observe_writes_nothing_and_shows_the_plan_in_status_and_in_an_event() {
    let world = World::new("observe").await;
    world.apply("x", &json!({"trust": [lambda()], "driftPolicy": "Observe"}));
    world.wait_reason("x", "WouldChange");
    let resource = world.resource("x").expect("the resource");
    let plan = resource["status"]["plan"][0].as_str().expect("a plan").to_owned();
    assert!(plan.starts_with("+ create role"), "{plan}");
    assert!(plan.contains("Allow sts:AssumeRole to lambda.amazonaws.com"), "{plan}");
    wait_until("the Event", SOON, || {
        let events = world.scope.kubectl(&["get", "events.events.k8s.io", "-o", "json"]).ok();
        if events.contains("WouldChange") && events.contains("+ create role") {
            Ok(())
        } else {
            Err(events)
        }
    });
    world.wait_sweeps(3);
    assert!(world.writes().is_empty(), "{:?}", world.writes());
    world.delete("x");
    world.wait_gone("x");
    assert!(world.writes().is_empty());
}
