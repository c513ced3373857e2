//! A file as lines of cells: CSV in UTF-8 or GB18030, or the first sheet of an XLSX workbook.
//!
//! A workbook is read cell by cell and never laid out whole: one cell in the last corner of a
//! sheet must not cost the memory of all cells before it.

use std::io::Cursor;

use calamine::{Data, Reader, Xlsx};

use crate::words;

words! {
    /// Why a file is no table.
    pub enum Wrong {
        /// Neither CSV nor XLSX.
        NotATable = "not_a_table",
        /// More lines or columns than are taken.
        TooMany = "too_many",
    }
}

/// The first bytes of a ZIP archive, which a workbook is.
const ZIP: &[u8] = b"PK\x03\x04";
/// The most columns a table may have.
const MOST_COLUMNS: usize = 60;

/// A line's number, as a spreadsheet shows it, and its cells.
pub type Line = (usize, Vec<String>);

/// The lines of a file that are not empty, at most `most`.
///
/// # Errors
/// If it is no table, or a longer one.
pub fn lines(file: &[u8], most: usize) -> Result<Vec<Line>, Wrong> {
    if file.starts_with(ZIP) { workbook(file, most) } else { text(file, most) }
}

fn text(file: &[u8], most: usize) -> Result<Vec<Line>, Wrong> {
    let text = decoded(file);
    let mut reader = csv::ReaderBuilder::new().flexible(true).has_headers(false).from_reader(text.as_bytes());
    let mut lines = Vec::new();
    for (n, record) in (1..).zip(reader.records()) {
        let record = record.map_err(|_| Wrong::NotATable)?;
        let cells: Vec<String> = record.iter().map(str::to_owned).collect();
        if cells.iter().all(|cell| cell.trim().is_empty()) {
            continue;
        }
        if lines.len() == most {
            return Err(Wrong::TooMany);
        }
        lines.push((n, cells));
    }
    Ok(lines)
}

/// The file's text: UTF-8 if it is that, else GB18030, which spreadsheets in China write.
fn decoded(file: &[u8]) -> String {
    match std::str::from_utf8(file) {
        Ok(text) => text.trim_start_matches('\u{feff}').to_owned(),
        Err(_) => encoding_rs::GB18030.decode(file).0.into_owned(),
    }
}

fn workbook(file: &[u8], most: usize) -> Result<Vec<Line>, Wrong> {
    let no = |_| Wrong::NotATable;
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(file)).map_err(no)?;
    let first = book.sheet_names().first().cloned().ok_or(Wrong::NotATable)?;
    let mut cells = book.worksheet_cells_reader(&first).map_err(no)?;
    let mut lines: Vec<Line> = Vec::new();
    while let Some(cell) = cells.next_cell().map_err(no)? {
        let (row, column) = cell.get_position();
        let (row, column) = (row as usize + 1, column as usize);
        let text = Data::from(cell.get_value().clone()).to_string();
        if text.trim().is_empty() {
            continue;
        }
        if column >= MOST_COLUMNS {
            return Err(Wrong::TooMany);
        }
        if lines.last().is_none_or(|(line, _)| *line != row) {
            if lines.len() == most {
                return Err(Wrong::TooMany);
            }
            lines.push((row, Vec::new()));
        }
        if let Some((_, cells)) = lines.last_mut() {
            cells.resize(cells.len().max(column + 1), String::new());
            cells[column] = text;
        }
    }
    Ok(lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn book(fill: impl Fn(&mut rust_xlsxwriter::Worksheet)) -> Vec<u8> {
        let mut book = rust_xlsxwriter::Workbook::new();
        fill(book.add_worksheet());
        book.save_to_buffer().unwrap()
    }

    #[test]
    fn a_workbook_is_read_like_the_table_it_shows() {
        let file = book(|sheet| {
            sheet.write(0, 0, "姓名").unwrap().write(0, 2, "电话").unwrap();
            // Row 2 is empty; a telephone that was typed as a number has no decimals.
            sheet.write(2, 0, "许望舟").unwrap().write(2, 2, 19_900_004_417_f64).unwrap();
        });

        let lines = lines(&file, 10).unwrap();

        assert_eq!(lines[0], (1, vec!["姓名".into(), String::new(), "电话".into()]));
        assert_eq!(lines[1], (3, vec!["许望舟".into(), String::new(), "19900004417".into()]));
    }

    #[test]
    fn a_cell_far_out_and_too_many_lines_are_refused_without_laying_them_out() {
        let far = book(|sheet| {
            sheet.write(1_048_575, 16_383, "x").unwrap();
        });
        let long = book(|sheet| {
            for row in 0..5 {
                sheet.write(row, 0, "x").unwrap();
            }
        });

        assert_eq!(lines(&far, 10), Err(Wrong::TooMany));
        assert_eq!(lines(&long, 4), Err(Wrong::TooMany));
        assert_eq!(lines(b"PK\x03\x04 and then nothing", 4), Err(Wrong::NotATable));
        assert_eq!(lines("a\nb\nc\n".as_bytes(), 2), Err(Wrong::TooMany));
    }
}
