//! Signing and checking signatures: ECDSA over secp256k1, with low s and a recovery id, as Ethereum writes it.

use abraham_messages::{PeerKey, collective::Signature};
use k256::ecdsa::{self, RecoveryId, SigningKey, VerifyingKey};

use crate::{Error, Statement, digest};

/// The last byte of a signature where the y of the nonce's point is even.
const EVEN: u8 = 27;
/// The last byte of a signature where it is odd.
const ODD: u8 = 28;

/// A key that signs. It derives neither `Debug` nor `Clone`; the key is wiped when dropped.
pub struct Signer {
    key: SigningKey,
    public: PeerKey,
}

impl Signer {
    /// Takes a secp256k1 secret scalar, big-endian.
    ///
    /// # Errors
    /// [`Error::Secret`] for zero and what is not below the curve's order.
    pub fn new(secret: &[u8; 32]) -> Result<Self, Error> {
        let key = SigningKey::from_slice(secret).map_err(|_| Error::Secret)?;
        let public = compressed(key.verifying_key()).ok_or(Error::Secret)?;
        Ok(Self { key, public })
    }

    /// The public key.
    pub fn public_key(&self) -> PeerKey {
        self.public
    }

    /// Signs a statement, deterministically (RFC 6979).
    pub fn sign<S: Statement>(&self, statement: &S) -> Signature {
        let (signature, id) = self.key.sign_prehash_recoverable(&digest(statement).0);
        let mut bytes = [0; 65];
        bytes[..64].copy_from_slice(&signature.to_bytes());
        bytes[64] = if id.is_y_odd() { ODD } else { EVEN };
        Signature(bytes)
    }
}

fn compressed(key: &VerifyingKey) -> Option<PeerKey> {
    key.to_sec1_point(true).as_bytes().try_into().ok().map(PeerKey)
}

/// The key that signed a statement, whoever's it is: every well-formed signature has one.
///
/// # Errors
/// [`Error::Signature`] where it is none, or another that says the same could be made of it (a high s, EIP-2).
pub fn recover<S: Statement>(statement: &S, signature: &Signature) -> Result<PeerKey, Error> {
    let (bytes, id) = (&signature.0[..64], signature.0[64]);
    let is_y_odd = match id {
        EVEN => false,
        ODD => true,
        _ => return Err(Error::Signature),
    };
    let signature = ecdsa::Signature::from_slice(bytes).map_err(|_| Error::Signature)?;
    if signature.normalize_s() != signature {
        return Err(Error::Signature);
    }
    let id = RecoveryId::new(is_y_odd, false);
    let key = VerifyingKey::recover_from_prehash(&digest(statement).0, &signature, id);
    key.ok().and_then(|key| compressed(&key)).ok_or(Error::Signature)
}

/// Whether `signer` signed the statement.
pub fn verify<S: Statement>(signer: &PeerKey, statement: &S, signature: &Signature) -> bool {
    recover(statement, signature).is_ok_and(|key| key == *signer)
}
