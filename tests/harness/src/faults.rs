//! Faults of the stand-in: which calls go wrong, and how.

use serde_json::{Map, Value, json};

#[derive(Clone, Copy, Debug)]
pub enum FaultKind {
    /// 400 `Throttling`.
    Throttle,
    /// 403 `AccessDenied`.
    AccessDenied,
    /// 500 `ServiceFailure`.
    ServerError,
    /// The connection closes without an answer, and nothing was done.
    Unreachable,
    /// The call is carried out, then the connection closes without an answer.
    LostAnswer,
    /// The call is carried out; its answer waits for `Standin::release`, at most so many seconds.
    Withhold { seconds: u32 },
    /// The call is carried out this much later.
    Delay { milliseconds: u32 },
}

/// A rule. The first that fits a call and is not used up decides.
#[derive(Clone, Debug)]
pub struct Fault(Map<String, Value>);

impl Fault {
    /// Fits every call of this action (`GetRole`); `*` fits every action of IAM. Without `times` it
    /// never ends.
    pub fn on(action: &str, kind: FaultKind) -> Fault {
        let mut rule = Map::new();
        rule.insert("action".to_owned(), json!(action));
        let name = match kind {
            FaultKind::Throttle => "throttle",
            FaultKind::AccessDenied => "access_denied",
            FaultKind::ServerError => "server_error",
            FaultKind::Unreachable => "unreachable",
            FaultKind::LostAnswer => "lost_answer",
            FaultKind::Withhold { seconds } => {
                rule.insert("seconds".to_owned(), json!(seconds));
                "withhold"
            }
            FaultKind::Delay { milliseconds } => {
                rule.insert("delay_ms".to_owned(), json!(milliseconds));
                "delay"
            }
        };
        rule.insert("kind".to_owned(), json!(name));
        Fault(rule)
    }

    /// Fits every call of IAM that changes something.
    pub fn on_writes(kind: FaultKind) -> Fault {
        Fault::on("*", kind).with("write", json!(true))
    }

    /// Calls of another service than IAM: `sts`.
    pub fn service(self, name: &str) -> Fault {
        self.with("service", json!(name))
    }

    /// Only calls that name this role, in exactly this case.
    pub fn role(self, name: &str) -> Fault {
        self.with("role", json!(name))
    }

    /// Only calls with this access key: `Account::controller_key` or `Account::admin_key`.
    pub fn only(self, access_key: &str) -> Fault {
        self.with("access_key", json!(access_key))
    }

    /// Only calls with this parameter, as it is on the wire: `PolicyName`, `Tags.member.1.Key`.
    pub fn param(self, name: &str, value: &str) -> Fault {
        let mut params =
            self.0.get("params").and_then(Value::as_object).cloned().unwrap_or_default();
        params.insert(name.to_owned(), json!(value));
        self.with("params", Value::Object(params))
    }

    /// Goes wrong so many times, then no more.
    pub fn times(self, count: u32) -> Fault {
        self.with("count", json!(count))
    }

    /// So many fitting calls pass before the first goes wrong.
    pub fn after(self, calls: u32) -> Fault {
        self.with("after", json!(calls))
    }

    /// Another code and message, in the HTTP status of its kind.
    pub fn says(self, code: &str, message: &str) -> Fault {
        self.with("code", json!(code)).with("message", json!(message))
    }

    fn with(mut self, field: &str, value: Value) -> Fault {
        self.0.insert(field.to_owned(), value);
        self
    }

    pub fn to_json(&self) -> Value {
        Value::Object(self.0.clone())
    }
}
