//! The course of a day, looked at from outside between two events.

use super::{World, nanos, seconds};
use crate::list::LeadList;
use crate::whole::figures::FloorDay;
use crate::whole::trace::{FloorTrace, Glance};
use carillon_decision::time::{Mono, Now};
use std::time::Duration;

impl World<'_> {
    /// Runs to the end of the day and keeps its course. The day is that of [`World::run`].
    #[must_use]
    pub fn run_traced(mut self) -> (FloorDay, FloorTrace) {
        let mut trace = FloorTrace::new(self.scenario);
        let end = nanos(self.scenario.day_s());
        loop {
            let next = self.heap.peek().map_or(end, |entry| entry.at.min(end));
            while let Some(at_s) = trace.due_s().filter(|at_s| nanos(*at_s) <= next) {
                let glance = self.glance(nanos(at_s));
                trace.look(self.scenario, glance);
            }
            if !self.step() {
                return (self.finish(), trace);
            }
        }
    }

    /// The floor at a time at which nothing happens, from copies: booking times now instead of at
    /// the next event would change the last digits of the day's figures.
    fn glance(&self, at_ns: u64) -> Glance {
        let times = |desk: &super::Desk| {
            let mut desk = desk.clone();
            desk.settle(at_ns);
            (desk.group, desk.times)
        };
        let busy_s = |carrier: &super::Carrier| {
            let mut carrier = carrier.clone();
            carrier.channel(0, seconds(at_ns));
            carrier.busy_s
        };
        Glance {
            status: self.engine.status(Now {
                mono: Mono(at_ns),
                wall: self.start + Duration::from_nanos(at_ns),
            }),
            desks: self.desks.iter().map(times).collect(),
            trunk_s: self.carriers.iter().map(busy_s).collect(),
            left: self.lists.iter().map(LeadList::left).collect(),
        }
    }
}
