// Crypto provider, runtime, dispatch; nothing else. (No `//!`: `tests/image/static.rs` includes
// this file.)

use std::{io::Write, process::ExitCode};

// Two, however many cores the node has: the work is waiting, and each thread has a stack and a heap
// of its own.
#[tokio::main(worker_threads = 2)]
async fn main() -> ExitCode {
    // One TLS stack for both clients. A second installation is harmless and reports itself.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    match rolewright::cli::Cli::of_process().run().await {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            // Unlike `eprintln!`, no panic where nobody reads.
            let _ = writeln!(std::io::stderr(), "rolewright: {error:#}");
            ExitCode::from(2)
        }
    }
}
