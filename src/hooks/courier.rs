//! The courier: one message to one address, over a connection of its own that goes only where
//! [`guard`] lets it.
//!
//! The name is looked up once and that very address is connected to, so that an answer which
//! changes meanwhile leads nowhere. No redirect is followed, no body is read, and everything
//! together has seconds.

use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::{Request, client::conn::http1, header};
use hyper_util::rt::TokioIo;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::{
    guard,
    model::{Address, DeliveryTrouble},
};
use crate::config::{Hooks, Net};

/// The most a receiver's head may have: its answer is a status, nothing else is wanted.
const HEAD: usize = 16 * 1024;
const HEADERS: usize = 64;

/// Why no message can be sent at all. Said before anything is started.
#[derive(Debug, thiserror::Error)]
pub enum NotReady {
    /// The file of a further authority holds no certificate.
    #[error("{0} holds no certificate")]
    Authority(String),
    /// TLS itself.
    #[error(transparent)]
    Tls(#[from] rustls::Error),
}

/// What is sent besides the body.
#[derive(Debug, Clone)]
pub struct Stamp {
    /// `webhook-id`
    pub id: String,
    /// `webhook-timestamp`, in seconds.
    pub seconds: i64,
    /// `webhook-signature`
    pub signature: String,
}

/// Sends messages.
pub struct Courier {
    tls: TlsConnector,
    allow: Vec<Net>,
    ports: Vec<u16>,
    patience: Duration,
}

impl Courier {
    /// A courier that trusts the public authorities and the operator's own.
    ///
    /// # Errors
    /// If the operator's file cannot be used.
    pub fn new(settings: &Hooks) -> Result<Self, NotReady> {
        let mut roots = rustls::RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        if let Some(path) = &settings.authority {
            let no = || NotReady::Authority(path.display().to_string());
            let found = CertificateDer::pem_file_iter(path).map_err(|_| no())?;
            let (added, _) = roots.add_parsable_certificates(found.flatten());
            if added == 0 {
                return Err(no());
            }
        }
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self {
            tls: TlsConnector::from(Arc::new(config)),
            allow: settings.allow.clone(),
            ports: settings.ports.clone(),
            // Longer than a try is held it must not last: another node would begin.
            patience: Duration::from_secs(settings.answer_within_seconds.clamp(1, 10)),
        })
    }

    /// Sends one message; the status of an answer that took it.
    ///
    /// # Errors
    /// What went wrong, and the status if there was one.
    pub async fn send(
        &self,
        to: &Address,
        stamp: &Stamp,
        body: &str,
    ) -> Result<u16, (DeliveryTrouble, Option<u16>)> {
        let sent = timeout(self.patience, self.sent(to, stamp, body)).await;
        let status = sent.unwrap_or(Err(DeliveryTrouble::TooSlow)).map_err(|trouble| (trouble, None))?;
        match status {
            200..=299 => Ok(status),
            300..=399 => Err((DeliveryTrouble::Redirected, Some(status))),
            _ => Err((DeliveryTrouble::NotTaken, Some(status))),
        }
    }

    async fn sent(&self, to: &Address, stamp: &Stamp, body: &str) -> Result<u16, DeliveryTrouble> {
        let peer = self.found(to).await?;
        let name = ServerName::try_from(to.host.clone()).map_err(|_| DeliveryTrouble::BadAddress)?;
        let tcp = TcpStream::connect(peer).await.map_err(|_| DeliveryTrouble::NoConnection)?;
        let tls = self.tls.connect(name, tcp).await.map_err(|_| DeliveryTrouble::NoTls)?;
        let broken = |_| DeliveryTrouble::BrokenAnswer;
        let (mut sender, connection) = http1::Builder::new()
            .max_headers(HEADERS)
            .max_buf_size(HEAD)
            .handshake(TokioIo::new(tls))
            .await
            .map_err(broken)?;
        let request = Request::post(to.path.as_str())
            .header(header::HOST, &to.authority)
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::USER_AGENT, concat!("Causeway/", env!("CARGO_PKG_VERSION")))
            .header("webhook-id", &stamp.id)
            .header("webhook-timestamp", stamp.seconds)
            .header("webhook-signature", &stamp.signature)
            .body(Full::new(Bytes::copy_from_slice(body.as_bytes())))
            .map_err(|_| DeliveryTrouble::BadAddress)?;
        let mut answer = pin!(sender.send_request(request));
        // The connection is driven here and dropped with the answer's body unread. It may end in
        // the same breath as the answer comes.
        let answer = tokio::select! {
            biased;
            answer = &mut answer => answer,
            _ = connection => answer.await,
        };
        Ok(answer.map_err(broken)?.status().as_u16())
    }

    /// Looks the host up once; the first of its addresses that may be reached.
    async fn found(&self, to: &Address) -> Result<SocketAddr, DeliveryTrouble> {
        if !self.ports.contains(&to.port) {
            return Err(DeliveryTrouble::ForbiddenPort);
        }
        let all: Vec<SocketAddr> = match to.host.parse::<IpAddr>() {
            Ok(address) => vec![SocketAddr::new(address, to.port)],
            Err(_) => {
                let found = lookup_host((to.host.as_str(), to.port)).await;
                found.map_err(|_| DeliveryTrouble::NoSuchHost)?.collect()
            }
        };
        if all.is_empty() {
            return Err(DeliveryTrouble::NoSuchHost);
        }
        let open = all.into_iter().find(|peer| guard::may_reach(peer.ip(), &self.allow));
        open.ok_or(DeliveryTrouble::ForbiddenAddress)
    }
}
