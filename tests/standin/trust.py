"""Principals of trust policies: AWS keeps roles and users by unique id and shows them by ARN when somebody reads.

So a deleted principal shows as its bare id for ever, and a recreated namesake is not trusted. An account id reads back as
the ARN of its root. The order of principals and of condition keys changes on read: here it is sorted by a hash, so that a
reader that compares text or order fails at once, and always in the same way.
"""

import json
import re
import zlib

import rules
from moto.iam.exceptions import MalformedPolicyDocument
from moto.iam.models import iam_backends

ACCOUNT = re.compile(r"\d{12}")
ENTITY = re.compile(r"arn:(aws[a-z-]*):iam::(\d{12}):(role|user)/(?:.*/)?([^/]+)")
UNIQUE_ID = re.compile(r"A(ROA|IDA)[A-Z0-9]{12,}")

# Accounts that some client has used: in any other account every principal is taken for existing, because nobody can tell.
known_accounts = {}  # account id -> names of the users that its access keys stand for


def entities(account, partition):
    backend = iam_backends[account][partition]
    yield from list(backend.roles.values())
    yield from list(backend.users.values())


def by_id(unique_id):
    for account in list(known_accounts):
        for partition in list(iam_backends[account]):
            for entity in entities(account, partition):
                if entity.id == unique_id:
                    return entity
    return None


def to_stored(value, own_partition):
    if ACCOUNT.fullmatch(value):
        return f"arn:{own_partition}:iam::{value}:root"
    if UNIQUE_ID.fullmatch(value):
        if by_id(value) is None:
            raise MalformedPolicyDocument(f'Invalid principal in policy: "AWS":"{value}"')
        return value
    match = ENTITY.fullmatch(value)
    if not match or match[2] not in known_accounts:
        return value
    for entity in entities(match[2], match[1]):
        if entity.arn == value:
            return entity.id
    if match[3] == "user" and match[4] in known_accounts[match[2]]:
        return value
    raise MalformedPolicyDocument(f'Invalid principal in policy: "AWS":"{value}"')


def to_shown(value):
    if not UNIQUE_ID.fullmatch(value):
        return value
    entity = by_id(value)
    return entity.arn if entity else value


def scramble(values):
    return sorted(values, key=lambda value: zlib.crc32(str(value).encode()))


def rewritten(parsed, convert, order):
    """The document with each AWS principal converted."""
    result = json.loads(json.dumps(parsed))
    for statement in rules.statements(result):
        for field in ("Principal", "NotPrincipal"):
            principal = statement.get(field)
            if isinstance(principal, dict):
                for kind, values in principal.items():
                    change = convert if kind == "AWS" else lambda value: value
                    if isinstance(values, list):
                        principal[kind] = order([change(value) for value in values])
                    else:
                        principal[kind] = change(values)
        for operator, keys in (statement.get("Condition") or {}).items():
            if isinstance(keys, dict):
                statement["Condition"][operator] = {key: keys[key] for key in order(list(keys))}
    return result


def stored(parsed, partition):
    return rewritten(parsed, lambda value: to_stored(value, partition), lambda values: values)


def shown(document):
    return json.dumps(rewritten(document, to_shown, scramble), separators=(",", ":"))
