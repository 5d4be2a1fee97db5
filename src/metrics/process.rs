//! The metrics `process_…` that every exporter has, read from `/proc` at the moment of a scrape. On
//! a system without it there are none.

use std::{fmt::Write, fs};

/// What the kernel counts processor time in, on every architecture of Linux.
const TICKS: f64 = 100.0;
/// Bytes of a page: what is asked for in pages is read in kilobytes instead.
const KILOBYTE: f64 = 1_024.0;

/// Name, kind, unit, help.
pub const TABLE: [(&str, &str, &str, &str); 6] = [
    (
        "process_cpu_seconds",
        "counter",
        "seconds",
        "Processor time that the process has used, in user and system mode.",
    ),
    ("process_resident_memory_bytes", "gauge", "bytes", "Memory of the process that is in RAM."),
    ("process_virtual_memory_bytes", "gauge", "bytes", "Address space of the process."),
    (
        "process_start_time_seconds",
        "gauge",
        "seconds",
        "When the process was started, in seconds since 1970.",
    ),
    ("process_open_fds", "gauge", "", "Open file descriptors, connections among them."),
    ("process_max_fds", "gauge", "", "How many file descriptors may be open."),
];

/// The text of all of them.
pub fn text() -> String {
    let values = read().unwrap_or_default();
    let mut text = String::new();
    for ((name, kind, unit, help), value) in TABLE.iter().zip(values) {
        let Some(value) = value else { continue };
        let help = help.trim_end_matches('.');
        let _ = writeln!(text, "# HELP {name} {help}.\n# TYPE {name} {kind}");
        if !unit.is_empty() {
            let _ = writeln!(text, "# UNIT {name} {unit}");
        }
        let total = if *kind == "counter" { "_total" } else { "" };
        let _ = writeln!(text, "{name}{total} {value}");
    }
    text
}

fn read() -> Option<[Option<f64>; TABLE.len()]> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let limits = fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let system = fs::read_to_string("/proc/stat").unwrap_or_default();
    let open = fs::read_dir("/proc/self/fd").ok().map(Iterator::count);
    Some(of(&stat, &status, &limits, &system, open))
}

fn of(
    stat: &str,
    status: &str,
    limits: &str,
    system: &str,
    open: Option<usize>,
) -> [Option<f64>; TABLE.len()] {
    // The name of the program stands in brackets, and may hold anything.
    let fields: Vec<f64> = stat
        .rsplit_once(')')
        .map(|(_, rest)| rest.split_whitespace())
        .into_iter()
        .flatten()
        .map(|field| field.parse().unwrap_or_default())
        .collect();
    // Counted from the state, which is field 3 of proc(5).
    let field = |number: usize| fields.get(number - 3).copied();
    let memory = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        Some(line.split_whitespace().next()?.parse::<f64>().ok()? * KILOBYTE)
    };
    let boot = || system.lines().find_map(|line| line.strip_prefix("btime "))?.parse().ok();
    let most = limits.lines().find_map(|line| line.strip_prefix("Max open files"));
    [
        field(14).zip(field(15)).map(|(user, kernel)| (user + kernel) / TICKS),
        memory("VmRSS:"),
        memory("VmSize:"),
        field(22).zip(boot()).map(|(started, boot): (f64, f64)| boot + started / TICKS),
        open.and_then(|open| u32::try_from(open).ok()).map(f64::from),
        most.and_then(|most| most.split_whitespace().next()?.parse().ok()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_number_is_found_in_the_files_of_the_kernel() {
        let stat = "7 (a ) b) S 1 2 3 4 5 6 7 8 9 10 250 50 0 0 20 0 3 0 1000 99 88 77";
        let status = "Name:\tx\nVmSize:\t  2048 kB\nVmRSS:\t  1024 kB\n";
        let limits = "Limit  Soft  Hard  Units\nMax open files            1024   4096   files\n";
        let found = of(stat, status, limits, "cpu 1 2\nbtime 1700000000\n", Some(12));
        let wanted = [3.0, 1_048_576.0, 2_097_152.0, 1_700_000_010.0, 12.0, 1_024.0];
        assert_eq!(found, wanted.map(Some));
        assert_eq!(of("", "", "", "", None), [None; 6]);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_process_has_them_all_and_they_are_sound() {
        let text = text();
        for (name, kind, _, help) in TABLE {
            assert!(text.contains(&format!("# HELP {name} {help}\n# TYPE {name} {kind}\n")));
        }
        let value = |name: &str| -> f64 {
            let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap();
            line.trim().parse().unwrap()
        };
        assert!(value("process_resident_memory_bytes ") > 1e6, "{text}");
        assert!(value("process_start_time_seconds ") > 1.7e9, "{text}");
        assert!(value("process_open_fds ") > 2.0, "{text}");
    }
}
