//! A SIPp process: how it is started, and what it says of its calls when it ends.

use crate::program::repository;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// Where SIPp listens.
#[derive(Clone, Copy, Debug)]
pub struct SippPorts {
    /// SIP.
    pub sip: u16,
    /// Its remote control, which it opens unasked.
    pub control: u16,
    /// First of the media ports, which it opens although no call of ours carries its audio.
    pub media: u16,
}

/// What SIPp is to do.
#[derive(Clone, Debug)]
pub struct SippPlan<'a> {
    /// File in `tests/sipp`, without `.xml`.
    pub scenario: &'a str,
    /// Name of its files: each process has its own.
    pub name: &'a str,
    pub ports: SippPorts,
    /// Address it listens on and shows, such as `127.0.0.1` or `[::1]`.
    pub host: &'a str,
    /// Ends by itself after so many calls; 0: never.
    pub calls: u32,
    /// Gives up, and says so, after this long.
    pub limit: Duration,
    /// Further arguments.
    pub more: Vec<String>,
}

/// A SIPp process that does not outlive its test.
pub struct Sipp {
    child: Child,
    files: PathBuf,
    calls: u32,
}

impl Sipp {
    /// Starts it; its files go into `folder`.
    pub fn start(folder: &Path, plan: &SippPlan<'_>) -> Self {
        let files = folder.join(plan.name);
        let said = std::fs::File::create(ending(&files, "log")).expect("a log file");
        let mut command = Command::new("sipp");
        command.current_dir(folder).arg("-sf");
        command.arg(repository(&format!("tests/sipp/{}.xml", plan.scenario)));
        let ports = [
            ("-p", plan.ports.sip),
            ("-cp", plan.ports.control),
            ("-mp", plan.ports.media),
        ];
        for (option, port) in ports {
            command.args([option, &port.to_string()]);
        }
        command.args(["-i", plan.host, "-mi", plan.host, "-nostdin"]);
        command.args(["-timeout", &plan.limit.as_secs().to_string()]);
        command.arg("-timeout_error");
        // A machine with two busy processors is no reason to complain.
        command.args(["-watchdog_minor_threshold", "600000"]);
        command.args(["-watchdog_major_threshold", "600000"]);
        command.args(["-trace_stat", "-fd", "1", "-trace_err", "-trace_msg"]);
        for (option, what) in [
            ("-stf", "stat"),
            ("-error_file", "errors"),
            ("-message_file", "messages"),
        ] {
            command.arg(option).arg(ending(&files, what));
        }
        if plan.calls > 0 {
            command.args(["-m", &plan.calls.to_string()]);
        }
        let child = command
            .args(&plan.more)
            .stdin(Stdio::null())
            .stdout(said.try_clone().expect("a second handle"))
            .stderr(said)
            .spawn()
            .expect("SIPp is installed: tests/run installs it");
        Self {
            child,
            files,
            calls: plan.calls,
        }
    }

    /// Waits until it has ended by itself. An error says what was not as its scenario has it:
    /// an unexpected message, a call left open, a check that failed.
    pub fn finish(mut self) -> Result<(), String> {
        let status = self.child.wait().map_err(|e| format!("SIPp: {e}"))?;
        let read = |what| std::fs::read_to_string(ending(&self.files, what)).unwrap_or_default();
        let mut faults = Vec::new();
        if !status.success() {
            faults.push(format!("SIPp ended with {status}"));
        }
        let errors = read("errors");
        if !errors.trim().is_empty() {
            faults.push(format!("SIPp complains: {errors}"));
        }
        faults.extend(counted_wrong(&read("stat"), self.calls));
        if faults.is_empty() {
            return Ok(());
        }
        faults.push(format!("its messages:\n{}", read("messages")));
        Err(faults.join("\n"))
    }
}

impl Drop for Sipp {
    fn drop(&mut self) {
        // It may be gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The file of that kind: names may hold dots of their own.
fn ending(files: &Path, what: &str) -> PathBuf {
    let mut name = files.as_os_str().to_owned();
    name.push(".");
    name.push(what);
    name.into()
}

/// What the last row of SIPp's statistics says against it.
fn counted_wrong(statistics: &str, calls: u32) -> Vec<String> {
    let mut rows = statistics.lines();
    let (Some(head), Some(last)) = (rows.next(), rows.next_back()) else {
        return vec!["SIPp left no statistics".to_owned()];
    };
    let column = |name: &str| {
        let at = head.split(';').position(|n| n == name);
        at.and_then(|at| last.split(';').nth(at)?.parse::<u32>().ok())
    };
    let wanted = [
        ("SuccessfulCall(C)", calls),
        ("FailedCall(C)", 0),
        ("CurrentCall", 0),
        ("OutOfCallMsgs(C)", 0),
        ("DeadCallMsgs(C)", 0),
    ];
    let wrong = wanted
        .into_iter()
        .filter(|&(name, wanted)| column(name) != Some(wanted));
    wrong
        .map(|(name, wanted)| format!("SIPp counts {name} {:?}, not {wanted}", column(name)))
        .collect()
}
