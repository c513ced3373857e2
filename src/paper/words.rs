//! The words on paper, in both languages. The Chinese ones are those of the national form.

use crate::{
    consents,
    consult::Adopted,
    kernel::Lang,
    referral::{Direction, OutcomeCode, Service, TransportMode, Urgency},
};

macro_rules! said {
    ($($name:ident = $zh:literal, $en:literal;)*) => {
        /// Labels and sentences of one language.
        #[derive(Debug)]
        #[allow(missing_docs, reason = "each says itself what it is")]
        pub struct Words { $(pub $name: &'static str,)* }
        const ZH: Words = Words { $($name: $zh,)* };
        const EN: Words = Words { $($name: $en,)* };
    };
}

#[rustfmt::skip]
said! {
    // Titles and what stands around the form.
    out_title = "双向转诊（转出）单", "Two-way referral: letter out";
    back_title = "双向转诊（回转）单", "Two-way referral: letter back";
    number = "编号", "No.";
    from_consult = "会诊", "Consult";
    answers = "对应", "Answers";
    emergency = "急 诊", "EMERGENCY";
    draft = "草稿，未发出", "DRAFT, NOT SENT";
    goes_on = "（续）", "(cont.)";
    scan_to_check = "扫码核对真伪：", "Scan to check that it is genuine:";
    check_at = "核对真伪：", "Check at";
    code = "核验码", "code";
    printed = "打印", "Printed";
    not_ca = "本系统密钥签名，不是第三方 CA 的合格电子签名", "Signed with a key of this system; not a qualified CA signature";
    by_account = "医生本人账号提交，不是第三方 CA 的合格电子签名", "Sent from the doctor's own account; not a qualified CA signature";
    hand = "手写签名：＿＿＿＿＿＿＿＿＿＿　　机构盖章：", "Signature by hand: ____________________    Stamp:";
    // The patient.
    name = "姓名", "Name";
    sex_age = "性别 年龄", "Sex, age";
    identity = "证件", "Identity no.";
    record_no = "档案编号", "Record no.";
    address = "住址", "Address";
    phone = "联系电话", "Phone";
    guardian = "监护人", "Guardian";
    companion = "陪同", "Companion";
    insurance = "医保", "Insurance";
    filed = "已备案", "filed";
    not_filed = "未备案", "not filed";
    allergies = "过敏史", "Allergies";
    allergies_none_read = "已核对，无已知过敏", "Asked: none known";
    allergies_unknown = "没有记录，请当面询问", "None recorded: please ask";
    infection = "传染病", "Infectious";
    infection_yes = "有，请做好防护", "Yes: protect yourselves";
    infection_no = "未提示", "Not indicated";
    // The letter out.
    to = "转往", "To";
    service = "需要的服务", "Requested";
    transport = "转运", "Transport";
    departs = "出发", "departs";
    arrives = "预计到达", "expected";
    diagnoses = "初步印象", "Impression";
    reason = "转出原因", "Reason";
    illness = "主要现病史", "Present illness";
    past = "主要既往史", "Past history";
    results = "主要检查结果", "Key results";
    treatment = "治疗经过", "Treatment so far";
    opinion = "会诊意见", "Consult opinion";
    consent = "知情同意", "Consent";
    no_consent = "没有记录", "None recorded";
    files = "附件", "Attachments";
    no_files = "无", "None";
    files_where = "附件在系统内查看，不随纸质单", "Attachments are in the system, not with the paper";
    doctor = "转诊医生", "Referring doctor";
    house = "机构", "Facility";
    date = "日期", "Date";
    not_sent = "未提交", "not sent";
    received = "接收机构", "Receiving facility";
    taken = "接收", "Accepted";
    arranged = "安排", "Arranged";
    // The letter back.
    inpatient_no = "住院病案号", "Inpatient no.";
    stay = "住院", "Stay";
    until = "至", "to";
    diagnosis_result = "诊断结果", "Diagnoses";
    outcome = "结局", "Outcome";
    rehab = "康复建议", "Rehabilitation";
    medications = "下一步治疗方案", "Next treatment";
    red_flags = "警示", "Red flags";
    next_visit = "下次就诊", "Next visit";
    follow_up_until = "随访至", "Follow-up until";
    treating_doctor = "医生", "Doctor";
    back_to = "转回", "Back to";
    // The opinion.
    opinion_title = "远程会诊意见", "Remote consultation: opinion";
    asking = "邀请", "Asking";
    asked = "受邀", "Asked";
    version = "版本", "Version";
    versions = "各版", "Versions";
    superseded = "已被新版取代", "SUPERSEDED";
    holds = "现行", "holds now";
    signed_at = "签署", "Signed";
    question = "会诊目的", "Question";
    summary = "病情摘要", "Summary";
    diagnosis_opinion = "诊断意见", "Diagnoses";
    conclusion = "会诊结论", "Conclusion";
    advice = "处理建议", "Advice";
    next_step = "下一步", "Next";
    adopted = "采纳", "Adopted";
    not_yet = "邀请方尚未确认", "Not acknowledged yet";
    consulting_doctor = "会诊医生", "Consulting doctor";
    signature_kind = "签名种类", "Kind of signature";
    content_hash = "内容摘要", "Content hash";
    decision = "诊疗决定由邀请方医生作出并负责。", "The asking doctor decides and answers for the treatment.";
    // The report.
    report_title = "医联体转诊统计报告", "Referral statistics: report";
    whole_alliance = "整个医联体", "Whole alliance";
    period = "期间", "Period";
    compared = "对比", "Compared with";
    figures = "指标", "Figures";
    figure = "指标", "Figure";
    now = "本期", "Period";
    before = "对比期", "Before";
    change = "变化", "Change";
    definition = "定义", "Definition";
    trend = "转诊人次走势", "Referrals over time";
    and_more = "另有项数（见 XLSX）：", "Further rows (see the XLSX):";
    small_numbers = "本机构以外小于 5 的数不显示，写作“<5”；少于 6 例的时间写作“n<6”。", "Numbers under 5 outside one's own facility stand as \"<5\"; times of fewer than 6 cases as \"n<6\".";
    from_journal = "数字由系统日志逐条计算，可由命令重算核对", "Counted entry by entry from the journal; can be counted anew by command";
    // Small words.
    male = "男", "male";
    female = "女", "female";
    sex_unknown = "性别不明", "sex unknown";
    years = "岁", "y";
    months = "个月", "months";
    days = "天", "days";
    age_unknown = "年龄不详", "age unknown";
}

impl Words {
    /// Those of one language.
    pub fn of(lang: Lang) -> &'static Self {
        match lang {
            Lang::Zh => &ZH,
            Lang::En => &EN,
        }
    }
}

/// Picks by language.
pub fn pick(lang: Lang, zh: &'static str, en: &'static str) -> &'static str {
    match lang {
        Lang::Zh => zh,
        Lang::En => en,
    }
}

/// What is needed over there.
pub fn service(lang: Lang, service: Service) -> &'static str {
    match service {
        Service::Outpatient => pick(lang, "门诊", "outpatient visit"),
        Service::Inpatient => pick(lang, "住院", "admission"),
        Service::Emergency => pick(lang, "急诊", "emergency room"),
        Service::Exam => pick(lang, "检查", "examination"),
        Service::Rehab => pick(lang, "康复", "rehabilitation"),
        Service::ChronicFollowup => pick(lang, "慢病随访", "chronic follow-up"),
    }
}

/// How soon.
pub fn urgency(lang: Lang, urgency: Urgency) -> &'static str {
    match urgency {
        Urgency::Emergency => pick(lang, "急诊", "emergency"),
        Urgency::Urgent => pick(lang, "紧急", "urgent"),
        Urgency::Routine => pick(lang, "常规", "routine"),
    }
}

/// Which way.
pub fn direction(lang: Lang, direction: Direction) -> &'static str {
    match direction {
        Direction::Up => pick(lang, "上转", "up"),
        Direction::Down => pick(lang, "下转", "down"),
        Direction::Peer => pick(lang, "平级", "peer"),
    }
}

/// How the patient travels.
pub fn transport(lang: Lang, mode: TransportMode) -> &'static str {
    match mode {
        TransportMode::Self_ => pick(lang, "自行前往", "by themselves"),
        TransportMode::AmbulanceOwn => pick(lang, "本院救护车", "own ambulance"),
        TransportMode::Ambulance120 => pick(lang, "120 救护车", "emergency ambulance"),
        TransportMode::TargetVehicle => pick(lang, "对方来车", "receiver's vehicle"),
    }
}

/// What became of the patient.
pub fn outcome(lang: Lang, outcome: OutcomeCode) -> &'static str {
    match outcome {
        OutcomeCode::Cured => pick(lang, "治愈", "cured"),
        OutcomeCode::Improved => pick(lang, "好转", "improved"),
        OutcomeCode::Unchanged => pick(lang, "未变", "unchanged"),
        OutcomeCode::Worse => pick(lang, "加重", "worse"),
        OutcomeCode::Transferred => pick(lang, "转院", "transferred"),
        OutcomeCode::Left => pick(lang, "自动离院", "left"),
        OutcomeCode::Died => pick(lang, "死亡", "died"),
        OutcomeCode::Other => pick(lang, "其他", "other"),
    }
}

/// In which form the patient agreed.
pub fn consent_method(lang: Lang, method: consents::Method) -> &'static str {
    match method {
        consents::Method::Paper => pick(lang, "纸质签字", "signed on paper"),
        consents::Method::OnScreen => pick(lang, "屏幕签字", "signed on the screen"),
        consents::Method::VerbalWitness => pick(lang, "口头，有见证人", "spoken before a witness"),
        consents::Method::Override => pick(lang, "紧急先行，未及征得同意", "emergency: went ahead without"),
    }
}

/// Who agreed.
pub fn signer(lang: Lang, signer: consents::Signer) -> &'static str {
    match signer {
        consents::Signer::Patient => pick(lang, "患者本人", "the patient"),
        consents::Signer::Guardian => pick(lang, "监护人或近亲属", "guardian or near relative"),
    }
}

/// How far the advice was followed.
pub fn adopted(lang: Lang, adopted: Adopted) -> &'static str {
    match adopted {
        Adopted::Full => pick(lang, "全部采纳", "in full"),
        Adopted::Partial => pick(lang, "部分采纳", "in part"),
        Adopted::No => pick(lang, "未采纳", "not adopted"),
    }
}

/// Why an opinion was written anew.
pub fn amended(lang: Lang, code: &str) -> String {
    let known = match code {
        "new_result" => pick(lang, "有新结果", "new result"),
        "addition" => pick(lang, "补充", "addition"),
        "correction" => pick(lang, "更正", "correction"),
        own => return own.to_owned(),
    };
    known.to_owned()
}

/// A coded reason; a hospital's own code stands as it is.
pub fn reason(lang: Lang, code: &str) -> String {
    let known = match code {
        "no_means" => pick(lang, "本院没有这个条件", "beyond our means"),
        "worse" => pick(lang, "病情加重，需监护", "worse, needs monitoring"),
        "unclear" => pick(lang, "诊断不明，需进一步查", "unclear, needs work-up"),
        "surgery" => pick(lang, "需手术或介入", "needs surgery or intervention"),
        "wish" => pick(lang, "病人要求", "the patient's wish"),
        "rehab" => pick(lang, "转回康复", "back for rehabilitation"),
        "continue_at_home" => pick(lang, "病情平稳，回基层继续治疗", "stable, to be treated on at home"),
        own => return own.to_owned(),
    };
    known.to_owned()
}

/// Who pays.
pub fn insurance(lang: Lang, kind: &str) -> String {
    let known = match kind {
        "employee" => pick(lang, "职工医保", "employee insurance"),
        "resident" => pick(lang, "居民医保", "resident insurance"),
        "self_pay" => pick(lang, "自费", "self-paid"),
        "other" => pick(lang, "其他", "other"),
        own => return own.to_owned(),
    };
    known.to_owned()
}

/// A heading of the report's tables that is a code; names of places stand as they are.
pub fn heading(lang: Lang, of: &str, code: &str) -> String {
    let words = Words::of(lang);
    let known = match (of, code) {
        ("response", "more") => pick(lang, "更久", "longer"),
        ("reasons", "no_capacity") => pick(lang, "没有床位或号源", "no bed or slot"),
        ("reasons", "beyond_us") => pick(lang, "超出我们能力", "beyond what we can do"),
        ("reasons", "treat_there") => pick(lang, "在基层治更合适", "better treated there"),
        ("reasons", "too_little") => pick(lang, "资料不够判断", "too little to decide on"),
        ("reasons", "duplicate") => pick(lang, "已有另一份", "another one is open"),
        ("reasons", "not_my_field") => pick(lang, "不是本科的病", "not our field"),
        ("reasons", "other") => pick(lang, "其他", "other"),
        ("missed_items", "consent") => words.consent,
        ("missed_items", "diagnoses") => words.diagnoses,
        ("missed_items", "reason_text") => words.reason,
        ("missed_items", "present_illness") => words.illness,
        ("missed_items", "past_history") => words.past,
        ("missed_items", "treatment_so_far") => words.treatment,
        ("missed_items", "key_results") => words.results,
        ("missed_items", "requested_service") => words.service,
        ("missed_items", "transport") => words.transport,
        ("missed_items", "insurance") => words.insurance,
        ("missed_items", "rehab_plan") => words.rehab,
        ("missed_items", "medications") => words.medications,
        ("missed_items", "next_visit") => words.next_visit,
        ("missed_items", "red_flags") => words.red_flags,
        (_, own) => own,
    };
    known.to_owned()
}
