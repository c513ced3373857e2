//! Media over TCP: cutting a stream into packets, and carrying them to the worker and back.
//!
//! Where datagrams do not get through, a browser opens a stream to the HTTPS port and speaks
//! TURN on it, or ICE with a length before each packet (RFC 4571). The listener tells which
//! by the first bytes and hands the stream over. Each is a task of its own: one that does
//! not read costs itself its packets, and one that sends too fast is read more slowly.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, timeout_at};

use super::demux::LONGEST;
use super::relay::Relay;

/// Packets that may wait for a stream. A tenth of a second of a call: more would only be late.
const WAITING: usize = 96;
/// A stream on which nothing was worth an answer by then is none of ours.
const UNANSWERED: Duration = Duration::from_secs(10);
/// A stream that is used says something far more often than this.
const SILENT: Duration = Duration::from_secs(120);
/// A browser that takes nothing for so long is gone.
const STUCK: Duration = Duration::from_secs(15);
/// Bytes read a second, at most: ten times a call.
const PACE: f64 = 1_500_000.0;
/// What a packet counts beside its bytes: the smallest ones are work, too.
const PER_PACKET: usize = 300;
/// Looked at again after this when the worker has enough to do.
pub(super) const BREATH: Duration = Duration::from_millis(2);

const COOKIE: [u8; 4] = [0x21, 0x12, 0xa4, 0x42];

/// How packets follow each other on a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    /// STUN messages and channel data, which say their length themselves.
    Turn,
    /// Two bytes of length before each packet.
    Ice,
}

/// What the first bytes of a stream say about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opening {
    /// Media, packed like this.
    Media(Framing),
    /// Something else.
    Other,
    /// Too few bytes to tell.
    Unclear,
}

/// Tells a stream by its first bytes. Both kinds of media begin with a STUN request, and no
/// text and no TLS record begins with a byte below four.
pub fn opening(first: &[u8]) -> Opening {
    match first {
        [] => Opening::Unclear,
        [4..=255, ..] => Opening::Other,
        [_, _, _, _, cookie @ ..] if cookie.len() >= 4 && cookie.starts_with(&COOKIE) => {
            Opening::Media(Framing::Turn)
        }
        [_, _, _, _, _, _, cookie @ ..] if cookie.starts_with(&COOKIE) => Opening::Media(Framing::Ice),
        _ if first.len() < 10 => Opening::Unclear,
        _ => Opening::Other,
    }
}

/// What streams tell the worker.
pub(super) enum StreamSays {
    Opened { id: u64, from: SocketAddr, framing: Framing, to: mpsc::Sender<Vec<u8>> },
    Packets { id: u64, packets: Vec<Vec<u8>> },
    Closed { id: u64 },
}

/// A stream that does not keep to its framing.
#[derive(Debug, PartialEq, Eq)]
struct Garbled;

/// Cuts what arrives into packets.
struct Cutter {
    framing: Framing,
    rest: Vec<u8>,
}

impl Cutter {
    fn new(framing: Framing) -> Self {
        Self { framing, rest: Vec::new() }
    }

    fn cut(&mut self, bytes: &[u8]) -> Result<Vec<Vec<u8>>, Garbled> {
        self.rest.extend_from_slice(bytes);
        let mut packets = Vec::new();
        let mut at = 0;
        while let Some((skip, length, pad)) = lengths(self.framing, &self.rest[at..])? {
            let Some(packet) = self.rest.get(at + skip..at + skip + length) else { break };
            if self.rest.len() < at + skip + length + pad {
                break;
            }
            packets.push(packet.to_vec());
            at += skip + length + pad;
        }
        self.rest.drain(..at);
        Ok(packets)
    }
}

/// How much of a stream that comes in these parts is kept for later; nothing when it is garbled.
pub(super) fn cut(framing: Framing, parts: &[&[u8]]) -> Option<usize> {
    let mut cutter = Cutter::new(framing);
    parts.iter().try_for_each(|part| cutter.cut(part).map(drop)).ok()?;
    Some(cutter.rest.len())
}

/// Of the packet at the start: bytes before it that are not its own, its length, bytes after it.
fn lengths(framing: Framing, bytes: &[u8]) -> Result<Option<(usize, usize, usize)>, Garbled> {
    let word = |at: usize| Some(usize::from(u16::from_be_bytes([*bytes.get(at)?, *bytes.get(at + 1)?])));
    let found = match (framing, bytes.first()) {
        (_, None) => None,
        (Framing::Ice, Some(_)) => word(0).map(|length| (2, length, 0)),
        (Framing::Turn, Some(0..=3)) => word(2).map(|length| (0, 20 + length, 0)),
        (Framing::Turn, Some(0x40..=0x4f)) => {
            word(2).map(|length| (0, 4 + length, length.next_multiple_of(4) - length))
        }
        (Framing::Turn, Some(_)) => return Err(Garbled),
    };
    match found {
        Some((_, length, _)) if length > LONGEST => Err(Garbled),
        found => Ok(found),
    }
}

/// Writes a packet as the stream's framing wants it.
fn frame(framing: Framing, packet: &[u8], out: &mut Vec<u8>) {
    match framing {
        Framing::Ice => {
            out.extend_from_slice(&(packet.len() as u16).to_be_bytes());
            out.extend_from_slice(packet);
        }
        Framing::Turn => {
            out.extend_from_slice(packet);
            // Channel data is padded on streams; STUN messages are multiples of four already.
            out.resize(out.len() + packet.len().next_multiple_of(4) - packet.len(), 0);
        }
    }
}

impl Relay {
    /// Carries a stream of media until either side ends it. `first` was read from it already.
    pub async fn carry<S>(&self, stream: S, first: Vec<u8>, from: SocketAddr, framing: Framing)
    where
        S: AsyncRead + AsyncWrite + Send,
    {
        let (to, packets) = mpsc::channel(WAITING);
        let id = self.next_stream();
        if !self.hand(StreamSays::Opened { id, from, framing, to }).await {
            return;
        }
        let (reading, writing) = tokio::io::split(stream);
        let answered = std::sync::atomic::AtomicBool::new(false);
        tokio::select! {
            () = self.read(reading, first, (id, framing), &answered) => {}
            () = write(writing, packets, framing, &answered) => {}
        }
        self.hand(StreamSays::Closed { id }).await;
    }

    async fn read(
        &self,
        mut stream: impl AsyncRead + Unpin,
        first: Vec<u8>,
        (id, framing): (u64, Framing),
        answered: &std::sync::atomic::AtomicBool,
    ) {
        let (mut cutter, mut buffer, mut ahead) = (Cutter::new(framing), vec![0; 16 * 1024], 0.0_f64);
        let (mut bytes, opened) = (first, Instant::now());
        let mut since = opened;
        loop {
            let Ok(packets) = cutter.cut(&bytes) else { return };
            let weight = bytes.len() + PER_PACKET * packets.len();
            if !packets.is_empty() && !self.hand(StreamSays::Packets { id, packets }).await {
                return;
            }
            // How far this stream is ahead of its pace, in bytes.
            ahead = (ahead - since.elapsed().as_secs_f64() * PACE).max(0.0) + weight as f64;
            since = Instant::now();
            if ahead > PACE / 5.0 {
                sleep(Duration::from_secs_f64((ahead - PACE / 5.0) / PACE)).await;
            }
            // Until something was worth an answer, all that is said has to be said by then.
            let is_answered = answered.load(std::sync::atomic::Ordering::Relaxed);
            let until = if is_answered { Instant::now() + SILENT } else { opened + UNANSWERED };
            match timeout_at(until, stream.read(&mut buffer)).await {
                Ok(Ok(length)) if length > 0 => bytes = buffer[..length].to_vec(),
                Ok(Ok(_) | Err(_)) | Err(_) => return,
            }
        }
    }

    /// Waits while the worker has enough to do; false when it has ended.
    async fn hand(&self, mut says: StreamSays) -> bool {
        loop {
            match self.tell_stream(says) {
                Ok(()) => return true,
                Err(None) => return false,
                Err(Some(back)) => says = back,
            }
            sleep(BREATH).await;
        }
    }
}

async fn write(
    mut stream: impl AsyncWrite + Unpin,
    mut packets: mpsc::Receiver<Vec<u8>>,
    framing: Framing,
    answered: &std::sync::atomic::AtomicBool,
) {
    let mut out = Vec::with_capacity(16 * 1024);
    while let Some(packet) = packets.recv().await {
        answered.store(true, std::sync::atomic::Ordering::Relaxed);
        out.clear();
        frame(framing, &packet, &mut out);
        while out.len() < 12 * 1024
            && let Ok(packet) = packets.try_recv()
        {
            frame(framing, &packet, &mut out);
        }
        let writing = async {
            stream.write_all(&out).await?;
            stream.flush().await
        };
        match timeout_at(Instant::now() + STUCK, writing).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) | Err(_) => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_stream_is_told_by_its_first_bytes() {
        let turn = [0, 3, 0, 0, 0x21, 0x12, 0xa4, 0x42, 7, 7];
        let ice = [0, 100, 0, 1, 0, 80, 0x21, 0x12, 0xa4, 0x42];

        assert_eq!(opening(&turn), Opening::Media(Framing::Turn));
        assert_eq!(opening(&ice), Opening::Media(Framing::Ice));
        for other in [&b"GET / HTTP/1.1"[..], b"PRI * HTTP/2.0", &[0x16, 3, 1], &[0; 10], &[1; 12]] {
            assert_eq!(opening(other), Opening::Other, "{other:?}");
        }
        for few in [&turn[..0], &turn[..7], &ice[..9]] {
            assert_eq!(opening(few), Opening::Unclear, "{few:?}");
        }
    }

    proptest! {
        #[test]
        fn packets_come_out_as_they_went_in_however_the_stream_is_cut(
            sizes in prop::collection::vec(0usize..400, 1..20),
            cut in 1usize..97,
            is_ice: bool,
        ) {
            let framing = if is_ice { Framing::Ice } else { Framing::Turn };
            let packets: Vec<Vec<u8>> = sizes
                .iter()
                .map(|size| {
                    let mut packet = vec![0x40, 1, (size >> 8) as u8, *size as u8];
                    packet.resize(4 + size, 9);
                    packet
                })
                .collect();
            let mut stream = Vec::new();
            packets.iter().for_each(|packet| frame(framing, packet, &mut stream));
            let mut cutter = Cutter::new(framing);

            let out: Vec<Vec<u8>> =
                stream.chunks(cut).flat_map(|part| cutter.cut(part).unwrap()).collect();

            prop_assert_eq!(out, packets);
            prop_assert!(cutter.rest.is_empty());
        }

        #[test]
        fn no_bytes_make_the_cutter_panic_or_keep_more_than_a_packet(
            parts in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 0..20),
            is_ice: bool,
        ) {
            let mut cutter = Cutter::new(if is_ice { Framing::Ice } else { Framing::Turn });
            for part in parts {
                opening(&part);
                if cutter.cut(&part).is_err() {
                    break;
                }
                prop_assert!(cutter.rest.len() <= LONGEST + 8);
            }
        }
    }
}
