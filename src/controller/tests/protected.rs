//! Roles that are nobody's to manage: no way into the controller writes to one of them, though it
//! carries every tag of ours.

use rstest::rstest;

use super::*;
use crate::{api::RECONCILE_REQUESTED_AT, plan::scope::own::Own, sim::RoleState};
use iam::tag;

/// What a resource does while its role is protected.
#[derive(Clone, Copy, Debug)]
enum Entry {
    /// It is applied for the first time.
    New,
    /// It had the role before, with names and id in its status.
    Known,
    /// Its lifetime is over.
    Expired,
    /// Somebody asks for a pass.
    Requested,
}

/// A role that passes for ours in every other respect.
fn protected(own: bool) -> RoleState {
    let mut state = RoleState::new(&role("x"));
    if !own {
        state.path = "/aws-service-role/eks.amazonaws.com/".into();
    }
    for (key, value) in [(tag::INSTALLATION, "test"), (tag::RESOURCE, "a/x"), (tag::UID, "1")] {
        state.tags.insert(key.to_owned(), value.to_owned());
    }
    state
}

#[rstest]
#[tokio::test(start_paused = true)]
async fn a_protected_role_is_written_through_no_entry(
    #[values(true, false)] own: bool,
    #[values(Entry::New, Entry::Known, Entry::Expired, Entry::Requested)] entry: Entry,
) {
    let mut rig = Rig::without_windows();
    if !matches!(entry, Entry::New) {
        // Ours first, and protected later: its status is as good as it gets.
        rig.start();
        rig.apply("x", &whole());
        rig.seconds(5).await;
        assert!(rig.is_ready("x"));
        rig.stop().await;
    }
    let known = rig.world.iam.get(&role("x"));
    let state = protected(own);
    let state = match known {
        Some(known) => RoleState { path: state.path, ..known },
        None => state,
    };
    rig.world.iam.remove(&role("x"));
    rig.world.iam.put_role(state);
    let before = rig.world.iam.get(&role("x"));
    if own {
        rig.limits.own = Own { role: Some(role("x").as_str().into()), boundary: None };
    }
    rig.clear();
    rig.start();
    match entry {
        Entry::New => rig.apply("x", &whole()),
        Entry::Known => rig.apply("x", &plain("")),
        Entry::Expired => {
            rig.apply("x", &plain(r#""lifetime":{"expiresAt":"2025-01-01T00:00:00Z"}"#));
        }
        Entry::Requested => {
            rig.world.cluster.annotate(&key("x"), RECONCILE_REQUESTED_AT, Some("now"));
        }
    }
    rig.seconds(300).await;
    let (reason, message) = rig.ready("x");
    assert!(["NotOwned", "InvalidSpec"].contains(&reason.as_str()), "{reason}: {message}");
    rig.world.cluster.delete(&key("x"));
    rig.seconds(300).await;
    assert!(rig.world.cluster.resource(&key("x")).is_none(), "it may go, without its role");
    assert_eq!(rig.writes(), [""; 0]);
    assert_eq!(rig.world.iam.get(&role("x")), before);
}

#[tokio::test(start_paused = true)]
async fn the_boundary_of_the_controller_is_attached_to_no_role() {
    let mut rig = Rig::without_windows();
    rig.limits.own.boundary = Some(AUDIT.into());
    rig.start();
    rig.apply("x", &whole());
    rig.seconds(60).await;
    let (reason, message) = rig.ready("x");
    assert_eq!(reason, "InvalidSpec");
    assert!(message.contains("the boundary of the controller's own role"), "{message}");
    assert_eq!(rig.writes(), [""; 0]);
}
