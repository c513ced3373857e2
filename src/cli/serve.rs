//! `causeway serve`: everything in one process.

use std::sync::Arc;

use clap::Args;

use super::{CliError, chain, key, open, say};
use crate::config::Config;
use crate::ctx::Ctx;
use crate::kernel::{Clock, OsDice, SystemClock};
use crate::media::Relay;
use crate::server::{App, Listener, Shown, prepare_tls, stop_on_signals};

/// How to serve.
#[derive(Debug, Args)]
pub struct Serve {
    /// Fill an empty database with the demo alliance: invented people with a known password.
    #[arg(long)]
    demo: bool,
}

/// Serves until told to stop.
pub async fn run(config: Config, how: Serve) -> Result<(), CliError> {
    let shown = prepare_tls(&config.tls, SystemClock.now())?;
    let listener = Listener::bind(config.server.listen, &shown)
        .await
        .map_err(|why| CliError::Listen(config.server.listen, why))?;
    let db = open(&config).await?;
    db.migrate().await?;
    let dice = Arc::new(OsDice);
    let vault = key::open_vault(&config.vault.key_file, true, &*dice)?;
    let ctx = Ctx { db, clock: Arc::new(SystemClock), dice, vault: Arc::new(vault) };

    let relay = Relay::start(&config.media).map_err(|why| CliError::Refused(chain(&why)))?;
    let folder = config.attachments.folder.clone();
    let mut app = App::new(ctx, config).await.map_err(|why| CliError::File(folder, why))?;
    app.authority = authority(&shown)?;
    stop_on_signals(app.stop.clone()).map_err(CliError::Runtime)?;
    greet(&listener, &shown, &how)?;
    let db = app.ctx.db.clone();
    listener.serve(app).await;
    relay.stop();
    db.close().await;
    Ok(())
}

/// What a person needs to open the page.
fn greet(listener: &Listener, shown: &Shown, how: &Serve) -> Result<(), CliError> {
    let address = listener.address().map_err(CliError::Runtime)?;
    let host = if address.ip().is_loopback() || address.ip().is_unspecified() {
        "localhost".to_owned()
    } else {
        address.ip().to_string()
    };
    say(format_args!("Causeway serves   https://{host}:{}", address.port()));
    say(format_args!("Certificate       SHA-256 {}", shown.fingerprint));
    if let Some(path) = &shown.authority {
        say(format_args!("                  trust {} once, or accept the browser's warning", path.display()));
    }
    if how.demo {
        say("Demo              invented people; never use this database for real ones");
    }
    Ok(())
}

fn authority(shown: &Shown) -> Result<Option<Arc<str>>, CliError> {
    let Some(path) = &shown.authority else { return Ok(None) };
    let pem = std::fs::read_to_string(path).map_err(|why| CliError::File(path.clone(), why))?;
    Ok(Some(pem.into()))
}
