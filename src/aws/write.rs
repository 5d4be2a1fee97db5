//! Writing IAM: one step, one call.

use aws_sdk_iam::{operation::RequestId, types::Tag};
use iam::tag::{TagKey, Tags};

use crate::{
    aws::{
        AwsIam,
        read::{call, record},
    },
    plan::{
        decide::ownership::Proven,
        failure::{IamError, IamErrorClass},
        steps::step::{Call, Step, Written},
    },
    ports::IamWrite,
};

impl IamWrite for AwsIam {
    async fn turn(&self) {
        self.paces.turn(true, &self.behalf).await;
    }

    async fn write(&self, proven: Proven<'_>) -> Result<Written, IamError> {
        let Step { role, call, .. } = proven.step();
        let (iam, name) = (&self.client, role.name.as_str());
        match call {
            Call::CreateRole { path, trust, description, max_session, boundary, tags } => {
                let request = iam
                    .create_role()
                    .role_name(name)
                    .path(path)
                    .assume_role_policy_document(trust)
                    .set_description(description.clone())
                    .max_session_duration(*max_session)
                    .set_permissions_boundary(boundary.clone())
                    .set_tags(Some(tag_list("CreateRole", tags)?));
                let answer = call!(self, "CreateRole", true, name, request)?;
                let role = answer.role().map(record).transpose()?;
                Ok(Written { role, ..done(answer) })
            }
            Call::UpdateTrust { trust } => {
                let request =
                    iam.update_assume_role_policy().role_name(name).policy_document(trust);
                call!(self, "UpdateAssumeRolePolicy", true, name, request).map(done)
            }
            Call::UpdateRole { description, max_session } => {
                let request = iam
                    .update_role()
                    .role_name(name)
                    .description(description)
                    .max_session_duration(*max_session);
                call!(self, "UpdateRole", true, name, request).map(done)
            }
            Call::PutBoundary { arn } => {
                let request =
                    iam.put_role_permissions_boundary().role_name(name).permissions_boundary(arn);
                call!(self, "PutRolePermissionsBoundary", true, name, request).map(done)
            }
            Call::DeleteBoundary => {
                let request = iam.delete_role_permissions_boundary().role_name(name);
                gone(call!(self, "DeleteRolePermissionsBoundary", true, name, request).map(done))
            }
            Call::PutInline { name: policy, document } => {
                let request = iam
                    .put_role_policy()
                    .role_name(name)
                    .policy_name(policy)
                    .policy_document(document);
                call!(self, "PutRolePolicy", true, name, request).map(done)
            }
            Call::DeleteInline { name: policy } => {
                let request = iam.delete_role_policy().role_name(name).policy_name(policy);
                gone(call!(self, "DeleteRolePolicy", true, name, request).map(done))
            }
            Call::Attach { arn } => {
                let request = iam.attach_role_policy().role_name(name).policy_arn(arn);
                call!(self, "AttachRolePolicy", true, name, request).map(done)
            }
            Call::Detach { arn } => {
                let request = iam.detach_role_policy().role_name(name).policy_arn(arn);
                gone(call!(self, "DetachRolePolicy", true, name, request).map(done))
            }
            Call::Tag { tags } => {
                let request =
                    iam.tag_role().role_name(name).set_tags(Some(tag_list("TagRole", tags)?));
                call!(self, "TagRole", true, name, request).map(done)
            }
            Call::Untag { keys } => {
                let request = iam
                    .untag_role()
                    .role_name(name)
                    .set_tag_keys(Some(keys.iter().map(|key| key.as_str().to_owned()).collect()));
                call!(self, "UntagRole", true, name, request).map(done)
            }
            Call::DeleteRole => gone(
                call!(self, "DeleteRole", true, name, iam.delete_role().role_name(name)).map(done),
            ),
        }
    }
}

#[expect(clippy::needless_pass_by_value, reason = "stands in `Result::map`")]
fn done(answer: impl RequestId) -> Written {
    let request_id = answer.request_id().map(str::to_owned);
    Written { request_id, ..Written::default() }
}

/// Removing what is absent is done.
fn gone(answer: Result<Written, IamError>) -> Result<Written, IamError> {
    match answer {
        Err(error) if error.class == IamErrorClass::NotFound => {
            Ok(Written { role: None, request_id: error.request_id, was_gone: true })
        }
        other => other,
    }
}

fn tag_list(action: &'static str, tags: &Tags) -> Result<Vec<Tag>, IamError> {
    let build =
        |(key, value): (&TagKey, &String)| Tag::builder().key(key.as_str()).value(value).build();
    tags.iter().map(build).collect::<Result<_, _>>().map_err(|error| IamError {
        action,
        class: IamErrorClass::Refused,
        request_id: None,
        message: error.to_string(),
    })
}
