//! A peer of the collective: relay, presence and direct links, without libp2p's types.
