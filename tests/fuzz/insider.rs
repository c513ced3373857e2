//! A participant who holds the keys of his own call and says whatever he likes with them.
//!
//! The engine plays him until the keys are agreed. Its cipher is watched while it encrypts, so
//! that afterwards any bytes can be sent as that participant would: what the relay then reads
//! passed the authentication, and only its parsers stand between the bytes and the others.

use std::cell::RefCell;
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use causeway::media::SeatId;
use causeway::media::testing::Stage;
use str0m::change::SdpAnswer;
use str0m::crypto::{
    AeadAes256GcmCipher, CryptoError, CryptoProvider, SrtpProvider, SupportedAeadAes128Gcm,
    SupportedAeadAes256Gcm, SupportedAes128CmSha1_80, from_feature_flags,
};
use str0m::media::{Direction, MediaKind, Mid, Simulcast};
use str0m::net::{Protocol, Receive};
use str0m::rtp::RtpWrite;
use str0m::{Candidate, Event, Input, Output, Rtc};

type Key = [u8; 32];
type Salt = [u8; 12];

thread_local! {
    /// What was seen of the keys: for RTP and for RTCP.
    static SEEN: RefCell<HashMap<Kind, (Key, Salt)>> = RefCell::default();
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    Rtp,
    Rtcp,
}

#[derive(Debug)]
struct Watched(&'static dyn SrtpProvider);

impl SrtpProvider for Watched {
    fn aes_128_cm_sha1_80(&self) -> &'static dyn SupportedAes128CmSha1_80 {
        self.0.aes_128_cm_sha1_80()
    }
    fn aead_aes_128_gcm(&self) -> &'static dyn SupportedAeadAes128Gcm {
        self.0.aead_aes_128_gcm()
    }
    fn aead_aes_256_gcm(&self) -> &'static dyn SupportedAeadAes256Gcm {
        Box::leak(Box::new(WatchedKind(self.0.aead_aes_256_gcm())))
    }
    fn srtp_aes_128_ecb_round(&self, key: &[u8], input: &[u8], output: &mut [u8]) {
        self.0.srtp_aes_128_ecb_round(key, input, output);
    }
    fn srtp_aes_256_ecb_round(&self, key: &[u8], input: &[u8], output: &mut [u8]) {
        self.0.srtp_aes_256_ecb_round(key, input, output);
    }
}

#[derive(Debug)]
struct WatchedKind(&'static dyn SupportedAeadAes256Gcm);

impl SupportedAeadAes256Gcm for WatchedKind {
    fn create_cipher(&self, key: Key, encrypt: bool) -> Box<dyn AeadAes256GcmCipher> {
        let cipher = self.0.create_cipher(key, encrypt);
        if encrypt { Box::new(WatchedCipher { cipher, key }) } else { cipher }
    }
}

#[derive(Debug)]
struct WatchedCipher {
    cipher: Box<dyn AeadAes256GcmCipher>,
    key: Key,
}

impl AeadAes256GcmCipher for WatchedCipher {
    fn encrypt(
        &mut self,
        iv: &[u8; 12],
        aad: &[u8],
        input: &[u8],
        output: &mut [u8],
    ) -> Result<(), CryptoError> {
        let kind = if (192..=223).contains(&aad[1]) { Kind::Rtcp } else { Kind::Rtp };
        // The nonce is the salt with the packet's own numbers in it.
        let plain = match kind {
            Kind::Rtp => nonce([0; 12], &aad[8..12], &[&[0; 4], &aad[2..4]].concat()),
            Kind::Rtcp => {
                nonce([0; 12], &aad[4..8], &index(u32::from_be_bytes(aad[8..12].try_into().unwrap())))
            }
        };
        let salt = std::array::from_fn(|at| iv[at] ^ plain[at]);
        // Numbers that have wrapped are not in the packet: the first one seen is right.
        SEEN.with_borrow_mut(|seen| {
            seen.entry(kind).or_insert((self.key, salt));
        });
        self.cipher.encrypt(iv, aad, input, output)
    }

    fn decrypt(
        &mut self,
        iv: &[u8; 12],
        aads: &[&[u8]],
        input: &[u8],
        output: &mut [u8],
    ) -> Result<usize, CryptoError> {
        self.cipher.decrypt(iv, aads, input, output)
    }
}

/// RFC 7714: two zero bytes, who sends, which packet; over the salt.
fn nonce(salt: Salt, ssrc: &[u8], number: &[u8]) -> [u8; 12] {
    let mut nonce = [0; 12];
    nonce[2..6].copy_from_slice(ssrc);
    nonce[6..12].copy_from_slice(number);
    std::array::from_fn(|at| nonce[at] ^ salt[at])
}

fn index(with_flag: u32) -> [u8; 6] {
    let [a, b, c, d] = (with_flag & 0x7fff_ffff).to_be_bytes();
    [0, 0, a, b, c, d]
}

/// One participant in the engine's hands.
struct Client {
    rtc: Rtc,
    here: SocketAddr,
    sections: Vec<Mid>,
    connected: bool,
    ssrcs: Vec<u32>,
}

/// The room with two participants, one of whom is not to be trusted.
pub struct Insider {
    pub stage: Stage,
    clients: Vec<Client>,
    pub now: Instant,
    /// What he sends with: a voice, and a picture.
    pub voice: u32,
    pub picture: u32,
    keys: HashMap<Kind, (LessSafeKey, Salt)>,
    rtcp_index: u32,
    seq: u16,
}

const HOME: ([u8; 4], u16) = ([203, 0, 113, 7], 3478);
pub const SEAT: SeatId = SeatId(1);

impl Insider {
    /// Two participants sit down and talk until all keys were seen.
    pub fn sits() -> Self {
        drop(SEEN.take());
        let now = Instant::now();
        let mut stage = Stage::open(HOME.into(), now);
        let clients = vec![Client::joins(&mut stage, 1, true, now), Client::joins(&mut stage, 2, false, now)];
        let keys = HashMap::new();
        let mut insider =
            Self { stage, clients, now, voice: 0, picture: 0, keys, rtcp_index: 1_000_000, seq: 0 };
        for n in 0..400_u64 {
            insider.now += Duration::from_millis(20);
            if insider.clients.iter().all(|client| client.connected) {
                insider.clients[0].talks(n, insider.now);
            }
            insider.goes_on();
        }
        assert!(insider.clients.iter().all(|client| client.connected), "the engines do not connect");
        let seen = SEEN.take();
        let key = |(key, salt): &(Key, Salt)| {
            (LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key).unwrap()), *salt)
        };
        insider.keys = seen.iter().map(|(kind, found)| (*kind, key(found))).collect();
        assert_eq!(insider.keys.len(), 2, "the keys were not seen");
        let [voice, picture] = insider.clients[0].ssrcs[..] else { panic!("two sections send") };
        (insider.voice, insider.picture, insider.seq) = (voice, picture, 10_000);
        assert!(insider.stage.forwarded() > 0, "nothing is handed on");
        insider
    }

    /// Lets everybody say what they have to say.
    fn goes_on(&mut self) {
        let mut under_way = self.stage.tick(self.now);
        for _ in 0..20 {
            for client in &mut self.clients {
                let seat = if client.here.port() == 1 { SeatId(1) } else { SeatId(2) };
                for bytes in client.drains(self.now, &mut under_way) {
                    under_way.extend(self.stage.take(seat, client.here, &bytes, self.now));
                }
            }
            if under_way.is_empty() {
                break;
            }
        }
    }

    /// Whether the numbers of his packets are used up.
    pub fn is_worn(&self) -> bool {
        self.seq > 60_000
    }

    /// Sends any bytes as a media packet that authenticates, numbered as the next one.
    pub fn rtp(&mut self, bytes: &mut Vec<u8>) {
        bytes.resize(bytes.len().max(12), 0);
        self.seq = self.seq.wrapping_add(1).max(1);
        bytes[2..4].copy_from_slice(&self.seq.to_be_bytes());
        let extended = bytes[0] & 0x10 != 0;
        let mut head = 12 + 4 * usize::from(bytes[0] & 0x0f);
        if let (true, Some(length)) = (extended, bytes.get(head + 2..head + 4)) {
            head += 4 + 4 * usize::from(u16::from_be_bytes([length[0], length[1]]));
        }
        let head = head.min(bytes.len());
        let (key, salt) = &self.keys[&Kind::Rtp];
        let nonce = nonce(*salt, &bytes[8..12], &[&[0; 4], &bytes[2..4]].concat());
        let mut body = bytes.split_off(head);
        let nonce = Nonce::assume_unique_for_key(nonce);
        key.seal_in_place_append_tag(nonce, Aad::from(&*bytes), &mut body).unwrap();
        bytes.extend(body);
        self.arrives(bytes);
    }

    /// Sends any bytes as a control packet that authenticates.
    pub fn rtcp(&mut self, bytes: &mut Vec<u8>) {
        bytes.resize(bytes.len().max(8), 0);
        self.rtcp_index += 1;
        let index_and_flag = (0x8000_0000 | self.rtcp_index).to_be_bytes();
        let (key, salt) = &self.keys[&Kind::Rtcp];
        let nonce = nonce(*salt, &bytes[4..8], &index(self.rtcp_index));
        let mut body = bytes.split_off(8);
        let aad = [&**bytes, &index_and_flag].concat();
        let nonce = Nonce::assume_unique_for_key(nonce);
        key.seal_in_place_append_tag(nonce, Aad::from(&*aad), &mut body).unwrap();
        bytes.extend(body);
        bytes.extend(index_and_flag);
        self.arrives(bytes);
    }

    fn arrives(&mut self, bytes: &[u8]) {
        self.now += Duration::from_micros(100);
        let here = self.clients[0].here;
        self.stage.take(SEAT, here, bytes, self.now);
    }
}

impl Client {
    fn joins(stage: &mut Stage, number: u16, sends: bool, now: Instant) -> Self {
        let here = SocketAddr::from(([198, 51, 100, 9], number));
        let provider = from_feature_flags();
        let srtp_provider = if sends {
            Box::leak(Box::new(Watched(provider.srtp_provider))) as &'static dyn SrtpProvider
        } else {
            provider.srtp_provider
        };
        let provider = CryptoProvider { srtp_provider, ..provider };
        let mut rtc = Rtc::builder()
            .set_crypto_provider(Arc::new(provider))
            .set_rtp_mode(true)
            .clear_codecs()
            .enable_opus(true, false)
            .enable_vp8(true)
            .enable_h264(true)
            .enable_vp9(true)
            .build(now);
        rtc.add_local_candidate(Candidate::host(here, "udp").unwrap());
        let mut change = rtc.sdp_api();
        let mut sections = Vec::new();
        let nothing = None::<Simulcast>;
        for kind in [MediaKind::Audio, MediaKind::Video] {
            sections.push(change.add_media(kind, Direction::SendOnly, None, None, nothing.clone()));
            change.add_media(kind, Direction::RecvOnly, None, None, nothing.clone());
        }
        let (offer, pending) = change.apply().unwrap();
        let answer = stage.seat(SeatId(number.into()), &offer.to_sdp_string(), now).unwrap();
        rtc.sdp_api().accept_answer(pending, SdpAnswer::from_sdp_string(&answer).unwrap()).unwrap();
        Self { rtc, here, sections, connected: false, ssrcs: Vec::new() }
    }

    fn talks(&mut self, n: u64, now: Instant) {
        self.ssrcs.clear();
        for (at, mid) in self.sections.clone().into_iter().enumerate() {
            let pt = self.rtc.media(mid).unwrap().remote_pts()[0];
            let mut api = self.rtc.direct_api();
            let stream = api.stream_tx_by_mid(mid, None).unwrap();
            self.ssrcs.push(*stream.ssrc());
            let time = (n * if at == 0 { 960 } else { 1_800 }) as u32;
            let payload = vec![if at == 0 { 7 } else { 0x10 }, 0, 0, 0];
            stream.write_rtp(RtpWrite::new(pt, n.into(), time, now, payload).marker(true));
        }
    }

    fn drains(&mut self, now: Instant, under_way: &mut Vec<(SocketAddr, Vec<u8>)>) -> Vec<Vec<u8>> {
        let (mine, others) = std::mem::take(under_way).into_iter().partition(|(to, _)| *to == self.here);
        *under_way = others;
        let mut sent = Vec::new();
        let mine: Vec<(SocketAddr, Vec<u8>)> = mine;
        for (_, bytes) in &mine {
            let got = Receive::new(Protocol::Udp, HOME.into(), self.here, bytes).unwrap();
            self.rtc.handle_input(Input::Receive(now, got)).unwrap();
            self.poll(&mut sent);
        }
        self.rtc.handle_input(Input::Timeout(now)).unwrap();
        self.poll(&mut sent);
        sent
    }

    fn poll(&mut self, sent: &mut Vec<Vec<u8>>) {
        loop {
            match self.rtc.poll_output().unwrap() {
                Output::Timeout(_) => return,
                Output::Transmit(out) => sent.push(out.contents.into()),
                Output::Event(Event::Connected) => self.connected = true,
                Output::Event(_) => {}
            }
        }
    }
}
