//! `rolewright crds`.

use super::output::Answer;

/// Makes the CRDs of all kinds.
///
/// # Errors
/// When a schema can't be written as YAML.
pub fn run() -> anyhow::Result<Answer> {
    Ok(Answer::new(crate::api::crd::all_yaml()?, 0))
}
