//! The way to the API server: a kubeconfig, or the service account of the pod. What keeps it from
//! being used is one sentence with the remedy.

use std::{error::Error, path::PathBuf, sync::Arc};

use kube::{
    Client, Config,
    client::ClientBuilder,
    config::{KubeConfigOptions, Kubeconfig, KubeconfigError},
};

use super::counted::Counting;
use crate::{metrics::Metrics, plan::failure::ClusterError};

/// Which cluster. By default that of KUBECONFIG or `~/.kube/config`, else the one around the pod.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Way {
    /// A kubeconfig in place of KUBECONFIG.
    pub kubeconfig: Option<PathBuf>,
    /// A context of it in place of the current one.
    pub context: Option<String>,
}

impl Way {
    /// What a client is made of.
    ///
    /// # Errors
    /// A sentence: what is wrong, and what to do.
    pub async fn config(&self) -> Result<Config, ClusterError> {
        let outside = async {
            let file = match &self.kubeconfig {
                Some(path) => Kubeconfig::read_from(path)?,
                None => Kubeconfig::read()?,
            };
            let options =
                KubeConfigOptions { context: self.context.clone(), ..KubeConfigOptions::default() };
            Config::from_custom_kubeconfig(file, &options).await
        };
        match outside.await {
            Ok(config) => Ok(config),
            Err(error) => match Config::incluster_env() {
                Ok(config) if *self == Self::default() => Ok(config),
                _ => Err(ClusterError::Unavailable(of_kubeconfig(&error))),
            },
        }
    }

    /// A client that counts its requests.
    ///
    /// # Errors
    /// A sentence: what is wrong, and what to do.
    pub async fn counted(&self, metrics: &Arc<Metrics>) -> Result<Client, ClusterError> {
        let builder = ClientBuilder::try_from(self.config().await?)
            .map_err(|error| ClusterError::Unavailable(words(&error)))?;
        Ok(builder.with_layer(&Counting(Arc::clone(metrics))).build())
    }

    /// A client.
    ///
    /// # Errors
    /// A sentence: what is wrong, and what to do.
    pub async fn client(&self) -> Result<Client, ClusterError> {
        client(self.config().await?)
    }
}

/// A client of a configuration.
///
/// # Errors
/// A sentence: what is wrong, and what to do.
pub fn client(config: Config) -> Result<Client, ClusterError> {
    Client::try_from(config).map_err(|error| ClusterError::Unavailable(words(&error)))
}

fn of_kubeconfig(error: &KubeconfigError) -> String {
    const LIST: &str = "kubectl config get-contexts lists those that it has";
    match error {
        KubeconfigError::ReadConfig(io, path) if io.kind() == std::io::ErrorKind::NotFound => {
            format!(
                "there is no kubeconfig {}, and this is not a pod: set KUBECONFIG, or run inside \
                 the \
                 cluster",
                path.display()
            )
        }
        KubeconfigError::FindPath => "there is no kubeconfig, and this is not a pod: set \
            KUBECONFIG, \
            or run inside the cluster"
            .into(),
        KubeconfigError::ReadConfig(io, path) => {
            format!("the kubeconfig {} can't be read ({io}): check its owner", path.display())
        }
        KubeconfigError::Parse(error) => {
            let text = error.to_string();
            let line = text.lines().next().unwrap_or_default().trim_start_matches("error: ");
            format!("the kubeconfig is not what kubectl reads ({line}): correct it")
        }
        KubeconfigError::CurrentContextNotSet => "the kubeconfig has no current context: choose \
            one with kubectl config use-context"
            .into(),
        KubeconfigError::LoadContext(name) => {
            format!("the kubeconfig has no context {name:?}: {LIST}")
        }
        KubeconfigError::LoadClusterOfContext(name) => {
            format!("the kubeconfig does not say where the cluster {name:?} is: {LIST}")
        }
        KubeconfigError::LoadCertificateAuthority(_)
        | KubeconfigError::LoadClientCertificate(_)
        | KubeconfigError::LoadClientKey(_) => {
            let what = error.to_string();
            let what = what.split(':').next().unwrap_or_default().replace("failed to load ", "");
            format!(
                "the {what} of the kubeconfig can't be loaded ({}): correct its path or data",
                cause(error)
            )
        }
        other => format!("the kubeconfig can't be used ({}): correct it", cause(other)),
    }
}

/// What a request met that got no answer: one sentence, without the layers that passed it on.
pub fn words(error: &kube::Error) -> String {
    let what = cause(error);
    match error {
        kube::Error::InferKubeconfig(error) => of_kubeconfig(error),
        kube::Error::Auth(_) => format!(
            "the credentials of the kubeconfig can't be obtained ({what}): check the command or \
             token \
             of its user, or sign in again"
        ),
        kube::Error::Service(_) | kube::Error::HyperError(_) => format!(
            "not reachable ({what}): check the network, and the server in the kubeconfig if there \
             is one"
        ),
        kube::Error::SerdeError(_) => format!("the answer can't be understood ({what})"),
        _ => what,
    }
}

/// The innermost source, on one line.
fn cause(error: &dyn Error) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string().split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    const FILE: &str = "apiVersion: v1\nkind: Config\nclusters: [{name: c, cluster: {server: \
        \"https://127.0.0.1:1\"}}]\ncontexts: [{name: a, context: {cluster: c, user: u}}, \
        {name: b, context: {cluster: d, user: u}}]\nusers: [{name: u, user: {}}]\n\
        current-context: a\n";

    async fn said(text: &str, context: Option<&str>) -> String {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        let kubeconfig = Some(file.path().to_owned());
        let way = Way { kubeconfig, context: context.map(str::to_owned) };
        let client = match way.client().await {
            Ok(client) => client,
            Err(error) => return error.to_string(),
        };
        words(&client.apiserver_version().await.unwrap_err())
    }

    #[rstest]
    #[case::no_yaml("clusters: [", "", None, "is not what kubectl reads (line 1 column 11: ")]
    #[case::no_context(
        FILE,
        "current-context: a",
        None,
        "has no current context: choose one with kubectl config \
        use-context"
    )]
    #[case::unknown_context(FILE, "", Some("z"), "has no context \"z\": kubectl config")]
    #[case::unknown_cluster(FILE, "", Some("b"), "where the cluster \"d\" is: kubectl config")]
    #[tokio::test]
    async fn a_kubeconfig_that_can_t_be_used_is_one_sentence(
        #[case] text: &str,
        #[case] without: &str,
        #[case] context: Option<&str>,
        #[case] words: &str,
    ) {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let text = if without.is_empty() { text.into() } else { text.replace(without, "") };
        let said = said(&text, context).await;
        assert!(said.starts_with("the API server can't be used: the kubeconfig "), "{said}");
        assert!(said.contains(words) && !said.contains('\n') && said.len() < 240, "{said}");
    }

    #[rstest]
    #[case::closed_port(
        "{}",
        "not reachable (Connection refused (os error 111)): check the network"
    )]
    #[case::no_plugin(
        "{exec: {apiVersion: client.authentication.k8s.io/v1, command: no-such-plugin, \
        interactiveMode: Never}}",
        "can't be obtained (No such file or directory (os error 2)): check \
        the command"
    )]
    #[case::no_certificate(
        "{client-certificate: /no/cert, client-key: /no/key}",
        "the client certificate of the \
        kubeconfig can't be loaded (No such file or directory (os error 2)): correct its path"
    )]
    #[tokio::test]
    async fn a_server_that_can_t_be_reached_is_one_sentence(
        #[case] user: &str,
        #[case] words: &str,
    ) {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let said = said(&FILE.replace("user: {}", &format!("user: {user}")), None).await;
        assert!(said.contains(words) && !said.contains("ServiceError"), "{said}");
        assert!(!said.contains('\n') && said.len() < 240, "{said}");
    }

    #[tokio::test]
    async fn no_kubeconfig_is_said_with_its_path() {
        let way = Way { kubeconfig: Some("/no/such/file".into()), context: None };
        let said = way.config().await.unwrap_err().to_string();
        assert!(
            said.contains("there is no kubeconfig /no/such/file, and this is not a pod"),
            "{said}"
        );
    }
}
