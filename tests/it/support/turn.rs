//! A TURN client for tests that says what it is told to, over UDP, TCP or TLS.

use std::net::SocketAddr;
use std::time::Duration;

use causeway::config;
use causeway::kernel::{Clock, SystemClock};
use causeway::media::{Pass, Relay};
use causeway::server::{Listener, prepare_tls};
use rustls::pki_types::ServerName;
use stun_types::attribute::{ErrorCode, Nonce, Realm, Username};
use stun_types::message::{
    IntegrityAlgorithm, LongTermKeyCredentials, Message, MessageClass, MessageType, MessageWrite,
    MessageWriteExt, MessageWriteVec, Method, TransactionId,
};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::timeout;
use turn_types::AddressFamily;
use turn_types::attribute::{
    ChannelNumber, Data, Lifetime, RequestedAddressFamily, RequestedTransport, XorPeerAddress,
};
use turn_types::message::SEND;

use super::Alliance;
use super::server::connector;

/// An answer on loopback takes a millisecond; a machine under load a thousand times as long.
const PATIENCE: Duration = Duration::from_secs(5);
/// Long enough to believe that nothing comes.
const SILENCE: Duration = Duration::from_millis(150);

/// A gateway with its real listener and its relay, on loopback.
pub struct Gateway {
    pub relay: Relay,
    pub tcp: SocketAddr,
    pub udp: SocketAddr,
    authority: std::path::PathBuf,
    _alliance: Alliance,
}

impl Gateway {
    /// With a relay that is told of as being at both families' loopback addresses.
    pub async fn open() -> Self {
        Self::with_workers(1).await
    }

    /// The same with so many workers.
    pub async fn with_workers(workers: u8) -> Self {
        let alliance = Alliance::open().await;
        let folder = alliance.store.folder().join("certs");
        let tls = config::Tls { folder: folder.clone(), ..config::Tls::default() };
        let shown = prepare_tls(&tls, SystemClock.now()).unwrap();
        let listener = Listener::bind(SocketAddr::from(([127, 0, 0, 1], 0)), &shown).await.unwrap();
        let tcp = listener.address().unwrap();
        let mut media = config::Media::on_loopback();
        media.advertise = vec!["127.0.0.1".parse().unwrap(), "::1".parse().unwrap()];
        media.advertise_tcp_port = Some(tcp.port());
        media.workers = std::num::NonZeroU8::new(workers);
        let relay = Relay::start(&media).unwrap();
        let udp = relay.addresses()[0];
        let mut app = alliance.app.clone();
        app.relay = Some(relay.clone());
        tokio::spawn(listener.serve(app));
        Self { relay, tcp, udp, authority: folder.join("ca.crt"), _alliance: alliance }
    }

    /// A client of the TURN server by one of its three ways.
    pub async fn client(&self, way: Way) -> Client {
        let line = match way {
            Way::Udp => {
                let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
                socket.connect(self.udp).await.unwrap();
                Line::Datagrams(socket)
            }
            Way::Tcp => Line::Stream(Box::new(TcpStream::connect(self.tcp).await.unwrap())),
            Way::Tls => {
                let tcp = TcpStream::connect(self.tcp).await.unwrap();
                let name = ServerName::try_from("localhost").unwrap();
                Line::Stream(Box::new(connector(&self.authority).connect(name, tcp).await.unwrap()))
            }
        };
        Client { line, nonce: None }
    }
}

#[derive(Debug, Clone, Copy)]
pub enum Way {
    Udp,
    Tcp,
    Tls,
}

impl Way {
    pub const ALL: [Self; 3] = [Self::Udp, Self::Tcp, Self::Tls];
}

trait Both: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Both for T {}

enum Line {
    Datagrams(UdpSocket),
    Stream(Box<dyn Both>),
}

pub struct Client {
    line: Line,
    nonce: Option<String>,
}

/// A part of a request.
#[derive(Debug, Clone, Copy)]
pub enum Part {
    Udp,
    Six,
    Peer(SocketAddr),
    Channel(u16),
    Life(u32),
}

impl Client {
    pub async fn say(&mut self, bytes: &[u8]) {
        match &mut self.line {
            Line::Datagrams(socket) => drop(socket.send(bytes).await),
            Line::Stream(stream) => stream.write_all(bytes).await.unwrap(),
        }
    }

    /// The next message; nothing if none comes.
    pub async fn hear(&mut self, within: Duration) -> Option<Vec<u8>> {
        timeout(within, async {
            match &mut self.line {
                Line::Datagrams(socket) => {
                    let mut buffer = vec![0; 2_000];
                    let length = socket.recv(&mut buffer).await.ok()?;
                    buffer.truncate(length);
                    Some(buffer)
                }
                Line::Stream(stream) => {
                    let mut bytes = vec![0; 4];
                    stream.read_exact(&mut bytes).await.ok()?;
                    let length = usize::from(u16::from_be_bytes([bytes[2], bytes[3]]));
                    let rest = if bytes[0] < 4 { 16 + length } else { length.next_multiple_of(4) };
                    bytes.resize(4 + rest, 0);
                    stream.read_exact(&mut bytes[4..]).await.ok()?;
                    Some(bytes)
                }
            }
        })
        .await
        .ok()
        .flatten()
    }

    pub async fn hears_nothing(&mut self) -> bool {
        self.hear(SILENCE).await.is_none()
    }

    /// A request under a pass, asked again with the nonce it is given; the error code, 0 for success.
    pub async fn asks(&mut self, pass: &Pass, method: Method, parts: &[Part]) -> u16 {
        loop {
            let nonce = self.nonce.clone();
            self.say(&request(method, parts, pass, nonce.as_deref())).await;
            let answer = self.hear(PATIENCE).await.expect("the TURN server answers");
            let message = Message::from_bytes(&answer).unwrap();
            let code = message.attribute::<ErrorCode>().map_or(0, |error| error.code());
            match message.attribute::<Nonce>() {
                Ok(fresh) if nonce.is_none() || code == 438 => self.nonce = Some(fresh.nonce().to_owned()),
                _ => return code,
            }
        }
    }
}

fn request(method: Method, parts: &[Part], pass: &Pass, nonce: Option<&str>) -> Vec<u8> {
    let kind = MessageType::from_class_method(MessageClass::Request, method);
    let transaction = TransactionId::generate();
    let mut message = Message::builder(kind, transaction, MessageWriteVec::new());
    for part in parts {
        match *part {
            Part::Udp => message.add_attribute(&RequestedTransport::new(17)),
            Part::Six => message.add_attribute(&RequestedAddressFamily::new(AddressFamily::IPV6)),
            Part::Peer(peer) => message.add_attribute(&XorPeerAddress::new(peer, transaction)),
            Part::Channel(number) => message.add_attribute(&ChannelNumber::new(number)),
            Part::Life(seconds) => message.add_attribute(&Lifetime::new(seconds)),
        }
        .unwrap();
    }
    if let Some(nonce) = nonce {
        message.add_attribute(&Username::new(&pass.user).unwrap()).unwrap();
        message.add_attribute(&Realm::new("cw").unwrap()).unwrap();
        message.add_attribute(&Nonce::new(nonce).unwrap()).unwrap();
        let key = LongTermKeyCredentials::new(pass.user.clone(), pass.credential.clone(), "cw".into());
        message.add_message_integrity(&key.into(), IntegrityAlgorithm::Sha1).unwrap();
    }
    message.finish()
}

/// "Send this to that peer."
pub fn send_to(peer: SocketAddr, data: &[u8]) -> Vec<u8> {
    let transaction = TransactionId::generate();
    let kind = MessageType::from_class_method(MessageClass::Indication, SEND);
    let mut message = Message::builder(kind, transaction, MessageWriteVec::new());
    message.add_attribute(&XorPeerAddress::new(peer, transaction)).unwrap();
    message.add_attribute(&Data::new(data)).unwrap();
    message.finish()
}
