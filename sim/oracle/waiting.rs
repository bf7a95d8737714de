//! People who wait, and by when each must be served.

use super::Oracle;
use carillon_decision::id::CallId;
use carillon_decision::time::Mono;

impl Oracle {
    /// Whoever is on this call must hear an agent or the message by then.
    pub(super) fn must_serve(&mut self, id: CallId, due: Mono) {
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        if let Some(before) = call.due.replace(due) {
            self.due.remove(&(before, id));
        }
        call.served = false;
        self.due.insert((due, id));
    }

    /// The call's person hears an agent or the message, or is gone.
    pub(super) fn served(&mut self, id: CallId) {
        if let Some(call) = self.calls.get_mut(&id) {
            call.served = true;
            if let Some(due) = call.due.take() {
                self.due.remove(&(due, id));
            }
        }
    }

    /// Whoever should have been served before now, and was not.
    pub(super) fn overdue(&mut self) {
        while let Some((due, id)) = self
            .due
            .first()
            .copied()
            .filter(|(due, _)| *due < self.now.mono)
        {
            self.due.remove(&(due, id));
            let what = format!(
                "the person of call {id} was to be served by {:.3} s",
                due.as_secs_f64()
            );
            self.breach("waiting", what);
        }
    }

    /// Whoever called in was to be answered or refused in the same instant.
    pub(super) fn unheard(&mut self) {
        while let Some((leg, _)) = self.ringing.pop_first() {
            self.breach(
                "waiting",
                format!("inbound leg {leg} was neither answered nor refused"),
            );
        }
    }
}
