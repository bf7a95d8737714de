//! What audio a side may speak, and what both sides made of it.

use carillon_media::Remote;
use carillon_media::codec::OpusSettings;
use carillon_media::srtp::{Keys, MasterKey, Profile};
use carillon_sip::{
    Agreed, Codec, CryptoSuite, MediaSpec, SessionDescription, SipError, SrtpPolicy,
};
use rand::TryRng;
use std::net::SocketAddr;

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
        ptime_ms: agreed.ptime_ms,
        rtcp: agreed.rtcp,
        rtcp_mux: agreed.rtcp_mux,
        keys,
        send: agreed.sends,
        receive: agreed.receives,
        ..Remote::new(agreed.remote.unwrap_or(nowhere), codec)
    })
}
