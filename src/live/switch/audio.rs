//! What audio a side may speak, and what both sides made of it.

use carillon_media::Remote;
use carillon_media::codec::OpusSettings;
use carillon_media::srtp::{Keys, MasterKey, Profile};
use carillon_sip::{
    Agreed, Codec, CryptoSuite, MediaSpec, SessionDescription, SipError, SrtpPolicy,
};
use rand::TryRng;
use std::net::SocketAddr;

/// The static payload type of comfort noise at 8 kHz (RFC 3551 table 4).
const COMFORT_NOISE: u8 = 13;

/// What a trunk or a phone is offered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct AudioRules {
    /// Codecs, most wanted first; none: PCMU, PCMA.
    pub(crate) codecs: Vec<Codec>,
    /// Whether audio is secured.
    pub(crate) srtp: SrtpPolicy,
}

impl AudioRules {
    /// An offer for an address.
    pub(crate) fn offer(&self, address: SocketAddr, session: u64) -> SessionDescription {
        SessionDescription::offer(&self.spec(address, session))
    }

    /// What we are ready to do at an address. Keys are fresh each time, from the system.
    pub(super) fn spec(&self, address: SocketAddr, session: u64) -> MediaSpec {
        let spec = MediaSpec::g711(address, session).with_codecs(&self.codecs);
        if self.srtp == SrtpPolicy::Off {
            return spec;
        }
        let mut entropy = [0; 60];
        rand::rngs::SysRng
            .try_fill_bytes(&mut entropy)
            .expect("the operating system gives entropy: without it no call may be placed");
        spec.with_srtp(self.srtp, &entropy)
    }
}

/// Where and how a leg sends and takes audio, by what both sides said.
pub(super) fn remote(
    ours: &SessionDescription,
    theirs: &SessionDescription,
) -> Result<Remote, SipError> {
    let agreed = Agreed::between(ours, theirs)?;
    // Port 0 means hold: nothing is sent, and what comes is still heard.
    let nowhere = SocketAddr::new(theirs.address, 0);
    let codec = match agreed.send.codec {
        Codec::Pcma => carillon_media::codec::Codec::Pcma,
        Codec::G722 => carillon_media::codec::Codec::G722,
        Codec::Opus => carillon_media::codec::Codec::Opus,
        _ => carillon_media::codec::Codec::Pcmu,
    };
    let usual = OpusSettings::default();
    let keys = agreed.keys.as_ref().map(|keys| Keys {
        profile: match keys.suite {
            CryptoSuite::AesCm128HmacSha1_80 => Profile::Aes128Sha1_80,
            _ => Profile::Aes128Sha1_32,
        },
        ours: MasterKey::new(*keys.ours.expose()),
        theirs: MasterKey::new(*keys.theirs.expose()),
    });
    Ok(Remote {
        payload_type: agreed.send.payload_type,
        opus: OpusSettings {
            bitrate: agreed
                .send
                .max_bitrate
                .map_or(usual.bitrate, |most| usual.bitrate.min(most)),
            fec: agreed.send.fec,
            ..usual
        },
        dtmf_payload_type: agreed.telephone_event.map(|e| e.payload_type),
        dtmf_clock_hz: agreed.telephone_event.map_or(8_000, |e| e.rate),
        comfort_payload_type: agreed.comfort_noise.then_some(COMFORT_NOISE),
        ptime_ms: agreed.ptime_ms,
        rtcp: agreed.rtcp,
        rtcp_mux: agreed.rtcp_mux,
        keys,
        send: agreed.sends,
        receive: agreed.receives,
        ..Remote::new(agreed.remote.unwrap_or(nowhere), codec)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(codecs: &[Codec], srtp: SrtpPolicy) -> AudioRules {
        AudioRules {
            codecs: codecs.to_vec(),
            srtp,
        }
    }

    /// What each side makes of an offer of ours and their answer.
    fn agree(ours: &AudioRules, theirs: &AudioRules) -> Result<(Remote, Remote), SipError> {
        let address = |port| SocketAddr::from(([192, 0, 2, 1], port));
        let offer = ours.offer(address(4_000), 1);
        let answer = SessionDescription::answer(&offer, &theirs.spec(address(5_000), 2))?;
        Ok((remote(&offer, &answer)?, remote(&answer, &offer)?))
    }

    #[test]
    fn the_codec_both_name_is_spoken_both_ways() {
        let wide = rules(&[Codec::Opus, Codec::Pcma], SrtpPolicy::Off);
        let (a, b) = agree(&wide, &wide).unwrap();
        assert_eq!((a.payload_type, b.payload_type), (111, 111));
        assert_eq!((a.dtmf_clock_hz, a.address.port()), (48_000, 5_000));
        let (a, _) = agree(&wide, &AudioRules::default()).unwrap();
        assert_eq!((a.payload_type, a.dtmf_clock_hz), (8, 8_000));
        assert!(a.keys.is_none());
    }

    #[test]
    fn silence_is_told_to_who_agreed_to_hear_of_it_and_the_node_offers_none() {
        let address = |port| SocketAddr::from(([192, 0, 2, 1], port));
        let spec = |port, comfort_noise| MediaSpec {
            comfort_noise,
            ..MediaSpec::g711(address(port), 1)
        };
        let told = |ours: &MediaSpec, theirs: &MediaSpec| {
            let offer = SessionDescription::offer(ours);
            let answer = SessionDescription::answer(&offer, theirs).unwrap();
            remote(&offer, &answer).unwrap().comfort_payload_type
        };
        assert_eq!(told(&spec(4_000, true), &spec(5_000, true)), Some(13));
        assert_eq!(told(&spec(4_000, true), &spec(5_000, false)), None);
        let ours = AudioRules::default().spec(address(4_000), 1);
        assert_eq!(told(&ours, &spec(5_000, true)), None);
    }

    #[test]
    fn each_side_sends_with_the_key_the_other_takes_with_and_no_two_calls_share_one() {
        let secured = rules(&[], SrtpPolicy::Required);
        let (a, b) = agree(&secured, &secured).unwrap();
        let (a, b) = (a.keys.unwrap(), b.keys.unwrap());
        assert!(a.ours == b.theirs && a.theirs == b.ours && a.ours != a.theirs);
        let again = agree(&secured, &secured).unwrap().0.keys.unwrap();
        assert!(again.ours != a.ours && again.theirs != a.theirs);
    }

    #[test]
    fn what_we_send_is_protected_with_the_key_we_named() {
        let address = SocketAddr::from(([192, 0, 2, 1], 4_000));
        let secured = rules(&[], SrtpPolicy::Required);
        let (ours, theirs) = (secured.offer(address, 1), secured.spec(address, 2));
        let answer = SessionDescription::answer(&ours, &theirs).unwrap();
        let named = ours.audio().unwrap().crypto[0].key.clone();
        let keys = remote(&ours, &answer).unwrap().keys.unwrap();
        assert!(keys.ours == MasterKey::new(*named.expose()));
    }

    #[test]
    fn who_cannot_secure_its_audio_is_not_spoken_to_where_that_is_required() {
        let secured = rules(&[], SrtpPolicy::Required);
        assert!(agree(&secured, &AudioRules::default()).is_err());
        assert!(agree(&AudioRules::default(), &secured).is_err());
        let either = rules(&[], SrtpPolicy::Optional);
        let (a, _) = agree(&either, &AudioRules::default()).unwrap();
        assert!(a.keys.is_none());
    }
}
