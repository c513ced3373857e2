//! Names that nobody bears, drawn from the dice without a repeat.

use std::collections::BTreeSet;

use crate::kernel::{Dice, DiceExt, pinyin};

const SURNAMES: &[&str] = &[
    "赵", "钱", "孙", "李", "周", "吴", "郑", "王", "冯", "陈", "褚", "卫", "蒋", "沈", "韩", "杨", "朱",
    "秦", "许", "何", "吕", "张", "孔", "曹", "严", "金", "魏", "陶", "姜", "戚", "谢", "邹", "柏", "窦",
    "章", "苏", "潘", "葛", "范", "彭", "鲁", "韦", "马", "苗", "方", "俞", "任", "袁", "柳", "鲍", "史",
    "唐", "费", "岑", "薛", "雷", "贺", "倪", "汤", "罗", "毕", "郝", "安", "常", "欧阳", "司马",
];

const GIVEN: &[&str] = &[
    "望", "秋", "砚", "溪", "舟", "澜", "棠", "禾", "宁", "舒", "白", "川", "渡", "雁", "微", "潮", "枝",
    "归", "桥", "苇", "岚", "芷", "蘅", "槐", "梧", "榆", "松", "帆", "汀", "湄",
];

const PATIENT_GIVEN: &[&str] = &[
    "长河", "桂芬", "桂芳", "有根", "雪梅", "明德", "玉兰", "福生", "秀英", "大山", "春花", "国平", "小满",
    "立夏", "冬生", "水生", "金凤", "银凤", "来喜", "顺意", "守田", "巧云", "月娥", "铁柱", "满仓", "秋菊",
    "海棠", "石头", "天佑", "安安", "乐乐", "晓燕", "志远", "广林", "腊梅", "德厚", "彩霞", "双喜", "永年",
    "禾苗",
];

/// Draws names and logins, none twice.
#[derive(Default)]
pub struct Names {
    names: BTreeSet<String>,
    logins: BTreeSet<String>,
}

/// A number below `n`.
pub fn below(dice: &dyn Dice, n: usize) -> usize {
    (u32::from_le_bytes(dice.bytes()) as usize) % n
}

/// One of these.
pub fn one_of<'a, T>(dice: &dyn Dice, of: &'a [T]) -> &'a T {
    &of[below(dice, of.len())]
}

impl Names {
    /// A member of staff.
    pub fn staff(&mut self, dice: &dyn Dice) -> String {
        self.fresh(|| format!("{}{}{}", one_of(dice, SURNAMES), one_of(dice, GIVEN), one_of(dice, GIVEN)))
    }

    /// A patient.
    pub fn patient(&mut self, dice: &dyn Dice) -> String {
        self.fresh(|| format!("{}{}", one_of(dice, SURNAMES), one_of(dice, PATIENT_GIVEN)))
    }

    /// Keeps a name that is given from being drawn.
    pub fn keep(&mut self, name: &str) {
        self.names.insert(name.to_owned());
    }

    fn fresh(&mut self, draw: impl Fn() -> String) -> String {
        loop {
            let name = draw();
            if self.names.insert(name.clone()) {
                return name;
            }
        }
    }

    /// `lin.qiuyan`, with a number if somebody else is called so already.
    pub fn login(&mut self, name: &str) -> String {
        let plain = pinyin::read_name(name).shown().to_lowercase().replace(' ', ".");
        let mut login = plain.clone();
        for n in 2.. {
            if self.logins.insert(login.clone()) {
                break;
            }
            login = format!("{plain}{n}");
        }
        login
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_people_of_one_sound_have_two_logins() {
        let mut names = Names::default();

        assert_eq!(names.login("林秋雁"), "lin.qiuyan");
        assert_eq!(names.login("林秋燕"), "lin.qiuyan2");
    }
}
