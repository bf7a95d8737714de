//! Names of methods and header fields.

/// Request methods.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs, reason = "each is what its name says")]
pub enum Method {
    Invite,
    Ack,
    Bye,
    Cancel,
    Options,
    Register,
    Info,
    Update,
    Prack,
    Refer,
    Notify,
    Subscribe,
    Message,
    Publish,
    /// A method we do not know: 501.
    Other,
}

const METHODS: [(&str, Method); 14] = [
    ("INVITE", Method::Invite),
    ("ACK", Method::Ack),
    ("BYE", Method::Bye),
    ("CANCEL", Method::Cancel),
    ("OPTIONS", Method::Options),
    ("REGISTER", Method::Register),
    ("INFO", Method::Info),
    ("UPDATE", Method::Update),
    ("PRACK", Method::Prack),
    ("REFER", Method::Refer),
    ("NOTIFY", Method::Notify),
    ("SUBSCRIBE", Method::Subscribe),
    ("MESSAGE", Method::Message),
    ("PUBLISH", Method::Publish),
];

impl Method {
    /// Methods are case-sensitive (RFC 3261 §7.1).
    pub fn from_bytes(token: &[u8]) -> Self {
        METHODS
            .iter()
            .find(|(name, _)| name.as_bytes() == token)
            .map_or(Self::Other, |(_, method)| *method)
    }

    /// The token; `Other` has none.
    pub fn as_str(self) -> &'static str {
        METHODS
            .iter()
            .find(|(_, m)| *m == self)
            .map_or("", |(name, _)| name)
    }
}

macro_rules! header_names {
    ($($variant:ident = $text:literal $(/ $compact:literal)?),+ $(,)?) => {
        /// Header fields the crate looks at; every other one is `Other` and kept as received.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[allow(missing_docs, reason = "each is what its name says")]
        pub enum HeaderName {
            $($variant,)+
            /// Any other name.
            Other,
        }

        impl HeaderName {
            /// Long form; empty for `Other`.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)+
                    Self::Other => "",
                }
            }

            /// Every known name but `Other`.
            const ALL: &[(&'static str, Self)] = &[$(($text, Self::$variant)),+];

            fn compact(letter: u8) -> Self {
                match letter.to_ascii_lowercase() {
                    $($($compact => Self::$variant,)?)+
                    _ => Self::Other,
                }
            }
        }
    };
}

header_names! {
    Via = "Via" / b'v',
    From = "From" / b'f',
    To = "To" / b't',
    CallId = "Call-ID" / b'i',
    CSeq = "CSeq",
    Contact = "Contact" / b'm',
    MaxForwards = "Max-Forwards",
    ContentLength = "Content-Length" / b'l',
    ContentType = "Content-Type" / b'c',
    ContentEncoding = "Content-Encoding" / b'e',
    Route = "Route",
    RecordRoute = "Record-Route",
    Allow = "Allow",
    Supported = "Supported" / b'k',
    Require = "Require",
    ProxyRequire = "Proxy-Require",
    Unsupported = "Unsupported",
    UserAgent = "User-Agent",
    Server = "Server",
    Expires = "Expires",
    MinExpires = "Min-Expires",
    Authorization = "Authorization",
    ProxyAuthorization = "Proxy-Authorization",
    WwwAuthenticate = "WWW-Authenticate",
    ProxyAuthenticate = "Proxy-Authenticate",
    Reason = "Reason",
    RetryAfter = "Retry-After",
    Warning = "Warning",
    Timestamp = "Timestamp",
    Subject = "Subject" / b's',
    Event = "Event" / b'o',
    AllowEvents = "Allow-Events" / b'u',
    ReferTo = "Refer-To" / b'r',
    ReferredBy = "Referred-By" / b'b',
    SessionExpires = "Session-Expires" / b'x',
    MinSe = "Min-SE",
    RSeq = "RSeq",
    RAck = "RAck",
    Replaces = "Replaces",
    SubscriptionState = "Subscription-State",
    Accept = "Accept",
    Path = "Path",
    ServiceRoute = "Service-Route",
}

/// Slots of the table of names.
const SLOTS: usize = 512;

const fn folded(b: u8) -> usize {
    (b | 0x20) as usize
}

/// Slot of a name of two octets or more, case aside.
const fn slot(name: &[u8], seed: usize) -> usize {
    let (first, middle, last) = (name[0], name[name.len() / 2], name[name.len() - 1]);
    let mixed = folded(first) + 31 * folded(middle) + 1021 * folded(last) + 8191 * name.len();
    (mixed.wrapping_mul(seed) >> 9) % SLOTS
}

/// Index + 1 into `HeaderName::ALL`, 0 for none.
const fn table(seed: usize) -> Option<[u8; SLOTS]> {
    let mut slots = [0u8; SLOTS];
    let mut at = 0;
    while at < HeaderName::ALL.len() {
        let index = slot(HeaderName::ALL[at].0.as_bytes(), seed);
        if slots[index] != 0 {
            return None;
        }
        slots[index] = at as u8 + 1;
        at += 1;
    }
    Some(slots)
}

/// The first odd multiplier under which no two names share a slot, and its table. Found when the
/// crate is compiled, so that a name can be added without further care.
static PERFECT: (usize, [u8; SLOTS]) = {
    let mut seed = 1;
    loop {
        if let Some(slots) = table(seed) {
            break (seed, slots);
        }
        seed += 2;
    }
};

impl HeaderName {
    /// Known name for these octets, long or compact, in any case.
    pub fn from_bytes(name: &[u8]) -> Self {
        match name {
            [] => Self::Other,
            [letter] => Self::compact(*letter),
            _ => Self::long(name),
        }
    }

    fn long(name: &[u8]) -> Self {
        let (seed, slots) = &PERFECT;
        let Some(index) = usize::from(slots[slot(name, *seed)]).checked_sub(1) else {
            return Self::Other;
        };
        let (text, found) = Self::ALL[index];
        if text.as_bytes().eq_ignore_ascii_case(name) {
            found
        } else {
            Self::Other
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_found_in_any_case_and_nothing_else_is() {
        for (text, name) in HeaderName::ALL {
            for spelling in [
                (*text).to_owned(),
                text.to_ascii_uppercase(),
                text.to_ascii_lowercase(),
            ] {
                assert_eq!(HeaderName::from_bytes(spelling.as_bytes()), *name, "{text}");
            }
            assert_eq!(name.as_str(), *text);
            let longer = format!("{text}x");
            assert_eq!(
                HeaderName::from_bytes(longer.as_bytes()),
                HeaderName::Other,
                "{longer}"
            );
        }
        for other in [&b""[..], b"z", b"C%6Fntact", b"X-Via", b"\xff\xff", b"Vi@"] {
            assert_eq!(
                HeaderName::from_bytes(other),
                HeaderName::Other,
                "{other:?}"
            );
        }
        assert_eq!(HeaderName::from_bytes(b"I"), HeaderName::CallId);
    }
}
