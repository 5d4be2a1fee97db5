"""What the checks share: accounts of their own, clients of boto3, refusals with their code and words."""

import itertools
import json
import urllib.request

import boto3
from botocore import config, exceptions

PORT = 0  # set by check.py when the server answers
NUMBERS = itertools.count(700000000001)
CHECKS = []
SERVICE = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}]}
INLINE = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::a b/*"}]}
READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess"


def check(function):
    CHECKS.append(function)
    return function


class Account:
    def __init__(self, number=None):
        self.id = str(number or next(NUMBERS))
        self.iam = self.client("iam")

    def client(self, service, user="CTRL", **more):
        keys = {"aws_access_key_id": f"AKIA{user}{self.id}", "aws_secret_access_key": "secret", **more}
        options = config.Config(retries={"total_max_attempts": 1}, read_timeout=10, parameter_validation=False)
        return boto3.client(service, endpoint_url=f"http://127.0.0.1:{PORT}", region_name="us-east-1", config=options, **keys)

    def role(self, name="a", trust=SERVICE, **more):
        return self.iam.create_role(RoleName=name, AssumeRolePolicyDocument=text(trust), **more)["Role"]

    def raw(self, method):
        """The bytes of an answer, because boto3 decodes documents."""
        seen = []
        self.iam.meta.events.register("after-call.iam", lambda http_response, **_: seen.append(http_response.content.decode()))
        method(self.iam)
        return seen[-1]

    def control(self, method, command, body=None):
        url = f"http://127.0.0.1:{PORT}/_rolewright/{command}?account={self.id}"
        request = urllib.request.Request(url, method=method, data=json.dumps(body).encode() if body is not None else None)
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)


def text(document):
    return document if isinstance(document, str) else json.dumps(document)


def aws(*principals):
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": list(principals)}, "Action": "sts:AssumeRole"}]}


def refused(code, function, *arguments, words="", **named):
    try:
        function(*arguments, **named)
    except exceptions.ClientError as problem:
        found = problem.response["Error"]
        assert found["Code"] == code and words in found["Message"], found
        return problem.response["ResponseMetadata"]["HTTPStatusCode"]
    raise AssertionError(f"accepted, but expected {code}")
