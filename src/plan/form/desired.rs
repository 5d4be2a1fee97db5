//! From a raw spec to a [`Desired`] in which nothing can be invalid, or to every problem at once. A
//! problem is one of form, when nothing can be compiled, or the spec is beyond the limits that the
//! operator set; the controller refuses both.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use jiff::Timestamp;

use crate::{
    api::{
        kinds::iam_role::{
            self, DeletionPolicy, DriftPolicy, IamRole, InlinePolicy, Mode, RoleSpec,
        },
        moment,
        resource::Resource,
        schema::SpecSchema,
    },
    plan::{
        decide::lifetime::{self, Lifetime},
        form::{
            form::Form,
            inline, last_applied,
            literal::Literal,
            observed::{Attachments, DEFAULT_SESSION, RolePart},
            trust,
        },
        scope::{
            identity::{self, Identity},
            limits::Limits,
            problems::{FORM, Problems, refused},
        },
    },
};
use iam::{
    finding::{Field, Finding},
    limits as quota, placeholder,
    policy::{Policy, Work},
    tag::{self, Tags},
    text::node::Node,
};

/// Facets that we keep alone; the others may be added to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exclusive {
    /// Attachments.
    pub attached: bool,
    /// Inline policies.
    pub inline: bool,
    /// Tags.
    pub tags: bool,
}

/// What AWS is to have, resolved and valid.
#[derive(Clone, Debug, PartialEq)]
pub struct Desired {
    /// Which role.
    pub identity: Identity,
    /// What is compared with AWS.
    pub form: Form<Policy>,
    /// What is not.
    pub terms: Terms,
}

/// What is to be done with a role, beside its form.
#[derive(Clone, Debug, PartialEq)]
pub struct Terms {
    /// What we keep alone.
    pub exclusive: Exclusive,
    /// When it ends.
    pub lifetime: Lifetime,
    /// What a deletion of the resource does.
    pub deletion: DeletionPolicy,
    /// What drift leads to.
    pub drift: DriftPolicy,
    /// Service accounts that get the role's ARN as an annotation, in Kubernetes.
    pub annotate: BTreeSet<String>,
    /// What is allowed and may still surprise, field by field. For people only.
    pub warnings: Vec<Finding>,
    /// Documents that had another reading before.
    pub literal: Literal,
    /// The resource has changed: tag keys are written in its letters. IAM, which tells keys apart
    /// without letter case, need not keep them, so that nothing else asks for it.
    pub respell: bool,
}

impl Desired {
    /// True when an item of a set, named by its part, is desired. What is no item always is.
    #[must_use]
    pub fn wants(&self, part: &RolePart) -> bool {
        match part {
            RolePart::Attachment(arn) => self.form.attached.contains(arn),
            RolePart::Inline(name) => self.form.inline.contains_key(name),
            RolePart::Tag(key) => self.form.tags.contains_key(key),
            RolePart::Role | RolePart::Trust | RolePart::Boundary | RolePart::Attributes => true,
        }
    }
}

/// Turns a resource into what is desired in AWS.
///
/// # Errors
/// Every problem at once, each with its field path and the remedy.
pub fn desired(resource: &Resource, limits: &Limits) -> Result<Desired, Vec<Finding>> {
    let (desired, beyond) = compile(resource, limits)?;
    if beyond.is_empty() { Ok(desired) } else { Err(beyond) }
}

/// Turns a resource into what it asks for, and into what of that is beyond the operator's limits: a
/// role may be made of it only if nothing is.
///
/// # Errors
/// Every problem at once, also those with limits, when one of them keeps the resource from being
/// compiled.
pub fn compile(
    resource: &Resource,
    limits: &Limits,
) -> Result<(Desired, Vec<Finding>), Vec<Finding>> {
    let node = identity::read_spec(&resource.spec).map_err(|problem| vec![problem])?;
    let mut shape = match SpecSchema::of::<IamRole>() {
        Ok(schema) => schema.problems(&node),
        Err(error) => vec![refused(FORM, "/spec", error.to_string(), "")],
    };
    shape.extend(last_applied::nulls(resource.last_applied.as_deref()));
    if !shape.is_empty() {
        return Err(shape);
    }
    let spec: RoleSpec = serde_json::from_str(&resource.spec)
        .map_err(|error| vec![refused(FORM, "/spec", format!("can't be read: {error}"), "")])?;
    let identity = identity::identify(resource, Some(&node), limits);
    let mut check = Compiling {
        limits,
        problems: identity::scope_problems(&identity, resource, &node, limits),
        literal: Literal::default(),
    };

    let max_session = check.session(spec.max_session_duration.as_deref());
    let boundary = check.boundary(spec.permissions_boundary.as_deref());
    let trust = trust::compile(&spec.trust, &resource.key.namespace, limits, &mut check.problems);
    if let Some((former, replaced)) = trust.before {
        check.literal.add(RolePart::Trust, former, replaced);
    }
    let form = Form {
        description: spec.description.clone().filter(|text| !text.is_empty()),
        max_session,
        boundary,
        trust: trust.policy,
        attached: check.attached(spec.permissions.as_ref()),
        inline: check.inline(spec.permissions.as_ref(), &node),
        tags: check.tags(spec.tags.as_ref(), &identity),
    };
    check.may_stay(&spec);
    let terms = Terms {
        exclusive: exclusive(spec.management),
        lifetime: check.bounded_lifetime(spec.lifetime.as_ref(), resource.created),
        deletion: spec.deletion_policy.unwrap_or(limits.default_deletion),
        drift: spec.drift_policy.unwrap_or(DriftPolicy::Correct),
        annotate: trust.annotate,
        warnings: trust.warnings,
        literal: check.literal,
        respell: false,
    };
    let desired = Desired { identity, form, terms };
    check.problems.conclude().map(|beyond| (desired, beyond))
}

fn exclusive(management: Option<iam_role::Management>) -> Exclusive {
    let management = management.unwrap_or_default();
    let is = |mode: Option<Mode>, default: Mode| mode.unwrap_or(default) == Mode::Exclusive;
    Exclusive {
        attached: is(management.managed_policies, Mode::Exclusive),
        inline: is(management.inline_policies, Mode::Exclusive),
        tags: is(management.tags, Mode::Additive),
    }
}

fn as_seconds(bound: Duration) -> i64 {
    i64::try_from(bound.as_secs()).unwrap_or(i64::MAX)
}

struct Compiling<'a> {
    limits: &'a Limits,
    problems: Problems,
    literal: Literal,
}

impl Compiling<'_> {
    fn session(&mut self, text: Option<&str>) -> i32 {
        let Some(text) = text else { return DEFAULT_SESSION };
        let field = Field::of("/spec/maxSessionDuration");
        let seconds = match lifetime::parse_duration(text) {
            Ok(duration) => duration.as_secs(),
            Err(wrong) => {
                self.problems.forms([wrong.within(&field)]);
                return DEFAULT_SESSION;
            }
        };
        let allowed = |seconds: &i32| {
            u32::try_from(*seconds).is_ok_and(|seconds| quota::SESSION_SECONDS.contains(&seconds))
        };
        let Some(seconds) = i32::try_from(seconds).ok().filter(allowed) else {
            self.problems.form(&field, "must be between 1h and 12h", "");
            return DEFAULT_SESSION;
        };
        if let Some(bound) =
            self.limits.max_session.filter(|bound| i64::from(seconds) > as_seconds(*bound))
        {
            let most = lifetime::in_units(bound);
            self.problems.limit(
                &field,
                format!("may be at most {most} here (--max-session)"),
                "shorten it",
            );
        }
        seconds
    }

    fn boundary(&mut self, text: Option<&str>) -> Option<String> {
        let field = "/spec/permissionsBoundary";
        let given = text.map(|text| self.arn(text, field));
        if let Some(arn) = self.limits.operators_boundary() {
            if given.as_ref().is_some_and(|given| *given != arn) {
                self.problems.limit(
                    field,
                    format!("must be {arn} here, as the operator decided"),
                    "leave it out",
                );
            }
            return given.or(Some(arn));
        }
        let given = given?;
        if !self.limits.may_be_boundary(&given) {
            self.problems.limit(
                field,
                format!("must be a policy of account {} or of AWS", self.limits.account.id),
                "change the ARN",
            );
        }
        Some(given)
    }

    /// An ARN with its placeholders replaced.
    fn arn(&mut self, text: &str, field: impl Into<Field>) -> String {
        placeholder::fill(text, &self.limits.account).unwrap_or_else(|brace| {
            self.problems.forms([brace.at(field)]);
            text.to_owned()
        })
    }

    fn attached(&mut self, permissions: Option<&iam_role::Permissions>) -> Attachments {
        let mut attached = Attachments::new();
        let list = permissions
            .and_then(|permissions| permissions.managed_policies.as_deref())
            .unwrap_or_default();
        for (index, text) in list.iter().enumerate() {
            let field = Field::of("/spec/permissions/managedPolicies").item(index);
            let arn = self.arn(text, &field);
            if !self.limits.managed_policies.allows(&arn, &self.limits.account) {
                self.problems.limit(
                    &field,
                    format!(
                        "{arn} is not among the policies that the operator allows \
                        (--managed-policies)"
                    ),
                    "remove it",
                );
            }
            if self.limits.own.boundary.as_ref() == Some(&arn) {
                self.problems.form(
                    &field,
                    format!("{arn} is the boundary of the controller's own role"),
                    "remove it",
                );
            }
            if !attached.insert(arn) {
                self.problems.form(&field, "is listed twice", "remove one");
            }
        }
        attached
    }

    fn inline(
        &mut self,
        permissions: Option<&iam_role::Permissions>,
        spec: &Node,
    ) -> BTreeMap<String, Policy> {
        let mut policies = BTreeMap::new();
        let list = permissions
            .and_then(|permissions| permissions.inline_policies.as_deref())
            .unwrap_or_default();
        let nodes = spec
            .get("permissions")
            .and_then(|node| node.get("inlinePolicies"))
            .and_then(Node::as_array);
        for (index, inline) in list.iter().enumerate() {
            let field = Field::of("/spec/permissions/inlinePolicies").item(index);
            if inline.name.to_ascii_lowercase().starts_with("rolewright-") {
                self.problems.form(
                    field.name("name"),
                    "names that begin with rolewright- are reserved",
                    "rename it",
                );
            }
            let document =
                nodes.and_then(|nodes| nodes.get(index)).and_then(|node| node.get("document"));
            let account = &self.limits.account;
            let compiled = inline::compile(inline, document, &field, account, &mut self.literal);
            let policy = match compiled {
                Ok(policy) => policy,
                Err(found) => {
                    self.problems.forms(found);
                    continue;
                }
            };
            if policies.insert(inline.name.clone(), policy).is_some() {
                self.problems.form(
                    field.name("name"),
                    "is used twice",
                    "inline policies are told apart by name, rename one",
                );
            }
        }
        let size: usize = policies.values().map(Policy::size).sum();
        // One budget for all, as IAM has one quota for all.
        let work = Work::new();
        let costly = |inline: &&InlinePolicy| {
            let policy = policies.get(&inline.name);
            policy.is_some_and(|policy| {
                policy.canonical_within(&self.limits.account, &work).is_large()
            })
        };
        if size > quota::INLINE_TOTAL {
            self.problems.form(
                "/spec/permissions/inlinePolicies",
                format!("have {size} characters together, and IAM allows {}", quota::INLINE_TOTAL),
                "move a part to a managed policy",
            );
        } else if let Some(index) = list.iter().position(|inline| costly(&inline)) {
            let field = Field::of("/spec/permissions/inlinePolicies").item(index);
            self.problems.costly(field);
        }
        policies
    }

    fn tags(&mut self, given: Option<&BTreeMap<String, String>>, identity: &Identity) -> Tags {
        let (mut tags, mut folded) = (Tags::new(), BTreeSet::new());
        for (key, value) in given.into_iter().flatten() {
            let field = Field::of("/spec/tags").name(key);
            if let Err(error) = tag::check(key, value) {
                self.problems.form(&field, error.to_string(), "");
            }
            tags.insert(key.as_str().into(), value.clone());
            if !folded.insert(tag::widely_folded(key)) {
                self.problems.form(
                    &field,
                    "differs from another key only in letter case, which IAM ignores",
                    "remove one",
                );
            }
        }
        // What the resource says comes first, whatever letters its key is written in.
        for (key, value) in &self.limits.default_tags {
            tags.entry(key.clone()).or_insert_with(|| value.clone());
        }
        tags.extend(identity.tags());
        tags
    }

    /// What keeps a role past its end, or past its resource, may be forbidden.
    fn may_stay(&mut self, spec: &RoleSpec) {
        let Limits { allow_observe, allow_retain, .. } = *self.limits;
        if spec.drift_policy == Some(DriftPolicy::Observe) && !allow_observe {
            let message = "Observe is not allowed here (--allow-observe)";
            self.problems.limit("/spec/driftPolicy", message, "leave it out");
        }
        if spec.deletion_policy == Some(DeletionPolicy::Retain) && !allow_retain {
            let message = "Retain is not allowed here (--allow-retain)";
            self.problems.limit("/spec/deletionPolicy", message, "leave it out");
        }
    }

    /// The lifetime, held to the operator's bound. A moment is measured from the creation of the
    /// resource, as a ttl is.
    fn bounded_lifetime(
        &mut self,
        given: Option<&iam_role::Lifetime>,
        created: Timestamp,
    ) -> Lifetime {
        let before = self.problems.count();
        let lifetime = self.lifetime(given, created);
        let Some(bound) = self.limits.max_lifetime.filter(|_| self.problems.count() == before)
        else {
            return lifetime;
        };
        let (field, length) = match lifetime {
            Lifetime::Forever => ("/spec/lifetime", None),
            Lifetime::Until(end) => {
                ("/spec/lifetime/expiresAt", Some(end.duration_since(created).as_secs()))
            }
            Lifetime::For(ttl) => ("/spec/lifetime/ttl", Some(ttl.as_secs())),
        };
        if length.is_none_or(|seconds| seconds > as_seconds(bound)) {
            let bound = lifetime::in_units(bound);
            if length.is_none() {
                let remedy = format!("set ttl to at most {bound}");
                self.problems.limit(field, "is required here (--max-lifetime)", remedy);
            } else {
                let message = format!(
                    "may be at most {bound} after the creation of the resource (--max-lifetime)"
                );
                self.problems.limit(field, message, "shorten it");
            }
        }
        lifetime
    }

    fn lifetime(&mut self, given: Option<&iam_role::Lifetime>, created: Timestamp) -> Lifetime {
        let Some(given) = given else { return Lifetime::Forever };
        match (given.expires_at.as_deref(), given.ttl.as_deref()) {
            (Some(text), None) => {
                if let Some(end) = moment::parse(text) {
                    Lifetime::Until(end)
                } else {
                    self.problems.form(
                        "/spec/lifetime/expiresAt",
                        "is no RFC 3339 time",
                        "write it as 2027-03-31T00:00:00Z",
                    );
                    Lifetime::Forever
                }
            }
            (None, Some(text)) => match lifetime::parse_duration(text) {
                Ok(ttl) if created.checked_add(ttl).is_err() => {
                    self.problems.form(
                        "/spec/lifetime/ttl",
                        "ends after the year 9999, which is never",
                        "shorten it, or leave spec.lifetime out for a role without an end",
                    );
                    Lifetime::Forever
                }
                Ok(ttl) if ttl.is_positive() => Lifetime::For(ttl),
                Ok(_) => {
                    self.problems.form("/spec/lifetime/ttl", "must be longer than zero", "");
                    Lifetime::Forever
                }
                Err(wrong) => {
                    self.problems.forms([wrong.within(&Field::of("/spec/lifetime/ttl"))]);
                    Lifetime::Forever
                }
            },
            _ => {
                self.problems.form("/spec/lifetime", "set exactly one of expiresAt and ttl", "");
                Lifetime::Forever
            }
        }
    }
}
