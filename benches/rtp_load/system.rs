//! What the system tells about us: processor time of threads, datagrams dropped, load.

use std::collections::HashMap;
use std::fs;

/// Processor time of some threads.
#[derive(Clone, Copy, Default)]
pub struct Cpu {
    pub user_s: f64,
    pub system_s: f64,
    pub on_cpu_s: f64,
}

impl Cpu {
    pub fn since(self, earlier: Self) -> Self {
        Self {
            user_s: self.user_s - earlier.user_s,
            system_s: self.system_s - earlier.system_s,
            on_cpu_s: self.on_cpu_s - earlier.on_cpu_s,
        }
    }
}

/// Threads named `rtp-0`, `rtp-1` and so on; `schedstat` counts nanoseconds, `stat` clock ticks.
pub fn relay_cpu() -> Cpu {
    cpu_of(|name| {
        let number = name.strip_prefix("rtp-");
        number.is_some_and(|n| n.parse::<u32>().is_ok())
    })
}

/// The keeper, which aligns what taps tell, and the recorder's writers.
pub fn recorder_cpu() -> Cpu {
    cpu_of(|name| name == "keeper" || name.starts_with("rec-"))
}

fn cpu_of(wanted: impl Fn(&str) -> bool) -> Cpu {
    let mut cpu = Cpu::default();
    for task in fs::read_dir("/proc/self/task")
        .into_iter()
        .flatten()
        .flatten()
    {
        let read = |file: &str| fs::read_to_string(task.path().join(file)).unwrap_or_default();
        if !wanted(read("comm").trim()) {
            continue;
        }
        let on_cpu = read("schedstat");
        let on_cpu = on_cpu
            .split(' ')
            .next()
            .and_then(|ns| ns.parse::<f64>().ok());
        cpu.on_cpu_s += on_cpu.unwrap_or(0.0) / 1e9;
        let stat = read("stat");
        let after_name = stat.rsplit(')').next().unwrap_or_default();
        let fields: Vec<&str> = after_name.split_whitespace().collect();
        let ticks = |index: usize| {
            let ticks = fields.get(index).and_then(|t| t.parse::<f64>().ok());
            ticks.unwrap_or(0.0) / 100.0
        };
        cpu.user_s += ticks(11);
        cpu.system_s += ticks(12);
    }
    cpu
}

/// Datagrams the kernel dropped because a socket's buffer was full, by local port.
#[derive(Default)]
pub struct Drops(HashMap<u16, u64>);

impl Drops {
    pub fn since(mut self, earlier: &Self) -> Self {
        for (port, drops) in &mut self.0 {
            *drops -= earlier.0.get(port).copied().unwrap_or(0).min(*drops);
        }
        self
    }

    pub fn of(&self, ports: &[u16]) -> u64 {
        ports.iter().filter_map(|port| self.0.get(port)).sum()
    }
}

/// From `/proc/net/udp`: the local port is hexadecimal in the second column, drops are the last.
pub fn udp_drops() -> Drops {
    let table = fs::read_to_string("/proc/net/udp").unwrap_or_default();
    let drops = table.lines().skip(1).filter_map(|line| {
        let mut fields = line.split_whitespace();
        let port = u16::from_str_radix(fields.nth(1)?.rsplit(':').next()?, 16).ok()?;
        Some((port, fields.last()?.parse().ok()?))
    });
    Drops(drops.collect())
}

/// Load averages over 1, 5 and 15 minutes.
pub fn load() -> String {
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    load.split(' ').take(3).collect::<Vec<_>>().join(" ")
}
