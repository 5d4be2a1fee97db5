//! `rolewright version`: of this program, of the API server, and of the CRDs there.

use std::fmt::Write;

use serde::Serialize;

use super::{
    output::{Answer, Format, OutputArgs},
    roles::ClusterArgs,
};
use crate::{
    api::{self, crd, kind::KindRow, kinds::KINDS},
    cluster::{Requests, labelled},
    plan::failure::ClusterError,
};

/// What stands below the flags.
pub const HELP: &str = "\
The last lines show each CRD: the served version, and whether it matches this \
program.

Exit code: 0 all match, 1 a CRD is missing or different, 2 the cluster can't \
be reached.";

/// Arguments of `version`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Print only the version of this program, without a cluster
    #[arg(long)]
    client: bool,
    #[command(flatten)]
    cluster: ClusterArgs,
    #[command(flatten)]
    output: OutputArgs,
}

/// Everything that is told.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Versions {
    client: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    api_server: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    definitions: Vec<Definition>,
}

/// What is known of a CRD.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Definition {
    name: String,
    /// Versions that are served.
    served: Vec<String>,
    /// Version of the chart that it came with, if it says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<String>,
    /// Whether it is that of this program; `None` when it may not be read.
    same: Option<bool>,
}

/// Asks the cluster.
///
/// # Errors
/// The answer can't be printed.
pub async fn run(args: &Args) -> anyhow::Result<Answer> {
    let mut versions = Versions { client: env!("CARGO_PKG_VERSION"), ..Versions::default() };
    let trouble = if args.client { None } else { ask(args, &mut versions).await.err() };
    let wrong =
        |definition: &Definition| definition.same == Some(false) || definition.served.is_empty();
    let code = match &trouble {
        Some(_) => 2,
        None => u8::from(versions.definitions.iter().any(wrong)),
    };
    let mut answer = match args.output.format {
        Format::Json => Answer::json(&versions, code)?,
        Format::Text => Answer::new(text(&versions), code),
    };
    answer.notes.extend(trouble.map(|trouble| trouble.to_string()));
    Ok(answer)
}

async fn ask(args: &Args, versions: &mut Versions) -> Result<(), ClusterError> {
    let requests = Requests::connect(&args.cluster.way(), None).await?;
    versions.api_server = Some(requests.api_server().await?);
    let served = requests.versions(api::GROUP).await?;
    for kind in &KINDS {
        versions.definitions.push(definition(&requests, kind, &served).await?);
    }
    Ok(())
}

async fn definition(
    requests: &Requests,
    kind: &KindRow,
    served: &[String],
) -> Result<Definition, ClusterError> {
    let ours = crd::of(kind);
    let name = ours.metadata.name.clone().unwrap_or_default();
    let unread = Definition { name: name.clone(), served: served.to_vec(), from: None, same: None };
    match requests.definition(&name).await {
        Ok(None) => Ok(Definition { served: Vec::new(), ..unread }),
        Ok(Some(theirs)) => {
            let served = theirs.spec.versions.iter().filter(|version| version.served);
            Ok(Definition {
                name,
                served: served.map(|version| version.name.clone()).collect(),
                from: labelled(&theirs),
                same: Some(theirs.spec.versions == ours.spec.versions),
            })
        }
        // Tenants may not read it.
        Err(ClusterError::Refused(_)) => Ok(unread),
        Err(error) => Err(error),
    }
}

fn text(versions: &Versions) -> String {
    let mut text = format!("client      {}\n", versions.client);
    if let Some(server) = &versions.api_server {
        let _ = writeln!(text, "API server  {server}");
    }
    for Definition { name, served, from, same } in &versions.definitions {
        let from = from.as_ref().map(|from| format!(" of {from}")).unwrap_or_default();
        let state = match same {
            _ if served.is_empty() => {
                "missing: rolewright crds | kubectl apply --server-side -f -".to_owned()
            }
            None => format!("{}, and may not be compared by you", served.join(", ")),
            Some(true) => format!("{}, the one of this program", served.join(", ")),
            Some(false) => {
                format!("{}{from}, not that of this program: upgrade it", served.join(", "))
            }
        };
        let _ = writeln!(text, "CRD         {name} {state}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_state_of_a_definition_is_told() {
        let one = |served: &[&str], same| Definition {
            name: "x.example.org".into(),
            served: served.iter().map(|name| (*name).to_owned()).collect(),
            from: Some("0.1.0".into()),
            same,
        };
        let definitions = vec![
            one(&["v1alpha1"], Some(true)),
            one(&["v1alpha1"], Some(false)),
            one(&["v1alpha1"], None),
            one(&[], None),
        ];
        let versions =
            Versions { client: "0.2.0", api_server: Some("v1.34.1".into()), definitions };
        insta::assert_snapshot!(text(&versions), @r"
        client      0.2.0
        API server  v1.34.1
        CRD         x.example.org v1alpha1, the one of this program
        CRD         x.example.org v1alpha1 of 0.1.0, not that of this program: upgrade it
        CRD         x.example.org v1alpha1, and may not be compared by you
        CRD         x.example.org missing: rolewright crds | kubectl apply --server-side -f -
        ");
    }
}
