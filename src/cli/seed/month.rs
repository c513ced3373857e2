//! A month as the alliance might have it: many referrals with every outcome, drawn from the
//! dice, so that figures have something to count and a desk something to scroll.

use std::time::Duration;

use serde_json::{Value, json};

use super::cases::{CASES, Case};
use super::names::{below, one_of};
use super::people::{Settled, Town};
use super::play::{Act, Story};
use crate::directory::Level;
use crate::kernel::{Dice, Timestamp, UserId};

const DAY: Duration = Duration::from_hours(24);

/// What the month is drawn from.
pub struct Month<'a> {
    /// Everybody.
    pub town: &'a Town,
    /// Patients, with the doctor who entered them.
    pub patients: &'a [(String, UserId)],
    /// Its first moment.
    pub from: Timestamp,
    /// Its last one.
    pub to: Timestamp,
    /// Where chance comes from.
    pub dice: &'a dyn Dice,
}

/// Who takes part in one referral.
struct Cast<'a> {
    from: &'a Settled,
    doctor: UserId,
    desk: UserId,
    target: UserId,
    department: String,
    /// Another department of the same hospital, with a doctor of its own.
    other: (String, UserId),
    case: &'a Case,
}

/// How a referral goes; the number says how many of a hundred go so.
const WAYS: &[(u32, Way)] = &[
    (27, Way::Plain),
    (10, Way::Booked),
    (10, Way::Home),
    (6, Way::Asked),
    (5, Way::Rejected),
    (4, Way::Resubmitted),
    (3, Way::Turned),
    (5, Way::Redirected),
    (2, Way::TakenElsewhere),
    (4, Way::Missed),
    (3, Way::Cancelled),
    (3, Way::CalledBack),
    (3, Way::Sudden),
    (4, Way::Forgotten),
    (2, Way::Examined),
    (1, Way::Died),
    (1, Way::Error),
    (1, Way::Discarded),
    (6, Way::Written),
];

#[derive(Debug, Clone, Copy)]
enum Way {
    Plain,
    Booked,
    Home,
    Asked,
    Rejected,
    Resubmitted,
    Turned,
    Redirected,
    TakenElsewhere,
    Missed,
    Cancelled,
    CalledBack,
    Sudden,
    Forgotten,
    Examined,
    Died,
    Error,
    Discarded,
    Written,
}

/// `n` stories, each with one referral at least.
pub fn stories(month: &Month<'_>, n: usize) -> Vec<Story> {
    (0..n).map(|number| month.story(number)).collect()
}

impl Month<'_> {
    fn below(&self, n: usize) -> usize {
        below(self.dice, n)
    }

    fn minutes(&self, most: usize) -> Duration {
        Duration::from_mins(1 + self.below(most) as u64)
    }

    fn hours(&self, most: usize) -> Duration {
        self.minutes(most * 60)
    }

    fn way(&self) -> Way {
        let all: u32 = WAYS.iter().map(|(n, _)| n).sum();
        let mut left = self.below(all as usize) as u32;
        for (n, way) in WAYS {
            if left < *n {
                return *way;
            }
            left -= n;
        }
        Way::Plain
    }

    /// When: the days of the month alike, the hours of the day not.
    fn moment(&self, number: usize) -> Timestamp {
        let span = self.to.since(self.from);
        let day = span.as_secs() / DAY.as_secs();
        let hour = [1, 1, 2, 2, 2, 3, 3, 5, 6, 6, 7, 8, 13][self.below(13)];
        let at = Duration::from_hours((number as u64 * 7 % day.max(1)) * 24 + hour);
        self.from.plus(at + Duration::from_secs(self.below(3600) as u64))
    }

    fn cast(&self, by: UserId) -> Cast<'_> {
        let home = |place: &&Settled| place.doctors.iter().any(|(user, _)| *user == by);
        let from = self.town.places.iter().find(home).expect("patients are entered by doctors of the demo");
        let lead = &self.town.places[0];
        // Every fourth stays in the county.
        let county = from.facility.level.relation_to(Level::County).is_some_and(|way| way.word() == "up");
        let to = if county && self.below(4) == 0 { &self.town.places[1 + self.below(2)] } else { lead };
        let case = one_of(self.dice, CASES);
        let rooms: Vec<_> = to.departments.iter().collect();
        let (_, department) = rooms
            .iter()
            .find(|(name, _)| to.facility.leads && **name == case.department)
            .or_else(|| rooms.get(self.below(rooms.len())))
            .expect("hospitals have departments");
        let of = |room| {
            let there: Vec<_> =
                to.doctors.iter().filter(|(_, at)| at == room).map(|(user, _)| *user).collect();
            *one_of(self.dice, &there)
        };
        let others: Vec<_> = rooms.iter().filter(|(_, other)| other != department).collect();
        let other = others[self.below(others.len())].1;
        let desk = *one_of(self.dice, &to.desk);
        let (target, elsewhere) = (of(*department), of(other));
        Cast {
            from,
            doctor: by,
            desk,
            target,
            department: department.to_string(),
            other: (other.to_string(), elsewhere),
            case,
        }
    }

    /// One referral, by somebody, for somebody.
    fn story(&self, number: usize) -> Story {
        let (patient, by) = &self.patients[self.below(self.patients.len())];
        let cast = self.cast(*by);
        let at = self.moment(number);
        let way = self.way();
        let urgency = match way {
            Way::Sudden => "emergency",
            _ => ["routine", "routine", "urgent", "urgent", "emergency"][self.below(5)],
        };
        if matches!(way, Way::Written) {
            return self.written(&cast, at, patient, urgency);
        }
        let mut form = cast.case.letter(patient, &cast.department, urgency);
        for field in ["past_history", "treatment_so_far", "insurance", "transport"] {
            // Paper has gaps, and so has this.
            if self.below(6) == 0 {
                form.as_object_mut().expect("a letter is an object").remove(field);
            }
        }
        if matches!(way, Way::Examined) {
            form["requested_service"] = json!("exam");
        }
        let story = Story::begin(at, *by).act(Act::Begin("/referrals", form));
        if matches!(way, Way::Discarded) {
            return story.later(self.minutes(30)).does("discard", json!({}));
        }
        let path = ["known_patient", "known_patient", "new_patient"][self.below(3)];
        let story = story.does("submit", self.sending(path));
        self.went(&cast, story, way)
    }

    /// The form of a sending, with what the page would have counted.
    fn sending(&self, path: &str) -> Value {
        let active = 15_000 + self.below(90_000);
        json!({
            "duplicate_reason": "病情有变化，与上次不是同一件事。",
            "entry": { "path": path, "active_ms": active, "wall_ms": active + self.below(120_000),
                       "keys": 20 + self.below(140), "clicks": 1 + self.below(6),
                       "prefilled": self.below(9), "edited": 1 + self.below(9) },
        })
    }

    #[allow(clippy::too_many_lines, reason = "the ways of a referral, one after the other")]
    fn went(&self, cast: &Cast<'_>, story: Story, way: Way) -> Story {
        let wait = if self.below(5) == 0 { self.hours(60) } else { self.minutes(150) };
        let looked = |story: Story| story.later(wait).by(cast.desk).does("view", json!({}));
        match way {
            Way::Plain | Way::Written => self.taken(cast, looked(story).does("accept", json!({}))),
            Way::Booked => {
                let story = looked(story);
                let booking = self.booking(&story);
                self.taken(cast, story.does("accept_and_schedule", booking))
            }
            Way::Home => self.home(cast, looked(story)),
            Way::Asked => {
                let story =
                    looked(story).does("request_info", json!({ "question": "请补充近期用药和检查结果。" }));
                if self.below(4) == 0 {
                    return story;
                }
                let story = story
                    .later(self.hours(9))
                    .by(cast.doctor)
                    .does("supply_info", json!({ "text": "已补充，见附件说明。" }));
                self.taken(cast, story.later(self.minutes(90)).by(cast.desk).does("accept", json!({})))
            }
            Way::Rejected => self.rejected(looked(story)),
            Way::Resubmitted => {
                let story = self.rejected(looked(story));
                let story = story.later(self.hours(20)).by(cast.doctor).does("resubmit", json!({}));
                self.taken(cast, story.later(self.hours(3)).by(cast.desk).does("accept", json!({})))
            }
            Way::Turned => {
                let story = self.rejected(looked(story)).later(self.hours(5)).by(cast.doctor);
                if self.below(2) == 0 {
                    return story.does("close", json!({}));
                }
                let story = story.does("redirect_after_reject", json!({ "to_department": cast.other.0 }));
                self.taken_by(
                    cast.other.1,
                    cast,
                    story.later(self.hours(2)).by(cast.desk).does("accept", json!({})),
                )
            }
            Way::Redirected => {
                let code = ["wrong_field", "wrong_field", "no_bed", "changed", "other"][self.below(5)];
                let story = looked(story)
                    .does("redirect", json!({ "to_department": cast.other.0, "reason_code": code }));
                self.taken_by(cast.other.1, cast, story.later(self.hours(4)).does("accept", json!({})))
            }
            Way::TakenElsewhere => {
                let story = story.later(self.hours(2)).by(cast.doctor);
                let story = story.does("redirect_by_sender", json!({ "to_department": cast.other.0 }));
                self.taken_by(
                    cast.other.1,
                    cast,
                    story.later(self.hours(2)).by(cast.desk).does("accept", json!({})),
                )
            }
            Way::Missed => {
                let story = looked(story);
                let booking = self.booking(&story);
                let story = story
                    .does("accept_and_schedule", booking)
                    .later(self.hours(70))
                    .does("no_show", json!({}));
                if self.below(3) == 0 {
                    return story;
                }
                let booking = self.booking(&story);
                self.taken(cast, story.later(self.hours(4)).does("schedule", booking))
            }
            Way::Cancelled => story
                .later(self.hours(4))
                .by(cast.doctor)
                .does("cancel", json!({ "reason": "病人决定在当地继续治疗。" })),
            Way::CalledBack => {
                let story = looked(story).does("accept", json!({})).later(self.hours(6)).by(cast.doctor);
                let story =
                    story.does("request_cancel", json!({ "reason": "家属改变主意。" })).later(self.hours(3));
                match self.below(4) {
                    0 => story,
                    1 => story.by(cast.desk).does("confirm_cancel", json!({})),
                    2 => self.taken(cast, story.does("withdraw_cancel", json!({})).by(cast.desk)),
                    _ => self.treated(
                        cast.target,
                        cast,
                        story.by(cast.desk).does("patient_already_here", json!({})),
                    ),
                }
            }
            Way::Sudden => {
                let story = story.later(self.minutes(50)).by(cast.desk).does("emergency_arrive", json!({}));
                self.treated(cast.target, cast, story)
            }
            Way::Forgotten => story,
            Way::Examined => looked(story)
                .does("accept", json!({}))
                .later(self.hours(30))
                .by(cast.target)
                .does("outcome", self.outcome())
                .by(cast.doctor)
                .later(self.hours(20))
                .does("acknowledge", json!({})),
            Way::Died => {
                let story =
                    looked(story).does("accept", json!({})).later(self.hours(3)).does("arrive", json!({}));
                story.later(self.hours(9)).by(cast.target).does("patient_died", json!({}))
            }
            Way::Error => match cast.from.desk.first() {
                Some(desk) => looked(story)
                    .does("accept", json!({}))
                    .later(self.hours(2))
                    .by(*desk)
                    .does("enter_in_error", json!({ "reason": "选错了病人。" })),
                None => story,
            },
            Way::Discarded => story,
        }
    }

    fn booking(&self, story: &Story) -> Value {
        json!({ "start": story.now().plus(Duration::from_hours(4) + self.hours(48)), "location": "门诊楼 3 层" })
    }

    fn outcome(&self) -> Value {
        let code = ["cured", "improved", "improved", "unchanged", "transferred", "left"][self.below(6)];
        json!({ "outcome_code": code, "outcome_summary": "经治疗症状缓解，病情平稳，带药出院。" })
    }

    fn rejected(&self, story: Story) -> Story {
        let codes = [
            "no_capacity",
            "no_capacity",
            "beyond_us",
            "treat_there",
            "too_little",
            "duplicate",
            "not_my_field",
            "other",
        ];
        let code = codes[self.below(codes.len())];
        story.does("reject", json!({ "reason_code": code, "text": "暂时不能接收，理由见编码。" }))
    }

    fn taken(&self, cast: &Cast<'_>, story: Story) -> Story {
        self.taken_by(cast.target, cast, story)
    }

    fn taken_by(&self, doctor: UserId, cast: &Cast<'_>, story: Story) -> Story {
        if self.below(14) == 0 {
            return story;
        }
        let story = story.later(self.hours(50)).by(cast.desk).does("arrive", json!({}));
        let moved = self.below(25) == 0 && doctor == cast.target;
        let (story, doctor) = if moved {
            (story.does("move_department", json!({ "to_department": cast.other.0 })), cast.other.1)
        } else {
            (story, doctor)
        };
        self.treated(doctor, cast, story)
    }

    fn treated(&self, doctor: UserId, cast: &Cast<'_>, story: Story) -> Story {
        let story = story.later(self.hours(5)).by(doctor).does("treat", json!({}));
        let story = if self.below(5) == 0 {
            story.later(DAY).does("interim_note", json!({ "text": "病情稳定，继续观察。" }))
        } else {
            story
        };
        let story = story.later(self.hours(170)).does("discharge", self.outcome());
        match self.below(8) {
            0 => story,
            _ => story.later(self.hours(60)).by(cast.doctor).does("acknowledge", json!({})),
        }
    }

    /// Treated and sent home with a letter down.
    fn home(&self, cast: &Cast<'_>, story: Story) -> Story {
        let Some((_, home)) = cast.from.departments.iter().next() else { return story };
        let back = json!({
            "outcome_code": "improved", "outcome_summary": "病情平稳，转回基层继续康复。",
            "to_department": home.to_string(), "plan": "按时服药，每周复查血压。",
            "medications": ["阿托伐他汀 20 mg 每晚一次"], "next_visit": "2 周后复查", "red_flags": "胸痛、肢体无力立即上转。",
        });
        let story = story
            .does("accept", json!({}))
            .later(self.hours(20))
            .does("arrive", json!({}))
            .by(cast.target)
            .later(self.hours(3))
            .does("treat", json!({}))
            .later(self.hours(120))
            .does("refer_back", back)
            .act(Act::FollowsReferral)
            .act(Act::Writes(json!({ "consent": { "method": "paper", "signer": "patient" } })))
            .later(self.hours(8))
            .does("submit", self.sending("known_patient"))
            .by(cast.doctor)
            .later(self.hours(30));
        match self.below(6) {
            0 => story,
            1 => story.does("reject", json!({ "reason_code": "beyond_us", "text": "镇上没有这种药。" })),
            _ => story
                .does("accept", json!({}))
                .later(self.hours(40))
                .does("arrive", json!({}))
                .does("treat", json!({}))
                .later(self.hours(90))
                .does("discharge", self.outcome())
                .by(cast.target)
                .later(self.hours(50))
                .does("acknowledge", json!({})),
        }
    }

    /// A consult in writing; some lead to a letter.
    fn written(&self, cast: &Cast<'_>, at: Timestamp, patient: &str, urgency: &str) -> Story {
        let lead = &self.town.places[0];
        let open = ["心血管内科", "呼吸内科", "儿科", "皮肤科"];
        let room = lead.departments[open[self.below(open.len())]];
        let there: Vec<_> =
            lead.doctors.iter().filter(|(_, at)| *at == room).map(|(user, _)| *user).collect();
        let doctor = *one_of(self.dice, &there);
        let instant = self.below(5) == 0;
        let form =
            cast.case.consult(patient, &room.to_string(), if instant { "instant" } else { "async" }, urgency);
        let story =
            Story::begin(at, cast.doctor).act(Act::Begin("/consults", form)).does("submit", json!({}));
        if instant || self.below(8) == 0 {
            // Nobody is there: it rings out, or waits until it expires.
            return story;
        }
        let next = ["treat_here", "treat_here", "refer_up", "follow_up"][self.below(4)];
        let story = story
            .later(self.minutes(100))
            .by(doctor)
            .does("take", json!({}))
            .later(self.minutes(15))
            .does("give_opinion", cast.case.opinion(next))
            .by(cast.doctor)
            .later(self.hours(5));
        let story = match self.below(6) {
            0 => return story,
            1 => story.does("acknowledge", json!({ "adopted": "partial", "reason": "家属要求再观察。" })),
            2 => story.does("acknowledge", json!({ "adopted": "no", "reason": "病人不同意。" })),
            _ => story.does("acknowledge", json!({ "adopted": "full" })),
        };
        if next != "refer_up" {
            return story;
        }
        let asks = json!({
            "reason_text": cast.case.reason, "treatment_so_far": cast.case.treated,
            "transport": { "mode": "self" }, "consent": { "method": "paper", "signer": "patient" },
        });
        let story = story
            .does("escalate", json!({}))
            .act(Act::FollowsReferral)
            .act(Act::Writes(asks))
            .does("submit", self.sending("from_consult"));
        let desk = lead.desk[0];
        let story = story.later(self.hours(3)).by(desk).does("accept", json!({}));
        let story = story.later(self.hours(20)).does("arrive", json!({}));
        self.treated(doctor, cast, story)
    }
}
