//! A participant without a browser, on a WebRTC stack by other authors than the relay's.
//!
//! It offers the sections a page of ours offers, sends synthetic sound and picture, and
//! keeps count of what plays in each of its slots. `causeway probe` and the tests use it.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use rtc::media_stream::MediaStreamTrack;
use rtc::peer_connection::configuration::RTCOfferOptions;
use rtc::peer_connection::configuration::media_engine::{
    MIME_TYPE_H264, MIME_TYPE_OPUS, MIME_TYPE_VP8, MIME_TYPE_VP9, MediaEngine,
};
use rtc::peer_connection::sdp::RTCSessionDescription;
use rtc::rtp;
use rtc::rtp_transceiver::rtp_sender::{
    RTCRtpCodec, RTCRtpCodecParameters, RTCRtpCodingParameters, RTCRtpEncodingParameters,
    RTCRtpHeaderExtensionCapability, RtpCodecKind,
};
use tokio::sync::watch;
use webrtc::error::Error;
use webrtc::media_stream::track_local::TrackLocal;
use webrtc::media_stream::track_local::static_rtp::TrackLocalStaticRTP;
use webrtc::media_stream::track_remote::{TrackRemote, TrackRemoteEvent};
use webrtc::peer_connection::{
    PeerConnection, PeerConnectionBuilder, PeerConnectionEventHandler, RTCConfigurationBuilder,
    RTCPeerConnectionState, RTCStatsReportEntry, Registry, SettingEngineBuilder, StatsSelector,
    register_default_interceptors,
};
use webrtc::rtp_transceiver::{RTCRtpTransceiverDirection, RTCRtpTransceiverInit};

const OPUS: u8 = 111;
/// How loud a packet is, written on its outside.
const AUDIO_LEVEL: &str = "urn:ietf:params:rtp-hdrext:ssrc-audio-level";
/// Slots of a page: the others of a consult of four, and one picture more.
const AUDIO_SLOTS: usize = 3;
const VIDEO_SLOTS: usize = 4;

/// What pictures are packed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packing {
    /// As our page does.
    Vp8,
    /// As much hardware does.
    H264,
    /// As some browsers do that are asked to.
    Vp9,
}

impl Packing {
    const ALL: [Self; 3] = [Self::Vp8, Self::H264, Self::Vp9];

    const fn pt(self) -> u8 {
        match self {
            Self::Vp8 => 96,
            Self::H264 => 102,
            Self::Vp9 => 98,
        }
    }

    fn codec(self) -> RTCRtpCodec {
        let (mime, format) = match self {
            Self::Vp8 => (MIME_TYPE_VP8, ""),
            Self::H264 => {
                (MIME_TYPE_H264, "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f")
            }
            Self::Vp9 => (MIME_TYPE_VP9, "profile-id=0"),
        };
        RTCRtpCodec {
            mime_type: mime.to_owned(),
            clock_rate: 90_000,
            sdp_fmtp_line: format.to_owned(),
            ..Default::default()
        }
    }

    /// The first two bytes of a frame in one packet: VP8's descriptor and tag, H.264's parameters
    /// or slice, VP9's descriptor with a short picture id.
    const fn head(self, whole: bool) -> [u8; 2] {
        match (self, whole) {
            (Self::Vp8, whole) => [0x10, !whole as u8],
            (Self::H264, true) => [0x67, 0x42],
            (Self::H264, false) => [0x41, 0x9a],
            (Self::Vp9, true) => [0x88, 0x05],
            (Self::Vp9, false) => [0xc8, 0x05],
        }
    }

    /// Whether a decoder can start with a packet of one of us, or of an encoder's VP8.
    fn begins_whole(self, payload: &[u8]) -> bool {
        match self {
            Self::Vp8 => payload.get(1).is_some_and(|tag| tag & 1 == 0),
            Self::H264 | Self::Vp9 => payload.starts_with(&self.head(true)),
        }
    }
}

/// What came in one slot.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Heard {
    /// Packets so far.
    pub packets: u64,
    /// Packets whose number was skipped and that have not come late.
    pub missing: u64,
    /// The mark in the newest packet: who sent it.
    pub mark: u8,
    /// Sound so far in millionths of full-scale seconds, by the level each packet says it has.
    pub energy: u64,
    /// The first packet of all was one a decoder can start with.
    pub began_whole: bool,
    last: Option<u16>,
}

/// Everything heard so far, by the number of the section.
pub type Hearing = BTreeMap<usize, Heard>;

/// Whether media can flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkState {
    /// Not yet.
    Connecting,
    /// Yes.
    Up,
    /// No longer.
    Down,
}

/// The participant.
pub struct Participant {
    connection: Arc<dyn PeerConnection>,
    packing: Packing,
    mic: Voice,
    camera: Voice,
    spare: Voice,
    hearing: Arc<Mutex<Hearing>>,
    level_id: Arc<AtomicU8>,
    state: watch::Receiver<LinkState>,
}

/// One sending section.
struct Voice {
    track: Arc<TrackLocalStaticRTP>,
    ssrc: u32,
    pt: u8,
    next: Mutex<(u16, u32)>,
}

/// The sections of the offer, by their number.
pub mod section {
    /// The microphone.
    pub const MIC: usize = 0;
    /// The camera.
    pub const CAMERA: usize = 1;
    /// The spare one: a screen or a second camera.
    pub const SPARE: usize = 2;
    /// The first of the receiving sections for sound.
    pub const FIRST_AUDIO: usize = 3;
    /// The first of the receiving sections for pictures.
    pub const FIRST_VIDEO: usize = 6;
}

struct Listener {
    hearing: Arc<Mutex<Hearing>>,
    level_id: Arc<AtomicU8>,
    state: watch::Sender<LinkState>,
}

#[async_trait::async_trait]
impl PeerConnectionEventHandler for Listener {
    async fn on_connection_state_change(&self, state: RTCPeerConnectionState) {
        let state = match state {
            RTCPeerConnectionState::Connected => LinkState::Up,
            RTCPeerConnectionState::Disconnected
            | RTCPeerConnectionState::Failed
            | RTCPeerConnectionState::Closed => LinkState::Down,
            _ => LinkState::Connecting,
        };
        self.state.send_replace(state);
    }

    async fn on_track(&self, track: Arc<dyn TrackRemote>) {
        let hearing = Arc::clone(&self.hearing);
        let level_id = Arc::clone(&self.level_id);
        tokio::spawn(async move {
            let mut section = None;
            while let Some(event) = track.poll().await {
                match event {
                    TrackRemoteEvent::OnOpen(opened) => section = Some(usize::from(opened.receiver_id)),
                    TrackRemoteEvent::OnRtpPacket(packet) => {
                        if let Some(section) = section {
                            let mut hearing = hearing.lock().unwrap_or_else(PoisonError::into_inner);
                            let level = packet.header.get_extension(level_id.load(Ordering::Relaxed));
                            let level = level.and_then(|bytes| bytes.first().copied());
                            hearing.entry(section).or_default().note(&packet, level);
                        }
                    }
                    _ => {}
                }
            }
        });
    }
}

impl Heard {
    fn note(&mut self, packet: &rtp::Packet, level: Option<u8>) {
        let seq = packet.header.sequence_number;
        let packing = Packing::ALL.into_iter().find(|packing| packing.pt() == packet.header.payload_type);
        if packet.payload.is_empty() {
            return;
        }
        if self.packets == 0 {
            self.began_whole = packing.is_none_or(|packing| packing.begins_whole(&packet.payload));
        }
        self.packets += 1;
        if let Some(level) = level.filter(|_| packing.is_none()) {
            // RFC 6464: so many decibels below full scale, in 20 ms.
            self.energy += (10_f64.powf(-f64::from(level & 0x7f) / 10.0) * 20_000.0) as u64;
        }
        match self.last.map(|last| seq.wrapping_sub(last)) {
            Some(step @ 1..0x8000) => {
                self.missing += u64::from(step) - 1;
                self.last = Some(seq);
            }
            None => self.last = Some(seq),
            // Late: it was counted as missing when its number was skipped.
            Some(_) => self.missing = self.missing.saturating_sub(1),
        }
        // Sound is all mark; a picture has two bytes before it.
        self.mark = packet.payload.get(if packing.is_some() { 2 } else { 0 }).copied().unwrap_or(0);
    }
}

impl Voice {
    fn new(label: &str, kind: RtpCodecKind, codec: RTCRtpCodec, pt: u8, ssrc: u32) -> Self {
        let encoding = RTCRtpEncodingParameters {
            rtp_coding_parameters: RTCRtpCodingParameters { ssrc: Some(ssrc), ..Default::default() },
            codec,
            ..Default::default()
        };
        let track = MediaStreamTrack::new("probe".into(), label.into(), label.into(), kind, vec![encoding]);
        Self { track: Arc::new(TrackLocalStaticRTP::new(track)), ssrc, pt, next: Mutex::new((0, 0)) }
    }

    async fn send(&self, payload: Vec<u8>, ticks: u32) -> Result<(), Error> {
        let (sequence_number, timestamp) = {
            let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
            let now = *next;
            *next = (now.0.wrapping_add(1), now.1.wrapping_add(ticks));
            now
        };
        let header = rtp::header::Header {
            version: 2,
            marker: true,
            payload_type: self.pt,
            sequence_number,
            timestamp,
            ssrc: self.ssrc,
            ..Default::default()
        };
        self.track.write_rtp(rtp::Packet { header, payload: Bytes::from(payload) }).await
    }
}

impl Participant {
    /// Lays out the sections and gives the first offer. `address` is where to send from.
    pub async fn open(address: &str) -> Result<(Self, String), Error> {
        Self::open_in(address, Packing::Vp8).await
    }

    /// The same, by somebody who knows only this packing of pictures.
    pub async fn open_in(address: &str, packing: Packing) -> Result<(Self, String), Error> {
        let (mut engine, opus) = codecs(packing)?;
        let registry = register_default_interceptors(Registry::new(), &mut engine)?;
        let hearing = Arc::<Mutex<Hearing>>::default();
        let (state, watching) = watch::channel(LinkState::Connecting);
        let level_id = Arc::<AtomicU8>::default();
        let listener = Listener { hearing: Arc::clone(&hearing), level_id: Arc::clone(&level_id), state };
        let settings = SettingEngineBuilder::new().with_include_loopback_candidate(true).build();
        let connection: Arc<dyn PeerConnection> = Arc::new(
            PeerConnectionBuilder::new()
                .with_configuration(RTCConfigurationBuilder::new().build())
                .with_media_engine(engine)
                .with_setting_engine(settings)
                .with_interceptor_registry(registry)
                .with_handler(Arc::new(listener))
                .with_udp_addrs(vec![address.to_owned()])
                .build()
                .await?,
        );
        let voices = [
            Voice::new("mic", RtpCodecKind::Audio, opus, OPUS, 1_001),
            Voice::new("camera", RtpCodecKind::Video, packing.codec(), packing.pt(), 1_002),
            Voice::new("spare", RtpCodecKind::Video, packing.codec(), packing.pt(), 1_003),
        ];
        for voice in &voices {
            let track = Arc::clone(&voice.track) as Arc<dyn TrackLocal>;
            let sending = init(RTCRtpTransceiverDirection::Sendonly);
            connection.add_transceiver_from_track(track, Some(sending)).await?;
        }
        let audio = std::iter::repeat_n(RtpCodecKind::Audio, AUDIO_SLOTS);
        for kind in audio.chain(std::iter::repeat_n(RtpCodecKind::Video, VIDEO_SLOTS)) {
            let receiving = init(RTCRtpTransceiverDirection::Recvonly);
            connection.add_transceiver_from_kind(kind, Some(receiving)).await?;
        }
        let [mic, camera, spare] = voices;
        let participant =
            Self { connection, packing, mic, camera, spare, hearing, level_id, state: watching };
        let offer = participant.offer(false).await?;
        Ok((participant, offer))
    }

    /// A further offer; with `restart`, one that looks for a new way to the relay.
    pub async fn offer(&self, restart: bool) -> Result<String, Error> {
        let options = RTCOfferOptions { ice_restart: restart };
        let offer = self.connection.create_offer(Some(options)).await?;
        let text = offer.sdp.clone();
        self.connection.set_local_description(offer).await?;
        Ok(text)
    }

    /// Takes the relay's answer.
    pub async fn accept(&self, answer: &str) -> Result<(), Error> {
        let agreed = answer.lines().find(|line| line.ends_with(AUDIO_LEVEL));
        let id =
            agreed.and_then(|line| line.strip_prefix("a=extmap:")?.split([' ', '/']).next()?.parse().ok());
        self.level_id.store(id.unwrap_or_default(), Ordering::Relaxed);
        self.connection.set_remote_description(RTCSessionDescription::answer(answer.to_owned())?).await
    }

    /// Waits until media can flow.
    pub async fn connected(&self, within: Duration) -> bool {
        let mut state = self.state.clone();
        let up = state.wait_for(|state| *state == LinkState::Up);
        tokio::time::timeout(within, up).await.is_ok_and(|waited| waited.is_ok())
    }

    /// What the link is now.
    pub fn state(&self) -> LinkState {
        *self.state.borrow()
    }

    /// Says one packet of 20 ms of sound.
    pub async fn speak(&self, mark: u8) -> Result<(), Error> {
        self.mic.send(vec![mark; 80], 960).await
    }

    /// Says one frame of real sound.
    pub async fn say(&self, frame: &[u8]) -> Result<(), Error> {
        self.mic.send(frame.to_vec(), 960).await
    }

    /// Shows one frame of a real picture that fits a packet.
    pub async fn picture(&self, frame: &[u8], ticks: u32) -> Result<(), Error> {
        let mut payload = vec![0x10];
        payload.extend_from_slice(frame);
        self.camera.send(payload, ticks).await
    }

    /// Shows one small picture; a key frame when `whole`.
    pub async fn show(&self, mark: u8, whole: bool) -> Result<(), Error> {
        self.camera.send(picture(self.packing, mark, whole), 3_000).await
    }

    /// Shows one small picture in the spare section.
    pub async fn share(&self, mark: u8, whole: bool) -> Result<(), Error> {
        self.spare.send(picture(self.packing, mark, whole), 3_000).await
    }

    /// What came in so far.
    pub fn heard(&self) -> Hearing {
        self.hearing.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The distance to the relay and back, as the last sign of life measured it.
    pub async fn round_trip(&self) -> Option<Duration> {
        let report = self.connection.get_stats(Instant::now(), StatsSelector::None).await;
        let trips = report.iter().filter_map(|entry| match entry {
            RTCStatsReportEntry::IceCandidatePair(pair) if pair.nominated => {
                Some(pair.current_round_trip_time)
            }
            _ => None,
        });
        trips.filter(|seconds| *seconds > 0.0).map(Duration::from_secs_f64).next()
    }

    /// Hangs up.
    pub async fn close(&self) {
        // A connection that cannot be closed is closed.
        let _ = self.connection.close().await;
    }
}

fn init(direction: RTCRtpTransceiverDirection) -> RTCRtpTransceiverInit {
    RTCRtpTransceiverInit { direction, ..Default::default() }
}

/// A packet that holds one frame: its head, the mark, filling.
fn picture(packing: Packing, mark: u8, whole: bool) -> Vec<u8> {
    let mut payload = vec![mark; 400];
    payload[..2].copy_from_slice(&packing.head(whole));
    payload
}

fn codecs(packing: Packing) -> Result<(MediaEngine, RTCRtpCodec), Error> {
    let opus = RTCRtpCodec {
        mime_type: MIME_TYPE_OPUS.to_owned(),
        clock_rate: 48_000,
        channels: 2,
        sdp_fmtp_line: "minptime=10;useinbandfec=1".to_owned(),
        ..Default::default()
    };
    let mut engine = MediaEngine::default();
    let pictures = (&packing.codec(), packing.pt(), RtpCodecKind::Video);
    for (codec, payload_type, kind) in [(&opus, OPUS, RtpCodecKind::Audio), pictures] {
        let parameters = RTCRtpCodecParameters { rtp_codec: codec.clone(), payload_type };
        engine.register_codec(parameters, kind)?;
    }
    let level = RTCRtpHeaderExtensionCapability { uri: AUDIO_LEVEL.to_owned() };
    engine.register_header_extension(level, RtpCodecKind::Audio, None)?;
    Ok((engine, opus))
}
