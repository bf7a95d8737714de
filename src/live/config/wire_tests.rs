//! Sockets, transports and certificates in the configuration.

use super::*;
use carillon_sip::TransportKind;
use std::time::Duration;

const TRUNK: &str = "[[trunk]]\nname = \"a\"\nchannels = 30\ncalls_per_second = 5\n";

fn parse(text: &str) -> Config {
    Config::parse(Path::new("/etc/carillon/carillon.toml"), text).unwrap_or_else(|e| panic!("{e}"))
}

/// The trunk of a configuration with these lines in its table.
fn trunk(lines: &str) -> TrunkSettings {
    parse(&format!("{TRUNK}{lines}")).trunks.remove(0)
}

/// Every part must stand in the report of this text.
fn refused(text: &str, parts: &[&str]) {
    let report = match Config::parse(Path::new("carillon.toml"), text) {
        Ok(config) => panic!("accepted: {config:?}"),
        Err(errors) => errors.to_string(),
    };
    for part in parts {
        assert!(report.contains(part), "no `{part}` in:\n{report}");
    }
}

#[test]
fn one_address_or_several_of_both_families() {
    let one = parse("[sip]\nbind = \"192.0.2.1:5070\"\n").sip;
    assert_eq!(one.bind, ["192.0.2.1:5070".parse().unwrap()]);
    assert!(one.speaks(TransportKind::Udp) && one.speaks(TransportKind::Tcp));
    let text = "[sip]\nbind = [\"0.0.0.0:5060\", \"[::]:5060\"]\ntransports = [\"tcp\"]\n";
    let two = parse(text).sip;
    assert_eq!((two.bind.len(), two.transports.len()), (2, 1));
    refused(
        "[sip]\nbind = [\"5060\"]\n",
        &[
            "carillon.toml:2:9: sip.bind[0]: found \"5060\"",
            "[::]:5060",
        ],
    );
    refused("[sip]\nbind = []\n", &["sip.bind: found a list of 0"]);
    refused(
        "[sip]\nbind = [\"[::]:5060\", \"[::]:5060\"]\n",
        &["sip.bind[1]", "a second time"],
    );
    refused(
        "[sip]\ntransports = [\"udp\", \"tls\"]\n",
        &["sip.transports[1]: found \"tls\"", "allowed: tcp, udp"],
    );
    refused("[sip]\ntransports = []\n", &["no transport is named"]);
}

#[test]
fn the_outside_address_is_told_per_family() {
    let text =
        "[sip]\nbind = \"10.0.0.1:5070\"\nexternal = [\"203.0.113.7\", \"[2001:db8::7]:5099\"]\n";
    let config = parse(text);
    let sip = &config.sip;
    assert_eq!(
        sip.external_for(true),
        Some(&("203.0.113.7".to_owned(), 5070))
    );
    assert_eq!(
        sip.external_for(false),
        Some(&("2001:db8::7".to_owned(), 5099))
    );
    assert_eq!(config.rtp.external, Some("203.0.113.7".parse().unwrap()));
    let name = parse("[sip]\nexternal = \"sip.example.net\"\n").sip;
    assert_eq!(name.external_for(true), name.external_for(false));
    let v4_only = parse("[sip]\nexternal = \"203.0.113.7\"\n").sip;
    assert_eq!(v4_only.external_for(false), None);
}

#[test]
fn the_tls_listener_needs_its_files_and_counts_them_from_the_configuration() {
    let text = "[sip]\nbind = [\"192.0.2.1:5060\", \"[::1]:0\"]\n[sip.tls]\n\
                certificate = \"tls/a.pem\"\nkey = \"/keys/a.key\"\n";
    let tls = parse(text).sip.tls.unwrap();
    assert_eq!(tls.certificate, Path::new("/etc/carillon/tls/a.pem"));
    assert_eq!(tls.key, Path::new("/keys/a.key"));
    let bound: Vec<String> = tls.bind.iter().map(ToString::to_string).collect();
    assert_eq!(bound, ["192.0.2.1:5061", "[::1]:0"]);
    refused(
        "[sip.tls]\ncertificate = \"a.pem\"\n",
        &["sip.tls: the key `key` is missing", "write key = "],
    );
}

#[test]
fn a_trunk_is_met_over_udp_unless_it_says_otherwise() {
    let udp = trunk("address = \"pbx.example\"\n");
    assert_eq!((udp.transport, udp.port), (TransportKind::Udp, 5060));
    assert!(udp.keep_alive.is_none() && udp.tls.is_none() && !udp.sips);
    let tcp = trunk("address = \"pbx.example\"\ntransport = \"tcp\"\n");
    assert_eq!(tcp.keep_alive, Some(Duration::from_secs(30)));
    let off = trunk("address = \"pbx.example\"\ntransport = \"tcp\"\nkeep_alive = \"off\"\n");
    assert_eq!(off.keep_alive, None);
    let often = trunk("address = \"pbx.example\"\nkeep_alive = \"20s\"\n");
    assert_eq!(often.keep_alive, Some(Duration::from_secs(20)));
    refused(
        &format!("[sip]\ntransports = [\"tcp\"]\n{TRUNK}address = \"pbx.example\"\n"),
        &["met over UDP, which [sip] transports does not name"],
    );
}

#[test]
fn a_tls_trunk_trusts_the_system_or_a_file_and_is_checked() {
    let plain = trunk("address = \"pbx.example\"\ntransport = \"tls\"\n");
    assert_eq!((plain.transport, plain.port), (TransportKind::Tls, 5061));
    let tls = plain.tls.unwrap();
    assert_eq!((tls.ca, tls.verify), (TrunkCa::System, true));
    let full = trunk(
        "address = \"192.0.2.1\"\ntransport = \"tls\"\nscheme = \"sips\"\n[trunk.tls]\nca = \"ca.pem\"\n\
         server_name = \"pbx.example\"\ncertificate = \"own.pem\"\nkey = \"own.key\"\nverify = true\n",
    );
    assert!(full.sips);
    let tls = full.tls.unwrap();
    assert_eq!(tls.ca, TrunkCa::File("/etc/carillon/ca.pem".into()));
    assert_eq!(tls.server_name.as_deref(), Some("pbx.example"));
    let own = (
        "/etc/carillon/own.pem".into(),
        "/etc/carillon/own.key".into(),
    );
    assert_eq!(tls.identity, Some(own));
}

#[test]
fn the_check_of_a_certificate_is_not_switched_off_by_mistake() {
    let text = |lines: &str| {
        format!("{TRUNK}address = \"pbx.example\"\ntransport = \"tls\"\n[trunk.tls]\n{lines}")
    };
    refused(
        &text("verify = false\n"),
        &[
            "trunk[0].tls.verify: found false",
            "ca = \"FILE.pem\"",
            "verify = \"insecure\"",
        ],
    );
    refused(&text("verify = \"no\"\n"), &["whoever answers is taken"]);
    assert!(
        !parse(&text("verify = \"insecure\"\n")).trunks[0]
            .tls
            .as_ref()
            .unwrap()
            .verify
    );
    refused(
        &text("certificate = \"own.pem\"\n"),
        &["`certificate` without `key`"],
    );
    refused(&text("server_name = \"sip:pbx\"\n"), &["without a port"]);
}

#[test]
fn what_belongs_to_tls_is_refused_elsewhere() {
    let tcp = format!("{TRUNK}address = \"pbx.example\"\ntransport = \"tcp\"\n");
    refused(
        &format!("{tcp}scheme = \"sips\"\n"),
        &["scheme \"sips\" in a trunk over tcp", "transport = \"tls\""],
    );
    refused(
        &format!("{tcp}[trunk.tls]\nca = \"system\"\n"),
        &["[trunk.tls] in a trunk over tcp"],
    );
}
