//! Where the fingerprint key of a run comes from.

use super::error::{ConfigError, Place};
use super::file::ConfigFile;
use super::overrides::Overrides;
use super::value::BadValue;
use crate::secret::{FingerprintKey, Secret};
use std::ffi::OsString;
use std::io::Read;
use std::path::Path;
use zeroize::{Zeroize, Zeroizing};

/// Bytes that a key must have: with fewer, whoever reads a committed baseline could try them all,
/// and the baseline's key id would tell when the guess is right.
const SHORTEST: usize = 16;

/// Most bytes that are read from a key file, so that a device in its place does no harm.
const LONGEST: usize = 64 << 10;

/// Takes a key out of an environment variable.
pub(super) fn secret_of(value: OsString) -> Secret {
    let mut bytes = value.into_encoded_bytes();
    let secret = Secret::new(&bytes);
    bytes.zeroize();
    secret
}

/// Chooses the key: the command line's file, the environment's key or file, what the configuration
/// file names, else the public key.
pub(super) fn choose(
    file: Option<&ConfigFile>,
    env: &Overrides,
    flags: &Overrides,
    variable: &dyn Fn(&str) -> Option<OsString>,
) -> Result<FingerprintKey, ConfigError> {
    if let Some(path) = &flags.key_file {
        return read(path).map_err(|bad| ConfigError::outside(Place::Flag("--key-file"), bad));
    }
    if let Some(key) = &env.key {
        return checked(key).map_err(|bad| ConfigError::outside(Place::Variable("KEYTRAIL_KEY"), bad));
    }
    if let Some(path) = &env.key_file {
        return read(path).map_err(|bad| ConfigError::outside(Place::Variable("KEYTRAIL_KEY_FILE"), bad));
    }
    let Some(file) = file else { return Ok(FingerprintKey::public()) };
    if let Some(name) = &file.key_env {
        let value = variable(&name.value).filter(|value| !value.is_empty()).ok_or_else(|| BadValue {
            problem: format!("the environment variable {} is not set", name.value),
            help: "set it to the key, or take `key-env` out to use the public key".to_owned(),
        });
        return value.and_then(|value| checked(&secret_of(value))).map_err(|bad| name.error(bad));
    }
    if let Some(path) = &file.key_file {
        return read(&path.value).map_err(|bad| path.error(bad));
    }
    Ok(FingerprintKey::public())
}

/// Refuses a key that is too short to keep anything apart.
fn checked(key: &Secret) -> Result<FingerprintKey, BadValue> {
    let length = key.expose().trim_ascii().len();
    if length < SHORTEST {
        return Err(BadValue {
            problem: format!("the key has {length} bytes, which is too few"),
            help: format!("use at least {SHORTEST} random bytes, as `openssl rand -hex 32` makes them"),
        });
    }
    Ok(FingerprintKey::from_user(key.expose()))
}

/// Reads a key file.
fn read(path: &Path) -> Result<FingerprintKey, BadValue> {
    let shown = super::error::shown(path);
    // Room for all from the start: a buffer that grows leaves copies behind that nobody wipes.
    let mut bytes = Zeroizing::new(Vec::with_capacity(LONGEST + 64));
    std::fs::File::open(path)
        .and_then(|file| file.take(LONGEST as u64 + 1).read_to_end(&mut bytes))
        .map_err(|error| BadValue {
            problem: format!("the key file {shown} cannot be read: {error}"),
            help: "name a file that this user may read".to_owned(),
        })?;
    if bytes.len() > LONGEST {
        return Err(BadValue {
            problem: format!("the key file {shown} is larger than {LONGEST} bytes"),
            help: "name a file that holds the key and nothing else".to_owned(),
        });
    }
    checked(&Secret::new(&bytes))
}
