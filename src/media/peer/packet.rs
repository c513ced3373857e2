//! A media packet on its way through, and what the relay reads from its payload.

use std::sync::Arc;

use str0m::format::Codec as EngineCodec;
use str0m::media::Pt;
use str0m::rtp::{Extension, ExtensionMap, ExtensionValues, RtpPacket, Vp8Descriptor, Vp8Patch};

use super::super::feed::Arrival;
use super::super::model::{Kind, Mid};
use super::super::{h264, vp8, vp9};
use super::Placing;

/// A media packet on its way through.
pub(in crate::media) struct Packet {
    /// The section it was sent in.
    pub(in crate::media) mid: Mid,
    /// The encoding: a source sends up to three at once.
    pub(in crate::media) stream: u32,
    /// The size of the encoding, larger is better.
    pub(in crate::media) rank: u8,
    pub(in crate::media) codec: Codec,
    pub(in crate::media) seq: u64,
    pub(in crate::media) time: u32,
    pub(super) marker: bool,
    /// A decoder can start here.
    start: bool,
    /// How high the picture is, where the packet says it.
    height: Option<u16>,
    /// Loudness in decibels below full scale, 0 is loudest.
    pub(in crate::media) level: Option<u8>,
    pub(super) payload: Arc<[u8]>,
    pub(super) extras: ExtensionValues,
}

impl Packet {
    /// Reads what came of a section in a codec of the house.
    pub(super) fn read(packet: RtpPacket, (mid, rank): (Mid, u8), codec: Codec) -> Self {
        let payload = &packet.payload;
        let (start, height) = match codec {
            Codec::Opus => (true, None),
            Codec::Vp8 => (vp8::starts_keyframe(payload), vp8::height(payload)),
            Codec::H264 => (h264::starts_keyframe(payload), None),
            Codec::Vp9 => (vp9::starts_keyframe(payload), vp9::height(payload)),
        };
        Self {
            mid,
            stream: *packet.header.ssrc,
            rank,
            codec,
            seq: *packet.seq_no,
            time: packet.header.timestamp,
            marker: packet.header.marker,
            start,
            height,
            level: packet.header.ext_vals.audio_level.map(|level| level.unsigned_abs()),
            payload: packet.payload,
            extras: packet.header.ext_vals,
        }
    }

    /// As its source keeps book of it.
    pub(in crate::media) fn arrival(&self) -> Arrival {
        let Self { stream, rank, codec, seq, start, height, .. } = *self;
        Arrival { stream, rank, codec, seq, start, height }
    }

    /// Bytes of its payload.
    pub(in crate::media) fn len(&self) -> usize {
        self.payload.len()
    }

    /// The numbers of its picture: its own, and that of its lowest layer.
    pub(in crate::media) fn picture(&self) -> (Option<u16>, Option<u8>) {
        self.outside().map_or((None, None), |outside| (outside.picture_id(), outside.tl0_pic_idx()))
    }

    /// The outside of a VP8 payload. Read whenever it is asked for, which costs less than to carry it.
    fn outside(&self) -> Option<Vp8Descriptor> {
        if self.codec == Codec::Vp8 { Vp8Descriptor::parse(&self.payload).ok() } else { None }
    }

    /// Its payload's outside with the slot's own numbers.
    pub(super) fn patch(&self, placing: &Placing) -> Option<Vp8Patch> {
        let (picture, lowest) = placing.picture;
        let picture = picture?;
        let patch = self.outside()?.patch().picture_id(picture);
        let patch = lowest.map_or(patch, |lowest| patch.tl0_pic_idx(lowest));
        // An id of seven bits has no room for the slot's: it jumps, as it always may.
        patch.build().ok()
    }
}

/// The codecs of the house. VP8 is what every browser has and what our page asks for first;
/// the others are handed on between those who can.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::media) enum Codec {
    Opus,
    Vp8,
    H264,
    Vp9,
}

impl Codec {
    pub(in crate::media) const fn kind(self) -> Kind {
        match self {
            Self::Opus => Kind::Audio,
            Self::Vp8 | Self::H264 | Self::Vp9 => Kind::Video,
        }
    }

    pub(in crate::media) const fn clock(self) -> u32 {
        match self {
            Self::Opus => 48_000,
            Self::Vp8 | Self::H264 | Self::Vp9 => 90_000,
        }
    }

    pub(super) fn of(engine: EngineCodec) -> Option<Self> {
        match engine {
            EngineCodec::Opus => Some(Self::Opus),
            EngineCodec::Vp8 => Some(Self::Vp8),
            EngineCodec::H264 => Some(Self::H264),
            EngineCodec::Vp9 => Some(Self::Vp9),
            _ => None,
        }
    }
}

/// Under which payload type a section takes each codec.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Types([Option<Pt>; 4]);

impl Types {
    /// The first of each codec is the one the participant likes best.
    pub(super) fn add(&mut self, codec: Codec, pt: Pt) {
        self.0[codec as usize].get_or_insert(pt);
    }

    pub(super) fn of(self, codec: Codec) -> Option<Pt> {
        self.0[codec as usize]
    }

    pub(super) fn is_empty(self) -> bool {
        self.0.iter().all(Option::is_none)
    }
}

/// The size of an encoding by its customary name: quarter, half, full. Encodings of other names are
/// taken for equals, of which one is shown.
pub(super) fn rank_of(rid: Option<&str>) -> u8 {
    match rid {
        Some("q") => 0,
        Some("h") => 1,
        Some(_) | None => 2,
    }
}

/// The header extensions that an engine is to know before it has read an offer, as it numbers them by
/// itself; that of transport-wide feedback under the number given, or not at all.
pub(super) fn extensions(feedback: Option<u8>) -> ExtensionMap {
    /// Where the engine has that of feedback by itself.
    const USUAL: u8 = 3;
    let mut known = ExtensionMap::empty();
    for (id, extension) in [
        (1, Extension::AudioLevel),
        (2, Extension::AbsoluteSendTime),
        (4, Extension::RtpMid),
        (10, Extension::RtpStreamId),
        (11, Extension::RepairedRtpStreamId),
        (13, Extension::VideoOrientation),
    ] {
        known.set(if feedback == Some(id) { USUAL } else { id }, extension);
    }
    if let Some(id) = feedback {
        known.set(id, Extension::TransportSequenceNumber);
    }
    known
}
