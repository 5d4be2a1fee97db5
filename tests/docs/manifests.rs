//! Manifests of the pages, where no command applies them: the API server takes each, with its
//! schema and admission policies.

use crate::page::{Block, Rule, pages};
use harness::{Cluster, gitops_crds};

/// Manifests that a page writes to files, unless it is a page's point that one of them is refused.
fn manifests() -> Vec<(String, String)> {
    let mut found = Vec::new();
    for page in pages() {
        let blocks = page.blocks().unwrap();
        let refused = |name: &str| {
            let fails = |block: &&Block| {
                matches!(
                    block.rule,
                    Rule::Local { fails: true } | Rule::Cluster { fails: true, .. }
                )
            };
            blocks
                .iter()
                .filter(fails)
                .any(|block| block.lines.iter().any(|line| line.contains(name)))
        };
        for block in &blocks {
            let Rule::File { name } = &block.rule else { continue };
            let text = block.lines.join("\n");
            if text.contains("kind: IAMRole\n") && !refused(name) {
                found.push((format!("{}:{}", page.path, block.line), text));
            }
        }
    }
    found
}

#[test]
fn every_manifest_of_the_pages_is_taken_by_the_api_server() {
    let manifests = manifests();
    assert!(manifests.len() > 10, "the manifests were not found");
    let cluster = Cluster::start();
    let plane = &cluster.control_plane;
    // The kinds of the tools that deliver.
    let crds = gitops_crds().display().to_string();
    plane.kubectl(&["apply", "--server-side", "-f", &crds]).ok();
    plane.wait_established(&["-f", &crds]);
    for namespace in ["team-a", "team-b", "flux-system", "argocd"] {
        plane.kubectl(&["create", "namespace", namespace]).ok();
    }
    let mut refused = Vec::new();
    for (place, text) in manifests {
        let output =
            plane.kubectl_with(&["apply", "--server-side", "--dry-run=server", "-f", "-"], &text);
        if !output.status.success() {
            refused.push(format!("{place}: {}", output.stderr));
        }
    }
    assert!(refused.is_empty(), "{}", refused.join("\n"));
}
