//! The ways packets take in and out: the one socket, streams, and the TURN server between.
//!
//! A way out is found by where the packet goes: an address that the TURN server lent is a
//! client of it, a stream is a stream, everything else is a datagram.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Instant;

use tokio::sync::mpsc;

use super::demux::Remote;
use super::stream::{Framing, StreamSays};
use super::turn::{TurnServer, Via};

/// A stream that is open.
struct Stream {
    from: SocketAddr,
    framing: Framing,
    to: mpsc::Sender<Vec<u8>>,
}

pub(super) struct Carrier {
    socket: mio::net::UdpSocket,
    /// An IPv6 socket takes IPv4, too, and shows it mapped.
    is_dual: bool,
    streams: HashMap<u64, Stream>,
    /// Streams that carry ICE packets, by where they come from.
    by_address: HashMap<SocketAddr, u64>,
    pub(super) turn: TurnServer,
}

/// It could not be sent: the line is full or gone.
pub(super) struct Unsent;

impl Carrier {
    pub(super) fn new(socket: mio::net::UdpSocket, turn: TurnServer) -> io::Result<Self> {
        let is_dual = socket.local_addr()?.is_ipv6();
        Ok(Self { socket, is_dual, streams: HashMap::new(), by_address: HashMap::new(), turn })
    }

    pub(super) fn receive(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        let (length, from) = self.socket.recv_from(buffer)?;
        Ok((length, SocketAddr::new(from.ip().to_canonical(), from.port())))
    }

    pub(super) fn send(&mut self, to: Remote, bytes: &[u8], now: Instant) -> Result<(), Unsent> {
        match to {
            Remote::Tcp(address) => {
                let id = self.by_address.get(&address).ok_or(Unsent)?;
                self.write(*id, bytes.to_vec())
            }
            Remote::Udp(address) if self.turn.has_lent(address) => {
                let (client, packed) = self.turn.pack(address, bytes, now).ok_or(Unsent)?;
                self.answer(client, packed)
            }
            Remote::Udp(address) => self.datagram(address, bytes),
        }
    }

    /// Says something to a client of the TURN server.
    pub(super) fn answer(&self, client: Via, bytes: Vec<u8>) -> Result<(), Unsent> {
        match client {
            Via::Udp(address) => self.datagram(address, &bytes),
            Via::Stream(id, _) => self.write(id, bytes),
        }
    }

    /// A stream was opened or has ended.
    pub(super) fn open(&mut self, id: u64, from: SocketAddr, framing: Framing, to: mpsc::Sender<Vec<u8>>) {
        if framing == Framing::Ice {
            self.by_address.insert(from, id);
        }
        self.streams.insert(id, Stream { from, framing, to });
    }

    pub(super) fn close(&mut self, id: u64) {
        let Some(stream) = self.streams.remove(&id) else { return };
        if self.by_address.get(&stream.from) == Some(&id) {
            self.by_address.remove(&stream.from);
        }
        self.turn.hung_up(Via::Stream(id, stream.from));
    }

    /// Where a stream comes from, and what it carries.
    pub(super) fn stream(&self, id: u64) -> Option<(SocketAddr, Framing)> {
        self.streams.get(&id).map(|stream| (stream.from, stream.framing))
    }

    /// The stream's packets, once what opens and closes is taken care of.
    pub(super) fn note(&mut self, says: StreamSays) -> Option<(u64, Vec<Vec<u8>>)> {
        match says {
            StreamSays::Opened { id, from, framing, to } => self.open(id, from, framing, to),
            StreamSays::Closed { id } => self.close(id),
            StreamSays::Packets { id, packets } => return Some((id, packets)),
        }
        None
    }

    fn datagram(&self, to: SocketAddr, bytes: &[u8]) -> Result<(), Unsent> {
        let to = match to.ip() {
            IpAddr::V4(ip) if self.is_dual => SocketAddr::new(ip.to_ipv6_mapped().into(), to.port()),
            IpAddr::V4(_) | IpAddr::V6(_) => to,
        };
        self.socket.send_to(bytes, to).map(drop).map_err(|_| Unsent)
    }

    /// A full queue loses the packet, as a full line would.
    fn write(&self, id: u64, bytes: Vec<u8>) -> Result<(), Unsent> {
        self.streams.get(&id).ok_or(Unsent)?.to.try_send(bytes).map_err(|_| Unsent)
    }
}
