//! Programs of others as children that leave nothing behind.

use crate::program::repository;
use std::fs::File;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// A program and every process it started: they end together, also when the test panics.
pub struct Group {
    child: Child,
}

impl Group {
    /// Starts it in a process group of its own; what it says goes to `log`.
    pub fn start(command: Command, log: &Path) -> Self {
        Self::start_with(command, log, Stdio::null())
    }

    /// The same with an input of the caller's choice.
    pub fn start_with(mut command: Command, log: &Path, input: Stdio) -> Self {
        let file = File::create(log).expect("a log file");
        let child = command
            .stdin(input)
            .stdout(file.try_clone().expect("a second handle"))
            .stderr(file)
            .process_group(0)
            .spawn();
        let child = child.unwrap_or_else(|error| panic!("{:?}: {error}", command.get_program()));
        Self { child }
    }

    /// Its process id, which is the group's as well.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Its standard input, if it was started with a pipe.
    pub fn input(&mut self) -> &mut std::process::ChildStdin {
        self.child.stdin.as_mut().expect("started with a pipe")
    }

    /// Asks a SIPp to end as soon as its calls have ended, and waits for that. Its exit code says
    /// whether they all went as its scenario has it: 0, or 99 when it had none.
    pub fn calls_end(mut self, what: &str) -> i32 {
        self.signal("-USR1");
        let status = self.wait(Duration::from_secs(60));
        let code = status.and_then(|s| s.code());
        code.unwrap_or_else(|| panic!("{what}: a call is still open"))
    }

    /// Waits for its own end.
    pub fn wait(&mut self, limit: Duration) -> Option<ExitStatus> {
        let until = Instant::now() + limit;
        while Instant::now() < until {
            if let Some(status) = self.child.try_wait().expect("a child can be waited for") {
                return Some(status);
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        None
    }

    fn signal(&self, which: &str) {
        // `/bin/kill` knows groups; it may be gone already.
        let _ = Command::new("kill")
            .args([which, "--", &format!("-{}", self.id())])
            .stderr(Stdio::null())
            .status();
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.signal("-KILL");
        let _ = self.child.wait();
    }
}

/// A folder for what programs read and write. It goes away with the test, unless the test fails:
/// then it stays, and the test says where.
pub struct Folder(Option<tempfile::TempDir>);

impl Folder {
    /// A new one.
    pub fn new() -> Self {
        Self(Some(tempfile::tempdir().expect("a folder")))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.0.as_ref().expect("there until it is dropped").path()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if let Some(folder) = self.0.take()
            && std::thread::panicking()
        {
            eprintln!("what the programs wrote: {}", folder.keep().display());
        }
    }
}

/// A certificate authority of the test's own (`ca.pem`) and a certificate of it for 127.0.0.1
/// (`server.pem`, `server.key`).
pub fn certificate(folder: &Path) {
    let script = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 \
         -subj /CN=Proof-CA -keyout ca.key -out ca.pem \
         -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign && \
         openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=edge.test \
         -keyout server.key -out server.csr && \
         printf 'subjectAltName=IP:127.0.0.1,DNS:localhost,DNS:edge.test\\n\
         basicConstraints=CA:FALSE\\nextendedKeyUsage=serverAuth\\n' > server.ext && \
         openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 \
         -extfile server.ext -out server.pem";
    let output = Command::new("sh")
        .args(["-ec", script])
        .current_dir(folder)
        .output()
        .expect("a shell");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// SIPp on `port` with a scenario of `tests/peers/sipp`; unexpected messages go to
/// `NAME.errors` of the folder.
pub fn sipp(folder: &Path, name: &str, port: u16) -> Group {
    let mut command = Command::new("sipp");
    sipp_arguments(&mut command, folder, name, port);
    command.args(["-i", "127.0.0.1"]);
    Group::start(command, &folder.join(format!("{name}.log")))
}

/// What every SIPp of ours is started with.
pub fn sipp_arguments(command: &mut Command, folder: &Path, name: &str, port: u16) {
    let media = 31_000 + 10 * (port % 100);
    command
        .current_dir(folder)
        .arg("-sf")
        .arg(repository(&format!("tests/peers/sipp/{name}.xml")))
        .args(["-p", &port.to_string(), "-mp", &media.to_string()])
        // What comes after a call's end is for the scenario to answer.
        .args(["-deadcall_wait", "0"])
        .args(["-nostdin", "-trace_err", "-error_file"])
        .arg(format!("{name}.errors"));
}

/// Every SIPp message its scenario did not expect stands in its errors file.
pub fn nothing_odd(folder: &Path, name: &str) {
    let errors = std::fs::read_to_string(folder.join(format!("{name}.errors")));
    let errors = errors.unwrap_or_default();
    assert!(errors.trim().is_empty(), "{name}: {errors}");
}

/// Waits until something holds; panics with what it was after a generous time.
pub fn eventually(what: &str, limit: Duration, mut holds: impl FnMut() -> bool) {
    let until = Instant::now() + limit;
    while !holds() {
        assert!(Instant::now() < until, "never: {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}
