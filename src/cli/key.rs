//! The master key: made on the first start, read on every other.

use std::fs;
use std::io::Write;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

use super::CliError;
use crate::kernel::{Dice, DiceExt, Vault};

/// Opens the vault with the key in `file`. A missing key is made only while `may_make`: beside
/// a database that was sealed with another key a new one would be worse than none.
pub fn open_vault(file: &Path, may_make: bool, dice: &dyn Dice) -> Result<Vault, CliError> {
    if !file.exists() {
        if !may_make {
            return Err(CliError::Refused(format!(
                "The master key {} is missing, but the database has records that are sealed with it. Bring the key back.",
                file.display()
            )));
        }
        make(file, dice).map_err(|why| CliError::File(file.into(), why))?;
    }
    let text = fs::read_to_string(file).map_err(|why| CliError::File(file.into(), why))?;
    let key = parse(text.trim()).ok_or_else(|| {
        CliError::Refused(format!("{} does not hold 64 hexadecimal digits.", file.display()))
    })?;
    if key.windows(2).all(|two| two[0] == two[1]) {
        return Err(CliError::Refused(format!("The master key in {} is not random.", file.display())));
    }
    let mode = fs::metadata(file).map_err(|why| CliError::File(file.into(), why))?.permissions().mode();
    if mode & 0o077 != 0 {
        return Err(CliError::Refused(format!(
            "The master key {0} can be read by others: chmod 600 {0}",
            file.display()
        )));
    }
    Ok(Vault::new(&key))
}

fn make(file: &Path, dice: &dyn Dice) -> std::io::Result<()> {
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder)?;
    }
    let digits: String = dice.bytes::<32>().iter().map(|byte| format!("{byte:02x}")).collect();
    let mut out = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(file)?;
    out.write_all(digits.as_bytes())?;
    out.sync_all()
}

fn parse(text: &str) -> Option<[u8; 32]> {
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    let mut key = [0; 32];
    for (i, byte) in key.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[2 * i..2 * i + 2], 16).ok()?;
    }
    Some(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_sixty_four_digits_are_a_key() {
        assert_eq!(parse(&"0f".repeat(32)), Some([15; 32]));
        assert_eq!(parse("0f"), None);
        assert_eq!(parse(&"zz".repeat(32)), None);
        assert_eq!(parse(&"é".repeat(32)), None);
    }
}
