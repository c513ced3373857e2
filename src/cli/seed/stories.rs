//! The demo's stories: consults and referrals in many states, so that no page is empty.

use std::time::Duration;

use serde_json::{Value, json};

use super::cases::CASES;
use super::people::{Settled, Town};
use super::play::{Act, Story};
use crate::kernel::{Timestamp, UserId};

const DAY: Duration = Duration::from_hours(24);

/// What the stories are told of.
pub struct Cast<'a> {
    /// Everybody.
    pub town: &'a Town,
    /// The known patients' ids, in the order of `sick::KNOWN`.
    pub known: &'a [String],
    /// Drawn patients, with the doctor who entered them.
    pub drawn: &'a [(String, UserId)],
    /// The present.
    pub now: Timestamp,
}

fn minutes(n: u64) -> Duration {
    Duration::from_mins(n)
}

fn hours(n: u64) -> Duration {
    Duration::from_hours(n)
}

impl Cast<'_> {
    fn who(&self, name: &str) -> UserId {
        self.town.by_name[name]
    }

    fn lead(&self) -> &Settled {
        &self.town.places[0]
    }

    /// The `n`th drawn patient whom this doctor entered.
    fn of(&self, doctor: UserId, n: usize) -> &str {
        let mut theirs = self.drawn.iter().filter(|(_, by)| *by == doctor);
        theirs
            .nth(n)
            .map(|(id, _)| id.as_str())
            .expect("the country doctors of the stories entered a dozen each")
    }

    /// A department of the city's hospital, as text.
    fn city(&self, department: &str) -> String {
        self.lead().departments[department].to_string()
    }

    /// A doctor of a department of the city's hospital.
    fn doctor(&self, department: &str) -> UserId {
        let room = self.lead().departments[department];
        let mut there = self.lead().doctors.iter().filter(|(_, at)| *at == room);
        there.next().map(|(user, _)| *user).expect("every department of the demo has doctors")
    }

    fn ago(&self, span: Duration) -> Timestamp {
        self.now.minus(span)
    }

    fn booking(&self, in_: Duration) -> Value {
        json!({ "start": self.now.plus(in_), "location": "门诊楼 3 层 心血管内科 306 诊室",
                "instructions": "带身份证、医保卡和原有检查单，提前 20 分钟取号。" })
    }
}

/// All of them.
pub fn all(cast: &Cast<'_>) -> Vec<Story> {
    let mut stories = consults(cast);
    stories.extend(letters(cast));
    stories.extend(many(cast));
    stories
}

/// A consult by ring up to the moment both sides are seated.
fn met(cast: &Cast<'_>, at: Timestamp, patient: &str, case: usize, urgency: &str) -> Story {
    let (lin, xu, case) = (cast.who("林秋雁"), cast.who("许望舟"), &CASES[case]);
    let form = case.consult(patient, &cast.city(case.department), "instant", urgency);
    let mut story = Story::begin(at, xu).act(Act::IsThere).by(lin).act(Act::Begin("/consults", form));
    if let Some(picture) = case.picture {
        story = story.act(Act::Adds(picture));
    }
    story
        .does("submit", json!({}))
        .by(xu)
        .does("accept", json!({}))
        .act(Act::Sits)
        .by(lin)
        .act(Act::Sits)
        .act(Act::Says("许主任您好，病人就在旁边，心电图已经传上来了。"))
        .by(xu)
        .act(Act::Says("看到了。请把镜头对着病人，我问两句。"))
        .later(minutes(9))
}

/// A consult in writing, sent.
fn written(cast: &Cast<'_>, at: Timestamp, patient: &str, by: UserId, case: usize, urgency: &str) -> Story {
    let case = &CASES[case];
    let form = case.consult(patient, &cast.city(case.department), "async", urgency);
    let story = Story::begin(at, by).act(Act::Begin("/consults", form));
    match case.picture {
        Some(picture) => story.act(Act::Adds(picture)).does("submit", json!({})),
        None => story.does("submit", json!({})),
    }
}

#[allow(clippy::too_many_lines, reason = "a list of stories, one after the other")]
fn consults(cast: &Cast<'_>) -> Vec<Story> {
    let (lin, gao, fang) = (cast.who("林秋雁"), cast.who("高立冬"), cast.who("方晓棠"));
    let (xu, qin) = (cast.who("许望舟"), cast.who("秦川渡"));
    let known = |n: usize| cast.known[n].as_str();
    let skin = cast.doctor("皮肤科");
    let child = cast.doctor("儿科");
    vec![
        // The story of the prototypes: an infarction, called in, sent up, taken in.
        met(cast, cast.ago(DAY + hours(3)), known(0), 0, "emergency")
            .does("give_opinion", CASES[0].opinion("refer_up"))
            .by(lin)
            .does("acknowledge", json!({ "adopted": "full" }))
            .does("escalate", json!({}))
            .act(Act::FollowsReferral)
            .act(Act::Writes(json!({
                "reason_text": CASES[0].reason, "treatment_so_far": CASES[0].treated,
                "transport": { "mode": "ambulance_own", "crew": "高立冬（医）、1 名护士；有除颤仪" },
                "consent": { "method": "paper", "signer": "patient" },
            })))
            .does("submit", json!({}))
            .by(cast.who("宋知微"))
            .does("view", json!({}))
            .does("accept_and_schedule", cast.booking(hours(2)))
            .later(hours(1))
            .does("arrive", json!({}))
            .by(xu)
            .does("treat", json!({ "admitted": true, "inpatient_no": "Z2026-03317" })),
        // Could stay at home, thanks to the call.
        met(cast, cast.ago(DAY * 9 + hours(5)), known(1), 1, "urgent")
            .does("give_opinion", CASES[1].opinion("treat_here"))
            .by(lin)
            .later(minutes(4))
            .does("acknowledge", json!({ "adopted": "full" })),
        met(cast, cast.ago(DAY * 17 + hours(2)), known(7), 1, "routine")
            .does("give_opinion", CASES[1].opinion("follow_up"))
            .by(lin)
            .later(minutes(30))
            .does("acknowledge", json!({ "adopted": "partial", "reason": "家属要求先观察一晚。" })),
        // Nobody was there, and the consult went on in writing.
        Story::begin(cast.ago(DAY * 2), lin)
            .act(Act::Begin(
                "/consults",
                CASES[3].consult(known(3), &cast.city("呼吸内科"), "instant", "urgent"),
            ))
            .act(Act::Adds(CASES[3].picture.unwrap_or(super::pictures::Picture::Chest)))
            .does("submit", json!({}))
            .does("to_async", json!({}))
            .by(cast.who("梁未晞"))
            .later(minutes(50))
            .does("take", json!({}))
            .does("give_opinion", CASES[3].opinion("refer_up"))
            .by(lin)
            .does("acknowledge", json!({ "adopted": "full" })),
        // Rung, and turned down for a reason.
        Story::begin(cast.ago(DAY * 6), xu)
            .act(Act::IsThere)
            .by(gao)
            .act(Act::Begin(
                "/consults",
                CASES[9].consult(cast.of(gao, 11), &cast.city("心血管内科"), "instant", "urgent"),
            ))
            .does("submit", json!({}))
            .by(xu)
            .does("decline", json!({ "reason_code": "not_my_field" }))
            .by(gao)
            .later(minutes(2))
            .does("cancel", json!({ "reason": "已改约心脏外科门诊。" })),
        // In writing: answered, waiting to be read.
        written(cast, cast.ago(hours(26)), cast.of(fang, 0), fang, 5, "routine")
            .by(skin)
            .later(hours(3))
            .does("take", json!({}))
            .does("give_opinion", CASES[5].opinion("treat_here")),
        written(cast, cast.ago(DAY * 4), known(4), lin, 4, "routine")
            .by(child)
            .later(hours(2))
            .does("take", json!({}))
            .does("give_opinion", CASES[4].opinion("treat_here"))
            .by(lin)
            .later(hours(1))
            .does("acknowledge", json!({ "adopted": "full" })),
        // Waiting now, so that the specialist's list has something to take.
        written(cast, cast.ago(hours(3)), cast.of(gao, 0), gao, 1, "routine"),
        written(cast, cast.ago(minutes(70)), known(6), lin, 1, "routine"),
        written(cast, cast.ago(minutes(40)), cast.of(fang, 1), fang, 5, "routine"),
        // At work on it.
        written(cast, cast.ago(hours(5)), cast.of(gao, 1), gao, 9, "routine")
            .by(cast.who("严既白"))
            .later(minutes(30))
            .does("take", json!({})),
        // Agreed on for tomorrow.
        Story::begin(cast.ago(hours(20)), lin)
            .act(Act::Begin(
                "/consults",
                CASES[1].consult(known(1), &cast.city("心血管内科"), "scheduled", "routine"),
            ))
            .does("submit", json!({}))
            .later(minutes(20))
            .by(qin)
            .does(
                "schedule",
                json!({ "start": cast.now.plus(hours(20)), "end": cast.now.plus(hours(20) + minutes(30)) }),
            ),
        // Begun and not sent.
        Story::begin(cast.ago(minutes(25)), lin).act(Act::Begin(
            "/consults",
            CASES[2].consult(known(2), &cast.city("神经内科"), "async", "urgent"),
        )),
    ]
}

/// A letter up from `by`, sent.
fn sent(cast: &Cast<'_>, at: Timestamp, patient: &str, by: UserId, case: usize, urgency: &str) -> Story {
    let case = &CASES[case];
    let form = case.letter(patient, &cast.city(case.department), urgency);
    let story = Story::begin(at, by).act(Act::Begin("/referrals", form));
    // Looking into a file takes a process: only letters of the last week have one.
    let story = match case.picture.filter(|_| at >= cast.ago(DAY * 7)) {
        Some(picture) => story.act(Act::Adds(picture)),
        None => story,
    };
    story.does("submit", json!({})).later(minutes(12))
}

fn letters(cast: &Cast<'_>) -> Vec<Story> {
    let (lin, gao, fang) = (cast.who("林秋雁"), cast.who("高立冬"), cast.who("方晓棠"));
    let song = cast.who("宋知微");
    let known = |n: usize| cast.known[n].as_str();
    let home = cast.town.place("芦湾镇卫生院").departments["全科"].to_string();
    let back = json!({
        "outcome_code": "improved", "outcome_summary": "静脉溶栓后肌力由 2 级恢复至 4 级，复查 CT 无出血。",
        "to_department": home,
        "plan": "每日肢体康复训练 2 次，每次 30 分钟；血压控制在 140/90 以下。",
        "medications": ["利伐沙班 20 mg 每日一次", "阿托伐他汀 20 mg 每晚一次"],
        "next_visit": "2 周后镇上复查，3 个月后市一院神经内科门诊",
        "red_flags": "再次肢体无力、剧烈头痛、黑便，立即上转。",
    });
    let neuro = cast.doctor("神经内科");
    vec![
        // Up, treated, down again, followed at home.
        sent(cast, cast.ago(DAY * 12), known(2), lin, 2, "emergency")
            .by(song)
            .does("view", json!({}))
            .does("accept", json!({ "contact": "卒中绿色通道 0999-555-0120" }))
            .later(hours(2))
            .does("arrive", json!({}))
            .by(neuro)
            .does("treat", json!({ "admitted": true, "inpatient_no": "Z2026-02984" }))
            .later(DAY * 7)
            .does("refer_back", back)
            .act(Act::FollowsReferral)
            .act(Act::Writes(json!({ "consent": { "method": "paper", "signer": "patient" } })))
            .does("submit", json!({}))
            .by(lin)
            .later(hours(3))
            .does("accept", json!({ "note": "已电话联系家属，明天上门。" })),
        // To be decided.
        sent(cast, cast.ago(minutes(35)), known(3), lin, 3, "urgent"),
        sent(cast, cast.ago(minutes(9) + minutes(13)), cast.of(gao, 2), gao, 8, "emergency"),
        sent(cast, cast.ago(hours(3)), known(5), lin, 6, "urgent").by(song).does("view", json!({})),
        sent(cast, cast.ago(hours(7)), cast.of(fang, 2), fang, 9, "routine"),
        sent(cast, cast.ago(hours(22)), known(6), lin, 7, "routine"),
        // Waits for the sender.
        sent(cast, cast.ago(hours(6)), cast.of(gao, 3), gao, 7, "urgent")
            .by(song)
            .does("view", json!({}))
            .does("request_info", json!({ "question": "请补血钾和近 3 天尿量，注明是否已留置深静脉导管。" })),
        sent(cast, cast.ago(DAY), cast.of(fang, 3), fang, 1, "routine")
            .by(song)
            .does("request_info", json!({ "question": "请上传心脏超声报告。" })),
        // Taken, not booked; booked; here.
        sent(cast, cast.ago(hours(9)), cast.of(gao, 4), gao, 1, "urgent").by(song).does("accept", json!({})),
        sent(cast, cast.ago(hours(28)), cast.of(fang, 4), fang, 5, "routine")
            .by(song)
            .does("accept_and_schedule", cast.booking(hours(26))),
        sent(cast, cast.ago(hours(30)), known(7), lin, 1, "routine")
            .by(song)
            .does("accept_and_schedule", cast.booking(hours(4))),
        sent(cast, cast.ago(DAY * 2), cast.of(gao, 5), gao, 3, "urgent")
            .by(song)
            .does("accept", json!({}))
            .later(hours(20))
            .does("arrive", json!({})),
        // Turned down, and why.
        sent(cast, cast.ago(DAY * 3), cast.of(fang, 5), fang, 7, "routine").by(song).does(
            "reject",
            json!({ "reason_code": "no_capacity", "text": "透析床位已满，建议先在青屏县人民医院过渡，下周可再联系。" }),
        ),
        // Given up by the sender.
        sent(cast, cast.ago(DAY * 5), cast.of(lin, 0), lin, 9, "routine")
            .by(lin)
            .does("cancel", json!({ "reason": "病人决定到外地子女处就诊。" })),
        // Being written.
        Story::begin(cast.ago(minutes(15)), lin)
            .act(Act::Begin("/referrals", CASES[4].letter(known(4), &cast.city("儿科"), "routine"))),
    ]
}

/// Many that went their way, from every township: for lists and figures.
fn many(cast: &Cast<'_>) -> Vec<Story> {
    let song = cast.who("宋知微");
    let plan = cast.drawn.iter().rev().filter(|(_, by)| *by != cast.who("林秋雁")).take(18).enumerate();
    plan.map(|(n, (patient, by))| {
        let number = n % CASES.len();
        let urgency = ["routine", "urgent", "routine", "emergency"][n % 4];
        let at = cast.ago(DAY * (27 - n as u32) + hours(n as u64 % 7));
        let doctor = cast.doctor(CASES[number].department);
        let story = sent(cast, at, patient, *by, number, urgency)
            .by(song)
            .later(minutes(7 * (1 + n as u64 % 9)))
            .does("accept", json!({}))
            .later(hours(5))
            .does("arrive", json!({}))
            .by(doctor)
            .does("treat", json!({}));
        if n % 6 == 5 {
            return story;
        }
        let outcome =
            json!({ "outcome_code": "improved", "outcome_summary": "经治疗症状缓解，病情平稳，带药出院。" });
        let story = story.later(DAY * 3).does("discharge", outcome);
        if n % 5 == 4 { story } else { story.by(*by).later(hours(8)).does("acknowledge", json!({})) }
    })
    .collect()
}
