//! The UDP socket, many datagrams at a time.
//!
//! A picture comes as a burst of packets, and goes on to each viewer as one. The kernel takes and
//! gives such a burst in one call (segmentation offload), which is most of what a packet costs:
//! so what a round writes waits until its end, and leaves sorted by where it goes.

use std::io::{self, IoSliceMut};
use std::net::{IpAddr, SocketAddr};

use quinn_udp::{RecvMeta, Transmit, UdpSockRef, UdpSocketState};

/// Calls' worth of bursts taken at once.
const BURSTS: usize = 16;
/// The longest burst the kernel puts together, in bytes.
const BURST: usize = 65_536;
/// Datagrams of one burst: the kernel's own limit is 64.
const SEGMENTS: usize = 48;

/// Where received bursts are put; datagrams are read out of it.
pub(super) struct Inlet {
    buffers: Vec<Box<[u8]>>,
    bursts: [RecvMeta; BURSTS],
    filled: usize,
}

impl Inlet {
    pub(super) fn new() -> Self {
        let buffers = (0..BURSTS).map(|_| vec![0; BURST].into_boxed_slice()).collect();
        Self { buffers, bursts: [RecvMeta::default(); BURSTS], filled: 0 }
    }

    /// The datagrams of the last [`Socket::receive`], with their senders, as they came.
    pub(super) fn datagrams(&self) -> impl Iterator<Item = (SocketAddr, &[u8])> {
        let bursts = self.bursts[..self.filled].iter().zip(&self.buffers);
        bursts.flat_map(|(burst, buffer)| {
            let from = SocketAddr::new(burst.addr.ip().to_canonical(), burst.addr.port());
            buffer[..burst.len].chunks(burst.stride.max(1)).map(move |bytes| (from, bytes))
        })
    }

    /// What the last [`Socket::receive`] counts towards a round. An empty datagram is work, too.
    pub(super) fn weight(&self) -> usize {
        self.datagrams().count().max(self.filled)
    }
}

pub(super) struct Socket {
    io: mio::net::UdpSocket,
    state: UdpSocketState,
    /// An IPv6 socket takes IPv4, too, and shows it mapped.
    is_dual: bool,
    outbox: Vec<(SocketAddr, Vec<u8>)>,
    burst: Vec<u8>,
}

impl Socket {
    pub(super) fn new(io: mio::net::UdpSocket) -> io::Result<Self> {
        let state = UdpSocketState::new(UdpSockRef::from(&io))?;
        let is_dual = io.local_addr()?.is_ipv6();
        Ok(Self { io, state, is_dual, outbox: Vec::new(), burst: Vec::new() })
    }

    /// Takes what is there; whether there may be more. `WouldBlock` when nothing is.
    pub(super) fn receive(&self, inlet: &mut Inlet) -> io::Result<bool> {
        inlet.filled = 0;
        let mut slices: Vec<IoSliceMut<'_>> =
            inlet.buffers.iter_mut().map(|buffer| IoSliceMut::new(buffer)).collect();
        inlet.filled = self.state.recv(UdpSockRef::from(&self.io), &mut slices, &mut inlet.bursts)?;
        Ok(inlet.filled == BURSTS)
    }

    /// Puts a datagram into the outbox; [`Socket::flush`] sends it.
    pub(super) fn put(&mut self, to: SocketAddr, bytes: Vec<u8>) {
        let to = match to.ip() {
            IpAddr::V4(ip) if self.is_dual => SocketAddr::new(ip.to_ipv6_mapped().into(), to.port()),
            IpAddr::V4(_) | IpAddr::V6(_) => to,
        };
        self.outbox.push((to, bytes));
    }

    /// Sends the outbox, each receiver's datagrams together, and of these each stream's: packets
    /// of one picture are of one length, and a voice in between would break their burst. Within a
    /// stream they keep their order. Gives how many the kernel did not take.
    pub(super) fn flush(&mut self) -> u64 {
        let mut outbox = std::mem::take(&mut self.outbox);
        outbox.sort_by_key(|(to, bytes)| (*to, stream(bytes)));
        let mut unsent = 0;
        let mut rest = &outbox[..];
        while let Some((to, first)) = rest.first() {
            let alike = together(rest, self.state.max_gso_segments().min(SEGMENTS));
            let (now, later) = rest.split_at(alike);
            rest = later;
            if !(alike > 1 && self.send_burst(*to, first.len(), now)) {
                unsent += now.iter().filter(|(to, bytes)| !self.send(*to, bytes, None)).count() as u64;
            }
        }
        outbox.clear();
        self.outbox = outbox;
        unsent
    }

    fn send_burst(&mut self, to: SocketAddr, segment: usize, datagrams: &[(SocketAddr, Vec<u8>)]) -> bool {
        let mut burst = std::mem::take(&mut self.burst);
        burst.clear();
        datagrams.iter().for_each(|(_, bytes)| burst.extend_from_slice(bytes));
        let sent = self.send(to, &burst, Some(segment));
        self.burst = burst;
        sent
    }

    fn send(&self, to: SocketAddr, bytes: &[u8], segment: Option<usize>) -> bool {
        let transmit =
            Transmit { destination: to, ecn: None, contents: bytes, segment_size: segment, src_ip: None };
        self.state.try_send(UdpSockRef::from(&self.io), &transmit).is_ok()
    }
}

/// The stream of a media packet, which is not encrypted; nothing for anything else.
fn stream(bytes: &[u8]) -> Option<u32> {
    match bytes {
        // Reports are of the same kind, and of no stream.
        [128..=191, 192..=223, ..] => None,
        [128..=191, _, _, _, _, _, _, _, a, b, c, d, ..] => Some(u32::from_be_bytes([*a, *b, *c, *d])),
        _ => None,
    }
}

/// How many from the front may leave as one burst: same receiver, same length, the last one
/// shorter at most.
fn together(outbox: &[(SocketAddr, Vec<u8>)], most: usize) -> usize {
    let Some((to, first)) = outbox.first() else { return 0 };
    let most = most.min(BURST / first.len().max(1)).max(1);
    let mut taken = 1;
    for (next, bytes) in outbox.iter().take(most).skip(1) {
        if next != to || bytes.len() > first.len() {
            break;
        }
        taken += 1;
        if bytes.len() < first.len() {
            break;
        }
    }
    taken
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bound(at: &str) -> std::net::UdpSocket {
        let socket = std::net::UdpSocket::bind(at).unwrap();
        socket.set_nonblocking(true).unwrap();
        socket
    }

    /// One of ours, and where it is.
    fn opened(at: &str) -> (Socket, SocketAddr) {
        let socket = bound(at);
        let home = socket.local_addr().unwrap();
        (Socket::new(mio::net::UdpSocket::from_std(socket)).unwrap(), home)
    }

    fn outbox(parts: &[(u16, usize)]) -> Vec<(SocketAddr, Vec<u8>)> {
        parts.iter().map(|(port, long)| (SocketAddr::from(([127, 0, 0, 1], *port)), vec![7; *long])).collect()
    }

    #[test]
    fn a_burst_is_of_one_receiver_and_one_length_with_a_shorter_end() {
        assert_eq!(together(&[], 8), 0);
        assert_eq!(together(&outbox(&[(1, 100), (2, 100)]), 8), 1);
        assert_eq!(together(&outbox(&[(1, 100), (1, 100), (1, 40), (1, 40)]), 8), 3);
        assert_eq!(together(&outbox(&[(1, 100), (1, 101)]), 8), 1);
        assert_eq!(together(&outbox(&[(1, 100); 20]), 8), 8);
        assert_eq!(together(&outbox(&[(1, 0), (1, 0)]), 8), 2);
        // A burst never outgrows what the kernel takes in one call.
        assert_eq!(together(&outbox(&[(1, 30_000); 9]), 8), 2);
    }

    #[test]
    fn what_is_put_arrives_in_order_at_each_receiver() {
        let listens: Vec<_> = (0..3).map(|_| bound("127.0.0.1:0")).collect();
        for home in ["127.0.0.1:0", "[::]:0"] {
            let (mut sender, _) = opened(home);
            let mut sent = vec![Vec::new(); 3];
            for n in 0..90_usize {
                let bytes = vec![n as u8; if n % 10 == 9 { 300 } else { 1_100 }];
                sender.put(listens[n % 3].local_addr().unwrap(), bytes.clone());
                sent[n % 3].push(bytes);
            }
            assert_eq!(sender.flush(), 0);
            for (listen, sent) in listens.iter().zip(&sent) {
                let mut buffer = [0; 2_000];
                let got: Vec<Vec<u8>> = std::iter::from_fn(|| {
                    let (length, _) = listen.recv_from(&mut buffer).ok()?;
                    Some(buffer[..length].to_vec())
                })
                .collect();
                assert_eq!(&got, sent);
            }
        }
    }

    #[test]
    fn a_stream_leaves_together_and_in_its_order() {
        let packet = |stream: u8, number: u8| vec![0x90, 96, 0, number, 0, 0, 0, 0, 0, 0, 0, stream, 9];
        let report = vec![0x80, 200, 0, 6, 0, 0, 0, 0, 0, 0, 0, 0, 9];
        let mut outbox = vec![packet(7, 1), packet(3, 1), packet(7, 2), report.clone(), packet(3, 2)];

        outbox.sort_by_key(|bytes| stream(bytes));

        assert_eq!(outbox, [report, packet(3, 1), packet(3, 2), packet(7, 1), packet(7, 2)]);
    }

    #[test]
    fn an_empty_datagram_weighs_as_much_as_another() {
        let (receiver, home) = opened("127.0.0.1:0");
        let sender = bound("127.0.0.1:0");
        for length in [0, 9_000, 0] {
            sender.send_to(&[7; 9_000][..length], home).unwrap();
        }
        let (mut inlet, mut weight) = (Inlet::new(), 0);
        while receiver.receive(&mut inlet).is_ok() {
            weight += inlet.weight();
        }
        assert_eq!(weight, 3);
    }

    #[test]
    fn bursts_are_read_out_datagram_by_datagram() {
        let (receiver, home) = opened("127.0.0.1:0");
        let (mut sender, from) = opened("127.0.0.1:0");
        let lengths = [1_200, 1_200, 1_200, 500, 90, 90, 1_300];
        for (n, length) in lengths.iter().enumerate() {
            sender.put(home, vec![n as u8; *length]);
        }
        assert_eq!(sender.flush(), 0);
        let mut inlet = Inlet::new();
        let mut got = Vec::new();
        while receiver.receive(&mut inlet).is_ok() {
            got.extend(inlet.datagrams().map(|(who, bytes)| (who, bytes.to_vec())));
        }
        let sent = lengths.iter().enumerate().map(|(n, length)| (from, vec![n as u8; *length]));
        assert_eq!(got, sent.collect::<Vec<_>>());
    }
}
