//! A PostgreSQL cluster that lives as long as one run of the suite.

use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::{Outcome, machine, shell};

/// The folder with `initdb` and `postgres`: Debian keeps them out of the PATH.
pub fn programs() -> Option<PathBuf> {
    let mut found: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path().join("bin")))
        .filter(|bin| bin.join("initdb").is_file() && bin.join("postgres").is_file())
        .collect();
    found.sort();
    found.pop().or_else(|| {
        let path = std::env::var_os("PATH")?;
        std::env::split_paths(&path)
            .find(|bin| bin.join("initdb").is_file() && bin.join("postgres").is_file())
    })
}

/// A running cluster; it stops and its files go when this is dropped.
pub struct Cluster {
    server: Child,
    folder: PathBuf,
    port: u16,
}

impl Cluster {
    /// Makes and starts a cluster in a fresh folder, on a free port of the loopback.
    pub fn start() -> Outcome<Self> {
        let bin = programs().ok_or("PostgreSQL is missing: apt-get install postgresql")?;
        let folder = shell::said("mktemp", &["-d"])
            .map(PathBuf::from)
            .ok_or("mktemp could not make a folder for the database")?;
        if machine::is_root() {
            shell::run("chown", &["postgres", &text(&folder)], &[])?;
        }
        let data = folder.join("data");
        let made = as_nobody_special(&bin.join("initdb"))
            .args(["-D", &text(&data), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync"])
            .args(["--locale", "C.UTF-8"])
            .current_dir(&folder)
            .stdin(Stdio::null())
            .output()
            .map_err(|e| format!("initdb could not be started: {e}"))?;
        if !made.status.success() {
            return Err(format!("initdb failed: {}", String::from_utf8_lossy(&made.stderr).trim()));
        }

        let port = free_port()?;
        let log = std::fs::File::create(folder.join("log")).map_err(|e| e.to_string())?;
        let server = as_nobody_special(&bin.join("postgres"))
            .args(["-D", &text(&data), "-p", &port.to_string(), "-k", &text(&folder)])
            .args(["-c", "listen_addresses=127.0.0.1", "-c", "max_connections=200"])
            .current_dir(&folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .map_err(|e| format!("postgres could not be started: {e}"))?;
        let mut cluster = Self { server, folder, port };
        cluster.wait_until_it_answers()?;
        Ok(cluster)
    }

    /// How the suite reaches it.
    pub fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }

    fn wait_until_it_answers(&mut self) -> Outcome {
        let since = Instant::now();
        while since.elapsed() < Duration::from_secs(30) {
            if TcpStream::connect(("127.0.0.1", self.port)).is_ok() {
                return Ok(());
            }
            if let Ok(Some(status)) = self.server.try_wait() {
                let log = std::fs::read_to_string(self.folder.join("log")).unwrap_or_default();
                return Err(format!("postgres ended at once ({status}): {log}"));
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Err("postgres did not answer within 30 s".into())
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // SIGINT is PostgreSQL's fast shutdown; Child::kill would leave its helpers behind.
        let _ = Command::new("kill").args(["-INT", &self.server.id().to_string()]).status();
        let _ = self.server.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// PostgreSQL refuses to run as root: step down to the user its package made. The cluster
/// also gets a signal when this process dies without saying goodbye.
fn as_nobody_special(program: &Path) -> Command {
    if !machine::is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command
        .args(["--reuid=postgres", "--regid=postgres", "--clear-groups", "--pdeathsig", "INT", "--"])
        .arg(program);
    command
}

fn free_port() -> Outcome<u16> {
    let probe = TcpListener::bind(("127.0.0.1", 0)).map_err(|e| e.to_string())?;
    Ok(probe.local_addr().map_err(|e| e.to_string())?.port())
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}
