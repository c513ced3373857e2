//! `causeway serve`: everything in one process.

use std::sync::Arc;

use clap::Args;

use super::{CliError, chain, key, open, say, seed};
use crate::config::Config;
use crate::ctx::Ctx;
use crate::directory;
use crate::hooks::Courier;
use crate::jobs;
use crate::kernel::{Clock, OsDice, SystemClock};
use crate::media::Relay;
use crate::server::{App, Figures, Listener, Shown, prepare_tls, stop_on_signals};

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
    let figures = figures(&config).await?;
    let ctx = instruments(&config).await?;

    let mut config = config;
    let keep = config.hooks.keep();
    let courier = Courier::new(&config.hooks).map_err(|why| CliError::Refused(chain(&why)))?;
    let courier = Arc::new(courier);
    let port = listener.address().map_err(CliError::Runtime)?.port();
    let media = &mut config.media;
    media.advertise_tcp_port = media.advertise_tcp_port.or(Some(port));
    let relay = Relay::start(&config.media).map_err(|why| CliError::Refused(chain(&why)))?;
    let folder = config.attachments.folder.clone();
    let mut app =
        App::with_relay(ctx, config, relay.clone()).await.map_err(|why| CliError::File(folder, why))?;
    app.authority = authority(&shown)?;
    jobs::clear_up(&app.ctx, &app.files).await.map_err(|why| CliError::Refused(chain(&why)))?;
    if how.demo {
        make_demo(&app).await?;
    }
    stop_on_signals(app.stop.clone()).map_err(CliError::Runtime)?;
    greet(&listener, &shown)?;
    if how.demo {
        seed::tell();
    } else {
        offer_set_up(&app.ctx, &listener).await?;
    }
    if let Some(figures) = figures {
        tokio::spawn(figures.serve(app.clone()));
    }
    let db = app.ctx.db.clone();
    let mut jobs = jobs::start(&app.ctx, &app.files, (courier, keep), &app.stop);
    listener.serve(app).await;
    while jobs.join_next().await.is_some() {}
    relay.stop();
    db.close().await;
    Ok(())
}

/// The listener for whoever watches, if there is to be one.
async fn figures(config: &Config) -> Result<Option<Figures>, CliError> {
    let Some(address) = config.metrics.listen else { return Ok(None) };
    Figures::bind(address).await.map(Some).map_err(|why| CliError::Listen(address, why))
}

/// Database, clock, dice and vault of this installation; database and key are made on the first start.
pub(super) async fn instruments(config: &Config) -> Result<Ctx, CliError> {
    let db = open(config).await?;
    let is_new = db.is_empty().await?;
    let dice = Arc::new(OsDice);
    let vault = key::open_vault(&config.vault.key_file, is_new, &*dice)?;
    db.migrate().await?;
    Ok(Ctx { db, clock: Arc::new(SystemClock), dice, vault: Arc::new(vault) })
}

/// The demo, unless it is there from an earlier start.
async fn make_demo(app: &App) -> Result<(), CliError> {
    match seed::fill(app).await {
        Ok(_) | Err(seed::SeedError::NotEmpty) => Ok(()),
        Err(why) => Err(CliError::Refused(format!("The demo was not made: {why}."))),
    }
}

/// What a person needs to open the page.
fn greet(listener: &Listener, shown: &Shown) -> Result<(), CliError> {
    say(format_args!("Causeway serves   {}", page(listener)?));
    say(format_args!("Certificate       SHA-256 {}", shown.fingerprint));
    if let Some(path) = &shown.authority {
        say(format_args!("                  trust {} once, or accept the browser's warning", path.display()));
    }
    Ok(())
}

/// An empty installation has no password: whoever reads this line makes the first administrator.
async fn offer_set_up(ctx: &Ctx, listener: &Listener) -> Result<(), CliError> {
    if let Some(token) = directory::open_link(ctx).await? {
        // In the fragment, which no browser sends and no proxy logs.
        say(format_args!("Set it up         {}/setup#{}", page(listener)?, token.reveal()));
        say("                  works once, within a day");
    }
    Ok(())
}

fn page(listener: &Listener) -> Result<String, CliError> {
    let address = listener.address().map_err(CliError::Runtime)?;
    let here = address.ip().is_loopback() || address.ip().is_unspecified();
    let host = if here { "localhost".to_owned() } else { address.ip().to_string() };
    Ok(format!("https://{host}:{}", address.port()))
}

fn authority(shown: &Shown) -> Result<Option<Arc<str>>, CliError> {
    let Some(path) = &shown.authority else { return Ok(None) };
    let pem = std::fs::read_to_string(path).map_err(|why| CliError::File(path.clone(), why))?;
    Ok(Some(pem.into()))
}
