//! Leads out on lease, and back.

use super::Open;
use super::make::{
    CAMPAIGN, HOUR, MINUTE, NOW, attempt, coded_lead, ids, import, later, lease, new_lead, number,
    record, refusal, unanswered, update,
};
use carillon_decision::call::{Cause, Outcome};
use carillon_decision::event::LeadUpdate;
use carillon_decision::id::{AgentId, LeadId};
use carillon_decision::lead::{Callback, LeadStatus};
use carillon_decision::time::Wall;
use carillon_store::{NewLead, StoreError};

pub async fn the_best_goes_first(open: &Open) {
    let store = open("lease-order").await;
    let lead = |i, priority, rank| NewLead {
        priority,
        rank,
        ..new_lead(i)
    };
    let rows = vec![
        lead(1, 0, 0),
        lead(2, 0, 5),
        lead(3, 1, -1),
        lead(4, 0, 5),
        lead(5, 0, 0),
    ];
    let all = import(&*store, "l", rows).await;
    // The first was tried before: it goes behind its equal that was not.
    let tried = unanswered(9, all[0], number(1), NOW, Outcome::Unanswered(Cause::Busy));
    store.finish_call(tried).await.unwrap();
    store.release_leases("floor").await.unwrap();
    let order = [all[2], all[1], all[3], all[4], all[0]];
    let leased = store.lease_leads(CAMPAIGN, NOW, 3, MINUTE).await.unwrap();
    assert_eq!(ids(&leased.leads), order[..3]);
    assert!(!leased.exhausted);
    let rest = store.lease_leads(CAMPAIGN, NOW, 3, MINUTE).await.unwrap();
    assert_eq!(ids(&rest.leads), order[3..]);
    assert!(rest.exhausted && rest.next_due.is_none());
    assert_eq!(rest.token, leased.token);
}

pub async fn order_holds_for_many_leads(open: &Open) {
    let store = open("lease-many").await;
    let mut random = 12_345_u64;
    let mut draw = |n: u64| {
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (random >> 33) % n
    };
    let mut expected = Vec::new();
    for list in ["a", "b", "off"] {
        let rows: Vec<NewLead> = (0..200)
            .map(|i| NewLead {
                list_id: Some(list.to_owned()),
                priority: draw(3) as i32,
                rank: draw(4) as i32,
                ..coded_lead(&format!("{list}{i}"), &[i])
            })
            .collect();
        let keys: Vec<_> = rows.iter().map(|r| (-r.priority, -r.rank)).collect();
        let all = import(&*store, "l", rows).await;
        if list != "off" {
            expected.extend(keys.into_iter().zip(all));
        }
    }
    store.set_list_active(CAMPAIGN, "off", false).await.unwrap();
    store.release_leases("floor").await.unwrap();
    expected.sort();
    let mut leased = Vec::new();
    loop {
        let some = store.lease_leads(CAMPAIGN, NOW, 37, MINUTE).await.unwrap();
        leased.extend(ids(&some.leads));
        if some.exhausted {
            break;
        }
    }
    assert_eq!(
        leased,
        expected.into_iter().map(|(_, id)| id).collect::<Vec<_>>()
    );
}

pub async fn a_leased_lead_is_offered_once(open: &Open) {
    let store = open("lease-once").await;
    let refused = store.lease_leads(CAMPAIGN, NOW, 1, MINUTE).await;
    assert_eq!(refused, Err(StoreError::NoOwner));
    let all = import(&*store, "l", vec![new_lead(1), new_lead(2)]).await;
    store.release_leases("floor").await.unwrap();
    assert_eq!(lease(&*store, 9).await.len(), 2);
    assert_eq!(lease(&*store, 9).await.len(), 0);
    let until = store.lead(all[0]).await.unwrap().leased_until;
    assert_eq!(until, Some(NOW + MINUTE * 10));
    // One is renewed, the other runs out.
    assert_eq!(
        store
            .renew_leases(vec![all[0], LeadId(99)], NOW + HOUR)
            .await
            .unwrap(),
        1
    );
    let after = store
        .lease_leads(CAMPAIGN, NOW + MINUTE * 10, 9, MINUTE)
        .await
        .unwrap();
    assert_eq!(ids(&after.leads), [all[1]]);
}

pub async fn a_lead_waits_for_its_instant(open: &Open) {
    let store = open("lease-wait").await;
    let all = import(&*store, "l", vec![new_lead(1), new_lead(2)]).await;
    store.release_leases("floor").await.unwrap();
    lease(&*store, 2).await;
    let retry = update(LeadStatus::Due, Some(later(600)));
    store
        .finish_lead(CAMPAIGN, all[0], retry, NOW)
        .await
        .unwrap();
    let done = update(LeadStatus::Exhausted, None);
    store
        .finish_lead(CAMPAIGN, all[1], done, NOW)
        .await
        .unwrap();
    let early = store
        .lease_leads(CAMPAIGN, later(599), 9, MINUTE)
        .await
        .unwrap();
    assert_eq!(
        (early.leads.len(), early.exhausted, early.next_due),
        (0, true, Some(later(600)))
    );
    let due = store
        .lease_leads(CAMPAIGN, later(600), 9, MINUTE)
        .await
        .unwrap();
    assert_eq!(ids(&due.leads), [all[0]]);
    assert_eq!(due.next_due, None);
    // An instant that has passed already makes the lead ready at once.
    let now = update(LeadStatus::Due, Some(later(600)));
    store
        .finish_lead(CAMPAIGN, all[0], now, later(601))
        .await
        .unwrap();
    let again = store
        .lease_leads(CAMPAIGN, later(601), 9, MINUTE)
        .await
        .unwrap();
    assert_eq!(ids(&again.leads), [all[0]]);
    let nobody = store
        .finish_lead(CAMPAIGN, LeadId(99), update(LeadStatus::Due, None), NOW)
        .await;
    assert_eq!(
        nobody,
        Err(StoreError::NotFound {
            what: "lead",
            id: 99
        })
    );
}

pub async fn a_callback_goes_before_priority(open: &Open) {
    let store = open("lease-callback").await;
    let urgent = NewLead {
        priority: 9,
        ..new_lead(1)
    };
    let all = import(&*store, "l", vec![urgent, new_lead(2)]).await;
    store.release_leases("floor").await.unwrap();
    lease(&*store, 2).await;
    let promise = Callback {
        at: later(60),
        agent: Some(AgentId(3)),
    };
    let callback = LeadUpdate {
        callback: Some(promise),
        ..update(LeadStatus::Callback, Some(promise.at))
    };
    store
        .finish_lead(CAMPAIGN, all[1], callback, NOW)
        .await
        .unwrap();
    let due = update(LeadStatus::Due, Some(later(1)));
    store.finish_lead(CAMPAIGN, all[0], due, NOW).await.unwrap();
    let leased = store
        .lease_leads(CAMPAIGN, later(60), 2, MINUTE)
        .await
        .unwrap()
        .leads;
    assert_eq!(ids(&leased), [all[1], all[0]]);
    assert_eq!(
        (leased[0].callback, leased[1].callback),
        (Some(promise), None)
    );
}

pub async fn facts_are_read_with_the_lead(open: &Open) {
    let store = open("lease-facts").await;
    let id = import(&*store, "l", vec![coded_lead("A", &[1, 2, 3])]).await[0];
    store.retire_number(id, number(2)).await.unwrap();
    store.dnc_add("b", number(3), NOW).await.unwrap();
    let snapshot = store.dnc_add("a", number(3), NOW).await.unwrap();
    let day = Wall::DAY_MS;
    let old = Wall(NOW.0 - 31 * day);
    let recent = Wall(NOW.0 - 29 * day);
    for (call, at, outcome) in [
        (1, old, Outcome::Machine),
        (3, Wall(NOW.0 - day), Outcome::Abandoned),
        (2, recent, Outcome::Unanswered(Cause::Busy)),
    ] {
        store
            .finish_call(record(call, id, number(1), at, outcome))
            .await
            .unwrap();
    }
    store
        .begin_attempt(attempt(4, id, number(3), Wall(NOW.0 - 5)))
        .await
        .unwrap();
    store.release_leases("floor").await.unwrap();
    let lead = lease(&*store, 1).await.remove(0);
    let numbers: Vec<_> = lead
        .numbers
        .iter()
        .map(|n| (n.number, n.retired, n.listed.join(",")))
        .collect();
    let none = String::new;
    let expected = [
        (number(1), false, none()),
        (number(2), true, none()),
        (number(3), false, "a,b".to_owned()),
    ];
    assert_eq!(numbers, expected);
    assert_eq!(lead.facts.snapshot, snapshot);
    let history: Vec<_> = lead
        .facts
        .history
        .iter()
        .map(|h| (h.at, h.outcome))
        .collect();
    let open = Outcome::Unanswered(Cause::NoAnswer);
    let expected = [
        (recent, Outcome::Unanswered(Cause::Busy)),
        (Wall(NOW.0 - day), Outcome::Abandoned),
        (Wall(NOW.0 - 5), open),
    ];
    assert_eq!(history, expected);
}

pub async fn a_person_on_the_list_twice_has_one_history(open: &Open) {
    let store = open("lease-twice").await;
    let all = import(
        &*store,
        "l",
        vec![coded_lead("A", &[1]), coded_lead("B", &[2, 1])],
    )
    .await;
    let call = record(
        1,
        all[0],
        number(1),
        Wall(NOW.0 - 1_000),
        Outcome::Connected,
    );
    store.finish_call(call).await.unwrap();
    store.release_leases("floor").await.unwrap();
    let leased = lease(&*store, 2).await;
    assert_eq!(leased.len(), 2);
    assert!(leased.iter().all(|lead| lead.facts.history.len() == 1));
}

pub async fn an_older_process_is_fenced(open: &Open) {
    let old = open("lease-fence").await;
    let all = import(&*old, "l", (1..=3).map(new_lead).collect()).await;
    let first = old.release_leases("floor").await.unwrap();
    assert_eq!(first.released, 0);
    lease(&*old, 2).await;

    let new = open("lease-fence").await;
    let takeover = new.release_leases("floor").await.unwrap();
    assert_eq!(takeover.released, 2);
    assert!(takeover.token > first.token);
    let fenced = old.lease_leads(CAMPAIGN, NOW, 1, MINUTE).await;
    assert_eq!(
        fenced,
        Err(StoreError::Fenced {
            owner: "floor".to_owned()
        })
    );

    assert_eq!(ids(&lease(&*new, 9).await), all);
    let done = update(LeadStatus::Completed, None);
    let fenced = old.finish_lead(CAMPAIGN, all[0], done.clone(), NOW).await;
    assert!(
        matches!(fenced, Err(StoreError::Fenced { .. })),
        "{fenced:?}"
    );
    assert_eq!(old.renew_leases(all.clone(), NOW + HOUR).await.unwrap(), 0);
    new.finish_lead(CAMPAIGN, all[0], done, NOW).await.unwrap();

    // Another owner on the same database takes nothing away.
    let other = open("lease-fence").await;
    assert_eq!(other.release_leases("other").await.unwrap().released, 0);
    assert_eq!(new.renew_leases(all, NOW + HOUR).await.unwrap(), 2);
}

pub async fn a_refusal_is_kept_and_counted(open: &Open) {
    let store = open("lease-refusal").await;
    let id = import(&*store, "l", vec![new_lead(1)]).await[0];
    let refused = LeadUpdate {
        refusal: Some(refusal()),
        ..update(LeadStatus::Due, Some(later(3_600)))
    };
    store
        .finish_lead(CAMPAIGN, id, refused.clone(), NOW)
        .await
        .unwrap();
    store
        .finish_lead(CAMPAIGN, id, refused, later(5))
        .await
        .unwrap();
    let lead = store.lead(id).await.unwrap();
    let kept = lead.refusal.unwrap();
    assert_eq!((kept.refusal, kept.at), (refusal(), later(5)));
    assert_eq!(lead.why, "no_answer");
    let report = store.report(NOW, NOW + HOUR, Some(CAMPAIGN)).await.unwrap();
    assert_eq!(report.refusals, [("outside_hours".to_owned(), 2)].into());
    let earlier = store.report(Wall(0), NOW, None).await.unwrap();
    assert!(earlier.refusals.is_empty());
    let called = update(LeadStatus::Due, None);
    store
        .finish_lead(CAMPAIGN, id, called, later(9))
        .await
        .unwrap();
    assert_eq!(
        store.lead(id).await.unwrap().refusal,
        None,
        "a call was placed since"
    );
}
