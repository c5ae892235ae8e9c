//! What a member of the collective is told and says.

use serde::{Deserialize, Serialize};

use crate::{CollectivePiece, Snapshot, WebGpu};

/// How this tab joins.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct JoinOptions {
    /// Whether to compute on a graphics card.
    pub webgpu: WebGpu,
    /// Share of the time that rounds may take, up to 1.
    pub share: f64,
}

/// What a member says to the page.
#[derive(Serialize)]
#[serde(rename_all = "camelCase", tag = "event")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum MemberEvent {
    /// How the collective stands.
    Collective {
        /// All of it.
        snapshot: Box<Snapshot>,
    },
    /// A batch that the collective painted, as this tab has it.
    CollectiveBatch {
        /// Tiles of SIDE×SIDE RGBA, one after another.
        #[serde(with = "serde_bytes")]
        #[cfg_attr(test, ts(type = "Uint8Array"))]
        tiles: Vec<u8>,
    },
    /// A piece that it painted.
    CollectivePiece(CollectivePiece),
    /// What went over the links.
    Traffic(Traffic),
    /// What went wrong.
    Failure(Failure),
}

/// What went over this tab's links since it joined, in bytes, all of it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Traffic {
    /// To others.
    pub sent: u64,
    /// From others.
    pub received: u64,
    /// What this tab's last update had on its way to the four painters; 0 before the first.
    pub update_bytes: u64,
    /// Link by link.
    pub links: Vec<LinkTraffic>,
}

/// What went over one link, in bytes.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct LinkTraffic {
    /// The other end's key.
    pub key: String,
    /// To it.
    pub sent: u64,
    /// From it.
    pub received: u64,
}

/// What went wrong: a code, for which the page has the words, and a sentence where it has none.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Failure {
    /// In kebab-case.
    pub code: String,
    /// What a person can read who looks into it.
    pub message: String,
}
