//! Reads `[capture]`.

use super::node_read::split_host_port;
use super::secret_read;
use super::section::{Item, Section};
use super::settings::CaptureConfig;
use super::value;

/// Homer's port.
const HOMER_PORT: u16 = 9060;
/// Least and most room for messages, octets.
const MEMORY: std::ops::RangeInclusive<u64> = 1 << 20..=64 << 30;

pub(super) fn capture(root: &Section<'_>) -> CaptureConfig {
    let mut capture = CaptureConfig::default();
    let Some(table) = root.section("capture") else {
        return capture;
    };
    capture.memory = table
        .get("memory")
        .and_then(|item| memory(&item))
        .unwrap_or(capture.memory);
    capture.calls = table
        .u32("calls", 100..=10_000_000)
        .unwrap_or(capture.calls);
    capture.unmasked = table.boolean("unmasked").unwrap_or(capture.unmasked);
    capture.homer = table.get("homer").and_then(|item| homer(&item));
    capture.capture_id = table
        .u32("capture_id", 0..=u32::MAX)
        .unwrap_or(capture.capture_id);
    capture.auth_key = table.get("auth_key").and_then(|item| {
        let key = secret_read::secret(&item)?;
        let fits = key.expose().len() <= 255;
        if !fits {
            item.fault("the key is too long", "allowed: up to 255 octets");
        }
        fits.then_some(key)
    });
    capture.homer_masked = table
        .boolean("homer_masked")
        .unwrap_or(capture.homer_masked);
    if capture.homer.is_none() {
        for key in ["capture_id", "auth_key", "homer_masked"] {
            if let Some(item) = table.raw(key) {
                let remedy = "name the collector as well: homer = \"udp:192.0.2.9:9060\"";
                item.fault(format!("`{key}` without `homer` does nothing"), remedy);
            }
        }
    }
    table.finish(&[]);
    capture
}

/// `64MB`.
fn memory(item: &Item<'_>) -> Option<u64> {
    let read = item.text().and_then(value::size);
    let read = read.filter(|octets| MEMORY.contains(octets));
    if read.is_none() {
        item.expected("a size from 1MB to 64GB with its unit in quotes, such as \"64MB\"");
    }
    read
}

/// `udp:host` or `udp:host:port`.
fn homer(item: &Item<'_>) -> Option<(String, u16)> {
    let written = item.text().unwrap_or_default().trim();
    let Some(address) = written.strip_prefix("udp:") else {
        item.expected("udp: and where Homer listens, such as \"udp:192.0.2.9:9060\"");
        return None;
    };
    let read = split_host_port(address, HOMER_PORT);
    if read.is_none() {
        item.expected("udp: and where Homer listens, such as \"udp:192.0.2.9:9060\"");
    }
    read
}

#[cfg(test)]
mod tests {
    use crate::config::Config;
    use std::path::Path;

    fn read(lines: &str) -> Result<Config, String> {
        let text = format!("[capture]\n{lines}\n");
        Config::parse(Path::new("carillon.toml"), &text).map_err(|e| e.to_string())
    }

    #[test]
    fn what_is_right_is_taken() {
        let lines = "memory = \"8MB\"\ncalls = 500\nunmasked = true\nhomer = \"udp:homer.example.net\"\n\
                     capture_id = 7\nauth_key = \"k\"\nhomer_masked = false";
        let capture = read(lines).unwrap().capture;
        assert_eq!(
            (capture.memory, capture.calls, capture.unmasked),
            (8 << 20, 500, true)
        );
        assert_eq!(capture.homer, Some(("homer.example.net".to_owned(), 9060)));
        assert_eq!((capture.capture_id, capture.homer_masked), (7, false));
        let v6 = read("homer = \"udp:[2001:db8::9]:9061\"").unwrap().capture;
        assert_eq!(v6.homer, Some(("2001:db8::9".to_owned(), 9061)));
    }

    #[test]
    fn faults_say_what_is_allowed() {
        for (lines, parts) in [
            ("memory = 64", ["capture.memory", "64MB"]),
            ("memory = \"1KB\"", ["capture.memory", "from 1MB to 64GB"]),
            (
                "homer = \"192.0.2.9\"",
                ["capture.homer", "udp:192.0.2.9:9060"],
            ),
            (
                "homer = \"tcp:192.0.2.9\"",
                ["capture.homer", "udp:192.0.2.9:9060"],
            ),
            ("capture_id = 3", ["without `homer`", "name the collector"]),
            ("calls = 3", ["capture.calls", "from 100"]),
            (
                "homr = \"x\"",
                ["unknown key `homr`", "did you mean `homer`"],
            ),
        ] {
            let report = read(lines).unwrap_err();
            for part in parts {
                assert!(report.contains(part), "{part}: {report}");
            }
        }
    }
}
