#!/usr/bin/env python3
"""Works every figure out again, from the exported journal alone.

    causeway journal export > journal.ndjson
    causeway stats show --from 2026-03-01 --to 2026-04-01 > page.json
    tests/figures.py journal.ndjson page.json

Written from docs/statistics.md, not from the Rust: it keeps every record whole in memory, counts
lists, and shares neither code nor shape with what it checks. Python's own library only.
"""

import json
import math
import statistics
import sys
from collections import Counter, defaultdict
from datetime import datetime, timedelta, timezone

ZONE = timezone(timedelta(hours=8))
DAY = timedelta(days=1)


def moment(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def millis(span):
    return round(span.total_seconds() * 1000)


def minutes(span):
    return millis(span) // 60_000


def length(span):
    """Up to two hours every minute is told, up to a day every ten, then every sixty."""
    whole = minutes(span)
    for below, step in ((120, 1), (1440, 10)):
        if whole < below:
            return whole - whole % step
    return whole - whole % 60


class Leg:
    def __init__(self, at, said):
        self.at, self.house, self.room = at, said["to_facility"], said["to_department"]
        self.seen = self.asked = False
        self.verdict = None  # (word, when, why)


class Referral:
    def __init__(self):
        self.log, self.legs = [], []
        self.sent = None
        self.answers, self.accepts, self.rejects, self.no_shows, self.questions = [], [], [], [], []
        self.arrived = self.kept = self.outcome = self.read = self.expired = self.unread = None
        self.died = self.late = False
        self.state = "draft"
        self.open_question = None

    def feed(self, e):
        at, said, act = moment(e["at"]), e["payload"], e["action"].split(".", 1)[1]
        if act == "read":
            if self.outcome and e["facility"] == self.house:
                self.read = self.read or at
            return
        self.house, self.author, self.patient = said["from_facility"], said["from_user"], said["patient"]
        self.parent, self.consult = said.get("parent"), said.get("consult")
        if not self.sent:
            self.urgency, self.direction = said["urgency"], said["direction"]
        self.state = e["to_state"] or self.state
        if act == "submit":
            self.sent, self.letter = at, said
            self.due = moment(said["due_at"]) if said["due_at"] else None
            self.legs.append(Leg(at, said))
        elif act == "view":
            self.legs[-1].seen = True
        elif act == "request_info":
            self.answers.append(at)
            self.legs[-1].seen = self.legs[-1].asked = True
            self.open_question = at
        elif act == "supply_info":
            self.close_question(at)
        elif act in ("accept", "accept_and_schedule", "emergency_arrive"):
            self.decide("accepted", at, "")
            self.accepts.append(at)
            if act == "emergency_arrive":
                self.arrived = self.arrived or at
        elif act == "reject":
            self.decide("rejected", at, e["reason_code"])
            self.rejects.append((at, e["reason_code"], self.legs[-1]))
        elif act in ("redirect", "redirect_by_sender", "redirect_after_reject", "resubmit"):
            if act == "redirect":
                self.decide("redirected", at, e["reason_code"])
            self.close_question(at)
            self.legs.append(Leg(at, said))
        elif act == "no_show":
            self.no_shows.append(at)
        elif act in ("arrive", "patient_already_here"):
            if e["from_state"] == "scheduled":
                self.kept = at
            self.arrived = self.arrived or at
        elif act in ("discharge", "outcome", "refer_back"):
            self.arrived = self.arrived or at
            self.outcome = self.outcome or at
        elif act == "patient_died":
            self.died = True
            if self.arrived:
                self.outcome = self.outcome or at
        elif act in ("acknowledge", "record_follow_up", "complete"):
            if e["actor"] != "system":
                self.read = self.read or at
        elif act == "expire":
            self.expired = at
        elif act == "auto_close":
            if e["from_state"] != "rejected":
                self.unread = at
        elif act == "overdue":
            self.late = True

    def decide(self, word, at, why):
        self.answers.append(at)
        self.close_question(at)
        self.legs[-1].seen = True
        self.legs[-1].verdict = (word, at, why)

    def close_question(self, at):
        if self.open_question:
            self.questions.append((self.open_question, at - self.open_question))
        self.open_question = None


class Consult:
    def __init__(self):
        self.sent = self.answered = self.rings = self.rang = self.met = self.talks = None
        self.opinion = self.closed = self.adopted = self.confirmed = self.unread = None
        self.talked, self.next, self.state = timedelta(0), "", "draft"
        self.missed = self.dropped = False
        self.setup, self.seated, self.voice_only = None, 0, 0

    def feed(self, e):
        if e["action"] == "consult.call_report":
            ms = e["payload"]["setup_ms"]
            if ms is not None:
                self.setup = ms if self.setup is None else max(self.setup, ms)
            self.seated += e["payload"]["seconds"]
            self.voice_only += e["payload"]["voice_only_s"]
        if not e["to_state"]:
            return
        at, said, act = moment(e["at"]), e["payload"], e["action"].split(".", 1)[1]
        moved = e["from_state"] != e["to_state"]
        self.state = e["to_state"]
        if "from_facility" in said:
            self.house, self.author, self.patient = said["from_facility"], said["from_user"], said["patient"]
            self.to_house, self.room, self.urgency = said["to_facility"], said["to_department"], said["urgency"]
        if moved:
            if self.state == "ringing":
                self.rings = self.rings or at
            else:
                if self.rings and self.state == "accepted":
                    self.rang = self.rang if self.rang is not None else at - self.rings
                self.rings = None
            if self.state == "in_progress":
                self.met, self.talks = self.met or at, at
            elif self.talks:
                self.talked, self.talks = self.talked + (at - self.talks), None
            if self.state == "closed":
                self.closed = self.closed or at
        if act == "submit":
            self.sent = self.sent or at
        elif act in ("accept", "take"):
            self.answered = self.answered or at
        elif act in ("timeout", "wait_over", "exhausted"):
            self.missed = True
        elif act == "lost":
            self.dropped = True
        elif act in ("give_opinion", "amend_opinion"):
            self.opinion, self.next = self.opinion or at, said["next"]
        elif act == "acknowledge":
            self.adopted, self.confirmed = said["adopted"], self.confirmed or at
        elif act == "auto_close" and e["reason_code"] == "unacknowledged":
            self.unread = at


def load(path):
    referrals, consults, exports, kept = defaultdict(Referral), defaultdict(Consult), [], {}
    for line in open(path, encoding="utf-8"):
        e = json.loads(line)
        if e["entity_type"] == "referral" and e["action"].startswith("referral."):
            referrals[e["entity_id"]].feed(e)
        elif e["entity_type"] == "consult":
            consults[e["entity_id"]].feed(e)
        elif e["action"] == "statistics.export":
            exports.append(e)
        elif e["action"] in ("patient.merge", "patient.unmerge") and e["entity_id"] != e["payload"]["kept"]:
            # The record that is not kept leads to the one that is, until they are taken apart.
            kept.pop(e["entity_id"], None)
            if e["action"] == "patient.merge":
                kept[e["entity_id"]] = e["payload"]["kept"]
    return referrals, consults, exports, kept


class Period:
    def __init__(self, span, scope):
        start = lambda text: datetime.fromisoformat(text).replace(tzinfo=ZONE)
        self.first, self.end = start(span["from"]), start(span["to"])
        self.kind, _, self.whose = scope.partition(":")

    def has(self, at):
        return at is not None and self.first <= at < self.end

    def mine(self, house, author, to_house, to_room):
        return {
            "all": True,
            "f": self.whose in (house, to_house),
            "d": self.whose == to_room,
            "u": self.whose == author,
        }[self.kind]


def figures(path, page, which):
    every_r, every_c, exports, kept = load(path)

    def same(one, other):
        """One person, though entered twice and merged since."""
        return kept.get(one, one) == kept.get(other, other)

    span = Period(page[which], page["scope"])
    n = Counter()
    lists = defaultdict(list)
    tables = defaultdict(Counter)
    sent_all = {k: r for k, r in every_r.items() if r.sent}
    counted = {k: r for k, r in sent_all.items() if r.state != "entered_in_error"}

    for key, r in counted.items():
        leg0 = r.legs[0]
        me = span.mine(r.house, r.author, leg0.house, leg0.room)

        def mine(at):
            return me and span.has(at)

        def theirs(leg, at):
            return span.mine(r.house, r.author, leg.house, leg.room) and span.has(at)

        if mine(r.sent):
            n["sent"] += 1
            n[r.direction] += 1
            n["legs"] += len(r.legs)
            n["files"] += r.letter["files"]
            n["shared"] += r.letter["shared_bytes"]
            tables["senders"][r.house] += 1
            tables["departments"][leg0.room] += 1
            tables["flow"][f"{r.house}>{leg0.room}"] += 1
            if r.letter["diagnosis"]:
                tables["diagnoses"][r.letter["diagnosis"]] += 1
            if r.letter["asked_for"]:
                n["weighed"] += 1
                n["asked_for"] += r.letter["asked_for"]
                n["left_out"] += len(r.letter["left_out"])
                n["complete"] += not r.letter["left_out"]
                tables["missed_items"].update(r.letter["left_out"])
            entry = r.letter["entry"]
            if entry:
                lists["entry_" + entry["path"]].append(entry["active_ms"] // 1000)
                lists["keys_" + entry["path"]].append(entry["keys"])
                lists["clicks_" + entry["path"]].append(entry["clicks"])
                if "wall_ms" in entry:
                    lists["wall_" + entry["path"]].append(entry["wall_ms"] // 1000)
                for what in ("prefilled", "edited"):
                    if what in entry:
                        lists[what + "_" + entry["path"]].append(entry[what])
            if r.answers:
                lists["response"].append(length(min(r.answers) - r.sent))
                good = "in_time" if min(r.answers) <= r.due else "too_late"
                n[good] += 1
                n[good, r.urgency] += 1
            elif r.late:
                n["too_late"] += 1
                n["too_late", r.urgency] += 1
            if not r.answers and r.state == "submitted":
                n["open"] += 1
            if r.accepts:
                lists["acceptance"].append(length(min(r.accepts) - r.sent))
            if r.direction == "down":
                again = [
                    u for u in sent_all.values()
                    if u is not r and u.direction == "up" and same(u.patient, r.patient)
                    and timedelta(0) < u.sent - r.sent <= 30 * DAY
                ]
                n["returned"] += bool(again)
        for at, gap in r.questions:
            if mine(at):
                lists["delay"].append(length(gap))
        decided = [leg for leg in r.legs if leg.verdict]
        for leg in r.legs:
            if theirs(leg, leg.at):
                n["leg_seen"] += leg.seen
                n["leg_asked"] += leg.asked
        for leg in decided:
            word, at, why = leg.verdict
            if theirs(leg, at):
                n["leg"] += 1
                n["leg", word] += 1
                if leg is r.legs[0]:
                    n["first_leg"] += 1
                    n["first_leg", word] += 1
                if leg is decided[-1]:
                    n["last_leg"] += 1
                    n["last_leg", word] += 1
                n["wrong_address"] += (word, why) in (("redirected", "wrong_field"), ("rejected", "not_my_field"))
        for at, why, leg in r.rejects:
            if theirs(leg, at):
                n["rejections"] += 1
                tables["reasons"][why] += 1
                tables["rejecting_departments"][leg.room] += 1
        if r.rejects and mine(r.rejects[0][0]):
            n["rejected"] += 1
            first = r.rejects[0][0]
            n["accepted_later"] += any(leg.verdict[0] == "accepted" and leg.verdict[1] > first for leg in decided)
        if mine(r.arrived):
            n["arrived"] += 1
            if any(at <= r.arrived for at in r.no_shows):
                n["wait_left_out"] += 1
            else:
                lists["wait"].append(length(r.arrived - r.sent))
            n["loop"] += bool(r.outcome and r.read and r.read - r.outcome <= 14 * DAY)
        n["no_show"] += sum(mine(at) for at in r.no_shows)
        n["kept"] += mine(r.kept)
        if r.no_shows and mine(r.no_shows[0]):
            n["no_show_patient"] += 1
            n["came_later"] += bool(r.arrived and r.arrived > r.no_shows[0])
        if mine(r.outcome) and r.direction == "up" and not r.died:
            n["home"] += 1
            back = [d.sent for d in sent_all.values() if d.parent == key and d.direction == "down"]
            n["home_with_letter"] += bool(back and min(back) - r.outcome <= 30 * DAY)
        n["expired"] += mine(r.expired)
        n["unread"] += mine(r.unread)

    for key, c in every_c.items():
        if not c.sent or c.state == "entered_in_error":
            continue
        mine = lambda at: span.has(at) and span.mine(c.house, c.author, c.to_house, c.room)
        if mine(c.sent):
            n["consult"] += 1
            n["consult_answered"] += bool(c.answered)
            n["consult_missed"] += c.missed
            n["consult_referred"] += any(r.consult == key for r in sent_all.values())
            if c.rang is not None:
                lists["ring"].append(millis(c.rang) // 1000)
        if mine(c.met):
            n["call"] += 1
            n["call_minutes"] += minutes(c.talked)
            n["call_dropped"] += c.dropped
            if c.setup is not None:
                lists["setup"].append(c.setup // 100)
            n["seated"] += c.seated
            n["voice_only"] += c.voice_only
        if mine(c.opinion):
            n["opinion"] += 1
            n["opinion_confirmed"] += bool(c.confirmed)
            if c.adopted:
                n["adopted"] += 1
                n["adopted", c.adopted] += 1
        if c.opinion and mine(c.closed):
            n["consult_closed"] += 1
            if c.next == "treat_here":
                n["stays"] += 1
                up = [
                    r for r in sent_all.values()
                    if r.direction == "up" and same(r.patient, c.patient) and r.legs[0].room == c.room
                    and timedelta(0) <= r.sent - c.closed <= 14 * DAY
                ]
                n["avoided"] += not up
        n["opinion_unread"] += mine(c.unread)

    for e in exports:
        seconds = e["payload"]["seconds"]
        if seconds is not None and span.has(moment(e["at"])) and span.mine(e["facility"], e["actor"], e["facility"], ""):
            lists["report"].append(seconds)

    share = lambda part, whole: (part / whole if whole else None, part, whole)
    count = lambda much: (float(much), much, None)

    def middle(name, find=statistics.median):
        of = sorted(lists[name])
        if 0 < len(of) < 6:
            return ("n<6", len(of), None)
        return (float(find(of)) if of else None, len(of), None)

    tenths = lambda told: (told[0] / 10, *told[1:]) if isinstance(told[0], float) else told
    ninth = lambda of: of[math.ceil(len(of) * 9 / 10) - 1]
    timely = lambda *u: share(n["in_time", *u] if u else n["in_time"],
                              (n["in_time", *u] + n["too_late", *u]) if u else n["in_time"] + n["too_late"])
    active = {r.house for r in counted.values() if span.has(r.sent)} | {
        r.legs[0].house for r in counted.values() if span.has(r.sent)}
    if span.kind == "f":
        active &= {span.whose}
    told = {
        "active_members": count(len(active)),
        "volume": count(n["sent"]), "up": count(n["up"]), "down": count(n["down"]), "peer": count(n["peer"]),
        "up_per_down": share(n["up"], n["down"]), "down_share": share(n["down"], n["up"]),
        "home_with_letter": share(n["home_with_letter"], n["home"]),
        "response_median": middle("response"), "response_p90": middle("response", ninth),
        "in_time": timely(), "in_time_emergency": timely("emergency"), "in_time_urgent": timely("urgent"),
        "in_time_routine": timely("routine"),
        "unanswered": share(n["sent"] - len(lists["response"]), n["sent"]), "open": count(n["open"]),
        "acceptance_median": middle("acceptance"),
        "never_accepted": share(n["sent"] - len(lists["acceptance"]), n["sent"]),
        "accepted": share(n["leg", "accepted"], n["leg"]),
        "accepted_first": share(n["first_leg", "accepted"], n["first_leg"]),
        "accepted_last": share(n["last_leg", "accepted"], n["last_leg"]),
        "rejections": count(n["rejections"]), "accepted_later": share(n["accepted_later"], n["rejected"]),
        "redirected": share(n["leg", "redirected"], n["leg"]), "legs_each": share(n["legs"], n["sent"]),
        "asked_back": share(n["leg_asked"], n["leg_seen"]), "delay_median": middle("delay"),
        "wrong_address": share(n["wrong_address"], n["leg"]),
        "wait_median": middle("wait"), "wait_p90": middle("wait", ninth), "wait_left_out": count(n["wait_left_out"]),
        "no_show": share(n["no_show"], n["no_show"] + n["kept"]),
        "came_later": share(n["came_later"], n["no_show_patient"]),
        "closed_loop": share(n["loop"], n["arrived"]), "returned": share(n["returned"], n["down"]),
        "expired": count(n["expired"]), "unread": count(n["unread"]),
        "filled": share(n["asked_for"] - n["left_out"], n["asked_for"]), "complete": share(n["complete"], n["weighed"]),
        "files_each": share(n["files"], n["sent"]), "shared_bytes": count(n["shared"]),
        **{f"{what}_{path}": middle(f"{what}_{path}") for what in ("entry", "keys", "clicks", "wall", "prefilled", "edited")
           for path in ("from_consult", "known_patient", "new_patient")},
        "report_time": middle("report"),
        "consults": count(n["consult"]), "consult_answered": share(n["consult_answered"], n["consult"]),
        "consult_missed": share(n["consult_missed"], n["consult"]), "ring_median": middle("ring"),
        "calls": count(n["call"]), "call_minutes_each": share(n["call_minutes"], n["call"]),
        "call_dropped": share(n["call_dropped"], n["call"]),
        "first_media_median": tenths(middle("setup")), "voice_only": share(n["voice_only"], n["seated"]),
        "opinion_confirmed": share(n["opinion_confirmed"], n["opinion"]),
        **{f"adopted_{how}": share(n["adopted", how], n["adopted"]) for how in ("full", "partial", "no")},
        "opinion_unread": count(n["opinion_unread"]), "consult_referred": share(n["consult_referred"], n["consult"]),
        "stays": share(n["stays"], n["consult_closed"]), "avoided": share(n["avoided"], n["stays"]),
    }
    classes = [5, 15, 30, 60, 120, 480, 1440]
    for much in lists["response"]:
        tables["response"][next((str(c) for c in classes if much < c), "more")] += 1
    return told, tables


def compare(name, page, told):
    """What differs, as sentences."""
    wrong, same = [], 0
    for key, (value, part, whole) in told.items():
        said = next((f for f in page if f["key"] == key), None)
        if said is None:
            wrong.append(f"{name} {key}: not on the page")
            continue
        few = value == "n<6"
        mine = {"value": None if few else value, "n": part, "of": whole, "few": few}
        for field, here in mine.items():
            if said[field] != here:
                wrong.append(f"{name} {key}.{field}: the page says {said[field]}, the journal {here}")
            else:
                same += 1
    return wrong, same


def main(journal, answer):
    page = json.load(open(answer, encoding="utf-8"))
    told, tables = figures(journal, page, "period")
    wrong, same = compare("now", page["figures"], told)
    past, _ = figures(journal, page, "past")
    before = [{"key": f["key"], **f["before"]} for f in page["figures"]]
    more, also = compare("before", before, past)
    wrong, same = wrong + more, same + also
    for name, rows in page["headings"].items():
        here = {row["key"]: row["n"] for row in rows if row["n"]}
        if here != {key: much for key, much in tables[name].items() if much}:
            wrong.append(f"table {name}: the page says {here}, the journal {dict(tables[name])}")
        else:
            same += len(here)
    unchecked = {f["key"] for f in page["figures"]} - set(told) - {"members"}
    wrong += [f"{key}: nobody worked it out again" for key in sorted(unchecked)]
    print(f"{same} numbers of {len(told)} figures and {len(page['headings'])} tables are the same, {len(wrong)} differ")
    for line in wrong[:40]:
        print(" ", line)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
