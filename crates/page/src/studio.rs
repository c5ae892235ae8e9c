//! What the studio is told and says.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// How the studio is opened.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct OpenOptions {
    /// Whether to compute on a graphics card.
    pub webgpu: WebGpu,
    /// Samples of a pixel, 1 or 3.
    pub channels: usize,
    /// Paintings a round.
    pub batch: usize,
}

/// Whether to compute on a graphics card.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum WebGpu {
    /// Where there is a real one that computes rightly.
    Auto,
    /// Never.
    Off,
    /// Also where it is software.
    On,
}

/// What computes in the worker.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct DeviceStatus {
    /// The name of the graphics adapter; none where the processor computes.
    pub adapter: Option<&'static str>,
    /// Why the processor computes; none where it does not.
    pub refused: Option<NoGraphics>,
    /// What the browser or the driver said of that, for whoever looks into it.
    pub detail: Option<String>,
}

/// Why no graphics card computes.
#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum NoGraphics {
    /// Nobody wants it.
    SwitchedOff,
    /// The browser offers none.
    NoAdapter,
    /// It would not work.
    Refused,
    /// It is software, which is slower than the processor.
    Software,
    /// It computes wrongly.
    Disagrees,
    /// It failed when it was tried.
    Failed,
    /// It worked and then stopped answering.
    Lost,
}

/// What the studio is and where it lives.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct StudioStatus {
    /// What computes.
    pub device: DeviceStatus,
    /// The artist, in hex.
    pub genesis: String,
    /// Learning rounds behind it.
    pub round: u64,
    /// Code of what keeps it from being stored on this device; none where it is stored.
    pub unstored: Option<&'static str>,
    /// Whether it was drawn in this visit, because none was on this device.
    pub born: bool,
    /// Its round in the last whole save on this device; none where there is none.
    pub saved: Option<u64>,
    /// Code of why the last save could not be used, where the one before it was.
    pub passed_over: Option<&'static str>,
}

/// One learning round.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Round {
    /// Learning rounds behind the artist.
    pub round: u64,
    /// Pictures that it learned from.
    pub pictures: usize,
    /// Whether nothing was learnt, since the norm of a gradient was out of its bounds.
    pub refused: bool,
    /// What was painted: tiles of SIDE×SIDE RGBA, one after another.
    #[serde(with = "serde_bytes")]
    #[cfg_attr(test, ts(type = "Uint8Array"))]
    pub batch: Vec<u8>,
    /// Bytes that the painters sent to each other.
    pub bytes: u64,
    /// The same bytes by kind of message.
    #[cfg_attr(test, ts(type = "Record<string, number>"))]
    pub kinds: BTreeMap<&'static str, u64>,
    /// Rounds of the protocol that they took.
    pub protocol_rounds: u64,
    /// How long it took.
    pub millis: f64,
}
