//! What a file really is, by its own bytes. Pure.

use super::model::Kind;

/// Bytes at the start that [`sniff`] wants to see.
pub const HEAD: usize = 4096;
/// Bytes at the end that [`sniff`] wants to see.
pub const TAIL: usize = 1024;

/// Where `DICM` stands in a DICOM file (PS3.10, 7.1).
const DICM_AT: usize = 128;

/// What the bytes are, or `None` for anything we do not take. `is_text` says that all bytes
/// so far were valid UTF-8 without controls.
///
/// A DICOM preamble may be empty or a TIFF header and nothing else: an executable hidden
/// there (CVE-2019-11687) is not taken. PDF and PNG must also end as they should, which
/// keeps out the simplest files that are two things at once.
pub fn sniff(head: &[u8], tail: &[u8], is_text: bool) -> Option<Kind> {
    let kind = infer::get(head).map(|found| found.mime_type());
    match kind {
        Some("image/jpeg") => Some(Kind::Jpeg),
        Some("image/png") if contains(tail, b"IEND") => Some(Kind::Png),
        Some("image/webp") => Some(Kind::Webp),
        Some("application/pdf") if contains(tail, b"%%EOF") => Some(Kind::Pdf),
        _ if head.get(DICM_AT..DICM_AT + 4) == Some(b"DICM") => {
            preamble_is_harmless(head).then_some(Kind::Dicom)
        }
        None if is_text && !head.is_empty() => Some(Kind::Text),
        _ => None,
    }
}

fn preamble_is_harmless(head: &[u8]) -> bool {
    let preamble = &head[..DICM_AT];
    let is_tiff = preamble.starts_with(b"II*\0") || preamble.starts_with(b"MM\0*");
    is_tiff || preamble.iter().all(|byte| *byte == 0)
}

fn contains(bytes: &[u8], wanted: &[u8]) -> bool {
    bytes.windows(wanted.len()).any(|window| window == wanted)
}

/// Watches a stream of chunks for being text: UTF-8 without control characters.
#[derive(Debug, Default)]
pub struct TextWatch {
    pending: Vec<u8>,
    broken: bool,
}

impl TextWatch {
    /// Takes the next chunk.
    pub fn take(&mut self, chunk: &[u8]) {
        if self.broken {
            return;
        }
        self.pending.extend_from_slice(chunk);
        let (valid, rest) = match std::str::from_utf8(&self.pending) {
            Ok(text) => (text, 0),
            // The last character may be cut by the end of the chunk: at most three bytes of it.
            Err(error) if error.error_len().is_none() => {
                let good = error.valid_up_to();
                (std::str::from_utf8(&self.pending[..good]).unwrap_or_default(), self.pending.len() - good)
            }
            Err(_) => {
                self.broken = true;
                return;
            }
        };
        self.broken = valid.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t'));
        let keep = self.pending.len() - rest;
        self.pending.drain(..keep);
    }

    /// Whether all of it was text.
    pub fn is_text(&self) -> bool {
        !self.broken && self.pending.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dicom(preamble: &[u8]) -> Vec<u8> {
        let mut file = vec![0; DICM_AT];
        file[..preamble.len()].copy_from_slice(preamble);
        file.extend_from_slice(b"DICM\x02\0\0\0");
        file
    }

    #[test]
    fn the_bytes_decide_and_not_the_name() {
        let elf = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0";
        assert_eq!(sniff(elf, elf, false), None);
        assert_eq!(sniff(b"MZ\x90\0", b"", false), None);
        assert_eq!(sniff(b"\xff\xd8\xff\xe0\0\x10JFIF", b"\xff\xd9", false), Some(Kind::Jpeg));
        assert_eq!(sniff(b"%PDF-1.7\n", b"startxref\n0\n%%EOF\n", true), Some(Kind::Pdf));
        assert_eq!(sniff(b"%PDF-1.7\n", b"cut half-way", true), None);
        assert_eq!(sniff("主诉：胸痛".as_bytes(), b"", true), Some(Kind::Text));
    }

    #[test]
    fn an_executable_in_a_dicom_preamble_is_not_taken() {
        assert_eq!(sniff(&dicom(b""), b"", false), Some(Kind::Dicom));
        assert_eq!(sniff(&dicom(b"II*\0"), b"", false), Some(Kind::Dicom));
        assert_eq!(sniff(&dicom(b"MZ\x90\0"), b"", false), None);
        assert_eq!(sniff(&dicom(b"#!/bin/sh\n"), b"", false), None);
    }

    #[test]
    fn text_may_be_cut_anywhere_between_chunks() {
        let text = "胸痛三小时，向左肩放射。\n".as_bytes();
        for cut in 0..text.len() {
            let mut watch = TextWatch::default();
            watch.take(&text[..cut]);
            watch.take(&text[cut..]);
            assert!(watch.is_text(), "cut at {cut}");
        }
        let mut watch = TextWatch::default();
        watch.take(b"a\0b");
        assert!(!watch.is_text());
    }
}
