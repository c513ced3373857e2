//! What each figure is called and what it means, in both languages. The page shows it, the
//! second sheet of the export prints it, and `docs/statistics.md` repeats it.

use crate::kernel::Lang;

/// One figure in words.
#[derive(Debug, Clone, Copy, serde::Serialize, utoipa::ToSchema)]
pub struct Meaning {
    /// Which figure.
    pub key: &'static str,
    /// Its name and definition in Chinese.
    pub zh: Said,
    /// The same in English.
    pub en: Said,
}

/// A name and a definition in one language.
#[derive(Debug, Clone, Copy, serde::Serialize, utoipa::ToSchema)]
pub struct Said {
    /// Its name.
    pub name: &'static str,
    /// What it means.
    pub definition: &'static str,
}

impl Meaning {
    /// In one language.
    pub const fn said(&self, lang: Lang) -> Said {
        match lang {
            Lang::Zh => self.zh,
            Lang::En => self.en,
        }
    }
}

const fn meaning(key: &'static str, names: [&'static str; 2], definitions: [&'static str; 2]) -> Meaning {
    Meaning {
        key,
        zh: Said { name: names[0], definition: definitions[0] },
        en: Said { name: names[1], definition: definitions[1] },
    }
}

/// What a figure means.
pub fn of(key: &str) -> Option<&'static Meaning> {
    MEANINGS.iter().find(|meaning| meaning.key == key)
}

/// All of them, in the order of the report.
#[rustfmt::skip]
pub const MEANINGS: &[Meaning] = &[
    meaning("members", ["成员机构", "Member facilities"],
        ["期末在册的联盟成员机构数",
         "Facilities that are members at the end of the period"]),
    meaning("active_members", ["活跃机构", "Active facilities"],
        ["期内发出过转诊、或首先收到过转诊的机构数",
         "Facilities that sent a referral in the period, or were the first to be asked"]),
    meaning("volume", ["转诊人次", "Referrals"],
        ["首次提交落在期内的转诊单数；草稿和录入有误的不算，重新提交不重复算",
         "Referrals first sent in the period; without drafts and those entered in error; sent again, they are not counted again"]),
    meaning("up", ["上转人次", "Referrals up"],
        ["其中上转的",
         "Of these, those that went up"]),
    meaning("down", ["下转人次", "Referrals down"],
        ["其中下转的",
         "Of these, those that went down"]),
    meaning("peer", ["平转人次", "Referrals between equals"],
        ["其中平级之间的",
         "Of these, those between equals"]),
    meaning("up_per_down", ["上下转之比", "Up for each down"],
        ["上转人次除以同期下转人次",
         "Referrals up divided by referrals down in the same period"]),
    meaning("down_share", ["下转率（同期）", "Down rate, period"],
        ["下转人次除以同期上转人次",
         "Referrals down divided by referrals up in the same period"]),
    meaning("home_with_letter", ["下转率（队列）", "Down rate, cohort"],
        ["期内得出结局的上转病人（在世）中，30 天内提交了相连下转单的比例",
         "Of the patients sent up whose outcome was given in the period (alive), those for whom a linked referral down was sent within 30 days"]),
    meaning("response_median", ["首次答复 中位", "First answer, median"],
        ["从首次提交到第一次答复（接收、拒绝、改派或追问）的分钟数（两小时以上按 10 分钟、一天以上按小时取整）；按提交日归期。此前不会暂停计时，因为暂停本身就始于追问",
         "Minutes (above two hours in tens, above a day in hours) from first sending to the first answer (accepted, rejected, redirected or a question), by the day of sending. There is no pause before it: a pause begins with a question"]),
    meaning("response_p90", ["首次答复 九成", "First answer, nine of ten"],
        ["九成答复不超过的分钟数（最近秩）",
         "Minutes that nine of ten answers do not exceed (nearest rank)"]),
    meaning("in_time", ["时限内答复", "Answered in time"],
        ["在时限前首次答复的，除以已答复的和已超时未答复的之和；没到时限的不计入分母，也不丢弃（见「未答复」）",
         "Answered before the limit, divided by those answered and those overdue without an answer; those whose limit has not come stand under open"]),
    meaning("in_time_emergency", ["时限内答复 急", "In time, emergency"],
        ["同上，仅急",
         "The same, emergencies only"]),
    meaning("in_time_urgent", ["时限内答复 较急", "In time, urgent"],
        ["同上，仅较急",
         "The same, urgent ones only"]),
    meaning("in_time_routine", ["时限内答复 平", "In time, routine"],
        ["同上，仅平",
         "The same, routine ones only"]),
    meaning("unanswered", ["未得答复", "Without an answer"],
        ["期内提交、至今没有任何答复的（含已撤回和过期的）比例",
         "Of those sent in the period, those without any answer so far, withdrawn and expired ones included"]),
    meaning("open", ["等待答复", "Open"],
        ["其中仍在等待的件数",
         "Of these, those that still wait"]),
    meaning("acceptance_median", ["接收用时 中位", "Time to accept, median"],
        ["从首次提交到首次接收的分钟数（两小时以上按 10 分钟、一天以上按小时取整），仅已接收的；与「未获接收」一起看",
         "Minutes (above two hours in tens, above a day in hours) from first sending to first acceptance, of the accepted; to be read with never accepted"]),
    meaning("never_accepted", ["未获接收", "Never accepted"],
        ["期内提交、至今未被接收的比例",
         "Of those sent in the period, those not accepted so far"]),
    meaning("accepted", ["接收率", "Accepted"],
        ["各目标作出的决定中为接收的比例，按决定日归期；同一目标先接后退的算后一次",
         "Of the decisions that targets made in the period, acceptances; a target that changes its mind counts as it decided last"]),
    meaning("accepted_first", ["首投接收率", "Accepted at once"],
        ["只看第一个目标的决定",
         "Of the decisions of first targets only"]),
    meaning("accepted_last", ["最终接收率", "Accepted in the end"],
        ["每张单只看最后一个作出决定的目标",
         "Of the last decision on each referral"]),
    meaning("rejections", ["拒绝次数", "Rejections"],
        ["期内的拒绝次数，原因见「为什么没接」",
         "Rejections in the period; reasons stand under why not"]),
    meaning("accepted_later", ["拒绝后获接收", "Accepted after all"],
        ["首次被拒在期内的转诊单中，后来被接收的比例",
         "Of the referrals first rejected in the period, those accepted later"]),
    meaning("redirected", ["改派率", "Redirected"],
        ["各目标作出的决定中为改派的比例",
         "Of the decisions that targets made, those that sent it on"]),
    meaning("legs_each", ["每单目标数", "Targets each"],
        ["期内提交的转诊单平均问过几个目标",
         "How many targets a referral sent in the period was put to"]),
    meaning("asked_back", ["追问率", "Asked back"],
        ["被查看过的目标中，至少追问过一次的比例，按送达日归期",
         "Of the targets that looked at it, those that asked the sender something, by the day it reached them"]),
    meaning("delay_median", ["追问耽搁 中位", "Delay by questions, median"],
        ["每次追问到补充（或作出决定）的分钟数（两小时以上按 10 分钟、一天以上按小时取整）",
         "Minutes (above two hours in tens, above a day in hours) from a question to its answer, or to a decision without one"]),
    meaning("wrong_address", ["投错科室", "Wrong address"],
        ["因「不属本科」拒绝或改派的，除以各目标作出的决定",
         "Rejected or redirected as not this field, divided by all decisions"]),
    meaning("wait_median", ["到院等待 中位", "Wait to be seen, median"],
        ["从首次提交到到院的分钟数（两小时以上按 10 分钟、一天以上按小时取整），按到院日归期；此前爽约过的另计",
         "Minutes (above two hours in tens, above a day in hours) from first sending to arrival, by the day of arrival; without those who had missed a time"]),
    meaning("wait_p90", ["到院等待 九成", "Wait to be seen, nine of ten"],
        ["九成病人不超过的分钟数",
         "Minutes that nine of ten do not exceed"]),
    meaning("wait_left_out", ["等待中剔除", "Left out of the wait"],
        ["因此前爽约而未计入等待的到院人数",
         "Arrivals not counted in the wait because the patient had missed a time"]),
    meaning("no_show", ["爽约率", "No-shows"],
        ["爽约次数除以爽约与如约到院之和",
         "Missed times divided by missed and kept ones"]),
    meaning("came_later", ["爽约后到院", "Came later"],
        ["首次爽约在期内的病人中后来到院的比例",
         "Of the patients whose first missed time is in the period, those who came later"]),
    meaning("closed_loop", ["闭环率", "Closed loop"],
        ["期内到院的病人中，结局已写、且转出方在 14 天内看到的比例",
         "Of the patients who arrived in the period, those whose outcome was given and read by the sender within 14 days"]),
    meaning("returned", ["下转后再上转", "Sent up again"],
        ["期内提交的下转中，30 天内同一病人又被上转的比例",
         "Of the referrals down sent in the period, those whose patient was sent up again within 30 days"]),
    meaning("expired", ["过期", "Expired"],
        ["期内因无人处理而过期的件数",
         "Referrals that expired in the period because nobody acted"]),
    meaning("unread", ["结局未确认", "Outcome unread"],
        ["期内到期自动关闭、结局无人确认的件数",
         "Closed by time in the period with the outcome unconfirmed"]),
    meaning("filled", ["填写完整度", "Filled in"],
        ["提交时，国家表单项目与科室必填项中已填的比例（所有转诊单合计）",
         "At sending, items of the national form and of the department that were filled in, over all letters"]),
    meaning("complete", ["完整率", "Complete letters"],
        ["一项不缺的转诊单比例",
         "Letters with nothing left out"]),
    meaning("files_each", ["每单资料数", "Files each"],
        ["提交时每单平均附几份资料",
         "Files at sending, for each letter"]),
    meaning("shared_bytes", ["共用而未复制", "Shared, not copied"],
        ["由会诊带入、只建链接未复制的字节数",
         "Bytes that a consult holds and the letter links to without a copy"]),
    meaning("entry_from_consult", ["录入用时 会诊转", "Entry time, from a consult"],
        ["录入时的活动秒数（两次操作间隔超过 5 秒的不算），中位",
         "Seconds of activity while writing (gaps over 5 s are not counted), median"]),
    meaning("entry_known_patient", ["录入用时 老病人", "Entry time, known patient"],
        ["录入时的活动秒数（间隔超过 5 秒的不算），病人已在册，中位",
         "The same, for a patient who was known"]),
    meaning("entry_new_patient", ["录入用时 新病人", "Entry time, new patient"],
        ["录入时的活动秒数（间隔超过 5 秒的不算），先登记病人，中位",
         "The same, for a patient who was entered first"]),
    meaning("keys_from_consult", ["录入按键 会诊转", "Keys, from a consult"],
        ["按键次数，中位",
         "Keys pressed, median"]),
    meaning("keys_known_patient", ["录入按键 老病人", "Keys, known patient"],
        ["按键次数，中位",
         "Keys pressed, median"]),
    meaning("keys_new_patient", ["录入按键 新病人", "Keys, new patient"],
        ["按键次数，中位",
         "Keys pressed, median"]),
    meaning("clicks_from_consult", ["录入点击 会诊转", "Clicks, from a consult"],
        ["点击次数，中位",
         "Clicks, median"]),
    meaning("clicks_known_patient", ["录入点击 老病人", "Clicks, known patient"],
        ["点击次数，中位",
         "Clicks, median"]),
    meaning("clicks_new_patient", ["录入点击 新病人", "Clicks, new patient"],
        ["点击次数，中位",
         "Clicks, median"]),
    meaning("wall_from_consult", ["录入历时 会诊转", "Time at the letter, from a consult"],
        ["从打开到提交的总秒数，停顿也算，中位",
         "Seconds from opening to sending, pauses and all, median"]),
    meaning("wall_known_patient", ["录入历时 老病人", "Time at the letter, known patient"],
        ["从打开到提交的总秒数，停顿也算，中位",
         "Seconds from opening to sending, pauses and all, median"]),
    meaning("wall_new_patient", ["录入历时 新病人", "Time at the letter, new patient"],
        ["从打开到提交的总秒数，停顿也算，中位",
         "Seconds from opening to sending, pauses and all, median"]),
    meaning("prefilled_from_consult", ["已带入项 会诊转", "Fields carried over, from a consult"],
        ["打开时已经填好的项数，中位",
         "Fields that were filled in when the letter was opened, median"]),
    meaning("prefilled_known_patient", ["已带入项 老病人", "Fields carried over, known patient"],
        ["打开时已经填好的项数，中位",
         "Fields that were filled in when the letter was opened, median"]),
    meaning("prefilled_new_patient", ["已带入项 新病人", "Fields carried over, new patient"],
        ["打开时已经填好的项数，中位",
         "Fields that were filled in when the letter was opened, median"]),
    meaning("edited_from_consult", ["改动项 会诊转", "Fields changed, from a consult"],
        ["提交前填写或改动过的项数，中位",
         "Fields that were written or changed before sending, median"]),
    meaning("edited_known_patient", ["改动项 老病人", "Fields changed, known patient"],
        ["提交前填写或改动过的项数，中位",
         "Fields that were written or changed before sending, median"]),
    meaning("edited_new_patient", ["改动项 新病人", "Fields changed, new patient"],
        ["提交前填写或改动过的项数，中位",
         "Fields that were written or changed before sending, median"]),
    meaning("report_time", ["统计用时", "Report time"],
        ["从打开统计页到导出文件的秒数，中位",
         "Seconds from opening the statistics to the exported file, median"]),
    meaning("consults", ["会诊", "Consults"],
        ["首次提交落在期内的会诊数；方向筛选对会诊不起作用",
         "Consults first sent in the period; the direction filter does not touch them"]),
    meaning("consult_answered", ["会诊应答率", "Consults answered"],
        ["其中有医生应答的比例",
         "Of these, those that a doctor answered"]),
    meaning("consult_missed", ["会诊漏接", "Consults missed"],
        ["其中至少一次呼到无人应答的比例",
         "Of these, those that rang out at least once"]),
    meaning("ring_median", ["振铃时间 中位", "Ringing, median"],
        ["从振铃到应答的秒数",
         "Seconds from the first ring to the answer"]),
    meaning("calls", ["通话", "Calls"],
        ["双方都进入的会诊数，按首次进入日归期",
         "Consults in which both sides met, by the day they first did"]),
    meaning("call_minutes_each", ["每次通话分钟", "Minutes each"],
        ["双方都在的整分钟数，平均",
         "Whole minutes with both sides there, for each call"]),
    meaning("call_dropped", ["通话中断", "Calls broken off"],
        ["其中至少断线一次的比例",
         "Of these, those that lost the line at least once"]),
    meaning("first_media_median", ["首次通媒体 中位", "First media, median"],
        ["从呼叫建立到媒体接通的秒数（到十分之一秒），每次通话取最慢的一方",
         "Seconds to a tenth from the offer to the first media, of each call the slowest seat"]),
    meaning("voice_only", ["只有声音的时间", "Voice only"],
        ["在座时间中，线路只带得动声音的比例",
         "Of the time that seats were taken, the part in which the line bore voices only"]),
    meaning("opinion_confirmed", ["意见已确认", "Opinions confirmed"],
        ["期内首次给出意见的会诊中，申请方已确认的比例",
         "Of the consults with a first opinion in the period, those the requester confirmed"]),
    meaning("adopted_full", ["全部采纳", "Adopted in full"],
        ["已确认的意见中",
         "Of the confirmed opinions"]),
    meaning("adopted_partial", ["部分采纳", "Adopted in part"],
        ["已确认的意见中",
         "Of the confirmed opinions"]),
    meaning("adopted_no", ["未采纳", "Not adopted"],
        ["已确认的意见中",
         "Of the confirmed opinions"]),
    meaning("opinion_unread", ["意见未确认", "Opinion unread"],
        ["期内到期自动关闭、意见无人确认的会诊数",
         "Consults closed by time in the period with the opinion unconfirmed"]),
    meaning("consult_referred", ["会诊转转诊", "Consults that led to a referral"],
        ["期内会诊中，由此提交了转诊单的比例",
         "Of the consults of the period, those from which a referral was sent"]),
    meaning("stays", ["就地治疗", "Treated where they are"],
        ["期内带意见关闭的会诊中，意见为就地治疗的比例",
         "Of the consults closed with an opinion in the period, those that advised to treat on the spot"]),
    meaning("avoided", ["避免转诊", "Referral avoided"],
        ["其中 14 天内同一病人没有上转到该科的比例；不满 14 天的按现状",
         "Of these, those whose patient was not sent up to that department within 14 days; fresher ones as things stand"]),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::{
        figures::{Members, figures},
        sums::Sums,
    };

    #[test]
    fn every_figure_has_a_meaning_and_every_meaning_a_figure() {
        let figures: Vec<_> = figures(&Sums::default(), Members::default()).iter().map(|f| f.key).collect();
        let meanings: Vec<_> = MEANINGS.iter().map(|meaning| meaning.key).collect();

        assert_eq!(figures, meanings);
    }

    #[test]
    fn the_document_repeats_every_definition() {
        let document = include_str!("../../docs/statistics.md");
        for meaning in MEANINGS {
            let line = format!("| `{}` | {} | {} |", meaning.key, meaning.en.name, meaning.en.definition);
            assert!(document.contains(&line), "docs/statistics.md lacks:\n{line}");
        }
    }
}
