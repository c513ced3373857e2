//! Where a line may end: Chinese between almost any two characters, Latin between words, and
//! never so that a closing sign begins a line or an opening one ends it (GB/T 15834, kinsoku).

/// Must not begin a line.
const NOT_FIRST: &str = "、。，．：；？！）］｝〉》」』】〕〗〞”’…‥—～·℃℉%‰°′″,.:;?!)]}>”’/°％";

/// Must not end a line.
const NOT_LAST: &str = "（［｛〈《「『【〔〖〝“‘([{<￥¥$＄№";

/// True for a character that stands by itself: a line may end before and after it.
fn stands_alone(letter: char) -> bool {
    matches!(letter,
        '\u{2e80}'..='\u{303f}' | '\u{3040}'..='\u{33ff}' | '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}'
        | '\u{fe30}'..='\u{fe4f}' | '\u{ff00}'..='\u{ffef}' | '\u{20000}'..='\u{3ffff}')
}

/// True if a line may end between `before` and `after`.
fn may_part(before: char, after: char) -> bool {
    if NOT_FIRST.contains(after) || NOT_LAST.contains(before) || after == ' ' {
        return false;
    }
    before == ' ' || before == '-' || stands_alone(before) || stands_alone(after)
}

/// The lines of `text` in a column of `room`; `width` says how wide a character is.
///
/// A line break in the text stays one. A word that is longer than the column is parted anywhere.
pub fn broken(text: &str, room: f32, width: impl Fn(char) -> f32) -> Vec<String> {
    let mut lines = Vec::new();
    for paragraph in text.split('\n') {
        paragraph_broken(paragraph.trim_end(), room, &width, &mut lines);
    }
    while lines.len() > 1 && lines.last().is_some_and(String::is_empty) {
        lines.pop();
    }
    lines
}

fn paragraph_broken(text: &str, room: f32, width: &impl Fn(char) -> f32, lines: &mut Vec<String>) {
    let letters: Vec<char> = text
        .chars()
        .map(|letter| if letter == '\t' { ' ' } else { letter })
        .filter(|letter| !letter.is_control())
        .collect();
    let mut start = 0;
    while start < letters.len() {
        let (mut end, mut wide, mut last_good) = (start, 0.0, None);
        while end < letters.len() {
            let letter = width(letters[end]);
            // A space at the end of a line hangs over and is not seen.
            if wide + letter > room && letters[end] != ' ' {
                break;
            }
            wide += letter;
            end += 1;
            if end < letters.len() && may_part(letters[end - 1], letters[end]) {
                last_good = Some(end);
            }
        }
        let cut = if end == letters.len() { end } else { last_good.unwrap_or(end.max(start + 1)) };
        let line: String = letters[start..cut].iter().collect();
        lines.push(line.trim_end().to_owned());
        start = cut;
        while start < letters.len() && letters[start] == ' ' {
            start += 1;
        }
    }
    if letters.is_empty() {
        lines.push(String::new());
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn width(letter: char) -> f32 {
        if stands_alone(letter) { 10.0 } else { 5.0 }
    }

    #[test]
    fn no_closing_sign_begins_a_line_and_no_opening_one_ends_it() {
        assert_eq!(broken("胸痛两小时，伴出汗。", 50.0, width), ["胸痛两小", "时，伴出", "汗。"]);
        assert_eq!(broken("给予阿司（匹林）嚼服", 50.0, width), ["给予阿司", "（匹林）嚼", "服"]);
    }

    #[test]
    fn a_word_and_a_number_stay_whole_where_they_can() {
        assert_eq!(broken("服用 aspirin 300 mg", 65.0, width), ["服用 aspirin", "300 mg"]);
        assert_eq!(broken("abcdefghijkl", 30.0, width), ["abcdef", "ghijkl"]);
        assert_eq!(broken("体温37.5℃，", 45.0, width), ["体温", "37.5℃，"]);
    }

    #[test]
    fn a_line_break_of_the_text_stays_and_blank_lines_at_the_end_go() {
        assert_eq!(broken("一\n\n二\n\n", 50.0, width), ["一", "", "二"]);
        assert_eq!(broken("", 50.0, width), [""]);
    }

    proptest! {
        #[test]
        fn nothing_is_lost_and_nothing_is_too_wide(text in "[一-七a-d（）。， ]{0,80}", room in 20.0_f32..120.0) {
            let lines = broken(&text, room, width);
            let all = |text: &str| text.chars().filter(|c| *c != ' ').collect::<String>();
            prop_assert_eq!(all(&lines.concat()), all(&text));
            for line in &lines {
                prop_assert!(line.chars().map(width).sum::<f32>() <= room, "{} in {}", line, room);
            }
        }
    }
}
