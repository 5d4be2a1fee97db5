//! AWS's managed policies, as the stand-in has them.

use crate::setup;

/// The name and the document of each, as JSON.
///
/// # Panics
/// When the stand-in has them no more where it had them.
#[must_use]
pub fn managed_policies() -> Vec<(String, String)> {
    let library = setup::venv().join("lib");
    let mut versions = std::fs::read_dir(&library).expect("the stand-in's library");
    let path = versions
        .find_map(|version| {
            let path = version.ok()?.path();
            let path = path.join("site-packages/moto/iam/aws_managed_policies.py");
            path.exists().then_some(path)
        })
        .expect("the stand-in's managed policies");
    let source = std::fs::read_to_string(path).expect("a file of text");
    // One string of Python, without escapes: JSON between two marks.
    let text = source.split("\"\"\"").nth(1).expect("a text");
    let all: serde_json::Map<String, serde_json::Value> =
        serde_json::from_str(text).expect("policies by name");
    all.into_iter().map(|(name, policy)| (name, policy["Document"].to_string())).collect()
}
