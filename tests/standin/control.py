"""Accounts, the log of calls and faults: a layer around moto's WSGI applications, and the control API `/_rolewright/`.

The account is part of the access key, so nothing has to be registered: `AKIA`, four letters that name the user (`CTRL` the
controller, `MAIN` the administrator), and the twelve digits of the account. Keys that moto makes carry their account too.
"""

import base64
import itertools
import json
import re
import threading
import time
import uuid
from collections import defaultdict
from email.utils import formatdate
from urllib.parse import parse_qs, parse_qsl
from xml.sax.saxutils import escape

import paging
import repairs
import trust
from moto.iam.models import iam_backends
from moto.iam.utils import ACCOUNT_OFFSET, AWS_ROLE_ALPHABET

OWN_KEY = re.compile(r"AKIA([A-Z]{4})(\d{12})")
MOTO_KEY = re.compile(r"A[A-Z]{3}([A-Z2-7]{8})([A-Z2-7])[A-Z2-7]{7}")
CREDENTIAL = re.compile(r"Credential=([^/,\s]+)/\d{8}/([^/]+)/([^/]+)/")
READS = ("Get", "List", "Simulate", "Generate", "Assume", "Decode")


class Closed(Exception):
    """The connection ends here without an answer."""


def account_of(access_key):
    own = OWN_KEY.fullmatch(access_key)
    if own:
        return own[2]
    made = MOTO_KEY.fullmatch(access_key)
    if made:
        number = int.from_bytes(base64.b32decode(made[1]), "big") - ACCOUNT_OFFSET
        if number >= 0:
            return f"{number * 2 + (made[2] in AWS_ROLE_ALPHABET[16:]):012}"
    return "123456789012"


class Account:
    def __init__(self):
        self.lock = threading.RLock()  # moto iterates over dictionaries that another thread may change
        self.calls = []
        self.history = []  # the same, and no reset empties it
        self.rules = []
        self.skew = 0
        self.released = threading.Event()


class Control:
    def __init__(self, dispatch):
        self.dispatch = dispatch
        self.accounts = defaultdict(Account)
        self.numbers = itertools.count(1)
        self.guard = threading.Lock()

    def account(self, number):
        with self.guard:
            return self.accounts[number]

    def __call__(self, environ, body):
        """Answers (status, headers, body), or raises `Closed`."""
        if environ["PATH_INFO"].startswith("/_rolewright/"):
            return self.command(environ, body)
        found = CREDENTIAL.search(environ.get("HTTP_AUTHORIZATION", ""))
        access_key, service = (found[1], found[3]) if found else ("", "")
        number = account_of(access_key)
        environ["HTTP_X_MOTO_ACCOUNT_ID"] = number
        users = trust.known_accounts.setdefault(number, set())
        if OWN_KEY.fullmatch(access_key):
            users.add(repairs.user_of(access_key))
        params = dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
        action = params.get("Action", "")
        call = {
            "account": number,
            "service": service,
            "action": action,
            "write": service == "iam" and not action.startswith(READS),
            "status": 0,
            "user_agent": environ.get("HTTP_USER_AGENT", ""),
            "access_key": access_key,
            "role": params.get("RoleName"),
            "params": {key: value for key, value in params.items() if key not in ("Action", "Version")},
            "fault": None,
        }
        return self.answer(self.account(number), call, environ, body)

    def answer(self, account, call, environ, body):
        rule = self.matching(account, call)
        kind = rule["kind"] if rule else None
        call["fault"] = kind
        if rule and rule.get("delay_ms"):
            time.sleep(rule["delay_ms"] / 1000)
        if kind in ("throttle", "access_denied", "server_error", "unreachable"):
            with account.lock:
                self.log(account, call)
                if kind == "unreachable":
                    raise Closed
                result = self.refusal(kind, rule, call)
                call["status"] = result[0]
        else:
            with account.lock:
                self.log(account, call)
                result = self.dispatch(call["service"], environ, body)
                call["status"] = result[0]
        if kind == "lost_answer":
            raise Closed
        if kind == "withhold":
            account.released.wait(rule.get("seconds", 30))
        if account.skew:
            result[1]["Date"] = formatdate(time.time() + account.skew, usegmt=True)
        return result

    def log(self, account, call):
        call["n"] = next(self.numbers)
        call["target"] = target(call)
        account.calls.append(call)
        account.history.append(call)

    def matching(self, account, call):
        """The first rule that fits and is not used up. `after` lets that many fitting calls pass first."""
        with account.lock:
            for rule in account.rules:
                fits = rule.get("action", "*") in ("*", call["action"])
                fits = fits and (not rule.get("write") or call["write"])
                fits = fits and rule.get("service", "iam") in ("*", call["service"])
                fits = fits and (rule.get("role") is None or rule["role"] == call["role"])
                fits = fits and (rule.get("access_key") is None or rule["access_key"] == call["access_key"])
                fits = fits and all(call["params"].get(key) == value for key, value in rule.get("params", {}).items())
                if not fits or rule["count"] == 0:
                    continue
                if rule.get("after", 0) > 0:
                    rule["after"] -= 1
                    continue
                rule["matched"] += 1
                if rule["count"] > 0:
                    rule["count"] -= 1
                if rule["kind"] == "withhold":
                    account.released.clear()
                return rule
        return None

    def refusal(self, kind, rule, call):
        if kind == "throttle":
            status, code, message = 400, "Throttling", "Rate exceeded"
        elif kind == "server_error":
            status, code, message = 500, "ServiceFailure", "The request processing has failed because of an unknown error, exception or failure."
        else:
            user = f"arn:aws:iam::{call['account']}:user/{repairs.user_of(call['access_key'])}"
            resource = f"arn:aws:iam::{call['account']}:role/{call['role']}" if call["role"] else "*"
            verb = f"{call['service']}:{call['action']}"
            status, code = 403, "AccessDenied"
            message = f"User: {user} is not authorized to perform: {verb} on resource: {resource} because no identity-based policy allows the {verb} action"
        return error(status, rule.get("code", code), rule.get("message", message))

    def command(self, environ, body):
        query = parse_qs(environ["QUERY_STRING"])
        number = query.get("account", [None])[0]
        what = (environ["REQUEST_METHOD"], environ["PATH_INFO"].removeprefix("/_rolewright/"))
        if number is None and what != ("GET", "health"):
            return plain({"error": "?account=ID is missing"}, 400)
        account = self.account(number)
        given = json.loads(body) if body else None
        match what:
            case ("GET", "health"):
                return plain({"ok": True})
            case ("GET", "calls"):
                with account.lock:
                    return plain(account.calls)
            case ("GET", "calls/all"):
                with account.lock:
                    return plain(account.history)
            case ("POST", "calls/reset"):
                with account.lock:
                    account.calls = []
            case ("GET", "faults"):
                return plain(account.rules)
            case ("POST", "faults"):
                problems = [problem for rule in given for problem in wrong(rule)]
                if problems:
                    return plain({"error": problems}, 400)
                with account.lock:
                    account.rules.extend({"count": -1, **rule, "matched": 0} for rule in given)
            case ("DELETE", "faults"):
                with account.lock:
                    account.rules = []
                account.released.set()
            case ("POST", "release"):
                account.released.set()
            case ("POST", "settings"):
                unknown = set(given) - {"skew_seconds", *paging.DEFAULTS}
                if unknown:
                    return plain({"error": f"unknown settings: {sorted(unknown)}"}, 400)
                account.skew = given.get("skew_seconds", account.skew)
                paging.settings.setdefault(number, {}).update({key: given[key] for key in given if key in paging.DEFAULTS})
            case ("POST", "roles"):
                return plain({"Arn": self.role_by_aws(account, number, given)})
            case _:
                return plain({"error": f"unknown command {what[0]} {what[1]}"}, 404)
        return plain({"ok": True})

    def role_by_aws(self, account, number, given):
        """A role that only AWS could make: below `/aws-reserved/`, or with tags that a client may not write."""
        trust.known_accounts.setdefault(number, set())
        service = {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
        document = given.get("trust") or {"Version": "2012-10-17", "Statement": service}
        with account.lock:
            role = iam_backends[number]["aws"].create_role(
                given["name"], json.dumps(document), given.get("path", "/"), None, given.get("description"), [], 3600, linked_service=""
            )
            role.tags = [{"Key": key, "Value": value} for key, value in given.get("tags", {}).items()]
        return role.arn


KINDS = ("throttle", "access_denied", "server_error", "unreachable", "lost_answer", "withhold", "delay")
FIELDS = {"action", "write", "service", "role", "access_key", "params", "count", "after", "kind", "delay_ms", "seconds", "code", "message"}


def target(call):
    """The role that a call names, as it is before the call: what AWS knows when it evaluates the conditions of a policy."""
    if call["service"] != "iam" or not call["role"]:
        return None
    role = iam_backends[call["account"]]["aws"].find_role(call["role"])
    if role is None:
        return None
    tags = {tag["Key"]: tag["Value"] for tag in role.tags}
    return {"arn": role.arn, "boundary": role.permissions_boundary_arn, "tags": tags}


def wrong(rule):
    if rule.get("kind") not in KINDS:
        yield f"kind {rule.get('kind')!r} is none of {', '.join(KINDS)}"
    for field in set(rule) - FIELDS:
        yield f"unknown field {field!r}"


def plain(value, status=200):
    return status, {"Content-Type": "application/json"}, json.dumps(value).encode()


def error(status, code, message):
    request = str(uuid.uuid4())
    kind = "Receiver" if status >= 500 else "Sender"
    text = (
        '<ErrorResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><Error>'
        f"<Type>{kind}</Type><Code>{code}</Code><Message>{escape(message)}</Message></Error><RequestId>{request}</RequestId></ErrorResponse>"
    )
    return status, {"Content-Type": "text/xml", "x-amzn-RequestId": request}, text.encode()
