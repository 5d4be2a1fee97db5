//! The record of `kubectl apply` holds a `null` that never reached the spec.

use super::*;
use crate::api::LAST_APPLIED;

fn record(external_id: &str) -> String {
    format!(
        r#"{{"spec":{{"trust":[{{"name":"a","principals":{{"externalId":{external_id}}}}}]}}}}"#
    )
}

#[tokio::test(start_paused = true)]
async fn a_null_that_kubectl_dropped_is_refused_until_the_manifest_has_none() {
    let mut rig = Rig::with(&plain("")).await;
    let applied = |rig: &Rig, record: Option<&str>| {
        rig.world.cluster.annotate(&key("x"), LAST_APPLIED, record);
    };
    applied(&rig, Some(&record("null")));
    rig.seconds(5).await;
    let (reason, message) = rig.ready("x");
    assert_eq!(reason, "InvalidSpec");
    assert!(message.starts_with("spec.trust[0].principals.externalId: is null"), "{message}");
    assert!(rig.has("x", "Stalled"));
    // Said once, also after a restart, and nothing is written.
    rig.clear();
    rig.restart().await;
    rig.seconds(600).await;
    assert_eq!((rig.writes(), rig.world.cluster.counts().total()), (Vec::new(), 0));
    applied(&rig, Some(&record("\"7f3c\"")));
    rig.seconds(5).await;
    assert!(rig.is_ready("x"));
    applied(&rig, Some(&record("null")));
    rig.seconds(5).await;
    applied(&rig, None);
    rig.seconds(5).await;
    assert!(rig.is_ready("x"));
}
