//! The form of actions, resources and condition keys: what AWS refuses in every role, whatever the
//! names are. Names themselves are not looked up, because AWS adds some every week.
//!
//! Sources: the answers of `PutRolePolicy` to documents with one such mistake each, as moto records
//! them (`moto/iam/policy_validation.py`, 5.2.5), and IAM user guide, "IAM JSON policy elements:
//! Action" and "IAM JSON policy elements: Resource" (both read 2026-11-30).

use crate::account::is_partition;
use crate::nearest::nearest;
use crate::policy::parse::{NumberRule, Reader};
use crate::quote::shown;
use crate::text::{node::Node, pointer::Pointer};

/// What is wrong, and what to do.
type Words = (String, String);

/// With what the resource of an ARN of IAM begins.
const IAM_KINDS: [&str; 13] = [
    "user",
    "federated-user",
    "role",
    "group",
    "instance-profile",
    "mfa",
    "server-certificate",
    "policy",
    "sms-mfa",
    "saml-provider",
    "oidc-provider",
    "report",
    "access-report",
];

/// Resources of S3 that belong to a Region, by their beginning.
const S3_REGIONAL: [&str; 6] = [
    "accesspoint/",
    "job/",
    "storage-lens/",
    "storage-lens-group/",
    "access-grants/",
    "async-request/",
];

impl<'n> Reader<'n> {
    /// Patterns of actions.
    pub(super) fn actions(&mut self, node: &'n Node, at: &Pointer<'_>) -> Option<Vec<String>> {
        self.formed(node, at, "Action", action)
    }

    /// Patterns of ARNs.
    pub(super) fn arns(&mut self, node: &'n Node, at: &Pointer<'_>) -> Option<Vec<String>> {
        self.formed(node, at, "Resource", resource)
    }

    /// Whether the document is to be written: only then it has to pass AWS's checks.
    pub(super) fn is_to_be_written(&self) -> bool {
        self.desired() && self.numbers == NumberRule::ShortIntegers
    }

    /// Strings of a form.
    fn formed(
        &mut self,
        node: &'n Node,
        at: &Pointer<'_>,
        element: &str,
        wrong: fn(&str) -> Option<Words>,
    ) -> Option<Vec<String>> {
        let list = self.strings(node, at, element)?;
        if !self.is_to_be_written() {
            return Some(list);
        }
        for (index, text) in list.iter().enumerate() {
            if let Some(words) = wrong(text) {
                let item = at.item(index);
                self.impossible(if node.as_array().is_some() { &item } else { at }, || words);
            }
        }
        Some(list)
    }
}

/// What is wrong with a pattern of actions.
fn action(text: &str) -> Option<Words> {
    let words = |what: &str, remedy: &str| Some((format!("{} {what}", shown(text)), remedy.into()));
    let Some((service, name)) = text.split_once(':') else {
        let known = text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        return match text {
            "*" => None,
            service if known && !service.is_empty() => words(
                "names no service and action",
                &format!("write SERVICE:ACTION, such as {}:*", cut(service)),
            ),
            _ => words("names no service and action", "write SERVICE:ACTION, or *"),
        };
    };
    if name.contains(':') {
        return words("has more than one colon", "write SERVICE:ACTION");
    }
    let is_service = |b: u8| b.is_ascii_alphanumeric() || b"-.".contains(&b);
    if service != "*" && (service.is_empty() || !service.bytes().all(is_service)) {
        return words("names no service", "write the service without wildcards, or *");
    }
    if name.is_empty() {
        return words("names no action", "write SERVICE:ACTION, or SERVICE:* for all of them");
    }
    if name.contains(char::is_whitespace) {
        return words("holds a space", "write the name of the action without it");
    }
    None
}

/// What is wrong with a pattern of ARNs.
fn resource(text: &str) -> Option<Words> {
    const ARN: &str = "write arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE, or *";
    let words = |what: &str, remedy: &str| Some((format!("{} {what}", shown(text)), remedy.into()));
    if text == "*" {
        return None;
    }
    if let Some(path) = text.strip_prefix("s3://") {
        return words("is no ARN", &format!("write arn:aws:s3:::{}", cut(path)));
    }
    let fields = fields(text);
    let [start, partition, rest @ ..] = fields.as_slice() else { return words("is no ARN", ARN) };
    if *start != "arn" {
        return words("is no ARN", ARN);
    }
    let open = |field: &str| field.contains(['*', '?', '$']);
    if !open(partition) && !is_partition(partition) {
        return words("names no partition", "write aws, aws-cn or another that begins with aws");
    }
    let service = rest.first().copied().unwrap_or_default();
    if service.is_empty() {
        return words("names no service", ARN);
    }
    if service.contains(['*', '?']) {
        return words("has a wildcard for the service", "name the service");
    }
    let [_, region, _, resource] = rest else {
        let all = rest.last().is_some_and(|last| last.ends_with('*'));
        return if all { None } else { words("is no whole ARN", ARN) };
    };
    if resource.is_empty() {
        return words("names no resource", ARN);
    }
    let regional = !region.is_empty() && !open(region);
    match service {
        "s3" if regional && !may_be_regional(resource) => {
            words("names a Region, which buckets do not have", "leave it out: arn:aws:s3:::…")
        }
        "iam" if regional => words("names a Region, which IAM does not have", "leave it out"),
        "iam" => iam_resource(resource).and_then(|remedy| words("names nothing of IAM", &remedy)),
        _ => None,
    }
}

/// Whether a pattern can stand for a resource of S3 that belongs to a Region.
fn may_be_regional(resource: &str) -> bool {
    let literal = resource.split(['*', '?', '$']).next().unwrap_or_default();
    let open = literal.len() < resource.len();
    S3_REGIONAL
        .iter()
        .any(|begin| resource.starts_with(begin) || (open && begin.starts_with(literal)))
}

/// What to write instead of a resource that IAM has not. A kind that is not near a known one may be
/// new.
fn iam_resource(resource: &str) -> Option<String> {
    let (kind, _) = resource.split_once('/').unwrap_or((resource, ""));
    if kind.contains(['*', '?', '$']) {
        return None;
    }
    if !resource.contains('/') {
        return Some("write role/NAME, user/NAME or another, or *".into());
    }
    let near = nearest(kind, IAM_KINDS.into_iter()).filter(|near| *near != kind)?;
    (!IAM_KINDS.contains(&kind)).then(|| format!("write {near}/"))
}

/// The fields of an ARN, at most six. A colon inside a policy variable parts nothing.
fn fields(text: &str) -> Vec<&str> {
    let (mut fields, mut start, mut depth) = (Vec::new(), 0, 0_usize);
    let mut before = '\0';
    for (at, sign) in text.char_indices() {
        match sign {
            '{' if before == '$' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            ':' if depth == 0 && fields.len() < 5 => {
                fields.extend(text.get(start..at));
                start = at + 1;
            }
            _ => {}
        }
        before = sign;
    }
    fields.extend(text.get(start..));
    fields
}

/// What is wrong with the key of a condition.
pub(super) fn condition_key(key: &str) -> Option<Words> {
    let remedy = "write it with its service, such as aws:SourceAccount";
    (!key.contains(':'))
        .then(|| (format!("the key {} names no service", shown(key)), remedy.into()))
}

/// Text of a user in a remedy, at most as long as one in a message.
fn cut(text: &str) -> String {
    shown(text).trim_matches('"').to_owned()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use crate::policy::parse::{NumberRule, PolicyKind, Strictness};
    use crate::policy::{Policy, shape};
    use crate::text::{Text, node::Bounds};

    #[rstest]
    #[case("*", "")]
    #[case("s3:GetObject", "")]
    #[case("S3:get*", "")]
    #[case("*:*", "")]
    #[case("*:Get?bject", "")]
    #[case("vpc-lattice-svcs:Invoke", "")]
    #[case("s3", "names no service and action; write SERVICE:ACTION, such as s3:*")]
    #[case("getObject", "names no service and action; write SERVICE:ACTION, or *")]
    #[case("**", "names no service and action")]
    #[case("s3:*:Get", "has more than one colon")]
    #[case("s3*:Get", "names no service; write the service without wildcards")]
    #[case("a a:Get", "names no service")]
    #[case(":Get", "names no service")]
    #[case("s3:", "names no action")]
    #[case("s3:Get Object", "holds a space")]
    fn actions_have_a_service(#[case] text: &str, #[case] says: &str) {
        said(shape::action(text), says);
    }

    #[rstest]
    #[case("*", "")]
    #[case("arn:aws:s3:::b/*", "")]
    #[case("arn:aws:s3:::b:c", "")]
    #[case("arn:*:s3:::*", "")]
    #[case("arn:aws*:s3:::b", "")]
    #[case("arn:aws-eusc:s3:::b", "")]
    #[case("arn:aws:sqs:*", "")]
    #[case("arn:aws:logs:*:*:*", "")]
    #[case("arn:aws:s3:eu-west-2:123456789012:accesspoint/a", "")]
    #[case("arn:aws:s3:*:123456789012:b", "")]
    #[case("arn:aws:s3:eu-west-2:123456789012:*", "")]
    #[case("arn:aws:s3:eu-west-2:123456789012:access*", "")]
    #[case("arn:aws:iam::*:*", "")]
    #[case("arn:aws:iam::${aws:PrincipalAccount}:role/x", "")]
    #[case("arn:aws:iam::123456789012:r*", "")]
    #[case("arn:aws:iam::aws:policy/x", "")]
    #[case("arn:aws:iam::123456789012:passkey-thing/x", "")]
    #[case("arn:aws:s3:::${aws:username}/*", "")]
    #[case("myorg-bucket/*", "is no ARN; write arn:PARTITION")]
    #[case("s3://myorg/*", "is no ARN; write arn:aws:s3:::myorg/*")]
    #[case("**", "is no ARN")]
    #[case("foo:aws:s3:::b", "is no ARN")]
    #[case("${aws:username}", "is no ARN")]
    #[case("arn:foo:s3:::b", "names no partition")]
    #[case("arn::s3:::b", "names no partition")]
    #[case("arn:*", "names no service")]
    #[case("arn:aws", "names no service")]
    #[case("arn:aws::::b", "names no service")]
    #[case("arn:aws:*:::x", "has a wildcard for the service")]
    #[case("arn:aws:s3*:::x", "has a wildcard for the service")]
    #[case("arn:aws:s3", "is no whole ARN")]
    #[case("arn:aws:s3::b", "is no whole ARN")]
    #[case("arn:aws:s3:::", "names no resource")]
    #[case(
        "arn:aws:s3:eu-west-2:123456789012:myorg/*",
        "names a Region, which buckets do not have"
    )]
    #[case("arn:aws:iam:eu-west-2:123456789012:role/x", "names a Region, which IAM")]
    #[case("arn:aws:iam::123456789012:root", "names nothing of IAM; write role/NAME")]
    #[case("arn:aws:iam::123456789012:roles/x", "names nothing of IAM; write role/")]
    fn resources_are_arns(#[case] text: &str, #[case] says: &str) {
        said(shape::resource(text), says);
    }

    fn said(words: Option<(String, String)>, says: &str) {
        let said = words.map(|(message, remedy)| format!("{message}; {remedy}"));
        assert_eq!(said.is_some(), !says.is_empty(), "{said:?}");
        assert!(said.clone().unwrap_or_default().contains(says), "{said:?}");
    }

    #[test]
    fn each_has_its_place_and_what_is_only_looked_at_is_read() {
        let text = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","NotAction":["s3:*","s3"],
            "NotResource":"b/*","Condition":{"StringEquals":{"SourceAccount":"1"}}}]}"#;
        let node = Text::json(text, Bounds { bytes: 4096, depth: 16, values: 4096 }).unwrap().node;
        let rule = NumberRule::ShortIntegers;
        let found = Policy::from_node(&node, PolicyKind::Identity, rule).unwrap_err();
        let found: Vec<&str> = found.iter().map(crate::finding::Finding::pointer).collect();
        assert_eq!(
            found,
            [
                "/Statement/0/NotAction/1",
                "/Statement/0/NotResource",
                "/Statement/0/Condition/StringEquals/SourceAccount"
            ]
        );
        for strictness in [Strictness::Desired, Strictness::Observed] {
            Policy::read(text, PolicyKind::Identity, strictness).unwrap();
        }
    }

    #[test]
    fn hostile_text_is_cut() {
        for text in ["s".repeat(100_000), format!("s3://{}", "x".repeat(100_000))] {
            for (message, remedy) in
                [shape::action(&text), shape::resource(&text)].into_iter().flatten()
            {
                assert!(message.len() + remedy.len() < 400, "{message}");
            }
        }
    }
}
