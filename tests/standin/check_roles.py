"""Each repair of how IAM keeps, shows and refuses roles."""

import re
import urllib.parse

from checking import INLINE, READ_ONLY, SERVICE, Account, aws, check, refused, text


@check
def documents_are_url_encoded():
    a = Account()
    created = a.raw(lambda iam: iam.create_role(RoleName="a", AssumeRolePolicyDocument=text(SERVICE)))
    a.iam.put_role_policy(RoleName="a", PolicyName="p", PolicyDocument=text(INLINE))
    arn = a.iam.create_policy(PolicyName="m", PolicyDocument=text(INLINE))["Policy"]["Arn"]
    a.iam.create_instance_profile(InstanceProfileName="i")
    a.iam.add_role_to_instance_profile(InstanceProfileName="i", RoleName="a")
    reads = [
        lambda iam: iam.get_role(RoleName="a"),
        lambda iam: iam.list_roles(),
        lambda iam: iam.get_role_policy(RoleName="a", PolicyName="p"),
        lambda iam: iam.get_account_authorization_details(Filter=["Role"]),
        lambda iam: iam.list_instance_profiles_for_role(RoleName="a"),
    ]
    version = a.raw(lambda iam: iam.get_policy_version(PolicyArn=arn, VersionId="v1"))
    assert "<Document>%7B%22" in version, version
    for raw in [created] + [a.raw(read) for read in reads]:
        documents = re.findall(r"<(?:AssumeRole)?PolicyDocument>(.*?)</", raw)
        assert documents and all(d.startswith("%7B%22") for d in documents), raw
        assert not any(set(d) & set('{"/ +*') for d in documents), documents
    inline = a.iam.get_role_policy(RoleName="a", PolicyName="p")["PolicyDocument"]
    assert inline == INLINE
    raw = a.raw(lambda iam: iam.get_role_policy(RoleName="a", PolicyName="p"))
    assert "a%20b%2F%2A" in raw
    assert urllib.parse.unquote(re.search(r"<PolicyDocument>(.*?)</", raw)[1]) == text(INLINE), "inline text must be kept"


@check
def pages_are_capped_and_lose_nothing():
    a = Account()
    a.control("POST", "settings", {"page_cap": 3})
    names = {f"r{n}" for n in range(8)}
    for name in names:
        a.role(name)
    first = a.iam.list_roles(MaxItems=1000)
    assert len(first["Roles"]) == 3 and first["IsTruncated"]
    assert {r["RoleName"] for r in a.iam.get_paginator("list_roles").paginate().search("Roles[]")} == names
    details = [p["RoleDetailList"] for p in a.iam.get_paginator("get_account_authorization_details").paginate(Filter=["Role"])]
    assert [len(page) for page in details] == [3, 3, 2]
    assert {r["RoleName"] for page in details for r in page} == names
    b = Account()
    b.control("POST", "settings", {"page_cap": 3})
    b.role()
    for n in range(5):
        b.iam.put_role_policy(RoleName="a", PolicyName=f"p{n}", PolicyDocument=text(INLINE))
        b.iam.tag_role(RoleName="a", Tags=[{"Key": f"k{n}", "Value": ""}])
        arn = b.iam.create_policy(PolicyName=f"m{n}", PolicyDocument=text(INLINE))["Policy"]["Arn"]
        b.iam.attach_role_policy(RoleName="a", PolicyArn=arn)
        b.iam.create_instance_profile(InstanceProfileName=f"i{n}")
        b.iam.add_role_to_instance_profile(InstanceProfileName=f"i{n}", RoleName="a")
    for operation, field in (
        ("list_role_policies", "PolicyNames"),
        ("list_attached_role_policies", "AttachedPolicies"),
        ("list_role_tags", "Tags"),
        ("list_instance_profiles_for_role", "InstanceProfiles"),
    ):
        pages = b.iam.get_paginator(operation).paginate(RoleName="a")
        assert [len(p[field]) for p in pages] == [3, 2], operation
    gone = a.iam.list_roles(MaxItems=2)
    a.iam.delete_role(RoleName=gone["Roles"][1]["RoleName"])
    rest = a.iam.list_roles(Marker=gone["Marker"])
    assert len(rest["Roles"]) == 3, "a marker survives the deletion of its role"
    refused("ValidationError", a.iam.list_roles, Marker="nonsense")
    assert len(Account().iam.list_roles()["Roles"]) == 0


@check
def default_cap_is_a_hundred():
    a = Account()
    for n in range(101):
        a.role(f"r{n}")
    assert len(a.iam.list_roles(MaxItems=1000)["Roles"]) == 100
    assert len(a.iam.get_account_authorization_details(Filter=["Role"], MaxItems=1000)["RoleDetailList"]) == 100


@check
def each_read_shows_its_attributes():
    a = Account()
    created = a.role(Description="d", MaxSessionDuration=7200, PermissionsBoundary=READ_ONLY, Tags=[{"Key": "k", "Value": "v"}], Path="/p/q/")
    assert created["Path"] == "/p/q/" and created["Arn"].endswith("role/p/q/a") and created["Tags"] and "PermissionsBoundary" in created
    assert "MaxSessionDuration" not in created and "RoleLastUsed" not in created
    got = a.iam.get_role(RoleName="a")["Role"]
    assert got["Description"] == "d" and got["MaxSessionDuration"] == 7200 and got["RoleLastUsed"] == {} and got["Tags"]
    assert got["PermissionsBoundary"]["PermissionsBoundaryArn"] == READ_ONLY
    listed = a.iam.list_roles()["Roles"][0]
    assert listed["Description"] == "d" and listed["MaxSessionDuration"] == 7200
    assert not {"Tags", "PermissionsBoundary", "RoleLastUsed"} & set(listed)
    a.iam.attach_role_policy(RoleName="a", PolicyArn=READ_ONLY)
    a.iam.put_role_policy(RoleName="a", PolicyName="p", PolicyDocument=text(INLINE))
    detail = a.iam.get_account_authorization_details(Filter=["Role"])["RoleDetailList"][0]
    assert detail["PermissionsBoundary"]["PermissionsBoundaryArn"] == READ_ONLY and detail["Tags"] == [{"Key": "k", "Value": "v"}]
    assert detail["RolePolicyList"] == [{"PolicyName": "p", "PolicyDocument": INLINE}]
    assert detail["AttachedManagedPolicies"] == [{"PolicyName": "ReadOnlyAccess", "PolicyArn": READ_ONLY}]
    assert not {"Description", "MaxSessionDuration"} & set(detail)
    a.role("plain")
    assert not {"Description", "Tags", "PermissionsBoundary"} & set(a.iam.get_role(RoleName="plain")["Role"])


@check
def update_role_keeps_absent_fields():
    a = Account()
    a.role(Description="d", MaxSessionDuration=7200)
    a.iam.update_role(RoleName="a", MaxSessionDuration=10800)
    assert a.iam.get_role(RoleName="a")["Role"]["Description"] == "d"
    a.iam.update_role(RoleName="a", Description="e")
    assert a.iam.get_role(RoleName="a")["Role"]["MaxSessionDuration"] == 10800
    a.iam.update_role(RoleName="a", Description="")
    assert "Description" not in a.iam.get_role(RoleName="a")["Role"]


@check
def tag_keys_ignore_case():
    a = Account()
    a.role(Tags=[{"Key": "Department", "Value": "1"}])
    a.iam.tag_role(RoleName="a", Tags=[{"Key": "department", "Value": "2"}, {"Key": "other", "Value": "é = @"}])
    assert a.iam.list_role_tags(RoleName="a")["Tags"] == [{"Key": "department", "Value": "2"}, {"Key": "other", "Value": "é = @"}]
    a.iam.untag_role(RoleName="a", TagKeys=["DEPARTMENT"])
    assert [t["Key"] for t in a.iam.list_role_tags(RoleName="a")["Tags"]] == ["other"]
    refused("InvalidInput", a.iam.tag_role, RoleName="a", Tags=[{"Key": "x", "Value": ""}, {"Key": "X", "Value": ""}])


@check
def bad_tags_are_refused():
    a = Account()
    a.role(Tags=[{"Key": f"k{n}", "Value": ""} for n in range(49)])
    a.iam.tag_role(RoleName="a", Tags=[{"Key": "k0", "Value": "again"}, {"Key": "k49", "Value": ""}])
    assert refused("LimitExceeded", a.iam.tag_role, RoleName="a", Tags=[{"Key": "k50", "Value": ""}]) == 409
    for key, value in (("aws:x", ""), ("x", "aws:y")):
        refused("InvalidInput", a.iam.tag_role, RoleName="a", Tags=[{"Key": key, "Value": value}])
        refused("InvalidInput", a.role, "b", Tags=[{"Key": key, "Value": value}])
    for key, value in (("a,b", ""), ("x", "{}"), ("k" * 129, ""), ("x", "v" * 257)):
        refused("ValidationError", a.iam.tag_role, RoleName="a", Tags=[{"Key": key, "Value": value}])


@check
def attaching_twice_counts_once():
    a = Account()
    a.role()
    for _ in range(2):
        a.iam.attach_role_policy(RoleName="a", PolicyArn=READ_ONLY)
    assert len(a.iam.list_attached_role_policies(RoleName="a")["AttachedPolicies"]) == 1
    assert a.iam.get_policy(PolicyArn=READ_ONLY)["Policy"]["AttachmentCount"] == 1
    assert Account().iam.get_policy(PolicyArn=READ_ONLY)["Policy"]["AttachmentCount"] == 0, "accounts share no counter"
    a.iam.detach_role_policy(RoleName="a", PolicyArn=READ_ONLY)
    assert refused("NoSuchEntity", a.iam.detach_role_policy, RoleName="a", PolicyArn=READ_ONLY) == 404
    refused("NoSuchEntity", a.iam.delete_role_policy, RoleName="a", PolicyName="p")
    refused("NoSuchEntity", a.iam.get_role_policy, RoleName="a", PolicyName="p")
    refused("ValidationError", a.iam.attach_role_policy, RoleName="a", PolicyArn="arn:aws:iam::aws:nothing-at-all", words="Invalid ARN")
    refused("NoSuchEntity", a.iam.attach_role_policy, RoleName="a", PolicyArn="arn:aws:iam::aws:policy/No", words="is not attachable")


@check
def role_names_are_unique_whatever_their_case():
    a = Account()
    a.role("Team-App")
    assert refused("EntityAlreadyExists", a.role, "team-APP", Path="/other/") == 409
    assert a.iam.get_role(RoleName="TEAM-app")["Role"]["RoleName"] == "Team-App"
    a.iam.put_role_policy(RoleName="team-app", PolicyName="p", PolicyDocument=text(INLINE))
    assert a.iam.list_role_policies(RoleName="Team-App")["PolicyNames"] == ["p"]
    a.iam.delete_role_policy(RoleName="Team-App", PolicyName="p")
    a.iam.delete_role(RoleName="team-app")
    assert refused("NoSuchEntity", a.iam.get_role, RoleName="Team-App") == 404
    a.role("team-app")


@check
def bad_shapes_are_refused():
    a = Account()
    for name in ("a b", "ä", "a/b", "n" * 65):
        refused("ValidationError", a.role, name)
    for path in ("x/", "/x", "/é/", "/ /"):
        refused("ValidationError", a.role, Path=path)
    for seconds in (3599, 43201):
        refused("ValidationError", a.role, MaxSessionDuration=seconds)
    for description in ("d" * 1001, "a – b", "日"):
        refused("ValidationError", a.role, Description=description)
    a.role(Description="é\t\n")
    refused("ValidationError", a.iam.update_role, RoleName="a", Description="–")
    refused("ValidationError", a.iam.update_role, RoleName="a", MaxSessionDuration=1)
    refused("ValidationError", a.iam.put_role_policy, RoleName="a", PolicyName="p q", PolicyDocument=text(INLINE))
    refused("MalformedPolicyDocument", a.iam.put_role_policy, RoleName="a", PolicyName="p", PolicyDocument="{")


@check
def only_bad_trust_is_refused():
    a = Account()
    assert refused("MalformedPolicyDocument", a.role, "a", trust="no json", words="invalid Json") == 400
    for bad in ({}, {"Version": "2012-10-17"}, [], {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole"}]}):
        refused("MalformedPolicyDocument", a.role, "a", trust=bad)
    one = SERVICE["Statement"][0]
    good = [
        {"Version": "2012-10-17", "Statement": one},
        {"Statement": [{**one, "Principal": "*"}]},
        {**SERVICE, "Version": "2008-10-17"},
        {"Version": "2012-10-17", "Statement": [{**one, "Principal": {"AWS": "*"}, "Action": ["sts:AssumeRole", "sts:TagSession", "sts:SetContext"]}]},
        {"Version": "2012-10-17", "Statement": [{**one, "Sid": "x", "Principal": {"Federated": f"arn:aws:iam::{a.id}:oidc-provider/example.com"},
            "Action": "sts:AssumeRoleWithWebIdentity", "Condition": {"StringEquals": {"example.com:aud": "sts.amazonaws.com"}}}]},
    ]
    for number, document in enumerate(good):
        a.role(f"good{number}", trust=document)


@check
def quotas_hold():
    a = Account()
    spaces = " " * 5000
    a.role(trust=text(SERVICE) + spaces)
    many = {"Version": "2012-10-17", "Statement": [{**SERVICE["Statement"][0], "Condition": {"StringEquals": {"aws:x": "v" * 2048}}}]}
    assert refused("LimitExceeded", a.role, "b", trust=many, words="ACLSizePerRole: 2048") == 409
    refused("LimitExceeded", a.iam.update_assume_role_policy, RoleName="a", PolicyDocument=text(many))
    half = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::" + "b" * 5990}]}
    a.iam.put_role_policy(RoleName="a", PolicyName="p", PolicyDocument=text(half) + spaces)
    a.iam.put_role_policy(RoleName="a", PolicyName="p", PolicyDocument=text(half))
    assert refused("LimitExceeded", a.iam.put_role_policy, RoleName="a", PolicyName="q", PolicyDocument=text(half), words="10240 bytes exceeded for role a") == 409
    large = text(half).replace("bbb", "bbb" + "c" * 100, 1)
    refused("LimitExceeded", a.iam.create_policy, PolicyName="m", PolicyDocument=large, words="PolicySize: 6144")
    arn = a.iam.create_policy(PolicyName="m", PolicyDocument=text(half))["Policy"]["Arn"]
    refused("LimitExceeded", a.iam.create_policy_version, PolicyArn=arn, PolicyDocument=large, words="PolicySize: 6144")
    for n in range(11):
        arn = a.iam.create_policy(PolicyName=f"m{n}", PolicyDocument=text(INLINE))["Policy"]["Arn"]
        if n < 10:
            a.iam.attach_role_policy(RoleName="a", PolicyArn=arn)
    refused("LimitExceeded", a.iam.attach_role_policy, RoleName="a", PolicyArn=arn, words="PoliciesPerRole: 10")
    a.control("POST", "settings", {"roles_quota": 1})
    refused("LimitExceeded", a.role, "c", words="RolesPerAccount: 1")


@check
def principals_are_kept_by_id():
    a, b = Account(), Account()
    b.iam.list_roles()
    role = a.role("caller", Path="/x/")
    user = a.iam.create_user(UserName="u")["User"]
    created = a.role("target", trust=aws(role["Arn"], user["Arn"], b.id))
    assert created["AssumeRolePolicyDocument"] == aws(role["Arn"], user["Arn"], b.id), "CreateRole echoes what was sent"

    def shown():
        statement = a.iam.get_role(RoleName="target")["Role"]["AssumeRolePolicyDocument"]["Statement"][0]
        return set(statement["Principal"]["AWS"])

    assert shown() == {role["Arn"], user["Arn"], f"arn:aws:iam::{b.id}:root"}
    a.iam.delete_role(RoleName="caller")
    assert role["RoleId"] in shown() and role["Arn"] not in shown()
    again = a.role("caller", Path="/x/")
    assert role["RoleId"] in shown() and again["RoleId"] != role["RoleId"], "a recreated namesake is not trusted"
    a.iam.update_assume_role_policy(RoleName="target", PolicyDocument=text(aws(again["Arn"])))
    assert shown() == {again["Arn"]}


@check
def unknown_principals_are_refused():
    a, b = Account(), Account()
    b.iam.list_roles()
    for arn in (f"arn:aws:iam::{a.id}:role/none", f"arn:aws:iam::{b.id}:user/none", "AROAAAAAAAAAAAAAAAAAA"):
        assert refused("MalformedPolicyDocument", a.role, "t", trust=aws(arn), words="Invalid principal in policy") == 400
    a.role("t", trust=aws("arn:aws:iam::999999999999:role/nobody-knows", f"arn:aws:iam::{a.id}:root", "*", f"arn:aws:iam::{a.id}:user/controller"))
    refused("MalformedPolicyDocument", a.iam.update_assume_role_policy, RoleName="t", PolicyDocument=text(aws(f"arn:aws:iam::{a.id}:role/none")))


@check
def protected_roles_stay():
    a = Account()
    a.iam.create_service_linked_role(AWSServiceName="autoscaling.amazonaws.com")
    linked = "AWSServiceRoleForAutoScaling"
    a.control("POST", "roles", {"name": "AWSReservedSSO_x", "path": "/aws-reserved/sso.amazonaws.com/", "tags": {"aws:x": "1"}})
    iam = a.iam
    iam.create_instance_profile(InstanceProfileName="i")
    for name in (linked, "awsreservedsso_X"):
        assert refused("UnmodifiableEntity", iam.delete_role, RoleName=name, words="only modifiable by AWS") == 400
        refused("UnmodifiableEntity", iam.update_role, RoleName=name, Description="x")
        refused("UnmodifiableEntity", iam.update_role_description, RoleName=name, Description="x")
        refused("UnmodifiableEntity", iam.update_assume_role_policy, RoleName=name, PolicyDocument=text(SERVICE))
        refused("UnmodifiableEntity", iam.put_role_policy, RoleName=name, PolicyName="p", PolicyDocument=text(INLINE))
        refused("UnmodifiableEntity", iam.delete_role_policy, RoleName=name, PolicyName="p")
        refused("UnmodifiableEntity", iam.attach_role_policy, RoleName=name, PolicyArn=READ_ONLY)
        refused("UnmodifiableEntity", iam.detach_role_policy, RoleName=name, PolicyArn=READ_ONLY)
        refused("UnmodifiableEntity", iam.tag_role, RoleName=name, Tags=[{"Key": "k", "Value": "v"}])
        refused("UnmodifiableEntity", iam.untag_role, RoleName=name, TagKeys=["k"])
        refused("UnmodifiableEntity", iam.put_role_permissions_boundary, RoleName=name, PermissionsBoundary=READ_ONLY)
        refused("UnmodifiableEntity", iam.delete_role_permissions_boundary, RoleName=name)
        refused("UnmodifiableEntity", iam.add_role_to_instance_profile, InstanceProfileName="i", RoleName=name)
    refused("InvalidInput", a.role, "n", Path="/aws-service-role/x/")
    a.role("service", Path="/service-role/")
    iam.tag_role(RoleName="service", Tags=[{"Key": "k", "Value": "v"}])
    iam.delete_service_linked_role(RoleName=linked)
    refused("NoSuchEntity", iam.get_role, RoleName=linked)


@check
def boundaries_must_exist():
    a = Account()
    own = a.iam.create_policy(PolicyName="b", PolicyDocument=text(INLINE))["Policy"]["Arn"]
    a.role(PermissionsBoundary=own)
    for arn in (own + "x", "arn:aws:iam::aws:policy/No"):
        refused("NoSuchEntity", a.role, "b", PermissionsBoundary=arn)
        refused("NoSuchEntity", a.iam.put_role_permissions_boundary, RoleName="a", PermissionsBoundary=arn)
    refused("ValidationError", a.iam.put_role_permissions_boundary, RoleName="a", PermissionsBoundary="arn:aws:iam::aws:nothing-at-all")
    refused("DeleteConflict", a.iam.delete_policy, PolicyArn=own)
    a.iam.put_role_permissions_boundary(RoleName="a", PermissionsBoundary=READ_ONLY)
    a.iam.attach_role_policy(RoleName="a", PolicyArn=own)
    refused("DeleteConflict", a.iam.delete_policy, PolicyArn=own)
    a.iam.detach_role_policy(RoleName="a", PolicyArn=own)
    a.iam.delete_policy(PolicyArn=own)


@check
def deletion_names_its_blocker():
    a = Account()
    a.role()
    a.iam.attach_role_policy(RoleName="a", PolicyArn=READ_ONLY)
    a.iam.put_role_policy(RoleName="a", PolicyName="p", PolicyDocument=text(INLINE))
    a.iam.create_instance_profile(InstanceProfileName="i")
    a.iam.add_role_to_instance_profile(InstanceProfileName="i", RoleName="a")
    assert refused("DeleteConflict", a.iam.delete_role, RoleName="a", words="instance profile") == 409
    a.iam.remove_role_from_instance_profile(InstanceProfileName="i", RoleName="A")
    refused("NoSuchEntity", a.iam.remove_role_from_instance_profile, InstanceProfileName="i", RoleName="a")
    refused("DeleteConflict", a.iam.delete_role, RoleName="a", words="detach")
    a.iam.detach_role_policy(RoleName="a", PolicyArn=READ_ONLY)
    refused("DeleteConflict", a.iam.delete_role, RoleName="a", words="delete policies")
    a.iam.delete_role_policy(RoleName="a", PolicyName="p")
    a.iam.delete_role(RoleName="a")
