//! What a file is to us.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::kernel::{AttachmentId, ConsultId, LinkId, ReferralId, Timestamp, UserId};

/// The record that shows a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Owner {
    /// A consult.
    Consult(ConsultId),
    /// A referral.
    Referral(ReferralId),
}

impl Owner {
    /// The word in `attachment_links.owner_type`.
    pub fn kind(self) -> &'static str {
        match self {
            Self::Consult(_) => "consult",
            Self::Referral(_) => "referral",
        }
    }

    /// The id in `attachment_links.owner_id`.
    pub fn id(self) -> String {
        match self {
            Self::Consult(id) => id.to_string(),
            Self::Referral(id) => id.to_string(),
        }
    }
}

/// The kinds of file we take. Everything else is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A photograph.
    Jpeg,
    /// A picture.
    Png,
    /// A picture.
    Webp,
    /// A document.
    Pdf,
    /// An image of a modality, with its header.
    Dicom,
    /// Plain text in UTF-8.
    Text,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::Jpeg, Self::Png, Self::Webp, Self::Pdf, Self::Dicom, Self::Text];

    /// The word in the store.
    pub fn word(self) -> &'static str {
        match self {
            Self::Jpeg => "jpeg",
            Self::Png => "png",
            Self::Webp => "webp",
            Self::Pdf => "pdf",
            Self::Dicom => "dicom",
            Self::Text => "text",
        }
    }

    /// The media type it is served with.
    pub fn mime(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::Webp => "image/webp",
            Self::Pdf => "application/pdf",
            Self::Dicom => "application/dicom",
            Self::Text => "text/plain; charset=utf-8",
        }
    }

    /// What a browser said the file was; `None` if that says nothing.
    pub fn declared(content_type: &str) -> Option<Self> {
        let bare = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        Self::ALL.into_iter().find(|kind| kind.mime().split(';').next() == Some(bare.as_str()))
    }

    /// Whether a browser may show it in the page.
    pub fn is_shown_inline(self) -> bool {
        match self {
            Self::Jpeg | Self::Png | Self::Webp | Self::Pdf => true,
            Self::Dicom | Self::Text => false,
        }
    }
}

/// A text that is no kind of file.
#[derive(Debug, thiserror::Error)]
#[error("not a kind of file")]
pub struct NotAKind;

impl FromStr for Kind {
    type Err = NotAKind;
    fn from_str(text: &str) -> Result<Self, NotAKind> {
        Self::ALL.into_iter().find(|kind| kind.word() == text).ok_or(NotAKind)
    }
}

/// The name a file had on the sender's machine, cleaned: no path, no control characters, no
/// characters that turn the direction of reading, at most 200 characters. May name a
/// patient, so it is not printed by `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct FileName(String);

impl FileName {
    const MAX: usize = 200;

    /// Cleans what was sent; a name that has nothing left becomes `file`.
    pub fn clean(raw: &str) -> Self {
        let last = raw.rsplit(['/', '\\']).next().unwrap_or_default();
        let kept: String =
            last.chars().filter(|c| !c.is_control() && !turns_direction(*c)).take(Self::MAX).collect();
        let kept = kept.trim_matches(|c: char| c.is_whitespace() || c == '.');
        Self(if kept.is_empty() { "file".to_owned() } else { kept.to_owned() })
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The value of `Content-Disposition` (RFC 6266 with the encoding of RFC 8187).
    pub fn disposition(&self, how: &str) -> String {
        let mut encoded = String::new();
        for byte in self.0.bytes() {
            if byte.is_ascii_alphanumeric() || b"!#$&+-.^_`|~".contains(&byte) {
                encoded.push(char::from(byte));
            } else {
                use fmt::Write as _;
                write!(encoded, "%{byte:02X}").expect("writing to a String cannot fail");
            }
        }
        format!("{how}; filename*=UTF-8''{encoded}")
    }

    /// Reads the name out of a request's `Content-Disposition`.
    pub fn from_disposition(header: &str) -> Option<Self> {
        let value = header.split(';').find_map(|part| part.trim().strip_prefix("filename*="))?;
        let encoded =
            value.get(..7).filter(|start| start.eq_ignore_ascii_case("utf-8''")).and(value.get(7..))?;
        let mut bytes = Vec::with_capacity(encoded.len());
        let mut rest = encoded.bytes();
        while let Some(byte) = rest.next() {
            if byte == b'%' {
                let hex = [rest.next()?, rest.next()?];
                bytes.push(u8::from_str_radix(std::str::from_utf8(&hex).ok()?, 16).ok()?);
            } else {
                bytes.push(byte);
            }
        }
        Some(Self::clean(&String::from_utf8(bytes).ok()?))
    }
}

impl fmt::Debug for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

/// Bidirectional controls: `exe.gpj` must not read as `jpg.exe` turned round (Unicode TR 36).
fn turns_direction(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{061c}')
}

/// What a DICOM header says that a doctor wants to see beside the picture.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct DicomFacts {
    /// `CT`, `MR`, `US`, `CR`, …
    pub modality: Option<String>,
    /// Rows of one frame.
    pub rows: u32,
    /// Columns of one frame.
    pub cols: u32,
    /// Frames.
    pub frames: u32,
    /// The name in the header, so that a mix-up is seen.
    pub patient_name: Option<String>,
}

/// What was learned when the file was looked at.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Picture {
    /// Pixels across, for pictures.
    pub width: Option<u32>,
    /// Pixels down, for pictures.
    pub height: Option<u32>,
    /// For DICOM.
    pub dicom: Option<DicomFacts>,
}

/// A file as one record shows it.
#[derive(Debug, Clone)]
pub struct Attachment {
    /// The file.
    pub id: AttachmentId,
    /// The link through which this record shows it.
    pub link: LinkId,
    /// The name of the blob.
    pub storage_key: String,
    /// The file's key, sealed.
    pub file_key: Vec<u8>,
    /// SHA-256 of the plain bytes in hex.
    pub sha256: String,
    /// Plain bytes.
    pub size: u64,
    /// What it is.
    pub kind: Kind,
    /// Its name.
    pub name: FileName,
    /// What was learned from it.
    pub picture: Picture,
    /// Bytes of the small picture; 0 if there is none.
    pub thumbnail: u64,
    /// Who linked it here.
    pub linked_by: UserId,
    /// When.
    pub linked_at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_name_loses_its_path_its_controls_and_its_tricks() {
        assert_eq!(FileName::clean("../../etc/passwd").as_str(), "passwd");
        assert_eq!(FileName::clean("C:\\x\\心电图.pdf").as_str(), "心电图.pdf");
        assert_eq!(FileName::clean("a\r\nSet-Cookie: b").as_str(), "aSet-Cookie: b");
        assert_eq!(FileName::clean("photo\u{202e}gpj.exe").as_str(), "photogpj.exe");
        assert_eq!(FileName::clean("..").as_str(), "file");
    }

    #[test]
    fn a_name_survives_its_header() {
        let name = FileName::clean("心电图 1.pdf");

        let header = name.disposition("attachment");

        assert!(header.is_ascii());
        assert_eq!(FileName::from_disposition(&header), Some(name));
        assert_eq!(FileName::from_disposition("attachment; filename*=UTF-8''%zz"), None);
    }
}
