//! Tables of places and people, as spreadsheets write them: looked through first, then taken whole or not at all.
//!
//! Looking through and taking are one piece of code: it writes into a transaction, which is
//! given up unless nothing is wrong and the caller confirmed. Rows that are there already are
//! counted and left alone, so the same file twice changes nothing.

mod people;
mod sheet;

use std::collections::BTreeSet;

use serde::Serialize;
use utoipa::ToSchema;

use super::super::{
    commands::{self, NewDepartment, NewFacility},
    model::Level,
    store as directory,
};
use super::{Error, require_some};
use crate::{
    auth::{Principal, policy},
    ctx::Ctx,
    journal::Actor,
    kernel::{Line, Note},
    store::WriteTx,
    words,
};

/// The most rows of one file: more is a mistake, or a job for the terminal.
const MOST_ROWS: usize = 5_000;

words! {
    /// What a table is of.
    pub enum Table {
        /// 机构: name, level, grade, telephone.
        Facilities = "facilities",
        /// 科室: facility, name, what it takes, telephone, consults, referrals, seconds of ringing.
        Departments = "departments",
        /// 人员: name, login, title, telephone, what they are, where.
        People = "people",
    }
}

/// One column: its name in the API, and the headings under which it is found.
struct Column {
    name: &'static str,
    heading: &'static str,
    required: bool,
}

const fn column(name: &'static str, heading: &'static str, required: bool) -> Column {
    Column { name, heading, required }
}

const FACILITIES: &[Column] = &[
    column("name", "机构名称", true),
    column("level", "级别", true),
    column("grade", "等级", false),
    column("phone_24h", "24小时电话", true),
];

const DEPARTMENTS: &[Column] = &[
    column("facility", "机构名称", true),
    column("name", "科室名称", true),
    column("scope_text", "收治范围", false),
    column("phone", "电话", true),
    column("accepts_consult", "接会诊", false),
    column("accepts_referral", "接转诊", false),
    column("ring_seconds", "振铃秒数", false),
];

const PEOPLE: &[Column] = &[
    column("name", "姓名", true),
    column("login", "登录名", true),
    column("title", "职称", false),
    column("phone", "电话", false),
    column("role", "身份", true),
    column("facility", "机构名称", true),
    column("department", "科室名称", false),
];

/// Levels as people write them.
const LEVELS: &[(&str, Level)] = &[
    ("村卫生室", Level::Village),
    ("乡镇卫生院", Level::Township),
    ("社区卫生服务中心", Level::Community),
    ("县级医院", Level::County),
    ("三级医院", Level::Tertiary),
    ("专科医院", Level::Specialised),
];

/// A cell that cannot be taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct BadRow {
    /// The row, as a spreadsheet numbers them; the headings are row 1.
    pub line: usize,
    /// The column's name, if it is one cell.
    pub column: Option<String>,
    /// What is wrong, as for a form's field.
    pub code: String,
    /// What stands there.
    pub text: String,
}

/// What a table would do, or did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Imported {
    /// Rows read.
    pub rows: usize,
    /// Rows that are new.
    pub added: usize,
    /// Rows that are there already and stay as they are.
    pub known: usize,
    /// What is wrong; as long as there is any, nothing is taken.
    pub bad: Vec<BadRow>,
    /// True if it was done, false if it was only looked through.
    pub done: bool,
}

impl Table {
    const fn columns(self) -> &'static [Column] {
        match self {
            Self::Facilities => FACILITIES,
            Self::Departments => DEPARTMENTS,
            Self::People => PEOPLE,
        }
    }
}

/// Looks a table through, and takes it if `confirm` and nothing is wrong.
///
/// # Errors
/// `Fields` if the file is no table of this kind at all.
pub async fn import(
    ctx: &Ctx,
    who: &Principal,
    table: Table,
    file: &[u8],
    confirm: bool,
) -> Result<Imported, Error> {
    require_some(who)?;
    let rows = read(table, file)?;
    let mut tx = ctx.db.write("directory.import").await?;
    let mut work = Work { ctx, who, tx: &mut tx, sum: Imported::of(rows.len()), entered: BTreeSet::new() };
    for row in &rows {
        let ended = match table {
            Table::Facilities => work.facility(row).await,
            Table::Departments => work.department(row).await,
            Table::People => work.person(row).await,
        };
        match ended {
            Ok(true) => work.sum.added += 1,
            Ok(false) => work.sum.known += 1,
            Err(Failed::Cell(bad)) => work.sum.bad.push(bad),
            Err(Failed::All(error)) => return Err(error),
        }
    }
    let mut sum = work.sum;
    sum.done = confirm && sum.bad.is_empty();
    if sum.done {
        tx.commit().await?;
        tracing::info!(table = table.word(), added = sum.added, "Table imported");
    }
    Ok(sum)
}

impl Imported {
    fn of(rows: usize) -> Self {
        Self { rows, added: 0, known: 0, bad: Vec::new(), done: false }
    }
}

/// Why a row did not go in: its own fault, or everything's.
enum Failed {
    Cell(BadRow),
    All(Error),
}

impl<E: Into<Error>> From<E> for Failed {
    fn from(error: E) -> Self {
        Self::All(error.into())
    }
}

/// One row of the file, its cells in the order of the table's columns.
struct TableRow {
    line: usize,
    columns: &'static [Column],
    cells: Vec<String>,
}

impl TableRow {
    fn text(&self, name: &str) -> &str {
        let at = self.columns.iter().position(|column| column.name == name);
        at.and_then(|at| self.cells.get(at)).map_or("", |cell| cell.trim())
    }

    fn bad(&self, name: &str, code: &str) -> Failed {
        Failed::Cell(BadRow {
            line: self.line,
            column: Some(name.to_owned()),
            code: code.to_owned(),
            text: self.text(name).chars().take(60).collect(),
        })
    }

    fn line(&self, name: &str) -> Result<String, Failed> {
        let text = self.text(name);
        if text.is_empty() {
            return Err(self.bad(name, "required"));
        }
        Line::new(text).map(|line| line.as_str().to_owned()).map_err(|_| self.bad(name, "too_long"))
    }

    fn yes(&self, name: &str) -> Result<bool, Failed> {
        match self.text(name).to_lowercase().as_str() {
            "" | "是" | "yes" | "y" | "true" | "1" => Ok(true),
            "否" | "no" | "n" | "false" | "0" => Ok(false),
            _ => Err(self.bad(name, "not_one_of_these")),
        }
    }
}

/// One import under way.
struct Work<'a> {
    ctx: &'a Ctx,
    who: &'a Principal,
    tx: &'a mut WriteTx,
    sum: Imported,
    /// Who was entered by an earlier row.
    entered: BTreeSet<String>,
}

impl Work<'_> {
    /// True if it is new.
    async fn facility(&mut self, row: &TableRow) -> Result<bool, Failed> {
        let name = row.line("name")?;
        let typed = row.line("level")?;
        let by_heading = LEVELS.iter().find(|(heading, _)| *heading == typed).map(|(_, level)| *level);
        let Some(level) = by_heading.or_else(|| typed.parse().ok()) else {
            return Err(row.bad("level", "not_one_of_these"));
        };
        let phone_24h = row.line("phone_24h")?;
        let grade = (!row.text("grade").is_empty()).then(|| row.line("grade")).transpose()?;
        if !policy::administers_alliance(self.who) {
            return Err(row.bad("name", "not_yours"));
        }
        if directory::facility_by_name(self.tx, &name).await?.is_some() {
            return Ok(false);
        }
        let new = NewFacility { name, level, grade, phone_24h, leads: false };
        commands::add_facility(self.ctx, self.tx, Actor::User(self.who.user), new).await?;
        Ok(true)
    }

    /// True if it is new.
    async fn department(&mut self, row: &TableRow) -> Result<bool, Failed> {
        let place = row.line("facility")?;
        let name = row.line("name")?;
        let phone = row.line("phone")?;
        let scope = row.text("scope_text");
        if !scope.is_empty() && Note::new(scope).is_err() {
            return Err(row.bad("scope_text", "too_long"));
        }
        let ring_seconds = match row.text("ring_seconds") {
            "" => 45,
            typed => match typed.parse() {
                Ok(seconds) if (10..=300).contains(&seconds) => seconds,
                _ => return Err(row.bad("ring_seconds", "out_of_range")),
            },
        };
        let (accepts_consult, accepts_referral) = (row.yes("accepts_consult")?, row.yes("accepts_referral")?);
        let Some(id) = directory::facility_by_name(self.tx, &place).await? else {
            return Err(row.bad("facility", "not_found"));
        };
        if !policy::administers(self.who, id) {
            return Err(row.bad("facility", "not_yours"));
        }
        let Some(facility) = directory::facility(self.tx, id).await? else {
            return Err(row.bad("facility", "not_found"));
        };
        if directory::department_by_name(self.tx, id, &name).await?.is_some() {
            return Ok(false);
        }
        let new = NewDepartment {
            facility: facility.name(),
            name,
            scope_text: scope.to_owned(),
            phone,
            accepts_consult,
            accepts_referral,
            min_dataset: Vec::new(),
            ring_seconds,
        };
        commands::add_department(self.ctx, self.tx, Actor::User(self.who.user), new).await?;
        Ok(true)
    }
}

/// The file's rows, its columns found by their headings in any order.
fn read(table: Table, file: &[u8]) -> Result<Vec<TableRow>, Error> {
    let not_a_table = || Error::field("file", "not_a_table");
    let lines = sheet::lines(file, MOST_ROWS + 1).map_err(|wrong| Error::field("file", wrong.word()))?;
    let mut lines = lines.into_iter();
    let (_, headings) = lines.next().ok_or_else(not_a_table)?;
    let columns = table.columns();
    let mut places = Vec::new();
    for column in columns {
        let here =
            |cell: &String| cell.trim() == column.heading || cell.trim().eq_ignore_ascii_case(column.name);
        let place = headings.iter().position(here);
        if place.is_none() && column.required {
            let params = Some(serde_json::json!({ "column": column.heading }));
            let code = "column_missing".into();
            return Err(Error::Fields(vec![crate::http::FieldError { field: "file".into(), code, params }]));
        }
        places.push(place);
    }
    let cell = |record: &[String], place: &Option<usize>| {
        place.and_then(|at| record.get(at)).cloned().unwrap_or_default()
    };
    Ok(lines
        .filter(|(_, record)| !record.iter().all(|cell| cell.trim().is_empty()))
        .map(|(line, record)| {
            let cells = places.iter().map(|place| cell(&record, place)).collect();
            TableRow { line, columns, cells }
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_read_whatever_the_order_of_its_columns_and_the_spreadsheet_that_wrote_it() {
        let text =
            "级别,机构名称,24小时电话,备注\r\n乡镇卫生院,\"青石桥, 卫生院\",0999-555-0110,x\r\n,,,\r\n";
        let (gb, _, _) = encoding_rs::GB18030.encode(text);
        let with_mark = format!("\u{feff}{text}");
        for file in [text.as_bytes(), with_mark.as_bytes(), &gb] {
            let Ok(rows) = read(Table::Facilities, file) else { panic!("not read") };
            assert_eq!(rows.len(), 1, "an empty line is no row");
            assert_eq!(rows[0].text("name"), "青石桥, 卫生院");
            assert_eq!(rows[0].text("level"), "乡镇卫生院");
            assert_eq!(rows[0].text("grade"), "");
            assert_eq!(rows[0].line, 2);
        }
    }

    #[test]
    fn a_file_without_a_needed_column_is_refused_by_the_columns_name() {
        let Err(Error::Fields(errors)) = read(Table::Departments, "科室名称,电话\n".as_bytes()) else {
            panic!("taken");
        };
        assert_eq!(errors[0].code, "column_missing");
        assert_eq!(errors[0].params, Some(serde_json::json!({ "column": "机构名称" })));
    }
}
