"""Accounts, the log of calls, faults, and many clients at once."""

import threading
import time
from email.utils import parsedate_to_datetime

from botocore import exceptions
from checking import SERVICE, Account, check, refused, text


@check
def a_key_names_its_account_and_user():
    a = Account()
    for letters, user in (("CTRL", "controller"), ("MAIN", "admin")):
        who = a.client("sts", letters).get_caller_identity()
        assert (who["Account"], who["Arn"]) == (a.id, f"arn:aws:iam::{a.id}:user/{user}"), who
    a.role("only-here")
    assert not Account().iam.list_roles()["Roles"]
    assert a.client("iam", "MAIN").get_role(RoleName="only-here")


@check
def a_new_account_costs_little():
    # moto reads all AWS-managed policies again for each account: 0.9 s and 32 MB.
    clients = [Account().iam for _ in range(25)]
    begin = time.monotonic()
    for client in clients:
        client.list_roles()
    assert time.monotonic() - begin < 2


@check
def an_assumed_role_acts_in_its_account():
    hub, spoke = Account(), Account()
    spoke.role("spoke")
    given = hub.client("sts").assume_role(RoleArn=f"arn:aws:iam::{spoke.id}:role/spoke", RoleSessionName="session")["Credentials"]
    keys = {"aws_access_key_id": given["AccessKeyId"], "aws_session_token": given["SessionToken"]}
    assert spoke.client("sts", **keys).get_caller_identity()["Arn"] == f"arn:aws:sts::{spoke.id}:assumed-role/spoke/session"
    assert [r["RoleName"] for r in spoke.client("iam", **keys).list_roles()["Roles"]] == ["spoke"]


@check
def calls_are_logged_in_order():
    a = Account()
    a.role("r")
    a.iam.get_role(RoleName="r")
    refused("NoSuchEntity", a.client("iam", "MAIN").delete_role_policy, RoleName="r", PolicyName="p")
    calls = a.control("GET", "calls")
    assert [(c["action"], c["write"], c["status"], c["role"]) for c in calls] == [
        ("CreateRole", True, 200, "r"), ("GetRole", False, 200, "r"), ("DeleteRolePolicy", True, 404, "r")], calls
    assert calls[0]["n"] < calls[1]["n"] < calls[2]["n"] and calls[2]["params"]["PolicyName"] == "p"
    assert calls[2]["access_key"] == f"AKIAMAIN{a.id}" and "Boto3" in calls[0]["user_agent"]
    a.control("POST", "calls/reset")
    assert a.control("GET", "calls") == []


@check
def faults_fit_their_rules():
    a = Account()
    a.role("r")
    admin = a.client("iam", "MAIN")
    own = {"access_key": f"AKIACTRL{a.id}"}
    a.control("POST", "faults", [
        {"action": "GetRole", "count": 1, "kind": "throttle", **own},
        {"action": "GetRole", "role": "r", "count": 1, "kind": "access_denied", **own},
        {"action": "*", "count": 1, "kind": "server_error", **own},
    ])
    assert admin.get_role(RoleName="r")
    assert refused("Throttling", a.iam.get_role, RoleName="r", words="Rate exceeded") == 400
    words = f"User: arn:aws:iam::{a.id}:user/controller is not authorized to perform: iam:GetRole on resource: arn:aws:iam::{a.id}:role/r"
    assert refused("AccessDenied", a.iam.get_role, RoleName="r", words=words) == 403
    assert refused("ServiceFailure", a.iam.list_roles) == 500
    assert a.iam.list_roles()
    assert [c["fault"] for c in a.control("GET", "calls")] == [None, None, "throttle", "access_denied", "server_error", None]
    assert [r["matched"] for r in a.control("GET", "faults")] == [1, 1, 1]


@check
def faults_close_connections():
    a = Account()
    a.role("r")
    for kind, applied in (("unreachable", False), ("lost_answer", True)):
        a.control("DELETE", "faults")
        a.control("POST", "faults", [{"write": True, "after": 1, "count": 1, "kind": kind}])
        a.iam.update_role(RoleName="r", Description="first")
        try:
            a.iam.update_role(RoleName="r", Description=kind)
            raise AssertionError("an answer came")
        except exceptions.HTTPClientError:
            pass
        assert a.iam.get_role(RoleName="r")["Role"]["Description"] == (kind if applied else "first")


@check
def faults_withhold_and_delay():
    a = Account()
    a.control("POST", "faults", [{"action": "CreateRole", "count": 1, "kind": "withhold", "seconds": 30}])
    done = threading.Event()
    threading.Thread(target=lambda: (a.role("r"), done.set())).start()
    other = a.client("iam", "MAIN")
    deadline = time.monotonic() + 10
    while not other.list_roles()["Roles"]:
        assert time.monotonic() < deadline
    assert not done.is_set(), "the role is there and the answer is not"
    a.control("POST", "release")
    assert done.wait(5)
    a.control("POST", "faults", [{"action": "GetRole", "count": 1, "kind": "delay", "delay_ms": 300}])
    begin = time.monotonic()
    a.iam.get_role(RoleName="r")
    assert time.monotonic() - begin >= 0.3


@check
def dates_can_be_skewed():
    a = Account()
    a.control("POST", "settings", {"skew_seconds": 3600})
    seen = a.iam.list_roles()["ResponseMetadata"]
    assert seen["RequestId"]
    assert 3500 < parsedate_to_datetime(seen["HTTPHeaders"]["date"]).timestamp() - time.time() < 3700


@check
def many_clients_at_once_lose_nothing():
    a = Account()
    problems = []

    def work(worker):
        try:
            iam = a.client("iam")
            for n in range(25):
                iam.create_role(RoleName=f"w{worker}-{n}", AssumeRolePolicyDocument=text(SERVICE))
                iam.list_roles()
        except Exception as problem:
            problems.append(problem)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not problems, problems
    assert sum(1 for _ in a.iam.get_paginator("list_roles").paginate().search("Roles[]")) == 200
