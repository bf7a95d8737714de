//! RTP relay, G.711, tones, prompts, DTMF and greeting detection.
