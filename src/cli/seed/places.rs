//! The demo alliance's places: 33 facilities that exist nowhere, as one regional alliance has them.

use super::Staff;
use crate::directory::Level::{self, Community, County, Tertiary, Township, Village};

/// A facility of the demo.
pub struct Place {
    pub name: &'static str,
    pub level: Level,
    pub grade: Option<&'static str>,
    pub departments: &'static [Room],
    /// People with a name of their own; the rest are drawn.
    pub known: &'static [Staff],
}

/// A department of the demo.
pub struct Room {
    pub name: &'static str,
    pub scope: &'static str,
    pub consult: bool,
    pub referral: bool,
    pub min_dataset: &'static [&'static str],
    /// Doctors it has, those with a name of their own among them.
    pub doctors: usize,
}

const fn room(name: &'static str, scope: &'static str, doctors: usize) -> Room {
    Room { name, scope, consult: true, referral: true, min_dataset: &[], doctors }
}

const CITY: &[Room] = &[
    room(
        "心血管内科",
        "接胸痛、心衰、心律失常、难治性高血压；急性胸痛直达导管室。先天性心脏病儿童请找儿科，夹层请找心脏外科。",
        5,
    ),
    Room {
        min_dataset: &["exam.bp_sys"],
        ..room(
            "神经内科",
            "接卒中、头晕、抽搐、帕金森病；4.5 小时内的卒中请先打电话。颅脑外伤请找急诊科。",
            4,
        )
    },
    room("呼吸内科", "接慢阻肺、哮喘、肺炎、咯血、肺结节。肺结核请转专科医院。", 4),
    room("儿科", "接 14 岁以下内科疾病；6 岁以下会诊须监护人在场。新生儿请附出生情况。", 4),
    Room {
        consult: false, ..room("肾内科", "接肾炎、肾衰、透析通路；只收转诊，不开视频会诊。", 3)
    },
    room("心脏外科", "接瓣膜病、夹层、冠脉搭桥。先由心血管内科看过更快。", 3),
    Room {
        min_dataset: &["exam.bp_sys", "exam.heart_rate"],
        ..room("急诊科", "接多发伤、中毒、休克、不明原因昏迷；到院前电话交接。", 4)
    },
    room("产科", "接高危妊娠、产后出血、妊娠高血压。普通产检请在县医院。", 3),
    room("皮肤科", "看照片即可：皮疹、溃疡、可疑黑痣。请在自然光下拍，附一把尺。", 2),
    Room {
        consult: false,
        ..room("康复科", "接卒中后、骨折后、心肺康复；只收转诊，床位每日 10 时更新。", 2)
    },
];

const COUNTY: &[Room] = &[
    room("内科", "接内科常见病、慢病急性加重。需要介入或重症监护的请直接转市一院。", 3),
    room("外科", "接阑尾炎、疝、骨折、外伤清创。", 3),
    room("儿科", "接 14 岁以下常见病；危重新生儿请转市一院。", 2),
    Room { consult: false, ..room("康复科", "接卒中后和骨折后康复，只收转诊。", 2) },
];

const GENERAL: &[Room] = &[Room {
    consult: false,
    ..room("全科", "接下转病人的随访、慢病管理、换药、康复训练。", 2)
}];

const VILLAGE: &[Room] =
    &[Room { consult: false, ..room("卫生室", "接下转病人的上门随访和慢病用药。", 1) }];

const fn village(name: &'static str) -> Place {
    Place { name, level: Village, grade: None, departments: VILLAGE, known: &[] }
}

const fn township(name: &'static str) -> Place {
    Place { name, level: Township, grade: Some("一级甲等"), departments: GENERAL, known: &[] }
}

/// All 33, the lead first.
pub const PLACES: &[Place] = &[
    Place {
        name: "云堤市第一人民医院",
        level: Tertiary,
        grade: Some("三级甲等"),
        departments: CITY,
        known: &[
            Staff::doctor("许望舟", "副主任医师", "心血管内科"),
            Staff::doctor("秦川渡", "主治医师", "心血管内科"),
            Staff::doctor("江砚秋", "主治医师", "心血管内科"),
            Staff::doctor("陆听澜", "主治医师", "心血管内科"),
            Staff::doctor("周砚之", "主任医师", "心血管内科"),
            Staff::doctor("白若溪", "住院医师", "神经内科"),
            Staff::doctor("严既白", "副主任医师", "心脏外科"),
            Staff::doctor("沈望舒", "主治医师", "产科"),
            Staff::doctor("梁未晞", "副主任医师", "呼吸内科"),
            Staff::desk("宋知微", "护师"),
            Staff::desk("柳见山", "主管护师"),
            Staff::admin("顾潮生", "信息科工程师"),
            Staff::alliance("温与归", "医联体办公室主任"),
            Staff::auditor("程问舟", "审计科科员"),
        ],
    },
    Place {
        name: "青屏县人民医院",
        level: County,
        grade: Some("二级甲等"),
        departments: COUNTY,
        known: &[Staff::desk("简宁", "护师")],
    },
    Place {
        name: "白棠县人民医院",
        level: County,
        grade: Some("二级甲等"),
        departments: COUNTY,
        known: &[Staff::desk("卫南枝", "护师")],
    },
    Place {
        name: "芦湾镇卫生院",
        known: &[Staff::rural("林秋雁", "主治医师", "全科"), Staff::desk("苗青禾", "护师")],
        ..township("")
    },
    Place {
        name: "沙浦镇卫生院", known: &[Staff::rural("高立冬", "医师", "全科")], ..township("")
    },
    township("鹿汀镇卫生院"),
    township("苇塘镇卫生院"),
    township("松陂镇卫生院"),
    township("杏洲镇卫生院"),
    township("槐堰镇卫生院"),
    township("澄渡镇卫生院"),
    township("梨岗镇卫生院"),
    Place {
        name: "石塘社区卫生服务中心",
        level: Community,
        known: &[Staff::rural("方晓棠", "医师", "全科")],
        ..township("")
    },
    Place { name: "东埠社区卫生服务中心", level: Community, ..township("") },
    Place { name: "望川社区卫生服务中心", level: Community, ..township("") },
    Place {
        name: "柳渡村卫生室", known: &[Staff::rural("冯九皋", "乡村医生", "卫生室")], ..village("")
    },
    village("上芦村卫生室"),
    village("下芦村卫生室"),
    village("沙嘴村卫生室"),
    village("鹿角湾村卫生室"),
    village("苇根村卫生室"),
    village("松尾村卫生室"),
    village("杏花坞村卫生室"),
    village("槐荫桥村卫生室"),
    village("澄溪口村卫生室"),
    village("石笋坪村卫生室"),
    village("梨树岗村卫生室"),
    village("鹭鸣村卫生室"),
    village("风车口村卫生室"),
    village("老渡头村卫生室"),
    village("桐花村卫生室"),
    village("雁回村卫生室"),
    village("半月塘村卫生室"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_thirty_three_and_no_two_have_one_name() {
        let mut names: Vec<_> = PLACES.iter().map(|place| place.name).collect();
        names.sort_unstable();
        names.dedup();

        assert_eq!(names.len(), 33);
        assert!(!names.contains(&""));
    }
}
