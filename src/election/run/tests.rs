//! The loop on a virtual clock, against a Lease that can be down, slow, and written by others.

use std::sync::{Arc, Mutex};

use jiff::Timestamp;
use tokio::task::JoinHandle;

use crate::election::run::*;
use crate::{
    election::{
        leadership::{Leadership, SetBack},
        pulse::Pulse,
    },
    plan::lease::{Claim, Record},
};

const TIMING: Timing = Timing {
    duration: Duration::from_secs(15),
    renew_deadline: Duration::from_secs(10),
    retry_period: Duration::from_secs(2),
};

#[derive(Default)]
struct Stored {
    record: Option<Record>,
    versions: u32,
    down: bool,
    slow: Duration,
    lose_answer: bool,
}

#[derive(Clone, Default)]
struct FakeLease(Arc<Mutex<Stored>>);

impl FakeLease {
    fn with<T>(&self, change: impl FnOnce(&mut Stored) -> T) -> T {
        change(&mut self.0.lock().unwrap())
    }

    fn holder(&self) -> Option<String> {
        self.with(|stored| stored.record.as_ref().map(|record| record.holder.clone()))
    }

    async fn answer(&self) -> Result<(), ClusterError> {
        let (down, slow) = self.with(|stored| (stored.down, stored.slow));
        sleep(slow).await;
        if down { Err(ClusterError::Unavailable("down".into())) } else { Ok(()) }
    }
}

impl Lease for FakeLease {
    async fn read(&mut self) -> Result<Option<Record>, ClusterError> {
        self.answer().await?;
        Ok(self.with(|stored| stored.record.clone()))
    }

    async fn write(&mut self, claim: &Claim) -> Result<Record, ClusterError> {
        self.answer().await?;
        self.with(|stored| {
            if claim.replaces != stored.record.as_ref().map(|record| record.version.clone()) {
                return Err(ClusterError::Conflict("another version".into()));
            }
            stored.versions += 1;
            let record = Record {
                version: stored.versions.to_string(),
                holder: claim.holder.clone(),
                duration: claim.duration,
                acquired: claim.acquired,
                renewed: Some(claim.renewed),
                transitions: claim.transitions,
            };
            stored.record = Some(record.clone());
            if std::mem::take(&mut stored.lose_answer) {
                return Err(ClusterError::Unavailable("the answer is lost".into()));
            }
            Ok(record)
        })
    }
}

#[derive(Clone)]
struct Now;

impl Clock for Now {
    fn now(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH
    }
    fn steady(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH
    }
    async fn sleep(&self, duration: Duration) {
        sleep(duration).await;
    }
    fn jitter(&self) -> f64 {
        0.5
    }
}

struct Replica {
    leadership: Leadership,
    leaving: watch::Sender<bool>,
    set_back: SetBack,
    task: JoinHandle<Result<(), LeaseLost>>,
}

impl Replica {
    fn start(lease: &FakeLease, identity: &str) -> Self {
        let (standing, leadership) = Leadership::contested();
        let (leaving, left) = watch::channel(false);
        let set_back = SetBack::default();
        let election =
            Election::new(lease.clone(), Now, identity.into(), TIMING, standing, set_back.clone());
        let task = tokio::spawn(election.run(left, Pulse::default().heart("the election")));
        Self { leadership, leaving, set_back, task }
    }
}

async fn seconds(seconds: u64) {
    sleep(Duration::from_secs(seconds)).await;
}

#[tokio::test(start_paused = true)]
async fn the_first_leads_and_the_second_stands_by_until_the_first_is_gone_for_a_duration() {
    let lease = FakeLease::default();
    let first = Replica::start(&lease, "first");
    seconds(1).await;
    let second = Replica::start(&lease, "second");
    seconds(600).await;
    assert!(first.leadership.holds() && !second.leadership.holds());
    assert!(matches!(second.leadership.standing(), Standing::Following { holder,
            .. } if holder == "first"));
    first.task.abort();
    seconds(14).await;
    assert!(!second.leadership.holds());
    seconds(4).await;
    assert!(second.leadership.holds() && !first.leadership.holds());
    assert_eq!(lease.with(|stored| stored.record.as_ref().unwrap().transitions), 1);
}

#[tokio::test(start_paused = true)]
async fn a_leader_that_leaves_is_followed_at_once() {
    let lease = FakeLease::default();
    let first = Replica::start(&lease, "first");
    seconds(1).await;
    let second = Replica::start(&lease, "second");
    seconds(5).await;
    first.leaving.send(true).unwrap();
    first.task.await.unwrap().unwrap();
    assert_eq!(lease.holder().as_deref(), Some(""));
    assert!(!first.leadership.holds());
    seconds(2).await;
    assert!(second.leadership.holds());
}

#[tokio::test(start_paused = true)]
async fn an_api_server_down_for_less_than_the_deadline_changes_nothing_for_longer_ends_the_reign() {
    let lease = FakeLease::default();
    let replica = Replica::start(&lease, "first");
    seconds(1).await;
    lease.with(|stored| stored.down = true);
    seconds(7).await;
    assert!(replica.leadership.holds());
    lease.with(|stored| stored.down = false);
    seconds(60).await;
    assert!(replica.leadership.holds());
    lease.with(|stored| stored.down = true);
    seconds(11).await;
    assert!(!replica.leadership.holds());
    let lost = replica.task.await.unwrap().unwrap_err().to_string();
    assert!(lost.contains("not renewed for 10s") && lost.contains("down"), "{lost}");
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_of_a_renewal_costs_nothing() {
    let lease = FakeLease::default();
    let replica = Replica::start(&lease, "first");
    for _ in 0..20 {
        seconds(5).await;
        lease.with(|stored| stored.lose_answer = true);
    }
    assert!(replica.leadership.holds());
    assert_eq!(lease.with(|stored| stored.record.as_ref().unwrap().transitions), 0);
}

#[tokio::test(start_paused = true)]
async fn an_api_server_that_does_not_answer_is_not_waited_for_beyond_the_deadline() {
    let lease = FakeLease::default();
    let replica = Replica::start(&lease, "first");
    seconds(1).await;
    lease.with(|stored| stored.slow = Duration::from_mins(5));
    let ended = timeout(Duration::from_secs(11), replica.task)
        .await
        .expect("it ends")
        .unwrap()
        .unwrap_err();
    assert!(ended.to_string().contains("no answer about the lease within"), "{ended}");
}

#[tokio::test(start_paused = true)]
async fn a_leader_that_finds_another_in_the_lease_stops_at_once() {
    let lease = FakeLease::default();
    let replica = Replica::start(&lease, "first");
    seconds(1).await;
    lease.with(|stored| {
        let record = stored.record.as_mut().unwrap();
        (record.version, record.holder) = ("x".into(), "thief".into());
    });
    let lost =
        timeout(Duration::from_secs(3), replica.task).await.expect("it ends").unwrap().unwrap_err();
    assert!(lost.to_string().contains("thief has taken it"), "{lost}");
    assert!(!replica.leadership.holds());
}

#[tokio::test(start_paused = true)]
async fn a_follower_says_why_it_cannot_see_the_lease_and_heals() {
    let lease = FakeLease::default();
    lease.with(|stored| stored.down = true);
    let replica = Replica::start(&lease, "first");
    seconds(30).await;
    let standing = replica.leadership.standing();
    assert!(
        matches!(&standing, Standing::Following { fresh_until: None, trouble,
            .. } if trouble.contains("down")),
        "{standing:?}"
    );
    lease.with(|stored| stored.down = false);
    seconds(2).await;
    assert!(replica.leadership.holds());
}

#[tokio::test(start_paused = true)]
async fn a_leader_whose_lease_is_older_than_it_wrote_it_says_so_and_leads_on() {
    let lease = FakeLease::default();
    let replica = Replica::start(&lease, "first");
    seconds(30).await;
    let said = async || timeout(Duration::from_secs(5), replica.set_back.told()).await.is_ok();
    assert!(!said().await);
    // As a store that was restored has it.
    lease.with(|stored| {
        stored.versions -= 3;
        stored.record.as_mut().unwrap().version = stored.versions.to_string();
    });
    assert!(said().await);
    assert!(replica.leadership.holds());
    assert!(!said().await, "once");
}
