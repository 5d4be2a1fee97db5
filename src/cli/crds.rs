//! `rolewright crds`.

#![allow(clippy::print_stdout, reason = "a command's output")]

/// Prints the CRDs of all kinds.
pub fn run() -> anyhow::Result<u8> {
    print!("{}", crate::api::crd::all_yaml()?);
    Ok(0)
}
