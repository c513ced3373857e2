//! SRTP with AES-GCM (RFC 7714) on the engine's own ciphers: as much as bots and the floor need.

use std::sync::LazyLock;

use str0m::config::CryptoProvider;
use str0m::crypto::{AeadAes128Gcm, AeadAes128GcmCipher, AeadAes256Gcm, AeadAes256GcmCipher};
use str0m::crypto::{dtls::SrtpProfile, from_feature_flags};

/// Bytes of the authentication tag.
pub const TAG: usize = AeadAes256Gcm::TAG_LEN;
const SALT: usize = AeadAes256Gcm::SALT_LEN;

/// The crypto library, the relay's too.
pub static CRYPTO: LazyLock<CryptoProvider> = LazyLock::new(from_feature_flags);

/// What a DTLS handshake agreed on.
#[derive(Clone)]
pub struct Material {
    bytes: Vec<u8>,
    key: usize,
}

impl Material {
    /// Of a handshake; nothing when the profile is not one with AES-GCM.
    pub fn agreed(bytes: &[u8], profile: SrtpProfile) -> Option<Self> {
        let key = match profile {
            SrtpProfile::AEAD_AES_128_GCM => AeadAes128Gcm::KEY_LEN,
            SrtpProfile::AEAD_AES_256_GCM => AeadAes256Gcm::KEY_LEN,
            _ => return None,
        };
        Some(Self { bytes: bytes.to_vec(), key })
    }

    /// Made up, for a connection without a handshake.
    pub fn invented(seed: u64) -> Self {
        let key = AeadAes256Gcm::KEY_LEN;
        let bytes = (0..2 * (key + SALT) as u64).map(|n| (seed.wrapping_mul(n + 31) >> 3) as u8);
        Self { bytes: bytes.collect(), key }
    }

    /// Bits of the keys.
    pub fn bits(&self) -> usize {
        8 * self.key
    }

    pub fn outbound(&self, client: bool) -> Outbound {
        let (rtp, rtcp) = (self.direction(client, 0), self.direction(client, 3));
        Outbound { rtp, rtcp, index: 0 }
    }

    pub fn inbound(&self, client: bool) -> Inbound {
        Inbound { rtp: self.direction(client, 0), streams: Vec::new() }
    }

    /// The session key and salt of what the client, or the server, writes (RFC 3711, 4.3).
    fn direction(&self, client: bool, label: u8) -> Sealer {
        let at = usize::from(!client);
        let master = &self.bytes[at * self.key..][..self.key];
        let salt = &self.bytes[2 * self.key + at * SALT..][..SALT];
        let derive = |label: u8, long: usize| {
            let mut derived = Vec::new();
            for round in 0..2_u8 {
                let mut input = [0; 16];
                input[..SALT].copy_from_slice(salt);
                input[7] ^= label;
                input[15] = round;
                let mut out = [0; 32];
                if self.key == AeadAes128Gcm::KEY_LEN {
                    CRYPTO.srtp_provider.srtp_aes_128_ecb_round(master, &input, &mut out);
                } else {
                    CRYPTO.srtp_provider.srtp_aes_256_ecb_round(master, &input, &mut out);
                }
                derived.extend_from_slice(&out[..16]);
            }
            derived.truncate(long);
            derived
        };
        let key = derive(label, self.key);
        let cipher = match <[u8; 32]>::try_from(&key[..]) {
            Ok(key) => Cipher::Long(CRYPTO.srtp_provider.aead_aes_256_gcm().create_cipher(key, true)),
            Err(_) => {
                let key = key[..16].try_into().unwrap();
                Cipher::Short(CRYPTO.srtp_provider.aead_aes_128_gcm().create_cipher(key, true))
            }
        };
        Sealer { cipher, salt: derive(label + 2, SALT).try_into().unwrap() }
    }
}

enum Cipher {
    Short(Box<dyn AeadAes128GcmCipher>),
    Long(Box<dyn AeadAes256GcmCipher>),
}

struct Sealer {
    cipher: Cipher,
    salt: [u8; SALT],
}

impl Sealer {
    fn seal(&mut self, iv: [u8; 12], aad: &[u8], plain: &[u8], out: &mut [u8]) {
        let sealed = match &mut self.cipher {
            Cipher::Short(cipher) => cipher.encrypt(&iv, aad, plain, out),
            Cipher::Long(cipher) => cipher.encrypt(&iv, aad, plain, out),
        };
        sealed.unwrap();
    }

    fn open(&mut self, iv: [u8; 12], aad: &[u8], sealed: &[u8], out: &mut [u8]) -> Option<usize> {
        let opened = match &mut self.cipher {
            Cipher::Short(cipher) => cipher.decrypt(&iv, &[aad], sealed, out),
            Cipher::Long(cipher) => cipher.decrypt(&iv, &[aad], sealed, out),
        };
        opened.ok()
    }
}

/// What is sent.
pub struct Outbound {
    rtp: Sealer,
    rtcp: Sealer,
    index: u32,
}

impl Outbound {
    /// Encrypts a packet whose header takes the first `header` bytes into `out`; gives its length.
    pub fn seal(&mut self, number: u64, packet: &[u8], header: usize, out: &mut [u8]) -> usize {
        let iv = AeadAes256Gcm::rtp_iv(self.rtp.salt, ssrc(packet), (number >> 16) as u32, number as u16);
        out[..header].copy_from_slice(&packet[..header]);
        let (head, body) = out.split_at_mut(header);
        self.rtp.seal(iv, head, &packet[header..], body);
        packet.len() + TAG
    }

    /// Encrypts an RTCP packet.
    pub fn seal_report(&mut self, packet: &[u8]) -> Vec<u8> {
        self.index += 1;
        let (head, body) = packet.split_at(8);
        let marked = (0x8000_0000 | self.index).to_be_bytes();
        let from = u32::from_be_bytes(head[4..8].try_into().unwrap());
        let iv = AeadAes256Gcm::rtcp_iv(self.rtcp.salt, from, self.index);
        let mut out = vec![0; packet.len() + TAG];
        out[..8].copy_from_slice(head);
        self.rtcp.seal(iv, &[head, &marked].concat(), body, &mut out[8..]);
        out.extend_from_slice(&marked);
        out
    }
}

/// One stream as it is received.
pub struct Stream {
    pub ssrc: u32,
    pub first: u64,
    pub highest: u64,
    pub received: u64,
    /// As of the last report: highest number and packets received.
    pub reported: (u64, u64),
}

/// What is received.
pub struct Inbound {
    rtp: Sealer,
    pub streams: Vec<Stream>,
}

impl Inbound {
    /// Decrypts a packet into `out`: its number, and the bytes of header and payload.
    pub fn open(&mut self, packet: &[u8], out: &mut [u8]) -> Option<(u64, usize, usize)> {
        let header = header(packet).filter(|long| packet.len() >= long + TAG)?;
        let (from, short) = (ssrc(packet), u16::from_be_bytes([packet[2], packet[3]]));
        let at = self.streams.iter().position(|known| known.ssrc == from);
        let number = match at {
            // The number nearest to the highest one so far that ends in these bits.
            Some(at) => {
                let highest = self.streams[at].highest;
                let ahead = short.wrapping_sub(highest as u16) as i16;
                highest.checked_add_signed(ahead.into())?
            }
            None => u64::from(short),
        };
        let iv = AeadAes256Gcm::rtp_iv(self.rtp.salt, from, (number >> 16) as u32, short);
        let long = self.rtp.open(iv, &packet[..header], &packet[header..], out)?;
        match at {
            Some(at) => {
                let known = &mut self.streams[at];
                known.highest = known.highest.max(number);
                known.received += 1;
            }
            None => self.streams.push(Stream {
                ssrc: from,
                first: number,
                highest: number,
                received: 1,
                reported: (number, 1),
            }),
        }
        Some((number, header, long))
    }
}

/// The sender of an RTP packet.
pub fn ssrc(packet: &[u8]) -> u32 {
    u32::from_be_bytes(packet[8..12].try_into().unwrap())
}

/// How long the header of an RTP packet is, extensions included.
pub fn header(packet: &[u8]) -> Option<usize> {
    let fixed = 12 + 4 * usize::from(packet.first()? & 15);
    if packet[0] & 16 == 0 {
        return Some(fixed).filter(|long| packet.len() >= *long);
    }
    let words = packet.get(fixed + 2..fixed + 4)?;
    Some(fixed + 4 + 4 * usize::from(u16::from_be_bytes([words[0], words[1]])))
}
