//! One connection of a bot: real ICE and DTLS to set it up, then nothing but SRTP, which is what
//! makes a thousand of them cheap enough for one core.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use mio::net::UdpSocket;
use str0m::Candidate;
use str0m::config::DtlsCert;
use str0m::crypto::dtls::{DtlsInstance, DtlsOutput, DtlsVersion};
use str0m::ice::{IceAgent, IceAgentEvent, IceCreds, StunMessage, StunPacket};
use str0m::net::Protocol;

use super::sdp::Theirs;
use super::srtp::{CRYPTO, Inbound, Material, Outbound};

/// All bots have one certificate: making many is not what is measured.
static CERTIFICATE: LazyLock<DtlsCert> =
    LazyLock::new(|| CRYPTO.dtls_provider.generate_certificate().unwrap());

/// The fingerprint of the bots' certificate as session descriptions have it.
pub static FINGERPRINT: LazyLock<String> = LazyLock::new(|| {
    let sum = CRYPTO.sha256_provider.sha256(&CERTIFICATE.certificate);
    sum.iter().map(|byte| format!("{byte:02X}")).collect::<Vec<_>>().join(":")
});

/// A handshake under way.
struct Meeting {
    dtls: Box<dyn DtlsInstance>,
    active: bool,
    due: Option<Instant>,
}

pub struct Line {
    pub socket: UdpSocket,
    pub here: SocketAddr,
    agent: IceAgent,
    meeting: Option<Meeting>,
    to: Option<SocketAddr>,
    pub keys: Option<(Outbound, Inbound)>,
    /// Bits of the keys that were agreed on.
    pub bits: usize,
}

impl Line {
    pub fn new(ip: IpAddr) -> Self {
        let socket = std::net::UdpSocket::bind((ip, 0)).unwrap();
        socket.set_nonblocking(true).unwrap();
        let here = socket.local_addr().unwrap();
        let _ = socket2::SockRef::from(&socket).set_recv_buffer_size(1 << 20);
        let mut agent = IceAgent::with_hmac(IceCreds::new(), CRYPTO.sha1_hmac_provider);
        agent.set_timing_advance(Duration::from_millis(5));
        agent.add_local_candidate(Candidate::host(here, "udp").unwrap());
        let socket = UdpSocket::from_std(socket);
        Self { socket, here, agent, meeting: None, to: None, keys: None, bits: 0 }
    }

    /// Name and password for the session description.
    pub fn credentials(&self) -> (String, String) {
        let own = self.agent.local_credentials();
        (own.ufrag.clone(), own.pass.clone())
    }

    /// Sets out to connect with the other side.
    pub fn meet(&mut self, theirs: &Theirs, controlling: bool, now: Instant) {
        let creds = IceCreds { ufrag: theirs.ufrag.clone(), pass: theirs.password.clone() };
        self.agent.set_remote_credentials(creds);
        self.agent.set_controlling(controlling || theirs.lite);
        for candidate in &theirs.candidates {
            self.candidate(candidate);
        }
        let mut dtls = CRYPTO.dtls_provider.new_dtls(&CERTIFICATE, now, DtlsVersion::Dtls12, None).unwrap();
        dtls.set_active(!theirs.active);
        self.meeting = Some(Meeting { dtls, active: !theirs.active, due: None });
        self.tick(now);
    }

    /// A further address of the other side, as a session description writes it.
    pub fn candidate(&mut self, text: &str) {
        if let Ok(candidate) = Candidate::from_sdp_string(text)
            && candidate.proto() == Protocol::Udp
            && candidate.addr().is_ipv4() == self.here.is_ipv4()
        {
            self.agent.add_remote_candidate(candidate);
        }
    }

    /// Takes the keys as given: there is no handshake with the floor.
    pub fn take(&mut self, keys: &Material, to: SocketAddr) {
        self.socket.connect(to).unwrap();
        (self.to, self.bits) = (Some(to), keys.bits());
        self.keys = Some((keys.outbound(true), keys.inbound(false)));
    }

    pub fn is_up(&self) -> bool {
        self.keys.is_some()
    }

    /// Sends what is ready for the network.
    pub fn send(&self, bytes: &[u8]) -> io::Result<usize> {
        self.socket.send(bytes)
    }

    /// Takes in what is no media.
    pub fn handle(&mut self, bytes: &[u8], from: SocketAddr, now: Instant) {
        match bytes.first() {
            Some(0..=3) => {
                if let Ok(message) = StunMessage::parse(bytes) {
                    let packet =
                        StunPacket { proto: Protocol::Udp, source: from, destination: self.here, message };
                    self.agent.handle_packet(now, packet);
                }
            }
            Some(20..=63) => {
                if let Some(meeting) = &mut self.meeting {
                    meeting.dtls.handle_packet(bytes).unwrap();
                }
            }
            _ => return,
        }
        self.tick(now);
    }

    /// Lets time pass for ICE and the handshake.
    pub fn tick(&mut self, now: Instant) {
        if self.agent.remote_credentials().is_none() {
            return;
        }
        self.agent.handle_timeout(now);
        while let Some(event) = self.agent.poll_event() {
            if let IceAgentEvent::NominatedSend { destination, .. } = event
                && self.to != Some(destination)
            {
                self.socket.connect(destination).unwrap();
                self.to = Some(destination);
                self.start(now);
            }
        }
        while let Some(out) = self.agent.poll_transmit() {
            let _ = match self.to {
                Some(to) if to == out.destination => self.socket.send(&out.contents),
                Some(_) => Ok(0),
                None => self.socket.send_to(&out.contents, out.destination),
            };
        }
        self.shake(now);
    }

    fn start(&mut self, now: Instant) {
        if let Some(meeting) = &mut self.meeting {
            meeting.due = Some(now);
        }
    }

    fn shake(&mut self, now: Instant) {
        let (Some(meeting), Some(_)) = (&mut self.meeting, self.to) else { return };
        if meeting.due.is_some_and(|due| due <= now) {
            meeting.dtls.handle_timeout(now).unwrap();
        }
        let mut buffer = [0; 2_048];
        loop {
            match meeting.dtls.poll_output(&mut buffer) {
                DtlsOutput::Packet(packet) => drop(self.socket.send(packet)),
                DtlsOutput::KeyingMaterial(material, profile) => {
                    let keys = Material::agreed(&material, profile).expect("AES-GCM is agreed on");
                    self.bits = keys.bits();
                    self.keys = Some((keys.outbound(meeting.active), keys.inbound(!meeting.active)));
                }
                DtlsOutput::Timeout(due) => {
                    meeting.due = Some(due);
                    return;
                }
                _ => {}
            }
        }
    }
}
