//! A member's key and the libp2p peer it is.

use abraham_messages::node::PeerKey;
use libp2p::{
    PeerId,
    identity::{Keypair, PublicKey, secp256k1},
};
use zeroize::Zeroizing;

use crate::Error;

/// A member's secret: a secp256k1 scalar, wiped when dropped.
pub struct Secret(Zeroizing<[u8; 32]>);

impl Secret {
    /// Takes 32 bytes, big-endian. Random bytes are a secret with all but negligible probability.
    ///
    /// # Errors
    /// [`Error::Secret`] where they are zero or not below the order of the group.
    pub fn new(bytes: [u8; 32]) -> Result<Self, Error> {
        let secret = Self(Zeroizing::new(bytes));
        secret.keys()?;
        Ok(secret)
    }

    /// The member that this secret makes.
    pub fn key(&self) -> PeerKey {
        // `new` checked that the bytes are a secret.
        self.keys().map_or(PeerKey([0; 33]), |keys| PeerKey(keys.public().to_bytes()))
    }

    pub(crate) fn identity(&self) -> Result<Keypair, Error> {
        self.keys().map(Keypair::from)
    }

    fn keys(&self) -> Result<secp256k1::Keypair, Error> {
        let mut bytes = self.0.clone();
        secp256k1::SecretKey::try_from_bytes(bytes.as_mut_slice()).map(Into::into).map_err(|_| Error::Secret)
    }
}

/// The libp2p peer of a member, if the key is a point of the curve.
pub(crate) fn peer_id(key: PeerKey) -> Option<PeerId> {
    let public = secp256k1::PublicKey::try_from_bytes(&key.0).ok()?;
    Some(PublicKey::from(public).to_peer_id())
}

/// The member of a libp2p peer, if its key is on secp256k1: short keys are part of the peer's name.
pub(crate) fn peer_key(peer: &PeerId) -> Option<PeerKey> {
    let hash = peer.as_ref();
    const IDENTITY: u64 = 0;
    if hash.code() != IDENTITY {
        return None;
    }
    let public = PublicKey::try_decode_protobuf(hash.digest()).ok()?;
    public.try_into_secp256k1().ok().map(|key| PeerKey(key.to_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_and_its_peer_name_each_other() {
        let secret = Secret::new([9; 32]).unwrap();
        let peer = secret.identity().unwrap().public().to_peer_id();
        assert_eq!(peer_key(&peer), Some(secret.key()));
        assert_eq!(peer_id(secret.key()), Some(peer));
    }

    #[test]
    fn what_is_no_secret_or_no_member_is_refused() {
        assert!(matches!(Secret::new([0; 32]), Err(Error::Secret)));
        assert!(matches!(Secret::new([0xff; 32]), Err(Error::Secret)));
        assert_eq!(peer_id(PeerKey([5; 33])), None, "no point of the curve");
        assert_eq!(peer_key(&PeerId::random()), None, "no key on secp256k1");
    }
}
