//! The table of layers, and what each may touch.

use crate::source::File;

/// The longest file, in lines.
pub const LINES: usize = 500;

/// A folder or file at the root of `src/`.
pub struct Layer {
    pub name: &'static str,
    /// `None` beside the layers.
    pub number: Option<u8>,
    /// The other modules of the crate that it may name.
    pub uses: &'static [&'static str],
    /// Beginnings of paths outside the crate that it never names.
    pub never: &'static [&'static str],
    /// No `async`, clock, randomness or I/O.
    pub core: bool,
}

/// Stands for every crate of the AWS SDK.
const AWS: &str = "aws_";
const AWS_CRATES: [&str; 6] =
    ["aws_sdk_", "aws_config", "aws_smithy_", "aws_types", "aws_credential_types", "aws_runtime"];
/// Clients of the API server. The derive and plain types of kube are no clients.
const KUBE_CLIENTS: [&str; 4] = ["kube::Client", "kube::Api", "kube::runtime", "kube::client"];
const CORE: [&str; 20] = [
    "tokio",
    "futures",
    "axum",
    "rustls",
    "tracing",
    "clap",
    "anyhow",
    "std::fs",
    "std::net",
    "std::env",
    "std::process",
    "std::thread",
    "std::io",
    "std::time::SystemTime",
    "std::time::Instant",
    "fastrand",
    "rand",
    "getrandom",
    "SystemTime",
    "Instant",
];
/// Clocks of jiff, by the last two segments.
const CLOCKS: [&str; 2] = ["Timestamp::now", "Zoned::now"];
const NAMES: [&str; 4] = ["utils", "helpers", "common", "manager"];

pub const LAYERS: [Layer; 18] = [
    Layer {
        name: "api",
        number: Some(0),
        uses: &["iam", "yaml"],
        never: &[AWS, KUBE_CLIENTS[0], KUBE_CLIENTS[1], KUBE_CLIENTS[2], KUBE_CLIENTS[3]],
        core: true,
    },
    Layer {
        name: "iam",
        number: Some(0),
        uses: &[],
        never: &[AWS, "kube", "k8s_openapi"],
        core: true,
    },
    Layer {
        name: "plan",
        number: Some(1),
        uses: &["api", "iam"],
        never: &[AWS, "kube"],
        core: true,
    },
    // The traits are of `Future`s and a `Stream`; nothing runs here.
    Layer {
        name: "ports",
        number: Some(2),
        uses: &["api", "iam", "plan"],
        never: &[AWS, "kube", "tokio"],
        core: false,
    },
    Layer {
        name: "aws",
        number: Some(3),
        uses: &["api", "iam", "plan", "ports", "metrics", "pace"],
        never: &["kube", "k8s_openapi"],
        core: false,
    },
    Layer {
        name: "cluster",
        number: Some(3),
        uses: &["api", "iam", "plan", "ports", "metrics"],
        never: &[AWS],
        core: false,
    },
    Layer {
        name: "accounts",
        number: Some(3),
        uses: &["iam", "plan", "ports"],
        never: &[AWS, "kube", "tokio"],
        core: false,
    },
    Layer {
        name: "election",
        number: Some(3),
        uses: &["api", "plan", "ports", "metrics"],
        never: &[AWS, "kube"],
        core: false,
    },
    Layer {
        name: "controller",
        number: Some(4),
        uses: &["accounts", "api", "iam", "plan", "ports", "election", "metrics"],
        never: &[AWS, "kube"],
        core: false,
    },
    Layer {
        name: "server",
        number: Some(5),
        uses: &["api", "iam", "plan", "ports", "election", "controller", "metrics", "telemetry"],
        never: &[AWS, "kube"],
        core: false,
    },
    Layer {
        name: "cli",
        number: Some(6),
        uses: &[
            "api",
            "iam",
            "plan",
            "ports",
            "aws",
            "cluster",
            "accounts",
            "election",
            "controller",
            "server",
            "settings",
            "telemetry",
            "metrics",
            "yaml",
            "clock",
            "pace",
        ],
        never: &[],
        core: false,
    },
    Layer {
        name: "settings",
        number: None,
        uses: &["api", "iam", "plan", "ports", "telemetry"],
        never: &[AWS, "kube", "tokio"],
        core: false,
    },
    Layer {
        name: "metrics",
        number: None,
        uses: &["plan"],
        never: &[AWS, "kube", "tokio"],
        core: false,
    },
    Layer { name: "telemetry", number: None, uses: &[], never: &[AWS, "kube"], core: false },
    Layer { name: "yaml", number: None, uses: &[], never: &[AWS, "kube", "tokio"], core: false },
    Layer { name: "pace", number: None, uses: &["ports"], never: &[AWS, "kube"], core: false },
    Layer { name: "clock", number: None, uses: &["ports"], never: &[AWS, "kube"], core: false },
    Layer {
        name: "sim",
        number: None,
        uses: &["api", "iam", "plan", "ports", "pace"],
        never: &[AWS],
        core: false,
    },
];

/// What is wrong with a file; empty when nothing is.
pub fn problems(file: &File) -> Vec<String> {
    let mut found = Vec::new();
    let mut say = |problem: String| found.push(format!("src/{}: {problem}", file.path));
    if file.lines > LINES {
        say(format!("has {} lines, {LINES} are the limit: split it", file.lines));
    }
    for name in file.path.trim_end_matches(".rs").split('/').filter(|name| NAMES.contains(name)) {
        say(format!("{name} says nothing about what is inside: choose another name"));
    }
    let module = file.root();
    if ["main", "lib"].contains(&module) {
        return found;
    }
    let Some(layer) = LAYERS.iter().find(|layer| layer.name == module) else {
        say(format!("{module} has no row in the table of layers"));
        return found;
    };
    for other in
        file.crate_modules().filter(|other| LAYERS.iter().any(|layer| layer.name == *other))
    {
        let for_tests = file.test && ["sim", "settings", "pace"].contains(&other);
        if other != module && !for_tests && !layer.uses.contains(&other) {
            say(format!("{module} may not use {other}"));
        }
    }
    if file.test {
        return found;
    }
    for path in &file.paths {
        let outside = layer.never.iter().chain(if layer.core { &CORE[..] } else { &[] });
        for never in outside.filter(|never| begins(path, never)) {
            say(format!("{module} never names {never}: {path}"));
        }
        if layer.core {
            for clock in CLOCKS
                .iter()
                .filter(|clock| path == *clock || path.ends_with(&format!("::{clock}")))
            {
                say(format!("{module} has no clock of its own ({clock}): time is handed in"));
            }
            if path == "async" || path == "await" {
                say(format!("{module} is no place for {path}"));
            }
        }
    }
    found
}

/// `never` stands for itself and everything below it.
fn begins(path: &str, never: &str) -> bool {
    if never == AWS {
        return AWS_CRATES.iter().any(|name| path.starts_with(name));
    }
    path.strip_prefix(never).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}
