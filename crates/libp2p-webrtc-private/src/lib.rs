//! Browser-to-browser WebRTC for rust-libp2p: the /webrtc transport of the libp2p specification.
