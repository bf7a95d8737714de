//! What is said on a line: silence, a prompt, a tone for as long as somebody talks.

use carillon_media::Prompt;

/// Samples in a frame of 20 ms.
pub(crate) const FRAME: usize = 160;

/// What a line says now.
#[derive(Clone, Debug, Default)]
pub(crate) enum Voice {
    /// Nothing, audibly: frames of silence.
    #[default]
    Silence,
    /// A prompt, then silence.
    Once(Prompt, usize),
    /// A prompt over and over.
    Loop(Prompt, usize),
}

impl Voice {
    pub(crate) fn once(prompt: &Prompt) -> Self {
        Self::Once(prompt.clone(), 0)
    }

    pub(crate) fn repeat(prompt: &Prompt) -> Self {
        Self::Loop(prompt.clone(), 0)
    }

    /// The next frame.
    pub(crate) fn frame(&mut self, frame: &mut [i16; FRAME]) {
        frame.fill(0);
        let over = match self {
            Self::Silence => false,
            Self::Once(prompt, at) => {
                let rest = prompt.samples().get(*at..).unwrap_or_default();
                let count = rest.len().min(FRAME);
                frame[..count].copy_from_slice(&rest[..count]);
                *at += count;
                *at >= prompt.samples().len()
            }
            Self::Loop(prompt, at) if !prompt.samples().is_empty() => {
                for sample in frame.iter_mut() {
                    *sample = prompt.samples()[*at];
                    *at = (*at + 1) % prompt.samples().len();
                }
                false
            }
            Self::Loop(..) => true,
        };
        if over {
            *self = Self::Silence;
        }
    }

    /// A prompt that plays once has not ended yet.
    #[cfg(test)]
    fn is_silent(&self) -> bool {
        matches!(self, Self::Silence)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prompt_plays_once_and_a_loop_has_no_seam() {
        let prompt = Prompt::from_samples((1..=200).collect::<Vec<i16>>());
        let mut frame = [0; FRAME];
        let mut once = Voice::once(&prompt);
        once.frame(&mut frame);
        assert_eq!((frame[0], frame[159], once.is_silent()), (1, 160, false));
        once.frame(&mut frame);
        assert_eq!((frame[39], frame[40], once.is_silent()), (200, 0, true));
        let mut looped = Voice::repeat(&prompt);
        looped.frame(&mut frame);
        looped.frame(&mut frame);
        assert_eq!((frame[39], frame[40], frame[159]), (200, 1, 120));
    }
}
