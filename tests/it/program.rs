//! The real binary as a child process, watched through its own event stream.

use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

/// Longest wait for anything; far above what any flow needs.
pub const PATIENCE: Duration = Duration::from_secs(180);

/// The binary under test.
pub fn carillon(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_carillon"));
    command
        .current_dir(folder)
        .env_remove("CARILLON_CONFIG")
        .env("NO_COLOR", "1");
    command
}

/// Runs a subcommand to its end; panics with everything it said when it fails.
pub fn run(folder: &Path, args: &[&str]) -> Output {
    let output = carillon(folder)
        .args(args)
        .output()
        .expect("the binary starts");
    assert!(
        output.status.success(),
        "carillon {args:?} ended with {}\n{}\n{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    output
}

/// What a subcommand answers with `--json`.
pub fn run_json(folder: &Path, args: &[&str]) -> Value {
    let output = run(folder, args);
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| {
        panic!(
            "carillon {args:?}: {error}\n{}",
            String::from_utf8_lossy(&output.stdout)
        )
    })
}

/// What a subcommand that is used wrongly says, with exit code 2.
pub fn run_to_error(folder: &Path, args: &[&str]) -> String {
    let output = carillon(folder)
        .args(args)
        .output()
        .expect("the binary starts");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "carillon {args:?}: {said}");
    said
}

/// Ports nobody uses at the moment, UDP or TCP. They lie below the range the system hands out
/// by itself, so that nobody takes one meanwhile.
pub fn free_ports(count: usize) -> Vec<u16> {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    // Runners that give each test a process of its own start several at once, with process ids next
    // to each other: 50 ports each keep them apart between the probe and the use.
    let first = 22_000 + 50 * (std::process::id() % 160) as u16;
    let mut found = Vec::new();
    while found.len() < count {
        let port = first + NEXT.fetch_add(1, Ordering::Relaxed);
        let free = UdpSocket::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
            && TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok();
        if free {
            found.push(port);
        }
    }
    found
}

/// A child that does not outlive its test.
pub struct Running {
    child: Child,
    said: Option<BufReader<ChildStdout>>,
}

impl Running {
    /// Starts a program whose standard output is read by [`Running::wait_for`].
    pub fn watched(mut command: Command, log: &Path) -> Self {
        let file = std::fs::File::create(log).expect("a log file");
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(file)
            .spawn()
            .expect("the program starts");
        let said = child.stdout.take().map(BufReader::new);
        Self { child, said }
    }

    /// Reads its standard output up to a line that holds `text`, and answers the line.
    pub fn wait_for(&mut self, text: &str) -> String {
        let said = self.said.as_mut().expect("a watched program");
        let mut line = String::new();
        while said.read_line(&mut line).expect("UTF-8") > 0 {
            if line.contains(text) {
                return line;
            }
            line.clear();
        }
        panic!("it ended without saying `{text}`");
    }

    pub fn start(mut command: Command, log: &Path) -> Self {
        let file = std::fs::File::create(log).expect("a log file");
        let child = command
            .stdin(Stdio::null())
            .stdout(file.try_clone().expect("a second handle"))
            .stderr(file)
            .spawn()
            .expect("the program starts");
        Self { child, said: None }
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Asks it to end (SIGTERM) and waits for it.
    pub fn terminate(mut self) -> std::process::ExitStatus {
        let pid = self.child.id().to_string();
        let asked = Command::new("kill")
            .args(["-TERM", &pid])
            .status()
            .expect("kill runs");
        assert!(asked.success());
        self.child.wait().expect("it ends")
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may be gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The wallboard's event stream of a node.
pub struct Board {
    lines: BufReader<TcpStream>,
}

impl Board {
    /// Connects to a node that serves.
    pub fn open(port: u16) -> Self {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).expect("the node serves");
        stream
            .set_read_timeout(Some(PATIENCE))
            .expect("a timeout can be set");
        write!(stream, "GET /api/events HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAccept: text/event-stream\r\n\r\n")
            .expect("the request leaves");
        Self {
            lines: BufReader::new(stream),
        }
    }

    /// Reads boards until one fits; panics with the last one after [`PATIENCE`].
    pub fn wait(&mut self, what: &str, fits: impl FnMut(&Value) -> bool) -> Value {
        self.until(PATIENCE, fits)
            .unwrap_or_else(|last| panic!("{what} never came; last: {last:#}"))
    }

    /// Reads boards until one fits; the error is the last one read in that time.
    pub fn until(
        &mut self,
        limit: Duration,
        mut fits: impl FnMut(&Value) -> bool,
    ) -> Result<Value, Value> {
        let deadline = std::time::Instant::now() + limit;
        let mut last = Value::Null;
        let mut line = String::new();
        loop {
            line.clear();
            let read = self.lines.read_line(&mut line);
            let ended = !matches!(read, Ok(n) if n > 0);
            if ended || std::time::Instant::now() >= deadline {
                return Err(last);
            }
            let Some(board) = line
                .strip_prefix("data:")
                .and_then(|d| serde_json::from_str(d.trim()).ok())
            else {
                continue;
            };
            if fits(&board) {
                return Ok(board);
            }
            last = board;
        }
    }
}

/// Body of a page of a node that serves.
pub fn http_get(port: u16, path: &str) -> String {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).expect("the node serves");
    stream
        .set_read_timeout(Some(PATIENCE))
        .expect("a timeout can be set");
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n"
    )
    .expect("the request leaves");
    let mut text = String::new();
    stream.read_to_string(&mut text).expect("UTF-8");
    let (_, body) = text.split_once("\r\n\r\n").expect("an HTTP answer");
    body.to_owned()
}

/// Rows of a query, as the `sqlite3` shell prints them with `|` between columns.
pub fn sql(database: &Path, query: &str) -> Vec<Vec<String>> {
    let output = Command::new("sqlite3")
        .arg(database)
        .arg(query)
        .output()
        .expect("sqlite3 is installed");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    text.lines()
        .map(|line| line.split('|').map(str::to_owned).collect())
        .collect()
}

/// A file of the repository.
pub fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}
