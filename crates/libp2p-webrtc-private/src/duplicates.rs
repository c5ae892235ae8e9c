//! Which of several direct connections to one peer stay.

use libp2p::{PeerId, swarm::ConnectionId};

/// A direct connection to a peer.
pub(crate) struct Direct {
    pub(crate) id: ConnectionId,
    /// By this side.
    pub(crate) dialled: bool,
    /// It stands so long that another one was not dialled at the same time.
    pub(crate) settled: bool,
}

/// Which of a peer's direct connections to close, the last of them being new. An old one that is settled gives way:
/// whoever makes another has lost it. Of two that were made at once, the one that the larger peer id dialled goes; both
/// sides come to the same. Of two in one direction the dialler closes the newer.
pub(crate) fn surplus(local: PeerId, peer: PeerId, direct: &[Direct]) -> Vec<ConnectionId> {
    let Some((new, old)) = direct.split_last() else { return Vec::new() };
    let (settled, fresh): (Vec<_>, Vec<_>) = old.iter().partition(|direct| direct.settled);
    let mut surplus: Vec<ConnectionId> = settled.iter().map(|direct| direct.id).collect();
    let larger_dialled = |direct: &Direct| direct.dialled == (local > peer);
    if fresh.iter().any(|direct| direct.dialled != new.dialled) {
        let losers = fresh.iter().copied().chain([new]).filter(|direct| larger_dialled(direct));
        surplus.extend(losers.map(|direct| direct.id));
    } else if !fresh.is_empty() && new.dialled {
        surplus.push(new.id);
    }
    surplus
}

#[cfg(test)]
mod tests {
    use super::*;

    fn direct(id: usize, dialled: bool, settled: bool) -> Direct {
        Direct { id: ConnectionId::new_unchecked(id), dialled, settled }
    }

    fn ordered() -> (PeerId, PeerId) {
        let (a, b) = (PeerId::random(), PeerId::random());
        if a < b { (a, b) } else { (b, a) }
    }

    #[test]
    fn both_sides_close_the_connection_that_the_larger_peer_dialled() {
        let (small, large) = ordered();
        // Connection 1 was dialled by the smaller peer, 2 by the larger, whatever the order in which they came up.
        for [first, second] in [[1, 2], [2, 1]] {
            let at_small = [direct(first, first == 1, false), direct(second, second == 1, false)];
            let at_large = [direct(first, first == 2, false), direct(second, second == 2, false)];
            assert_eq!(surplus(small, large, &at_small), [ConnectionId::new_unchecked(2)]);
            assert_eq!(surplus(large, small, &at_large), [ConnectionId::new_unchecked(2)]);
        }
    }

    #[test]
    fn a_settled_connection_gives_way_to_a_new_one() {
        let (small, large) = ordered();
        for dialled in [true, false] {
            let connections = [direct(1, true, true), direct(2, dialled, false)];
            assert_eq!(surplus(small, large, &connections), [ConnectionId::new_unchecked(1)]);
            assert_eq!(surplus(large, small, &connections), [ConnectionId::new_unchecked(1)]);
        }
    }

    #[test]
    fn of_two_in_one_direction_the_dialler_closes_the_newer() {
        let (small, large) = ordered();
        let dialled = [direct(1, true, false), direct(2, true, false)];
        assert_eq!(surplus(small, large, &dialled), [ConnectionId::new_unchecked(2)]);
        let taken = [direct(1, false, false), direct(2, false, false)];
        assert!(surplus(small, large, &taken).is_empty());
        assert!(surplus(small, large, &taken[..1]).is_empty());
    }
}
