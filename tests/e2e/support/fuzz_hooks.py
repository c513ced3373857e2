"""Gives schemathesis what is there: real ids in addresses, versions in If-Match, a fresh key for each request."""

import atexit
import collections
import json
import os
import random
import uuid

import schemathesis

with open(os.environ["FUZZ_KNOWN"], encoding="utf-8") as file:
    KNOWN = json.load(file)

DICE = random.Random(20260302)


def pick(things):
    return DICE.choice(things) if things else None


@schemathesis.hook
def map_path_parameters(context, path_parameters):
    """Nine of ten addresses name something that is there; the tenth stays as it was generated."""
    path = context.operation.path
    if not path_parameters or DICE.random() < 0.1:
        return path_parameters
    room = path.split("/")[1]
    if "file" in path_parameters:
        one = pick([entry for entry in KNOWN["files"] if entry["list"] == room])
        if one:
            return {**path_parameters, "id": one["id"], "file": one["file"]}
    one = pick(KNOWN.get(room, []))
    return {**path_parameters, "id": one["id"]} if one and "id" in path_parameters else path_parameters


@schemathesis.hook
def map_headers(context, headers):
    """The cookie and our own header, a key that was never used, and a version that may be right."""
    headers = dict(headers or {})
    names = {parameter.name for parameter in context.operation.headers}
    if "Idempotency-Key" in names and DICE.random() < 0.9:
        headers["Idempotency-Key"] = str(uuid.UUID(int=DICE.getrandbits(128)))
    if "If-Match" in names and DICE.random() < 0.9:
        headers["If-Match"] = f'"{DICE.randint(1, 6)}"'
    return headers


@schemathesis.hook
def map_body(context, body):
    """Ids in bodies name something that is there, now and then."""
    if isinstance(body, dict):
        for field, room in (("patient_id", "patients"), ("to_department", "departments")):
            one = pick(KNOWN.get(room, []))
            if one and field in body and DICE.random() < 0.8:
                body[field] = one["id"]
    return body


ANSWERS = collections.Counter()


@schemathesis.hook
def before_call(context, case, kwargs):
    """Always as the one who is signed in: a made-up token or session would be refused before anything is read."""
    case.headers = {name: value for name, value in (case.headers or {}).items() if name.lower() != "authorization"}
    case.headers["Cookie"] = KNOWN["cookie"]
    case.cookies = {}


@schemathesis.hook
def after_call(context, case, response):
    ANSWERS[response.status_code] += 1


@atexit.register
def write_answers():
    with open(os.environ["FUZZ_ANSWERS"], "w", encoding="utf-8") as file:
        json.dump(dict(sorted(ANSWERS.items())), file)
