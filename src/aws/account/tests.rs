//! Credentials that change while the process runs, against a server that tells accounts apart by
//! the access key, as AWS does.

use std::{
    io::{Read, Write},
    net::TcpListener,
};

use iam::role::RoleKey;

use super::*;
use crate::{
    aws::{
        AwsIam,
        tests::{answers, client},
    },
    pace::Rates,
    plan::{
        decide::ownership::Proven,
        steps::step::{Call, Step, Why},
    },
    ports::{IamRead, IamWrite},
};

const OURS: &str = "123456789012";
const OTHERS: &str = "210987654321";
const RATES: Rates = Rates { read: 0.0, write: 0.0 };

/// A client, and what arrives: action and access key. The first key is known to be ours.
struct Asked {
    iam: AwsIam,
    endpoint: String,
    log: Arc<Mutex<Vec<String>>>,
}

/// One role `x` is in each account; keys that begin with `other` are of the other one.
fn answer(action: &str, key: &str, role: &str) -> (u16, String) {
    let account = if key.starts_with("other") { OTHERS } else { OURS };
    let shown = format!(
        "<RoleName>x</RoleName><RoleId>AROA</RoleId><Path>/</Path>\
         <Arn>arn:aws:iam::{account}:role/x</Arn><CreateDate>2026-01-01T00:00:00Z</CreateDate>"
    );
    let result = match action {
        "GetCallerIdentity" => format!(
            "<Arn>arn:aws:iam::{account}:user/u</Arn><UserId>u</UserId><Account>{account}</Account>"
        ),
        "GetRole" if role == "x" => format!("<Role>{shown}</Role>"),
        "GetRole" => {
            let error = "<ErrorResponse><Error><Code>NoSuchEntity</Code><Message>no</Message>\
                         </Error><RequestId>1</RequestId></ErrorResponse>";
            return (404, error.to_owned());
        }
        "GetAccountAuthorizationDetails" => format!(
            "<IsTruncated>false</IsTruncated><RoleDetailList><member>{shown}</member>\
             </RoleDetailList>"
        ),
        _ => String::new(),
    };
    let body =
        format!("<{action}Response><{action}Result>{result}</{action}Result></{action}Response>");
    (200, body)
}

fn parameter<'a>(request: &'a str, name: &str) -> &'a str {
    let begin = request.split(&format!("{name}=")).nth(1).unwrap_or_default();
    begin.split('&').next().unwrap_or_default()
}

fn asked() -> Asked {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let log: Arc<Mutex<Vec<String>>> = Arc::default();
    let seen = Arc::clone(&log);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { continue };
            let mut request = String::new();
            let mut buffer = [0; 16_384];
            // Headers and body can come apart.
            while parameter(&request, "Version").is_empty() {
                match stream.read(&mut buffer) {
                    Ok(length) if length > 0 => {
                        request.push_str(&String::from_utf8_lossy(&buffer[..length]));
                    }
                    _ => break,
                }
            }
            let key = access_key(&request);
            let body = request.split("\r\n\r\n").nth(1).unwrap_or_default();
            let action = parameter(body, "Action");
            seen.lock().unwrap().push(format!("{action} {key}"));
            let (status, text) = answer(action, key, parameter(body, "RoleName"));
            let head = format!(
                "HTTP/1.1 {status} X\r\ncontent-type: text/xml\r\ncontent-length: {}\r\n\
                 connection: close\r\n\r\n",
                text.len()
            );
            let _ = stream.write_all(format!("{head}{text}").as_bytes());
        }
    });
    Asked { iam: client(&endpoint, RATES, "key"), endpoint, log }
}

impl Asked {
    /// From here on the credentials have this key.
    fn change(&mut self, key: &str) {
        let AwsIam { client, guard, .. } = client(&self.endpoint, RATES, key);
        let keys = Arc::clone(&self.iam.guard.keys);
        let guard = AccountGuard {
            account: guard.account,
            keys,
            sts: guard.sts.clone(),
            asking: tokio::sync::Mutex::default(),
        };
        (self.iam.client, self.iam.guard) = (client, Arc::new(guard));
    }

    /// What arrived since the last time.
    fn arrived(&self) -> Vec<String> {
        std::mem::take(&mut *self.log.lock().unwrap())
    }

    async fn delete(&self) -> Result<(), IamError> {
        let role = RoleKey { account: OURS.parse().unwrap(), name: "x".into() };
        let step = Step::new(role, Call::DeleteRole, Why::Deleted);
        self.iam.write(Proven::for_a_test(&step)).await.map(drop)
    }

    fn gauge(&self) -> bool {
        let line = format!("rolewright_other_account{{account=\"{OURS}\"}} 1");
        self.iam.meter.metrics().text().contains(&line)
    }
}

#[tokio::test]
async fn credentials_that_stay_cost_no_call() {
    let asked = asked();
    assert!(asked.iam.role(&"x".into()).await.unwrap().is_some());
    assert_eq!(asked.iam.role(&"y".into()).await, Ok(None));
    asked.delete().await.unwrap();
    assert_eq!(asked.arrived(), ["GetRole key", "GetRole key", "DeleteRole key"]);
}

#[tokio::test]
async fn new_credentials_of_the_account_are_proven_by_the_next_page() {
    let mut asked = asked();
    asked.change("key2");
    assert_eq!(asked.iam.details(None).await.unwrap().items.len(), 1);
    asked.delete().await.unwrap();
    assert_eq!(asked.iam.role(&"y".into()).await, Ok(None));
    let calls = ["GetAccountAuthorizationDetails key2", "DeleteRole key2", "GetRole key2"];
    assert_eq!(asked.arrived(), calls);
}

#[tokio::test]
async fn new_credentials_of_which_nothing_is_known_are_asked_for_once_before_a_write() {
    let mut asked = asked();
    asked.change("key2");
    asked.delete().await.unwrap();
    asked.delete().await.unwrap();
    assert_eq!(asked.arrived(), ["GetCallerIdentity key2", "DeleteRole key2", "DeleteRole key2"]);
    asked.change("key3");
    assert_eq!(asked.iam.role(&"y".into()).await, Ok(None));
    assert_eq!(asked.iam.role(&"y".into()).await, Ok(None));
    assert_eq!(
        asked.arrived(),
        ["GetRole key3", "GetCallerIdentity key3", "GetRole key3"],
        "no such role, and in which account"
    );
}

#[tokio::test]
async fn credentials_of_another_account_write_nothing_and_show_nothing() {
    let mut asked = asked();
    let other = |error: IamError| {
        assert_eq!(error.class, IamErrorClass::OtherAccount, "{error}");
        assert!(error.message.contains(OTHERS) && error.message.contains(OURS), "{error}");
    };
    asked.change("other1");
    other(asked.delete().await.unwrap_err());
    assert_eq!(asked.arrived(), ["GetCallerIdentity other1"]);
    assert!(asked.gauge());
    // What is known of a key is not asked again.
    other(asked.delete().await.unwrap_err());
    other(asked.iam.role(&"x".into()).await.unwrap_err());
    other(asked.iam.role(&"y".into()).await.unwrap_err());
    assert_eq!(asked.arrived(), [""; 0]);
    // An ARN tells as well, of a role and in a page, and so does the absence of a role.
    asked.change("other2");
    other(asked.iam.role(&"x".into()).await.unwrap_err());
    asked.change("other3");
    other(asked.iam.details(None).await.unwrap_err());
    asked.change("other4");
    other(asked.iam.role(&"y".into()).await.unwrap_err());
    other(asked.delete().await.unwrap_err());
    assert_eq!(
        asked.arrived(),
        [
            "GetRole other2",
            "GetAccountAuthorizationDetails other3",
            "GetRole other4",
            "GetCallerIdentity other4"
        ]
    );
    asked.change("other5");
    other(asked.iam.inline_names(&"x".into()).await.unwrap_err());
    assert_eq!(asked.arrived(), ["ListRolePolicies other5", "GetCallerIdentity other5"]);
    // Back again.
    asked.change("key6");
    assert!(asked.iam.role(&"x".into()).await.unwrap().is_some());
    asked.delete().await.unwrap();
    assert_eq!(asked.arrived(), ["GetRole key6", "DeleteRole key6"]);
    assert!(!asked.gauge());
}

#[test]
fn a_few_keys_are_remembered_and_old_ones_forgotten() {
    let keys = Keys::default();
    assert!(keys.note("k0", Verdict::Ours) && !keys.note("k0", Verdict::Ours));
    for number in 1..=KEPT {
        keys.note(&format!("k{number}"), Verdict::Other(OTHERS.into()));
    }
    assert_eq!((keys.verdict("k0"), keys.verdict("k1").is_some()), (None, true));
}

#[test]
fn the_key_stands_in_the_header() {
    let header = "AWS4-HMAC-SHA256 Credential=AKIA1/20261130/us-east-1/iam/aws4_request, \
                  SignedHeaders=host, Signature=0";
    assert_eq!((access_key(header), access_key("")), ("AKIA1", ""));
}

#[tokio::test]
async fn a_proxy_in_the_place_of_sts_is_told_with_what_to_check() {
    let (endpoint, server) = answers("403 Forbidden", b"<html>Not here</html>".to_vec());
    let error = whose(&client(&endpoint, RATES, "key").guard.sts).await.unwrap_err();
    server.join().unwrap();
    assert_eq!(
        error,
        "HTTP 403 with an HTML page, which is not an answer of AWS: \
         check AWS_REGION, AWS_ENDPOINT_URL and the network"
    );
}
