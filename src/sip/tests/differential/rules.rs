//! Why two parsers may differ: each rule names a fact of the message, who is right, and where it
//! is written. The first rule that holds explains a difference.

use carillon_sip::message::{Bounds, Method, StartLine, parse};

use super::readings::{Field, Reading};

/// One difference and the message it is in.
pub struct Case<'a> {
    them: &'static str,
    bytes: &'a [u8],
    field: Field,
    us: &'a Reading,
    theirs: &'a Reading,
}

/// One explanation.
pub struct Rule {
    pub name: &'static str,
    /// Who is right, and by which section.
    pub why: &'static str,
    holds: fn(&Case<'_>) -> bool,
}

impl Case<'_> {
    fn head(&self) -> &[u8] {
        let end = self.bytes.windows(4).position(|w| w == b"\r\n\r\n");
        &self.bytes[..end.unwrap_or(self.bytes.len())]
    }

    fn start_line(&self) -> &[u8] {
        let mut lines = self.bytes.split(|b| *b == b'\n');
        lines.next().unwrap_or(b"")
    }

    fn we_alone_accept(&self) -> bool {
        self.field == Field::Accepted && self.us.accepted
    }

    fn they_alone_accept(&self) -> bool {
        self.field == Field::Accepted && self.theirs.accepted
    }

    fn ours(&self) -> &str {
        self.us.get(self.field)
    }

    fn they(&self) -> &str {
        self.theirs.get(self.field)
    }

    /// The request-URI, if there is one.
    fn uri(&self) -> Option<String> {
        let message = parse(self.bytes, &Bounds::default()).ok()?;
        let StartLine::Request { uri, .. } = message.start else {
            return None;
        };
        String::from_utf8(uri.to_vec()).ok()
    }

    /// A header line that begins with white space, has no colon, or no plain name before it.
    fn has_odd_lines(&self) -> bool {
        let lines = self.head().split(|b| *b == b'\n').skip(1);
        lines
            .map(|l| l.strip_suffix(b"\r").unwrap_or(l))
            .any(|line| {
                let name = line.split(|b| *b == b':').next().unwrap_or(b"");
                let plain = |b: &u8| b.is_ascii_alphanumeric() || *b == b'-';
                name.len() == line.len() || name.is_empty() || !name.iter().all(plain)
            })
    }
}

pub static RULES: &[Rule] = &[
    Rule {
        name: "we find a defect",
        why: "ours: such a message is 400 or 505 (RFC 3261 §7.1, §7.3.1, §8.2, §18.3)",
        holds: |c| {
            let read = parse(c.bytes, &Bounds::default());
            c.they_alone_accept() && read.is_ok_and(|m| m.defect.is_some())
        },
    },
    Rule {
        name: "no SIP start line",
        why: "ours: method, status and version have a form (RFC 3261 §7.1, §7.2, §25.1)",
        holds: |c| c.they_alone_accept() && parse(c.bytes, &Bounds::default()).is_err(),
    },
    Rule {
        name: "unknown method",
        why: "ours: any token is a method, answered 501 (RFC 3261 §7.1, §8.2.1)",
        holds: |c| {
            let read = parse(c.bytes, &Bounds::default());
            c.we_alone_accept() && read.is_ok_and(|m| m.method() == Some(Method::Other))
        },
    },
    Rule {
        name: "no blank line",
        why: "either: a datagram that ends within its header may be read or dropped (§18.3)",
        holds: |c| c.we_alone_accept() && c.head().len() == c.bytes.len(),
    },
    Rule {
        name: "octets that are not UTF-8",
        why: "ours: one such octet must not hide what follows it (RFC 3261 §7.3.1, §25.1)",
        holds: |c| std::str::from_utf8(c.bytes).is_err(),
    },
    Rule {
        name: "spaces in the start line",
        why: "either: a liberal element may ignore them (RFC 4475 §3.1.2.9, §3.1.2.10)",
        holds: |c| {
            let line = c.start_line();
            let doubled = line.windows(2).any(|w| w == b"  ") || line.ends_with(b" \r");
            c.we_alone_accept() && doubled
        },
    },
    Rule {
        name: "line ends before the start line",
        why: "ours: they are to be ignored (RFC 3261 §7.5)",
        holds: |c| c.we_alone_accept() && c.bytes.starts_with(b"\r\n"),
    },
    Rule {
        name: "their URI parser",
        why: "ours: tel, IPv6, escapes and parameters are URIs (RFC 3261 §19.1, §25.1)",
        holds: |c| {
            let refused = |uri: &str| match c.them {
                "rsip" => rsip::Uri::try_from(uri).is_err(),
                _ => rsipstack::sip::Uri::try_from(uri).is_err(),
            };
            // In a start line `rsip` takes less than in a URI alone.
            let refused = |uri: &str| refused(uri) || c.them == "rsip" && uri.contains([';', '?']);
            c.we_alone_accept() && c.uri().is_some_and(|uri| refused(&uri))
        },
    },
    Rule {
        name: "their line parser",
        why: "ours: folds and spaces before the colon are legal, other lines skipped (§7.3.1)",
        holds: |c| c.we_alone_accept() && c.has_odd_lines(),
    },
    Rule {
        name: "no header line",
        why: "either: it is 400 or dropped (RFC 3261 §8.1.1); we read it and answer 400",
        holds: |c| c.we_alone_accept() && !c.head().contains(&b'\n'),
    },
    Rule {
        name: "a fold in a value",
        why: "both: a fold means one space (RFC 3261 §7.3.1); ours gives it back as it came",
        holds: |c| c.ours().contains("\r\n") && c.ours().replace("\r\n ", " ") == c.they(),
    },
    Rule {
        name: "the cookie alone",
        why: "ours: no branch, so that RFC 2543's rules apply (RFC 4475 §3.2.1)",
        holds: |c| c.field == Field::Branch && c.ours().is_empty() && c.they() == "z9hG4bK",
    },
    Rule {
        name: "URI written anew",
        why: "ours: a URI is kept octet for octet (RFC 3261 §16.6, RFC 3986 §2.4: not twice)",
        holds: |c| c.field == Field::Uri,
    },
    Rule {
        name: "body without Content-Length",
        why: "ours: over UDP it is the rest of the datagram (RFC 3261 §18.3)",
        holds: |c| c.field == Field::Body && c.them == "rsipstack" && c.they() == "0",
    },
    Rule {
        name: "octets after the body",
        why: "ours: they are to be discarded (RFC 3261 §18.3)",
        holds: |c| {
            let number = |text: &str| text.parse::<usize>().unwrap_or(0);
            c.field == Field::Body && c.them == "rsip" && number(c.they()) > number(c.ours())
        },
    },
    Rule {
        name: "line ends that are no CRLF",
        why: "ours: a bare LF ends a line, a bare CR does not (§7; seen in the field)",
        holds: |c| {
            let text = String::from_utf8_lossy(c.head()).replace("\r\n", "");
            text.contains(['\r', '\n'])
        },
    },
    Rule {
        name: "a tag or branch that is none",
        why: "ours: what is no token is given back octet for octet, cut by nobody (§19.3, §8.2.6)",
        holds: |c| {
            let named = matches!(c.field, Field::FromTag | Field::ToTag | Field::Branch);
            let odd = |text: &str| !text.bytes().all(carillon_sip::headers::lex::is_token);
            named && (odd(c.ours()) || odd(c.they()))
        },
    },
    Rule {
        name: "they read no value",
        why: "ours: compact names, folds, lists and odd parameters do not hide a value (§7.3)",
        holds: |c| c.they().is_empty() && !c.ours().is_empty(),
    },
    Rule {
        name: "we read no value",
        why: "ours: open quotes or brackets, or no URI or host there: 400 (§20.10, §25.1)",
        holds: |c| c.ours().is_empty() && !c.they().is_empty(),
    },
];

/// The rule that explains a difference.
pub fn explain(
    them: &'static str,
    bytes: &[u8],
    field: Field,
    us: &Reading,
    theirs: &Reading,
) -> Option<&'static Rule> {
    let case = Case {
        them,
        bytes,
        field,
        us,
        theirs,
    };
    RULES.iter().find(|rule| (rule.holds)(&case))
}

/// Why a rule explains.
pub fn why(name: &str) -> &'static str {
    let rule = RULES.iter().find(|rule| rule.name == name);
    rule.map_or("", |rule| rule.why)
}
