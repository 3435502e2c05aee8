#![allow(clippy::unwrap_used, reason = "all of it is tests")]

use serde_json::json;

use super::*;
use crate::config::OnInterrupt;

fn record(name: &str, key: Option<&str>) -> Record {
    let manifest = json!({"spec": {"slot": "s"}});
    Record::new(
        name.to_owned(),
        manifest,
        OnInterrupt::Fail,
        key.map(str::to_owned),
    )
}

fn ended(at: u64) -> Ended {
    Ended {
        at,
        phase: "succeeded".to_owned(),
        exit_code: Some(0),
        error: None,
        plugins: Vec::new(),
        generation: 1,
        uid: "u".to_owned(),
    }
}

#[tokio::test]
async fn what_was_acknowledged_is_there_after_the_store_is_opened_again() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path()).unwrap();
    let first = store.insert(record("a", Some("k"))).await.unwrap();
    let second = store.insert(record("b", None)).await.unwrap();
    store
        .end(first, ended(5), Vec::new())
        .unwrap()
        .await
        .unwrap();
    store.close();
    drop(store);

    let store = Store::open(directory.path()).unwrap();
    let (seq, found) = store.get("a").unwrap().unwrap();
    assert_eq!((seq, found.ended), (first, Some(ended(5))));
    let open: Vec<_> = store.open_tasks().unwrap();
    assert_eq!(
        open.iter().map(|(seq, _)| *seq).collect::<Vec<_>>(),
        [second]
    );
    assert_eq!(store.counts().unwrap(), (2, 1));
    let third = store.insert(record("c", None)).await.unwrap();
    assert!(third > second, "numbers are not used twice");
}

#[tokio::test]
async fn a_name_and_an_idempotency_key_are_given_once() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path()).unwrap();
    let first = store.insert(record("a", Some("k"))).await.unwrap();
    assert!(matches!(
        store.insert(record("a", None)).await,
        Err(InsertError::NameTaken)
    ));
    assert!(matches!(
        store.insert(record("b", Some("k"))).await,
        Err(InsertError::KeyTaken(seq)) if seq == first
    ));
    store.remove(first).await.unwrap();
    store.insert(record("a", Some("k"))).await.unwrap();
}

#[tokio::test]
async fn the_oldest_that_ended_go_first_and_those_that_run_never() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path()).unwrap();
    let mut all = Vec::new();
    for number in 0..5 {
        all.push(
            store
                .insert(record(&format!("t{number}"), None))
                .await
                .unwrap(),
        );
    }
    for (seq, at) in [(all[3], 1), (all[1], 2), (all[0], 3)] {
        store
            .end(seq, ended(at), Vec::new())
            .unwrap()
            .await
            .unwrap();
    }
    assert_eq!(store.prune(2, 0).await.unwrap(), (vec![all[3]], false));
    assert_eq!(store.prune(2, 3).await.unwrap(), (vec![all[1]], false));
    assert_eq!(store.counts().unwrap(), (3, 1));
    let filter = Filter {
        ended: Some(false),
        limit: 10,
        ..Filter::default()
    };
    let (left, next) = store.list(&filter, |_| true).unwrap();
    let names: Vec<_> = left.into_iter().map(|record| record.name).collect();
    let expected = [all[4], all[2]].map(|seq| store.at(seq).unwrap().unwrap().name);
    assert_eq!((names, next), (expected.to_vec(), None));
}
