//! Looks into pictures: size, small picture, DICOM header and samples.
//!
//! Runs in a process of its own (`causeway decode`), with little memory and little time:
//! decoders of pictures are where crafted files bite. The bytes come in whole; what goes
//! out is a header and bytes.

use std::io::Cursor;

use dicom_object::{DefaultDicomObject, Tag};
use dicom_pixeldata::PixelDecoder;
use image::{DynamicImage, ImageDecoder, ImageReader, Limits, codecs::jpeg::JpegEncoder};
use serde::{Deserialize, Serialize};

use super::model::{DicomFacts, Kind, Picture};

/// Pixels a picture may have: a 64-megapixel camera. More is a bomb.
const MAX_PIXELS: u64 = 64_000_000;
/// Pixels along one side.
const MAX_SIDE: u32 = 20_000;
/// The longer side of a small picture: sharp in a list, under 100 kB on the line.
const SMALL: u32 = 480;

const MODALITY: Tag = Tag(0x0008, 0x0060);
const PATIENT_NAME: Tag = Tag(0x0010, 0x0010);
const FRAMES: Tag = Tag(0x0028, 0x0008);
const ROWS: Tag = Tag(0x0028, 0x0010);
const COLS: Tag = Tag(0x0028, 0x0011);

/// Why a picture cannot be shown.
#[derive(Debug, thiserror::Error)]
pub enum CannotShow {
    /// It is not what it seems, or damaged.
    #[error("the picture is damaged")]
    Damaged,
    /// More pixels than a camera has.
    #[error("the picture has too many pixels")]
    TooLarge,
    /// A DICOM file whose pixels are packed in a way we do not read.
    #[error("this kind of compression is not read")]
    Unsupported,
    /// There is no such frame.
    #[error("no such frame")]
    NoFrame,
}

/// The samples of one DICOM frame: unsigned or signed 16-bit little-endian for one sample
/// a pixel, 8-bit RGB for three.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Samples {
    /// Rows.
    pub rows: u32,
    /// Columns.
    pub cols: u32,
    /// `MONOCHROME1`, `MONOCHROME2` or `RGB`.
    pub photometric: String,
    /// Whether the samples are signed.
    pub signed: bool,
    /// Modality value = sample × slope + intercept (PS3.3 C.11.1).
    pub slope: f64,
    /// See `slope`.
    pub intercept: f64,
    /// Middle of the window, in modality values (PS3.3 C.11.2).
    pub center: f64,
    /// Width of the window.
    pub width: f64,
    /// The samples, row by row.
    #[serde(skip)]
    pub bytes: Vec<u8>,
}

/// Learns what there is to learn, and draws the small picture as JPEG.
pub fn look(kind: Kind, bytes: &[u8]) -> Result<(Picture, Option<Vec<u8>>), CannotShow> {
    match kind {
        Kind::Jpeg | Kind::Png | Kind::Webp => {
            let picture = decode(bytes)?;
            let facts = Picture { width: Some(picture.width()), height: Some(picture.height()), dicom: None };
            Ok((facts, Some(small(&picture)?)))
        }
        Kind::Dicom => {
            let object = open(bytes)?;
            let facts = facts(&object)?;
            let drawn = object
                .decode_pixel_data_frame(0)
                .ok()
                .and_then(|pixels| pixels.to_dynamic_image(0).ok())
                .map(|picture| small(&picture))
                .transpose()?;
            Ok((Picture { width: Some(facts.cols), height: Some(facts.rows), dicom: Some(facts) }, drawn))
        }
        Kind::Pdf | Kind::Text => Ok((Picture::default(), None)),
    }
}

/// The samples of one frame of a DICOM file.
pub fn samples(bytes: &[u8], frame: u32) -> Result<Samples, CannotShow> {
    let object = open(bytes)?;
    if frame >= facts(&object)?.frames {
        return Err(CannotShow::NoFrame);
    }
    let pixels = object.decode_pixel_data_frame(frame).map_err(|_| CannotShow::Unsupported)?;
    let raw = pixels.frame_data(0).map_err(|_| CannotShow::Damaged)?;
    let is_colour = pixels.samples_per_pixel() == 3;
    let bytes = match (is_colour, pixels.bits_allocated()) {
        (true, 8) => {
            let picture = pixels.to_dynamic_image(0).map_err(|_| CannotShow::Unsupported)?;
            picture.into_rgb8().into_raw()
        }
        (false, 16) => raw.to_vec(),
        (false, 8) => raw.iter().flat_map(|sample| u16::from(*sample).to_le_bytes()).collect(),
        _ => return Err(CannotShow::Unsupported),
    };
    let rescale = pixels.rescale().ok().and_then(|all| all.first().copied());
    let (slope, intercept) = rescale.map_or((1.0, 0.0), |r| (r.slope, r.intercept));
    let signed = pixels.pixel_representation() == dicom_pixeldata::PixelRepresentation::Signed;
    let window = pixels.window().ok().flatten().and_then(|all| all.first().copied());
    let (center, width) = match window {
        Some(window) => (window.center, window.width),
        None => whole_range(&bytes, signed, slope, intercept),
    };
    let photometric =
        if is_colour { "RGB".to_owned() } else { pixels.photometric_interpretation().to_string() };
    Ok(Samples {
        rows: pixels.rows(),
        cols: pixels.columns(),
        photometric,
        signed,
        slope,
        intercept,
        center,
        width,
        bytes,
    })
}

/// A window that shows every sample, for files that name none.
fn whole_range(bytes: &[u8], signed: bool, slope: f64, intercept: f64) -> (f64, f64) {
    let values = bytes.chunks_exact(2).map(|pair| {
        let bits = [pair[0], pair[1]];
        if signed { f64::from(i16::from_le_bytes(bits)) } else { f64::from(u16::from_le_bytes(bits)) }
    });
    let (low, high) = values.fold((f64::MAX, f64::MIN), |(low, high), v| (low.min(v), high.max(v)));
    if low > high {
        return (0.0, 1.0);
    }
    let (low, high) = (low * slope + intercept, high * slope + intercept);
    (f64::midpoint(low, high), (high - low).abs().max(1.0))
}

fn open(bytes: &[u8]) -> Result<DefaultDicomObject, CannotShow> {
    dicom_object::from_reader(Cursor::new(bytes)).map_err(|_| CannotShow::Damaged)
}

fn facts(object: &DefaultDicomObject) -> Result<DicomFacts, CannotShow> {
    let number =
        |tag| object.element_opt(tag).ok().flatten().and_then(|element| element.to_int::<u32>().ok());
    let text = |tag| {
        let element = object.element_opt(tag).ok().flatten()?;
        let text = element.to_str().ok()?.trim_end_matches(['\0', ' ']).to_owned();
        (!text.is_empty()).then(|| text.chars().take(64).collect())
    };
    let (rows, cols) = (number(ROWS).ok_or(CannotShow::Damaged)?, number(COLS).ok_or(CannotShow::Damaged)?);
    let frames = number(FRAMES).unwrap_or(1).max(1);
    check_size(cols, rows)?;
    Ok(DicomFacts { modality: text(MODALITY), rows, cols, frames, patient_name: text(PATIENT_NAME) })
}

fn decode(bytes: &[u8]) -> Result<DynamicImage, CannotShow> {
    let mut reader =
        ImageReader::new(Cursor::new(bytes)).with_guessed_format().map_err(|_| CannotShow::Damaged)?;
    let mut limits = Limits::default();
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(|error| match error {
        image::ImageError::Limits(_) => CannotShow::TooLarge,
        _ => CannotShow::Damaged,
    })?;
    let (width, height) = decoder.dimensions();
    check_size(width, height)?;
    let turn = decoder.orientation().map_err(|_| CannotShow::Damaged)?;
    let mut picture = DynamicImage::from_decoder(decoder).map_err(|_| CannotShow::Damaged)?;
    picture.apply_orientation(turn);
    Ok(picture)
}

fn check_size(width: u32, height: u32) -> Result<(), CannotShow> {
    if width == 0 || height == 0 {
        return Err(CannotShow::Damaged);
    }
    if width > MAX_SIDE || height > MAX_SIDE || u64::from(width) * u64::from(height) > MAX_PIXELS {
        return Err(CannotShow::TooLarge);
    }
    Ok(())
}

fn small(picture: &DynamicImage) -> Result<Vec<u8>, CannotShow> {
    let small = picture.thumbnail(SMALL.min(picture.width()), SMALL.min(picture.height())).into_rgb8();
    let mut jpeg = Vec::new();
    JpegEncoder::new_with_quality(&mut jpeg, 78).encode_image(&small).map_err(|_| CannotShow::Damaged)?;
    Ok(jpeg)
}
