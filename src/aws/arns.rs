//! The ARNs in the answers of IAM by which their account is known.

use aws_sdk_iam::{
    operation as op,
    types::{InstanceProfile, Role},
};

/// An answer of IAM.
pub trait Arns {
    /// Those in it that name the account it is about.
    fn arns(&self) -> Vec<&str> {
        Vec::new()
    }
}

impl Arns for op::get_role::GetRoleOutput {
    fn arns(&self) -> Vec<&str> {
        self.role().map(Role::arn).into_iter().collect()
    }
}

impl Arns for op::create_role::CreateRoleOutput {
    fn arns(&self) -> Vec<&str> {
        self.role().map(Role::arn).into_iter().collect()
    }
}

impl Arns for op::list_roles::ListRolesOutput {
    fn arns(&self) -> Vec<&str> {
        self.roles().iter().map(Role::arn).collect()
    }
}

impl Arns for op::get_account_authorization_details::GetAccountAuthorizationDetailsOutput {
    fn arns(&self) -> Vec<&str> {
        self.role_detail_list().iter().filter_map(|role| role.arn()).collect()
    }
}

impl Arns for op::list_instance_profiles_for_role::ListInstanceProfilesForRoleOutput {
    fn arns(&self) -> Vec<&str> {
        self.instance_profiles().iter().map(InstanceProfile::arn).collect()
    }
}

impl Arns for op::get_policy::GetPolicyOutput {
    fn arns(&self) -> Vec<&str> {
        let arn = self.policy().and_then(|policy| policy.arn());
        // AWS's own are in no account.
        arn.filter(|arn| !arn.contains("::aws:policy/")).into_iter().collect()
    }
}

/// Those that name no account, or that of AWS.
macro_rules! without {
    ($($module:ident: $output:ident),+ $(,)?) => { $(impl Arns for op::$module::$output {})+ };
}

without!(
    attach_role_policy: AttachRolePolicyOutput,
    delete_role: DeleteRoleOutput,
    delete_role_permissions_boundary: DeleteRolePermissionsBoundaryOutput,
    delete_role_policy: DeleteRolePolicyOutput,
    detach_role_policy: DetachRolePolicyOutput,
    get_open_id_connect_provider: GetOpenIdConnectProviderOutput,
    get_policy_version: GetPolicyVersionOutput,
    get_role_policy: GetRolePolicyOutput,
    get_saml_provider: GetSamlProviderOutput,
    list_attached_role_policies: ListAttachedRolePoliciesOutput,
    list_role_policies: ListRolePoliciesOutput,
    put_role_permissions_boundary: PutRolePermissionsBoundaryOutput,
    put_role_policy: PutRolePolicyOutput,
    tag_role: TagRoleOutput,
    untag_role: UntagRoleOutput,
    update_assume_role_policy: UpdateAssumeRolePolicyOutput,
    update_role: UpdateRoleOutput,
);
