//! The network of a tab: what the window's JavaScript can call, for no worker has WebRTC.
