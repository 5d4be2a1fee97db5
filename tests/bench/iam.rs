//! The project's strict fake of IAM (`src/sim`), served over HTTP in IAM's query protocol: for the
//! calls that the controller makes, and fast enough that a load is the controller's and not the
//! stand-in's. Answers have the shape of the IAM API reference.

use iam::{
    role::{RoleKey, RoleName},
    tag::{TagKey, Tags},
};
use rolewright::plan::decide::ownership::Proven;
use std::{
    collections::BTreeMap,
    fmt::Write as _,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use axum::{Router, extract::State, http::StatusCode};
use iam::policy::decode::decode;
use rolewright::{
    plan::{
        failure::{IamError, IamErrorClass},
        form::observed::{RoleDetail, RoleRecord},
        steps::step::{Call, Step, Why},
    },
    ports::{IamRead, IamWrite},
    sim::{
        Crash, FakeIam, Quotas, VirtualClock,
        world::{ACCOUNT, PARTITION},
    },
};
use tokio::{net::TcpListener, runtime::Runtime};

use crate::policy::encoded;

/// One account behind a port of its own; it ends with this value.
pub struct Server {
    account: Served,
    port: u16,
    /// Its threads.
    _runtime: Runtime,
}

#[derive(Clone)]
struct Served {
    iam: FakeIam,
    latency_ms: Arc<AtomicU64>,
}

impl Server {
    /// An empty account with pages of 100 roles.
    pub fn start() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let iam = runtime.block_on(async {
            FakeIam::new(ACCOUNT, PARTITION, VirtualClock::new(), Crash::new())
        });
        iam.quotas(Quotas { roles: 100_000, ..Quotas::default() });
        let account = Served { iam, latency_ms: Arc::default() };
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let port = listener.local_addr().unwrap().port();
        let router = Router::new().fallback(answer).with_state(account.clone());
        runtime.spawn(async move { axum::serve(listener, router).await });
        Self { account, port, _runtime: runtime }
    }

    /// What `AWS_ENDPOINT_URL` is to be.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Each answer comes so much later.
    pub fn latency(&self, latency: Duration) {
        self.account
            .latency_ms
            .store(u64::try_from(latency.as_millis()).unwrap(), Ordering::Relaxed);
    }

    /// Forgets the calls so far.
    pub fn reset(&self) {
        self.account.iam.clear_log();
    }

    /// Calls since the reset, by action.
    pub fn calls(&self) -> BTreeMap<&'static str, usize> {
        let mut calls = BTreeMap::new();
        for call in self.account.iam.calls() {
            *calls.entry(call.action).or_default() += 1;
        }
        calls
    }

    /// Calls since the reset that change something.
    pub fn writes(&self) -> usize {
        self.account.iam.writes().len()
    }

    /// Roles in the account.
    pub fn roles(&self) -> usize {
        self.account.iam.roles().len()
    }
}

async fn answer(State(served): State<Served>, body: String) -> (StatusCode, String) {
    let latency = Duration::from_millis(served.latency_ms.load(Ordering::Relaxed));
    if !latency.is_zero() {
        tokio::time::sleep(latency).await;
    }
    let request = Request::parse(&body);
    let action = request.text("Action");
    match result(&served.iam, &request).await {
        Ok(result) => {
            let xml = format!(
                "<{action}Response><{action}Result>{result}</{action}Result>\
                 <ResponseMetadata><RequestId>bench</RequestId></ResponseMetadata>\
         </{action}Response>"
            );
            (StatusCode::OK, xml)
        }
        Err(Refused { status, code, message }) => {
            let message = escaped(&message);
            let xml = format!(
                "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code>\
             <Message>{message}</Message></Error>\
                 <RequestId>bench</RequestId></ErrorResponse>"
            );
            (status, xml)
        }
    }
}

struct Refused {
    status: StatusCode,
    code: &'static str,
    message: String,
}

impl From<IamError> for Refused {
    fn from(error: IamError) -> Self {
        let (status, code) = match error.class {
            IamErrorClass::NotFound => (StatusCode::NOT_FOUND, "NoSuchEntity"),
            IamErrorClass::AlreadyExists => (StatusCode::CONFLICT, "EntityAlreadyExists"),
            IamErrorClass::DeleteConflict => (StatusCode::CONFLICT, "DeleteConflict"),
            IamErrorClass::LimitExceeded => (StatusCode::CONFLICT, "LimitExceeded"),
            IamErrorClass::OtherAccount => (StatusCode::FORBIDDEN, "InvalidClientTokenId"),
            IamErrorClass::Protected => (StatusCode::BAD_REQUEST, "UnmodifiableEntity"),
            _ => (StatusCode::BAD_REQUEST, "ValidationError"),
        };
        Self { status, code, message: error.message }
    }
}

/// The parameters as sent.
struct Request(BTreeMap<String, String>);

impl Request {
    fn parse(body: &str) -> Self {
        // `decode` is for documents and takes what begins with a brace for plain: no parameter on
        // the wire does.
        let plain = |text: &str| decode(text).expect("the SDK encodes well").into_owned();
        let pairs = body.split('&').filter_map(|pair| pair.split_once('='));
        Self(pairs.map(|(key, value)| (plain(key), plain(value))).collect())
    }

    fn get(&self, key: &str) -> Option<String> {
        self.0.get(key).cloned()
    }

    fn text(&self, key: &str) -> String {
        self.get(key).unwrap_or_default()
    }

    fn tags(&self) -> Tags {
        let tag = |number: usize| {
            let key = self.get(&format!("Tags.member.{number}.Key"))?;
            Some((key.into(), self.text(&format!("Tags.member.{number}.Value"))))
        };
        (1..).map_while(tag).collect()
    }

    fn write(&self) -> Option<Call> {
        Some(match self.text("Action").as_str() {
            "CreateRole" => Call::CreateRole {
                path: self.get("Path").unwrap_or_else(|| "/".to_owned()),
                trust: self.text("AssumeRolePolicyDocument"),
                description: self.get("Description"),
                max_session: self.session(),
                boundary: self.get("PermissionsBoundary"),
                tags: self.tags(),
            },
            "UpdateAssumeRolePolicy" => Call::UpdateTrust { trust: self.text("PolicyDocument") },
            "UpdateRole" => Call::UpdateRole {
                description: self.text("Description"),
                max_session: self.session(),
            },
            "PutRolePermissionsBoundary" => {
                Call::PutBoundary { arn: self.text("PermissionsBoundary") }
            }
            "DeleteRolePermissionsBoundary" => Call::DeleteBoundary,
            "PutRolePolicy" => Call::PutInline {
                name: self.text("PolicyName"),
                document: self.text("PolicyDocument"),
            },
            "DeleteRolePolicy" => Call::DeleteInline { name: self.text("PolicyName") },
            "AttachRolePolicy" => Call::Attach { arn: self.text("PolicyArn") },
            "DetachRolePolicy" => Call::Detach { arn: self.text("PolicyArn") },
            "TagRole" => Call::Tag { tags: self.tags() },
            "UntagRole" => Call::Untag {
                keys: (1..)
                    .map_while(|number: usize| self.get(&format!("TagKeys.member.{number}")))
                    .map(TagKey::from)
                    .collect(),
            },
            "DeleteRole" => Call::DeleteRole,
            _ => return None,
        })
    }

    fn session(&self) -> i32 {
        self.get("MaxSessionDuration")
            .map_or(3_600, |seconds| seconds.parse().expect("a number of seconds"))
    }
}

/// What stands between the tags of the result.
async fn result(iam: &FakeIam, request: &Request) -> Result<String, Refused> {
    let name = RoleName::from(request.text("RoleName"));
    let absent = || Refused {
        status: StatusCode::NOT_FOUND,
        code: "NoSuchEntity",
        message: format!("The role with name {name} cannot be found."),
    };
    if let Some(call) = request.write() {
        let role = RoleKey { account: ACCOUNT.parse().expect("an id"), name: name.clone() };
        let step = Step::new(role, call, Why::Missing);
        let role = iam.write(Proven::for_a_test(&step)).await?.role;
        return Ok(role.as_ref().map(role_element).unwrap_or_default());
    }
    let mut xml = String::new();
    match request.text("Action").as_str() {
        "GetCallerIdentity" => {
            element(&mut xml, "Arn", &format!("arn:{PARTITION}:iam::{ACCOUNT}:user/controller"));
            element(&mut xml, "Account", ACCOUNT);
        }
        "GetRole" => xml = role_element(&iam.role(&name).await?.ok_or_else(absent)?),
        "ListAttachedRolePolicies" => {
            let attached = iam.attached(&name).await?.ok_or_else(absent)?;
            list(&mut xml, "AttachedPolicies", attached, |xml, arn| attached_policy(xml, &arn));
        }
        "ListRolePolicies" => {
            let names = iam.inline_names(&name).await?.ok_or_else(absent)?;
            list(&mut xml, "PolicyNames", names, |xml, name| xml.push_str(&escaped(&name)));
        }
        "GetRolePolicy" => {
            let policy = request.text("PolicyName");
            let document = iam.inline(&name, &policy).await?.ok_or_else(absent)?;
            element(&mut xml, "RoleName", name.as_str());
            inline_policy(&mut xml, &policy, &document);
        }
        "GetPolicy" => {
            let arn = request.text("PolicyArn");
            let version = iam.default_version(&arn).await?.ok_or_else(absent)?;
            xml.push_str("<Policy>");
            element(&mut xml, "Arn", &arn);
            element(&mut xml, "DefaultVersionId", &version);
            xml.push_str("</Policy>");
        }
        "GetPolicyVersion" => {
            let (arn, version) = (request.text("PolicyArn"), request.text("VersionId"));
            let text = iam.policy_version(&arn, &version).await?.ok_or_else(absent)?;
            xml.push_str("<PolicyVersion>");
            element(&mut xml, "Document", &text);
            element(&mut xml, "VersionId", &version);
            xml.push_str("</PolicyVersion>");
        }
        "ListInstanceProfilesForRole" => {
            let names = iam.instance_profiles(&name).await?.ok_or_else(absent)?;
            list(&mut xml, "InstanceProfiles", names, |xml, name| {
                element(xml, "InstanceProfileName", &name);
            });
        }
        "GetAccountAuthorizationDetails" => {
            let page = iam.details(request.get("Marker")).await?;
            list(&mut xml, "RoleDetailList", page.items, |xml, item| detail(xml, &item));
            marker(&mut xml, page.next);
        }
        "ListRoles" => {
            let page = iam.summaries(request.get("Marker")).await?;
            list(&mut xml, "Roles", page.items, |xml, item| {
                // AWS shows the trust here too, and neither boundary nor tags.
                let whole = iam.get(item.name.as_str()).expect("it is listed");
                let role = RoleRecord {
                    arn: iam.role_arn(&whole.path, item.name.as_str()),
                    name: item.name,
                    path: whole.path,
                    role_id: item.role_id,
                    created: whole.created,
                    trust: encoded(&whole.trust),
                    description: item.description,
                    max_session: item.max_session,
                    boundary: None,
                    tags: BTreeMap::new(),
                };
                record(xml, &role);
            });
            marker(&mut xml, page.next);
        }
        other => {
            let message = format!("the bench knows no action {other}");
            return Err(Refused {
                status: StatusCode::BAD_REQUEST,
                code: "InvalidAction",
                message,
            });
        }
    }
    Ok(xml)
}

fn role_element(role: &RoleRecord) -> String {
    let mut xml = "<Role>".to_owned();
    record(&mut xml, role);
    xml.push_str("</Role>");
    xml
}

fn record(xml: &mut String, role: &RoleRecord) {
    element(xml, "Path", &role.path);
    element(xml, "RoleName", role.name.as_str());
    element(xml, "RoleId", role.role_id.as_str());
    element(xml, "Arn", &role.arn);
    element(xml, "CreateDate", &role.created.to_string());
    element(xml, "AssumeRolePolicyDocument", &role.trust);
    if let Some(description) = &role.description {
        element(xml, "Description", description);
    }
    if let Some(seconds) = role.max_session {
        element(xml, "MaxSessionDuration", &seconds.to_string());
    }
    if let Some(arn) = &role.boundary {
        xml.push_str("<PermissionsBoundary>");
        element(xml, "PermissionsBoundaryType", "Policy");
        element(xml, "PermissionsBoundaryArn", arn);
        xml.push_str("</PermissionsBoundary>");
    }
    if !role.tags.is_empty() {
        list(xml, "Tags", &role.tags, |xml, (key, value)| {
            element(xml, "Key", key.as_str());
            element(xml, "Value", value);
        });
    }
}

fn detail(xml: &mut String, role: &RoleDetail) {
    record(xml, &role.role);
    list(xml, "AttachedManagedPolicies", &role.attached, |xml, arn| attached_policy(xml, arn));
    list(xml, "RolePolicyList", &role.inline, |xml, (name, document)| {
        inline_policy(xml, name, document);
    });
}

fn attached_policy(xml: &mut String, arn: &str) {
    element(xml, "PolicyName", arn.rsplit('/').next().unwrap_or_default());
    element(xml, "PolicyArn", arn);
}

fn inline_policy(xml: &mut String, name: &str, document: &str) {
    element(xml, "PolicyName", name);
    element(xml, "PolicyDocument", document);
}

fn list<T>(
    xml: &mut String,
    name: &str,
    items: impl IntoIterator<Item = T>,
    mut one: impl FnMut(&mut String, T),
) {
    let _ = write!(xml, "<{name}>");
    for item in items {
        xml.push_str("<member>");
        one(xml, item);
        xml.push_str("</member>");
    }
    let _ = write!(xml, "</{name}>");
}

fn marker(xml: &mut String, next: Option<String>) {
    element(xml, "IsTruncated", if next.is_some() { "true" } else { "false" });
    if let Some(next) = next {
        element(xml, "Marker", &next);
    }
}

fn element(xml: &mut String, name: &str, text: &str) {
    let _ = write!(xml, "<{name}>{}</{name}>", escaped(text));
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
