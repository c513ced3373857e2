//! The report of a period: every figure with what it means, the course of the letters, and who
//! sent whom where.

use super::{
    form::Printing,
    sheet::{Bar, Block, Sheet},
    words::{self, Words},
};
use crate::{
    kernel::Lang,
    stats::{Cell, Line, Report},
};

/// The most headings of a table that are drawn; the workbook has them all.
const DRAWN: usize = 12;

/// The sheet.
pub fn sheet(report: &Report, printing: &Printing) -> Sheet {
    let (lang, words) = (printing.lang, Words::of(printing.lang));
    let numbers =
        vec![format!("{} {}", words.period, report.period), format!("{} {}", words.compared, report.past)];
    let mut blocks = vec![Block::Heading(words.figures.to_owned()), figures(&report.lines, lang)];
    if report.trend.iter().any(|point| point.n.is_some_and(|n| n > 0)) {
        blocks.push(Block::Heading(words.trend.to_owned()));
        blocks.push(trend(report));
    }
    for (key, (name, rows)) in &report.tables {
        if rows.is_empty() {
            continue;
        }
        blocks.push(Block::Heading(name.clone()));
        let most = rows.iter().filter_map(|row| row.1).max().unwrap_or(1).max(1) as f32;
        let bars = rows.iter().take(DRAWN).map(|(name, n)| Bar {
            name: words::heading(lang, key, name),
            share: n.map_or(0.0, |n| n as f32 / most),
            says: n.map_or_else(|| "<5".to_owned(), |n| n.to_string()),
        });
        blocks.push(Block::Bars(bars.collect()));
        if rows.len() > DRAWN {
            blocks.push(Block::Note(format!("{} {}", words.and_more, rows.len() - DRAWN)));
        }
    }
    blocks.push(Block::Note(words.small_numbers.to_owned()));
    Sheet {
        lang,
        title: words.report_title.to_owned(),
        subtitle: report.whose.clone().unwrap_or_else(|| words.whole_alliance.to_owned()),
        numbers,
        stamp: None,
        mark: None,
        blocks,
        foot: printing.foot(words.from_journal),
        printed_at: printing.at,
    }
}

fn figures(lines: &[Line], lang: Lang) -> Block {
    let words = Words::of(lang);
    let head = [words.figure, words.now, words.before, words.change, words.definition];
    let rows = lines
        .iter()
        .map(|line| {
            vec![
                line.name.to_owned(),
                cell(line.now, line.unit),
                cell(line.before, line.unit),
                line.change.map_or_else(|| "—".to_owned(), |change| signed(change, line.unit)),
                line.definition.to_owned(),
            ]
        })
        .collect();
    Block::Table(vec![1.5, 0.9, 0.9, 0.9, 3.4], head.map(str::to_owned).to_vec(), rows)
}

/// A number as it is read: shares as percents, everything else with its unit.
fn cell(cell: Cell, unit: &str) -> String {
    match cell {
        Cell::Share(value) => format!("{:.1}%", value * 100.0),
        Cell::Number(value) => with_unit(value, unit),
        Cell::Word(word) => word.to_owned(),
        Cell::Nothing => "—".to_owned(),
    }
}

fn with_unit(value: f64, unit: &str) -> String {
    let number = if value.fract() == 0.0 { format!("{value:.0}") } else { format!("{value:.1}") };
    format!("{number} {unit}")
}

fn signed(change: f64, unit: &str) -> String {
    let sign = if change > 0.0 { "+" } else { "" };
    if unit == "%" {
        return format!("{sign}{:.1} {}", change * 100.0, "pp");
    }
    format!("{sign}{}", with_unit(change, unit))
}

fn trend(report: &Report) -> Block {
    let most = report.trend.iter().filter_map(|point| point.n).max().unwrap_or(1).max(1) as f32;
    let columns = report.trend.iter().map(|point| Bar {
        name: point.label.clone(),
        share: point.n.map_or(0.0, |n| n as f32 / most),
        says: point.n.map_or_else(|| "<5".to_owned(), |n| n.to_string()),
    });
    Block::Columns(columns.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_written_as_it_is_read() {
        assert_eq!(cell(Cell::Share(0.1234), "%"), "12.3%");
        assert_eq!(cell(Cell::Number(7.0), "min"), "7 min");
        assert_eq!(cell(Cell::Word("<5"), "count"), "<5");
        assert_eq!(signed(-0.05, "%"), "-5.0 pp");
        assert_eq!(signed(3.0, "min"), "+3 min");
    }

    #[test]
    fn a_report_of_nothing_is_still_a_report() {
        let report = Report {
            period: "2026-03-01 – 2026-03-31".into(),
            past: "2026-02-01 – 2026-02-28".into(),
            whose: None,
            lines: Vec::new(),
            tables: vec![("flow", ("Flow".into(), Vec::new()))],
            trend: Vec::new(),
        };
        let at = crate::kernel::Timestamp::from_millis(0);
        let printing = Printing { lang: Lang::En, at, by: "Song".into(), mark: None };

        let sheet = sheet(&report, &printing);

        assert_eq!(sheet.subtitle, "Whole alliance");
        assert_eq!(sheet.blocks.len(), 3, "the figures under their heading, and a note");
    }
}
