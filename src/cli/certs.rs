//! `causeway certs`: makes what is missing of the local certificate and shows it.

use super::{CliError, say};
use crate::config::Config;
use crate::kernel::{Clock, SystemClock};
use crate::server::prepare_tls;

/// Makes and shows.
pub fn run(config: &Config) -> Result<(), CliError> {
    let shown = prepare_tls(&config.tls, SystemClock.now())?;
    say(format_args!("SHA-256  {}", shown.fingerprint));
    if let Some(authority) = shown.authority {
        say(format_args!("Trust    {}  once on every machine that opens the page", authority.display()));
    }
    Ok(())
}
