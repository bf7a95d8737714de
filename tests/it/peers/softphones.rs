//! baresip and linphone without a screen, a keyboard or a sound card: steered by their control
//! port and their standard input, speaking a file and recording what they hear.

use super::process::{Group, eventually};
use crate::program::free_ports;
use crate::support::PATIENCE;
use serde_json::json;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

/// What the agent's phone says, Hz.
pub const AGENT_HZ: f32 = 440.0;
/// How loud every softphone speaks, dB re full-scale sine.
pub const AGENT_DB: f32 = -12.0;
/// The agent.
pub const USER: &str = "ana";
/// The phone's password.
pub const PASSWORD: &str = "desk-phone-77";

/// Whose phone it is, and how it sounds.
#[derive(Clone, Copy, Debug)]
pub struct Owner {
    /// Login name.
    pub user: &'static str,
    /// What it says in every call, Hz.
    pub hz: f32,
    /// Codecs it offers, the best liked first; further parameters of its account behind them.
    pub codecs: &'static str,
}

/// A program that is somebody's phone. It answers by itself, says a tone in every call and
/// records what it hears.
pub trait Softphone {
    /// Calls this user of the node.
    fn dial(&mut self, user: &str);
    /// Presses keys in the call.
    fn press(&mut self, keys: &str);
    /// Parks us with its own key (a re-INVITE), or takes us back.
    fn hold(&mut self, on: bool);
    /// Passes us on to this user of the node with its own key (REFER).
    fn transfer(&mut self, user: &str);
    /// Ends the call.
    fn hang_up(&mut self);
    /// The recording of the latest call, 16 bit, 8 kHz, one channel.
    fn heard(&self) -> Option<PathBuf>;
}

/// baresip, steered over its TCP control port.
pub struct Baresip {
    _process: Group,
    control: TcpStream,
    folder: PathBuf,
    node: SocketAddr,
    transport: &'static str,
}

impl Baresip {
    /// Starts it; it registers by itself.
    pub fn start(folder: &Path, node: SocketAddr, transport: &'static str) -> Self {
        Self::start_with_codecs(folder, node, transport, "PCMU,PCMA")
    }

    /// The same with codecs of the caller's choice, the best liked first.
    pub fn start_with_codecs(
        folder: &Path,
        node: SocketAddr,
        transport: &'static str,
        codecs: &'static str,
    ) -> Self {
        let owner = Owner {
            user: USER,
            hz: AGENT_HZ,
            codecs,
        };
        Self::start_of(owner, folder, node, transport)
    }

    /// The same for anyone. Each needs a folder of their own, with the authority's `ca.pem`.
    pub fn start_of(
        owner: Owner,
        folder: &Path,
        node: SocketAddr,
        transport: &'static str,
    ) -> Self {
        let Owner { user, hz, codecs } = owner;
        let port = free_ports(1)[0];
        let place = folder.display();
        tone_file(&folder.join("voice.wav"), hz);
        let settings = format!(
            "net_interface 127.0.0.1\nsip_listen 127.0.0.1:0\ncall_max_calls 2\n\
             audio_source aufile,{place}/voice.wav\naudio_player aubridge,sink\n\
             audio_alert aubridge,alert\nausrc_srate 8000\nauplay_srate 8000\n\
             sip_cafile {place}/ca.pem\nausrc_channels 1\nauplay_channels 1\naudio_buffer 20-160\nsnd_path {place}\n\
             module_path /usr/lib/baresip/modules\nmodule g711.so\nmodule g722.so\nmodule opus.so\nmodule srtp.so\nmodule aubridge.so\n\
             module sndfile.so\nmodule aufile.so\nmodule_tmp account.so\nmodule_app menu.so\n\
             module_app contact.so\nmodule_app ctrl_tcp.so\nctrl_tcp_listen 127.0.0.1:{port}\n"
        );
        let account = format!(
            "<sip:{user}@{node};transport={transport}>;auth_pass={PASSWORD};regint=60;\
             answermode=auto;audio_codecs={codecs}\n"
        );
        std::fs::write(folder.join("config"), settings).expect("written");
        std::fs::write(folder.join("accounts"), account).expect("written");
        std::fs::write(folder.join("contacts"), "").expect("written");
        let mut command = Command::new("baresip");
        command.arg("-f").arg(folder).arg("-v");
        let process = Group::start(command, &folder.join("baresip.log"));
        let mut control = None;
        eventually("baresip's control port", PATIENCE, || {
            control = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).ok();
            control.is_some()
        });
        let control = control.expect("just waited for");
        let timeout = Some(Duration::from_millis(10));
        control
            .set_read_timeout(timeout)
            .expect("a timeout can be set");
        Self {
            _process: process,
            control,
            folder: folder.to_owned(),
            node,
            transport,
        }
    }

    /// Sends a command as netstring; what it answers is of no interest.
    fn tell(&mut self, command: &str, params: &str) {
        let text = json!({ "command": command, "params": params }).to_string();
        let framed = format!("{}:{text},", text.len());
        self.control
            .write_all(framed.as_bytes())
            .expect("baresip listens");
        let mut answer = [0; 4_096];
        while matches!(self.control.read(&mut answer), Ok(n) if n > 0) {}
    }
}

impl Softphone for Baresip {
    fn dial(&mut self, user: &str) {
        let to = format!("sip:{user}@{};transport={}", self.node, self.transport);
        self.tell("dial", &to);
    }

    fn press(&mut self, keys: &str) {
        for key in keys.chars() {
            self.tell("sndcode", &key.to_string());
            // It sends one key at a time, and has no word for "done" but its log.
            std::thread::sleep(Duration::from_millis(400));
        }
    }

    fn hold(&mut self, on: bool) {
        self.tell(if on { "hold" } else { "resume" }, "");
    }

    fn transfer(&mut self, user: &str) {
        let to = format!("sip:{user}@{}", self.node);
        self.tell("transfer", &to);
    }

    fn hang_up(&mut self) {
        self.tell("hangup", "");
    }

    fn heard(&self) -> Option<PathBuf> {
        let files = std::fs::read_dir(&self.folder).expect("its folder");
        let mut found: Vec<PathBuf> = files.flatten().map(|f| f.path()).collect();
        found.retain(|f| f.to_string_lossy().ends_with("-dec.wav"));
        found.sort();
        found.pop()
    }
}

/// linphonec, steered over its standard input.
pub struct Linphone {
    process: Group,
    folder: PathBuf,
    node: SocketAddr,
    transport: &'static str,
    recording: Option<PathBuf>,
}

impl Linphone {
    /// Starts it; it registers by itself.
    pub fn start(folder: &Path, node: SocketAddr, transport: &'static str) -> Self {
        let ports = free_ports(4);
        // Its database has no other place, and it does not work without.
        std::fs::create_dir_all(folder.join(".local/share/linphone")).expect("a folder");
        std::fs::create_dir_all(folder.join(".config/linphone")).expect("a folder");
        tone_file(&folder.join("voice.wav"), AGENT_HZ);
        // It checks the certificate's chain; addresses in certificates are unknown to it.
        let settings = format!(
            "[sip]\nsip_port={}\nsip_tcp_port=-2\nsip_tls_port=-2\nguess_hostname=0\nuse_ipv6=0\n\
             root_ca={place}/ca.pem\nverify_server_certs=1\nverify_server_cn=0\nregister_only_when_network_is_up=0\n\
             default_proxy=0\nmedia_encryption=none\n\
             [rtp]\naudio_rtp_port={}\n[sound]\nechocancellation=0\n\
             [proxy_0]\nreg_proxy=<sip:{node};transport={transport}>\n\
             reg_identity=sip:{USER}@{node}\nreg_expires=60\nreg_sendregister=1\npublish=0\n\
             [auth_info_0]\nusername={USER}\npasswd={PASSWORD}\nrealm=carillon\n\
             [net]\nmtu=1300\n[misc]\nuuid=\n",
            ports[0],
            ports[2],
            place = folder.display()
        );
        std::fs::write(folder.join("linphonerc"), settings).expect("written");
        let mut command = Command::new("linphonec");
        command
            .env("HOME", folder)
            .arg("-c")
            .arg(folder.join("linphonerc"))
            .args(["-a", "-d", "6", "-l"])
            .arg(folder.join("linphone-debug.log"));
        let process = Group::start_with(command, &folder.join("linphone.log"), Stdio::piped());
        let mut phone = Self {
            process,
            folder: folder.to_owned(),
            node,
            transport,
            recording: None,
        };
        phone.tell("soundcard use files");
        phone
    }

    fn tell(&mut self, line: &str) {
        writeln!(self.process.input(), "{line}").expect("linphone listens");
    }

    fn said(&self) -> String {
        std::fs::read_to_string(self.folder.join("linphone.log")).expect("its output")
    }
}

impl Softphone for Linphone {
    fn dial(&mut self, user: &str) {
        self.tell(&format!(
            "call sip:{user}@{};transport={}",
            self.node, self.transport
        ));
        eventually("linphone's media", PATIENCE, || {
            self.said().contains("Media streams established")
        });
        let file = self.folder.join("heard.wav");
        self.tell(&format!("record {}", file.display()));
        self.tell(&format!("play {}/voice.wav", self.folder.display()));
        self.recording = Some(file);
    }

    fn press(&mut self, keys: &str) {
        self.tell(keys);
    }

    fn hold(&mut self, on: bool) {
        self.tell(if on { "pause" } else { "resume" });
    }

    fn transfer(&mut self, user: &str) {
        self.tell(&format!("transfer sip:{user}@{}", self.node));
    }

    fn hang_up(&mut self) {
        self.tell("terminate");
    }

    fn heard(&self) -> Option<PathBuf> {
        self.recording.clone()
    }
}

/// Five minutes of a tone at [`AGENT_DB`]: no call here is longer.
pub fn tone_file(path: &Path, hz: f32) {
    let samples = carillon_media::tone::sine(hz, AGENT_DB, 300_000);
    let octets = 2 * samples.len() as u32;
    let mut wav = Vec::with_capacity(44 + octets as usize);
    wav.extend(b"RIFF");
    wav.extend((36 + octets).to_le_bytes());
    wav.extend(b"WAVEfmt ");
    wav.extend(16_u32.to_le_bytes());
    // PCM, one channel, 8,000 samples and 16,000 octets a second, 2 octets a sample.
    wav.extend([1, 0, 1, 0]);
    wav.extend(8_000_u32.to_le_bytes());
    wav.extend(16_000_u32.to_le_bytes());
    wav.extend([2, 0, 16, 0]);
    wav.extend(b"data");
    wav.extend(octets.to_le_bytes());
    for sample in samples {
        wav.extend(sample.to_le_bytes());
    }
    std::fs::write(path, wav).expect("written");
}

/// Whether the last 250 ms of a recording are mostly this tone. The file may still grow.
pub fn ends_with_tone(path: &Path, hz: f32) -> bool {
    let octets = std::fs::read(path).unwrap_or_default();
    let sound = octets.get(44..).unwrap_or_default();
    let samples: Vec<f64> = sound
        .chunks_exact(2)
        .map(|s| f64::from(i16::from_le_bytes([s[0], s[1]])))
        .collect();
    let Some(last) = samples
        .len()
        .checked_sub(2_000)
        .map(|from| &samples[from..])
    else {
        return false;
    };
    let step = std::f64::consts::TAU * f64::from(hz) / 8_000.0;
    let (mut real, mut imaginary, mut energy) = (0.0, 0.0, 0.0);
    for (n, s) in last.iter().enumerate() {
        real += s * (step * n as f64).cos();
        imaginary += s * (step * n as f64).sin();
        energy += s * s;
    }
    // 1 for a pure tone; 100² is about −50 dB to full scale.
    let share = 2.0 * (real * real + imaginary * imaginary) / (last.len() as f64 * energy.max(1.0));
    share > 0.7 && energy / last.len() as f64 > 100.0 * 100.0
}
