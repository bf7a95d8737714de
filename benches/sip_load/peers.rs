//! SIPp processes that answer or register, and what they counted.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// First port of the peers; below the ephemeral range, so that none connects to itself.
const PORTS: u16 = 21_000;

/// One SIPp process. Ended when dropped.
pub struct Peer {
    child: Child,
    /// Where it listens.
    pub address: SocketAddr,
    statistics: PathBuf,
}

/// What SIPp counted at its end.
#[derive(Debug, Default, Clone, Copy)]
pub struct Counted {
    /// Calls that ended as the scenario says.
    pub good: u64,
    /// Others.
    pub failed: u64,
    /// Messages it sent again.
    pub repeated: u64,
    /// Messages its scenario does not know, retransmissions of ours above all.
    pub unexpected: u64,
}

fn scenario(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("benches/sipp")
        .join(name)
}

impl Peer {
    /// Starts the `n`th SIPp with a scenario and further arguments.
    ///
    /// # Errors
    /// SIPp is not installed.
    pub fn start(n: u16, file: &str, more: &[String], folder: &Path) -> Result<Self, String> {
        let port = PORTS + 20 * n;
        let statistics = folder.join(format!("{n}.csv"));
        let child = Command::new("sipp")
            .arg("-sf")
            .arg(scenario(file))
            .args(["-i", "127.0.0.1", "-p", &port.to_string()])
            .args(["-mp", &(port + 2_000).to_string()])
            .args([
                "-nostdin",
                "-trace_stat",
                "-fd",
                "1",
                "-buff_size",
                "4194304",
            ])
            .arg("-stf")
            .arg(&statistics)
            .args(more)
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|e| format!("sipp: {e}: install it (Debian: sip-tester)"))?;
        Ok(Self {
            child,
            address: SocketAddr::from(([127, 0, 0, 1], port)),
            statistics,
        })
    }

    /// Lets it finish what it has, and reads its counters. Its exit code is not asked for: it is
    /// 99 after a signal.
    pub fn finish(mut self, within: Duration) -> Counted {
        let signal = |name: &str| {
            let _ = Command::new("kill")
                .args([name, &self.child.id().to_string()])
                .status();
        };
        signal("-USR1");
        let until = std::time::Instant::now() + within;
        while matches!(self.child.try_wait(), Ok(None)) && std::time::Instant::now() < until {
            std::thread::sleep(Duration::from_millis(50));
        }
        counted(&self.statistics)
    }

    /// Waits until it has ended by itself.
    pub fn wait(mut self, within: Duration) -> Counted {
        let until = std::time::Instant::now() + within;
        while matches!(self.child.try_wait(), Ok(None)) && std::time::Instant::now() < until {
            std::thread::sleep(Duration::from_millis(50));
        }
        counted(&self.statistics)
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The last line of SIPp's statistics, by the names of the first.
fn counted(file: &Path) -> Counted {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let mut lines = text.lines();
    let names: Vec<&str> = lines.next().unwrap_or("").split(';').collect();
    let last: Vec<&str> = lines.next_back().unwrap_or("").split(';').collect();
    let value = |name: &str| {
        let at = names.iter().position(|n| *n == name);
        at.and_then(|at| last.get(at)?.trim().parse().ok())
            .unwrap_or(0)
    };
    Counted {
        good: value("SuccessfulCall(C)"),
        failed: value("FailedCall(C)"),
        repeated: value("Retransmissions(C)"),
        unexpected: value("OutOfCallMsgs(C)") + value("DeadCallMsgs(C)"),
    }
}
