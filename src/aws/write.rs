//! Writing IAM: one step, one call.

use std::collections::BTreeMap;

use aws_sdk_iam::types::Tag;

use crate::{
    aws::{
        AwsIam, error,
        read::{call, record},
    },
    plan::{
        observed::RoleRecord,
        step::{Call, Step},
    },
    ports::{IamError, IamErrorClass, IamWrite},
};

impl IamWrite for AwsIam {
    async fn turn(&self) {
        self.paces.turn(true).await;
    }

    async fn write(&self, step: &Step) -> Result<Option<RoleRecord>, IamError> {
        let Step { role, call, why: _, change: _ } = step;
        let (iam, name) = (&self.client, role.as_str());
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
                let answer = call!(self, "CreateRole", true, request)?;
                return answer.role().map(record).transpose();
            }
            Call::UpdateTrust { trust } => {
                let request = iam.update_assume_role_policy().role_name(name).policy_document(trust);
                call!(self, "UpdateAssumeRolePolicy", true, request).map(drop)?;
            }
            Call::UpdateRole { description, max_session } => {
                let request =
                    iam.update_role().role_name(name).description(description).max_session_duration(*max_session);
                call!(self, "UpdateRole", true, request).map(drop)?;
            }
            Call::PutBoundary { arn } => {
                let request = iam.put_role_permissions_boundary().role_name(name).permissions_boundary(arn);
                call!(self, "PutRolePermissionsBoundary", true, request).map(drop)?;
            }
            Call::DeleteBoundary => {
                let request = iam.delete_role_permissions_boundary().role_name(name);
                gone(call!(self, "DeleteRolePermissionsBoundary", true, request).map(drop))?;
            }
            Call::PutInline { name: policy, document } => {
                let request = iam.put_role_policy().role_name(name).policy_name(policy).policy_document(document);
                call!(self, "PutRolePolicy", true, request).map(drop)?;
            }
            Call::DeleteInline { name: policy } => {
                let request = iam.delete_role_policy().role_name(name).policy_name(policy);
                gone(call!(self, "DeleteRolePolicy", true, request).map(drop))?;
            }
            Call::Attach { arn } => {
                let request = iam.attach_role_policy().role_name(name).policy_arn(arn);
                call!(self, "AttachRolePolicy", true, request).map(drop)?;
            }
            Call::Detach { arn } => {
                let request = iam.detach_role_policy().role_name(name).policy_arn(arn);
                gone(call!(self, "DetachRolePolicy", true, request).map(drop))?;
            }
            Call::Tag { tags } => {
                let request = iam.tag_role().role_name(name).set_tags(Some(tag_list("TagRole", tags)?));
                call!(self, "TagRole", true, request).map(drop)?;
            }
            Call::Untag { keys } => {
                let request = iam.untag_role().role_name(name).set_tag_keys(Some(keys.clone()));
                call!(self, "UntagRole", true, request).map(drop)?;
            }
            Call::DeleteRole => gone(call!(self, "DeleteRole", true, iam.delete_role().role_name(name)).map(drop))?,
        }
        Ok(None)
    }
}

/// Removing what is absent is done.
fn gone(answer: Result<(), IamError>) -> Result<(), IamError> {
    match answer {
        Err(error) if error.class == IamErrorClass::NotFound => Ok(()),
        other => other,
    }
}

fn tag_list(action: &'static str, tags: &BTreeMap<String, String>) -> Result<Vec<Tag>, IamError> {
    let build = |(key, value): (&String, &String)| Tag::builder().key(key).value(value).build();
    tags.iter().map(build).collect::<Result<_, _>>().map_err(|error| IamError {
        action,
        class: IamErrorClass::Refused,
        message: error.to_string(),
    })
}
