//! Pages as PDF: letters embedded, tagged for those who listen, PDF/A-2 so that it can be
//! filed for the years a record is kept.

use std::num::NonZeroU16;

use jiff::tz::TimeZone;
use krilla::{
    Document, SerializeSettings,
    color::luma,
    configure::{Archival, ConfigurationBuilder},
    geom::{PathBuilder, Point, Rect},
    metadata::{DateTime, Metadata},
    num::NormalizedF32,
    page::PageSettings,
    paint::{Fill, Stroke},
    surface::Surface,
    tagging::{Artifact, ArtifactType, ContentTag, SpanTag, Tag, TagGroup, TagKind, TagTree},
    text::{GlyphId, KrillaGlyph},
};

use super::{
    error::Error,
    flow::{self, Item, Part, Role},
    font::{Letters, Set},
    mark::Square,
    sheet::Sheet,
};
use crate::kernel::{Lang, Timestamp};

/// Looks for a glyph for every character of every sheet.
///
/// # Errors
/// `Missing` with those that have none.
pub fn check(sheets: &[Sheet], letters: &Letters) -> Result<(), Error> {
    let mut lacking = Vec::new();
    for text in sheets.iter().flat_map(Sheet::texts) {
        lacking.extend(letters.lacking(text).into_iter().filter(|letter| !letter.is_whitespace()));
    }
    lacking.sort_unstable();
    lacking.dedup();
    if lacking.is_empty() { Ok(()) } else { Err(Error::Missing(lacking)) }
}

/// The sheets, one after the other, as one file.
///
/// # Errors
/// As [`check`], before a line is drawn.
pub fn print(sheets: &[Sheet], letters: &Letters) -> Result<Vec<u8>, Error> {
    check(sheets, letters)?;
    let configuration = ConfigurationBuilder::new().with_archival_validator(Archival::A2_U).finish();
    let configuration = configuration.map_err(|why| Error::Broken(format!("{why:?}")))?;
    let settings = SerializeSettings { configuration, enable_tagging: true, ..SerializeSettings::default() };
    let mut document = Document::new_with(settings);
    let mut tree = TagTree::new().with_lang(sheets.first().map(|sheet| language(sheet.lang).to_owned()));
    for sheet in sheets {
        for page in flow::pages(sheet, letters) {
            let settings = PageSettings::from_wh(flow::PAGE.0, flow::PAGE.1).expect("A4 has a size");
            let mut sheet_of_paper = document.start_page_with(settings);
            let mut surface = sheet_of_paper.surface();
            for part in &page {
                draw_part(&mut surface, &mut tree, part, letters);
            }
        }
    }
    document.set_tag_tree(tree);
    if let Some(first) = sheets.first() {
        document.set_metadata(about(first));
    }
    document.finish().map_err(|why| Error::Broken(format!("{why:?}")))
}

fn language(lang: Lang) -> &'static str {
    match lang {
        Lang::Zh => "zh-CN",
        Lang::En => "en",
    }
}

/// No name stands in the properties of the file: they are shown where the paper is not.
fn about(sheet: &Sheet) -> Metadata {
    let made = Metadata::new()
        .title(sheet.title.clone())
        .creator("Causeway".to_owned())
        .language(language(sheet.lang).to_owned());
    match moment(sheet.printed_at) {
        Some(at) => made.creation_date(at),
        None => made,
    }
}

fn moment(at: Timestamp) -> Option<DateTime> {
    let at = jiff::Timestamp::from_millisecond(at.millis()).ok()?.to_zoned(TimeZone::UTC);
    Some(
        DateTime::new(u16::try_from(at.year()).ok()?)
            .month(at.month() as u8)
            .day(at.day() as u8)
            .hour(at.hour() as u8)
            .minute(at.minute() as u8)
            .second(at.second() as u8)
            .utc_offset_hour(0)
            .utc_offset_minute(0),
    )
}

fn draw_part(surface: &mut Surface, tree: &mut TagTree, part: &Part, letters: &Letters) {
    if part.items.is_empty() {
        return;
    }
    let tag = match &part.role {
        Role::Ornament => ContentTag::Artifact(Artifact::with_kind(ArtifactType::Other)),
        Role::Picture(_) => ContentTag::Other,
        Role::Title | Role::Words => ContentTag::Span(SpanTag::empty()),
    };
    let id = surface.start_tagged(tag);
    for item in &part.items {
        draw(surface, item, letters);
    }
    surface.end_tagged();
    let kind: TagKind = match &part.role {
        Role::Ornament => return,
        Role::Title => Tag::Hn(NonZeroU16::MIN, None).into(),
        Role::Words => Tag::P.into(),
        Role::Picture(shows) => Tag::Figure(Some(shows.clone())).into(),
    };
    let mut group = TagGroup::new(kind);
    group.push(id);
    tree.push(group);
}

fn grey(level: f32) -> Fill {
    let paint = luma::Color::new((level * 255.0).round() as u8).into();
    Fill { paint, opacity: NormalizedF32::ONE, ..Fill::default() }
}

fn line(width: f32) -> Stroke {
    Stroke { paint: luma::Color::black().into(), width, ..Stroke::default() }
}

fn draw(surface: &mut Surface, item: &Item, letters: &Letters) {
    match item {
        Item::Text { x, y, size, strong, text } => {
            surface.set_fill(Some(grey(0.0)));
            // There is one weight: what must be seen first is drawn with a line round each letter.
            surface.set_stroke(strong.then(|| line(size * 0.035)));
            write(surface, (*x, *y), *size, text, letters);
        }
        Item::Frame { x, y, wide, high, fill, line: width } => {
            let Some(rect) = Rect::from_xywh(*x, *y, *wide, *high) else { return };
            let mut path = PathBuilder::new();
            path.push_rect(rect);
            let Some(path) = path.finish() else { return };
            surface.set_fill(fill.map(grey));
            surface.set_stroke(if fill.is_some() { None } else { Some(line(*width)) });
            surface.draw_path(&path);
        }
        Item::Square { x, y, side, square } => draw_square(surface, (*x, *y), *side, square),
    }
}

/// The text, in runs of one face, size and height each.
fn write(surface: &mut Surface, (x, y): (f32, f32), size: f32, text: &str, letters: &Letters) {
    let mut at = x;
    let mut run: Vec<KrillaGlyph> = Vec::new();
    let mut now: Option<Set> = None;
    let mut start = x;
    let mut flush = |run: &mut Vec<KrillaGlyph>, set: Option<Set>, start: f32| {
        if let Some(set) = set.filter(|_| !run.is_empty()) {
            let (point, font) = (Point::from_xy(start, y - set.rise * size), letters.font(set.face).clone());
            surface.draw_glyphs(point, run, font, text, size * set.scale, false);
            run.clear();
        }
    };
    for (index, letter) in text.char_indices() {
        let Some(set) = letters.find(letter) else { continue };
        let same = now.is_some_and(|now| now.face == set.face && now.rise.total_cmp(&set.rise).is_eq());
        if !same {
            flush(&mut run, now, start);
            start = at;
        }
        now = Some(set);
        let range = index..index + letter.len_utf8();
        run.push(KrillaGlyph::new(
            GlyphId::new(set.glyph),
            set.width / set.scale,
            0.0,
            0.0,
            0.0,
            range,
            None,
        ));
        at += set.width * size;
    }
    flush(&mut run, now, start);
}

/// All black modules as one shape, neighbours in a row as one piece.
fn draw_square(surface: &mut Surface, (x, y): (f32, f32), side: f32, square: &Square) {
    // Four modules of white on each side belong to the code.
    let module = side / (square.side + 8) as f32;
    let mut path = PathBuilder::new();
    for (row, modules) in square.black.chunks(square.side).enumerate() {
        let mut column = 0;
        while column < modules.len() {
            let long = modules[column..].iter().take_while(|black| **black).count();
            if long > 0 {
                let (left, top) = ((column + 4) as f32 * module, (row + 4) as f32 * module);
                if let Some(piece) = Rect::from_xywh(x + left, y + top, long as f32 * module, module) {
                    path.push_rect(piece);
                }
            }
            column += long.max(1);
        }
    }
    if let Some(path) = path.finish() {
        surface.set_fill(Some(grey(0.0)));
        surface.set_stroke(None);
        surface.draw_path(&path);
    }
}
