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

            fn long(name: &[u8]) -> Self {
                $(if name.len() == $text.len() && name.eq_ignore_ascii_case($text.as_bytes()) {
                    return Self::$variant;
                })+
                Self::Other
            }

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
    Accept = "Accept",
}

impl HeaderName {
    /// Known name for these octets, long or compact, in any case.
    pub fn from_bytes(name: &[u8]) -> Self {
        match name {
            [letter] => Self::compact(*letter),
            _ => Self::long(name),
        }
    }
}
