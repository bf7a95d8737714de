//! Tables of the document, read key by key: each key read becomes known, and
//! [`Section::finish`] reports the others.

use super::document::Document;
use super::value::{self, Expected};
use std::cell::RefCell;
use std::fmt::Display;
use std::ops::{Range, RangeInclusive};
use std::str::FromStr;
use std::time::Duration;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// A value of the document, with its place and its key path.
#[derive(Clone)]
pub(crate) struct Item<'d> {
    pub(crate) doc: &'d Document<'d>,
    pub(crate) path: String,
    pub(crate) span: Range<usize>,
    pub(crate) value: &'d DeValue<'d>,
}

/// A table of the document.
pub(crate) struct Section<'d> {
    pub(crate) doc: &'d Document<'d>,
    pub(crate) path: String,
    pub(crate) span: Range<usize>,
    table: &'d DeTable<'d>,
    known: RefCell<Vec<&'static str>>,
}

impl<'d> Item<'d> {
    /// Records a fault at this value.
    pub(crate) fn fault(&self, problem: impl Into<String>, remedy: impl Into<String>) {
        self.doc
            .fault(self.span.clone(), &self.path, problem, remedy);
    }

    /// Records that this value is of another kind than expected.
    pub(crate) fn expected(&self, what: impl Display) {
        self.fault(
            format!("found {}", value::describe(self.value)),
            format!("allowed: {what}"),
        );
    }

    /// Keeps the value, or records what was expected instead.
    pub(crate) fn check<T>(&self, result: Result<T, Expected>) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err(Expected { problem, allowed }) => {
                let problem =
                    problem.unwrap_or_else(|| format!("found {}", value::describe(self.value)));
                self.fault(problem, format!("allowed: {allowed}"));
                None
            }
        }
    }

    pub(crate) fn text(&self) -> Option<&'d str> {
        match self.value {
            DeValue::String(text) => Some(text.as_ref()),
            _ => None,
        }
    }

    /// A text that reads as `T`.
    pub(crate) fn parsed<T: FromStr>(&self, allowed: &str) -> Option<T> {
        let read = self.text().and_then(|text| text.trim().parse().ok());
        if read.is_none() {
            self.expected(allowed);
        }
        read
    }

    pub(crate) fn string(&self) -> Option<String> {
        match self.text() {
            Some(text) => Some(text.to_owned()),
            None => {
                self.expected("text in quotes");
                None
            }
        }
    }

    pub(crate) fn duration(&self, range: RangeInclusive<Duration>) -> Option<Duration> {
        self.check(value::duration(self.value, &range))
    }

    pub(crate) fn integer(&self, range: RangeInclusive<u64>) -> Option<u64> {
        self.check(value::integer(self.value, &range))
    }

    pub(crate) fn number(&self, range: RangeInclusive<f64>, example: &str) -> Option<f64> {
        self.check(value::number(self.value, &range, example))
    }

    /// One of some words.
    pub(crate) fn choice<T: Clone>(&self, choices: &[(&str, T)]) -> Option<T> {
        let found = self.text().unwrap_or("");
        let word = found.trim().to_ascii_lowercase().replace('-', "_");
        if let Some((_, value)) = choices.iter().find(|(name, _)| *name == word) {
            return Some(value.clone());
        }
        let names: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
        self.fault(
            format!("found {}", value::describe(self.value)),
            value::suggestion(&word, &names, "allowed"),
        );
        None
    }

    /// The table, for `{ … }` and `[…]` forms.
    pub(crate) fn section(&self) -> Option<Section<'d>> {
        match self.value {
            DeValue::Table(table) => Some(Section {
                doc: self.doc,
                path: self.path.clone(),
                span: self.span.clone(),
                table,
                known: RefCell::default(),
            }),
            _ => {
                self.expected(format!("a table, such as [{}]", self.path));
                None
            }
        }
    }

    /// The elements of a list.
    pub(crate) fn list(&self, allowed: &str) -> Vec<Item<'d>> {
        let DeValue::Array(array) = self.value else {
            self.expected(allowed);
            return Vec::new();
        };
        let item = |(n, value): (usize, &'d Spanned<DeValue<'d>>)| Item {
            doc: self.doc,
            path: format!("{}[{n}]", self.path),
            span: value.span(),
            value: value.get_ref(),
        };
        array.iter().enumerate().map(item).collect()
    }
}

impl<'d> Section<'d> {
    /// The whole document.
    pub(crate) fn root(doc: &'d Document<'d>, table: &'d DeTable<'d>) -> Self {
        Self {
            doc,
            path: String::new(),
            span: 0..0,
            table,
            known: RefCell::default(),
        }
    }

    fn path_of(&self, key: &str) -> String {
        match self.path.is_empty() {
            true => key.to_owned(),
            false => format!("{}.{key}", self.path),
        }
    }

    /// The value of a key; the key is known from now on.
    pub(crate) fn get(&self, key: &'static str) -> Option<Item<'d>> {
        self.known.borrow_mut().push(key);
        self.raw(key)
    }

    /// The value of a key that is not one of ours: never suggested, never listed.
    pub(crate) fn raw(&self, key: &str) -> Option<Item<'d>> {
        self.table.get(key).map(|value| Item {
            doc: self.doc,
            path: self.path_of(key),
            span: value.span(),
            value: value.get_ref(),
        })
    }

    /// Records a fault of the table as a whole.
    pub(crate) fn fault(&self, problem: impl Into<String>, remedy: impl Into<String>) {
        self.doc
            .fault(self.span.clone(), &self.path, problem, remedy);
    }

    /// A key that must be there.
    pub(crate) fn required(&self, key: &'static str, example: &str) -> Option<Item<'d>> {
        let item = self.get(key);
        if item.is_none() {
            self.fault(
                format!("the key `{key}` is missing"),
                format!("write {key} = {example} in this table"),
            );
        }
        item
    }

    pub(crate) fn string(&self, key: &'static str) -> Option<String> {
        self.get(key)?.string()
    }

    pub(crate) fn boolean(&self, key: &'static str) -> Option<bool> {
        let item = self.get(key)?;
        match item.value {
            DeValue::Boolean(value) => Some(*value),
            _ => {
                item.expected("true or false, without quotes");
                None
            }
        }
    }

    pub(crate) fn integer(&self, key: &'static str, range: RangeInclusive<u64>) -> Option<u64> {
        self.get(key)?.integer(range)
    }

    /// Like [`Section::integer`], for settings that are 32 bits wide.
    pub(crate) fn u32(&self, key: &'static str, range: RangeInclusive<u32>) -> Option<u32> {
        let wide = u64::from(*range.start())..=u64::from(*range.end());
        self.integer(key, wide).and_then(|n| u32::try_from(n).ok())
    }

    pub(crate) fn number(
        &self,
        key: &'static str,
        range: RangeInclusive<f64>,
        example: &str,
    ) -> Option<f64> {
        self.get(key)?.number(range, example)
    }

    /// A span of time in seconds' bounds.
    pub(crate) fn duration(
        &self,
        key: &'static str,
        seconds: RangeInclusive<u64>,
    ) -> Option<Duration> {
        let range = Duration::from_secs(*seconds.start())..=Duration::from_secs(*seconds.end());
        self.get(key)?.duration(range)
    }

    pub(crate) fn choice<T: Clone>(&self, key: &'static str, choices: &[(&str, T)]) -> Option<T> {
        self.get(key)?.choice(choices)
    }

    pub(crate) fn parsed<T: FromStr>(&self, key: &'static str, allowed: &str) -> Option<T> {
        self.get(key)?.parsed(allowed)
    }

    /// A list whose elements read as `T`.
    pub(crate) fn parsed_list<T: FromStr>(&self, key: &'static str, each: &str) -> Option<Vec<T>> {
        let items = self.get(key)?.list(&format!("a list, each {each}"));
        Some(items.iter().filter_map(|item| item.parsed(each)).collect())
    }

    pub(crate) fn section(&self, key: &'static str) -> Option<Section<'d>> {
        self.get(key)?.section()
    }

    /// A list of tables, `[[key]]`.
    pub(crate) fn sections(&self, key: &'static str) -> Vec<Section<'d>> {
        let Some(item) = self.get(key) else {
            return Vec::new();
        };
        let path = &item.path;
        let items = item.list(&format!("a list of tables: write [[{path}]] above each"));
        items.iter().filter_map(Item::section).collect()
    }

    /// Keys and values as they stand, for tables whose keys are the user's own.
    pub(crate) fn entries(&self) -> Vec<(&'d str, Range<usize>, Item<'d>)> {
        let entry = |(key, value): (&'d Spanned<_>, &'d Spanned<DeValue<'d>>)| {
            let name: &'d std::borrow::Cow<'d, str> = key.get_ref();
            let item = Item {
                doc: self.doc,
                path: self.path_of(name),
                span: value.span(),
                value: value.get_ref(),
            };
            (name.as_ref(), key.span(), item)
        };
        self.table.iter().map(entry).collect()
    }

    /// Reports every key that nobody asked for. `foreign` are other dialers' names for keys of
    /// this table that were read already.
    pub(crate) fn finish(&self, foreign: &[&str]) {
        let known = self.known.borrow();
        for (name, span, item) in self.entries() {
            if !known.contains(&name) && !foreign.contains(&name) {
                let place = match self.path.as_str() {
                    "" => "at the top of the file".to_owned(),
                    path => format!("in [{path}]"),
                };
                self.doc.fault_of_key(
                    span,
                    &item.path,
                    format!("unknown key `{name}`"),
                    value::suggestion(name, &known, &format!("keys allowed {place}")),
                );
            }
        }
    }
}
