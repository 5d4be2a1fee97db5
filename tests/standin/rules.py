"""What IAM refuses: shapes, characters, sizes and quotas of role calls. Pure checks; nothing here knows a backend.

The source of each rule is section 1 of the project's facts on IAM (AWS service model and quota pages).
"""

import json
import re
import unicodedata

from moto.iam.exceptions import (
    DuplicateTags,
    IAMException,
    InvalidInput,
    LimitExceededException,
    MalformedPolicyDocument,
    NotFoundException,
    ValidationError,
)
from moto.iam.policy_validation import IAMPolicyDocumentValidator, IAMTrustPolicyDocumentValidator

NAME = re.compile(r"[A-Za-z0-9_+=,.@-]+")
PATH = re.compile(r"(/)|(/[!-~]+/)")
POLICY_ARN = re.compile(r"arn:aws[a-z-]*:iam::(aws|\d{12}):policy(/[!-~]*)?/[A-Za-z0-9_+=,.@-]+")
DESCRIPTION = re.compile("[\t\n\r\x20-\x7e\xa1-\xff]*")
DOCUMENT = re.compile("[\t\n\r\x20-\xff]+")

TRUST_QUOTA = 2048
INLINE_QUOTA = 10240
MANAGED_QUOTA = 6144
ATTACHED_QUOTA = 10
TAG_QUOTA = 50
PROTECTED_PATHS = ("/aws-service-role/", "/aws-reserved/")


class UnmodifiableEntity(IAMException):
    code = "UnmodifiableEntity"


class PolicyNotAttachable(IAMException):
    code = "PolicyNotAttachable"


def refuse(value, field, constraint):
    raise ValidationError(f"1 validation error detected: Value '{value}' at '{field}' failed to satisfy constraint: {constraint}")


def name(value, field="roleName", longest=64):
    if not value or not NAME.fullmatch(value):
        refuse(value, field, r"Member must satisfy regular expression pattern: [\w+=,.@-]+")
    if len(value) > longest:
        refuse(value, field, f"Member must have length less than or equal to {longest}")


def path(value):
    if value is None:
        return
    if not PATH.fullmatch(value) or len(value) > 512:
        raise ValidationError(
            "The specified value for path is invalid. It must begin and end with / and contain only alphanumeric characters and/or / characters."
        )
    if value.startswith(PROTECTED_PATHS):
        raise InvalidInput(f"Path prefix {value} is reserved for roles that AWS makes")


def description(value):
    if value is None:
        return
    if len(value) > 1000:
        refuse(value, "description", "Member must have length less than or equal to 1000")
    if not DESCRIPTION.fullmatch(value):
        refuse(value, "description", r"Member must satisfy regular expression pattern: [\u0009\u000A\u000D\u0020-\u007E\u00A1-\u00FF]*")


def duration(value):
    if value is None:
        return
    if not 3600 <= int(value) <= 43200:
        side = "greater than or equal to 3600" if int(value) < 3600 else "less than or equal to 43200"
        refuse(value, "maxSessionDuration", f"Member must have value {side}")


def size(text):
    """Characters that count towards a quota: white space does not."""
    return sum(1 for c in text if not c.isspace())


def document(text, field):
    if not text or len(text) > 131072:
        refuse("…", field, "Member must have length between 1 and 131072")
    if not DOCUMENT.fullmatch(text):
        refuse("…", field, r"Member must satisfy regular expression pattern: [\u0009\u000A\u000D\u0020-\u00FF]+")


def trust(text):
    document(text, "assumeRolePolicyDocument")
    try:
        parsed = json.loads(text)
    except ValueError:
        raise MalformedPolicyDocument("This policy contains invalid Json") from None
    IAMTrustPolicyDocumentValidator(text).validate()
    for statement in statements(parsed):
        if "Principal" not in statement and "NotPrincipal" not in statement:
            raise MalformedPolicyDocument("Missing required field Principal")
    if size(text) > TRUST_QUOTA:
        raise LimitExceededException(f"Cannot exceed quota for ACLSizePerRole: {TRUST_QUOTA}")
    return parsed


def inline(role, policy_name, text):
    name(policy_name, "policyName", 128)
    document(text, "policyDocument")
    IAMPolicyDocumentValidator(text).validate()
    others = sum(size(body) for known, body in role.policies.items() if known != policy_name)
    if others + size(text) > INLINE_QUOTA:
        raise LimitExceededException(f"Maximum policy size of {INLINE_QUOTA} bytes exceeded for role {role.name}")


def managed(text):
    document(text, "policyDocument")
    if size(text) > MANAGED_QUOTA:
        raise LimitExceededException(f"Cannot exceed quota for PolicySize: {MANAGED_QUOTA}")


def policy_arn(value):
    if not value or not POLICY_ARN.fullmatch(value):
        raise ValidationError(f"Invalid ARN: {value}")


def boundary(value, known):
    policy_arn(value)
    if value not in known:
        raise NotFoundException(f"Scope ARN: {value} does not exist or is not attachable.")


def statements(parsed):
    found = parsed.get("Statement", [])
    return [found] if isinstance(found, dict) else found


def tag_text(value, field, shortest, longest):
    if not shortest <= len(value) <= longest:
        refuse(value, field, f"Member must have length between {shortest} and {longest}")
    if any(c not in "_.:/=+-@" and unicodedata.category(c)[0] not in "LZN" for c in value):
        refuse(value, field, r"Member must satisfy regular expression pattern: [\p{L}\p{Z}\p{N}_.:/=+\-@]*")


def tags(given):
    if len(given) > TAG_QUOTA:
        refuse("…", "tags", f"Member must have length less than or equal to {TAG_QUOTA}")
    seen = set()
    for tag in given:
        tag_text(tag["Key"], "tags.member.key", 1, 128)
        tag_text(tag["Value"], "tags.member.value", 0, 256)
        if tag["Key"].lower().startswith("aws:") or tag["Value"].lower().startswith("aws:"):
            raise InvalidInput("Tag keys and values that start with aws: are reserved for AWS")
        if tag["Key"].lower() in seen:
            raise DuplicateTags()
        seen.add(tag["Key"].lower())


def merged_tags(old, new):
    """TagRole: keys are the same whatever their case, and the new case wins."""
    given = {tag["Key"].lower(): {"Key": tag["Key"], "Value": tag["Value"]} for tag in new}
    result = [given.pop(tag["Key"].lower(), tag) for tag in old] + list(given.values())
    if len(result) > TAG_QUOTA:
        raise LimitExceededException(f"Cannot exceed quota for TagsPerRole: {TAG_QUOTA}")
    return result
