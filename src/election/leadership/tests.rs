//! The fence is one for all kinds; here before one that is nothing but a row.

use std::time::Duration;

use tokio::time::Instant;

use super::*;
use crate::sim::{
    World,
    kinds::{Beacon, BeaconStatus, key},
};

#[tokio::test(start_paused = true)]
async fn only_a_leader_writes_to_it() {
    let World { cluster, .. } = World::new();
    let made = cluster.apply_of::<Beacon>(&key(), r#"{"colour": "red"}"#).unwrap();
    let (standing, leadership) = Leadership::contested();
    let fenced = Fenced::new(cluster.clone(), leadership);
    let lit = BeaconStatus { lit: true, ..BeaconStatus::default() };
    let notice = Notice { warning: false, reason: "R", action: "A", note: String::new() };
    for leads in [false, true] {
        if leads {
            let until = Instant::now() + Duration::from_secs(10);
            standing.send(Standing::Leading { until }).unwrap();
        }
        let wanted = if leads { Ok(()) } else { Err(ClusterError::NotLeading) };
        assert_eq!(fenced.add_finalizer(&made).await, wanted);
        assert_eq!(fenced.write_status(&made, &lit).await, wanted);
        assert_eq!(fenced.remove_finalizer(&made).await, wanted);
        assert_eq!(fenced.notify(&made, &notice).await, Ok(()), "it tells what was done already");
        assert!(Objects::<Beacon>::get(&fenced, &key()).await.unwrap().is_some());
    }
    let counts = cluster.counts();
    assert_eq!((counts.add_finalizer, counts.write_status, counts.remove_finalizer), (1, 1, 1));
    assert_eq!(cluster.notices()[0].uid, made.uid);
}
