//! Names, decisions, alerts.

use super::Open;
use super::make::{CAMPAIGN, NOW, OTHER, decision, later};
use carillon_decision::agent::AgentState;
use carillon_decision::event::Alert;
use carillon_decision::id::{AgentId, CallId, DecisionId, TrunkId};
use carillon_store::{AgentChange, AlertEntry, NameKind, StoreError, WrapUp};

pub async fn names_keep_their_ids(open: &Open) {
    let names = |names: &[&str]| names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>();
    let store = open("names").await;
    let ids = store
        .ensure_names(NameKind::Agent, names(&["ann", "bob"]))
        .await
        .unwrap();
    assert_eq!(ids, [1, 2]);
    assert_eq!(
        store
            .ensure_names(NameKind::Trunk, names(&["bob"]))
            .await
            .unwrap(),
        [1]
    );
    store.close().await.unwrap();
    let store = open("names").await;
    let ids = store
        .ensure_names(NameKind::Agent, names(&["cy", "bob", "ann", "cy"]))
        .await;
    assert_eq!(ids.unwrap(), [3, 2, 1, 3]);
    let known = store.names(NameKind::Agent).await.unwrap();
    assert_eq!(
        known,
        [
            (1, "ann".to_owned()),
            (2, "bob".to_owned()),
            (3, "cy".to_owned())
        ]
    );
}

pub async fn decisions_are_found_and_pruned(open: &Open) {
    let store = open("decisions").await;
    for i in 1..=5 {
        store.record_decision(decision(i, later(i))).await.unwrap();
    }
    assert_eq!(
        store.decision(DecisionId(2)).await.unwrap(),
        decision(2, later(2))
    );
    let last: Vec<u64> = store
        .decisions(CAMPAIGN, 2)
        .await
        .unwrap()
        .iter()
        .map(|d| d.id.0)
        .collect();
    assert_eq!(last, [5, 4]);
    assert_eq!(store.decisions(OTHER, 9).await.unwrap(), []);
    assert_eq!(store.prune(later(3)).await.unwrap(), 2);
    let gone = store.decision(DecisionId(2)).await;
    assert_eq!(
        gone,
        Err(StoreError::NotFound {
            what: "decision",
            id: 2
        })
    );
    assert!(store.decision(DecisionId(3)).await.is_ok());
}

pub async fn decision_ids_never_come_back(open: &Open) {
    let store = open("decision-ids").await;
    let first = store.next_decision_id().await.unwrap();
    store
        .record_decision(decision(first.0 + 70_000, NOW))
        .await
        .unwrap();
    store.prune(later(1)).await.unwrap();
    let second = store.next_decision_id().await.unwrap();
    assert!(second > first);
    store
        .record_decision(decision(second.0 + 70_000, NOW))
        .await
        .unwrap();
    assert!(store.next_decision_id().await.unwrap().0 > second.0 + 70_000);
}

pub async fn alerts_come_newest_first(open: &Open) {
    let store = open("alerts").await;
    let first = AlertEntry {
        at: NOW,
        alert: Alert::Store("disk full".to_owned()),
    };
    let second = AlertEntry {
        at: later(1),
        alert: Alert::TrunkUp(TrunkId(2)),
    };
    store.record_alert(first.clone()).await.unwrap();
    store.record_alert(second.clone()).await.unwrap();
    assert_eq!(store.alerts(9).await.unwrap(), [second.clone(), first]);
    assert_eq!(store.alerts(1).await.unwrap(), [second]);
}

pub async fn wrap_ups_are_told_from_the_agents_log(open: &Open) {
    let store = open("wrap-ups").await;
    let (talking, wrapping) = (AgentState::Talking, AgentState::WrapUp);
    let (one, two, three) = (CallId(1), CallId(2), CallId(3));
    // Agent 4 wraps up twice; agent 5's process dies in a wrap-up, and a new one logs them in.
    for (agent, from, to, at) in [
        (4, talking(one), wrapping(one), 10),
        (5, talking(three), wrapping(three), 12),
        (4, wrapping(one), AgentState::Ready, 18),
        (4, talking(two), wrapping(two), 40),
        (5, AgentState::LoggedOut, AgentState::Connecting, 60),
        (4, wrapping(two), AgentState::Ready, 75),
    ] {
        let agent = AgentId(agent);
        let at = later(at);
        store
            .record_agent_change(AgentChange {
                agent,
                from,
                to,
                at,
            })
            .await
            .unwrap();
    }
    let wrap = |call, agent, began, ended: Option<u64>| WrapUp {
        call,
        agent: AgentId(agent),
        began: later(began),
        ended: ended.map(later),
    };
    // The end of a wrap-up may lie beyond the stretch asked for.
    assert_eq!(
        store.wrap_ups(NOW, later(60)).await.unwrap(),
        [
            wrap(one, 4, 10, Some(18)),
            wrap(two, 4, 40, Some(75)),
            wrap(three, 5, 12, None)
        ]
    );
    assert_eq!(
        store.wrap_ups(later(11), later(40)).await.unwrap(),
        [wrap(three, 5, 12, None)]
    );
}
