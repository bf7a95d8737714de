//! Where each command of the engine goes.

use super::board::Board;
use crate::store_port::{HeldLeads, LeadsWanted, RecordJob, Records};
use crate::switch::Notice;
use carillon_decision::event::Alert;
use carillon_decision::{Command, Now};
use carillon_store::{AgentChange, AlertEntry};
use tokio::sync::mpsc;

/// The engine's ways out.
pub(crate) struct Outlets {
    pub(crate) switch: mpsc::Sender<Command>,
    pub(crate) notices: mpsc::Sender<Notice>,
    pub(crate) leads: mpsc::Sender<LeadsWanted>,
    pub(crate) records: Records,
    pub(crate) held: HeldLeads,
}

impl Outlets {
    /// Sends a command where it belongs. Waits for room on the way to the switch: dialing
    /// slows. Called on the engine's own thread.
    pub(super) fn dispatch(&self, now: Now, command: Command, board: &mut Board) {
        let at = now.wall;
        match command {
            Command::NeedLeads { campaign, count } => {
                // Gone only while the node stops: then no leads are needed.
                let _ = self.leads.blocking_send(LeadsWanted { campaign, count });
            }
            Command::LeadDone {
                campaign,
                lead,
                update,
            } => {
                self.held.remove(lead);
                self.records.put(RecordJob::Lead {
                    campaign,
                    lead,
                    update,
                    at,
                });
            }
            Command::RetireNumber { lead, number } => {
                tracing::info!(%lead, number = %number.masked(), "number retired");
                self.records.put(RecordJob::Retire { lead, number });
            }
            Command::EnterDoNotCall { lead, number, .. } => {
                tracing::info!(%lead, number = %number.masked(), "entered on the do-not-call list");
                self.records.put(RecordJob::DoNotCall { number, at });
            }
            Command::Disposition { call, agent, code } => {
                tracing::info!(%call, %agent, code, "disposition");
                self.records.put(RecordJob::Disposition { call, code });
            }
            Command::Record(record) => {
                tracing::info!(
                    call = %record.call, lead = record.lead.map(|l| l.0), outcome = record.outcome.name(),
                    number = record.number.map(|n| n.masked()).unwrap_or_default(),
                    talk_ms = record.talk_ms, "call recorded"
                );
                board.call_ended(&record);
                self.records.put(RecordJob::Call(record));
            }
            Command::Decided(decision) => self.records.put(RecordJob::Decision(decision)),
            Command::Alert(alert) => {
                log_alert(&alert);
                board.alert(at, &alert);
                self.records.put(RecordJob::Alert(AlertEntry { at, alert }));
            }
            Command::Refused { agent, code, why } => {
                tracing::info!(%agent, code = code.name(), why, "order refused");
                board.refused(at, agent, why.clone());
                // Who ordered by phone hears it.
                self.to_switch(Command::Refused { agent, code, why });
            }
            Command::AgentChanged { agent, from, to } => {
                self.records.put(RecordJob::Agent(AgentChange {
                    agent,
                    from,
                    to,
                    at,
                }));
                self.to_switch(Command::AgentChanged { agent, from, to });
            }
            other => self.to_switch(other),
        }
    }

    fn to_switch(&self, command: Command) {
        if let Err(error) = self.switch.blocking_send(command) {
            tracing::debug!(command = ?error.0, "the switch has ended");
        }
    }
}

fn log_alert(alert: &Alert) {
    match alert {
        Alert::TrunkUp(_) | Alert::StoreBack => tracing::info!(?alert, "alert over"),
        Alert::InvariantBroken(what) => {
            tracing::error!(
                what,
                "an invariant does not hold: dialing has stopped, calls go on"
            );
        }
        _ => tracing::warn!(?alert, "alert"),
    }
}
