//! What the demo's patients come with. Invented, and only as right as a demo has to be.

use serde_json::{Value, json};

use super::pictures::Picture;

/// One illness as a township doctor writes it down.
pub struct Case {
    pub department: &'static str,
    pub complaint: &'static str,
    pub history: &'static str,
    pub question: &'static str,
    pub code: &'static str,
    pub diagnosis: &'static str,
    pub reason: &'static str,
    pub treated: &'static str,
    pub service: &'static str,
    pub exam: [f64; 5],
    pub opinion: &'static str,
    pub advice: &'static str,
    pub picture: Option<Picture>,
}

/// The illnesses; stories take them by number.
pub const CASES: &[Case] = &[
    Case {
        department: "心血管内科",
        complaint: "胸痛 2 小时，伴出汗",
        history: "高血压 8 年，吸烟 30 年。无糖尿病。",
        question: "胸痛 2 小时，心电图 II、III、aVF 导联 ST 段抬高，是否立即上转做介入？路上怎么处理？",
        code: "I21.1",
        diagnosis: "急性下壁心肌梗死",
        reason: "需急诊介入，本院不具备条件。",
        treated: "已嚼服阿司匹林 300 mg、替格瑞洛 180 mg，吸氧，开通静脉通路。",
        service: "emergency",
        exam: [98.0, 60.0, 54.0, 36.6, 94.0],
        opinion: "符合急性下壁心肌梗死，发病 2 小时，应尽快行急诊介入。",
        advice: "立即转运，途中心电监护、备除颤仪；血压低于 90 时补液，不用硝酸酯。到院直达导管室。",
        picture: Some(Picture::Ecg),
    },
    Case {
        department: "心血管内科",
        complaint: "活动后气促 3 周，夜间不能平卧 2 天",
        history: "心衰病史 5 年，近一周自行停用利尿剂。",
        question: "心衰患者停药后加重，双下肢水肿，在卫生院能否先用利尿剂观察？需要上转吗？",
        code: "I50.9",
        diagnosis: "慢性心力衰竭急性加重",
        reason: "利尿后仍不能平卧，需住院调整治疗。",
        treated: "呋塞米 20 mg 静推，吸氧，控制入量。",
        service: "inpatient",
        exam: [148.0, 92.0, 104.0, 36.5, 92.0],
        opinion: "停药诱发的心衰加重，目前血压稳定，可先在当地处理。",
        advice: "呋塞米 20–40 mg 静推，记尿量；恢复原口服方案。24 小时尿量不足 1500 ml 或仍不能平卧则上转。",
        picture: Some(Picture::Lab),
    },
    Case {
        department: "神经内科",
        complaint: "右侧肢体无力伴说话不清 1 小时",
        history: "房颤，未规律抗凝。",
        question: "突发右侧肢体无力、言语不清 1 小时，是否在溶栓时间窗内？本院无 CT，是否直接上转？",
        code: "I63.9",
        diagnosis: "脑梗死（超早期）",
        reason: "在溶栓时间窗内，本院无 CT。",
        treated: "未用抗凝药，建立静脉通路，测血糖 6.8。",
        service: "emergency",
        exam: [172.0, 96.0, 88.0, 36.7, 97.0],
        opinion: "高度怀疑左侧大脑中动脉区脑梗死，在时间窗内。",
        advice: "立即上转，到院走卒中绿色通道；途中不降压（低于 185/110），不进食水。",
        picture: None,
    },
    Case {
        department: "呼吸内科",
        complaint: "咳嗽、咳痰加重 5 天，气促 2 天",
        history: "慢阻肺 12 年，去年住院两次。",
        question: "慢阻肺急性加重，血氧 88%，三代头孢用了两天没有好转，下一步怎么调整？需要上转吗？",
        code: "J44.1",
        diagnosis: "慢性阻塞性肺疾病急性加重",
        reason: "血氧低，二氧化碳潴留可能，需无创通气。",
        treated: "头孢曲松 2 g 每日一次，共 2 天；雾化；低流量吸氧。",
        service: "inpatient",
        exam: [136.0, 82.0, 108.0, 37.9, 88.0],
        opinion: "慢阻肺急性加重，Ⅱ型呼吸衰竭可能。",
        advice: "控制性低流量吸氧，加用甲泼尼龙 40 mg；查血气，若 pH 低于 7.35 应上转行无创通气。",
        picture: Some(Picture::Chest),
    },
    Case {
        department: "儿科",
        complaint: "发热、咳嗽 4 天",
        history: "足月顺产，疫苗按时接种。",
        question: "3 岁患儿发热咳嗽 4 天，双肺细湿啰音，血氧 96%，能否在镇上治疗？抗生素怎么选？",
        code: "J18.9",
        diagnosis: "支气管肺炎",
        reason: "发热 4 天不退，需进一步检查。",
        treated: "口服布洛芬退热，雾化。",
        service: "inpatient",
        exam: [96.0, 60.0, 124.0, 38.6, 96.0],
        opinion: "社区获得性肺炎，轻症，可门诊治疗。",
        advice: "阿莫西林 90 mg/kg·d 分 2 次，共 7 天；48 小时不退热、气促或拒食则上转。",
        picture: None,
    },
    Case {
        department: "皮肤科",
        complaint: "躯干皮疹 1 周，瘙痒",
        history: "无药物过敏史，近期未换用洗护用品。",
        question: "躯干多发圆形红斑伴瘙痒 1 周，见照片，考虑什么？可以先用激素软膏吗？",
        code: "L30.9",
        diagnosis: "皮炎，未特指",
        reason: "外用药两周无好转。",
        treated: "炉甘石洗剂外用。",
        service: "outpatient",
        exam: [124.0, 78.0, 76.0, 36.4, 98.0],
        opinion: "钱币状湿疹可能性大，需与体癣鉴别。",
        advice: "先取皮屑镜检；阴性者用糠酸莫米松乳膏每日一次，两周后复诊，注意保湿。",
        picture: Some(Picture::Skin),
    },
    Case {
        department: "产科",
        complaint: "孕 34 周，头痛 1 天",
        history: "孕 1 产 0，孕早期血压正常。",
        question: "孕 34 周血压 158/104，尿蛋白（++），头痛，是否子痫前期？硫酸镁能否在本院先用？",
        code: "O14.1",
        diagnosis: "重度子痫前期",
        reason: "重度子痫前期，需上级医院终止妊娠评估。",
        treated: "硫酸镁 4 g 负荷，拉贝洛尔 100 mg 口服。",
        service: "inpatient",
        exam: [158.0, 104.0, 92.0, 36.6, 98.0],
        opinion: "重度子痫前期，有抽搐风险。",
        advice: "硫酸镁负荷后维持，备葡萄糖酸钙；降压至 140–150/90–100；今天内上转，途中左侧卧位。",
        picture: Some(Picture::Lab),
    },
    Case {
        department: "肾内科",
        complaint: "双下肢水肿 1 月，尿少 3 天",
        history: "糖尿病 15 年，血肌酐逐年升高。",
        question: "糖尿病肾病，血肌酐 612，尿少 3 天，是否需要尽快透析？",
        code: "N18.5",
        diagnosis: "慢性肾脏病 5 期",
        reason: "尿少、高钾，评估透析。",
        treated: "低钾饮食，呋塞米 40 mg。",
        service: "inpatient",
        exam: [164.0, 94.0, 86.0, 36.3, 95.0],
        opinion: "慢性肾脏病 5 期，有透析指征。",
        advice: "查血钾、血气；血钾高于 6.0 时先对症处理再转运。",
        picture: Some(Picture::Lab),
    },
    Case {
        department: "急诊科",
        complaint: "车祸后腹痛 1 小时",
        history: "既往体健。",
        question: "电动车摔伤后左上腹痛，血压下降趋势，怀疑脾破裂，途中补液量如何掌握？",
        code: "S36.0",
        diagnosis: "脾损伤",
        reason: "疑腹腔内出血，本院不能手术。",
        treated: "双通路补液，腹带固定，禁食。",
        service: "emergency",
        exam: [92.0, 58.0, 118.0, 36.2, 96.0],
        opinion: "钝性腹部伤，脾破裂可能性大，须急诊手术评估。",
        advice: "允许性低血压，收缩压维持 90 左右；立即转运，通知手术室。",
        picture: None,
    },
    Case {
        department: "心脏外科",
        complaint: "心前区杂音，活动后胸闷半年",
        history: "风湿性心脏病 20 年。",
        question: "二尖瓣重度狭窄，近来胸闷加重，请评估手术时机。",
        code: "I05.0",
        diagnosis: "风湿性二尖瓣狭窄",
        reason: "需行瓣膜手术评估。",
        treated: "利尿、控制心室率。",
        service: "outpatient",
        exam: [118.0, 74.0, 96.0, 36.5, 96.0],
        opinion: "重度二尖瓣狭窄，有手术指征。",
        advice: "完善经食管超声，择期住院。",
        picture: None,
    },
];

impl Case {
    /// The vital signs as a form has them.
    pub fn exam(&self) -> Value {
        let [sys, dia, rate, temp, spo2] = self.exam;
        json!({ "bp_sys": sys as i64, "bp_dia": dia as i64, "heart_rate": rate as i64, "temp_c": temp, "spo2": spo2 as i64 })
    }

    /// The form of a consult.
    pub fn consult(&self, patient: &str, department: &str, kind: &str, urgency: &str) -> Value {
        json!({
            "patient_id": patient, "to_department": department, "kind": kind, "urgency": urgency,
            "question": self.question, "chief_complaint": self.complaint, "history": self.history,
            "exam": self.exam(), "prelim_diagnoses": [{ "code": self.code, "text": self.diagnosis }],
            "consent": { "method": "paper", "signer": "patient" },
        })
    }

    /// The form of an opinion.
    pub fn opinion(&self, next: &str) -> Value {
        json!({ "conclusion": self.opinion, "advice": self.advice, "next": next,
                "diagnoses": [{ "code": self.code, "text": self.diagnosis }] })
    }

    /// The form of a letter up.
    pub fn letter(&self, patient: &str, department: &str, urgency: &str) -> Value {
        json!({
            "patient_id": patient, "to_department": department, "direction": "up", "urgency": urgency,
            "reason_text": self.reason,
            "diagnoses": [{ "code": self.code, "text": self.diagnosis, "role": "primary" }],
            "present_illness": format!("{}。{}", self.complaint, self.question),
            "past_history": self.history, "treatment_so_far": self.treated,
            "requested_service": self.service,
            "transport": { "mode": if urgency == "emergency" { "ambulance_own" } else { "self" } },
            "insurance": { "type": "居民", "filed": urgency != "routine" },
            "consent": { "method": "paper", "signer": "patient" },
        })
    }
}
