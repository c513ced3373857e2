//! From blocks to pages: where every line, frame and bar of a [`Sheet`] stands on A4.
//!
//! All lengths are points (1/72 inch), counted from the top left corner.

use super::{
    font::Letters,
    lines,
    mark::{self, Square},
    sheet::{Bar, Block, Field, Sheet},
    words,
};

/// A4.
pub const PAGE: (f32, f32) = (595.28, 841.89);
const LEFT: f32 = 46.0;
const RIGHT: f32 = PAGE.0 - 46.0;
const TOP: f32 = 40.0;
/// Where the foot begins.
const BOTTOM: f32 = PAGE.1 - 62.0;
/// The size of what is read.
const TEXT: f32 = 10.0;
/// The size of labels, numbers and the foot.
const SMALL: f32 = 8.0;
/// From line to line.
const LEADING: f32 = 15.0;
/// Between a frame and its words.
const PAD: f32 = 4.5;
/// The width of a label's column.
const LABEL: f32 = 72.0;
/// A side of the square; each module comes to more than half a millimetre.
const SQUARE: f32 = 78.0;

/// A frame.
const THIN: f32 = 0.6;
/// The frame of what must not be overlooked.
const HEAVY: f32 = 2.0;

/// What a piece of a page is to somebody who cannot see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Role {
    /// The title.
    Title,
    /// Words.
    Words,
    /// A picture, and what it shows.
    Picture(String),
    /// Frames, page numbers: nothing to read.
    Ornament,
}

/// A piece of a page.
#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    /// What it is.
    pub role: Role,
    /// What is drawn.
    pub items: Vec<Item>,
}

/// One thing that is drawn.
#[derive(Debug, Clone, PartialEq)]
pub enum Item {
    /// A line of text; `y` is where it stands.
    Text { x: f32, y: f32, size: f32, strong: bool, text: String },
    /// A rectangle: filled with a grey (0 is black) or drawn as a frame of this line.
    Frame { x: f32, y: f32, wide: f32, high: f32, fill: Option<f32>, line: f32 },
    /// A QR code.
    Square { x: f32, y: f32, side: f32, square: Square },
}

/// The pages of a sheet.
pub fn pages(sheet: &Sheet, letters: &Letters) -> Vec<Vec<Part>> {
    let mut flow = Flow { sheet, letters, pages: vec![Vec::new()], y: TOP };
    flow.head();
    for block in &sheet.blocks {
        flow.block(block);
    }
    flow.foot();
    flow.pages
}

struct Flow<'a> {
    sheet: &'a Sheet,
    letters: &'a Letters,
    pages: Vec<Vec<Part>>,
    y: f32,
}

impl Flow<'_> {
    fn put(&mut self, role: Role, items: Vec<Item>) {
        if let Some(page) = self.pages.last_mut() {
            page.push(Part { role, items });
        }
    }

    fn width(&self, text: &str, size: f32) -> f32 {
        self.letters.width(text, size)
    }

    fn broken(&self, text: &str, room: f32, size: f32) -> Vec<String> {
        lines::broken(text, room, |letter| self.letters.find(letter).map_or(0.0, |set| set.width * size))
    }

    fn text(x: f32, y: f32, size: f32, text: impl Into<String>) -> Item {
        Item::Text { x, y, size, strong: false, text: text.into() }
    }

    fn centred(&mut self, role: Role, text: &str, size: f32, strong: bool) {
        for line in self.broken(text, RIGHT - LEFT, size) {
            let x = LEFT + (RIGHT - LEFT - self.width(&line, size)) / 2.0;
            let item = Item::Text { x, y: self.y, size, strong, text: line };
            self.put(role.clone(), vec![item]);
            self.y += size * 1.5;
        }
    }

    /// Numbers left, the stamp in the middle, the square right; title and subtitle below.
    fn head(&mut self) {
        let sheet = self.sheet;
        let mut y = TOP + SMALL;
        for line in &sheet.numbers {
            self.put(Role::Words, vec![Self::text(LEFT, y, SMALL + 1.0, line)]);
            y += 13.0;
        }
        if let Some(stamp) = &sheet.stamp {
            let wide = self.width(stamp, 18.0) + 28.0;
            let x = (PAGE.0 - wide) / 2.0;
            self.put(
                Role::Ornament,
                vec![Item::Frame { x, y: TOP, wide, high: 30.0, fill: None, line: THIN }],
            );
            let word =
                Item::Text { x: x + 14.0, y: TOP + 21.5, size: 18.0, strong: true, text: stamp.clone() };
            self.put(Role::Words, vec![word]);
            y = y.max(TOP + 44.0);
        }
        if let Some(mark) = &sheet.mark
            && let Some(square) = mark::square(&mark.url)
        {
            let said = words::Words::of(sheet.lang).scan_to_check;
            let item = Item::Square { x: RIGHT - SQUARE, y: TOP - 8.0, side: SQUARE, square };
            self.put(Role::Picture(format!("{said} {}", mark.url)), vec![item]);
            let x = RIGHT - self.width(&mark.code, SMALL);
            self.put(Role::Words, vec![Self::text(x, TOP + SQUARE - 5.0, SMALL, &mark.code)]);
            y = y.max(TOP + 56.0);
        }
        self.y = y + 14.0;
        self.centred(Role::Title, &sheet.title, 17.0, true);
        self.y -= 4.0;
        self.centred(Role::Words, &sheet.subtitle, 9.5, false);
        let below_square = if sheet.mark.is_some() { TOP + SQUARE + 2.0 } else { 0.0 };
        self.y = (self.y - 6.0).max(below_square);
    }

    /// A new page with a line that says of what it is the next.
    fn turn(&mut self) {
        self.pages.push(Vec::new());
        let first = self.sheet.numbers.first().map_or("", String::as_str);
        let line = format!("{}  {first}", self.sheet.title);
        self.put(Role::Ornament, vec![Self::text(LEFT, TOP + SMALL, SMALL, line)]);
        self.y = TOP + 20.0;
    }

    fn room(&mut self, high: f32) {
        if self.y + high > BOTTOM {
            self.turn();
        }
    }

    fn block(&mut self, block: &Block) {
        match block {
            Block::Row(fields) => self.row(fields),
            Block::Heading(text) => {
                // A heading alone at the foot of a page heads nothing.
                self.room(22.0 + 3.0 * LEADING);
                self.y += 22.0;
                let item =
                    Item::Text { x: LEFT, y: self.y - 6.0, size: 11.0, strong: true, text: text.clone() };
                self.put(Role::Words, vec![item]);
            }
            Block::Note(text) => {
                self.y += 4.0;
                for line in self.broken(text, RIGHT - LEFT, SMALL + 1.0) {
                    self.room(13.0);
                    self.put(Role::Words, vec![Self::text(LEFT, self.y + 9.0, SMALL + 1.0, line)]);
                    self.y += 13.0;
                }
            }
            Block::Sign(lines) => {
                // A signature belongs to the words it is under: its lines stay together.
                self.room(12.0 + 22.0 * lines.len() as f32);
                self.y += 12.0;
                for line in lines {
                    for part in self.broken(line, RIGHT - LEFT, TEXT) {
                        self.put(Role::Words, vec![Self::text(LEFT, self.y + 12.0, TEXT, part)]);
                        self.y += 18.0;
                    }
                    self.y += 4.0;
                }
            }
            Block::Table(shares, head, rows) => self.table(shares, head, rows),
            Block::Bars(bars) => self.bars(bars),
            Block::Columns(columns) => self.columns(columns),
        }
    }

    /// Labelled fields in a frame. What does not fit goes on on the next page under the same label.
    fn row(&mut self, fields: &[Field]) {
        let each = (RIGHT - LEFT) / fields.len().max(1) as f32;
        let label_room = LABEL - 2.0 * PAD;
        let mut cells: Vec<Cell> = fields
            .iter()
            .map(|field| Cell {
                alarms: field.alarms,
                label: self.broken(&field.label, label_room, TEXT - 1.0),
                lines: field
                    .says
                    .iter()
                    .flat_map(|said| {
                        let lines = self.broken(&said.text, each - LABEL - 2.0 * PAD, TEXT);
                        lines.into_iter().map(|line| (line, said.strong))
                    })
                    .collect(),
            })
            .collect();
        loop {
            let left = cells.iter().map(Cell::high).max().unwrap_or(1);
            let fit = ((BOTTOM - self.y - 2.0 * PAD) / LEADING).floor().max(0.0) as usize;
            // Two lines of a long field, or the whole of a short one, or nothing.
            if fit < left.min(2) {
                self.turn();
                continue;
            }
            let now = left.min(fit);
            self.strip(&mut cells, now, each);
            if cells.iter().all(|cell| cell.lines.is_empty()) {
                return;
            }
            let goes_on = words::Words::of(self.sheet.lang).goes_on;
            for cell in &mut cells {
                if !cell.lines.is_empty() && !cell.label.iter().any(|line| line == goes_on) {
                    cell.label.push(goes_on.to_owned());
                }
            }
        }
    }

    /// The next `count` lines of every cell, in frames.
    fn strip(&mut self, cells: &mut [Cell], count: usize, each: f32) {
        let high = count as f32 * LEADING + 2.0 * PAD;
        for (n, cell) in cells.iter_mut().enumerate() {
            let x = LEFT + n as f32 * each;
            let (y, label, wide) = (self.y, LABEL, each - LABEL);
            let line = if cell.alarms { HEAVY } else { THIN };
            self.put(
                Role::Ornament,
                vec![
                    Item::Frame { x, y, wide: label, high, fill: Some(0.94), line: 0.0 },
                    Item::Frame { x, y, wide: label, high, fill: None, line: THIN },
                    Item::Frame { x: x + label, y, wide, high, fill: None, line },
                ],
            );
            let base = y + PAD + 11.0;
            let at = |n: usize| base + n as f32 * LEADING;
            let label_lines = cell.label.iter().take(count).enumerate();
            let labels = label_lines.map(|(n, line)| Self::text(x + PAD, at(n), TEXT - 1.0, line)).collect();
            self.put(Role::Words, labels);
            let now = cell.lines.len().min(count);
            let said = cell.lines.drain(..now).enumerate();
            let items = said
                .map(|(n, (text, strong))| Item::Text {
                    x: x + label + PAD,
                    y: at(n),
                    size: TEXT,
                    strong,
                    text,
                })
                .collect();
            self.put(Role::Words, items);
        }
        self.y += high;
    }

    fn table(&mut self, shares: &[f32], head: &[String], rows: &[Vec<String>]) {
        let whole: f32 = shares.iter().sum();
        let columns: Vec<f32> = shares.iter().map(|share| share / whole * (RIGHT - LEFT)).collect();
        self.table_row(&columns, head, true);
        for row in rows {
            let page = self.pages.len();
            let lines = self.high_of(&columns, row);
            self.room(lines as f32 * 12.0 + 6.0);
            if self.pages.len() != page {
                self.table_row(&columns, head, true);
            }
            self.table_row(&columns, row, false);
        }
    }

    fn high_of(&self, columns: &[f32], row: &[String]) -> usize {
        let lines = |(text, room): (&String, &f32)| self.broken(text, room - 6.0, SMALL + 0.5).len();
        row.iter().zip(columns).map(lines).max().unwrap_or(1)
    }

    fn table_row(&mut self, columns: &[f32], row: &[String], head: bool) {
        let high = self.high_of(columns, row) as f32 * 12.0 + 6.0;
        self.room(high);
        let mut x = LEFT;
        for (text, wide) in row.iter().zip(columns) {
            let fill = if head { Some(0.94) } else { None };
            let frame = |fill| Item::Frame { x, y: self.y, wide: *wide, high, fill, line: THIN };
            let frames = fill.map(|grey| frame(Some(grey))).into_iter().chain([frame(None)]).collect();
            let broken = self.broken(text, wide - 6.0, SMALL + 0.5).into_iter().enumerate();
            let at = |n: usize| self.y + 11.0 + n as f32 * 12.0;
            let lines = broken
                .map(|(n, text)| Item::Text { x: x + 3.0, y: at(n), size: SMALL + 0.5, strong: head, text })
                .collect();
            self.put(Role::Ornament, frames);
            self.put(Role::Words, lines);
            x += wide;
        }
        self.y += high;
    }

    fn bars(&mut self, bars: &[Bar]) {
        let name_room = 150.0;
        let bar_room = RIGHT - LEFT - name_room - 70.0;
        for bar in bars {
            let lines = self.broken(&bar.name, name_room - 8.0, SMALL + 0.5);
            let high = (lines.len() as f32 * 11.0 + 3.0).max(14.0);
            self.room(high);
            let at = |n: usize| self.y + 10.0 + n as f32 * 11.0;
            let names = lines.into_iter().enumerate();
            let names = names.map(|(n, line)| Self::text(LEFT, at(n), SMALL + 0.5, line)).collect();
            let wide = (bar.share.clamp(0.0, 1.0) * bar_room).max(0.6);
            let (x, y) = (LEFT + name_room, self.y + 3.0);
            let drawn = Item::Frame { x, y, wide, high: 8.0, fill: Some(0.35), line: 0.0 };
            let says = Self::text(x + wide + 5.0, self.y + 10.0, SMALL + 0.5, &bar.says);
            self.put(Role::Words, names);
            self.put(Role::Ornament, vec![drawn]);
            self.put(Role::Words, vec![says]);
            self.y += high;
        }
    }

    /// Upright bars; where there are many, some of their names.
    fn columns(&mut self, columns: &[Bar]) {
        const HIGH: f32 = 90.0;
        self.room(HIGH + 30.0);
        let each = (RIGHT - LEFT) / columns.len().max(1) as f32;
        let every = columns.len().div_ceil(11).max(1);
        let base = self.y + 12.0 + HIGH;
        let (mut drawn, mut said) = (Vec::new(), Vec::new());
        for (n, column) in columns.iter().enumerate() {
            let x = LEFT + n as f32 * each;
            let high = (column.share.clamp(0.0, 1.0) * HIGH).max(0.4);
            let wide = (each * 0.7).min(26.0);
            drawn.push(Item::Frame { x, y: base - high, wide, high, fill: Some(0.35), line: 0.0 });
            if column.share > 0.0 && self.width(&column.says, 6.5) <= each {
                said.push(Self::text(x, base - high - 2.5, 6.5, &column.says));
            }
            if n % every == 0 {
                said.push(Self::text(x, base + 9.0, 6.5, &column.name));
            }
        }
        drawn.push(Item::Frame {
            x: LEFT,
            y: base,
            wide: RIGHT - LEFT,
            high: 0.4,
            fill: Some(0.6),
            line: 0.0,
        });
        self.put(Role::Ornament, drawn);
        self.put(Role::Words, said);
        self.y = base + 16.0;
    }

    /// The foot of every page; how many there are is known now.
    fn foot(&mut self) {
        let count = self.pages.len();
        let lines: Vec<String> = self
            .sheet
            .foot
            .iter()
            .flat_map(|line| self.broken(line, RIGHT - LEFT - 50.0, SMALL - 0.5))
            .collect();
        for n in 0..count {
            let at = |line: usize| BOTTOM + 16.0 + line as f32 * 10.5;
            let mut items: Vec<Item> = lines
                .iter()
                .enumerate()
                .map(|(line, text)| Self::text(LEFT, at(line), SMALL - 0.5, text))
                .collect();
            let number = format!("{}/{count}", n + 1);
            let x = RIGHT - self.width(&number, SMALL + 1.0);
            items.push(Self::text(x, at(0), SMALL + 1.0, number));
            items.push(Item::Frame {
                x: LEFT,
                y: BOTTOM + 5.0,
                wide: RIGHT - LEFT,
                high: 0.4,
                fill: Some(0.6),
                line: 0.0,
            });
            self.pages[n].push(Part { role: Role::Ornament, items });
        }
    }
}

/// A field on its way to paper.
struct Cell {
    alarms: bool,
    label: Vec<String>,
    lines: Vec<(String, bool)>,
}

impl Cell {
    fn high(&self) -> usize {
        self.lines.len().max(self.label.len()).max(1)
    }
}
