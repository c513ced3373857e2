//! One participant's connection. The only place that knows the engine.
//!
//! The engine does no input or output: it is fed datagrams and the time, and drained of
//! datagrams, packets and news. Its one rule is kept here: after every change of the engine
//! it is drained before the next ([`Peer::settle`]). Packets that are written are the
//! exception, as the engine means them to be: they only wait in their stream's queue until
//! it is next told the time, so that those of a whole round leave at the price of one call.

mod homes;
mod packet;

use std::sync::Arc;
use std::time::{Duration, Instant};

use str0m::change::SdpOffer;
use str0m::format::FormatParams;
use str0m::media::{Direction, Frequency, KeyframeRequestKind};
use str0m::net::{Protocol, TcpType};
use str0m::rtp::{ExtensionValues, RtpPacket, RtpWrite, Ssrc};
use str0m::{Candidate, Event, IceConnectionState, Input, Output, Rtc};

use super::demux::Remote;
use super::error::MediaError;
use super::feedback::Numbers;
use super::model::{Kind, Line, Mid, Section, Source};
use super::offer::{Offer, Way};
pub(super) use homes::{Homes, Identity};
pub(super) use packet::{Codec, Packet};
use packet::{Types, extensions, rank_of};

/// What is handed on of a packet at most, in bytes; browsers stay below 1,200.
const LONGEST_PAYLOAD: usize = 1_500;
/// How often the figures of a line are told.
const REPORT_EVERY: Duration = Duration::from_secs(2);
/// Video packets kept for repair, per slot, and for how long. Of a picture at its largest (2.4
/// Mbit/s) they are half a second: who is given that has a line that asks sooner. Of the
/// smaller ones that a poor line is given they are the whole time, in which 750 ms there and
/// back can ask twice. Each costs 1.6 kB of memory, and most of what a participant costs is these.
const REPAIR_VIDEO: usize = 128;
const REPAIR_FOR: Duration = Duration::from_millis(1_500);
/// Share of a slot's bytes that repair may take before the oldest wishes are dropped.
const REPAIR_SHARE: Option<f32> = Some(0.15);
/// Of the many H.264 profiles the two that every PC decodes, in whole packets, with payload
/// types that are left when the participant's are taken.
const H264: [((u8, u8), u32); 2] = [((108, 109), 0x42_e01f), ((127, 121), 0x42_001f)];
/// Of VP9 the profile that browsers send.
const VP9: (u8, u8) = (98, 99);
/// Audio is repaired by the codec, not by us.
const REPAIR_AUDIO: usize = 16;
/// Faults of the engine on what a peer sent between two reports, before the peer is given
/// up: noise is lived with, a stream of nothing but faults is not.
const PATIENCE: u32 = 200;

/// What a peer has to say after it was fed. Datagrams only have to be sent, so that they do
/// not wait in line with what has to be heard out.
#[derive(Default)]
pub(super) struct Said {
    pub(super) datagrams: Vec<(Remote, Vec<u8>)>,
    pub(super) says: Vec<Says>,
}

#[expect(
    clippy::large_enum_variant,
    reason = "nearly all of them are packets, and a box for each costs more"
)]
pub(super) enum Says {
    /// Keys are agreed: media can flow.
    Secured,
    Packet(Packet),
    /// The participant cannot decode what it gets in this receiving section.
    KeyframeWanted {
        mid: Mid,
    },
    Report(Line),
    /// The participant hung up.
    Closed,
}

/// The engine cannot go on with this peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Broken;

/// A receiving section, with what is needed to write to it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Outlet {
    pub(super) mid: Mid,
    pub(super) kind: Kind,
    stream: Ssrc,
    /// The stream that repairs it.
    repair: Option<Ssrc>,
    /// Whether the engine has its stream. Each of its calls walks all that it has, and most sections
    /// never play: they are kept from it until something is written. From then on it stays, for
    /// who numbered packets under a key must not number them anew.
    open: bool,
    types: Types,
}

impl Outlet {
    /// Gives the engine its stream.
    fn declare(&self, rtc: &mut Rtc) {
        let mid = str0m::media::Mid::from(self.mid.as_str());
        if rtc.media(mid).is_none() {
            return;
        }
        let mut api = rtc.direct_api();
        let stream = api.declare_stream_tx(self.stream, self.repair, mid, None);
        if self.kind == Kind::Video {
            stream.set_rtx_cache(REPAIR_VIDEO, REPAIR_FOR, REPAIR_SHARE);
        }
    }
}

/// What to write into a receiving section instead of what came in.
pub(super) struct Placing {
    pub(super) seq: u64,
    pub(super) time: u32,
    /// Of the picture and of its lowest layer.
    pub(super) picture: (Option<u16>, Option<u8>),
}

/// What the engine was given and was not yet drained of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pending {
    Nothing,
    /// Packets in the queues of their streams.
    Written,
    /// Anything else: it has to be drained before the next change.
    Changed,
}

pub(super) struct Peer {
    rtc: Rtc,
    homes: Homes,
    sections: Vec<Section>,
    outlets: Vec<Outlet>,
    codecs: Vec<(u8, Codec)>,
    numbers: Numbers,
    /// What changed since the engine was last drained.
    pending: Pending,
    /// As the engine said when it was last drained.
    wake: Option<Instant>,
    faults: u32,
    bytes: (u64, u64),
    trip: bool,
}

impl Peer {
    /// Answers a first offer.
    pub(super) fn accept(
        offer: &Offer,
        identity: &Identity,
        homes: &Homes,
        now: Instant,
    ) -> Result<(Self, String), MediaError> {
        let mut numbers = Numbers::default();
        numbers.agree(&offer.text)?;
        let feedback = numbers.extension(&offer.text);
        let mut engine = Rtc::builder()
            .set_crypto_provider(Arc::clone(&identity.crypto))
            .set_dtls_cert(identity.cert.clone())
            .set_ice_lite(true)
            .set_rtp_mode(true)
            .set_extension_map(extensions(feedback))
            .clear_codecs()
            .enable_opus(true, false)
            .enable_vp8(true)
            .set_send_buffer_video(REPAIR_VIDEO)
            .set_send_buffer_audio(REPAIR_AUDIO)
            .set_stats_interval(Some(REPORT_EVERY));
        for ((pt, repair), profile) in H264 {
            engine.codec_config().add_h264(pt.into(), Some(repair.into()), true, profile);
        }
        let vp9 = FormatParams { profile_id: Some(0), ..FormatParams::default() };
        let (pt, repair) = VP9;
        let (clock, codec) = (Frequency::NINETY_KHZ, str0m::format::Codec::Vp9);
        engine.codec_config().add_config(pt.into(), Some(repair.into()), codec, clock, None, vp9);
        let mut rtc = engine.build(now);
        if feedback.is_some() {
            // Of whichever codec it was asked for: what came and is not reported is never forgotten.
            rtc.direct_api().enable_twcc_feedback();
        }
        for address in homes.udp.iter() {
            let candidate = Candidate::host(*address, Protocol::Udp).map_err(|_| MediaError::Stopped)?;
            rtc.add_local_candidate(candidate);
        }
        for address in homes.tcp.iter() {
            let candidate = Candidate::builder().tcp().host(*address).tcptype(TcpType::Passive).build();
            rtc.add_local_candidate(candidate.map_err(|_| MediaError::Stopped)?);
        }
        let mut peer = Self {
            rtc,
            homes: homes.clone(),
            sections: Vec::new(),
            outlets: Vec::new(),
            codecs: Vec::new(),
            numbers,
            pending: Pending::Nothing,
            wake: None,
            faults: 0,
            bytes: (0, 0),
            trip: false,
        };
        let answer = peer.answer(offer)?;
        if peer.sections.is_empty() && peer.outlets.is_empty() {
            return Err(MediaError::NothingInCommon);
        }
        peer.name_usual_sources();
        Ok((peer, answer))
    }

    /// Answers an offer, first or further. Call [`Peer::settle`] after it.
    pub(super) fn answer(&mut self, offer: &Offer) -> Result<String, MediaError> {
        self.numbers.agree(&offer.text)?;
        let parsed = SdpOffer::from_sdp_string(&offer.text).map_err(|_| MediaError::BadOffer)?;
        // The answer names the streams of all sections, the same as before.
        self.lend_idle_streams();
        let Ok(answer) = self.rtc.sdp_api().accept_offer(parsed) else {
            self.withdraw_idle_streams();
            return Err(MediaError::BadOffer);
        };
        self.pending = Pending::Changed;
        self.codecs = self
            .rtc
            .codec_config()
            .params()
            .iter()
            .filter_map(|param| Some((*param.pt(), Codec::of(param.spec().codec)?)))
            .collect();
        self.read_sections(offer);
        self.withdraw_idle_streams();
        Ok(answer.to_sdp_string())
    }

    /// The name STUN packets for this connection carry.
    pub(super) fn ufrag(&mut self) -> String {
        self.rtc.direct_api().local_ice_credentials().ufrag
    }

    pub(super) fn sections(&self) -> &[Section] {
        &self.sections
    }

    pub(super) fn sections_mut(&mut self) -> &mut [Section] {
        &mut self.sections
    }

    pub(super) fn outlets(&self) -> &[Outlet] {
        &self.outlets
    }

    /// Whether the participant can play this codec in that receiving section.
    pub(super) fn plays(&self, outlet: usize, codec: Codec) -> bool {
        self.outlets.get(outlet).is_some_and(|outlet| outlet.types.of(codec).is_some())
    }

    /// Whether a STUN packet is this participant's: it proves to know the connection's password, or it
    /// comes from the address that is used already (the engine looks at the proof again then).
    pub(super) fn knows(&self, now: Instant, source: Remote, bytes: &[u8]) -> bool {
        self.homes.receive(source, bytes).is_some_and(|got| self.rtc.accepts(&Input::Receive(now, got)))
    }

    /// Takes a datagram in and drains the engine.
    pub(super) fn receive(
        &mut self,
        now: Instant,
        source: Remote,
        bytes: &[u8],
        said: &mut Said,
    ) -> Result<(), Broken> {
        assert!(!self.trip, "a fault was asked for by a test");
        if !self.numbers.lets_in(bytes) {
            return Ok(());
        }
        self.drain_changes(now, said)?;
        let Some(received) = self.homes.receive(source, bytes) else { return Ok(()) };
        if self.rtc.handle_input(Input::Receive(now, received)).is_err() {
            self.fault()?;
        }
        self.drain(said)
    }

    /// Lets the engine do what time asks of it.
    pub(super) fn tick(&mut self, now: Instant, said: &mut Said) -> Result<(), Broken> {
        self.pending = Pending::Nothing;
        if self.rtc.handle_input(Input::Timeout(now)).is_err() {
            self.fault()?;
        }
        self.drain(said)
    }

    /// Sends what was written; does nothing when nothing was.
    pub(super) fn settle(&mut self, now: Instant, said: &mut Said) -> Result<(), Broken> {
        if self.pending == Pending::Nothing { Ok(()) } else { self.tick(now, said) }
    }

    /// Drains what must not meet another change; packets may wait.
    fn drain_changes(&mut self, now: Instant, said: &mut Said) -> Result<(), Broken> {
        if self.pending == Pending::Changed { self.tick(now, said) } else { Ok(()) }
    }

    /// When the engine next wants to be told the time.
    pub(super) fn wake_at(&self) -> Option<Instant> {
        self.wake
    }

    /// Puts a packet into a receiving section, under the section's own numbers. It leaves with
    /// [`Peer::settle`].
    pub(super) fn write(
        &mut self,
        now: Instant,
        outlet: usize,
        packet: &Packet,
        placing: &Placing,
        said: &mut Said,
    ) -> Result<(), Broken> {
        self.drain_changes(now, said)?;
        let Some(outlet) = self.outlets.get_mut(outlet) else {
            return Ok(());
        };
        if !outlet.open {
            outlet.declare(&mut self.rtc);
            outlet.open = true;
        }
        let mut api = self.rtc.direct_api();
        let (Some(stream), Some(pt)) = (api.stream_tx(&outlet.stream), outlet.types.of(packet.codec)) else {
            return Ok(());
        };
        let extras = ExtensionValues {
            audio_level: packet.extras.audio_level,
            voice_activity: packet.extras.voice_activity,
            video_orientation: packet.extras.video_orientation,
            ..ExtensionValues::default()
        };
        let write = RtpWrite::new(pt, placing.seq.into(), placing.time, now, Arc::clone(&packet.payload))
            .marker(packet.marker)
            .nackable(outlet.kind == Kind::Video)
            .ext_vals(extras);
        stream.write_rtp(match packet.patch(placing) {
            Some(patch) => write.vp8_patch(patch),
            None => write,
        });
        self.pending = Pending::Written;
        Ok(())
    }

    /// Asks the participant for a picture a decoder can start with.
    pub(super) fn ask_keyframe(&mut self, now: Instant, stream: u32, said: &mut Said) -> Result<(), Broken> {
        self.settle(now, said)?;
        if let Some(stream) = self.rtc.direct_api().stream_rx(&stream.into()) {
            stream.request_keyframe(KeyframeRequestKind::Pli);
            self.pending = Pending::Changed;
        }
        Ok(())
    }

    /// Says goodbye to the participant's browser.
    pub(super) fn close(&mut self, now: Instant, said: &mut Said) -> Result<(), Broken> {
        self.settle(now, said)?;
        if self.rtc.close().is_err() {
            return Err(Broken);
        }
        self.drain(said)
    }

    /// Makes the next datagram panic. For tests of what a panic costs.
    pub(super) fn trip(&mut self) {
        self.trip = true;
    }

    fn name_usual_sources(&mut self) {
        for (kind, source) in [(Kind::Audio, Source::Mic), (Kind::Video, Source::Cam)] {
            if let Some(first) = self.sections.iter_mut().find(|section| section.kind == kind) {
                first.source = Some(source);
            }
        }
    }

    fn read_sections(&mut self, offer: &Offer) {
        let known = std::mem::take(&mut self.sections);
        let before = std::mem::take(&mut self.outlets);
        for offered in &offer.sections {
            let mid = str0m::media::Mid::from(offered.mid.as_str());
            let Some(media) = self.rtc.media(mid).filter(|media| !media.disabled()) else {
                continue;
            };
            let mut types = Types::default();
            for pt in media.remote_pts() {
                if let Some((_, codec)) = self.codecs.iter().find(|(known, _)| *known == **pt) {
                    types.add(*codec, *pt);
                }
            }
            if types.is_empty() {
                continue;
            }
            let (receiving, sending) = match media.direction() {
                Direction::SendRecv => (true, true),
                Direction::SendOnly => (false, true),
                Direction::RecvOnly => (true, false),
                Direction::Inactive => (false, false),
            };
            if receiving && matches!(offered.way, Way::Up | Way::Both) {
                let source =
                    known.iter().find(|section| section.mid == offered.mid).and_then(|was| was.source);
                self.sections.push(Section { mid: offered.mid, kind: offered.kind, source });
            }
            if sending && matches!(offered.way, Way::Down | Way::Both) {
                let was = before.iter().find(|outlet| outlet.mid == offered.mid);
                let open = was.is_some_and(|was| was.open);
                if let Some(stream) = self.rtc.direct_api().stream_tx_by_mid(mid, None) {
                    let (stream, repair) = (stream.ssrc(), stream.rtx());
                    let (mid, kind) = (offered.mid, offered.kind);
                    self.outlets.push(Outlet { mid, kind, stream, repair, open, types });
                }
            }
        }
        // One that comes back is numbered from the start again, and so must not have the old streams.
        for was in before {
            if self.outlets.iter().all(|outlet| outlet.mid != was.mid) {
                self.rtc.direct_api().remove_stream_tx(was.stream);
            }
        }
    }

    fn lend_idle_streams(&mut self) {
        let idle = self.outlets.iter().filter(|outlet| !outlet.open);
        idle.for_each(|outlet| outlet.declare(&mut self.rtc));
    }

    fn withdraw_idle_streams(&mut self) {
        for outlet in self.outlets.iter().filter(|outlet| !outlet.open) {
            self.rtc.direct_api().remove_stream_tx(outlet.stream);
        }
    }

    fn fault(&mut self) -> Result<(), Broken> {
        self.faults += 1;
        if self.faults > PATIENCE || !self.rtc.is_alive() { Err(Broken) } else { Ok(()) }
    }

    fn drain(&mut self, said: &mut Said) -> Result<(), Broken> {
        loop {
            match self.rtc.poll_output() {
                Ok(Output::Timeout(at)) => {
                    self.wake = Some(at);
                    return if self.rtc.is_alive() { Ok(()) } else { Err(Broken) };
                }
                Ok(Output::Transmit(sent)) => {
                    let to = match sent.proto {
                        Protocol::Udp => Remote::Udp(sent.destination),
                        Protocol::Tcp | Protocol::SslTcp | Protocol::Tls => Remote::Tcp(sent.destination),
                    };
                    said.datagrams.push((to, sent.contents.into()));
                }
                Ok(Output::Event(event)) => self.hear(event, &mut said.says),
                Err(_) => self.fault()?,
            }
        }
    }

    fn hear(&mut self, event: Event, says: &mut Vec<Says>) {
        match event {
            Event::Connected => says.push(Says::Secured),
            Event::RtpPacket(packet) => says.extend(self.read(packet).map(Says::Packet)),
            Event::KeyframeRequest(wanted) => {
                says.extend(Mid::new(&wanted.mid).map(|mid| Says::KeyframeWanted { mid }));
            }
            Event::PeerStats(stats) => {
                let seconds = REPORT_EVERY.as_secs();
                let line = Line {
                    rtt_ms: stats.rtt.map(|rtt| rtt.as_millis() as u32),
                    loss_up: stats.ingress_loss_fraction,
                    loss_down: stats.egress_loss_fraction,
                    up: stats.peer_bytes_rx.saturating_sub(self.bytes.0) / seconds,
                    down: stats.peer_bytes_tx.saturating_sub(self.bytes.1) / seconds,
                    ..Line::default()
                };
                self.bytes = (stats.peer_bytes_rx, stats.peer_bytes_tx);
                self.faults = 0;
                says.push(Says::Report(line));
            }
            Event::Closed => says.push(Says::Closed),
            Event::IceConnectionStateChange(IceConnectionState::Disconnected) | _ => {}
        }
    }

    fn read(&mut self, packet: RtpPacket) -> Option<Packet> {
        self.numbers.counted(packet.header.ext_vals.transport_cc);
        let pt = *packet.header.payload_type;
        let (_, codec) = *self.codecs.iter().find(|(known, _)| *known == pt)?;
        let from = {
            let mut api = self.rtc.direct_api();
            let known = api.stream_rx(&packet.header.ssrc)?;
            (Mid::new(&known.mid())?, rank_of(known.rid().as_deref()))
        };
        // An empty packet is padding that only measures the line. One that is too large would not fit
        // into an engine's buffer once it has the headers of a viewer.
        (1..=LONGEST_PAYLOAD).contains(&packet.payload.len()).then(|| Packet::read(packet, from, codec))
    }
}
