//! Which peers a negotiation is under way with: at most one begun by each side, and a bounded number in all that
//! others began.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError},
};

use libp2p::PeerId;

/// A bounded set of peers, each in it as long as its [`Permit`] lives.
#[derive(Clone)]
pub(crate) struct Pending {
    peers: Arc<Mutex<HashSet<PeerId>>>,
    limit: usize,
}

/// Why there is no permit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Denied {
    Duplicate,
    Full,
}

impl Pending {
    pub(crate) fn new(limit: usize) -> Self {
        Self { peers: Arc::default(), limit }
    }

    pub(crate) fn admit(&self, peer: PeerId) -> Result<Permit, Denied> {
        let mut peers = self.peers.lock().unwrap_or_else(PoisonError::into_inner);
        if peers.contains(&peer) {
            return Err(Denied::Duplicate);
        }
        if peers.len() >= self.limit {
            return Err(Denied::Full);
        }
        peers.insert(peer);
        Ok(Permit { peer, pending: self.clone() })
    }

    pub(crate) fn contains(&self, peer: &PeerId) -> bool {
        self.peers.lock().unwrap_or_else(PoisonError::into_inner).contains(peer)
    }
}

/// A negotiation that counts until this is dropped.
pub(crate) struct Permit {
    peer: PeerId,
    pending: Pending,
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.pending.peers.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.peer);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_a_peer_and_a_bounded_number_in_all() {
        let pending = Pending::new(2);
        let [a, b, c] = [PeerId::random(), PeerId::random(), PeerId::random()];
        let first = pending.admit(a).ok().unwrap();
        assert_eq!(pending.admit(a).err(), Some(Denied::Duplicate));
        let _second = pending.admit(b).ok().unwrap();
        assert_eq!(pending.admit(c).err(), Some(Denied::Full));
        drop(first);
        assert!(!pending.contains(&a) && pending.contains(&b));
        assert!(pending.admit(c).is_ok());
    }
}
