//! A small client of our own server: HTTPS for requests, one WebSocket for the conversation.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use http_body_util::{BodyExt, Full};
use hyper::{Request, Response, StatusCode, Uri, header};
use hyper_util::rt::TokioIo;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::{self, Message};

/// No answer takes longer on a line that can carry a call.
const PATIENCE: Duration = Duration::from_secs(20);
/// A body larger than this is not from our server.
const LARGEST: usize = 1 << 20;

/// Why the server could not be talked to. Read by the person at the terminal.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// Not `https://host:port`.
    #[error("'{0}' is not an address like https://gateway.example:8443")]
    Address(String),
    /// A certificate file that holds none.
    #[error("{0} holds no certificate")]
    Authority(String),
    /// Nobody listens there, or a firewall is between.
    #[error("{0} cannot be reached: {1}")]
    Connect(String, std::io::Error),
    /// The certificate is not trusted, or no TLS is spoken.
    #[error("no secure connection: {0}")]
    Tls(std::io::Error),
    /// The answer was cut off or is no HTTP.
    #[error("the server's answer could not be read: {0}")]
    Http(#[from] hyper::Error),
    /// The server said no.
    #[error("{what} was answered with {status}")]
    Status {
        /// What was asked for.
        what: &'static str,
        /// The answer.
        status: StatusCode,
    },
    /// The WebSocket ended or could not be opened.
    #[error("the signaling line broke: {0}")]
    Line(#[from] Box<tungstenite::Error>),
    /// The server refused a command, with its code.
    #[error("{what} was refused: {code}")]
    Refused {
        /// What was asked for.
        what: &'static str,
        /// The server's word for why.
        code: String,
    },
    /// Nothing came for too long.
    #[error("no answer to {0} in time")]
    Late(&'static str),
}

/// A server, and who is signed in there.
pub struct Client {
    host: String,
    port: u16,
    tls: TlsConnector,
    cookie: Option<String>,
}

impl Client {
    /// A client for `https://host:port` that trusts these authorities (PEM files).
    pub fn new(address: &str, authorities: &[&Path]) -> Result<Self, ClientError> {
        let unclear = || ClientError::Address(address.to_owned());
        let uri: Uri = address.parse().map_err(|_| unclear())?;
        let host = uri.host().filter(|_| uri.scheme_str() == Some("https")).ok_or_else(unclear)?;
        let mut roots = rustls::RootCertStore::empty();
        for path in authorities {
            let no = || ClientError::Authority(path.display().to_string());
            let certificates = CertificateDer::pem_file_iter(path).map_err(|_| no())?;
            roots.add_parsable_certificates(certificates.flatten());
        }
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut config = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|why| ClientError::Tls(std::io::Error::other(why)))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self {
            host: host.to_owned(),
            port: uri.port_u16().unwrap_or(443),
            tls: TlsConnector::from(Arc::new(config)),
            cookie: None,
        })
    }

    /// The server's name.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Signs in; later requests and the line are this person's.
    pub async fn sign_in(&mut self, login: &str, password: &str) -> Result<Value, ClientError> {
        let body = json!({ "login": login, "password": password });
        let answer = self.send("POST", "/api/v1/session", Some(&body)).await?;
        let cookie = answer.headers().get(header::SET_COOKIE).and_then(|cookie| cookie.to_str().ok());
        self.cookie = cookie.and_then(|cookie| cookie.split(';').next()).map(str::to_owned);
        read("signing in", answer).await
    }

    /// Fetches a path.
    pub async fn get(&self, path: &str) -> Result<Value, ClientError> {
        read("a request", self.send("GET", path, None).await?).await
    }

    /// Ends the session.
    pub async fn sign_out(&mut self) -> Result<(), ClientError> {
        self.send("DELETE", "/api/v1/session", None).await?;
        self.cookie = None;
        Ok(())
    }

    /// Opens the signaling line and says hello.
    pub async fn line(&self, device: &str) -> Result<SignalLine, ClientError> {
        let mut request = Request::get(format!("wss://{}:{}/api/v1/socket", self.host, self.port))
            .header(header::HOST, self.authority())
            .header(header::ORIGIN, self.origin())
            .header(header::CONNECTION, "Upgrade")
            .header(header::UPGRADE, "websocket")
            .header(header::SEC_WEBSOCKET_VERSION, "13")
            .header(header::SEC_WEBSOCKET_PROTOCOL, "consult.v1")
            .header(header::SEC_WEBSOCKET_KEY, tungstenite::handshake::client::generate_key());
        if let Some(cookie) = &self.cookie {
            request = request.header(header::COOKIE, cookie);
        }
        let request = request.body(()).map_err(|_| ClientError::Address(self.origin()))?;
        let opening = tokio_tungstenite::client_async(request, self.connect().await?);
        let (socket, _) = tokio::time::timeout(PATIENCE, opening)
            .await
            .map_err(|_| ClientError::Late("the signaling line"))?
            .map_err(Box::new)?;
        let mut line = SignalLine { socket, next: 0 };
        line.say(&json!({ "t": "hello", "v": 1, "device": device, "caps": ["slots", "restart"] })).await?;
        line.until("hello", |frame| frame["t"] == "welcome").await?;
        Ok(line)
    }

    /// A plain TCP connection to the same port.
    pub async fn connect_plain(&self) -> Result<TcpStream, ClientError> {
        let name = self.authority();
        let connecting = TcpStream::connect((self.host.as_str(), self.port));
        tokio::time::timeout(PATIENCE, connecting)
            .await
            .map_err(|_| ClientError::Late("a connection"))?
            .map_err(|why| ClientError::Connect(name, why))
    }

    /// A TLS connection to it.
    pub async fn connect(&self) -> Result<TlsStream<TcpStream>, ClientError> {
        let tcp = self.connect_plain().await?;
        let name =
            ServerName::try_from(self.host.clone()).map_err(|_| ClientError::Address(self.host.clone()))?;
        tokio::time::timeout(PATIENCE, self.tls.connect(name, tcp))
            .await
            .map_err(|_| ClientError::Late("a secure connection"))?
            .map_err(ClientError::Tls)
    }

    async fn send(
        &self,
        method: &str,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Response<hyper::body::Incoming>, ClientError> {
        let stream = TokioIo::new(self.connect().await?);
        let (mut sender, connection) = hyper::client::conn::http1::handshake(stream).await?;
        // Ends with the answer; an error of it is told by the request.
        tokio::spawn(connection);
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, self.authority())
            .header(header::ORIGIN, self.origin())
            .header("x-causeway", "1");
        if let Some(cookie) = &self.cookie {
            request = request.header(header::COOKIE, cookie);
        }
        if body.is_some() {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        let body = Full::new(Bytes::from(body.map(Value::to_string).unwrap_or_default()));
        let request = request.body(body).map_err(|_| ClientError::Address(self.origin()))?;
        tokio::time::timeout(PATIENCE, sender.send_request(request))
            .await
            .map_err(|_| ClientError::Late("a request"))?
            .map_err(ClientError::Http)
    }

    fn authority(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }

    fn origin(&self) -> String {
        format!("https://{}", self.authority())
    }
}

async fn read(what: &'static str, answer: Response<hyper::body::Incoming>) -> Result<Value, ClientError> {
    let status = answer.status();
    if !status.is_success() {
        return Err(ClientError::Status { what, status });
    }
    let body = http_body_util::Limited::new(answer.into_body(), LARGEST);
    let bytes = body.collect().await.map_err(|_| ClientError::Late(what))?.to_bytes();
    Ok(serde_json::from_slice(&bytes).unwrap_or(Value::Null))
}

/// The signaling line of one person.
pub struct SignalLine {
    socket: WebSocketStream<TlsStream<TcpStream>>,
    next: u32,
}

impl SignalLine {
    /// Says a frame.
    pub async fn say(&mut self, frame: &Value) -> Result<(), ClientError> {
        self.socket.send(Message::text(frame.to_string())).await.map_err(Box::new)?;
        Ok(())
    }

    /// The next frame of the server.
    pub async fn hear(&mut self) -> Result<Value, ClientError> {
        loop {
            match self.socket.next().await {
                Some(Ok(Message::Text(text))) => {
                    return Ok(serde_json::from_str(&text).unwrap_or(Value::Null));
                }
                Some(Ok(Message::Close(_))) | None => {
                    return Err(Box::new(tungstenite::Error::ConnectionClosed).into());
                }
                Some(Ok(_)) => {}
                Some(Err(why)) => return Err(Box::new(why).into()),
            }
        }
    }

    /// Hears frames until the one that is waited for; the others are let go.
    pub async fn until(
        &mut self,
        what: &'static str,
        wanted: impl Fn(&Value) -> bool,
    ) -> Result<Value, ClientError> {
        let waiting = async {
            loop {
                let frame = self.hear().await?;
                if wanted(&frame) {
                    return Ok(frame);
                }
            }
        };
        tokio::time::timeout(PATIENCE, waiting).await.map_err(|_| ClientError::Late(what))?
    }

    /// Gives a command under a key of the caller's and waits for its answer.
    pub async fn command(
        &mut self,
        what: &'static str,
        op: &str,
        command: &Value,
    ) -> Result<Value, ClientError> {
        self.next += 1;
        let id = self.next;
        self.say(&json!({ "t": "cmd", "id": id, "op": op, "do": command })).await?;
        let mut answer = self.until(what, |frame| frame["t"] == "res" && frame["id"] == id).await?;
        match answer["err"]["code"].as_str() {
            Some(code) => Err(ClientError::Refused { what, code: code.to_owned() }),
            None => Ok(answer["ok"].take()),
        }
    }
}
