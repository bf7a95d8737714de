//! Who hears whom: bridges, conferences, listening in, whispering.

use super::Relay;
use super::directory::Directory;
use super::error::RelayError;
use super::leg::LegCommand;
use super::outgoing;
use super::types::LegId;

impl Relay {
    /// From now on `leg` hears the sum of `sources`, in place of what it heard. None: nothing
    /// (silence, if that is filled in). Prompts go before, and the sources are heard after them.
    ///
    /// One source of G.711 is passed on packet by packet, without delay. More are mixed: their
    /// audio is decoded, waits in a jitter buffer, and goes out at the packet length of `leg`.
    /// Whatever changes, the far end sees one stream.
    ///
    /// * Conference of A, B, C: A hears B and C, B hears A and C, C hears A and B.
    /// * Supervisor S listens: S hears A and B; nobody hears S.
    /// * Whisper: agent A hears customer C and S, C hears A alone.
    /// * Barge: a conference.
    ///
    /// # Errors
    /// [`RelayError::UnknownLeg`], [`RelayError::SelfBridge`] when `leg` is among the sources,
    /// [`RelayError::Stopped`].
    pub fn hear(&self, leg: LegId, sources: &[LegId]) -> Result<(), RelayError> {
        let mut directory = self.directory();
        directory.entry(leg)?;
        for source in sources {
            directory.entry(*source)?;
        }
        if sources.contains(&leg) {
            return Err(RelayError::SelfBridge(leg));
        }
        self.set_hears(&mut directory, leg, sources)
    }

    /// The legs it hears.
    #[must_use]
    pub fn heard(&self, leg: LegId) -> Vec<LegId> {
        let directory = self.directory();
        let entry = directory.legs.get(&leg);
        entry.map_or_else(Vec::new, |entry| entry.hears.clone())
    }

    /// Lets two legs hear each other and nobody else: [`hear`](Self::hear) both ways. Bridges
    /// either was in end; who listened to them goes on doing so.
    ///
    /// # Errors
    /// [`RelayError::UnknownLeg`], [`RelayError::SelfBridge`], [`RelayError::Stopped`].
    pub fn bridge(&self, a: LegId, b: LegId) -> Result<(), RelayError> {
        if a == b {
            return Err(RelayError::SelfBridge(a));
        }
        let mut directory = self.directory();
        directory.entry(a)?;
        directory.entry(b)?;
        if directory.peer(a) == Some(b) && directory.peer(b) == Some(a) {
            return Ok(());
        }
        self.part(&mut directory, a, Some(b))?;
        self.part(&mut directory, b, Some(a))?;
        self.set_hears(&mut directory, a, &[b])?;
        self.set_hears(&mut directory, b, &[a])
    }

    /// Takes a leg out of its conversation: it hears nobody, and nobody it heard hears it. Who
    /// only listens to it (a supervisor) goes on doing so.
    ///
    /// # Errors
    /// [`RelayError::UnknownLeg`], [`RelayError::Stopped`].
    pub fn unbridge(&self, leg: LegId) -> Result<(), RelayError> {
        self.part(&mut self.directory(), leg, None)
    }

    /// The leg it is bridged to: the only one it hears, which hears it too.
    #[must_use]
    pub fn peer(&self, leg: LegId) -> Option<LegId> {
        self.directory().peer(leg)
    }

    /// Ends what `leg` shares with others, except with `keep`.
    pub(super) fn part(
        &self,
        directory: &mut Directory,
        leg: LegId,
        keep: Option<LegId>,
    ) -> Result<(), RelayError> {
        let hears = directory.entry(leg)?.hears.clone();
        for other in hears.into_iter().filter(|other| Some(*other) != keep) {
            self.stop_hearing(directory, other, leg)?;
        }
        match keep {
            Some(_) => Ok(()),
            None => self.set_hears(directory, leg, &[]),
        }
    }

    /// Lets `listener` no longer hear `source`, if it does.
    pub(super) fn stop_hearing(
        &self,
        directory: &mut Directory,
        listener: LegId,
        source: LegId,
    ) -> Result<(), RelayError> {
        let hears = &directory.entry(listener)?.hears;
        if !hears.contains(&source) {
            return Ok(());
        }
        let rest: Vec<LegId> = hears.iter().filter(|l| **l != source).copied().collect();
        self.set_hears(directory, listener, &rest)
    }

    fn set_hears(
        &self,
        directory: &mut Directory,
        leg: LegId,
        sources: &[LegId],
    ) -> Result<(), RelayError> {
        let changed = directory.set_hears(leg, sources);
        // At once, whichever thread is behind with its commands: what the old sources still send
        // is turned away from now on, and the new one's first packet is let through.
        let ears = directory.ears(leg);
        let (direct, mixed) = ears.sources(ears.mixed);
        outgoing::lock(&directory.entry(leg)?.out).set_sources(direct, mixed);
        self.send(leg, LegCommand::Hear(ears))?;
        for source in changed {
            self.send(source, LegCommand::HeardBy(directory.listeners(source)))?;
        }
        Ok(())
    }
}
