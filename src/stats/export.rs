//! The figures as files: CSV for any program, XLSX for the office.

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
struct Line<'a> {
    name: &'a str,
    definition: &'a str,
    unit: &'static str,
    now: Cell,
    n: Option<i64>,
    of: Option<i64>,
    before: Cell,
    change: Option<f64>,
}

/// What stands in a cell.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Cell {
    Number(f64),
    Share(f64),
    Word(&'static str),
    Nothing,
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

fn lines(page: &Value, lang: Lang) -> Vec<Line<'_>> {
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

fn from_to(page: &Value, which: &str) -> String {
    let of = &page[which];
    format!("{} .. {}", of["from"].as_str().unwrap_or_default(), of["to"].as_str().unwrap_or_default())
}

/// The figures, then every table, as comma separated values in UTF-8 with a mark in front, by
/// which the office program knows the encoding.
pub fn csv(page: &Value, lang: Lang) -> File {
    let mut out = csv::WriterBuilder::new().flexible(true).from_writer("\u{feff}".as_bytes().to_vec());
    let mut put = |cells: Vec<String>| out.write_record(&cells).expect("writing to a Vec cannot fail");
    put(vec![safe(&from_to(page, "period")), safe(&from_to(page, "against"))]);
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

/// Tables under their names, ids turned into names.
fn tables(page: &Value, lang: Lang) -> Vec<Table> {
    let named = |key: &str| {
        let one = |key: &str| {
            let place = |kind: &str| page["names"][kind][key].as_str().map(str::to_owned);
            place("facilities").or_else(|| place("departments")).unwrap_or_else(|| key.to_owned())
        };
        key.split('>').map(one).collect::<Vec<_>>().join(" → ")
    };
    let order = [
        ("reasons", "为什么没接", "Why not accepted"),
        ("rejecting_departments", "拒绝最多的科室", "Departments that rejected"),
        ("response", "首次答复（分钟，小于）", "First answer (minutes, less than)"),
        ("diagnoses", "主要诊断", "Diagnoses"),
        ("departments", "首投科室", "Departments asked first"),
        ("senders", "转出机构", "Senders"),
        ("flow", "流向", "Flow"),
        ("missed_items", "漏填项目", "Items left out"),
    ];
    order
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
    sheet.write_string(0, 5, from_to(page, "against"))?;
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
            "against": { "from": "2026-02-01", "to": "2026-03-01" },
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
