//! The private key that signs checkpoints: an Ed25519 key in OpenSSH's file format
//! (`openssh-key-v1`, see OpenSSH's PROTOCOL.key), made by `ssh-keygen` or here.

use crate::ledger::LedgerError;
use crate::ledger::note::VerifierKey;
use ed25519_dalek::{Signer as _, SigningKey};
use ssh_key::private::{Ed25519Keypair, Ed25519PrivateKey, KeypairData};
use ssh_key::public::{Ed25519PublicKey, KeyData};
use ssh_key::rand_core::{OsRng, RngCore};
use ssh_key::{LineEnding, PrivateKey, PublicKey};
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// No key file is longer.
const LONGEST: u64 = 64 << 10;

/// A private key with the name that it signs under.
pub struct Signer {
    key: SigningKey,
    verifier: VerifierKey,
}

impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Signer({})", self.verifier)
    }
}

impl Signer {
    /// Takes the 32 bytes that an Ed25519 key is made of (RFC 8032, section 5.1.5).
    ///
    /// # Errors
    ///
    /// [`LedgerError::Usage`] if it cannot be a name.
    pub fn from_seed(name: &str, seed: &[u8; 32]) -> Result<Self, LedgerError> {
        let key = SigningKey::from_bytes(seed);
        let verifier = VerifierKey::new(name, key.verifying_key().as_bytes())?;
        Ok(Self { key, verifier })
    }

    /// Reads a key file. `passphrase` is asked for if the file wants one.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Usage`] if it is no Ed25519 key in OpenSSH's format or the passphrase is wrong,
    /// [`LedgerError::Unreadable`] if it cannot be read.
    pub fn read(
        path: &Path,
        name: &str,
        passphrase: impl FnOnce() -> Result<Zeroizing<String>, LedgerError>,
    ) -> Result<Self, LedgerError> {
        let shown = path.display();
        let wrong = |problem: String| LedgerError::Usage(format!("{shown}: {problem}"));
        let unreadable = |error: io::Error| LedgerError::io("the key cannot be read", path, &error);
        if fs::metadata(path).map_err(unreadable)?.len() > LONGEST {
            return Err(wrong("too long for a key".to_owned()));
        }
        let text = Zeroizing::new(fs::read(path).map_err(unreadable)?);
        let mut key = PrivateKey::from_openssh(&*text).map_err(|_| {
            wrong(
                "not a private key in OpenSSH's format; make one with `keytrail ledger keygen` or \
                 `ssh-keygen -t ed25519`, and name the private key's file, not the one that ends in .pub"
                    .to_owned(),
            )
        })?;
        if !key.algorithm().is_ed25519() {
            return Err(wrong(format!(
                "a key of the sort {}; checkpoints are signed with Ed25519: make one with `keytrail ledger \
                 keygen` or `ssh-keygen -t ed25519`",
                key.algorithm()
            )));
        }
        if key.is_encrypted() {
            key = key
                .decrypt(passphrase()?.as_bytes())
                .map_err(|_| wrong("the passphrase does not open the key".to_owned()))?;
        }
        let Some(pair) = key.key_data().ed25519() else {
            return Err(wrong("holds no private key".to_owned()));
        };
        let seed = Zeroizing::new(pair.private.to_bytes());
        let signer = Self::from_seed(name, &seed)?;
        if signer.verifier.bytes() != pair.public.0 {
            return Err(wrong("its public half does not belong to its private half".to_owned()));
        }
        Ok(signer)
    }

    /// Makes a key and writes it, with a public half beside it as `ssh-keygen` does. The file is for
    /// its owner's eyes only, and nothing is overwritten.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Usage`] if a file is there already, [`LedgerError::Unreadable`] if it cannot be
    /// written.
    pub fn generate(path: &Path, name: &str, passphrase: Option<&str>) -> Result<Self, LedgerError> {
        let failed = |error: ssh_key::Error| {
            LedgerError::Unreadable(format!("{}: the key cannot be made: {error}", path.display()))
        };
        let public_path = public_path(path);
        for path in [path, &public_path] {
            if path.symlink_metadata().is_ok() {
                return Err(LedgerError::Usage(format!(
                    "{} is there already and is not overwritten; name another file with --key",
                    path.display()
                )));
            }
        }
        let mut seed = Zeroizing::new([0; 32]);
        OsRng.try_fill_bytes(&mut *seed).map_err(|error| {
            LedgerError::Unreadable(format!("the system gives no random bytes for a key: {error}"))
        })?;
        let signer = Self::from_seed(name, &seed)?;
        let pair = Ed25519Keypair {
            public: Ed25519PublicKey(signer.verifier.bytes()),
            private: Ed25519PrivateKey::from_bytes(&seed),
        };
        let mut key = PrivateKey::new(KeypairData::Ed25519(pair), name).map_err(failed)?;
        let public = key.public_key().to_openssh().map_err(failed)?;
        if let Some(passphrase) = passphrase {
            key = key.encrypt(&mut OsRng, passphrase).map_err(failed)?;
        }
        let text = key.to_openssh(LineEnding::LF).map_err(failed)?;
        create(path, text.as_bytes(), 0o600)?;
        create(&public_path, format!("{public}\n").as_bytes(), 0o644)?;
        Ok(signer)
    }

    /// The public half with the name.
    pub fn verifier(&self) -> &VerifierKey {
        &self.verifier
    }

    /// Signs bytes (RFC 8032).
    pub(super) fn sign(&self, text: &[u8]) -> [u8; 64] {
        self.key.sign(text).to_bytes()
    }
}

/// Reads a verifier key from a text: `NAME+HASH+BASE64`, or the line of an OpenSSH public key file, which
/// has no name of the sort that notes need and gets `name`.
///
/// # Errors
///
/// [`LedgerError::Usage`] if it is neither.
pub fn verifier(text: &str, name: &str) -> Result<VerifierKey, LedgerError> {
    let text = text.trim();
    if !text.starts_with("ssh-") {
        return text.parse();
    }
    match PublicKey::from_openssh(text).as_ref().map(PublicKey::key_data) {
        Ok(KeyData::Ed25519(key)) => VerifierKey::new(name, &key.0),
        Ok(_) => {
            Err(LedgerError::Usage("checkpoints are signed with Ed25519; this is another key".to_owned()))
        }
        Err(_) => Err(LedgerError::Usage("not a public key in OpenSSH's format".to_owned())),
    }
}

/// Where the public half goes.
fn public_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".pub");
    PathBuf::from(name)
}

/// Writes a file that must not be there.
fn create(path: &Path, content: &[u8], mode: u32) -> Result<(), LedgerError> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(mode);
    }
    let _ = mode;
    let written = options.open(path).and_then(|mut file| {
        file.write_all(content)?;
        file.sync_all()
    });
    written.map_err(|error| LedgerError::io("the key cannot be written", path, &error))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn no_passphrase() -> Result<Zeroizing<String>, LedgerError> {
        panic!("nobody may be asked")
    }

    #[test]
    fn a_key_is_read_as_it_was_made() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("key");
        let made = Signer::generate(&path, "example.org/log", None).expect("it is made");
        let read = Signer::read(&path, "example.org/log", no_passphrase).expect("it is a key");
        assert_eq!(read.verifier(), made.verifier());
        assert_eq!(read.sign(b"text"), made.sign(b"text"));
        let public = fs::read_to_string(folder.path().join("key.pub")).expect("it is there");
        assert_eq!(verifier(&public, "example.org/log").as_ref(), Ok(made.verifier()));
        assert!(matches!(
            Signer::generate(&path, "example.org/log", None),
            Err(LedgerError::Usage(text)) if text.contains("not overwritten")
        ));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(fs::metadata(&path).expect("it is there").permissions().mode() & 0o777, 0o600);
        }
    }

    #[test]
    fn a_passphrase_protects_a_key() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("key");
        let right = ["correct", "horse"].join(" ");
        let made = Signer::generate(&path, "a", Some(&right)).expect("it is made");
        let read = Signer::read(&path, "a", || Ok(Zeroizing::new(right))).expect("it is a key");
        assert_eq!(read.verifier(), made.verifier());
        let wrong = Signer::read(&path, "a", || Ok(Zeroizing::new("battery".to_owned())));
        assert!(matches!(wrong, Err(LedgerError::Usage(text)) if text.contains("passphrase")));
    }

    #[test]
    fn what_is_no_key_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("key");
        fs::write(&path, "something else").expect("a file");
        assert!(matches!(Signer::read(&path, "a", no_passphrase), Err(LedgerError::Usage(_))));
        let missing = Signer::read(&folder.path().join("none"), "a", no_passphrase);
        assert!(matches!(missing, Err(LedgerError::Unreadable(_))));
    }
}
