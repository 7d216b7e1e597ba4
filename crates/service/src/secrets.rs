//! Secrets: gateway tokens encrypted with the key file; hook tokens stored as hashes only.
//!
//! A key is created only while nothing is encrypted: a new key in place of a missing one decrypts nothing and would
//! hide the loss. Without the key, everything that needs no token continues.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use hmac::{Hmac, Mac as _};
use sha2::{Digest as _, Sha256};

use crate::disk;

const NONCE_BYTES: usize = 24;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The key file cannot be read or created.
    #[error("the key file {path} cannot be used")]
    KeyFile { path: PathBuf, source: io::Error },
    /// The key file is missing, and data encrypted with it exists.
    #[error("the key file {path} is not there, and what is sealed cannot be opened without it")]
    Missing { path: PathBuf },
    /// The file is not a key.
    #[error("{path} is not a key file: it must hold 32 bytes, base64url")]
    NotAKey { path: PathBuf },
    /// Encrypted with another key, or modified.
    #[error("a sealed token cannot be opened: was secret.key replaced?")]
    Sealed,
}

#[derive(Clone)]
pub struct Secrets {
    path: PathBuf,
    opened: Arc<RwLock<Option<Opened>>>,
}

#[derive(Clone)]
struct Opened {
    cipher: XChaCha20Poly1305,
    /// Signs links.
    signer: [u8; 32],
    /// Signs dossiers.
    dossier: [u8; 32],
}

impl Secrets {
    /// Reads the key file, or creates one (mode 0600 on Unix). For data folders without encrypted data, or when the
    /// operator asks for a new key.
    pub fn create(path: &Path) -> Result<Self, Error> {
        if !path.exists() {
            make_key(path).map_err(|source| Error::KeyFile {
                path: path.to_owned(),
                source,
            })?;
        }
        Self::open(path)
    }

    /// Reads the key file. A missing or invalid file is an error only where the key is needed, until the right file
    /// is back.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let secrets = Self::unopened(path);
        match secrets.ready() {
            Ok(()) | Err(Error::Missing { .. } | Error::NotAKey { .. }) => Ok(secrets),
            Err(error) => Err(error),
        }
    }

    /// Reads the key file when it is first needed.
    pub fn unopened(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            opened: Arc::default(),
        }
    }

    /// Creates a new key in place of a missing or invalid one, which is renamed. A valid key stays.
    pub fn replace_invalid(path: &Path) -> Result<(), Error> {
        if let Err(Error::NotAKey { .. }) = Self::open(path).and_then(|secrets| secrets.ready()) {
            let mut aside = path.to_owned().into_os_string();
            aside.push(format!(".unreadable-{:08x}", rand::random::<u32>()));
            std::fs::rename(path, aside).map_err(|source| Error::KeyFile {
                path: path.to_owned(),
                source,
            })?;
        }
        Self::create(path)?.ready()
    }

    /// Checks that the key is available.
    pub fn ready(&self) -> Result<(), Error> {
        self.cipher().map(drop)
    }

    fn cipher(&self) -> Result<XChaCha20Poly1305, Error> {
        Ok(self.opened()?.cipher)
    }

    fn opened(&self) -> Result<Opened, Error> {
        let known = self.opened.read().unwrap_or_else(PoisonError::into_inner);
        match known.clone() {
            Some(opened) => Ok(opened),
            None => {
                drop(known);
                self.read()
            }
        }
    }

    /// The key that signs links, derived from the key file (HMAC as in HKDF-Expand, RFC 5869).
    pub fn link_key(&self) -> Result<[u8; 32], Error> {
        Ok(self.opened()?.signer)
    }

    /// The seed of the key that signs dossiers, derived in the same way.
    pub fn dossier_seed(&self) -> Result<[u8; 32], Error> {
        Ok(self.opened()?.dossier)
    }

    fn read(&self) -> Result<Opened, Error> {
        let path = self.path.clone();
        let text = match std::fs::read_to_string(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(Error::Missing { path });
            }
            Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                return Err(Error::NotAKey { path });
            }
            Err(source) => return Err(Error::KeyFile { path, source }),
            Ok(text) => text,
        };
        let key: [u8; 32] = URL_SAFE_NO_PAD
            .decode(text.trim())
            .ok()
            .and_then(|bytes| bytes.try_into().ok())
            .ok_or(Error::NotAKey { path })?;
        let derived = |label: &[u8]| {
            let mut mac = mac(&key);
            mac.update(label);
            mac.finalize().into_bytes().into()
        };
        let opened = Opened {
            cipher: XChaCha20Poly1305::new(&key.into()),
            signer: derived(b"midiateca links\x01"),
            dossier: derived(b"midiateca dossier\x01"),
        };
        let mut known = self.opened.write().unwrap_or_else(PoisonError::into_inner);
        Ok(known.insert(opened).clone())
    }

    /// Encrypts `plain` for one `context`.
    pub fn seal(&self, context: &str, plain: &str) -> Result<Vec<u8>, Error> {
        let nonce: [u8; NONCE_BYTES] = rand::random();
        let payload = Payload {
            msg: plain.as_bytes(),
            aad: context.as_bytes(),
        };
        let sealed = self
            .cipher()?
            .encrypt(&XNonce::from(nonce), payload)
            .map_err(|_| Error::Sealed)?;
        Ok([nonce.as_slice(), &sealed].concat())
    }

    /// Decrypts what [`Secrets::seal`] encrypted for the same `context`. If the key does not fit, reads its file
    /// again, because the operator may have restored it.
    pub fn unseal(&self, context: &str, sealed: &[u8]) -> Result<String, Error> {
        let (nonce, body) = sealed
            .split_first_chunk::<NONCE_BYTES>()
            .ok_or(Error::Sealed)?;
        let open = |cipher: XChaCha20Poly1305| {
            let payload = Payload {
                msg: body,
                aad: context.as_bytes(),
            };
            cipher.decrypt(&XNonce::from(*nonce), payload).ok()
        };
        let plain = match open(self.cipher()?) {
            Some(plain) => plain,
            None => open(self.read()?.cipher).ok_or(Error::Sealed)?,
        };
        String::from_utf8(plain).map_err(|_| Error::Sealed)
    }
}

/// Creates a key file atomically. Keeps one that another process created at the same time.
fn make_key(path: &Path) -> io::Result<()> {
    let folder = disk::parent(path);
    // Readable by its owner only.
    let mut staged = tempfile::Builder::new()
        .prefix(".secret-")
        .tempfile_in(folder)?;
    let text = URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>());
    staged.write_all(text.as_bytes())?;
    staged.as_file().sync_all()?;
    // Unlike `persist_noclobber`, this works on file systems without hard links too.
    match disk::name_new(&staged.into_temp_path(), path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        named => named?,
    }
    disk::sync_folder(folder)
}

/// HMAC-SHA256 with a key of 32 bytes.
pub fn mac(key: &[u8; 32]) -> Hmac<Sha256> {
    // A shorter key is filled with zeros to the block (RFC 2104).
    let mut block = [0; 64];
    block[..key.len()].copy_from_slice(key);
    Hmac::new(&block.into())
}

/// 32 random bytes as base64url.
pub fn random_token() -> String {
    URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>())
}

/// The token has 256 random bits, so a plain hash is enough.
pub fn hash_token(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sealed_token_opens_only_in_its_context_and_with_its_key() {
        let dir = tempfile::tempdir().unwrap();
        let secrets = Secrets::create(&dir.path().join("a")).unwrap();
        let sealed = secrets.seal("instance A", "token").unwrap();
        let again = Secrets::create(&dir.path().join("a")).unwrap();
        assert_eq!(again.unseal("instance A", &sealed).unwrap(), "token");
        assert!(again.unseal("instance B", &sealed).is_err());
        let other = Secrets::create(&dir.path().join("b")).unwrap();
        assert!(other.unseal("instance A", &sealed).is_err());
        assert!(other.unseal("instance A", b"short").is_err());
    }

    #[test]
    fn opening_makes_no_key_and_a_restored_key_is_found() {
        let dir = tempfile::tempdir().unwrap();
        let (path, aside) = (dir.path().join("key"), dir.path().join("aside"));
        let sealed = Secrets::create(&path).unwrap().seal("A", "token").unwrap();
        std::fs::rename(&path, &aside).unwrap();
        let secrets = Secrets::open(&path).unwrap();
        let missing = secrets.unseal("A", &sealed);
        assert!(matches!(missing, Err(Error::Missing { .. })));
        assert!(matches!(secrets.seal("A", "x"), Err(Error::Missing { .. })));
        assert!(!path.exists(), "a key was made");
        std::fs::rename(&aside, &path).unwrap();
        assert_eq!(secrets.unseal("A", &sealed).unwrap(), "token");
    }

    #[test]
    fn an_invalid_key_file_can_be_replaced_by_a_new_key() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key");
        for torn in ["", "AAAA", "\u{0}\u{1}"] {
            std::fs::write(&path, torn).unwrap();
            let secrets = Secrets::open(&path).unwrap();
            assert!(matches!(secrets.ready(), Err(Error::NotAKey { .. })));
            Secrets::replace_invalid(&path).unwrap();
            secrets.ready().unwrap();
            let renewed = std::fs::read(&path).unwrap();
            Secrets::replace_invalid(&path).unwrap();
            assert_eq!(
                std::fs::read(&path).unwrap(),
                renewed,
                "a key was thrown away"
            );
        }
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 4);
    }

    #[test]
    fn a_key_that_was_replaced_is_noticed_without_a_restart() {
        let dir = tempfile::tempdir().unwrap();
        let (path, aside) = (dir.path().join("key"), dir.path().join("aside"));
        let sealed = Secrets::create(&path).unwrap().seal("A", "token").unwrap();
        std::fs::rename(&path, &aside).unwrap();
        let wrong = Secrets::create(&path).unwrap();
        assert!(matches!(wrong.unseal("A", &sealed), Err(Error::Sealed)));
        std::fs::rename(&aside, &path).unwrap();
        assert_eq!(wrong.unseal("A", &sealed).unwrap(), "token");
    }

    #[cfg(unix)]
    #[test]
    fn the_key_file_is_for_its_owner_only() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("secret.key");
        Secrets::create(&path).unwrap();
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}
