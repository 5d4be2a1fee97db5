//! Reading IAM.

use aws_sdk_iam::types::{
    AttachedPermissionsBoundary, EntityType, Role, RoleDetail as SdkDetail, Tag,
};
use aws_smithy_types::DateTime;
use iam::role::RoleName;
use iam::tag::Tags;
use jiff::Timestamp;

use crate::{
    aws::{AwsIam, answer::Broken},
    plan::{
        failure::{IamError, IamErrorClass},
        form::{
            observed::{Attachments, Page, RoleDetail, RoleRecord, RoleSummary},
            pages::Pages,
        },
    },
    ports::{Behalf, IamRead},
};

/// The most that IAM gives a page; it may give fewer.
const PAGE: i32 = 1_000;

/// Makes one call, and slows down when AWS says so. With credentials of which nobody knows the
/// account it may be made once more, when that is known. A read waits for its turn here, a write
/// has waited for its own before ownership was looked at. The role is empty for a call that is
/// about no single one. The SDK's futures are large and there is one for each action: on the heap
/// they cost what is used, in each pass and on each stack.
macro_rules! call {
    ($iam:expr, $action:literal, $write:literal, $role:expr, $request:expr) => {{
        if !$write {
            $iam.paces.turn(false, &$iam.behalf).await;
        }
        Box::pin(async move {
            let request = $request;
            let mut tries = 0;
            loop {
                tries += 1;
                let signature = $iam.guard.signature($write);
                let signed = request.clone().customize().interceptor(signature.clone());
                let answer = $iam.meter.measure($action, $role, Box::pin(signed.send())).await;
                if answer.as_ref().is_err_and(|failure| failure.class == IamErrorClass::Throttled) {
                    $iam.paces.throttled($write);
                }
                match $iam.guard.heard($action, &signature, answer, &$iam.meter).await {
                    Some(answer) => break answer,
                    None if tries < 3 => {}
                    None => break Err($crate::aws::account::AccountGuard::unsettled($action)),
                }
            }
        })
        .await
    }};
}
pub(super) use call;

/// "Absent" is an answer.
fn found<T>(answer: Result<T, IamError>) -> Result<Option<T>, IamError> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(error) if error.class == IamErrorClass::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

impl IamRead for AwsIam {
    fn time(&self) -> Option<Timestamp> {
        self.time.now()
    }

    fn on_behalf_of(&self, behalf: &Behalf) -> Self {
        Self { behalf: behalf.clone(), ..self.clone() }
    }

    async fn role(&self, name: &RoleName) -> Result<Option<RoleRecord>, IamError> {
        let answer = call!(
            self,
            "GetRole",
            false,
            name.as_str(),
            self.client.get_role().role_name(name.as_str())
        );
        let Some(answer) = found(answer)? else { return Ok(None) };
        answer.role().map(record).transpose()
    }

    async fn attached(&self, name: &RoleName) -> Result<Option<Attachments>, IamError> {
        let (mut attached, mut marker) = (Attachments::new(), None);
        let mut pages = Pages::of("ListAttachedRolePolicies");
        loop {
            let request = self
                .client
                .list_attached_role_policies()
                .role_name(name.as_str())
                .set_marker(marker);
            let Some(page) = found(call!(
                self,
                "ListAttachedRolePolicies",
                false,
                name.as_str(),
                request.max_items(PAGE)
            ))?
            else {
                return Ok(None);
            };
            attached.extend(
                page.attached_policies()
                    .iter()
                    .filter_map(|policy| policy.policy_arn().map(str::to_owned)),
            );
            marker = pages.turn(next(pages.action(), page.is_truncated(), page.marker())?)?;
            if marker.is_none() {
                return Ok(Some(attached));
            }
        }
    }

    async fn inline_names(&self, name: &RoleName) -> Result<Option<Vec<String>>, IamError> {
        let (mut names, mut marker) = (Vec::new(), None);
        let mut pages = Pages::of("ListRolePolicies");
        loop {
            let request =
                self.client.list_role_policies().role_name(name.as_str()).set_marker(marker);
            let Some(page) = found(call!(
                self,
                "ListRolePolicies",
                false,
                name.as_str(),
                request.max_items(PAGE)
            ))?
            else {
                return Ok(None);
            };
            names.extend(page.policy_names().iter().cloned());
            marker = pages.turn(next(pages.action(), page.is_truncated(), page.marker())?)?;
            if marker.is_none() {
                return Ok(Some(names));
            }
        }
    }

    async fn inline(&self, name: &RoleName, policy: &str) -> Result<Option<String>, IamError> {
        let request = self.client.get_role_policy().role_name(name.as_str()).policy_name(policy);
        Ok(found(call!(self, "GetRolePolicy", false, name.as_str(), request))?
            .map(|answer| answer.policy_document().to_owned()))
    }

    async fn default_version(&self, arn: &str) -> Result<Option<String>, IamError> {
        let request = self.client.get_policy().policy_arn(arn);
        let answer = found(call!(self, "GetPolicy", false, "", request))?;
        let policy = answer.as_ref().and_then(|answer| answer.policy());
        Ok(policy.and_then(|policy| policy.default_version_id()).map(str::to_owned))
    }

    async fn policy_version(&self, arn: &str, version: &str) -> Result<Option<String>, IamError> {
        let request = self.client.get_policy_version().policy_arn(arn).version_id(version);
        let answer = found(call!(self, "GetPolicyVersion", false, "", request))?;
        let version = answer.as_ref().and_then(|answer| answer.policy_version());
        Ok(version.and_then(|version| version.document()).map(str::to_owned))
    }

    async fn instance_profiles(&self, name: &RoleName) -> Result<Option<Vec<String>>, IamError> {
        let (mut names, mut marker) = (Vec::new(), None);
        let mut pages = Pages::of("ListInstanceProfilesForRole");
        loop {
            let request = self
                .client
                .list_instance_profiles_for_role()
                .role_name(name.as_str())
                .set_marker(marker);
            let Some(page) = found(call!(
                self,
                "ListInstanceProfilesForRole",
                false,
                name.as_str(),
                request.max_items(PAGE)
            ))?
            else {
                return Ok(None);
            };
            names.extend(
                page.instance_profiles()
                    .iter()
                    .map(|profile| profile.instance_profile_name().to_owned()),
            );
            marker = pages.turn(next(pages.action(), page.is_truncated(), page.marker())?)?;
            if marker.is_none() {
                return Ok(Some(names));
            }
        }
    }

    async fn oidc_provider(&self, arn: &str) -> Result<Option<Vec<String>>, IamError> {
        let request = self.client.get_open_id_connect_provider().open_id_connect_provider_arn(arn);
        let answer = found(call!(self, "GetOpenIDConnectProvider", false, "", request))?;
        Ok(answer.map(|provider| provider.client_id_list().to_vec()))
    }

    async fn saml_provider(&self, arn: &str) -> Result<bool, IamError> {
        let request = self.client.get_saml_provider().saml_provider_arn(arn);
        Ok(found(call!(self, "GetSAMLProvider", false, "", request))?.is_some())
    }

    async fn details(&self, marker: Option<String>) -> Result<Page<RoleDetail>, IamError> {
        const ACTION: &str = "GetAccountAuthorizationDetails";
        let mut items = PAGE;
        loop {
            let request = self
                .client
                .get_account_authorization_details()
                .filter(EntityType::Role)
                .max_items(items)
                .set_marker(marker.clone());
            let page = match call!(self, "GetAccountAuthorizationDetails", false, "", request) {
                // Roles that are all very large: fewer of them make an answer that can be read.
                Err(error) if items > 1 && error.message == Broken::TooLong.to_string() => {
                    items = (items / 4).max(1);
                    continue;
                }
                answer => answer?,
            };
            return Ok(Page {
                items: page.role_detail_list().iter().map(detail).collect::<Result<_, _>>()?,
                next: next(ACTION, page.is_truncated(), page.marker())?,
            });
        }
    }

    async fn summaries(&self, marker: Option<String>) -> Result<Page<RoleSummary>, IamError> {
        let page = call!(
            self,
            "ListRoles",
            false,
            "",
            self.client.list_roles().max_items(PAGE).set_marker(marker)
        )?;
        let summary = |role: &Role| RoleSummary {
            name: role.role_name().into(),
            role_id: role.role_id().into(),
            description: role.description().map(str::to_owned),
            max_session: role.max_session_duration(),
        };
        Ok(Page {
            items: page.roles().iter().map(summary).collect(),
            next: next("ListRoles", page.is_truncated(), page.marker())?,
        })
    }
}

/// IAM may give a short page: only `IsTruncated` tells the last one. One that says that there is
/// more and not where would be taken for the last.
fn next(
    action: &'static str,
    truncated: bool,
    marker: Option<&str>,
) -> Result<Option<String>, IamError> {
    match marker.filter(|marker| !marker.is_empty()) {
        _ if !truncated => Ok(None),
        Some(marker) => Ok(Some(marker.to_owned())),
        None => Err(IamError {
            action,
            class: IamErrorClass::Unknown,
            request_id: None,
            message: "the answer says that there is more, and not where".to_owned(),
        }),
    }
}

/// A role as `GetRole` and `CreateRole` answer.
pub(super) fn record(role: &Role) -> Result<RoleRecord, IamError> {
    Ok(RoleRecord {
        name: role.role_name().into(),
        path: role.path().to_owned(),
        arn: role.arn().to_owned(),
        role_id: role.role_id().into(),
        created: timestamp("GetRole", role.create_date())?,
        trust: role.assume_role_policy_document().unwrap_or_default().to_owned(),
        description: role.description().map(str::to_owned),
        max_session: role.max_session_duration(),
        boundary: boundary(role.permissions_boundary()),
        tags: tags(role.tags()),
    })
}

fn detail(detail: &SdkDetail) -> Result<RoleDetail, IamError> {
    const ACTION: &str = "GetAccountAuthorizationDetails";
    let missing = |what: &str| IamError {
        action: ACTION,
        class: IamErrorClass::Unknown,
        request_id: None,
        message: format!("the answer has a role without {what}"),
    };
    Ok(RoleDetail {
        role: RoleRecord {
            name: detail.role_name().ok_or_else(|| missing("name"))?.into(),
            path: detail.path().unwrap_or("/").to_owned(),
            arn: detail.arn().unwrap_or_default().to_owned(),
            role_id: detail.role_id().ok_or_else(|| missing("id"))?.into(),
            created: timestamp(ACTION, detail.create_date().ok_or_else(|| missing("date"))?)?,
            trust: detail.assume_role_policy_document().unwrap_or_default().to_owned(),
            description: None,
            max_session: None,
            boundary: boundary(detail.permissions_boundary()),
            tags: tags(detail.tags()),
        },
        attached: detail
            .attached_managed_policies()
            .iter()
            .filter_map(|policy| policy.policy_arn().map(str::to_owned))
            .collect(),
        inline: detail
            .role_policy_list()
            .iter()
            .filter_map(|policy| {
                Some((policy.policy_name()?.to_owned(), policy.policy_document()?.to_owned()))
            })
            .collect(),
        profiles: detail
            .instance_profile_list()
            .iter()
            .map(|profile| profile.instance_profile_name().to_owned())
            .collect(),
    })
}

fn boundary(boundary: Option<&AttachedPermissionsBoundary>) -> Option<String> {
    boundary.and_then(|boundary| boundary.permissions_boundary_arn()).map(str::to_owned)
}

fn tags(tags: &[Tag]) -> Tags {
    tags.iter().map(|tag| (tag.key().into(), tag.value().to_owned())).collect()
}

fn timestamp(action: &'static str, date: &DateTime) -> Result<Timestamp, IamError> {
    Timestamp::from_second(date.secs()).map_err(|error| IamError {
        action,
        class: IamErrorClass::Unknown,
        request_id: None,
        message: format!("the answer has a date out of range: {error}"),
    })
}
