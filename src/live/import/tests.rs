//! Files as people send them, into a real database.

use super::*;
use carillon_decision::id::CampaignId;
use carillon_decision::number::E164;
use carillon_decision::time::Wall;
use carillon_store::{
    DncStore, LeadDetails, LeadStore, NameKind, NameStore, SqliteOptions, SqliteStore, UpkeepStore,
};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

struct Bench {
    dir: TempDir,
    store: SqliteStore,
    campaign: CampaignId,
}

impl Bench {
    async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(SqliteOptions::new(dir.path().join("test.db")))
            .await
            .unwrap();
        let ids = store
            .ensure_names(NameKind::Campaign, vec!["loans".into()])
            .await
            .unwrap();
        Self {
            dir,
            store,
            campaign: CampaignId(ids[0]),
        }
    }

    fn file(&self, bytes: &[u8]) -> PathBuf {
        let file = self.dir.path().join("leads.csv");
        std::fs::write(&file, bytes).unwrap();
        file
    }

    fn options(&self) -> LeadOptions {
        LeadOptions {
            campaign: self.campaign,
            list: "default".into(),
            country: "US".into(),
            batch: 3,
            update: true,
            agents: BTreeMap::new(),
        }
    }

    async fn import(&self, file: &Path) -> LeadSummary {
        import_leads(&self.store, file, &self.options(), &mut |_| {})
            .await
            .unwrap()
    }

    async fn lead(&self, number: &str) -> LeadDetails {
        let ids = self.store.find_leads(number).await.unwrap();
        assert_eq!(ids.len(), 1, "{number}");
        self.store.lead(ids[0]).await.unwrap()
    }
}

/// Rejected rows: line, reason, row.
fn rejects(summary: &LeadSummary) -> Vec<(String, String, Vec<u8>)> {
    let mut reader = csv::Reader::from_path(summary.rejects_file.as_ref().unwrap()).unwrap();
    let field = |record: &csv::ByteRecord, n: usize| String::from_utf8(record[n].to_vec()).unwrap();
    let rows = reader.byte_records().map(Result::unwrap);
    rows.map(|r| (field(&r, 0), field(&r, 1), r[2].to_vec()))
        .collect()
}

#[tokio::test]
async fn good_rows_load_and_every_horror_is_rejected_with_line_and_reason() {
    let bench = Bench::new().await;
    let mut bytes = b"\xEF\xBB\xBFPhone Number,First Name,Time_Zone,alt_phone,rank\r\n".to_vec();
    bytes.extend_from_slice(b"2025550101,Ann,America/New_York,,1\r\n"); // 2
    bytes.extend_from_slice(b"12345,Bob,,,\r\n"); // 3: no number
    bytes.extend_from_slice(b"2025550103,Cid,America/NewYork,,\r\n"); // 4: no zone
    bytes.extend_from_slice(b"2025550104,Ren\xE9,,,\r\n"); // 5: Latin-1
    bytes.extend_from_slice(&[b"2025550105".as_slice(), &[b','; 299], b"\r\n"].concat()); // 6: 300 columns
    bytes.extend_from_slice(b"2025550106,Fay\r\n"); // 7: 2 columns
    bytes.extend_from_slice(b"2025550107,\"Gus,,,\r\n"); // 8: open quote
    bytes.extend_from_slice(b"\r\n"); // 9: blank
    bytes.extend_from_slice(b"+1 (202) 555-0101,Ann again,,,\r\n"); // 10: as line 2
    bytes.extend_from_slice(b",Ida,,,\r\n"); // 11: nothing to call
    bytes.extend_from_slice(b"2025550112,\"Jo\nAnn\",,nonsense,high\r\n"); // 12-13: rank
    bytes.extend_from_slice(b"2025550114,\"Kim\n\"\"Kimmy\"\" Lee\",,nonsense,7"); // 14-15: good
    let summary = bench.import(&bench.file(&bytes)).await;

    assert_eq!((summary.read, summary.imported), (11, 2), "{summary:?}");
    assert_eq!(
        (
            summary.rejected,
            summary.duplicates_in_file,
            summary.numbers_dropped
        ),
        (8, 1, 1)
    );
    let rejects = rejects(&summary);
    let expected = [
        ("3", "number `12345` is no valid number"),
        ("4", "time_zone `America/NewYork` is no IANA time zone"),
        ("5", "is not UTF-8 text (byte 0xE9 in column first_name)"),
        ("6", "has 300 columns, the header names 5"),
        ("7", "has 2 columns, the header names 5"),
        ("8", "a quote is opened and never closed"),
        ("10", "duplicate of line 2"),
        ("11", "has no telephone number"),
        ("12", "rank `high` is not a whole number"),
    ];
    assert_eq!(rejects.len(), expected.len());
    for ((line, reason, _), (expected_line, part)) in rejects.iter().zip(expected) {
        assert_eq!(line, expected_line);
        assert!(reason.contains(part), "line {line}: {reason}");
    }
    assert_eq!(rejects[2].2, b"2025550104,Ren\xE9,,,", "the row as it was");
    let kim = bench.lead("+12025550114").await;
    assert_eq!(kim.card.first_name.as_deref(), Some("Kim\n\"Kimmy\" Lee"));
    assert_eq!(kim.rank, 7);
    bench.store.close().await.unwrap();
}

#[tokio::test]
async fn importing_twice_doubles_nothing_and_takes_changes_over() {
    let bench = Bench::new().await;
    let rows: String = (0..10)
        .map(|n| format!("v{n},202555010{n},Name{n}\n"))
        .collect();
    let text = format!("vendor_lead_code,phone_number,first_name\n{rows}");
    let first = bench.import(&bench.file(text.as_bytes())).await;
    assert_eq!((first.imported, first.duplicates), (10, 0));
    let again = bench.import(&bench.file(text.as_bytes())).await;
    assert_eq!(
        (
            again.imported,
            again.updated,
            again.duplicates,
            again.rejected
        ),
        (0, 0, 10, 0)
    );
    assert_eq!(again.rejects_file, None);
    let changed = bench
        .import(&bench.file(text.replace("Name3", "Nora").as_bytes()))
        .await;
    assert_eq!(
        (changed.imported, changed.updated, changed.duplicates),
        (0, 1, 9)
    );
    assert_eq!(
        bench.lead("v3").await.card.first_name.as_deref(),
        Some("Nora")
    );
    let lists = bench.store.lists(bench.campaign).await.unwrap();
    assert_eq!(lists.iter().map(|list| list.leads).sum::<u64>(), 10);
    bench.store.close().await.unwrap();
}

#[tokio::test]
async fn every_column_arrives_where_it_belongs() {
    let bench = Bench::new().await;
    let text = "list_id;phone_code;phone_number;alt_phone;title;last_name;address1;address2;state;country;owner;needs;consent;Colour\n\
                gold;44;020 7946 0123;+1 202 555 0123;Dr;Lee;1 High St;Flat 2;Florida;UK;bob;spanish:3 loans;yes;blue\n";
    let summary = bench.import(&bench.file(text.as_bytes())).await;
    assert_eq!(summary.imported, 1, "{summary:?}");
    let lead = bench.lead("+442079460123").await;
    let numbers: Vec<String> = lead.numbers.iter().map(|n| n.number.to_string()).collect();
    assert_eq!(numbers, ["+442079460123", "+12025550123"]);
    assert_eq!(lead.list, "gold");
    assert_eq!(lead.card.address.as_deref(), Some("1 High St, Flat 2"));
    assert_eq!(
        (lead.state.as_deref(), lead.country.as_deref()),
        (Some("FL"), Some("GB"))
    );
    assert_eq!(
        (lead.needs[0].level, lead.needs[1].skill.as_str()),
        (3, "loans")
    );
    assert_eq!(lead.tags["colour"], "blue");
    assert_eq!(lead.tags["owner"], "bob");
    bench.store.close().await.unwrap();
}

#[tokio::test]
async fn a_file_without_a_header_stops_before_the_first_row() {
    let bench = Bench::new().await;
    for (text, part) in [
        ("2025550123,Ann\n", "the first line must name the columns"),
        ("", "the file is empty"),
        (
            "name,phone,PHONE-CODE,phone_code\n",
            "two columns are named `phone_code`",
        ),
    ] {
        let file = bench.file(text.as_bytes());
        let error = import_leads(&bench.store, &file, &bench.options(), &mut |_| {})
            .await
            .unwrap_err();
        assert_eq!(error.code(), "IMP-002");
        assert!(error.to_string().contains(part), "{error}");
    }
    let missing = bench.dir.path().join("none.csv");
    let error = import_leads(&bench.store, &missing, &bench.options(), &mut |_| {})
        .await
        .unwrap_err();
    assert_eq!(error.code(), "IMP-001");
    bench.store.close().await.unwrap();
}

#[tokio::test]
async fn progress_is_told_batch_by_batch() {
    let bench = Bench::new().await;
    let rows: String = (0..7).map(|n| format!("202555010{n}\n")).collect();
    let file = bench.file(format!("phone\n{rows}").as_bytes());
    let mut seen = Vec::new();
    import_leads(&bench.store, &file, &bench.options(), &mut |s| {
        seen.push(s.imported)
    })
    .await
    .unwrap();
    assert_eq!(seen, [3, 6, 7]);
    bench.store.close().await.unwrap();
}

#[tokio::test]
async fn do_not_call_lists_take_plain_lines_columns_and_the_registrys_form() {
    let bench = Bench::new().await;
    for (text, counts) in [
        (
            "2025550101\n(202) 555-0102\n\nnonsense\n2025550101\n",
            (4, 2, 1, 1),
        ),
        ("name,phone_number\nAnn,+12025550103\nBob,\n", (2, 1, 0, 1)),
        ("202,5550104\n202,5550105\n", (2, 2, 0, 0)),
        ("2025550101\n", (1, 0, 1, 0)),
    ] {
        let file = bench.file(text.as_bytes());
        let options = DncOptions {
            list: "registry".into(),
            country: "US".into(),
            at: Wall(0),
        };
        let s = import_numbers(&bench.store, &file, &options, &mut |_| {})
            .await
            .unwrap();
        assert_eq!(
            (s.read, s.imported, s.duplicates, s.rejected),
            counts,
            "{text}"
        );
    }
    let listed: E164 = "+12025550104".parse().unwrap();
    assert_eq!(
        bench.store.dnc_check(listed).await.unwrap()[0].list,
        "registry"
    );
    assert_eq!(bench.store.dnc_lists().await.unwrap()[0].numbers, 5);
    bench.store.close().await.unwrap();
}
