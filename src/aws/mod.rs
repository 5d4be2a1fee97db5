//! AWS behind [`crate::ports::IamRead`] and [`crate::ports::IamWrite`]: translation, error classes,
//! pacing. Decides nothing.

mod account;
mod answer;
mod arns;
mod caller;
mod error;
mod meter;
mod read;
mod time;
mod write;

use std::{sync::Arc, time::Duration};

pub use caller::{Caller, caller};

use aws_config::{BehaviorVersion, retry::RetryConfig, timeout::TimeoutConfig};
use aws_sdk_iam::config::retry::RetryPartition;

use crate::{
    aws::{account::AccountGuard, answer::Whole, meter::Meter, time::ServerTime},
    metrics::Metrics,
    pace::{Paces, Rates},
    ports::Behalf,
};
use iam::account::Account;

/// IAM of one account. Clones share its pace.
#[derive(Clone)]
pub struct AwsIam {
    client: aws_sdk_iam::Client,
    paces: Arc<Paces>,
    meter: Arc<Meter>,
    time: ServerTime,
    guard: Arc<AccountGuard>,
    behalf: Behalf,
}

/// Why AWS can't be used at all.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// No credentials, or STS refused them or did not answer: a sentence with the remedy.
    #[error("{0}")]
    Credentials(String),
    /// STS answered without an account.
    #[error("STS did not name the account of the credentials")]
    NoAccount,
}

/// The SDK's default chain, with our time limits and without its retries.
async fn load() -> aws_config::SdkConfig {
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(3))
        .operation_attempt_timeout(Duration::from_secs(20))
        .operation_timeout(Duration::from_mins(1))
        .build();
    aws_config::defaults(BehaviorVersion::v2026_01_12())
        // IAM has one control plane a partition; a region is needed for signing only.
        .region(
            aws_config::meta::region::RegionProviderChain::default_provider().or_else("us-east-1"),
        )
        .timeout_config(timeouts)
        // Trying again is the controller's, which sees every failure, paces itself and says why.
        .retry_config(RetryConfig::disabled())
        .load()
        .await
}

/// IAM of the account of the credentials.
pub struct Connected {
    /// Its IAM.
    pub iam: AwsIam,
    /// Which one.
    pub account: Account,
    /// Who the credentials are, as an ARN.
    pub caller: String,
}

/// Connects with the SDK's default chain of credentials and asks whose they are.
///
/// # Errors
/// No credentials, or STS does not answer.
pub async fn connect(rates: Rates, metrics: &Arc<Metrics>) -> Result<Connected, ConnectError> {
    let config = load().await;
    let time = ServerTime::default();
    let sts = aws_sdk_sts::config::Builder::from(&config)
        .interceptor(time.clone())
        .interceptor(Whole)
        .build();
    let sts = aws_sdk_sts::Client::from_conf(sts);
    let (key, identity) = account::whose(&sts).await.map_err(ConnectError::Credentials)?;
    let arn = identity.arn().unwrap_or_default();
    let account = Account {
        id: identity.account().and_then(|id| id.parse().ok()).ok_or(ConnectError::NoAccount)?,
        partition: arn
            .split(':')
            .nth(1)
            .filter(|partition| !partition.is_empty())
            .unwrap_or("aws")
            .to_owned(),
    };
    let iam = aws_sdk_iam::config::Builder::from(&config)
        // One bucket of retries and throttles an account, not one for the whole process.
        .retry_partition(RetryPartition::new(format!("iam-{}", account.id)))
        .interceptor(time.clone())
        .interceptor(Whole)
        .build();
    let meter = Meter::new(Arc::clone(metrics), account.id.to_string());
    let iam = AwsIam {
        client: aws_sdk_iam::Client::from_conf(iam),
        paces: Arc::new(Paces::new(rates)),
        meter: Arc::new(meter),
        time,
        guard: Arc::new(AccountGuard::new(account.id, &key, sts)),
        behalf: Behalf::SWEEPS,
    };
    Ok(Connected { iam, caller: arn.to_owned(), account })
}

#[cfg(test)]
pub(crate) mod tests {
    use std::{
        io::{Read, Write},
        net::TcpListener,
    };

    use crate::plan::decide::ownership::Proven;
    use aws_config::identity::IdentityCache;
    use aws_sdk_iam::config::{Credentials, Region, SharedCredentialsProvider};
    use iam::{account::AccountId, role::RoleKey};
    use tokio::time::Instant;

    use super::*;
    use crate::{
        plan::{
            failure::IamErrorClass,
            steps::step::{Call, Step, Why},
        },
        ports::{IamRead, IamWrite},
    };

    fn iam(endpoint: &str, rates: Rates) -> AwsIam {
        client(endpoint, rates, "key")
    }

    /// A client with this access key; `key` is known to be ours.
    pub(super) fn client(endpoint: &str, rates: Rates, key: &str) -> AwsIam {
        let credentials = Credentials::new(key, "secret", None, None, "test");
        let config = aws_config::SdkConfig::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .region(Region::new("us-east-1"))
            .endpoint_url(endpoint)
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .identity_cache(IdentityCache::no_cache())
            .retry_config(RetryConfig::disabled())
            .build();
        let time = ServerTime::default();
        let iam = aws_sdk_iam::config::Builder::from(&config)
            .interceptor(time.clone())
            .interceptor(Whole)
            .build();
        let meter = Arc::new(Meter::new(Arc::new(Metrics::new()), "123456789012".into()));
        let account = "123456789012".parse().unwrap();
        let sts = aws_sdk_sts::config::Builder::from(&config).interceptor(Whole).build();
        let sts = aws_sdk_sts::Client::from_conf(sts);
        AwsIam {
            client: aws_sdk_iam::Client::from_conf(iam),
            paces: Arc::new(Paces::new(rates)),
            meter,
            time,
            guard: Arc::new(AccountGuard::new(account, "key", sts)),
            behalf: Behalf::SWEEPS,
        }
    }

    #[test]
    fn a_call_under_way_is_small() {
        let iam = iam("http://127.0.0.1:9", Rates { read: 0.0, write: 0.0 });
        let role = RoleKey { account: AccountId::NONE, name: "x".into() };
        let name = role.name.clone();
        let step = Step::new(role, Call::DeleteRole, Why::Deleted);
        // Not the sum of what the SDK needs for each action: a pass holds several of these, one in
        // the other.
        assert!(
            size_of_val(&iam.write(Proven::for_a_test(&step))) < 2_000,
            "{} bytes",
            size_of_val(&iam.write(Proven::for_a_test(&step)))
        );
        assert!(size_of_val(&iam.role(&name)) < 2_000, "{} bytes", size_of_val(&iam.role(&name)));
    }

    #[tokio::test(start_paused = true)]
    async fn writes_wait_for_their_turn() {
        let iam = iam("http://127.0.0.1:9", Rates { read: 0.0, write: 20.0 });
        let begin = Instant::now();
        for _ in 0..30 {
            iam.turn().await;
        }
        // Ten go at once, twenty more at 4/s and slowly faster.
        assert!(begin.elapsed() > Duration::from_secs(4), "{:?}", begin.elapsed());
    }

    #[tokio::test]
    async fn an_endpoint_that_does_not_answer_is_one_sentence() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let closed = format!("http://{}", listener.local_addr().unwrap());
        drop(listener);
        for (endpoint, words) in [
            (closed.as_str(), "not reachable: Connection refused (os error 111)"),
            ("http://no-such-host.invalid", "not reachable: failed to lookup address information"),
        ] {
            let iam = iam(endpoint, Rates { read: 1_000.0, write: 1_000.0 });
            let error = iam.role(&"x".into()).await.unwrap_err();
            assert_eq!(error.class, IamErrorClass::Unreachable);
            assert!(error.message.starts_with(words), "{}", error.message);
            let detail = error.message.strip_prefix("not reachable: ").unwrap();
            assert!(!detail.contains(['{', '"']) && detail.len() < 80, "{}", error.message);
        }
    }

    #[tokio::test]
    async fn a_throttled_call_slows_its_account_down() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let _ = stream.read(&mut [0; 8192]).unwrap();
            let body = "<ErrorResponse><Error><Type>Sender</Type><Code>Throttling</Code>\
                        <Message>Rate \
                        exceeded</Message></Error><RequestId>1</RequestId></ErrorResponse>";
            let head = format!(
                "HTTP/1.1 400 Bad Request\r\nx-amzn-requestid: 1\r\ndate: Wed, 25 Nov 2026 \
                 16:56:02 GMT\r\ncontent-length: \
                 {}\r\nconnection: close\r\n\r\n",
                body.len()
            );
            stream.write_all(format!("{head}{body}").as_bytes()).unwrap();
        });
        let iam = iam(&endpoint, Rates { read: 1_000.0, write: 1_000.0 });
        let before = iam.paces.rate(false);
        let error = iam.role(&"x".into()).await.unwrap_err();
        server.join().unwrap();
        assert_eq!((error.action, error.class), ("GetRole", IamErrorClass::Throttled));
        assert_eq!(error.request_id.as_deref(), Some("1"));
        let told: jiff::Timestamp = "2026-11-25T16:56:02Z".parse().unwrap();
        assert!(iam.time().is_some_and(|now| now >= told), "an error tells the time too");
        let text = iam.meter.metrics().text();
        for line in [
            r#"rolewright_aws_calls_total{account="123456789012",action="GetRole",outcome="throttled"} 1"#,
            r#"rolewright_aws_throttles_total{account="123456789012",action="GetRole"} 1"#,
            r#"rolewright_aws_call_duration_seconds_count{account="123456789012",action="GetRole"} 1"#,
        ] {
            assert!(text.contains(line), "{line}: {text}");
        }
        assert!(iam.paces.rate(false) < before * 0.9, "{} after {before}", iam.paces.rate(false));
    }

    /// Answers one request with this.
    pub(super) fn answers(
        status: &'static str,
        body: Vec<u8>,
    ) -> (String, std::thread::JoinHandle<()>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let _ = stream.read(&mut [0; 8192]).unwrap();
            let length = body.len();
            let head = format!(
                "HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n"
            );
            stream.write_all(head.as_bytes()).unwrap();
            let _ = stream.write_all(&body); // a reader that has enough goes away
        });
        (endpoint, server)
    }

    /// What the controller makes of such an answer to `GetRole`.
    async fn read_of(status: &'static str, body: impl Into<Vec<u8>>) -> (IamErrorClass, String) {
        let (endpoint, server) = answers(status, body.into());
        let iam = iam(&endpoint, Rates { read: 0.0, write: 0.0 });
        let error = iam.role(&"x".into()).await.unwrap_err();
        server.join().unwrap();
        (error.class, error.message)
    }

    #[tokio::test]
    async fn what_is_no_answer_of_aws_is_told_with_its_status_and_kind() {
        let html = "<!DOCTYPE html><html><body><h1>Service Unavailable</h1></body></html>";
        for (status, body, class, kind) in [
            ("503 Service Unavailable", html, IamErrorClass::ServerError, "an HTML page"),
            ("502 Bad Gateway", "", IamErrorClass::ServerError, "an empty body"),
            ("429 Too Many", r#"{"message":"slow"}"#, IamErrorClass::Throttled, "JSON"),
            ("407 Proxy", "who are you?", IamErrorClass::Unknown, "something else than XML"),
        ] {
            let number = status.split(' ').next().unwrap();
            let sentence = format!("HTTP {number} with {kind}, which is not an answer of AWS");
            assert_eq!(read_of(status, body).await, (class, sentence));
        }
        // "Done" is believed of nobody else.
        let (class, message) = read_of("200 OK", html).await;
        assert!(class.outcome_unknown());
        assert_eq!(message, "HTTP 200 with an HTML page, which is not an answer of AWS");
    }

    #[tokio::test]
    async fn a_write_is_done_when_aws_says_so_and_not_when_a_proxy_does() {
        let (endpoint, server) = answers("200 OK", b"<html>Please sign in</html>".to_vec());
        let iam = iam(&endpoint, Rates { read: 0.0, write: 0.0 });
        let role = RoleKey { account: AccountId::NONE, name: "x".into() };
        let step = Step::new(role, Call::DeleteRole, Why::Deleted);
        let error = iam.write(Proven::for_a_test(&step)).await.unwrap_err();
        server.join().unwrap();
        assert!(error.class.outcome_unknown(), "{error}");
    }

    /// A whole answer to `GetRole`, with tags at its end.
    const ROLE: &str = "<GetRoleResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\">\
        <GetRoleResult><Role><Path>/</Path><RoleName>x</RoleName><RoleId>AROAX</RoleId>\
        <Arn>arn:aws:iam::123456789012:role/x</Arn><CreateDate>2026-01-01T00:00:00Z</CreateDate>\
        <Tags><member><Key>a</Key><Value>b</Value></member></Tags></Role></GetRoleResult>\
        <ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></GetRoleResponse>";

    #[tokio::test]
    async fn an_answer_that_ends_before_its_xml_does_is_an_error() {
        let (endpoint, server) = answers("200 OK", ROLE.as_bytes().to_vec());
        let iam = iam(&endpoint, Rates { read: 0.0, write: 0.0 });
        let role = iam.role(&"x".into()).await.unwrap().unwrap();
        server.join().unwrap();
        assert_eq!(role.tags.len(), 1);
        for percent in [40, 60, 80, 99] {
            let cut = &ROLE[..ROLE.len() * percent / 100];
            let (class, message) = read_of("200 OK", cut).await;
            assert_eq!(message, "the answer ends before its XML does", "{percent} %");
            assert!(class.outcome_unknown());
        }
    }

    #[tokio::test]
    async fn an_answer_without_end_is_not_read() {
        let mut body = b"<GetRoleResponse>".to_vec();
        body.resize(17 * 1024 * 1024, b' ');
        let (_, message) = read_of("200 OK", body).await;
        assert_eq!(message, "the answer is longer than 16 MiB");
    }
}
