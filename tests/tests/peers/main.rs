//! Tabs that are libp2p peers and nothing else: this project's transport against itself and against js-libp2p.

mod interop;
mod link;
