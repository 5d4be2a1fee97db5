//! `--max-roles-per-namespace`: roles that exist count first, then the older resources.

use super::*;

fn of(namespace: &str, name: &str) -> ResourceKey {
    ResourceKey { namespace: namespace.into(), name: name.into() }
}

/// At most so many roles in a namespace; started.
fn bounded(most: usize) -> Rig {
    let mut rig = Rig::without_windows();
    rig.config.max_roles = Some(most);
    rig.start();
    rig
}

impl Rig {
    /// Applies resources one second after the other.
    async fn one_by_one(&self, names: &[&str]) {
        for name in names {
            self.apply(name, &plain(""));
            self.seconds(1).await;
        }
        self.seconds(5).await;
    }

    /// Which of these have a role that is as written.
    fn ready_among<'a>(&self, names: &[&'a str]) -> Vec<&'a str> {
        names.iter().copied().filter(|name| self.is_ready(name)).collect()
    }
}

#[tokio::test(start_paused = true)]
async fn new_roles_over_the_bound_wait_and_say_why() {
    let mut rig = bounded(2);
    rig.one_by_one(&["r1", "r2", "r3", "r4"]).await;
    assert_eq!(rig.ready_among(&["r1", "r2", "r3", "r4"]), ["r1", "r2"]);
    let (reason, message) = rig.ready("r3");
    assert_eq!(reason, "NamespaceFull");
    assert!(message.contains("its limit of 2 roles (--max-roles-per-namespace)"), "{message}");
    assert!(rig.has("r3", "Stalled"));
    assert!(rig.world.iam.get(&role("r3")).is_none());
    // A namespace has its own bound, and at rest there is silence.
    rig.world.cluster.apply(&of("b", "r1"), &plain("")).unwrap();
    rig.seconds(5).await;
    assert!(rig.world.iam.get("test-b_r1").is_some());
    rig.clear();
    rig.seconds(600).await;
    assert_eq!((rig.calls().len(), rig.reasons().len()), (0, 0), "{:?}", rig.reasons());
    rig.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_role_is_made_as_soon_as_there_is_room() {
    let mut rig = bounded(1);
    rig.one_by_one(&["r1", "r2", "r3"]).await;
    rig.world.cluster.delete(&key("r1"));
    rig.seconds(5).await;
    assert!(rig.is_ready("r2"), "the older one: {:?}", rig.ready("r2"));
    assert_eq!(rig.ready("r3").0, "NamespaceFull");
    // A lifetime that ends makes room, too, and its resource takes none.
    rig.apply("r2", &plain(r#""lifetime":{"ttl":"60s"}"#));
    rig.seconds(120).await;
    assert_eq!(rig.ready("r2").0, "Expired");
    assert!(rig.is_ready("r3"), "{:?}", rig.ready("r3"));
    rig.stop().await;
}

#[tokio::test(start_paused = true)]
async fn an_older_resource_that_is_paused_or_refused_takes_no_room() {
    let mut rig = bounded(1);
    rig.one_by_one(&["r1", "r2", "r3", "r4"]).await;
    rig.apply("r2", r#"{"trust":[{"name":"x"}]}"#);
    rig.world.cluster.annotate(&key("r3"), "rolewright.dev/paused", Some("true"));
    rig.seconds(5).await;
    rig.world.cluster.delete(&key("r1"));
    rig.seconds(5).await;
    assert!(rig.is_ready("r4"), "{:?}", rig.ready("r4"));
    rig.world.cluster.annotate(&key("r3"), "rolewright.dev/paused", None);
    rig.seconds(5).await;
    assert_eq!(rig.ready("r3").0, "NamespaceFull");
    rig.stop().await;
}

#[tokio::test(start_paused = true)]
async fn roles_over_a_bound_that_is_tightened_are_kept_and_corrected() {
    let mut rig = bounded(4);
    rig.one_by_one(&["r1", "r2", "r3"]).await;
    rig.stop().await;
    rig.config.max_roles = Some(1);
    rig.start();
    rig.apply("r3", &plain(r#""description":"new""#));
    rig.one_by_one(&["r4"]).await;
    assert_eq!(rig.ready_among(&["r1", "r2", "r3", "r4"]), ["r1", "r2", "r3"]);
    let description = rig.world.iam.get(&role("r3")).unwrap().description;
    assert_eq!(description.as_deref(), Some("new"));
    // Nobody is made room for before the namespace has some.
    rig.world.cluster.delete(&key("r1"));
    rig.seconds(70).await;
    assert_eq!(rig.ready("r4").0, "NamespaceFull");
    // One that was lost is made again, as long as it is within the bound.
    rig.world.iam.remove(&role("r2"));
    rig.seconds(150).await;
    assert!(rig.world.iam.get(&role("r2")).is_some());
    rig.stop().await;
    rig.config.max_roles = None;
    rig.start();
    rig.seconds(5).await;
    assert!(rig.is_ready("r4"));
    rig.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_role_that_exists_comes_before_an_older_resource_without_one() {
    let mut rig = bounded(1);
    rig.apply("older", &plain(""));
    rig.world.cluster.annotate(&key("older"), "rolewright.dev/paused", Some("true"));
    rig.one_by_one(&["younger"]).await;
    rig.world.cluster.annotate(&key("older"), "rolewright.dev/paused", None);
    rig.seconds(5).await;
    assert_eq!(rig.ready_among(&["older", "younger"]), ["younger"]);
    rig.restart().await;
    rig.seconds(70).await;
    assert_eq!(rig.ready_among(&["older", "younger"]), ["younger"]);
    assert_eq!(rig.ready("older").0, "NamespaceFull");
    rig.stop().await;
}

#[tokio::test(start_paused = true)]
async fn an_older_resource_whose_name_is_not_in_scope_takes_no_room() {
    let mut rig = bounded(1);
    rig.apply("older", &plain(""));
    rig.world.cluster.annotate(&key("older"), "rolewright.dev/paused", Some("true"));
    rig.seconds(5).await;
    let pinned = RoleStatus { role_name: Some("Admin".into()), ..rig.status("older") };
    rig.world.cluster.put_status(&key("older"), &pinned);
    rig.world.cluster.annotate(&key("older"), "rolewright.dev/paused", None);
    rig.one_by_one(&["younger"]).await;
    assert_eq!(rig.ready("older").0, "BeyondLimits");
    assert!(rig.is_ready("younger"), "{:?}", rig.ready("younger"));
    rig.stop().await;
}
