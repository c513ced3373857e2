//! The ways packets take in and out: the one socket, streams, and the TURN server between.
//!
//! A way out is found by where the packet goes: an address that the TURN server lent is a
//! client of it, a stream is a stream, everything else is a datagram.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::time::Instant;

use tokio::sync::mpsc;

use super::demux::Remote;
use super::socket::{Inlet, Socket};
use super::stream::{Framing, StreamSays};
use super::turn::{TurnServer, Via};

/// A stream that is open.
struct Stream {
    from: SocketAddr,
    framing: Framing,
    to: mpsc::Sender<Vec<u8>>,
}

pub(super) struct Carrier {
    socket: Socket,
    streams: HashMap<u64, Stream>,
    /// Streams that carry ICE packets, by where they come from.
    by_address: HashMap<SocketAddr, u64>,
    pub(super) turn: TurnServer,
}

/// It could not be sent: the line is full or gone.
pub(super) struct Unsent;

impl Carrier {
    pub(super) fn new(socket: mio::net::UdpSocket, turn: TurnServer) -> io::Result<Self> {
        let socket = Socket::new(socket)?;
        Ok(Self { socket, streams: HashMap::new(), by_address: HashMap::new(), turn })
    }

    /// Takes what datagrams are there; whether there may be more. `WouldBlock` when there are none.
    pub(super) fn receive(&self, inlet: &mut Inlet) -> io::Result<bool> {
        self.socket.receive(inlet)
    }

    /// Sends a packet: by a stream at once, as a datagram with the next [`Carrier::flush`].
    pub(super) fn send(&mut self, to: Remote, bytes: Vec<u8>, now: Instant) -> Result<(), Unsent> {
        match to {
            Remote::Tcp(address) => {
                let id = self.by_address.get(&address).ok_or(Unsent)?;
                self.write(*id, bytes)
            }
            Remote::Udp(address) if self.turn.has_lent(address) => {
                let (client, packed) = self.turn.pack(address, &bytes, now).ok_or(Unsent)?;
                self.answer(client, packed)
            }
            Remote::Udp(address) => {
                self.socket.put(address, bytes);
                Ok(())
            }
        }
    }

    /// Sends the datagrams of this round; gives how many the kernel did not take.
    pub(super) fn flush(&mut self) -> u64 {
        self.socket.flush()
    }

    /// Says something to a client of the TURN server.
    pub(super) fn answer(&mut self, client: Via, bytes: Vec<u8>) -> Result<(), Unsent> {
        match client {
            Via::Udp(address) => {
                self.socket.put(address, bytes);
                Ok(())
            }
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

    /// A full queue loses the packet, as a full line would.
    fn write(&self, id: u64, bytes: Vec<u8>) -> Result<(), Unsent> {
        self.streams.get(&id).ok_or(Unsent)?.to.try_send(bytes).map_err(|_| Unsent)
    }
}
