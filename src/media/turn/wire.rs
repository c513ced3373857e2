//! TURN on the wire: reading what clients say and writing answers, over the codec crates (pure).

use std::net::SocketAddr;
use std::time::Duration;

use stun_types::attribute::{
    Attribute, AttributeStaticType, AttributeType, ErrorCode, MessageIntegrity, MessageIntegritySha256,
    Nonce, Realm, UnknownAttributes, Userhash, Username, XorMappedAddress,
};
use stun_types::message::{
    BINDING, IntegrityAlgorithm, IntegrityKey, LongTermKeyCredentials, Message, MessageClass, MessageType,
    MessageWrite, MessageWriteExt, MessageWriteVec,
};
use turn_types::AddressFamily;
use turn_types::attribute::{
    ChannelNumber, Data, Lifetime, RequestedAddressFamily, RequestedTransport, XorPeerAddress,
    XorRelayedAddress,
};
use turn_types::channel::ChannelData;
use turn_types::message::{ALLOCATE, CHANNEL_BIND, CREATE_PERMISSION, DATA, REFRESH, SEND};

/// Short, as every refusal to a stranger carries it.
pub(super) const REALM: &str = "cw";
/// The number of UDP among the protocols.
const UDP: u8 = 17;
/// Peers of one request.
const MOST_PEERS: usize = 8;

/// The key that a participant signs requests with.
pub(super) type Key = IntegrityKey;

/// Something a client says.
pub(super) enum Ask<'a> {
    /// Data on a channel.
    Channel { number: u16, data: &'a [u8] },
    /// Data to a peer.
    Send { peer: SocketAddr, data: &'a [u8] },
    /// "What is my address?"
    Address(Request<'a>),
    /// A request that needs a pass.
    Request(Request<'a>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Method {
    Allocate,
    Refresh,
    CreatePermission,
    ChannelBind,
}

/// Why a request is not granted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    BadRequest,
    Unauthorized,
    Forbidden,
    Unknown(u16),
    Mismatch,
    StaleNonce,
    UnsupportedFamily,
    WrongCredentials,
    UnsupportedTransport,
    FamilyMismatch,
    QuotaReached,
    NoCapacity,
}

impl Fault {
    /// The number of the specification.
    pub(super) fn code(self) -> u16 {
        match self {
            Self::BadRequest => 400,
            Self::Unauthorized => 401,
            Self::Forbidden => 403,
            Self::Unknown(_) => 420,
            Self::Mismatch => 437,
            Self::StaleNonce => 438,
            Self::UnsupportedFamily => 440,
            Self::WrongCredentials => 441,
            Self::UnsupportedTransport => 442,
            Self::FamilyMismatch => 443,
            Self::QuotaReached => 486,
            Self::NoCapacity => 508,
        }
    }

    /// The client can go on with a fresh nonce.
    pub(super) fn wants_nonce(self) -> bool {
        matches!(self, Self::Unauthorized | Self::StaleNonce)
    }
}

/// What was granted.
pub(super) enum Granted {
    Allocated { lent: SocketAddr, lifetime: Duration },
    Refreshed { lifetime: Duration },
    Done,
}

/// Who a request says that it is from.
pub(super) struct Claim<'a> {
    pub(super) user: &'a str,
    pub(super) nonce: &'a str,
}

pub(super) struct Request<'a> {
    pub(super) method: Method,
    message: Message<'a>,
    bytes: &'a [u8],
}

/// Reads what a client says; nothing for what is none of the server's business.
pub(super) fn read(bytes: &[u8]) -> Option<Ask<'_>> {
    if bytes.first()? & 0xc0 == 0x40 {
        let (number, length) = ChannelData::parse_header(bytes).ok()?;
        return Some(Ask::Channel { number, data: bytes.get(4..4 + length)? });
    }
    let message = Message::from_bytes(bytes).ok()?;
    let method = message.method();
    match message.class() {
        MessageClass::Indication if method == SEND => {
            let peer = message.attribute::<XorPeerAddress>().ok()?.addr(message.transaction_id());
            let (at, data) = message.raw_attribute_and_offset(Data::TYPE)?;
            Some(Ask::Send { peer, data: bytes.get(at + 4..at + 4 + usize::from(data.length()))? })
        }
        MessageClass::Request if method == BINDING => {
            Some(Ask::Address(Request { method: Method::Refresh, message, bytes }))
        }
        MessageClass::Request => {
            let method = match method {
                ALLOCATE => Method::Allocate,
                REFRESH => Method::Refresh,
                CREATE_PERMISSION => Method::CreatePermission,
                CHANNEL_BIND => Method::ChannelBind,
                _ => return None,
            };
            Some(Ask::Request(Request { method, message, bytes }))
        }
        MessageClass::Indication | MessageClass::Success | MessageClass::Error => None,
    }
}

impl<'a> Request<'a> {
    pub(super) fn transaction(&self) -> u128 {
        self.message.transaction_id().into()
    }

    /// Nothing in it that has to be understood and is not.
    pub(super) fn is_understood(&self) -> Result<(), Fault> {
        const KNOWN: &[AttributeType] = &[
            Username::TYPE,
            Userhash::TYPE,
            Realm::TYPE,
            Nonce::TYPE,
            MessageIntegrity::TYPE,
            MessageIntegritySha256::TYPE,
            ChannelNumber::TYPE,
            Lifetime::TYPE,
            XorPeerAddress::TYPE,
            RequestedTransport::TYPE,
            RequestedAddressFamily::TYPE,
        ];
        let strange = |kind: &AttributeType| kind.comprehension_required() && !KNOWN.contains(kind);
        let mut kinds = self.message.iter_attributes().map(|(_, attribute)| attribute.get_type());
        kinds.find(strange).map_or(Ok(()), |kind| Err(Fault::Unknown(kind.value())))
    }

    /// Who it says it is from; unauthorized when it does not say.
    pub(super) fn claim(&self) -> Result<Claim<'a>, Fault> {
        if !self.message.has_attribute(MessageIntegrity::TYPE) {
            return Err(Fault::Unauthorized);
        }
        let user = self.text(Username::TYPE).ok_or(Fault::BadRequest)?;
        let nonce = self.text(Nonce::TYPE).ok_or(Fault::BadRequest)?;
        if self.text(Realm::TYPE) != Some(REALM) {
            return Err(Fault::Unauthorized);
        }
        Ok(Claim { user, nonce })
    }

    pub(super) fn key(user: &str, credential: &str) -> Key {
        LongTermKeyCredentials::new(user.into(), credential.into(), REALM.into())
            .make_key(IntegrityAlgorithm::Sha1)
    }

    pub(super) fn is_signed_by(&self, key: &Key) -> bool {
        self.message.validate_integrity_with_key(key).is_ok()
    }

    /// Whether datagrams are to be relayed; a bad request when it does not say what is.
    pub(super) fn wants_udp(&self) -> Result<bool, Fault> {
        let asked = self.message.attribute::<RequestedTransport>().map_err(|_| Fault::BadRequest)?;
        Ok(asked.protocol() == UDP)
    }

    /// The family that was asked for: IPv4 or not.
    pub(super) fn family(&self) -> Option<bool> {
        let asked = self.message.attribute::<RequestedAddressFamily>().ok()?;
        Some(asked.family() == AddressFamily::IPV4)
    }

    pub(super) fn lifetime(&self) -> Option<Duration> {
        let asked = self.message.attribute::<Lifetime>().ok()?;
        Some(Duration::from_secs(u64::from(asked.seconds())))
    }

    pub(super) fn peers(&self) -> Result<Vec<SocketAddr>, Fault> {
        let transaction = self.message.transaction_id();
        let mut peers = Vec::new();
        for (_, attribute) in self.message.iter_attributes() {
            if attribute.get_type() != XorPeerAddress::TYPE {
                continue;
            }
            let peer = XorPeerAddress::try_from(&attribute).map_err(|_| Fault::BadRequest)?;
            peers.push(peer.addr(transaction));
            if peers.len() > MOST_PEERS {
                return Err(Fault::BadRequest);
            }
        }
        Ok(peers)
    }

    pub(super) fn channel(&self) -> Result<u16, Fault> {
        let asked = self.message.attribute::<ChannelNumber>().map_err(|_| Fault::BadRequest)?;
        let number = asked.channel();
        if (0x4000..=0x4fff).contains(&number) { Ok(number) } else { Err(Fault::BadRequest) }
    }

    pub(super) fn your_address(&self, address: SocketAddr) -> Vec<u8> {
        let mut answer = self.answer(MessageClass::Success);
        add(&mut answer, &XorMappedAddress::new(address, self.message.transaction_id()));
        answer.finish()
    }

    pub(super) fn granted(&self, what: &Granted, address: SocketAddr, key: &Key) -> Vec<u8> {
        let mut answer = self.answer(MessageClass::Success);
        let transaction = self.message.transaction_id();
        match what {
            Granted::Allocated { lent, lifetime } => {
                add(&mut answer, &XorRelayedAddress::new(*lent, transaction));
                add(&mut answer, &Lifetime::new(lifetime.as_secs() as u32));
                add(&mut answer, &XorMappedAddress::new(address, transaction));
            }
            Granted::Refreshed { lifetime } => {
                add(&mut answer, &Lifetime::new(lifetime.as_secs() as u32));
            }
            Granted::Done => {}
        }
        sign(&mut answer, key);
        answer.finish()
    }

    /// A refusal: the number, no words. To a stranger with what it needs to ask again.
    pub(super) fn refused(&self, fault: Fault, nonce: Option<&str>, key: Option<&Key>) -> Vec<u8> {
        let mut answer = self.answer(MessageClass::Error);
        if let Ok(code) = ErrorCode::new(fault.code(), "") {
            add(&mut answer, &code);
        }
        if let Some(nonce) = nonce.and_then(|nonce| Nonce::new(nonce).ok()) {
            add(&mut answer, &nonce);
            add(&mut answer, &Realm::new(REALM).expect("two letters fit into 763 bytes"));
        }
        if let Fault::Unknown(kind) = fault {
            add(&mut answer, &UnknownAttributes::new(&[AttributeType::new(kind)]));
        }
        if let Some(key) = key {
            sign(&mut answer, key);
        }
        answer.finish()
    }

    fn answer(&self, class: MessageClass) -> MessageWriteVec {
        let kind = MessageType::from_class_method(class, self.message.method());
        Message::builder(kind, self.message.transaction_id(), MessageWriteVec::with_capacity(160))
    }

    fn text(&self, kind: AttributeType) -> Option<&'a str> {
        let (at, found) = self.message.raw_attribute_and_offset(kind)?;
        let (at, length) = (at + 4, usize::from(found.length()));
        std::str::from_utf8(self.bytes.get(at..at + length)?).ok()
    }
}

/// Data for a participant on a channel.
pub(super) fn channel_data(number: u16, bytes: &[u8]) -> Vec<u8> {
    let mut packed = Vec::with_capacity(4 + bytes.len());
    packed.extend_from_slice(&number.to_be_bytes());
    packed.extend_from_slice(&(bytes.len() as u16).to_be_bytes());
    packed.extend_from_slice(bytes);
    packed
}

/// Data for a participant that has bound no channel.
pub(super) fn data_indication(peer: SocketAddr, bytes: &[u8]) -> Vec<u8> {
    let kind = MessageType::from_class_method(MessageClass::Indication, DATA);
    // Nobody answers an indication, so its number ties nothing together.
    let transaction = 0.into();
    let writer = MessageWriteVec::with_capacity(60 + bytes.len());
    let mut message = Message::builder(kind, transaction, writer);
    add(&mut message, &XorPeerAddress::new(peer, transaction));
    add(&mut message, &Data::new(bytes));
    message.finish()
}

fn add(message: &mut MessageWriteVec, attribute: &dyn stun_types::attribute::AttributeWrite) {
    // Refused only for what comes twice or after the signature; the callers write each once.
    let _ = message.add_attribute(attribute);
}

fn sign(message: &mut MessageWriteVec, key: &Key) {
    let _ = message.add_message_integrity_with_key(key, IntegrityAlgorithm::Sha1);
}
