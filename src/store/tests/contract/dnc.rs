//! Do-not-call lists.

use super::Open;
use super::make::{NOW, later, number};
use carillon_decision::id::SnapshotId;
use carillon_store::{DncChange, DncMembership, NUMBERS_PER_BATCH_MAX, StoreError};

pub async fn an_import_counts_new_and_known(open: &Open) {
    let store = open("dnc-import").await;
    let first = store
        .dnc_import("national", vec![number(1), number(2), number(1)], NOW)
        .await;
    let first = first.unwrap();
    assert_eq!((first.added, first.known), (2, 1));
    let again = store
        .dnc_import("national", vec![number(2), number(3)], later(60))
        .await
        .unwrap();
    assert_eq!((again.added, again.known), (1, 1));
    assert!(again.snapshot > first.snapshot);
    store
        .dnc_add("internal", number(2), later(90))
        .await
        .unwrap();
    let lists = store.dnc_lists().await.unwrap();
    let sizes: Vec<_> = lists
        .iter()
        .map(|l| (l.name.as_str(), l.numbers, l.updated))
        .collect();
    assert_eq!(
        sizes,
        [("internal", 1, later(90)), ("national", 3, later(60))]
    );
    let on = store.dnc_check(number(2)).await.unwrap();
    let on_list = |list: &str, since| DncMembership {
        list: list.to_owned(),
        since,
    };
    assert_eq!(
        on,
        [on_list("internal", later(90)), on_list("national", NOW)]
    );
    assert_eq!(store.dnc_check(number(4)).await.unwrap(), []);
    let many = vec![number(1); NUMBERS_PER_BATCH_MAX + 1];
    let refused = store.dnc_import("national", many, NOW).await;
    assert!(matches!(refused, Err(StoreError::TooLarge { .. })));
}

pub async fn changes_are_fed_in_pages(open: &Open) {
    let store = open("dnc-feed").await;
    let other = open("dnc-feed").await;
    assert_eq!(store.dnc_snapshot().await.unwrap(), SnapshotId(0));
    other
        .dnc_import("a", vec![number(1), number(2), number(3)], NOW)
        .await
        .unwrap();
    other.dnc_add("b", number(1), NOW).await.unwrap();
    let mut seen = Vec::new();
    let mut since = SnapshotId(0);
    loop {
        let page = store.dnc_changes_since(since, 2).await.unwrap();
        assert!(page.len() <= 2);
        let Some(DncChange { snapshot, .. }) = page.last() else {
            break;
        };
        since = *snapshot;
        seen.extend(page.into_iter().map(|c| (c.list, c.number)));
    }
    let of = |list: &str, i| (list.to_owned(), number(i));
    assert_eq!(seen, [of("a", 1), of("a", 2), of("a", 3), of("b", 1)]);
    assert_eq!(store.dnc_snapshot().await.unwrap(), since);
}

pub async fn removal_moves_the_snapshot(open: &Open) {
    let store = open("dnc-remove").await;
    let before = store.dnc_add("internal", number(1), NOW).await.unwrap();
    assert!(store.dnc_remove("internal", number(1)).await.unwrap());
    assert!(!store.dnc_remove("internal", number(1)).await.unwrap());
    assert!(!store.dnc_remove("nowhere", number(1)).await.unwrap());
    assert!(store.dnc_snapshot().await.unwrap() > before);
    assert_eq!(store.dnc_check(number(1)).await.unwrap(), []);
    assert_eq!(store.dnc_lists().await.unwrap()[0].numbers, 0);
    let back = store.dnc_add("internal", number(1), NOW).await.unwrap();
    let fed = store.dnc_changes_since(before, 9).await.unwrap();
    assert_eq!(fed.iter().map(|c| c.snapshot).collect::<Vec<_>>(), [back]);
}
