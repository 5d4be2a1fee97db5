//! What the kernel says of a process: memory and processor time.

use std::{fmt, fs, time::Duration};

/// Memory of a process, in kB.
#[derive(Clone, Copy)]
pub struct Memory {
    /// Everything resident.
    pub resident: u64,
    /// Of it heap and stacks; the rest is the program itself, which other processes share and the
    /// kernel can drop.
    pub own: u64,
    /// The most that was ever resident.
    pub most: u64,
}

impl Memory {
    /// As it is now.
    pub fn of(pid: u32) -> Self {
        let status =
            fs::read_to_string(format!("/proc/{pid}/status")).expect("Linux, and the process runs");
        let figure = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name)).expect("a figure");
            line.split_whitespace().nth(1).and_then(|kb| kb.parse().ok()).expect("a number")
        };
        Self { resident: figure("VmRSS"), own: figure("RssAnon"), most: figure("VmHWM") }
    }
}

impl fmt::Display for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [resident, own, most] = [self.resident, self.own, self.most].map(megabytes);
        write!(f, "{resident:.1} MB (heap and stacks {own:.1}, peak so far {most:.1})")
    }
}

/// Of 1,024² bytes.
pub fn megabytes(kb: u64) -> f64 {
    kb as f64 / 1024.0
}

/// Processor time so far, user and system, in steps of 10 ms.
pub fn cpu(pid: u32) -> Duration {
    /// `sysconf(_SC_CLK_TCK)` on every Linux that Rust runs on.
    const TICKS: u64 = 100;
    let stat =
        fs::read_to_string(format!("/proc/{pid}/stat")).expect("Linux, and the process runs");
    // The name before it, in brackets, may hold spaces. What follows is the third field; the times
    // are fields 14 and 15.
    let fields: Vec<&str> =
        stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks: u64 = [11, 12]
        .iter()
        .map(|&index| fields[index].parse::<u64>().expect("a number of ticks"))
        .sum();
    Duration::from_millis(ticks * 1_000 / TICKS)
}
