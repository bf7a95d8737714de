//! Rows of a CSV file, one at a time, with the bytes they were made of.
//!
//! A quote that is never closed would make the rest of the file one field: such a line is
//! handed out as broken and reading goes on with the next line.

use std::collections::VecDeque;
use std::io::{self, BufRead};

/// Longest line kept; the rest of a longer one is dropped and the row is broken.
const LINE_MAX: usize = 64 * 1024;
/// Most lines a quoted field may span.
const LINES_PER_ROW_MAX: usize = 50;

/// One row.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Row {
    /// Its first line, from 1.
    pub(super) line: u64,
    /// As it stands in the file, without the line end.
    pub(super) raw: Vec<u8>,
    /// What is wrong with it as a row.
    pub(super) broken: Option<&'static str>,
}

/// A line: number, bytes, cut short.
type Line = (u64, Vec<u8>, bool);

/// Rows of a source. Empty lines are skipped.
pub(super) struct Rows<R> {
    source: R,
    delimiter: u8,
    /// Columns a row over several lines must have to be believed.
    columns: Option<usize>,
    line: u64,
    /// Lines read ahead.
    ahead: VecDeque<Line>,
}

impl<R: BufRead> Rows<R> {
    /// Rows of a source whose delimiter is the most frequent of `,` `;` tab and `|` in its
    /// first line.
    pub(super) fn new(source: R) -> io::Result<Self> {
        let mut rows = Self {
            source,
            delimiter: b',',
            columns: None,
            line: 0,
            ahead: VecDeque::new(),
        };
        if let Some((line, mut bytes, cut)) = rows.read_line()? {
            if let Some(rest) = bytes.strip_prefix(b"\xEF\xBB\xBF") {
                bytes = rest.to_vec();
            }
            let count = |byte: u8| bytes.iter().filter(|&&b| b == byte).count();
            // `max_by_key` takes the last of equals: the comma wins a tie.
            rows.delimiter = *b"|\t;,".iter().max_by_key(|b| count(**b)).unwrap_or(&b',');
            rows.ahead.push_back((line, bytes, cut));
        }
        Ok(rows)
    }

    /// What separates fields.
    pub(super) fn delimiter(&self) -> u8 {
        self.delimiter
    }

    /// From now on a row over several lines is believed only if it has so many columns: a stray
    /// quote, closed by another far below, must not swallow the rows between.
    pub(super) fn expect(&mut self, columns: usize) {
        self.columns = Some(columns);
    }

    /// The next row that is not empty.
    pub(super) fn next_row(&mut self) -> io::Result<Option<Row>> {
        loop {
            let Some((line, raw, cut)) = self.next_line()? else {
                return Ok(None);
            };
            if raw.iter().all(u8::is_ascii_whitespace) && !cut {
                continue;
            }
            if cut {
                let broken = Some("the line is longer than 64 KiB");
                return Ok(Some(Row { line, raw, broken }));
            }
            return self.joined(line, raw).map(Some);
        }
    }

    /// Appends lines while a quoted field is open.
    fn joined(&mut self, line: u64, first: Vec<u8>) -> io::Result<Row> {
        let mut raw = first.clone();
        let mut taken = Vec::new();
        while ends_in_quotes(&raw, self.delimiter) {
            let next = match taken.len() < LINES_PER_ROW_MAX && raw.len() < LINE_MAX {
                true => self.next_line()?,
                false => None,
            };
            let Some(next) = next else {
                return Ok(self.alone(line, first, taken));
            };
            raw.push(b'\n');
            raw.extend_from_slice(&next.1);
            taken.push(next);
        }
        let fits = |columns| fields(&raw, self.delimiter).is_ok_and(|f| f.len() == columns);
        if !taken.is_empty() && self.columns.is_some_and(|columns| !fits(columns)) {
            return Ok(self.alone(line, first, taken));
        }
        Ok(Row {
            line,
            raw,
            broken: None,
        })
    }

    /// The first line as a broken row; the lines after it are read again.
    fn alone(&mut self, line: u64, raw: Vec<u8>, taken: Vec<Line>) -> Row {
        for entry in taken.into_iter().rev() {
            self.ahead.push_front(entry);
        }
        let broken = Some("a quote is opened and never closed");
        Row { line, raw, broken }
    }

    fn next_line(&mut self) -> io::Result<Option<Line>> {
        match self.ahead.pop_front() {
            Some(line) => Ok(Some(line)),
            None => self.read_line(),
        }
    }

    /// One line without its end, at most [`LINE_MAX`] of it.
    fn read_line(&mut self) -> io::Result<Option<Line>> {
        let mut line = Vec::new();
        let (mut any, mut cut) = (false, false);
        loop {
            let buffer = match self.source.fill_buf() {
                Ok(buffer) => buffer,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            if buffer.is_empty() {
                break;
            }
            any = true;
            let end = buffer.iter().position(|&b| b == b'\n');
            let part = &buffer[..end.unwrap_or(buffer.len())];
            let room = LINE_MAX.saturating_sub(line.len()).min(part.len());
            cut |= room < part.len();
            line.extend_from_slice(&part[..room]);
            let used = part.len() + usize::from(end.is_some());
            self.source.consume(used);
            if end.is_some() {
                break;
            }
        }
        if !any {
            return Ok(None);
        }
        if line.last() == Some(&b'\r') {
            line.pop();
        }
        self.line += 1;
        Ok(Some((self.line, line, cut)))
    }
}

/// Whether a quoted field is still open at the end. A quote inside an unquoted field is an
/// ordinary character (RFC 4180 §2.5 aside, files are full of them).
fn ends_in_quotes(raw: &[u8], delimiter: u8) -> bool {
    let (mut quoted, mut field_start) = (false, true);
    let mut bytes = raw.iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' if quoted => {
                if bytes.peek() == Some(&b'"') {
                    bytes.next();
                } else {
                    quoted = false;
                }
            }
            _ if quoted => {}
            b'"' if field_start => quoted = true,
            _ => field_start = byte == delimiter || byte == b'\n',
        }
        if quoted {
            field_start = false;
        }
    }
    quoted
}

/// The fields of a row.
pub(super) fn fields(raw: &[u8], delimiter: u8) -> Result<Vec<Vec<u8>>, csv::Error> {
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .has_headers(false)
        .flexible(true)
        .buffer_capacity(raw.len().clamp(64, LINE_MAX))
        .from_reader(raw);
    let mut record = csv::ByteRecord::new();
    reader.read_byte_record(&mut record)?;
    Ok(record.iter().map(<[u8]>::to_vec).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(text: &[u8]) -> Vec<(u64, String, bool)> {
        // Three bytes at a time: lines never end where the buffer does.
        let mut rows = Rows::new(io::BufReader::with_capacity(3, text)).unwrap();
        let mut out = Vec::new();
        while let Some(row) = rows.next_row().unwrap() {
            out.push((
                row.line,
                String::from_utf8(row.raw).unwrap(),
                row.broken.is_some(),
            ));
        }
        out
    }

    fn good(line: u64, text: &str) -> (u64, String, bool) {
        (line, text.to_owned(), false)
    }

    #[test]
    fn rows_keep_their_line_numbers_over_blank_and_quoted_lines() {
        let text = b"\xEF\xBB\xBFa,b\r\n\r\n1,\"x\ny\"\n2,5\" pipe\n3,z";
        let expected = [
            good(1, "a,b"),
            good(3, "1,\"x\ny\""),
            good(5, "2,5\" pipe"),
            good(6, "3,z"),
        ];
        assert_eq!(rows(text), expected);
    }

    #[test]
    fn an_open_quote_breaks_its_own_line_only() {
        let expected = [
            good(1, "a,b"),
            (2, "1,\"x".to_owned(), true),
            good(3, "2,y"),
            good(4, "3,z"),
        ];
        assert_eq!(rows(b"a,b\n1,\"x\n2,y\n3,z\n"), expected);
    }

    #[test]
    fn a_giant_line_is_cut_and_the_next_one_is_whole() {
        let mut text = b"a,b\n".to_vec();
        text.extend(std::iter::repeat_n(b'x', 3 * LINE_MAX));
        text.extend_from_slice(b"\n1,2\n");
        let rows = rows(&text);
        assert_eq!((rows[1].0, rows[1].1.len(), rows[1].2), (2, LINE_MAX, true));
        assert_eq!(rows[2], good(3, "1,2"));
    }

    #[test]
    fn the_delimiter_is_seen_in_the_first_line() {
        for (text, delimiter) in [
            ("a;b;c\n", b';'),
            ("a\tb\n", b'\t'),
            ("a|b\n", b'|'),
            ("a,b\n", b','),
            ("alone\n", b','),
        ] {
            assert_eq!(
                Rows::new(text.as_bytes()).unwrap().delimiter(),
                delimiter,
                "{text}"
            );
        }
    }
}
