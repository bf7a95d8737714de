//! Writes session descriptions (RFC 8866 §5, in the order the grammar wants).

use std::fmt::Write;
use std::net::IpAddr;

use super::{Media, SessionDescription};

impl SessionDescription {
    /// The body of an `application/sdp` message.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = String::with_capacity(256);
        let (family, address) = family(self.address);
        // Writing into a String cannot fail.
        let _ = write!(
            out,
            "v=0\r\no=- {} {} IN {family} {address}\r\ns=-\r\nc=IN {family} {address}\r\nt=0 0\r\n",
            self.session_id, self.version
        );
        for media in &self.media {
            write_media(&mut out, media, self.address);
        }
        out.into_bytes()
    }
}

fn family(address: IpAddr) -> (&'static str, IpAddr) {
    (if address.is_ipv4() { "IP4" } else { "IP6" }, address)
}

fn write_media(out: &mut String, media: &Media, session: IpAddr) {
    let _ = write!(
        out,
        "m={} {} {} {}\r\n",
        media.kind, media.port, media.protocol, media.format_list
    );
    if media.port == 0 {
        return;
    }
    if let Some(address) = media.address.filter(|a| *a != session) {
        let (family, address) = family(address);
        let _ = write!(out, "c=IN {family} {address}\r\n");
    }
    for format in media.formats.iter().filter(|f| !f.encoding.is_empty()) {
        let _ = write!(
            out,
            "a=rtpmap:{} {}/{}",
            format.payload_type, format.encoding, format.rate
        );
        if format.channels > 1 {
            let _ = write!(out, "/{}", format.channels);
        }
        out.push_str("\r\n");
        if let Some(fmtp) = &format.fmtp {
            let _ = write!(out, "a=fmtp:{} {fmtp}\r\n", format.payload_type);
        }
    }
    if let Some(ptime) = media.ptime_ms {
        let _ = write!(out, "a=ptime:{ptime}\r\n");
    }
    if let Some(longest) = media.max_ptime_ms {
        let _ = write!(out, "a=maxptime:{longest}\r\n");
    }
    if let Some(rtcp) = &media.rtcp {
        let _ = write!(out, "a=rtcp:{}", rtcp.port);
        if let Some(address) = rtcp.address {
            let (family, address) = family(address);
            let _ = write!(out, " IN {family} {address}");
        }
        out.push_str("\r\n");
    }
    if media.rtcp_mux {
        out.push_str("a=rtcp-mux\r\n");
    }
    for line in &media.crypto {
        let _ = write!(out, "a=crypto:{line}\r\n");
    }
    let _ = write!(out, "a={}\r\n", media.direction.as_str());
}
