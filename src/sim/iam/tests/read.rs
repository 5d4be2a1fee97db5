//! Reads: pages, lag, and what is absent. Sources: the IAM API reference; in the IAM user guide
//! "Changes that I make are not always immediately visible".

use std::{collections::BTreeSet, time::Duration};

use rstest::rstest;

use crate::sim::{
    RoleState,
    iam::tests::{READ_ONLY, class, create, write},
    world::World,
};
use crate::{
    plan::{failure::IamErrorClass as Class, steps::step::Call},
    ports::IamRead,
};

#[tokio::test(start_paused = true)]
async fn what_is_absent_is_an_answer() {
    let World { iam, .. } = World::new();
    assert_eq!(iam.role(&"app".into()).await, Ok(None));
    assert_eq!(iam.attached(&"app".into()).await, Ok(None));
    assert_eq!(iam.inline_names(&"app".into()).await, Ok(None));
    assert_eq!(iam.instance_profiles(&"app".into()).await, Ok(None));
    iam.put_role(RoleState::new("app"));
    assert_eq!(iam.inline(&"app".into(), "p").await, Ok(None));
    assert_eq!(class(iam.role(&"a b".into()).await), Some(Class::Refused));
}

#[rstest]
#[case::default(100, false, 3)]
#[case::small(30, false, 9)]
#[case::more_than_asked_for(5_000, false, 1)]
#[case::short(100, true, 0)]
#[tokio::test(start_paused = true)]
async fn every_role_comes_once_on_the_pages(
    #[case] size: usize,
    #[case] short: bool,
    #[case] pages: usize,
) {
    let World { iam, .. } = World::seeded(11);
    for i in 0..250 {
        iam.put_role(RoleState::new(&format!("Role{i}")));
    }
    iam.page_size(size);
    iam.short_pages(short);
    let (mut marker, mut details) = (None, Vec::new());
    loop {
        let page = iam.details(marker).await.unwrap();
        details.extend(page.items.into_iter().map(|item| item.role.name));
        marker = page.next;
        if marker.is_none() {
            break;
        }
    }
    let calls = iam.calls().len();
    assert!(if short { calls > 3 } else { calls == pages }, "{calls}");
    let (mut marker, mut summaries) = (None, Vec::new());
    loop {
        let page = iam.summaries(marker).await.unwrap();
        summaries.extend(page.items.into_iter().map(|item| item.name));
        marker = page.next;
        if marker.is_none() {
            break;
        }
    }
    assert_eq!(details, summaries);
    assert_eq!(details.iter().collect::<BTreeSet<_>>().len(), 250);
    assert_eq!(class(iam.details(Some("nonsense".into())).await), Some(Class::Refused));
}

#[tokio::test(start_paused = true)]
async fn reads_lag_and_writes_do_not() {
    let World { iam, clock, .. } = World::seeded(5);
    let second = Duration::from_secs(1);
    iam.read_lag(2 * second, 5 * second);
    assert_eq!(write(&iam, "app", create()).await, None);
    assert_eq!(iam.role(&"app".into()).await, Ok(None));
    assert_eq!(write(&iam, "app", create()).await, Some(Class::AlreadyExists));
    assert_eq!(write(&iam, "app", Call::Attach { arn: READ_ONLY.into() }).await, None);
    clock.advance(2 * second).await;
    assert_eq!(iam.attached(&"app".into()).await.unwrap().unwrap().len(), 1);
    assert!(iam.details(None).await.unwrap().items.is_empty());
    clock.advance(3 * second).await;
    assert_eq!(iam.details(None).await.unwrap().items.len(), 1);
    assert_eq!(iam.summaries(None).await.unwrap().items.len(), 1);

    iam.remove("app");
    assert!(iam.role(&"app".into()).await.unwrap().is_some(), "still seen");
    clock.advance(second).await;
    assert!(iam.role(&"app".into()).await.unwrap().is_some());
    iam.random_read_lag(true);
    let mut seen = BTreeSet::new();
    for _ in 0..40 {
        seen.insert(iam.role(&"app".into()).await.unwrap().is_some());
    }
    assert_eq!(seen.len(), 2, "new, old and new again");
    iam.random_read_lag(false);
    iam.settle();
    assert_eq!(iam.role(&"app".into()).await, Ok(None));
}
