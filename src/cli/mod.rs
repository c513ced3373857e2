//! Cli: the sub-commands of the one binary.

mod certs;
mod decode;
mod doctor;
mod figures;
mod import;
mod key;
mod migrate;
mod place;
pub mod seed;
mod serve;
mod token;
mod user;
mod ways;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::config::{self, Config, ConfigError};
use crate::server::TlsError;
use crate::store::{Db, StoreError};

/// Telemedicine consultation and referral gateway with video signaling.
#[derive(Debug, Parser)]
#[command(name = "causeway", version, arg_required_else_help = true)]
struct Line {
    /// The settings file; without one, defaults and CAUSEWAY_… variables count.
    #[arg(long, global = true, env = "CAUSEWAY_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the gateway.
    Serve(serve::Serve),
    /// Bring the database up to this version and end.
    Migrate,
    /// Fill an empty database with the demo alliance: invented people with a known password.
    Seed(seed::Seed),
    /// Enter facilities and departments, list them.
    #[command(subcommand)]
    Place(place::Place),
    /// Enter people, list them, set their passwords.
    #[command(subcommand)]
    User(user::User),
    /// Keys for other programs: make, list, revoke.
    #[command(subcommand)]
    Token(token::Token),
    /// Take in published lists: ICD-10.
    #[command(subcommand)]
    Import(import::Import),
    /// The figures: fold them anew, print them.
    #[command(subcommand)]
    Stats(figures::Stats),
    /// The journal: print it.
    #[command(subcommand)]
    Journal(figures::Journal),
    /// Make or show the local certificate.
    Certs,
    /// Print the description of the API (OpenAPI 3.1).
    Openapi {
        /// As the TypeScript types of the page instead.
        #[arg(long)]
        types: bool,
    },
    /// Look at what this installation needs, and say what to do about each.
    Doctor,
    /// Try signing in, the signaling line and a call against a running server, and tell how it went.
    Probe(probe::Probe),
    /// Look into one picture from standard input and end.
    #[command(subcommand, hide = true)]
    Decode(decode::Decode),
}

/// Why a sub-command could not do its work. Read by the person at the terminal.
#[derive(Debug, thiserror::Error)]
enum CliError {
    #[error("The settings cannot be used. {0}")]
    Config(#[from] ConfigError),
    #[error("The database cannot be used. {}", chain(.0))]
    Store(#[from] StoreError),
    #[error("There is no certificate to show. {0}")]
    Tls(#[from] TlsError),
    #[error("{0}: {1}")]
    File(PathBuf, std::io::Error),
    #[error("The address {0} cannot be listened on: {1}")]
    Listen(std::net::SocketAddr, std::io::Error),
    #[error("The runtime could not be started: {0}")]
    Runtime(std::io::Error),
    #[error("{0}")]
    Refused(String),
}

/// Runs what the command line asks for.
pub fn run() -> ExitCode {
    let line = Line::parse();
    if let Command::Openapi { types } = line.command {
        describe(types);
        return ExitCode::SUCCESS;
    }
    if let Command::Decode(what) = &line.command {
        return decode::run(what);
    }
    match obey(line) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            #[allow(clippy::print_stderr, reason = "the last word to the person at the terminal")]
            {
                eprintln!("{why}");
            }
            ExitCode::FAILURE
        }
    }
}

fn obey(line: Line) -> Result<(), CliError> {
    let config = config::load(line.config.as_deref())?;
    crate::server::install_log(&config.log);
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(CliError::Runtime)?;
    runtime.block_on(async {
        match line.command {
            Command::Serve(what) => serve::run(config, what).await,
            Command::Migrate => migrate::run(&config).await,
            Command::Seed(what) => seed::run(&config, what).await,
            Command::Place(what) => place::run(&config, what).await,
            Command::User(what) => user::run(&config, what).await,
            Command::Token(what) => token::run(&config, what).await,
            Command::Import(what) => import::run(&config, what).await,
            Command::Stats(what) => figures::stats(&config, what).await,
            Command::Journal(what) => figures::journal(&config, what).await,
            Command::Certs => certs::run(&config),
            Command::Doctor => doctor::run(&config).await,
            Command::Probe(what) => probe::run(&config, what).await,
            Command::Decode(_) | Command::Openapi { .. } => Ok(()), // answered before any setting was read
        }
    })
}

/// Prints what the API is, without a server or a database.
fn describe(as_types: bool) {
    let document = crate::server::document();
    if as_types {
        say(crate::server::typescript(&document).trim_end());
    } else {
        say(format_args!("{document:#}"));
    }
}

/// Opens the database; on SQLite the folder of the file is made first.
async fn open(config: &Config) -> Result<Db, CliError> {
    if let Some(path) = config.database.url.strip_prefix("sqlite://") {
        let file = PathBuf::from(path.split('?').next().unwrap_or(path));
        if let Some(folder) = file.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            std::fs::create_dir_all(folder).map_err(|why| CliError::File(folder.into(), why))?;
        }
    }
    Ok(Db::open(&config.database).await?)
}

/// An error with everything that caused it, for the operator.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let more = inner.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        cause = inner.source();
    }
    text
}

/// Says a line to the person who started the command.
#[allow(clippy::print_stdout, reason = "the command line speaks on standard output")]
fn say(line: impl std::fmt::Display) {
    println!("{line}");
}

pub mod probe;
