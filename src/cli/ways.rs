//! Trying the ways that media can take to a relay: "what is my address?", asked by each.

use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::UdpSocket;
use tokio::time::timeout;

use crate::kernel::{DiceExt, OsDice};

/// Questions on one way. The relay answers strangers ten a second.
const QUESTIONS: u32 = 8;
const APART: Duration = Duration::from_millis(110);
/// Questions without any answer after which nobody is there: one may be lost on the way.
const GIVEN_UP: u32 = 3;
/// An answer that takes longer would be of no use to a call.
const PATIENCE: Duration = Duration::from_secs(2);

/// How a way is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Way {
    /// From the first try to the first answer, connecting included.
    pub set_up: Duration,
    /// There and back, the middle of some.
    pub trip: Duration,
    /// Questions that got no answer.
    pub lost: u32,
}

impl std::fmt::Display for Way {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let ms = |span: Duration| span.as_secs_f64() * 1_000.0;
        write!(
            f,
            "set up in {:.1} ms, {:.1} ms away, {} of {QUESTIONS} lost",
            ms(self.set_up),
            ms(self.trip),
            self.lost
        )
    }
}

/// By datagrams; nothing if nobody answers.
pub async fn by_udp(to: SocketAddr) -> Option<Way> {
    let here = if to.is_ipv4() { IpAddr::from([0, 0, 0, 0]) } else { IpAddr::from([0_u16; 8]) };
    let socket = UdpSocket::bind(SocketAddr::new(here, 0)).await.ok()?;
    socket.connect(to).await.ok()?;
    let start = Instant::now();
    let mut trips = Vec::new();
    let mut set_up = None;
    for number in 1..=QUESTIONS {
        let (id, asked) = (OsDice.bytes::<12>(), Instant::now());
        // A refused datagram is one without an answer.
        let _ = socket.send(&question(id)).await;
        let mut buffer = [0; 200];
        let answer = async {
            loop {
                let length = socket.recv(&mut buffer).await.ok()?;
                if is_answer(&buffer[..length], id) {
                    return Some(());
                }
            }
        };
        if let Ok(Some(())) = timeout(PATIENCE, answer).await {
            set_up.get_or_insert(start.elapsed());
            trips.push(asked.elapsed());
        } else if set_up.is_none() && number == GIVEN_UP {
            return None;
        }
        tokio::time::sleep(APART).await;
    }
    way(set_up?, trips)
}

/// On a stream that was begun to be opened at `start`; nothing if nobody answers.
pub async fn by_stream(mut stream: impl AsyncRead + AsyncWrite + Unpin, start: Instant) -> Option<Way> {
    let mut trips = Vec::new();
    let mut set_up = None;
    for _ in 0..QUESTIONS {
        let (id, asked) = (OsDice.bytes::<12>(), Instant::now());
        let answer = async {
            stream.write_all(&question(id)).await.ok()?;
            stream.flush().await.ok()?;
            let mut head = [0; 20];
            stream.read_exact(&mut head).await.ok()?;
            let mut rest = vec![0; usize::from(u16::from_be_bytes([head[2], head[3]]))];
            stream.read_exact(&mut rest).await.ok()?;
            is_answer(&[&head[..], &rest].concat(), id).then_some(())
        };
        timeout(PATIENCE, answer).await.ok()??;
        set_up.get_or_insert(start.elapsed());
        trips.push(asked.elapsed());
        tokio::time::sleep(APART).await;
    }
    way(set_up?, trips)
}

fn way(set_up: Duration, mut trips: Vec<Duration>) -> Option<Way> {
    trips.sort_unstable();
    let lost = QUESTIONS - trips.len() as u32;
    Some(Way { set_up, trip: *trips.get(trips.len() / 2)?, lost })
}

/// A STUN binding request.
fn question(id: [u8; 12]) -> Vec<u8> {
    [&[0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42][..], &id].concat()
}

fn is_answer(bytes: &[u8], id: [u8; 12]) -> bool {
    bytes.starts_with(&[1, 1]) && bytes.get(8..20) == Some(&id[..])
}
