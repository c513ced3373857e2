//! Session descriptions: the few lines that servers ask for, and what is read from theirs.

use std::fmt::Write as _;

use super::line::{FINGERPRINT, Line};

/// Payload types, the same with every server.
pub const OPUS: u8 = 111;
pub const VP8: u8 = 96;
/// Ids of the header extensions the bots send: loudness, and the section's name.
pub const LEVEL: u8 = 1;
pub const MID: u8 = 4;

/// One section.
#[derive(Clone)]
pub struct Section {
    pub mid: String,
    pub video: bool,
    /// Who sends in it; nothing when it receives.
    pub ssrc: Option<u32>,
}

/// What the other side says of itself.
#[derive(Default)]
pub struct Theirs {
    pub ufrag: String,
    pub password: String,
    pub lite: bool,
    /// It starts the handshake.
    pub active: bool,
    pub candidates: Vec<String>,
    /// Names of its sections and whether they are of video.
    pub sections: Vec<(String, bool)>,
}

impl Theirs {
    pub fn read(text: &str) -> Self {
        let mut theirs = Self::default();
        let mut video = false;
        for line in text.lines().map(str::trim_end) {
            let (name, value) = line.split_once([':', ' ']).unwrap_or((line, ""));
            match name {
                "m=audio" => video = false,
                "m=video" => video = true,
                "a=mid" => theirs.sections.push((value.to_owned(), video)),
                "a=ice-ufrag" => value.clone_into(&mut theirs.ufrag),
                "a=ice-pwd" => value.clone_into(&mut theirs.password),
                "a=ice-lite" => theirs.lite = true,
                "a=setup" => theirs.active = value == "active",
                "a=candidate" if !theirs.candidates.iter().any(|known| known.ends_with(value)) => {
                    theirs.candidates.push(format!("candidate:{value}"));
                }
                _ => {}
            }
        }
        theirs
    }
}

/// A description of a bot's connection; `setup` is `actpass` in offers, `active` in answers.
pub fn write(line: &Line, sections: &[Section], setup: &str) -> String {
    let (ufrag, password) = line.credentials();
    let ip = line.here.ip();
    let names: Vec<&str> = sections.iter().map(|section| &*section.mid).collect();
    let mut text = format!(
        "v=0\r\no=- 1 2 IN IP4 {ip}\r\ns=-\r\nt=0 0\r\na=group:BUNDLE {}\r\na=msid-semantic: WMS bot\r\n",
        names.join(" ")
    );
    for section in sections {
        let (kind, types) =
            if section.video { ("video", format!("{VP8} 97")) } else { ("audio", OPUS.to_string()) };
        let way = if section.ssrc.is_some() { "sendonly" } else { "recvonly" };
        write!(
            text,
            "m={kind} 9 UDP/TLS/RTP/SAVPF {types}\r\nc=IN IP4 {ip}\r\na=rtcp:9 IN IP4 0.0.0.0\r\n\
             a=candidate:1 1 udp 2130706431 {ip} {} typ host\r\n\
             a=ice-ufrag:{ufrag}\r\na=ice-pwd:{password}\r\na=fingerprint:sha-256 {}\r\na=setup:{setup}\r\n\
             a=mid:{}\r\na=extmap:{MID} urn:ietf:params:rtp-hdrext:sdes:mid\r\na={way}\r\na=rtcp-mux\r\n",
            line.here.port(),
            *FINGERPRINT,
            section.mid
        )
        .unwrap();
        if section.video {
            write!(
                text,
                "a=rtpmap:{VP8} VP8/90000\r\na=rtcp-fb:{VP8} ccm fir\r\na=rtcp-fb:{VP8} nack\r\n\
                 a=rtcp-fb:{VP8} nack pli\r\na=rtpmap:97 rtx/90000\r\na=fmtp:97 apt={VP8}\r\n"
            )
            .unwrap();
        } else {
            write!(
                text,
                "a=extmap:{LEVEL} urn:ietf:params:rtp-hdrext:ssrc-audio-level\r\n\
                 a=rtpmap:{OPUS} opus/48000/2\r\na=fmtp:{OPUS} minptime=10;useinbandfec=1\r\n"
            )
            .unwrap();
        }
        if let Some(ssrc) = section.ssrc {
            write!(text, "a=msid:bot {kind}\r\na=ssrc:{ssrc} cname:bot\r\na=ssrc:{ssrc} msid:bot {kind}\r\n")
                .unwrap();
        }
    }
    text
}
