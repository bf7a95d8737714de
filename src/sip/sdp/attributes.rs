//! Reading of the attributes of one stream.

use super::crypto::{CryptoLine, LINES_MAX};
use super::{Direction, Format, Media, RtcpPort};

/// A direction, if the attribute is one.
pub(super) fn direction(name: &str) -> Option<Direction> {
    match name {
        "sendrecv" => Some(Direction::SendRecv),
        "sendonly" => Some(Direction::SendOnly),
        "recvonly" => Some(Direction::RecvOnly),
        "inactive" => Some(Direction::Inactive),
        _ => None,
    }
}

/// Takes one attribute; unknown ones are ignored.
pub(super) fn read(media: &mut Media, name: &str, value: &str) {
    match name {
        "rtpmap" => rtpmap(&mut media.formats, value),
        "fmtp" => {
            let (pt, rest) = value.split_once(' ').unwrap_or((value, ""));
            if let Some(f) = find(&mut media.formats, pt) {
                f.fmtp = Some(rest.trim().to_owned());
            }
        }
        "ptime" => media.ptime_ms = milliseconds(value),
        "maxptime" => media.max_ptime_ms = milliseconds(value),
        "rtcp" => media.rtcp = rtcp(value),
        "rtcp-mux" => media.rtcp_mux = true,
        "crypto" if media.crypto.len() < LINES_MAX => {
            // A tag must not come twice (RFC 4568 §9.1): the first stands.
            let line = CryptoLine::parse(value);
            let fresh = |l: &CryptoLine| media.crypto.iter().all(|c| c.tag != l.tag);
            media.crypto.extend(line.filter(fresh));
        }
        _ => {}
    }
}

/// Whole milliseconds of a number that may have a fraction.
fn milliseconds(value: &str) -> Option<u8> {
    value.split('.').next()?.parse().ok()
}

/// `port [IN IP4 address]`.
fn rtcp(value: &str) -> Option<RtcpPort> {
    let mut fields = value.split_whitespace();
    let port = fields.next()?.parse().ok().filter(|port| *port != 0)?;
    let address = fields.nth(2).and_then(|a| a.parse().ok());
    Some(RtcpPort { port, address })
}

fn find<'a>(formats: &'a mut [Format], payload_type: &str) -> Option<&'a mut Format> {
    let number: u8 = payload_type.trim().parse().ok()?;
    formats.iter_mut().find(|f| f.payload_type == number)
}

fn rtpmap(formats: &mut [Format], value: &str) {
    let mut fields = value.split_whitespace();
    let Some(format) = fields.next().and_then(|pt| find(formats, pt)) else {
        return;
    };
    let mut parts = fields.next().unwrap_or("").split('/');
    let Some(encoding) = parts.next().filter(|e| !e.is_empty()) else {
        return;
    };
    encoding.clone_into(&mut format.encoding);
    format.rate = parts.next().and_then(|r| r.parse().ok()).unwrap_or(0);
    format.channels = parts.next().and_then(|c| c.parse().ok()).unwrap_or(1);
}
