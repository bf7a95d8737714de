//! Leads in, lists, details.

use super::Open;
use super::make::{
    CAMPAIGN, MINUTE, NOW, OTHER, coded_lead, import, into, later, lease, new_lead, number, record,
    update,
};
use carillon_decision::call::Outcome;
use carillon_decision::id::{AgentId, LeadId};
use carillon_decision::lead::{Callback, Consent, LeadStatus};
use carillon_decision::routing::Need;
use carillon_store::{
    ImportOptions, ImportRow, LEADS_PER_BATCH_MAX, LeadCard, NewLead, StoreError,
};

pub async fn an_import_repeats_without_doubling(open: &Open) {
    let store = open("import").await;
    let rows = vec![
        new_lead(1),
        coded_lead("A", &[2]),
        coded_lead("B", &[2]),
        new_lead(1),
    ];
    let first = store
        .import_leads(into("march"), rows.clone())
        .await
        .unwrap();
    let [
        ImportRow::Imported(one),
        ImportRow::Imported(a),
        ImportRow::Imported(b),
        last,
    ] = &first[..]
    else {
        panic!("{first:?}");
    };
    assert_eq!(*last, ImportRow::Duplicate(*one));
    let again = store.import_leads(into("march"), rows).await.unwrap();
    assert_eq!(again, [*one, *a, *b, *one].map(ImportRow::Duplicate));
    let changed = NewLead {
        rank: 9,
        ..coded_lead("A", &[3])
    };
    let keep = ImportOptions {
        update: false,
        ..into("march")
    };
    let kept = store
        .import_leads(keep, vec![changed.clone()])
        .await
        .unwrap();
    assert_eq!(kept, [ImportRow::Duplicate(*a)]);
    let updated = store
        .import_leads(into("march"), vec![changed])
        .await
        .unwrap();
    assert_eq!(updated, [ImportRow::Updated(*a)]);
    let lead = store.lead(*a).await.unwrap();
    assert_eq!((lead.rank, lead.numbers[0].number), (9, number(3)));
    let elsewhere = ImportOptions {
        campaign: OTHER,
        ..into("march")
    };
    let other = store
        .import_leads(elsewhere, vec![new_lead(1)])
        .await
        .unwrap();
    assert!(matches!(other[0], ImportRow::Imported(id) if id != *one));
    assert_eq!(store.lists(CAMPAIGN).await.unwrap()[0].leads, 3);
}

pub async fn an_update_keeps_status_and_retired_numbers(open: &Open) {
    let store = open("import-update").await;
    let id = import(&*store, "l", vec![coded_lead("A", &[1, 2])]).await[0];
    store.retire_number(id, number(2)).await.unwrap();
    store
        .finish_lead(CAMPAIGN, id, update(LeadStatus::Completed, None), NOW)
        .await
        .unwrap();
    let promise = Callback {
        at: later(60),
        agent: Some(AgentId(4)),
    };
    let again = NewLead {
        callback: Some(promise),
        ..coded_lead("A", &[3, 2])
    };
    store.import_leads(into("l"), vec![again]).await.unwrap();
    let lead = store.lead(id).await.unwrap();
    assert_eq!((lead.status, lead.callback), (LeadStatus::Completed, None));
    let numbers: Vec<_> = lead.numbers.iter().map(|n| (n.number, n.retired)).collect();
    assert_eq!(numbers, [(number(3), false), (number(2), true)]);
}

pub async fn bad_rows_and_large_batches_are_refused(open: &Open) {
    let store = open("import-bad").await;
    let rows = store
        .import_leads(into("l"), vec![NewLead::default(), new_lead(1)])
        .await
        .unwrap();
    assert!(matches!(&rows[0], ImportRow::Rejected(why) if why.contains("number")));
    assert!(matches!(rows[1], ImportRow::Imported(_)));
    let many = (0..=LEADS_PER_BATCH_MAX as u64).map(new_lead).collect();
    let refused = store.import_leads(into("l"), many).await;
    assert!(matches!(
        refused,
        Err(StoreError::TooLarge {
            given: 501,
            most: 500,
            ..
        })
    ));
    assert_eq!(
        store.lists(CAMPAIGN).await.unwrap()[0].leads,
        1,
        "nothing of it was stored"
    );
    let unknown = store.lead(LeadId(77)).await;
    assert_eq!(
        unknown,
        Err(StoreError::NotFound {
            what: "lead",
            id: 77
        })
    );
    let number_of_nobody = store.retire_number(LeadId(77), number(1)).await;
    assert!(matches!(number_of_nobody, Err(StoreError::NotFound { .. })));
}

pub async fn lists_count_by_status_and_switch(open: &Open) {
    let store = open("lists").await;
    let ids = import(&*store, "b", (1..=4).map(new_lead).collect()).await;
    let named = NewLead {
        list_id: Some("a".to_owned()),
        ..new_lead(9)
    };
    import(&*store, "b", vec![named]).await;
    store
        .finish_lead(CAMPAIGN, ids[0], update(LeadStatus::DoNotCall, None), NOW)
        .await
        .unwrap();
    let talked = record(5, ids[1], number(2), NOW, Outcome::Connected);
    store.finish_call(talked).await.unwrap();
    let lists = store.lists(CAMPAIGN).await.unwrap();
    assert_eq!(
        lists.iter().map(|l| l.name.as_str()).collect::<Vec<_>>(),
        ["a", "b"]
    );
    let counts: Vec<_> = lists[1]
        .by_status
        .iter()
        .map(|(s, n)| (s.as_str(), *n))
        .collect();
    assert_eq!(counts, [("do_not_call", 1), ("due", 1), ("new", 2)]);
    assert_eq!(lists[1].leads, 4);

    store.release_leases("floor").await.unwrap();
    assert!(store.set_list_active(CAMPAIGN, "b", false).await.unwrap());
    assert!(!store.set_list_active(OTHER, "b", false).await.unwrap());
    assert!(!store.lists(CAMPAIGN).await.unwrap()[1].active);
    let leased = lease(&*store, 9).await;
    assert_eq!(leased.len(), 1, "only the list that is on");
    assert!(store.set_list_active(CAMPAIGN, "b", true).await.unwrap());
    assert_eq!(lease(&*store, 9).await.len(), 3);
}

fn full_lead() -> NewLead {
    let text = |s: &str| Some(s.to_owned());
    NewLead {
        card: LeadCard {
            vendor_lead_code: text("K-1"),
            source_id: text("web"),
            title: text("Dr"),
            first_name: text("Ada"),
            last_name: text("Łovelace"),
            address: text("1 Main St\nApt 2"),
            city: text("Albany"),
            postal_code: text("12207"),
            email: text("ada@example.com"),
            comments: text("speaks; 'quotes\" --"),
        },
        list_id: text("vip"),
        numbers: vec![number(1), number(2), number(1)],
        priority: 3,
        rank: -4,
        owner: Some(AgentId(5)),
        time_zone: text("America/New_York"),
        country: text("US"),
        state: text("NY"),
        tags: [("language".to_owned(), "es".to_owned())].into(),
        needs: vec![Need {
            skill: "loans".to_owned(),
            level: 3,
            drop_after: Some(MINUTE),
        }],
        consent: Consent::Given,
        callback: Some(Callback {
            at: later(60),
            agent: Some(AgentId(5)),
        }),
        answer_chance: Some(0.25),
    }
}

pub async fn details_tell_everything(open: &Open) {
    let store = open("details").await;
    let lead = full_lead();
    let id = import(&*store, "l", vec![lead.clone()]).await[0];
    store.dnc_add("internal", number(2), NOW).await.unwrap();
    let call = record(7, id, number(1), NOW, Outcome::Connected);
    store.finish_call(call.clone()).await.unwrap();
    let details = store.lead(id).await.unwrap();
    assert_eq!((details.list.as_str(), details.list_active), ("vip", true));
    assert_eq!(details.card, lead.card);
    assert_eq!(
        (details.status, details.next_at),
        (LeadStatus::Callback, Some(later(60)))
    );
    assert_eq!(details.callback, lead.callback);
    assert_eq!(
        (details.priority, details.rank, details.owner),
        (3, -4, Some(AgentId(5)))
    );
    assert_eq!(
        (details.zone, details.country, details.state),
        (lead.time_zone, lead.country, lead.state)
    );
    assert_eq!((details.tags, details.needs), (lead.tags, lead.needs));
    assert_eq!(
        (details.consent, details.answer_chance),
        (Consent::Given, Some(0.25))
    );
    let numbers: Vec<_> = details
        .numbers
        .iter()
        .map(|n| (n.number, n.listed.len()))
        .collect();
    assert_eq!(
        numbers,
        [(number(1), 0), (number(2), 1)],
        "a repeated number is one"
    );
    assert_eq!((details.attempts, details.last_attempt), (1, Some(NOW)));
    assert_eq!(details.history.len(), 1);
    assert_eq!(details.history[0].record, call);
    assert_eq!((details.refusal, details.leased_until), (None, None));
}

pub async fn leads_are_found_by_number_and_code(open: &Open) {
    let store = open("find").await;
    let ids = import(
        &*store,
        "l",
        vec![coded_lead("A", &[1, 2]), coded_lead("B", &[2])],
    )
    .await;
    assert_eq!(store.find_leads(&number(2).to_string()).await.unwrap(), ids);
    assert_eq!(store.find_leads("B").await.unwrap(), [ids[1]]);
    assert_eq!(store.find_leads("' OR 1=1 --").await.unwrap(), []);
}

pub async fn withdrawn_consent_survives_imports(open: &Open) {
    let store = open("consent").await;
    let given = NewLead {
        consent: Consent::Given,
        ..coded_lead("A", &[1])
    };
    let id = import(&*store, "l", vec![given.clone()]).await[0];
    store.set_consent(id, Consent::Withdrawn).await.unwrap();
    let again = NewLead { rank: 1, ..given };
    store.import_leads(into("l"), vec![again]).await.unwrap();
    let lead = store.lead(id).await.unwrap();
    assert_eq!((lead.rank, lead.consent), (1, Consent::Withdrawn));
    assert!(store.set_consent(LeadId(99), Consent::Given).await.is_err());
}
