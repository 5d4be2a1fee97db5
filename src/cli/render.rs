//! `rolewright render`: the same engine as the controller's, without a cluster or an account.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Display,
    path::PathBuf,
};

use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::{
    api::{self, ResourceKey, resource::Resource},
    cli::{
        input::{self, Input},
        manifests::{self, Manifest},
        output::{Answer, Format, OutputArgs},
    },
    plan::{
        form::desired::{Desired, compile},
        scope::limits::Limits,
    },
    settings::ScopeArgs,
    yaml,
};
use iam::{
    account::{Account, AccountError, AccountId, is_account_id},
    arn::IamArn,
    finding::{Field, Finding},
    limits as quota,
    policy::Policy,
    tag,
};

/// What stands below the flags.
pub const HELP: &str = "\
A folder stands for all .yaml, .yml and .json files in and below it. Quote \
patterns that the shell should not expand: * and ? match in names, ** matches \
folders. Documents of other kinds are skipped, and lists are expanded.

Without --account, the account of --permissions-boundary is used, or else an \
example. A manifest that can be judged only with the account asks for it.

Exit code: 0 the controller would accept everything; 1 it would reject \
something by its limits; 2 something can't be read or is invalid.";

/// Arguments of `render`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Manifests, YAML or JSON: files, folders or patterns. - is standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    scope: ScopeArgs,
    /// Account to render for [default: that of --permissions-boundary, else 123456789012]
    #[arg(long, env = "ROLEWRIGHT_ACCOUNT", value_name = "ID")]
    account: Option<String>,
    /// Partition of the account
    #[arg(long, env = "ROLEWRIGHT_PARTITION", value_name = "PARTITION", default_value = "aws")]
    partition: String,
    #[command(flatten)]
    output: OutputArgs,
}

/// The account of an example.
const EXAMPLE: &str = "123456789012";

/// What AWS would get, in the order in which a reader asks for it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Rendering {
    resource: String,
    role_name: String,
    path: String,
    arn: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    max_session_seconds: i32,
    #[serde(skip_serializing_if = "Option::is_none")]
    permissions_boundary: Option<String>,
    trust_policy: Value,
    managed_policies: Vec<String>,
    inline_policies: BTreeMap<String, Value>,
    tags: BTreeMap<String, String>,
    sizes: Sizes,
}

/// Characters without white space, of as many as an account takes at first.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Sizes {
    trust_policy: Size,
    inline_policies: Size,
}

struct Size {
    characters: usize,
    quota: usize,
}

/// For people; a program takes the number, see [`Printed`].
impl Serialize for Size {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { characters, quota } = self;
        serializer.collect_str(&format_args!("{characters} of {quota} characters"))
    }
}

/// The same for programs.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Printed<'a> {
    namespace: &'a str,
    name: &'a str,
    role_name: &'a str,
    path: &'a str,
    arn: &'a str,
    description: Option<&'a str>,
    max_session_seconds: i32,
    trust: &'a Value,
    inline_policies: &'a BTreeMap<String, Value>,
    managed_policies: &'a [String],
    permissions_boundary: Option<&'a str>,
    tags: &'a BTreeMap<String, String>,
    sizes: PrintedSizes,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PrintedSizes {
    trust: usize,
    inline_policies: usize,
}

/// Renders every manifest that can be compiled, and what is beyond the controller's limits too,
/// with a word on standard error.
///
/// # Errors
/// A setting that can't be used.
pub fn run(args: &Args, input: &mut Input<'_>) -> anyhow::Result<Answer> {
    // The operator's boundary lies in the account.
    let boundary = IamArn::parse(&args.scope.permissions_boundary).ok();
    let named = boundary.map(|arn| arn.account).filter(|id| is_account_id(id));
    let known = args.account.clone().or(named);
    let account = match Account::new(known.as_deref().unwrap_or(EXAMPLE), &args.partition) {
        Err(AccountError::Id(id)) => {
            anyhow::bail!("--account {id:?} is no account id: write its 12 digits")
        }
        Err(error) => anyhow::bail!("--partition: {error}"),
        Ok(account) => account,
    };
    let limits = args.scope.limits(&account)?;
    let mut rendered = Rendered { example: known.is_none(), ..Rendered::default() };
    for source in input.read_all(&args.files, input::MANIFESTS) {
        match source {
            Ok(source) => rendered.take(&source.name, &source.text, &limits),
            Err(error) => rendered.fail(error.to_string()),
        }
    }
    if rendered.roles.is_empty() && !rendered.failed {
        rendered.fail(format!(
            "no IAMRole (apiVersion {}/{}) in what was given",
            api::GROUP,
            api::VERSION
        ));
    }
    rendered.answer(args.output.format)
}

#[derive(Default)]
struct Rendered {
    roles: Vec<(ResourceKey, Rendering)>,
    notes: Vec<String>,
    /// Nobody has named the account.
    example: bool,
    /// The controller would refuse something that is printed.
    refused: bool,
    failed: bool,
}

impl Rendered {
    fn fail(&mut self, note: String) {
        self.notes.push(note);
        self.failed = true;
    }

    fn take(&mut self, file: &str, text: &str, limits: &Limits) {
        let manifests = match manifests::read(text) {
            Ok(manifests) => manifests,
            Err(error) => return self.fail(format!("{file}: {error}")),
        };
        for manifest in manifests {
            match manifest {
                Manifest::Resource(resource) => self.role(file, &resource, limits),
                Manifest::Mistaken(words) => self.fail(format!("{file}: {words}")),
                Manifest::Foreign(words) => self.notes.push(format!("{file}: {words}")),
            }
        }
    }

    fn role(&mut self, file: &str, resource: &Resource, limits: &Limits) {
        let key = &resource.key;
        let named = |finding: &dyn Display| format!("{file}: IAMRole {key}: {finding}");
        let compiled = compile(resource, limits);
        if self.example
            && let Some(field) = depends_on_the_account(resource, limits, &compiled)
        {
            return self.fail(named(&format!(
                "{field}: whether this is allowed depends on the account of the role: name it with \
                 --account"
            )));
        }
        let (desired, beyond) = match compiled {
            Ok(compiled) => compiled,
            Err(problems) => {
                self.failed = true;
                return self.notes.extend(problems.iter().map(|problem| named(problem)));
            }
        };
        let warnings = desired.terms.warnings.iter().map(|w| named(&format!("warning: {w}")));
        let mut refused: Vec<String> =
            beyond.iter().map(|problem| format!("the controller would refuse {problem}")).collect();
        refused.extend(self.another(&desired));
        self.refused |= !refused.is_empty();
        self.notes.extend(warnings);
        self.notes.extend(refused.iter().map(|words| named(words)));
        match render(&desired, limits) {
            Ok(rendering) => self.roles.push((key.clone(), rendering)),
            Err(error) => self.fail(named(&error)),
        }
    }

    /// What is wrong beside an earlier resource. IAM's names ignore the case.
    fn another(&self, desired: &Desired) -> Option<String> {
        let identity = &desired.identity;
        let same = |(_, role): &&(ResourceKey, Rendering)| {
            role.role_name.eq_ignore_ascii_case(identity.name.as_str())
        };
        let (key, _) = self.roles.iter().find(same)?;
        Some(if *key == identity.key {
            "is given twice: in the cluster, the later one replaces the earlier".into()
        } else {
            format!(
                "the controller would refuse one of two resources for the role {}: IAMRole {key} \
                 asks for it too",
                identity.name
            )
        })
    }

    fn answer(self, format: Format) -> anyhow::Result<Answer> {
        let code = if self.failed { 2 } else { u8::from(self.refused) };
        let answer = match format {
            Format::Json => Answer::json(
                &self.roles.iter().map(|(key, role)| role.for_programs(key)).collect::<Vec<_>>(),
                code,
            )?,
            Format::Text => {
                let mut text = String::new();
                for (_, role) in &self.roles {
                    text.push_str("---\n");
                    text.push_str(&yaml::to_string(role)?);
                }
                Answer::new(text, code)
            }
        };
        Ok(Answer { notes: self.notes, ..answer })
    }
}

type Compiled = Result<(Desired, Vec<Finding>), Vec<Finding>>;

/// A field whose verdict would be another in another account: tried in each that the spec names,
/// and in one that it does not.
fn depends_on_the_account(
    resource: &Resource,
    limits: &Limits,
    compiled: &Compiled,
) -> Option<Field> {
    let verdict = |compiled: &Compiled| -> Vec<Field> {
        let (Ok((_, findings)) | Err(findings)) = compiled;
        findings.iter().map(|finding| finding.field().clone()).collect()
    };
    let here = verdict(compiled);
    let named = resource.spec.split(|c: char| !c.is_ascii_digit());
    let named: BTreeSet<AccountId> = named.filter_map(|digits| digits.parse().ok()).collect();
    std::iter::once(AccountId::NONE).chain(named).find_map(|id| {
        let account = Account { id, ..limits.account.clone() };
        let there = verdict(&compile(resource, &Limits { account, ..limits.clone() }));
        let differs = |a: &[Field], b: &[Field]| a.iter().find(|field| !b.contains(field)).cloned();
        differs(&here, &there).or_else(|| differs(&there, &here))
    })
}

impl Rendering {
    fn for_programs<'a>(&'a self, key: &'a ResourceKey) -> Printed<'a> {
        Printed {
            namespace: &key.namespace,
            name: &key.name,
            role_name: &self.role_name,
            path: &self.path,
            arn: &self.arn,
            description: self.description.as_deref(),
            max_session_seconds: self.max_session_seconds,
            trust: &self.trust_policy,
            inline_policies: &self.inline_policies,
            managed_policies: &self.managed_policies,
            permissions_boundary: self.permissions_boundary.as_deref(),
            tags: &self.tags,
            sizes: PrintedSizes {
                trust: self.sizes.trust_policy.characters,
                inline_policies: self.sizes.inline_policies.characters,
            },
        }
    }
}

fn render(desired: &Desired, limits: &Limits) -> anyhow::Result<Rendering> {
    let document = |policy: &Policy| serde_json::from_str::<Value>(&policy.to_json());
    let mut tags: BTreeMap<String, String> =
        desired.form.tags.iter().map(|(key, value)| (key.to_string(), value.clone())).collect();
    tags.insert(tag::UID.into(), "<uid>".into());
    Ok(Rendering {
        resource: desired.identity.key.to_string(),
        role_name: desired.identity.name.to_string(),
        path: desired.identity.path.clone(),
        arn: format!(
            "arn:{}:iam::{}:role{}{}",
            limits.account.partition,
            limits.account.id,
            desired.identity.path,
            desired.identity.name
        ),
        description: desired.form.description.clone(),
        max_session_seconds: desired.form.max_session,
        permissions_boundary: desired.form.boundary.clone(),
        trust_policy: document(&desired.form.trust)?,
        managed_policies: desired.form.attached.iter().cloned().collect(),
        inline_policies: desired
            .form
            .inline
            .iter()
            .map(|(name, policy)| Ok((name.clone(), document(policy)?)))
            .collect::<Result<_, serde_json::Error>>()?,
        tags,
        sizes: Sizes {
            trust_policy: Size {
                characters: desired.form.trust.size(),
                quota: quota::TRUST_DEFAULT,
            },
            inline_policies: Size {
                characters: desired.form.inline.values().map(Policy::size).sum(),
                quota: quota::INLINE_TOTAL,
            },
        },
    })
}

#[cfg(test)]
mod tests;
