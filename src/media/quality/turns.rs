//! Who speaks when: dead air, talk-over, interruptions, an agent's silence.
//!
//! Fed with both sides' verdicts frame by frame, only while they are joined: holds, prompts and
//! whatever was before the bridge are left out, and end what was going on.

use super::activity::FRAME_MS;

/// Speech of the other side for one to be interrupted: shorter, and it was not their turn yet.
const TURN_FRAMES: u64 = 500 / FRAME_MS;
/// Who interrupts keeps speaking at least so long: shorter is "mhm", which asks for no turn.
const TAKEN_FRAMES: u64 = 600 / FRAME_MS;
/// Who is interrupted falls silent within so long; later, both just talked on.
const YIELD_FRAMES: u64 = 3_000 / FRAME_MS;
/// Speaking at once for so long is talk-over; turns overlap by less every time (ITU-T P.59 has
/// double talk of 0.23 s on average).
const TALK_OVER_FRAMES: u64 = 1_000 / FRAME_MS;

/// Index of a side: the customer.
pub(super) const CUSTOMER: usize = 0;
/// Index of a side: the agent, or whatever else the customer hears.
pub(super) const AGENT: usize = 1;

/// One side's speech and silence.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Turn {
    /// Frames of speech.
    pub speech: u64,
    /// Talk-spurts.
    pub spurts: u64,
    /// Times this side cut the other short.
    pub interrupts: u64,
    /// Longest silence, frames.
    pub longest_silence: u64,
    /// Frames of the talk-spurt, and of the silence, going on.
    speaking: u64,
    silent: u64,
    /// Frames since this side began to speak into the other's turn, and whether it fell silent.
    cutting: Option<(u64, bool)>,
}

/// Both sides, as frames.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Turns {
    pub sides: [Turn; 2],
    /// Frames followed.
    pub frames: u64,
    /// Frames of the dead air going on.
    pub dead: u64,
    pub dead_longest: u64,
    /// Dead air of at least the limit: how often, and frames of it.
    pub dead_spans: u64,
    pub dead_total: u64,
    /// Frames in which both spoke, and times it went on for long.
    pub both: u64,
    pub talk_overs: u64,
    both_now: u64,
    dead_limit: u64,
}

impl Turns {
    /// Dead air counts from that length.
    pub(super) fn new(dead_air_ms: u64) -> Self {
        Self {
            dead_limit: (dead_air_ms / FRAME_MS).max(1),
            ..Self::default()
        }
    }

    /// Takes a frame.
    pub(super) fn push(&mut self, speech: [bool; 2]) {
        self.frames += 1;
        let before = self.sides.map(|side| side.speaking);
        for (side, speaks) in self.sides.iter_mut().zip(speech) {
            side.count(speaks);
        }
        for side in [CUSTOMER, AGENT] {
            self.cut(side, speech, before);
        }
        if speech == [false, false] {
            self.dead += 1;
            self.dead_longest = self.dead_longest.max(self.dead);
            if self.dead == self.dead_limit {
                self.dead_spans += 1;
                self.dead_total += self.dead;
            } else if self.dead > self.dead_limit {
                self.dead_total += 1;
            }
        } else {
            self.dead = 0;
        }
        if speech == [true, true] {
            self.both += 1;
            self.both_now += 1;
            self.talk_overs += u64::from(self.both_now == TALK_OVER_FRAMES);
        } else {
            self.both_now = 0;
        }
    }

    /// Whether `side` cuts the other short: it begins in the other's turn, the other falls silent
    /// while it speaks, and it goes on.
    fn cut(&mut self, side: usize, speech: [bool; 2], before: [u64; 2]) {
        let other = 1 - side;
        let turn = &mut self.sides[side];
        if speech[side] && turn.speaking == 1 && before[other] >= TURN_FRAMES && speech[other] {
            turn.cutting = Some((0, false));
        }
        let Some((frames, yielded)) = &mut turn.cutting else {
            return;
        };
        *frames += 1;
        *yielded |= !speech[other];
        let (frames, yielded) = (*frames, *yielded);
        if !speech[side] || (!yielded && frames > YIELD_FRAMES) {
            turn.cutting = None;
        } else if yielded && frames >= TAKEN_FRAMES {
            turn.cutting = None;
            turn.interrupts += 1;
        }
    }

    /// The conversation is interrupted from outside: nothing that goes on goes on past this.
    pub(super) fn pause(&mut self) {
        self.dead = 0;
        self.both_now = 0;
        for side in &mut self.sides {
            (side.speaking, side.silent, side.cutting) = (0, 0, None);
        }
    }
}

impl Turn {
    fn count(&mut self, speaks: bool) {
        if speaks {
            self.speech += 1;
            self.speaking += 1;
            self.spurts += u64::from(self.speaking == 1);
            self.silent = 0;
        } else {
            self.speaking = 0;
            self.silent += 1;
            self.longest_silence = self.longest_silence.max(self.silent);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// `(customer, agent, ms)` one after the other.
    fn talk(parts: &[(u8, u8, u64)]) -> Turns {
        let mut turns = Turns::new(5_000);
        for (customer, agent, ms) in parts {
            for _ in 0..ms / FRAME_MS {
                turns.push([*customer == 1, *agent == 1]);
            }
        }
        turns
    }

    #[test]
    fn dead_air_counts_once_it_is_long() {
        let turns = talk(&[(0, 1, 1_000), (0, 0, 4_990), (1, 0, 500), (0, 0, 7_000)]);
        assert_eq!((turns.dead_spans, turns.dead_total), (1, 700));
        assert_eq!(turns.dead_longest, 700);
    }

    #[test]
    fn who_cuts_whom_short() {
        // The customer begins while the agent speaks; the agent falls silent; the customer goes on.
        let cut = talk(&[(0, 1, 2_000), (1, 1, 400), (1, 0, 2_000)]);
        assert_eq!(
            (cut.sides[CUSTOMER].interrupts, cut.sides[AGENT].interrupts),
            (1, 0)
        );
        let other = talk(&[(1, 0, 2_000), (1, 1, 400), (0, 1, 2_000)]);
        assert_eq!(
            (
                other.sides[CUSTOMER].interrupts,
                other.sides[AGENT].interrupts
            ),
            (0, 1)
        );
        // "Mhm" asks for nothing.
        let mhm = talk(&[(0, 1, 2_000), (1, 1, 400), (0, 1, 2_000)]);
        assert_eq!(mhm.sides[CUSTOMER].interrupts, 0);
        // Nor does one who starts while the other is just ending.
        let late = talk(&[(0, 1, 2_000), (1, 1, 200), (1, 0, 300), (0, 0, 1_000)]);
        assert_eq!(late.sides[CUSTOMER].interrupts, 0);
        // An ordinary turn is no interruption, nor is talking on together.
        let turn = talk(&[(0, 1, 2_000), (0, 0, 300), (1, 0, 2_000)]);
        assert_eq!(turn.sides[CUSTOMER].interrupts, 0);
        let stubborn = talk(&[(0, 1, 2_000), (1, 1, 4_000), (1, 0, 2_000)]);
        assert_eq!(
            (stubborn.sides[CUSTOMER].interrupts, stubborn.talk_overs),
            (0, 1)
        );
    }

    #[test]
    fn talk_over_is_more_than_the_overlap_of_turns() {
        let turns = talk(&[
            (1, 1, 300),
            (1, 0, 100),
            (1, 1, 990),
            (0, 1, 100),
            (1, 1, 1_500),
        ]);
        assert_eq!((turns.both, turns.talk_overs), (279, 1));
    }

    #[test]
    fn a_pause_ends_what_goes_on() {
        let mut turns = talk(&[(0, 0, 4_000)]);
        turns.pause();
        (0..400).for_each(|_| turns.push([false, false]));
        assert_eq!((turns.dead_spans, turns.dead_longest), (0, 400));
        assert_eq!(turns.sides[AGENT].longest_silence, 400);
    }

    proptest! {
        #[test]
        fn times_add_up(frames in prop::collection::vec((any::<bool>(), any::<bool>()), 0..2_000)) {
            let mut turns = Turns::new(50);
            for (customer, agent) in &frames {
                turns.push([*customer, *agent]);
            }
            let [customer, agent] = turns.sides;
            let dead = frames.iter().filter(|f| **f == (false, false)).count() as u64;
            prop_assert_eq!(turns.frames, frames.len() as u64);
            prop_assert_eq!(customer.speech + agent.speech - turns.both + dead, turns.frames);
            prop_assert!(turns.dead_total <= dead);
            prop_assert!(turns.dead_longest <= dead);
            prop_assert!(customer.interrupts <= customer.spurts);
            prop_assert!(agent.longest_silence <= turns.frames - agent.speech);
        }
    }
}
