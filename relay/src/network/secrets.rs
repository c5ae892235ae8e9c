//! The relay's secrets: new at every start, or kept in a file that the operator names.

use std::{
    fs::OpenOptions,
    io::{self, Read as _, Write as _},
    path::Path,
};

use libp2p::identity::Keypair;
use zeroize::Zeroizing;

use crate::{Config, Error};

/// Largest file that is read as a secret.
const FILE_BYTES: u64 = 16 << 10;

/// The key of `config.identity`, or a new one.
pub(super) fn keypair(config: &Config) -> Result<Keypair, Error> {
    let Some(path) = &config.identity else { return Ok(Keypair::generate_ed25519()) };
    let error = |reason: String| Error::Secret { path: path.clone(), option: "--identity", reason };
    let text = read_or_make(path, || {
        let mut seed = Zeroizing::new([0; 32]);
        getrandom::fill(seed.as_mut_slice()).map_err(io::Error::other)?;
        Ok(Zeroizing::new(base16ct::lower::encode_string(seed.as_slice()) + "\n"))
    });
    let text = text.map_err(|source| error(source.to_string()))?;
    let mut seed = Zeroizing::new([0; 32]);
    let read = base16ct::mixed::decode(text.trim(), seed.as_mut_slice()).map(<[u8]>::len);
    if read != Ok(32) {
        return Err(error(
            "it must hold 64 hexadecimal digits; `openssl rand -hex 32` makes such a file".into(),
        ));
    }
    Keypair::ed25519_from_bytes(seed.as_mut_slice()).map_err(|source| error(source.to_string()))
}

/// The text of the file, which is made when it does not exist, readable for its owner only.
pub(super) fn read_or_make(
    path: &Path,
    make: impl FnOnce() -> io::Result<Zeroizing<String>>,
) -> io::Result<Zeroizing<String>> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Ok(mut file) => {
            let text = make()?;
            file.write_all(text.as_bytes())?;
            file.sync_all()?;
            tracing::info!(path = %path.display(), "made a new secret file");
            Ok(text)
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            let mut text = Zeroizing::new(String::new());
            OpenOptions::new().read(true).open(path)?.take(FILE_BYTES).read_to_string(&mut text)?;
            Ok(text)
        }
        Err(error) => {
            // A file that may only be read is a usual way to give a secret.
            let mut text = Zeroizing::new(String::new());
            match OpenOptions::new().read(true).open(path) {
                Ok(file) => file.take(FILE_BYTES).read_to_string(&mut text).map(|_| text),
                Err(_) => Err(error),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_file_is_made_once_and_then_kept() {
        let folder = tempfile::tempdir().unwrap();
        let mut config = Config::default();
        assert_ne!(keypair(&config).unwrap().public(), keypair(&config).unwrap().public());
        config.identity = Some(folder.path().join("identity"));
        let first = keypair(&config).unwrap().public();
        assert_eq!(first, keypair(&config).unwrap().public());
        #[cfg(unix)]
        {
            let permissions = fs::metadata(config.identity.as_ref().unwrap()).unwrap().permissions();
            assert_eq!(std::os::unix::fs::PermissionsExt::mode(&permissions) & 0o777, 0o600);
        }
    }

    #[test]
    fn a_file_with_something_else_is_named_and_left_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        for text in ["", "hello", &"g".repeat(64), &"a".repeat(63), &"ab".repeat(40), &"é".repeat(32)] {
            fs::write(&path, text).unwrap();
            let config = Config { identity: Some(path.clone()), ..Config::default() };
            let named = |error: Error| error.to_string().contains(path.to_str().unwrap());
            assert!(keypair(&config).is_err_and(named), "{text:?}");
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
        }
        let config = Config { identity: Some(folder.path().join("missing/identity")), ..Config::default() };
        assert!(matches!(keypair(&config), Err(Error::Secret { option: "--identity", .. })));
    }
}
