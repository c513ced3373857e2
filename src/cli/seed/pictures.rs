//! The demo's files, drawn by arithmetic: an ECG, a photograph of a rash, a laboratory sheet
//! and an X-ray. They show nobody.

use std::fmt::Write as _;
use std::io::Cursor;

use image::{ImageFormat, Rgb, RgbImage};

/// One file to be attached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Picture {
    /// A strip of an ECG, PNG.
    Ecg,
    /// A patch of skin, PNG.
    Skin,
    /// A laboratory report, PDF.
    Lab,
    /// A chest X-ray, DICOM.
    Chest,
}

impl Picture {
    /// Its name, its kind and its bytes.
    pub fn file(self) -> (&'static str, &'static str, Vec<u8>) {
        match self {
            Self::Ecg => ("心电图.png", "image/png", png(&ecg())),
            Self::Skin => ("皮疹照片.png", "image/png", png(&skin())),
            Self::Lab => ("检验报告.pdf", "application/pdf", lab()),
            Self::Chest => ("胸片.dcm", "application/dicom", chest()),
        }
    }
}

fn png(picture: &RgbImage) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, ImageFormat::Png).expect("a picture in memory can always be written as PNG");
    bytes.into_inner()
}

/// Three leads on pink paper, with the raised ST segment of the story.
fn ecg() -> RgbImage {
    let (wide, high) = (720_u32, 300_u32);
    let mut paper =
        RgbImage::from_fn(wide, high, |x, y| match (x % 40 == 0 || y % 40 == 0, x % 8 == 0 || y % 8 == 0) {
            (true, _) => Rgb([240, 160, 160]),
            (false, true) => Rgb([250, 215, 215]),
            (false, false) => Rgb([255, 244, 244]),
        });
    for lead in 0..3_u32 {
        let middle = f64::from(50 + lead * 100);
        let mut before = middle;
        for x in 0..wide {
            let y = middle - 30.0 * beat(f64::from(x % 96) / 96.0, f64::from(lead));
            let (from, to) = if before < y { (before, y) } else { (y, before) };
            for y in from.round() as u32..=(to.round() as u32).min(high - 1) {
                paper.put_pixel(x, y, Rgb([20, 20, 30]));
            }
            before = y;
        }
    }
    paper
}

/// One heart beat, `t` from 0 to 1: P, QRS, a raised ST, T.
fn beat(t: f64, lead: f64) -> f64 {
    let bump = |at: f64, wide: f64, high: f64| high * (-((t - at) / wide).powi(2)).exp();
    bump(0.12, 0.03, 0.15) + bump(0.27, 0.012, 1.2) - bump(0.30, 0.012, 0.25)
        + bump(0.40, 0.07, 0.35 + 0.1 * lead)
        + bump(0.55, 0.06, 0.3)
}

/// A patch of skin with round red spots and a ruler along the edge.
fn skin() -> RgbImage {
    let spots: [(i64, i64, i64); 6] =
        [(90, 80, 22), (180, 60, 14), (250, 140, 30), (140, 170, 18), (320, 90, 16), (60, 190, 12)];
    RgbImage::from_fn(400, 260, |x, y| {
        if y > 235 {
            return if x % 20 < 2 { Rgb([30, 30, 30]) } else { Rgb([245, 245, 240]) };
        }
        let (x, y) = (i64::from(x), i64::from(y));
        let grain = ((x * 31 + y * 17) % 7) as u8;
        let red = spots.iter().any(|(sx, sy, r)| (x - sx).pow(2) + (y - sy).pow(2) < r * r);
        if red { Rgb([190 + grain, 92 + grain, 84]) } else { Rgb([226 + grain, 180 + grain, 152 + grain]) }
    })
}

/// One page of text. The fonts every reader has know no Chinese, so it is in English.
fn lab() -> Vec<u8> {
    let lines = [
        "LABORATORY REPORT (invented, for demonstration)",
        "High-sensitivity troponin I      0.86 ng/mL   (0 - 0.04)   H",
        "CK-MB                            38 U/L       (0 - 24)     H",
        "NT-proBNP                        412 pg/mL    (0 - 300)    H",
        "Potassium                        4.1 mmol/L   (3.5 - 5.3)",
        "Creatinine                       82 umol/L    (57 - 111)",
        "Haemoglobin                      138 g/L      (130 - 175)",
    ];
    let mut text = String::from("BT /F1 11 Tf 56 780 Td 20 TL\n");
    for line in lines {
        let escaped = line.replace('(', "\\(").replace(')', "\\)");
        writeln!(text, "({escaped}) Tj T*").expect("writing to a String cannot fail");
    }
    text.push_str("ET\n");
    let objects = [
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_owned(),
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>"
            .to_owned(),
        format!("<< /Length {} >>\nstream\n{text}endstream", text.len()),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Courier >>".to_owned(),
    ];
    let mut pdf = String::from("%PDF-1.4\n");
    let mut offsets = Vec::new();
    for (n, object) in (1..).zip(&objects) {
        offsets.push(pdf.len());
        write!(pdf, "{n} 0 obj\n{object}\nendobj\n").expect("writing to a String cannot fail");
    }
    let start = pdf.len();
    write!(pdf, "xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1)
        .expect("writing to a String cannot fail");
    for offset in offsets {
        writeln!(pdf, "{offset:010} 00000 n ").expect("writing to a String cannot fail");
    }
    write!(pdf, "trailer\n<< /Size {} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n", objects.len() + 1)
        .expect("writing to a String cannot fail");
    pdf.into_bytes()
}

/// A chest of ellipses, 12 bits deep, as DICOM part 10 in explicit little endian.
fn chest() -> Vec<u8> {
    const SIDE: u16 = 256;
    const CLASS: &str = "1.2.840.10008.5.1.4.1.1.1";
    const INSTANCE: &str = "2.25.330000000000000000000000000001";
    let mut meta = Vec::new();
    element(&mut meta, (2, 1), *b"OB", &[0, 1]);
    element(&mut meta, (2, 2), *b"UI", CLASS.as_bytes());
    element(&mut meta, (2, 3), *b"UI", INSTANCE.as_bytes());
    element(&mut meta, (2, 0x10), *b"UI", b"1.2.840.10008.1.2.1");
    element(&mut meta, (2, 0x12), *b"UI", b"2.25.33");

    let mut file = vec![0; 128];
    file.extend_from_slice(b"DICM");
    element(&mut file, (2, 0), *b"UL", &(meta.len() as u32).to_le_bytes());
    file.extend_from_slice(&meta);
    element(&mut file, (8, 0x16), *b"UI", CLASS.as_bytes());
    element(&mut file, (8, 0x18), *b"UI", INSTANCE.as_bytes());
    element(&mut file, (8, 0x60), *b"CS", b"CR");
    element(&mut file, (0x10, 0x10), *b"PN", b"DEMO^INVENTED");
    element(&mut file, (0x10, 0x20), *b"LO", b"DEMO");
    let short = |n: u16| n.to_le_bytes();
    element(&mut file, (0x28, 2), *b"US", &short(1));
    element(&mut file, (0x28, 4), *b"CS", b"MONOCHROME2");
    element(&mut file, (0x28, 0x10), *b"US", &short(SIDE));
    element(&mut file, (0x28, 0x11), *b"US", &short(SIDE));
    element(&mut file, (0x28, 0x100), *b"US", &short(16));
    element(&mut file, (0x28, 0x101), *b"US", &short(12));
    element(&mut file, (0x28, 0x102), *b"US", &short(11));
    element(&mut file, (0x28, 0x103), *b"US", &short(0));
    element(&mut file, (0x28, 0x1050), *b"DS", b"2048");
    element(&mut file, (0x28, 0x1051), *b"DS", b"3600");
    let mut pixels = Vec::with_capacity(usize::from(SIDE) * usize::from(SIDE) * 2);
    for y in 0..SIDE {
        for x in 0..SIDE {
            let (x, y) = (f64::from(x) / f64::from(SIDE), f64::from(y) / f64::from(SIDE));
            pixels.extend_from_slice(&density(x, y).to_le_bytes());
        }
    }
    element(&mut file, (0x7fe0, 0x10), *b"OW", &pixels);
    file
}

/// How bright the X-ray is at a point of the unit square.
fn density(x: f64, y: f64) -> u16 {
    let within = |cx: f64, cy: f64, rx: f64, ry: f64| ((x - cx) / rx).powi(2) + ((y - cy) / ry).powi(2) < 1.0;
    let mut level = if within(0.5, 0.55, 0.44, 0.5) { 1_900.0 } else { 150.0 };
    if within(0.31, 0.48, 0.14, 0.32) || within(0.69, 0.48, 0.14, 0.32) {
        // Ribs lie across the lungs like waves.
        level = 620.0 + 260.0 * (y * 62.0 + (x - 0.5).abs() * 14.0).sin().max(0.0);
    }
    if within(0.54, 0.6, 0.13, 0.17) {
        level = 2_700.0;
    }
    if (x - 0.5).abs() < 0.035 {
        level = 3_100.0 + 200.0 * (y * 80.0).sin();
    }
    level as u16
}

/// Appends one element: the long form of the length for OB and OW, the short one for the rest.
fn element(into: &mut Vec<u8>, (group, number): (u16, u16), kind: [u8; 2], value: &[u8]) {
    let padded = value.len() + value.len() % 2;
    into.extend_from_slice(&group.to_le_bytes());
    into.extend_from_slice(&number.to_le_bytes());
    into.extend_from_slice(&kind);
    if matches!(&kind, b"OB" | b"OW") {
        into.extend_from_slice(&[0, 0]);
        into.extend_from_slice(&(padded as u32).to_le_bytes());
    } else {
        into.extend_from_slice(&(padded as u16).to_le_bytes());
    }
    into.extend_from_slice(value);
    if padded > value.len() {
        into.push(if matches!(&kind, b"UI" | b"OB" | b"OW") { 0 } else { b' ' });
    }
}
