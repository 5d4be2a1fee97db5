//! `rolewright crds`.

#![allow(clippy::print_stdout, reason = "a command's output")]

/// Prints the CRD.
pub fn run() -> anyhow::Result<u8> {
    print!("{}", crate::api::crd::yaml()?);
    Ok(0)
}
