"""Repairs of moto's IAM where it differs from AWS in ways that matter to a controller of roles.

Every change is a method that replaces moto's, in one of two classes: `Backend` (what is kept and refused) and `Response`
(what an answer looks like). `install()` puts them in place. What stays different is listed in DIVERGENCES.md.
"""

import copy
import json
from urllib.parse import quote

import rules
import trust
from moto.core.responses import ActionResult, EmptyResult
from moto.iam import models, responses
from moto.iam.exceptions import DeleteConflictException, EntityAlreadyExists, LimitExceededException, NotFoundException
from moto.iam.policy_validation import BaseIAMPolicyValidator, IAMTrustPolicyDocumentValidator
from moto.iam.utils import generate_access_key_id_from_account_id, random_role_id
from moto.sts.models import STSBackend
from paging import page, setting

# The AWS-managed policies are read once and shared by all accounts (moto: 0.9 s and 32 MB for each account).
aws_managed = []


def encode(value):
    """RFC 3986, as IAM sends documents: space is %20."""
    return quote(value, safe="-_.~") if isinstance(value, str) else value


class Backend:
    def _init_aws_policies(self):
        if not aws_managed:
            data = json.loads(models.aws_managed_policies_data)
            aws_managed.extend(models.AWSManagedPolicy.from_data(name, "aws", self.region_name, entry) for name, entry in data.items())
        if self.partition == "aws":
            return list(aws_managed)
        return [in_partition(policy, self.partition) for policy in aws_managed]

    def own_policy(self, arn):
        """The policy for a change of its counters: an account gets its own copy of a shared one first."""
        policy = self.managed_policies.get(arn)
        if policy is None:
            return None
        if policy.account_id == "aws":
            policy = copy.copy(policy)
            policy.account_id = self.account_id
            self.managed_policies[arn] = policy
            self.aws_managed_policies = [policy if p.arn == arn else p for p in self.aws_managed_policies]
        return policy

    def find_role(self, role_name):
        """Names are unique whatever their case, so a role is found by any case of its name."""
        index = self.__dict__.setdefault("role_index", {})
        return index.get((role_name or "").lower())

    def get_role(self, role_name):
        role = self.find_role(role_name)
        if role is None:
            raise NotFoundException(f"The role with name {role_name} cannot be found.")
        return role

    def writable(self, role_name):
        role = self.get_role(role_name)
        if role.path.startswith(rules.PROTECTED_PATHS):
            raise rules.UnmodifiableEntity(
                f"Cannot perform the operation on the protected role '{role.name}' - this role is only modifiable by AWS"
            )
        return role

    def create_role(
        self, role_name, assume_role_policy_document, path, permissions_boundary, description, tags, max_session_duration, linked_service=None
    ):
        by_aws = linked_service is not None
        rules.name(role_name)
        if not by_aws:
            rules.path(path)
        rules.description(description)
        rules.duration(max_session_duration)
        rules.tags(tags or [])
        parsed = rules.trust(assume_role_policy_document)
        if self.find_role(role_name):
            raise EntityAlreadyExists(f"Role with name {role_name} already exists.")
        quota = setting(self.account_id, "roles_quota")
        if len(self.roles) >= quota:
            raise LimitExceededException(f"Cannot exceed quota for RolesPerAccount: {quota}")
        if permissions_boundary:
            rules.boundary(permissions_boundary, self.managed_policies)
        role = models.Role(
            account_id=self.account_id,
            partition=self.partition,
            role_id=random_role_id(self.account_id),
            name=role_name,
            assume_role_policy_document="",
            path=path,
            permissions_boundary=permissions_boundary,
            description=description,
            tags=rules.merged_tags([], tags or []),
            max_session_duration=max_session_duration,
        )
        role.trust = trust.stored(parsed, self.partition)
        self.roles[role.id] = role
        self.role_index[role_name.lower()] = role
        return role

    def delete_role(self, role_name):
        role = self.get_role(role_name)
        if any(role in profile.roles for profile in self.instance_profiles.values()):
            raise DeleteConflictException("Cannot delete entity, must remove roles from instance profile first.")
        if role.managed_policies:
            raise DeleteConflictException("Cannot delete entity, must detach all policies first.")
        if role.policies:
            raise DeleteConflictException("Cannot delete entity, must delete policies first.")
        del self.roles[role.id]
        del self.role_index[role.name.lower()]

    def update_assume_role_policy(self, role_name, policy_document):
        role = self.writable(role_name)
        role.trust = trust.stored(rules.trust(policy_document), self.partition)

    def put_role_policy(self, role_name, policy_name, policy_json):
        role = self.writable(role_name)
        rules.inline(role, policy_name, policy_json)
        role.put_policy(policy_name, policy_json)

    def delete_role_policy(self, role_name, policy_name):
        self.writable(role_name).delete_policy(policy_name)

    def attach_role_policy(self, policy_arn, role_name):
        role = self.writable(role_name)
        rules.policy_arn(policy_arn)
        policy = self.own_policy(policy_arn)
        if policy is None:
            raise NotFoundException(f"Policy {policy_arn} does not exist or is not attachable.")
        if policy.path.startswith("/aws-service-role/"):
            raise rules.PolicyNotAttachable("Cannot attach a Service Role Policy to a Customer Role.")
        if policy_arn in role.managed_policies:
            return
        if len(role.managed_policies) >= rules.ATTACHED_QUOTA:
            raise LimitExceededException(f"Cannot exceed quota for PoliciesPerRole: {rules.ATTACHED_QUOTA}")
        policy.attach_to(role)

    def detach_role_policy(self, policy_arn, role_name):
        role = self.writable(role_name)
        rules.policy_arn(policy_arn)
        if policy_arn not in role.managed_policies:
            raise NotFoundException(f"Policy {policy_arn} was not found.")
        self.own_policy(policy_arn).detach_from(role)

    def put_role_permissions_boundary(self, role_name, permissions_boundary):
        role = self.writable(role_name)
        rules.boundary(permissions_boundary, self.managed_policies)
        role.permissions_boundary_arn = permissions_boundary

    def delete_role_permissions_boundary(self, role_name):
        self.writable(role_name).permissions_boundary_arn = None

    def update_role_description(self, role_name, role_description):
        role = self.writable(role_name)
        rules.description(role_description)
        role.description = role_description
        return role

    def update_role(self, role_name, role_description, max_session_duration):
        role = self.writable(role_name)
        rules.description(role_description)
        rules.duration(max_session_duration)
        if role_description is not None:
            role.description = role_description
        if max_session_duration is not None:
            role.max_session_duration = max_session_duration

    def tag_role(self, role_name, tags):
        role = self.writable(role_name)
        rules.tags(tags)
        role.tags = rules.merged_tags(role.tags, tags)

    def untag_role(self, role_name, tag_keys):
        role = self.writable(role_name)
        if len(tag_keys) > rules.TAG_QUOTA:
            rules.refuse("…", "tagKeys", f"Member must have length less than or equal to {rules.TAG_QUOTA}")
        for key in tag_keys:
            rules.tag_text(key, "tagKeys", 1, 128)
        gone = {key.lower() for key in tag_keys}
        role.tags = [tag for tag in role.tags if tag["Key"].lower() not in gone]

    def delete_policy(self, policy_arn):
        policy = self.get_policy(policy_arn)
        if policy.attachment_count > 0:
            raise DeleteConflictException("Cannot delete a policy attached to entities.")
        if any(role.permissions_boundary_arn == policy_arn for role in self.roles.values()):
            raise DeleteConflictException("Cannot delete a policy that is used as a permissions boundary.")
        if len(policy.versions) > 1:
            raise DeleteConflictException("This policy has more than one version. Before you delete a policy, you must delete the policy's versions.")
        del self.managed_policies[policy_arn]

    def create_user(self, region_name, user_name, path="/", tags=None):
        user = MOTO["create_user"](self, region_name, user_name, path, tags)
        user.id = generate_access_key_id_from_account_id(self.account_id, prefix="AIDA", total_length=21)
        return user

    def create_policy(self, description, path, policy_document, policy_name, tags):
        rules.managed(policy_document)
        return MOTO["create_policy"](self, description, path, policy_document, policy_name, tags)

    def create_policy_version(self, policy_arn, policy_document, set_as_default):
        rules.managed(policy_document)
        return MOTO["create_policy_version"](self, policy_arn, policy_document, set_as_default)

    def add_role_to_instance_profile(self, profile_name, role_name):
        self.writable(role_name)
        return MOTO["add_role_to_instance_profile"](self, profile_name, role_name)

    def remove_role_from_instance_profile(self, profile_name, role_name):
        role = self.writable(role_name)
        profile = self.get_instance_profile(profile_name)
        if role not in profile.roles:
            raise NotFoundException(f"The role with name {role_name} cannot be found in the instance profile.")
        profile.roles.remove(role)


class Response:
    def create_role(self):
        text = self._get_param("AssumeRolePolicyDocument")
        role = self.backend.create_role(
            self._get_param("RoleName"),
            text,
            self._get_param("Path"),
            self._get_param("PermissionsBoundary"),
            self._get_param("Description"),
            self._get_param("Tags", []),
            self._get_param("MaxSessionDuration", 3600),
        )
        # The answer to CreateRole echoes the trust as sent and leaves out duration, description and last use.
        shown = {
            "Path": role.path,
            "RoleName": role.name,
            "RoleId": role.id,
            "Arn": role.arn,
            "CreateDate": role.create_date,
            "AssumeRolePolicyDocument": text,
            "Tags": role.tags,
            "PermissionsBoundary": role.permissions_boundary,
        }
        return ActionResult({"Role": shown})

    def delete_role(self):
        self.backend.writable(self._get_param("RoleName"))
        self.backend.delete_role(self._get_param("RoleName"))
        return EmptyResult()

    def update_role(self):
        self.backend.update_role(self._get_param("RoleName"), self._get_param("Description"), self._get_param("MaxSessionDuration"))
        return EmptyResult()

    def paged(self, field, items, key):
        cap = setting(self.current_account, "page_cap")
        items, marker = page(items, key, self._get_param("Marker"), self._get_param("MaxItems"), cap)
        return ActionResult({field: items, "IsTruncated": bool(marker), "Marker": marker})

    def list_roles(self):
        prefix = self._get_param("PathPrefix") or "/"
        roles = [role for role in self.backend.roles.values() if role.path.startswith(prefix)]
        return self.paged("Roles", roles, lambda role: (role.id,))

    def list_role_policies(self):
        return self.paged("PolicyNames", self.backend.list_role_policies(self._get_param("RoleName")), lambda name: (name,))

    def list_attached_role_policies(self):
        prefix = self._get_param("PathPrefix") or "/"
        role = self.backend.get_role(self._get_param("RoleName"))
        found = [{"PolicyName": p.name, "PolicyArn": p.arn} for p in role.managed_policies.values() if p.path.startswith(prefix)]
        return self.paged("AttachedPolicies", found, lambda policy: (policy["PolicyArn"],))

    def list_role_tags(self):
        return self.paged("Tags", self.backend.get_role(self._get_param("RoleName")).tags, lambda tag: (tag["Key"].lower(),))

    def list_instance_profiles_for_role(self):
        role = self.backend.get_role(self._get_param("RoleName"))
        return self.paged("InstanceProfiles", role.instance_profile_list, lambda profile: (profile.name,))

    def get_account_authorization_details(self):
        wanted = self._get_param("Filter", [])
        backend = self.backend
        sources = (
            ("User", "UserDetailList", backend.users.values()),
            ("Group", "GroupDetailList", backend.groups.values()),
            ("Role", "RoleDetailList", backend.roles.values()),
            ("LocalManagedPolicy", "Policies", [p for p in backend.managed_policies.values() if not isinstance(p, models.AWSManagedPolicy)]),
            ("AWSManagedPolicy", "Policies", backend.aws_managed_policies),
        )
        everything = [
            (order, field, item)
            for order, (kind, field, items) in enumerate(sources)
            if not wanted or kind in wanted
            for item in items
        ]
        cap = setting(self.current_account, "page_cap")
        found, marker = page(everything, lambda entry: (entry[0], entry[2].id), self._get_param("Marker"), self._get_param("MaxItems"), cap)
        result = {"UserDetailList": [], "GroupDetailList": [], "RoleDetailList": [], "Policies": []}
        for _, field, item in found:
            result[field].append(item)
        return ActionResult({**result, "IsTruncated": bool(marker), "Marker": marker})


def in_partition(policy, partition):
    policy = copy.copy(policy)
    policy.partition = partition
    return policy


def role_trust(role):
    return trust.shown(role.trust)


def caller_identity(self, access_key_id, region):
    assumed = self.get_assumed_role_from_access_key(access_key_id)
    if assumed:
        return assumed.user_id, assumed.arn, assumed.account_id
    user = models.iam_backends[self.account_id][self.partition].get_user_from_access_key_id(access_key_id)
    if user:
        return user.id, user.arn, self.account_id
    return f"AIDA{access_key_id[4:]}", f"arn:{self.partition}:iam::{self.account_id}:user/{user_of(access_key_id)}", self.account_id


def user_of(access_key_id):
    """The user that a key of this stand-in stands for: its letters 5 to 8, `AKIACTRL…` is controller, `AKIAMAIN…` admin."""
    letters = access_key_id[4:8]
    return {"CTRL": "controller", "MAIN": "admin"}.get(letters, letters.lower())


MOTO = {}  # the methods of moto's backend that ours call


def install():
    MOTO.update(vars(models.IAMBackend))
    for ours, moto in ((Backend, models.IAMBackend), (Response, responses.IamResponse)):
        for name, method in vars(ours).items():
            if not name.startswith("__"):
                setattr(moto, name, method)
    models.Role.assume_role_policy_document = property(role_trust, lambda role, _: None)
    models.Role.role_policy_list = property(
        lambda role: [{"PolicyName": name, "PolicyDocument": encode(text)} for name, text in role.policies.items()]
    )
    # A document without a version, or with the old one, is still accepted; moto wants 2012-10-17.
    BaseIAMPolicyValidator._validate_version = lambda self: None
    # moto's list of actions of a trust policy is older than sts:SetContext.
    listed = IAMTrustPolicyDocumentValidator._validate_trust_policy_action
    IAMTrustPolicyDocumentValidator._validate_trust_policy_action = staticmethod(
        lambda action: None if action == "sts:SetContext" else listed(action)
    )
    STSBackend.get_caller_identity = caller_identity

    shapes = responses.IamResponse.RESPONSE_KEY_PATH_TO_TRANSFORMER
    for key, change in list(shapes.items()):
        if key.endswith("Document"):
            shapes[key] = encode
    profiles = ("GetInstanceProfileResponse.InstanceProfile", "ListInstanceProfilesResponse.InstanceProfiles.InstanceProfile")
    profiles += ("ListInstanceProfilesForRoleResponse.InstanceProfiles.InstanceProfile",)
    profiles += ("GetAccountAuthorizationDetailsResponse.RoleDetailList.RoleDetail.InstanceProfileList.InstanceProfile",)
    for roles in ("ListRolesResponse.Roles.Role", "GetAccountAuthorizationDetailsResponse.RoleDetailList.RoleDetail"):
        shapes[f"{roles}.AssumeRolePolicyDocument"] = encode
    for profile in profiles:
        shapes[f"{profile}.Roles.Role.AssumeRolePolicyDocument"] = encode
        for absent in ("Tags", "PermissionsBoundary", "RoleLastUsed"):
            shapes[f"{profile}.Roles.Role.{absent}"] = responses.never_return
    for role in ("GetRoleResponse.Role", "ListRolesResponse.Roles.Role"):
        shapes[f"{role}.Description"] = responses.return_if_not_empty
    shapes["GetPolicyVersionResponse.PolicyVersion.Document"] = encode
