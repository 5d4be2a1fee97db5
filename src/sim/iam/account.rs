//! One AWS account and what its writing calls do. Source: the IAM API reference, and "IAM and AWS
//! STS quotas" in the user guide.

use iam::tag::Tags;
use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::plan::{
    failure::IamErrorClass,
    form::observed::RoleRecord,
    steps::step::{Call, Step},
};
use crate::sim::iam::{
    role::{History, RoleState},
    rules::{self as rules, DocumentKind, Refusal},
    trust::Principals,
};

/// Quotas of an account; the defaults are AWS's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quotas {
    /// Roles in the account.
    pub roles: usize,
    /// Managed policies on one role.
    pub attachments: usize,
    /// Tags on one role.
    pub tags: usize,
    /// Characters of all inline policies of one role, without white space.
    pub inline: usize,
    /// Characters of a trust policy, without white space.
    pub trust: usize,
}

impl Default for Quotas {
    fn default() -> Self {
        Self { roles: 1_000, attachments: 10, tags: 50, inline: 10_240, trust: 2_048 }
    }
}

/// Policies that AWS itself provides, without `arn:PARTITION:iam::aws:policy/`.
const AWS_MANAGED: [&str; 12] = [
    "AWSDenyAll",
    "AdministratorAccess",
    "AmazonS3FullAccess",
    "AmazonS3ReadOnlyAccess",
    "IAMFullAccess",
    "IAMReadOnlyAccess",
    "PowerUserAccess",
    "ReadOnlyAccess",
    "SecurityAudit",
    "aws-service-role/AmazonEKSServiceRolePolicy",
    "job-function/ViewOnlyAccess",
    "service-role/AWSLambdaBasicExecutionRole",
];

/// A document about everything; what most policies hold matters to no test.
pub(super) fn everything(effect: &str) -> String {
    let statement = format!(r#"{{"Effect":"{effect}","Action":"*","Resource":"*"}}"#);
    format!(r#"{{"Version":"2012-10-17","Statement":[{statement}]}}"#)
}

#[derive(Clone, Debug)]
pub(super) struct Account {
    pub(super) id: String,
    pub(super) partition: String,
    /// By name in lower case.
    pub(super) roles: BTreeMap<String, History>,
    /// All managed policies that exist, by ARN: the documents of their versions, the last of which
    /// counts.
    pub(super) policies: BTreeMap<String, Vec<String>>,
    /// Client ids of each OIDC provider, by its ARN.
    pub(super) oidc_providers: BTreeMap<String, Vec<String>>,
    /// ARNs.
    pub(super) saml_providers: BTreeSet<String>,
    pub(super) principals: Principals,
    pub(super) quotas: Quotas,
}

impl Account {
    pub(super) fn new(id: &str, partition: &str) -> Self {
        Self {
            id: id.to_owned(),
            partition: partition.to_owned(),
            roles: BTreeMap::new(),
            policies: AWS_MANAGED
                .iter()
                .map(|name| {
                    let effect = if *name == "AWSDenyAll" { "Deny" } else { "Allow" };
                    (format!("arn:{partition}:iam::aws:policy/{name}"), vec![everything(effect)])
                })
                .collect(),
            oidc_providers: BTreeMap::new(),
            saml_providers: BTreeSet::new(),
            principals: Principals::new(id, partition),
            quotas: Quotas::default(),
        }
    }

    pub(super) fn role_arn(&self, path: &str, name: &str) -> String {
        format!("arn:{}:iam::{}:role{path}{name}", self.partition, self.id)
    }

    pub(super) fn current(&self, name: &str) -> Option<&RoleState> {
        self.roles.get(&name.to_lowercase()).and_then(History::current).map(AsRef::as_ref)
    }

    /// Puts a role in place of whatever had its name.
    pub(super) fn put(&mut self, role: RoleState, now: Timestamp) {
        self.forget(&role.name, now);
        let arn = self.role_arn(&role.path, &role.name);
        self.principals.insert(&role.role_id, &arn);
        self.roles.entry(role.name.to_lowercase()).or_default().set(now, Some(role));
    }

    /// Removes a role, if there is one.
    pub(super) fn forget(&mut self, name: &str, now: Timestamp) {
        if let Some(arn) = self.current(name).map(|role| self.role_arn(&role.path, &role.name)) {
            self.principals.remove(&arn);
            self.roles.entry(name.to_lowercase()).or_default().set(now, None);
        }
    }

    /// Changes a role that exists and is not a service's own.
    pub(super) fn change<T>(
        &mut self,
        name: &str,
        now: Timestamp,
        change: impl FnOnce(&mut RoleState) -> Result<T, Refusal>,
    ) -> Result<T, Refusal> {
        let mut role = self.modifiable(name)?.clone();
        let answer = change(&mut role)?;
        if self.current(name) != Some(&role) {
            self.roles.entry(name.to_lowercase()).or_default().set(now, Some(role));
        }
        Ok(answer)
    }

    fn modifiable(&self, name: &str) -> Result<&RoleState, Refusal> {
        let role = self.current(name).ok_or_else(|| Refusal::no_role(name))?;
        if rules::reserved(&role.path) {
            let message = format!(
                "Cannot perform the operation on the protected role '{}' - this role is only \
                 modifiable by AWS",
                role.name
            );
            return Err(Refusal::new(IamErrorClass::Protected, message));
        }
        Ok(role)
    }

    /// One writing call. Only `CreateRole` answers with a role.
    pub(super) fn write(
        &mut self,
        step: &Step,
        now: Timestamp,
    ) -> Result<Option<RoleRecord>, Refusal> {
        let Step { role, call, .. } = step;
        if role.account != *self.id {
            // The credentials say which account a call goes to: the caller has mixed them up.
            return Err(Refusal::invalid("the step is for another account"));
        }
        let role = role.name.as_str();
        rules::role_name(role)?;
        let done = match call {
            Call::CreateRole { .. } => return self.create(role, call, now).map(Some),
            Call::UpdateTrust { trust } => self.update_trust(role, trust, now),
            Call::UpdateRole { description, max_session } => {
                rules::description(description)?;
                rules::max_session(*max_session)?;
                self.change(role, now, |role| {
                    role.description = Some(description.clone()).filter(|text| !text.is_empty());
                    role.max_session = *max_session;
                    Ok(())
                })
            }
            Call::PutBoundary { arn } => {
                self.modifiable(role)?;
                self.managed_policy(arn)?;
                self.change(role, now, |role| {
                    role.boundary = Some(arn.clone());
                    Ok(())
                })
            }
            Call::PutInline { name, document } => self.put_inline(role, name, document, now),
            Call::Attach { arn } => self.attach(role, arn, now),
            Call::Tag { tags } => self.tag(role, &stored(tags), now),
            Call::DeleteBoundary
            | Call::DeleteInline { .. }
            | Call::Detach { .. }
            | Call::Untag { .. }
            | Call::DeleteRole => self.remove(role, call, now),
        };
        done.map(|()| None)
    }

    fn create(&mut self, name: &str, call: &Call, now: Timestamp) -> Result<RoleRecord, Refusal> {
        let Call::CreateRole { path, trust, description, max_session, boundary, tags } = call
        else {
            return Err(Refusal::invalid("not a CreateRole"));
        };
        let tags = &stored(tags);
        rules::path(path)?;
        if rules::reserved(path) {
            return Err(Refusal::invalid(
                "InvalidInput: the path prefix is only for roles of AWS services",
            ));
        }
        rules::description(description.as_deref().unwrap_or_default())?;
        rules::max_session(*max_session)?;
        rules::tags(tags)?;
        let policy = rules::document(trust, DocumentKind::Trust)?;
        if self.current(name).is_some() {
            return Err(Refusal::new(
                IamErrorClass::AlreadyExists,
                format!("Role with name {name} already exists."),
            ));
        }
        let roles = self.roles.values().filter(|history| history.current().is_some()).count();
        within(roles + 1, self.quotas.roles, "RolesPerAccount")?;
        within(tags.len(), self.quotas.tags, "TagsPerRole")?;
        within(rules::size(trust), self.quotas.trust, "ACLSizePerRole")?;
        if let Some(arn) = boundary {
            self.managed_policy(arn)?;
        }
        let stored = self.principals.store_trust(policy, false)?;
        let role = RoleState {
            path: path.clone(),
            role_id: self.principals.new_id("AROA"),
            created: now,
            trust: stored,
            description: description.clone().filter(|text| !text.is_empty()),
            max_session: *max_session,
            boundary: boundary.clone(),
            tags: tags.clone(),
            ..RoleState::new(name)
        };
        // The answer echoes the trust as sent, and names neither description nor session duration.
        let answer = RoleRecord {
            name: role.name.as_str().into(),
            path: role.path.clone(),
            arn: self.role_arn(&role.path, &role.name),
            role_id: role.role_id.as_str().into(),
            created: now,
            trust: rules::percent_encode(trust),
            description: None,
            max_session: None,
            boundary: role.boundary.clone(),
            tags: role.shown_tags(),
        };
        self.put(role, now);
        Ok(answer)
    }

    fn update_trust(&mut self, name: &str, trust: &str, now: Timestamp) -> Result<(), Refusal> {
        let policy = rules::document(trust, DocumentKind::Trust)?;
        self.modifiable(name)?;
        within(rules::size(trust), self.quotas.trust, "ACLSizePerRole")?;
        let stored = self.principals.store_trust(policy, false)?;
        self.change(name, now, |role| {
            role.trust = stored;
            Ok(())
        })
    }

    fn put_inline(
        &mut self,
        role: &str,
        name: &str,
        document: &str,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        rules::policy_name(name)?;
        rules::document(document, DocumentKind::Inline)?;
        let quota = self.quotas.inline;
        self.change(role, now, |role| {
            role.inline.insert(name.to_owned(), document.to_owned());
            if role.inline.values().map(|text| rules::size(text)).sum::<usize>() > quota {
                let message =
                    format!("Maximum policy size of {quota} bytes exceeded for role {}", role.name);
                return Err(Refusal::new(IamErrorClass::LimitExceeded, message));
            }
            Ok(())
        })
    }

    fn attach(&mut self, role: &str, arn: &str, now: Timestamp) -> Result<(), Refusal> {
        rules::policy_arn(arn)?;
        self.modifiable(role)?;
        self.managed_policy(arn)?;
        if arn.contains(":policy/aws-service-role/") {
            return Err(Refusal::invalid(format!(
                "PolicyNotAttachable: Cannot attach a Service Role Policy to a Customer Role: {arn}"
            )));
        }
        let quota = self.quotas.attachments;
        self.change(role, now, |role| {
            role.attached.insert(arn.to_owned());
            within(role.attached.len(), quota, "PoliciesPerRole")
        })
    }

    fn tag(
        &mut self,
        role: &str,
        tags: &BTreeMap<String, String>,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        rules::tags(tags)?;
        let quota = self.quotas.tags;
        self.change(role, now, |role| {
            for (key, value) in tags {
                role.set_tag(key, value);
            }
            within(role.tags.len(), quota, "TagsPerRole")
        })
    }

    /// Calls that take something away: what is absent already is done, as the port promises.
    fn remove(&mut self, name: &str, call: &Call, now: Timestamp) -> Result<(), Refusal> {
        match call {
            Call::DeleteInline { name } => rules::policy_name(name)?,
            Call::Detach { arn } => rules::policy_arn(arn)?,
            Call::Untag { keys } if keys.is_empty() || keys.len() > 50 => {
                return Err(Refusal::invalid("1 to 50 tag keys are allowed"));
            }
            Call::Untag { keys } => keys.iter().try_for_each(|key| rules::tag_key(key.as_str()))?,
            _ => {}
        }
        if self.current(name).is_none() {
            return Ok(());
        }
        if *call == Call::DeleteRole {
            return self.delete(name, now);
        }
        self.change(name, now, |role| {
            match call {
                Call::DeleteBoundary => role.boundary = None,
                Call::DeleteInline { name } => role.inline.retain(|stored, _| stored != name),
                Call::Detach { arn } => role.attached.retain(|stored| stored != arn),
                Call::Untag { keys } => keys.iter().for_each(|key| role.remove_tag(key.as_str())),
                _ => {}
            }
            Ok(())
        })
    }

    fn delete(&mut self, name: &str, now: Timestamp) -> Result<(), Refusal> {
        let role = self.modifiable(name)?;
        let blocker = if !role.attached.is_empty() {
            "must detach all policies first."
        } else if !role.inline.is_empty() {
            "must delete policies first."
        } else if !role.instance_profiles.is_empty() {
            "must remove roles from instance profile first."
        } else {
            self.forget(name, now);
            return Ok(());
        };
        Err(Refusal::new(IamErrorClass::DeleteConflict, format!("Cannot delete entity, {blocker}")))
    }

    fn managed_policy(&self, arn: &str) -> Result<(), Refusal> {
        rules::policy_arn(arn)?;
        if self.policies.contains_key(arn) {
            return Ok(());
        }
        Err(Refusal::new(
            IamErrorClass::NotFound,
            format!("Policy {arn} does not exist or is not attachable."),
        ))
    }
}

/// Tags as the fake keeps them.
fn stored(tags: &Tags) -> BTreeMap<String, String> {
    tags.iter().map(|(key, value)| (key.as_str().to_owned(), value.clone())).collect()
}

fn within(count: usize, quota: usize, name: &str) -> Result<(), Refusal> {
    if count <= quota {
        return Ok(());
    }
    Err(Refusal::new(
        IamErrorClass::LimitExceeded,
        format!("Cannot exceed quota for {name}: {quota}"),
    ))
}
