//! The figures as files: CSV for any program, XLSX for the office.

use jiff::civil::Date;
use rust_xlsxwriter::{Format, Workbook, XlsxError};
use serde_json::Value;

use super::meaning;
use crate::kernel::Lang;

/// A file to be saved.
#[derive(Debug)]
pub struct File {
    /// What it is.
    pub mime: &'static str,
    /// The end of its name.
    pub ending: &'static str,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// One line of the report.
#[derive(Debug, Clone)]
pub struct Line {
    /// The figure's name.
    pub name: &'static str,
    /// What it means.
    pub definition: &'static str,
    /// In what it is counted.
    pub unit: &'static str,
    /// What it came to.
    pub now: Cell,
    /// How many it counted.
    pub n: Option<i64>,
    /// Out of how many.
    pub of: Option<i64>,
    /// What it was.
    pub before: Cell,
    /// By how much it changed.
    pub change: Option<f64>,
}

/// What stands in a cell.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Cell {
    /// A number.
    Number(f64),
    /// A part of the whole, 0 to 1.
    Share(f64),
    /// Why there is no number.
    Word(&'static str),
    /// None.
    Nothing,
}

/// The figures as they are printed.
#[derive(Debug, Clone)]
pub struct Report {
    /// First day and the day after the last.
    pub period: String,
    /// The same of what it is compared with.
    pub past: String,
    /// Whose figures, if not the whole alliance's.
    pub whose: Option<String>,
    /// The figures.
    pub lines: Vec<Line>,
    /// Counts under headings, by the word of what is counted.
    pub tables: Vec<(&'static str, Table)>,
    /// Letters over time.
    pub trend: Vec<Moment>,
}

/// The letters of one day or month.
#[derive(Debug, Clone)]
pub struct Moment {
    /// Its first day.
    pub label: String,
    /// How many; missing where it is not told.
    pub n: Option<i64>,
}

/// The page as it is printed.
pub fn report(page: &Value, lang: Lang) -> Report {
    let scope = page["scope"].as_str().unwrap_or_default();
    let named = |kind: &str, id: &str| page["names"][kind][id].as_str().map(str::to_owned);
    let whose = match scope.split_once(':') {
        Some(("f", id)) => named("facilities", id),
        Some(("d", id)) => named("departments", id),
        _ => None,
    };
    let empty = Vec::new();
    let by_day = page["trend"]["by"] == "day";
    let points = page["trend"]["points"].as_array().unwrap_or(&empty);
    let trend = points.iter().map(|point| {
        let day = point["from"].as_str().unwrap_or_default();
        let label = if by_day { day.get(5..) } else { day.get(..7) };
        let ways = ["up", "down", "peer"].map(|way| point[way].as_i64());
        let n = ways.iter().all(Option::is_some).then(|| ways.iter().flatten().sum());
        Moment { label: label.unwrap_or(day).to_owned(), n }
    });
    Report {
        period: whole_days(page, "period"),
        past: whole_days(page, "past"),
        whose,
        lines: lines(page, lang),
        tables: TABLES.iter().map(|table| table.0).zip(tables(page, lang)).collect(),
        trend: trend.collect(),
    }
}

impl Cell {
    fn of(figure: &Value, unit: &str) -> Self {
        if figure["hidden"] == true {
            return Self::Word("<5");
        }
        if figure["few"] == true {
            return Self::Word("n<6");
        }
        match (figure["value"].as_f64(), unit) {
            (Some(value), "share") => Self::Share(value),
            (Some(value), _) => Self::Number(value),
            (None, _) => Self::Nothing,
        }
    }

    fn number(self) -> Option<f64> {
        match self {
            Self::Number(value) | Self::Share(value) => Some(value),
            Self::Word(_) | Self::Nothing => None,
        }
    }

    fn text(self) -> String {
        match self {
            Self::Number(value) | Self::Share(value) => value.to_string(),
            Self::Word(word) => word.to_owned(),
            Self::Nothing => String::new(),
        }
    }
}

fn lines(page: &Value, lang: Lang) -> Vec<Line> {
    let empty = Vec::new();
    let figures = page["figures"].as_array().unwrap_or(&empty);
    figures
        .iter()
        .filter_map(|figure| {
            let said = meaning::of(figure["key"].as_str()?)?.said(lang);
            let unit = figure["unit"].as_str()?;
            let (now, before) = (Cell::of(figure, unit), Cell::of(&figure["before"], unit));
            Some(Line {
                name: said.name,
                definition: said.definition,
                unit: unit_of(unit, lang),
                now,
                n: figure["n"].as_i64(),
                of: figure["of"].as_i64(),
                before,
                change: now.number().zip(before.number()).map(|(now, before)| now - before),
            })
        })
        .collect()
}

fn unit_of(unit: &str, lang: Lang) -> &'static str {
    match (unit, lang) {
        ("share", _) => "%",
        ("minutes", Lang::Zh) => "分钟",
        ("minutes", Lang::En) => "min",
        ("seconds", Lang::Zh) => "秒",
        ("seconds", Lang::En) => "s",
        ("bytes", Lang::Zh) => "字节",
        ("bytes", Lang::En) => "bytes",
        ("each", Lang::Zh) => "平均",
        ("each", Lang::En) => "each",
        (_, Lang::Zh) => "个",
        (_, Lang::En) => "count",
    }
}

fn heads(lang: Lang) -> [&'static str; 8] {
    match lang {
        Lang::Zh => ["指标", "本期", "单位", "分子", "分母", "对比期", "变化", "定义"],
        Lang::En => ["Figure", "Period", "Unit", "Counted", "Out of", "Compared", "Change", "Definition"],
    }
}

/// A text that no spreadsheet takes for a formula: such a one gets an apostrophe in front.
fn safe(text: &str) -> String {
    let risky = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    if risky { format!("'{text}") } else { text.to_owned() }
}

/// The first day and the last, as people say a period.
fn whole_days(page: &Value, which: &str) -> String {
    let day = |name: &str| page[which][name].as_str().and_then(|day| day.parse::<Date>().ok());
    let (Some(from), Some(to)) = (day("from"), day("to").and_then(|to| to.yesterday().ok())) else {
        return String::new();
    };
    format!("{from} – {to}")
}

fn from_to(page: &Value, which: &str) -> String {
    let of = &page[which];
    format!("{} .. {}", of["from"].as_str().unwrap_or_default(), of["to"].as_str().unwrap_or_default())
}

/// The figures, then every table, as comma separated values in UTF-8 with a mark in front, by
/// which the office program knows the encoding.
pub fn csv(page: &Value, lang: Lang) -> File {
    let mut out = csv::WriterBuilder::new().flexible(true).from_writer("\u{feff}".as_bytes().to_vec());
    let mut put = |cells: Vec<String>| out.write_record(&cells).expect("writing to a Vec cannot fail");
    put(vec![safe(&from_to(page, "period")), safe(&from_to(page, "past"))]);
    put(heads(lang).iter().map(|head| (*head).to_owned()).collect());
    let number = |n: Option<i64>| n.map_or_else(String::new, |n| n.to_string());
    for line in lines(page, lang) {
        put(vec![
            safe(line.name),
            line.now.text(),
            line.unit.to_owned(),
            number(line.n),
            number(line.of),
            line.before.text(),
            line.change.map_or_else(String::new, |change| change.to_string()),
            safe(line.definition),
        ]);
    }
    for (table, rows) in tables(page, lang) {
        put(vec![safe(&table)]);
        for (name, n) in rows {
            put(vec![safe(&name), n.map_or_else(|| "<5".to_owned(), |n| n.to_string())]);
        }
    }
    let bytes = out.into_inner().expect("a Vec takes everything");
    File { mime: "text/csv; charset=utf-8", ending: "csv", bytes }
}

/// A table under its name: headings with their counts.
type Table = (String, Vec<(String, Option<i64>)>);

/// What is counted under headings: its word, and its name in both languages.
const TABLES: &[(&str, &str, &str)] = &[
    ("reasons", "为什么没接", "Why not accepted"),
    ("rejecting_departments", "拒绝最多的科室", "Departments that rejected"),
    ("response", "首次答复（分钟，小于）", "First answer (minutes, less than)"),
    ("diagnoses", "主要诊断", "Diagnoses"),
    ("departments", "首投科室", "Departments asked first"),
    ("senders", "转出机构", "Senders"),
    ("flow", "流向", "Flow"),
    ("missed_items", "漏填项目", "Items left out"),
];

/// Tables under their names, ids turned into names.
fn tables(page: &Value, lang: Lang) -> Vec<Table> {
    let named = |key: &str| {
        let one = |key: &str| {
            let place = |kind: &str| page["names"][kind][key].as_str().map(str::to_owned);
            place("facilities").or_else(|| place("departments")).unwrap_or_else(|| key.to_owned())
        };
        key.split('>').map(one).collect::<Vec<_>>().join(" → ")
    };
    TABLES
        .iter()
        .map(|(key, zh, en)| {
            let name = if lang == Lang::Zh { zh } else { en };
            let empty = Vec::new();
            let rows = page["headings"][key].as_array().unwrap_or(&empty);
            let rows = rows
                .iter()
                .map(|row| (named(row["key"].as_str().unwrap_or_default()), row["n"].as_i64()))
                .collect();
            ((*name).to_owned(), rows)
        })
        .collect()
}

/// A workbook of three sheets: the figures as numbers, their definitions, the tables.
///
/// # Errors
/// If the workbook cannot be put together.
pub fn xlsx(page: &Value, lang: Lang) -> Result<File, XlsxError> {
    let mut book = Workbook::new();
    let bold = Format::new().set_bold();
    let share = Format::new().set_num_format("0.0%");
    let plain = Format::new().set_num_format("#,##0.##");
    let (first, second, third) = match lang {
        Lang::Zh => ("指标", "定义", "明细表"),
        Lang::En => ("Figures", "Definitions", "Tables"),
    };
    let sheet = book.add_worksheet().set_name(first)?;
    sheet.write_string(0, 0, from_to(page, "period"))?;
    sheet.write_string(0, 5, from_to(page, "past"))?;
    for (column, head) in heads(lang).iter().take(7).enumerate() {
        sheet.write_string_with_format(1, column as u16, *head, &bold)?;
    }
    let lines = lines(page, lang);
    for (row, line) in lines.iter().enumerate() {
        let row = row as u32 + 2;
        sheet.write_string(row, 0, line.name)?;
        sheet.write_string(row, 2, line.unit)?;
        for (column, cell) in [(1, line.now), (5, line.before)] {
            match cell {
                Cell::Share(value) => sheet.write_number_with_format(row, column, value, &share)?,
                Cell::Number(value) => sheet.write_number_with_format(row, column, value, &plain)?,
                Cell::Word(word) => sheet.write_string(row, column, word)?,
                Cell::Nothing => sheet,
            };
        }
        for (column, n) in [(3, line.n), (4, line.of)] {
            if let Some(n) = n {
                sheet.write_number_with_format(row, column, n as f64, &plain)?;
            }
        }
        if let Some(change) = line.change {
            let format = if line.unit == "%" { &share } else { &plain };
            sheet.write_number_with_format(row, 6, change, format)?;
        }
    }
    sheet.set_column_width(0, 28)?.set_freeze_panes(2, 1)?;
    let sheet = book.add_worksheet().set_name(second)?;
    for (row, line) in lines.iter().enumerate() {
        sheet.write_string(row as u32, 0, line.name)?;
        sheet.write_string(row as u32, 1, line.definition)?;
    }
    sheet.set_column_width(0, 28)?.set_column_width(1, 110)?;
    let sheet = book.add_worksheet().set_name(third)?;
    let mut row = 0;
    for (table, rows) in tables(page, lang) {
        sheet.write_string_with_format(row, 0, table, &bold)?;
        row += 1;
        for (name, n) in rows {
            sheet.write_string(row, 0, name)?;
            match n {
                Some(n) => sheet.write_number(row, 1, n as f64)?,
                None => sheet.write_string(row, 1, "<5")?,
            };
            row += 1;
        }
        row += 1;
    }
    sheet.set_column_width(0, 48)?;
    Ok(File {
        mime: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        ending: "xlsx",
        bytes: book.save_to_buffer()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn no_cell_is_taken_for_a_formula() {
        for text in ["=1+1", "+1", "-1", "@sum", "\tx", "\rx"] {
            assert!(safe(text).starts_with('\''), "{text:?}");
        }
        assert_eq!(safe("转诊人次"), "转诊人次");
    }

    #[test]
    fn what_is_not_told_stands_as_a_word_in_both_files() {
        let page = json!({
            "period": { "from": "2026-03-01", "to": "2026-04-01" },
            "past": { "from": "2026-02-01", "to": "2026-03-01" },
            "figures": [{ "key": "volume", "unit": "count", "value": null, "n": null, "of": null, "hidden": true,
                          "few": false, "before": { "value": 7.0, "hidden": false, "few": false } }],
            "headings": { "senders": [{ "key": "fac-1", "n": null }] },
            "names": { "facilities": { "fac-1": "=cmd" }, "departments": {} },
        });

        let text = String::from_utf8(csv(&page, Lang::En).bytes).unwrap();

        assert!(text.contains("Referrals,<5,count,,,7,"), "{text}");
        assert!(text.contains("'=cmd,<5"), "{text}");
        assert!(xlsx(&page, Lang::Zh).unwrap().bytes.starts_with(b"PK"));
    }
}
