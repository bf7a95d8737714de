//! Small lexical helpers over octets (RFC 3261 §25.1). Folds count as white space.

/// Text for people: invalid UTF-8 replaced, folds collapsed to one space.
pub fn text(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    if !text.contains(['\r', '\n']) {
        return text.into_owned();
    }
    text.split(['\r', '\n'])
        .map(str::trim)
        .filter(|p| !p.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGHS: u64 = 0x8080_8080_8080_8080;

/// High bits of the octets of `word` that are zero; the lowest one is exact, those above a hit
/// may be false.
fn zeros(word: u64) -> u64 {
    word.wrapping_sub(ONES) & !word & HIGHS
}

/// Position of an octet, looked for eight octets at a time.
pub fn find(bytes: &[u8], wanted: u8) -> Option<usize> {
    let pattern = ONES * u64::from(wanted);
    let (chunks, rest) = bytes.as_chunks::<8>();
    for (index, chunk) in chunks.iter().enumerate() {
        let hits = zeros(u64::from_le_bytes(*chunk) ^ pattern);
        if hits != 0 {
            return Some(index * 8 + hits.trailing_zeros() as usize / 8);
        }
    }
    let at = rest.iter().position(|b| *b == wanted)?;
    Some(chunks.len() * 8 + at)
}

/// Position of the first of two octets.
pub fn find2(bytes: &[u8], one: u8, other: u8) -> Option<usize> {
    let (one_pattern, other_pattern) = (ONES * u64::from(one), ONES * u64::from(other));
    let (chunks, rest) = bytes.as_chunks::<8>();
    for (index, chunk) in chunks.iter().enumerate() {
        let word = u64::from_le_bytes(*chunk);
        // The lowest hit of either is exact, and so is the lowest of both.
        let hits = zeros(word ^ one_pattern) | zeros(word ^ other_pattern);
        if hits != 0 {
            return Some(index * 8 + hits.trailing_zeros() as usize / 8);
        }
    }
    let at = rest.iter().position(|b| *b == one || *b == other)?;
    Some(chunks.len() * 8 + at)
}

/// Linear white space, folds included.
pub fn is_space(b: u8) -> bool {
    matches!(b, b' ' | b'\t' | b'\r' | b'\n')
}

/// Without white space at both ends.
pub fn trim(mut bytes: &[u8]) -> &[u8] {
    while let [first, rest @ ..] = bytes {
        if !is_space(*first) {
            break;
        }
        bytes = rest;
    }
    while let [rest @ .., last] = bytes {
        if !is_space(*last) {
            break;
        }
        bytes = rest;
    }
    bytes
}

/// A set of octets that is asked quickly: letters and digits or not, and these.
const fn octets(alphanumeric: bool, others: &[u8]) -> [bool; 256] {
    let mut table = [false; 256];
    let mut b = 0;
    while b < 256 {
        table[b] = alphanumeric && (b as u8).is_ascii_alphanumeric();
        b += 1;
    }
    let mut at = 0;
    while at < others.len() {
        table[others[at] as usize] = true;
        at += 1;
    }
    table
}

/// Octets up to the space, and DEL.
const fn with_controls(mut table: [bool; 256]) -> [bool; 256] {
    let mut b = 0;
    while b <= 0x20 {
        table[b] = true;
        b += 1;
    }
    table[0x7f] = true;
    table
}

/// `token` characters (RFC 3261 §25.1).
static TOKEN: [bool; 256] = octets(true, b"-.!%*_+`'~");
/// What no host name has.
static NOT_HOST: [bool; 256] = with_controls(octets(false, b"\"<>[]\\,;/?@"));
/// What no address within brackets has, the other way round.
static IN_BRACKETS: [bool; 256] = octets(true, b":.%");
/// What no URI has.
static NOT_URI: [bool; 256] = with_controls(octets(false, b"<>\""));

/// Whether octets can be a host name or an IPv4 address.
pub fn is_host(bytes: &[u8]) -> bool {
    !bytes.iter().any(|b| NOT_HOST[usize::from(*b)])
}

/// Whether octets can be an IPv6 address, its brackets taken off.
pub fn is_in_brackets(bytes: &[u8]) -> bool {
    bytes.iter().all(|b| IN_BRACKETS[usize::from(*b)])
}

/// Whether octets can be a URI: no white space, no controls, no brackets, no quotes.
pub fn is_uri(bytes: &[u8]) -> bool {
    !bytes.iter().any(|b| NOT_URI[usize::from(*b)])
}

/// `token` characters.
pub fn is_token(b: u8) -> bool {
    TOKEN[usize::from(b)]
}

/// Whether this is a URI scheme: a letter, then letters, digits, `+`, `-` and `.` (RFC 3986 §3.1).
pub fn is_scheme(bytes: &[u8]) -> bool {
    let known = bytes.eq_ignore_ascii_case(b"sip") || bytes.eq_ignore_ascii_case(b"sips");
    known
        || bytes.first().is_some_and(u8::is_ascii_alphabetic)
            && bytes
                .iter()
                .all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(b))
}

/// A number written in decimal digits only; `None` for anything else and above `u32::MAX`.
pub fn number(bytes: &[u8]) -> Option<u32> {
    if bytes.is_empty() {
        return None;
    }
    bytes.iter().try_fold(0u32, |acc, b| {
        let digit = b.is_ascii_digit().then(|| u32::from(b - b'0'))?;
        acc.checked_mul(10)?.checked_add(digit)
    })
}

/// Leading digits as a number, saturating; `None` without digits. `120 (busy);x` gives 120.
pub fn leading_number(bytes: &[u8]) -> Option<u32> {
    let digits = bytes.iter().take_while(|b| b.is_ascii_digit()).count();
    if digits == 0 {
        return None;
    }
    Some(bytes[..digits].iter().fold(0u32, |acc, b| {
        acc.saturating_mul(10).saturating_add(u32::from(b - b'0'))
    }))
}

/// Length of the part of `bytes` before the first `stop` that is outside quotes and angle brackets.
pub fn until(bytes: &[u8], stop: u8) -> usize {
    let first = find(bytes, stop).unwrap_or(bytes.len());
    // Mostly nothing before it is quoted or bracketed, so that it is the one.
    if find2(&bytes[..first], b'"', b'<').is_none() {
        return first;
    }
    until_outside(bytes, stop)
}

fn until_outside(bytes: &[u8], stop: u8) -> usize {
    let (mut quoted, mut angle, mut escaped) = (false, false, false);
    for (at, b) in bytes.iter().enumerate() {
        match b {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' if !angle => quoted = !quoted,
            _ if quoted => {}
            b'<' => angle = true,
            b'>' => angle = false,
            b if !angle && *b == stop => return at,
            _ => {}
        }
    }
    bytes.len()
}

/// Whether quotes and angle brackets that are opened are closed again, so that what is appended
/// stands outside of them.
pub fn is_closed(bytes: &[u8]) -> bool {
    let Some(first) = find2(bytes, b'"', b'<') else {
        return true;
    };
    let (mut quoted, mut angle, mut escaped) = (false, false, false);
    for b in &bytes[first..] {
        match b {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' if !angle => quoted = !quoted,
            _ if quoted => {}
            b'<' => angle = true,
            b'>' => angle = false,
            _ => {}
        }
    }
    !quoted && !angle
}

/// Elements of a comma-separated value; commas in quotes and angle brackets do not count, empty
/// elements are skipped.
#[derive(Debug, Clone)]
pub struct ListIter<'a> {
    rest: &'a [u8],
    separator: u8,
}

impl<'a> ListIter<'a> {
    /// Over a comma-separated value.
    pub fn new(value: &'a [u8]) -> Self {
        Self {
            rest: value,
            separator: b',',
        }
    }

    /// Over `;`-separated parameters.
    pub fn params(value: &'a [u8]) -> Self {
        Self {
            rest: value,
            separator: b';',
        }
    }
}

impl<'a> Iterator for ListIter<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        while !self.rest.is_empty() {
            let end = until(self.rest, self.separator);
            let element = trim(&self.rest[..end]);
            self.rest = self.rest.get(end + 1..).unwrap_or(&[]);
            if !element.is_empty() {
                return Some(element);
            }
        }
        None
    }
}

/// `name=value` split and trimmed; the value is `None` without `=`.
pub fn name_value(param: &[u8]) -> (&[u8], Option<&[u8]>) {
    match find(param, b'=') {
        Some(at) => (trim(&param[..at]), Some(trim(&param[at + 1..]))),
        None => (trim(param), None),
    }
}

/// A parameter of a `;`-separated list: `Some(b"")` when present without a value.
pub fn param<'a>(params: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    ListIter::params(params)
        .map(name_value)
        .find(|(n, _)| n.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.unwrap_or(b""))
}

/// Without the quotes and backslashes of a quoted string; other text as it is.
pub fn unquote(bytes: &[u8]) -> Vec<u8> {
    let bytes = trim(bytes);
    let Some(inner) = bytes.strip_prefix(b"\"") else {
        return bytes.to_vec();
    };
    let inner = inner.strip_suffix(b"\"").unwrap_or(inner);
    let mut out = Vec::with_capacity(inner.len());
    let mut escaped = false;
    for b in inner {
        if *b == b'\\' && !escaped {
            escaped = true;
            continue;
        }
        escaped = false;
        out.push(*b);
    }
    out
}

/// A quoted string.
pub fn quote(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => {
                out.push('\\');
                out.push(c);
            }
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// Percent-escapes undone; broken escapes stay as they are.
pub fn unescape(bytes: &[u8]) -> Vec<u8> {
    let digit = |b: u8| {
        char::from(b)
            .to_digit(16)
            .and_then(|d| u8::try_from(d).ok())
    };
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((first, tail)) = rest.split_first() {
        rest = tail;
        if let (b'%', [high, low, after @ ..]) = (first, tail)
            && let (Some(high), Some(low)) = (digit(*high), digit(*low))
        {
            out.push(high << 4 | low);
            rest = after;
            continue;
        }
        out.push(*first);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn find_agrees_with_a_plain_search() {
        for len in 0..40usize {
            for at in 0..=len {
                let mut bytes = vec![b'\x0b'; len];
                if let Some(b) = bytes.get_mut(at) {
                    *b = b'\n';
                }
                bytes.extend_from_slice(b"\x0b\n\x8a");
                assert_eq!(find(&bytes, b'\n'), bytes.iter().position(|b| *b == b'\n'));
                assert_eq!(find(&bytes, 0xff), None);
                let either = bytes.iter().position(|b| matches!(b, b'\n' | 0x8a));
                assert_eq!(find2(&bytes, 0x8a, b'\n'), either);
            }
        }
    }

    #[test]
    fn quotes_and_brackets_hide_separators() {
        for (text, end) in [
            (&b"a;b"[..], 1),
            (b"\"a;\\\";\";b", 7),
            (b"<a;b>;c", 5),
            (b"a\";b", 4),
            (b"<\";>;", 4),
            (b"", 0),
        ] {
            assert_eq!(until(text, b';'), end, "{text:?}");
        }
        assert!(is_closed(b"a;x=\"<\\\"\";<b>") && !is_closed(b"a;x=\"\\\"") && !is_closed(b"<a"));
    }

    #[test]
    fn numbers_are_digits_only() {
        assert_eq!(number(b"0068"), Some(68));
        assert_eq!(number(b"4294967295"), Some(u32::MAX));
        for bad in [&b""[..], b"4294967296", b"-1", b"+1", b"6 8", b"68x"] {
            assert_eq!(number(bad), None, "{bad:?}");
        }
        assert!(is_scheme(b"SIPS") && is_scheme(b"soap.beep") && !is_scheme(b"1a"));
        assert!(!is_scheme(b"") && !is_scheme(b"\"Mr. J. User <sip"));
    }

    #[test]
    fn escapes_and_quotes() {
        assert_eq!(unescape(b"%23a%4"), b"#a%4");
        assert_eq!(unescape(b"%zz%41"), b"%zzA");
        assert_eq!(unquote(b" \"a\\\"b\" "), b"a\"b");
        assert_eq!(quote("a\"b\n"), "\"a\\\"b \"");
        assert_eq!(text(b"a\r\n  b"), "a b");
        assert_eq!(ListIter::new(b",a, \"x,y\" ,<b,c>,").count(), 3);
    }
}
