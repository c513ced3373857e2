//! Papers: the letters as PDF, read back by a program that is not ours.

use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::time::Instant;

use causeway::consult;
use causeway::kernel::DepartmentId;
use causeway::paper::Press;
use causeway::store::args;
use causeway::{config, server};
use serde_json::{Value, json};

use crate::support::{Alliance, Person, Place};

/// A file that this test printed; `PAPER_FOLDER` keeps it to be looked at.
struct Paper {
    path: PathBuf,
}

impl Paper {
    fn keep(alliance: &Alliance, name: &str, bytes: &[u8]) -> Self {
        assert!(bytes.starts_with(b"%PDF-1."), "{:?}", &bytes[..bytes.len().min(8)]);
        let folder =
            std::env::var("PAPER_FOLDER").map_or_else(|_| alliance.store.folder().into(), PathBuf::from);
        let path = folder.join(name);
        std::fs::write(&path, bytes).unwrap();
        Self { path }
    }

    /// What poppler reads in it, without the gaps between signs and lines.
    fn text(&self) -> String {
        let said = Command::new("pdftotext").arg("-raw").arg(&self.path).arg("-").output();
        let said = said.expect("pdftotext comes with poppler-utils");
        assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
        String::from_utf8(said.stdout).unwrap().split_whitespace().collect()
    }

    fn pages(&self) -> usize {
        let said = Command::new("pdfinfo").arg(&self.path).output().unwrap();
        let said = String::from_utf8(said.stdout).unwrap();
        let line = said.lines().find(|line| line.starts_with("Pages:")).unwrap();
        line.trim_start_matches("Pages:").trim().parse().unwrap()
    }

    /// Every font with whether it is inside.
    fn fonts_are_inside(&self) -> bool {
        let said = Command::new("pdffonts").arg(&self.path).output().unwrap();
        let said = String::from_utf8(said.stdout).unwrap();
        let fonts: Vec<&str> = said.lines().skip(2).collect();
        !fonts.is_empty() && fonts.iter().all(|line| line.contains(" yes yes yes "))
    }

    #[track_caller]
    fn says(&self, words: &[&str]) {
        let text = self.text();
        for word in words {
            let word: String = word.split_whitespace().collect();
            assert!(text.contains(&word), "`{word}` is not on the paper:\n{text}");
        }
    }
}

struct Scene {
    alliance: Alliance,
    clinic: Place,
    hospital: Place,
}

impl Scene {
    async fn open() -> Self {
        Self::of(Alliance::open().await).await
    }

    /// Without the fuller fonts of the machine.
    async fn with_the_built_in_font_only() -> Self {
        let mut alliance = Alliance::open().await;
        let settings = config::Paper { only_given: true, ..config::Paper::default() };
        alliance.app.press = Arc::new(Press::open(&settings, None).unwrap());
        alliance.router = server::router(alliance.app.clone());
        Self::of(alliance).await
    }

    async fn of(alliance: Alliance) -> Self {
        let hospital = alliance.hospital("云堤市第一人民医院").await;
        let clinic = alliance.clinic("芦湾镇卫生院").await;
        Self { alliance, clinic, hospital }
    }

    /// The township has a department that takes patients back.
    async fn takes_back(&self) {
        let ctx = &self.alliance.ctx;
        let now = ctx.clock.now();
        let id = DepartmentId::draw(now, &*ctx.dice);
        let mut tx = ctx.db.write_quiet("test.department").await.unwrap();
        tx.execute(
            "INSERT INTO departments (id, facility_id, name, pinyin, initials, scope_text, phone, accepts_consult,
                                      accepts_referral, min_dataset, ring_seconds, active, version, created_at)
             VALUES ($1, $2, '全科', 'quanke', 'qk', '', '0999-555-0143', 1, 1, '[]', 30, 1, 1, $3)",
            args![id, self.clinic.facility, now],
        )
        .await
        .unwrap();
        tx.commit().await.unwrap();
    }

    async fn draft(&self, name: &str, more: Value) -> String {
        let patient = self.alliance.patient(self.clinic.doctor(), name).await;
        let mut letter = json!({
            "patient_id": patient, "direction": "up", "to_department": self.hospital.department(),
            "urgency": "emergency", "reason_codes": ["no_means"], "reason_text": "需急诊介入",
            "diagnoses": [{ "code": "I21.1", "text": "急性下壁心肌梗死" }, { "code": "I10", "text": "高血压病", "role": "secondary" }],
            "present_illness": "胸痛 2 小时，心电图 II、III、aVF 导联 ST 段抬高。血压 98/60 mmHg，SpO₂ 94%。",
            "past_history": "高血压 10 年，吸烟 30 年。", "treatment_so_far": "14:18 阿司匹林 300 mg 嚼服；禁用硝酸甘油。",
            "key_results": "WBC 11.2×10⁹/L，肌钙蛋白阳性", "requested_service": "emergency", "allergies_ack": true,
            "transport": { "mode": "ambulance_120", "crew": "高立冬" }, "insurance": { "type": "resident", "filed": true },
            "consent": { "method": "paper", "signer": "patient" }
        });
        letter.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap_or_default());
        let id = self.clinic.doctor().post("/referrals", letter).await.is(201).text("id");
        format!("/referrals/{id}")
    }

    async fn sent(&self, name: &str, more: Value) -> String {
        let record = self.draft(name, more).await;
        self.clinic.doctor().does(&record, "submit", json!({})).await.is(200);
        record
    }

    async fn printed(&self, who: &Person, path: &str, name: &str) -> Paper {
        let answer = who.get(path).await.is(200);
        assert_eq!(answer.header("content-type"), "application/pdf");
        assert!(answer.header("content-disposition").starts_with("inline; "), "{:?}", answer.headers);
        Paper::keep(&self.alliance, name, &answer.body)
    }
}

#[tokio::test]
async fn the_letter_out_says_what_the_record_says() {
    let scene = Scene::open().await;
    let record = scene.sent("赵长河", json!({})).await;
    let doctor = scene.clinic.doctor();

    let id = record.trim_start_matches("/referrals/");
    let reads = async || {
        let all = scene.alliance.journal_of(id).await;
        all.iter().filter(|action| *action == "referral.read").count()
    };
    let before = reads().await;
    let zh = scene.printed(doctor, &format!("{record}/letter"), "out-zh.pdf").await;
    let en = scene
        .printed(scene.hospital.desk(), &format!("{record}/letter?kind=out&lang=en"), "out-en.pdf")
        .await;

    let shown = doctor.get(&record).await.is(200).json();
    let member = |name: &str| shown[name].as_str().unwrap().to_owned();
    let said = [
        "赵长河",
        &member("no"),
        &member("present_illness"),
        &member("past_history"),
        &member("treatment_so_far"),
        &member("key_results"),
        "急性下壁心肌梗死",
        "I21.1",
        "I10",
        "需急诊介入",
        "芦湾镇卫生院",
        "云堤市第一人民医院",
        "高立冬",
        "penicillin",
    ];
    zh.says(&said);
    en.says(&said);
    zh.says(&[
        "双向转诊（转出）单",
        "急诊",
        "过敏史",
        "120 救护车",
        "居民医保，已备案",
        "1/1",
        "不是第三方 CA",
    ]);
    en.says(&["letter out", "EMERGENCY", "Allergies", "not a qualified CA signature", "Requested"]);
    assert!(zh.fonts_are_inside() && en.fonts_are_inside(), "the letters travel with the paper");
    let after = reads().await;
    doctor.get(&format!("{record}/letter?ready=true")).await.is(204);
    assert_eq!(after - before, 3, "two papers and one look");
    assert_eq!(reads().await, after, "whether it can be printed is no reading");
}

#[tokio::test]
async fn the_same_record_at_the_same_time_gives_the_same_bytes() {
    let scene = Scene::open().await;
    let record = scene.sent("赵长河", json!({})).await;
    let path = format!("{record}/letter");

    let once = scene.clinic.doctor().get(&path).await.is(200).body;
    let again = scene.clinic.doctor().get(&path).await.is(200).body;

    assert_eq!(once, again);
}

#[tokio::test]
async fn a_long_letter_flows_over_pages_and_loses_nothing() {
    let scene = Scene::open().await;
    let long: String = (1..=110).map(|n| format!("第{n}次记录：血压（平稳），心率 {n} 次/分。")).collect();
    let record = scene.sent("赵长河", json!({ "present_illness": long })).await;

    let paper = scene.printed(scene.clinic.doctor(), &format!("{record}/letter"), "long.pdf").await;

    assert!(paper.pages() >= 2, "{} pages", paper.pages());
    let text = paper.text();
    assert!(text.contains("1/2") && text.contains("2/2") && text.contains("（续）"), "{text}");
    for n in [1, 56, 110] {
        assert!(text.contains(&format!("第{n}次记录")), "entry {n}");
    }
}

#[tokio::test]
async fn a_rare_name_is_printed_right_with_a_full_font() {
    let scene = Scene::open().await;
    let record = scene.sent("𠮷䶮㛃㐂", json!({})).await;

    let paper = scene.printed(scene.clinic.doctor(), &format!("{record}/letter"), "rare.pdf").await;

    paper.says(&["𠮷䶮㛃㐂"]);
    assert!(paper.fonts_are_inside());
}

#[tokio::test]
async fn a_rare_name_is_refused_by_name_where_no_font_has_it() {
    let scene = Scene::with_the_built_in_font_only().await;
    let record = scene.sent("𠮷䶮㛃㐂", json!({})).await;

    let no = scene.clinic.doctor().get(&format!("{record}/letter")).await.is(422).json();

    assert_eq!(no["code"], "no_glyph");
    let asked = scene.clinic.doctor().get(&format!("{record}/letter?ready=true")).await.is(422).json();
    assert_eq!(asked["letters"], no["letters"], "a page that asks first hears the same");
    assert_eq!(no["letters"], json!(["㐂 (U+3402)", "𠮷 (U+20BB7)"]));
    let printed = scene.alliance.read_one("SELECT count(*) AS n FROM papers").await;
    assert_eq!(printed, 0, "what was not printed is not remembered as printed");
}

#[tokio::test]
async fn who_may_not_read_the_whole_letter_does_not_print_it() {
    let scene = Scene::open().await;
    let elsewhere = scene.alliance.clinic("Xiaying").await;
    let record = scene.sent("赵长河", json!({})).await;
    let path = format!("{record}/letter");

    elsewhere.doctor().get(&path).await.is(404);
    scene.alliance.stranger().get(&path).await.is(401);
    let no = scene.clinic.doctor().get(&format!("{path}?kind=back")).await.is(409).json();
    assert_eq!(no["why_code"], "no_outcome");
    scene.clinic.doctor().get(&format!("{path}?kind=sideways")).await.is(422);
}

#[tokio::test]
async fn a_draft_is_marked_as_one_and_bears_no_code() {
    let scene = Scene::open().await;
    let record = scene.draft("赵长河", json!({})).await;

    let paper = scene.printed(scene.clinic.doctor(), &format!("{record}/letter"), "draft.pdf").await;

    paper.says(&["草稿，未发出", "未提交"]);
    assert!(!paper.text().contains("verify"));
}

#[tokio::test]
async fn several_letters_are_one_file_each_with_its_own_first_page() {
    let scene = Scene::open().await;
    let (one, two) = (scene.sent("赵长河", json!({})).await, scene.sent("钱小满", json!({})).await);
    let id = |record: &str| record.trim_start_matches("/referrals/").to_owned();
    let desk = scene.hospital.desk();

    let path = format!("/referrals/letters?ids={},{}", id(&one), id(&two));
    let paper = scene.printed(desk, &path, "bulk.pdf").await;

    assert_eq!(paper.pages(), 2);
    paper.says(&["赵长河", "钱小满"]);
    assert_eq!(paper.text().matches("1/1").count(), 2);
    desk.get("/referrals/letters?ids=").await.is(422);
    let many = vec![id(&one); 61].join(",");
    let no = desk.get(&format!("/referrals/letters?ids={many}")).await.is(422).json();
    assert_eq!(no["errors"][0]["code"], "too_many");
}

/// The code on a paper.
fn code_of(paper: &Paper) -> String {
    let text = paper.text();
    let at = text.find("/verify").expect("an address");
    text[at..].split("核验码").nth(1).unwrap()[..19].to_owned()
}

#[tokio::test]
async fn whoever_holds_a_paper_learns_whether_it_still_holds_and_nothing_else() {
    let scene = Scene::open().await;
    let record = scene.sent("赵长河", json!({})).await;
    let doctor = scene.clinic.doctor();
    let paper = scene.printed(doctor, &format!("{record}/letter"), "checked.pdf").await;
    let (code, stranger) = (code_of(&paper), scene.alliance.stranger());
    let ask = json!({ "code": code.to_lowercase() });

    let told = stranger.post("/papers/check", ask.clone()).await.is(200).json();
    assert_eq!((&told["standing"], &told["kind"]), (&json!("genuine"), &json!("out")));
    assert_eq!((&told["initials"], &told["from"]), (&json!("Z. C. H."), &json!("芦湾镇卫生院")));
    assert!(!told.to_string().contains("赵长河"), "{told}");

    scene.clinic.doctor().does(&record, "cancel", json!({ "reason": "Went by himself" })).await.is(200);
    let told = stranger.post("/papers/check", ask).await.is(200).json();
    assert_eq!(told["standing"], "withdrawn");

    stranger.post("/papers/check", json!({ "code": "0000-0000-0000-0000" })).await.is(404);
    let mut last = 0;
    for _ in 0..20 {
        last = stranger.post("/papers/check", json!({ "code": "0000" })).await.status.as_u16();
    }
    assert_eq!(last, 429, "nobody tries codes by the hundred");
}

#[tokio::test]
async fn a_letter_that_went_elsewhere_makes_the_old_paper_say_changed() {
    let scene = Scene::open().await;
    let other = scene.alliance.hospital("青屏县人民医院").await;
    let record = scene.sent("赵长河", json!({})).await;
    let paper = scene.printed(scene.clinic.doctor(), &format!("{record}/letter"), "before.pdf").await;

    let there = json!({ "to_department": other.department(), "reason_code": "no_bed", "reason": "full" });
    scene.hospital.desk().does(&record, "redirect", there).await.is(200);

    let told = scene
        .alliance
        .stranger()
        .post("/papers/check", json!({ "code": code_of(&paper) }))
        .await
        .is(200)
        .json();
    assert_eq!(told["standing"], "changed");
}

#[tokio::test]
async fn the_letter_back_says_what_was_done_and_how_to_go_on() {
    let scene = Scene::open().await;
    scene.takes_back().await;
    let up = scene.sent("赵长河", json!({})).await;
    let (desk, specialist, rural) = (scene.hospital.desk(), scene.hospital.doctor(), scene.clinic.doctor());
    desk.does(&up, "accept", json!({})).await.is(200);
    desk.does(&up, "arrive", json!({})).await.is(200);
    specialist.does(&up, "treat", json!({ "inpatient_no": "2611-0871" })).await.is(200);
    let way = json!({ "outcome_code": "improved", "outcome_summary": "急诊冠脉造影，右冠植入支架 1 枚",
                      "plan": "每日步行 20 分钟起", "medications": "阿司匹林 100 mg 每日一次\n阿托伐他汀 20 mg 每晚",
                      "next_visit": "12 月 5 日复查", "red_flags": "再次胸痛、黑便：立即就诊" });
    let made = specialist.does(&up, "refer_back", way).await.is(200).json();
    let before = scene.printed(rural, &format!("{up}/letter?kind=back"), "back-outcome.pdf").await;
    before.says(&["双向转诊（回转）单", "2611-0871", "好转", "右冠植入支架"]);
    assert!(!before.text().contains("每日步行"), "the way back is still being written");

    let down = format!("/referrals/{}", made["created_referral_id"].as_str().unwrap());
    specialist.patch(&down, json!({ "consent": { "method": "paper", "signer": "patient" } })).await.is(200);
    specialist.does(&down, "submit", json!({})).await.is(200);
    let zh = scene.printed(rural, &format!("{up}/letter?kind=back"), "back-zh.pdf").await;
    zh.says(&[
        "2611-0871",
        "好转",
        "每日步行 20 分钟起",
        "阿司匹林 100 mg",
        "12 月 5 日复查",
        "再次胸痛、黑便",
    ]);
    let en = scene.printed(specialist, &format!("{down}/letter?kind=back&lang=en"), "back-en.pdf").await;
    en.says(&["letter back", "Red flags", "improved", "2611-0871"]);
}

#[tokio::test]
async fn a_signed_opinion_is_printed_as_it_was_signed_and_old_versions_say_so() {
    let scene = Scene::open().await;
    let (rural, specialist) = (scene.clinic.doctor(), scene.hospital.doctor());
    let patient = scene.alliance.patient(rural, "赵长河").await;
    let question = "胸痛两小时，II、III、aVF 导联 ST 段抬高，是否立即上转做介入？";
    let form = json!({ "patient_id": patient, "to_department": scene.hospital.department(), "kind": "instant",
                       "urgency": "urgent", "question": question, "history": "高血压 10 年",
                       "exam": { "bp_sys": 98, "bp_dia": 60, "heart_rate": 54, "spo2": 94 },
                       "consent": { "method": "paper", "signer": "patient" } });
    let id = rural.post("/consults", form).await.is(201).text("id");
    let (record, path) = (format!("/consults/{id}"), format!("/consults/{id}/opinion/paper"));
    rural.does(&record, "submit", json!({})).await.is(200);
    let no = rural.get(&path).await.is(409).json();
    assert_eq!(no["why_code"], "no_opinion");
    specialist.does(&record, "accept", json!({})).await.is(200);
    for person in [rural, specialist] {
        consult::joined(&scene.alliance.ctx, id.parse().unwrap(), person.id).await.unwrap();
    }
    let mut opinion = json!({ "conclusion": "考虑右室受累，立即上转", "advice": "禁用硝酸甘油；补液 250 mL，两路静脉。",
                          "diagnoses": [{ "code": "I21.1", "text": "急性下壁心肌梗死" }], "next": "refer_up" });
    specialist.does(&record, "give_opinion", opinion.clone()).await.is(200);

    let first = scene.printed(rural, &path, "opinion-zh.pdf").await;
    let hash =
        rural.get(&record).await.is(200).json()["opinion"]["content_hash"].as_str().unwrap().to_owned();
    first.says(&[
        "远程会诊意见",
        question,
        "考虑右室受累，立即上转",
        "禁用硝酸甘油",
        "I21.1",
        "98/60",
        "SpO₂ 94",
        "版本1/1",
    ]);
    first.says(&[&hash, "不是第三方 CA", "邀请方尚未确认"]);

    opinion["conclusion"] = "右室梗死，直达导管室".into();
    opinion["reason_code"] = "new_result".into();
    specialist.does(&record, "amend_opinion", opinion).await.is(200);
    rural.does(&record, "acknowledge", json!({ "adopted": "full" })).await.is(200);
    let second = scene.printed(specialist, &format!("{path}?lang=en"), "opinion-en.pdf").await;
    second.says(&["opinion", "右室梗死，直达导管室", "Version 2/2", "new result", "in full", "holds now"]);
    let old = scene.printed(rural, &format!("{path}?version=1"), "opinion-old.pdf").await;
    old.says(&["已被新版取代", "考虑右室受累", "版本1/2"]);
    rural.get(&format!("{path}?version=7")).await.is(404);

    let stranger = scene.alliance.stranger();
    let check = |paper: &Paper| json!({ "code": code_of(paper) });
    let told = stranger.post("/papers/check", check(&old)).await.is(200).json();
    assert_eq!((&told["standing"], &told["kind"]), (&json!("changed"), &json!("opinion")));
}

#[tokio::test]
async fn the_report_prints_every_figure_with_its_definition() {
    let scene = Scene::open().await;
    for name in ["赵长河", "钱小满"] {
        scene.sent(name, json!({})).await;
    }
    causeway::stats::catch_up(&scene.alliance.ctx).await.unwrap();
    let (admin, path) = (scene.hospital.admin(), "/statistics/paper");

    let zh = scene.printed(admin, path, "report-zh.pdf").await;
    let en = scene.printed(admin, &format!("{path}?lang=en"), "report-en.pdf").await;

    let known = admin.get("/statistics/definitions").await.is(200).json();
    for one in known["items"].as_array().unwrap() {
        zh.says(&[one["zh"]["name"].as_str().unwrap(), one["zh"]["definition"].as_str().unwrap()]);
        en.says(&[one["en"]["name"].as_str().unwrap()]);
    }
    zh.says(&["医联体转诊统计报告", "云堤市第一人民医院"]);
    assert!(zh.pages() >= 2);
    let taken =
        scene.alliance.read_one("SELECT count(*) AS n FROM journal WHERE action = 'statistics.export'").await;
    assert_eq!(taken, 2, "who took the figures along is written down");
    scene.clinic.doctor().get(&format!("{path}?from=2026-13-01&to=2026-14-01")).await.is(422);
}

#[tokio::test]
async fn a_telephone_reads_the_square_on_the_picture_of_the_paper() {
    let scene = Scene::open().await;
    let record = scene.sent("赵长河", json!({})).await;
    let paper = scene.printed(scene.clinic.doctor(), &format!("{record}/letter"), "square.pdf").await;
    let picture = paper.path.with_extension("");

    let drawn = Command::new("pdftoppm")
        .args(["-r", "150", "-png", "-singlefile"])
        .arg(&paper.path)
        .arg(&picture)
        .status();
    assert!(drawn.unwrap().success());
    let read = Command::new("zbarimg").args(["--quiet", "--raw"]).arg(picture.with_extension("png")).output();
    let read = String::from_utf8(read.expect("zbarimg comes with zbar-tools").stdout).unwrap();

    let code = code_of(&paper);
    assert_eq!(read.trim(), format!("https://localhost:8443/verify#{code}"));
}

/// How long a letter takes from the door to its last byte: the goal is 300 ms for 95 of 100.
#[tokio::test]
#[ignore = "measures"]
async fn a_letter_is_there_in_a_moment() {
    let scene = Scene::open().await;
    let record = scene.sent("赵长河", json!({})).await;
    let path = format!("{record}/letter");
    scene.clinic.doctor().get(&path).await.is(200);
    let mut took = Vec::new();
    for _ in 0..100 {
        let since = Instant::now();
        scene.clinic.doctor().get(&path).await.is(200);
        took.push(since.elapsed());
    }
    took.sort();

    println!("letter PDF, 100 times: median {:?}, p95 {:?}, most {:?}", took[50], took[94], took[99]);
    assert!(took[94].as_millis() < 300, "{took:?}");
}
