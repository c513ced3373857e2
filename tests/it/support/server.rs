//! The real binary on a port of its own, and a client that reaches it through TLS.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use causeway::config;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use serde_json::Value;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// Where one installation keeps everything; the binary can be started in it again and again.
pub struct House {
    pub folder: PathBuf,
    pub database: config::Database,
}

/// A running binary. Dropping it kills it, as a power cut would.
pub struct Running {
    child: Child,
    /// How long it took from the start of the process until it listened.
    pub took: Duration,
    pub door: Door,
}

/// How to reach a running binary.
#[derive(Clone)]
pub struct Door {
    pub port: u16,
    connector: TlsConnector,
}

impl std::ops::Deref for Running {
    type Target = Door;
    fn deref(&self) -> &Door {
        &self.door
    }
}

/// What came back, or why nothing did.
pub type Said = Result<Response<Bytes>, String>;

impl House {
    /// An installation on the store of a test. `key` is the master key the store was sealed with.
    pub fn new(folder: &Path, database: config::Database, key: &[u8; 32]) -> Self {
        let digits: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
        let file = folder.join("master.key");
        std::fs::write(&file, digits).unwrap();
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        std::fs::set_permissions(&file, mode).unwrap();
        Self { folder: folder.to_owned(), database }
    }

    /// Starts the binary and waits for its address. `more` are further arguments of `serve`.
    pub fn start(&self, more: &[&str]) -> Running {
        let mut command = self.command();
        command.args(more);
        self.start_with(command)
    }

    /// The same with a command that was changed.
    pub fn start_with(&self, mut command: Command) -> Running {
        let since = Instant::now();
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        let mut lines = out.lines().map_while(Result::ok);
        let port = lines
            .find_map(|line| line.strip_prefix("Causeway serves")?.trim().rsplit(':').next()?.parse().ok())
            .unwrap_or_else(|| panic!("the server ended before it served, see {}", self.folder.display()));
        let took = since.elapsed();
        // Whatever it says later must not fill the pipe.
        std::thread::spawn(move || lines.for_each(drop));
        let connector = connector(&self.folder.join("certs/ca.crt"));
        Running { child, took, door: Door { port, connector } }
    }

    /// `causeway serve` with everything inside the folder and ports that nobody else has.
    pub fn command(&self) -> Command {
        let inside = |name: &str| self.folder.join(name).to_string_lossy().into_owned();
        let mut command = Command::new(env!("CARGO_BIN_EXE_causeway"));
        let log = std::fs::File::options().create(true).append(true).open(self.folder.join("log")).unwrap();
        command
            .arg("serve")
            .current_dir(&self.folder)
            .stdin(Stdio::null())
            .stderr(log)
            .env("CAUSEWAY_SERVER__LISTEN", "127.0.0.1:0")
            .env("CAUSEWAY_MEDIA__LISTEN", "127.0.0.1:0")
            .env("CAUSEWAY_TLS__FOLDER", inside("certs"))
            .env("CAUSEWAY_ATTACHMENTS__FOLDER", inside("files"))
            .env("CAUSEWAY_VAULT__KEY_FILE", inside("master.key"))
            .env("CAUSEWAY_DATABASE__URL", &self.database.url);
        if let Some(schema) = &self.database.schema {
            command.env("CAUSEWAY_DATABASE__SCHEMA", schema);
        }
        command
    }

    /// What the binary has logged so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }
}

impl Drop for House {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

impl Running {
    /// Ends the process at once, without a word of warning (SIGKILL).
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Asks the process to end (SIGTERM) and says how it did.
    pub fn ask_to_stop(&mut self) -> std::process::ExitStatus {
        Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().unwrap();
        self.child.wait().unwrap()
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Door {
    /// A plain TCP connection.
    pub async fn tcp(&self) -> std::io::Result<TcpStream> {
        TcpStream::connect(("127.0.0.1", self.port)).await
    }

    /// A TLS connection that trusts the local authority and nothing else.
    pub async fn tls(&self) -> std::io::Result<TlsStream<TcpStream>> {
        let name = ServerName::try_from("localhost").unwrap();
        self.connector.connect(name, self.tcp().await?).await
    }

    /// The same, on which both sides have agreed to speak HTTP/2.
    pub async fn tls_for_h2(&self) -> std::io::Result<TlsStream<TcpStream>> {
        let name = ServerName::try_from("localhost").unwrap();
        let connector = self.connector.clone();
        let stream = connector.with_alpn(vec![b"h2".to_vec()]).connect(name, self.tcp().await?).await?;
        assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
        Ok(stream)
    }

    /// The host and port every request names.
    pub fn host(&self) -> String {
        format!("localhost:{}", self.port)
    }

    /// One request on a connection of its own, with the headers a page of ours sends.
    pub async fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: Bytes) -> Said {
        let stream = self.tls().await.map_err(|why| why.to_string())?;
        let (mut sender, connection) =
            http1::handshake(TokioIo::new(stream)).await.map_err(|why| why.to_string())?;
        let driver = tokio::spawn(connection);
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", self.host())
            .header("origin", format!("https://{}", self.host()))
            .header("x-causeway", "1");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = async {
            let request = request.body(Full::new(body)).expect("the test's own headers are legal");
            let (parts, body) =
                sender.send_request(request).await.map_err(|why| why.to_string())?.into_parts();
            let bytes = body.collect().await.map_err(|why| why.to_string())?.to_bytes();
            Ok(Response::from_parts(parts, bytes))
        }
        .await;
        driver.abort();
        answer
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.kill();
    }
}

/// The body as JSON.
pub fn json(answer: &Response<Bytes>) -> Value {
    serde_json::from_slice(answer.body()).unwrap_or(Value::Null)
}

pub fn connector(authority: &Path) -> TlsConnector {
    let mut roots = RootCertStore::empty();
    let pem = std::fs::read(authority).unwrap();
    roots.add(CertificateDer::from_pem_slice(&pem).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut client = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    client.alpn_protocols = vec![b"http/1.1".to_vec()];
    TlsConnector::from(Arc::new(client))
}
