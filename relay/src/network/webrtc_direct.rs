//! How tabs dial the relay by WebRTC, which needs no name and no TLS.

use std::io;

use libp2p::{
    PeerId, Transport as _,
    core::{muxing::StreamMuxerBox, transport::Boxed},
    identity::Keypair,
};
use libp2p_webrtc::tokio::{Certificate, Transport};
use zeroize::Zeroizing;

use super::{secrets::read_or_make, throttle::muxer::ThrottledMuxer};
use crate::{Config, Error, limits};

/// Listens under `config.webrtc_certificate`.
pub(super) fn transport(
    keypair: &Keypair,
    config: &Config,
) -> Result<Boxed<(PeerId, StreamMuxerBox)>, Error> {
    let transport = Transport::new(keypair.clone(), certificate(config)?);
    let throttled = transport.map(|(peer, connection), end| {
        let rate = end.is_listener().then_some(limits::READ_RATE);
        (peer, StreamMuxerBox::new(ThrottledMuxer::new(connection, rate)))
    });
    Ok(throttled.boxed())
}

/// The certificate of `config.webrtc_certificate`, or a new one.
fn certificate(config: &Config) -> Result<Certificate, Error> {
    let made = || Certificate::generate(&mut rand::rng()).map_err(io::Error::other);
    let Some(path) = &config.webrtc_certificate else {
        return made().map_err(|source| Error::P2p(source.to_string()));
    };
    let error = |reason: String| Error::Secret { path: path.clone(), option: "--webrtc-certificate", reason };
    let text = read_or_make(path, || Ok(Zeroizing::new(made()?.serialize_pem())));
    let text = text.map_err(|source| error(source.to_string()))?;
    Certificate::from_pem(&text).map_err(|_| {
        error("it holds no certificate and key that this relay made; remove it and a new one is made".into())
    })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_certificate_is_made_once_and_then_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("certificate.pem");
        let config = Config { webrtc_certificate: Some(path.clone()), ..Config::default() };
        assert!(certificate(&config).unwrap() == certificate(&config).unwrap());
        #[cfg(unix)]
        {
            let permissions = fs::metadata(&path).unwrap().permissions();
            assert_eq!(std::os::unix::fs::PermissionsExt::mode(&permissions) & 0o777, 0o600);
        }
        for text in ["", "hello", &"g".repeat(64), &"é".repeat(32)] {
            fs::write(&path, text).unwrap();
            let named = |error: Error| error.to_string().contains(path.to_str().unwrap());
            assert!(certificate(&config).is_err_and(named), "{text:?}");
            assert_eq!(fs::read_to_string(&path).unwrap(), text, "it is left as it is");
        }
    }
}
