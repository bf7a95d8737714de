//! A node on loopback with its store in a directory of its own.

use super::PATIENCE;
use carillon_api::port::BoardStatus;
use carillon_decision::agent::AgentState;
use carillon_decision::call::CallRecord;
use carillon_decision::campaign::Dial;
use carillon_decision::event::Input;
use carillon_decision::id::{AgentId, CampaignId, LeadId};
use carillon_live::config::Config;
use carillon_live::{Node, NodeError, NodeHandle, NodeOptions};
use carillon_store::{CallFilter, ImportOptions, ImportRow, NewLead, SqliteOptions, SqliteStore};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

/// A running node and where its files are.
pub struct TestNode {
    pub node: NodeHandle,
    pub directory: Arc<tempfile::TempDir>,
}

/// A configuration: one trunk and one agent's phone, both at `peer`, one campaign without
/// calling hours that dials progressively. `more` is added to the campaign's table.
pub fn config(peer: SocketAddr, more: &str) -> String {
    format!(
        r#"
        [sip]
        bind = "127.0.0.1:0"
        [rtp]
        bind = "127.0.0.1"
        ports = "36000-39999"
        [web]
        bind = "127.0.0.1:0"

        [[trunk]]
        name = "carrier"
        address = "{peer}"
        channels = 10
        calls_per_second = 10

        [[agent]]
        name = "ana"
        phone = "sip:ana@{peer}"
        pin = "4711"

        [[campaign]]
        name = "spring"
        caller_ids = ["+12025550100"]
        mode = "progressive"
        packs = []
        screening = "off"
        attempts = {{ per_day = 0, per_30_days = 0, min_gap = "0s" }}
        {more}
        [[campaign.disposition]]
        code = "SALE"
        name = "Sale made"
        completed = true
        sale = true
        "#
    )
}

impl TestNode {
    /// Starts a node on this configuration text.
    pub async fn start(text: &str) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        Self::start_in(Arc::new(directory), text).await
    }

    /// The same on a directory that may hold the files of an earlier run.
    pub async fn start_in(directory: Arc<tempfile::TempDir>, text: &str) -> Self {
        let (config, options) = Self::parse(&directory, text);
        let node = Node::start(config, options).await.expect("the node starts");
        Self { node, directory }
    }

    /// A start that may fail.
    pub async fn try_start_in(
        directory: &Arc<tempfile::TempDir>,
        text: &str,
    ) -> Result<NodeHandle, NodeError> {
        let (config, options) = Self::parse(directory, text);
        Node::start(config, options).await
    }

    /// The same on a database that may not grow past so many pages of 4 KiB: a disk that fills.
    pub async fn start_with_pages(text: &str, pages: u32) -> Self {
        let directory = Arc::new(tempfile::tempdir().expect("a temporary directory"));
        let (config, options) = Self::parse(&directory, text);
        let mut small = SqliteOptions::new(directory.path().join("small.db"));
        small.pages_max = Some(pages);
        let store = SqliteStore::open(small).await.expect("the store opens");
        let node = Node::start_with(config, options, Arc::new(store)).await;
        Self {
            node: node.expect("the node starts"),
            directory,
        }
    }

    fn parse(directory: &Arc<tempfile::TempDir>, text: &str) -> (Config, NodeOptions) {
        // Its place decides where relative paths lead; the file itself is not needed.
        let place = directory.path().join("carillon.toml");
        let text = format!(
            "[node]\ndata_dir = \"{}\"\n{text}",
            directory.path().display()
        );
        let config = Config::parse(Path::new(&place), &text).unwrap_or_else(|e| panic!("{e}"));
        let options = NodeOptions {
            journal: Some(directory.path().join("journal")),
            ..NodeOptions::default()
        };
        (config, options)
    }

    pub fn sip(&self) -> SocketAddr {
        self.node.addresses().sip
    }

    pub fn campaign(&self) -> CampaignId {
        self.node.config().campaigns[0].engine.id
    }

    pub fn agent(&self) -> AgentId {
        self.node.config().agents[0].engine.id
    }

    pub async fn tell(&self, input: Input) {
        self.node
            .inputs()
            .send(input)
            .await
            .expect("the engine takes inputs");
    }

    /// Imports leads with one number each, in New York.
    pub async fn leads(&self, numbers: &[&str]) -> Vec<LeadId> {
        let lead = |number: &&str| NewLead {
            numbers: vec![number.parse().expect("a valid number")],
            time_zone: Some("America/New_York".to_owned()),
            ..NewLead::default()
        };
        let options = ImportOptions {
            campaign: self.campaign(),
            list: "test".to_owned(),
            update: false,
        };
        let rows = self
            .node
            .store()
            .import_leads(options, numbers.iter().map(lead).collect())
            .await;
        let imported = rows
            .expect("leads are imported")
            .into_iter()
            .map(|row| match row {
                ImportRow::Imported(id) => id,
                other => panic!("not imported: {other:?}"),
            });
        imported.collect()
    }

    pub async fn run(&self, on: bool) {
        self.tell(Input::Adjust {
            campaign: self.campaign(),
            dial: Dial::Running(on),
        })
        .await;
    }

    /// Waits until the board is as wanted.
    pub async fn board(&self, what: &str, want: impl FnMut(&BoardStatus) -> bool) -> BoardStatus {
        let mut status = self.node.status();
        let mut want = want;
        let found = tokio::time::timeout(PATIENCE, status.wait_for(|board| want(board))).await;
        match found {
            Ok(Ok(board)) => BoardStatus::clone(&board),
            _ => panic!(
                "the board never showed {what}: {:#?}",
                self.node.status().borrow()
            ),
        }
    }

    /// Waits until the agent is in a state of that name.
    pub async fn agent_is(&self, name: &str) -> AgentState {
        let board = self
            .board(name, |b| b.floor.agents[0].state_name == name)
            .await;
        board.floor.agents[0].state
    }

    /// Waits until so many calls have ended, and gives their records from the store, oldest
    /// first.
    pub async fn records(&self, count: usize) -> Vec<CallRecord> {
        self.board(&format!("{count} ended calls"), |b| b.recent.len() >= count)
            .await;
        let mut status = self.node.status();
        loop {
            let found = self
                .node
                .store()
                .calls(CallFilter::default(), 100)
                .await
                .expect("the store answers");
            if found.len() >= count {
                return found.into_iter().rev().map(|e| e.record).collect();
            }
            // The writer is right behind the board.
            let changed = tokio::time::timeout(PATIENCE, status.changed()).await;
            changed.expect("the board changes").expect("the node runs");
        }
    }
}
