//! The provenance record of a piece: what anyone needs to check where a picture came from.

use serde::{Deserialize, Serialize};

/// Where a piece came from. Hashes are BLAKE3, in lower-case hex.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct PieceRecord {
    /// [`crate::PROTOCOL_VERSION`] of the painters.
    pub protocol: String,
    /// The artist: hash of the four commitments to its genesis shares.
    pub genesis: String,
    /// Learning rounds behind the weights that painted.
    pub round: u64,
    /// Width and height in pixels.
    pub side: u32,
    /// 1 for grey, 3 for colour.
    pub channels: u32,
    /// Seed of the public latent.
    pub latent: String,
    /// For each of the four components, the commitment that its three holders agree on.
    pub share_commitments: [String; 4],
    /// Hash of the opened picture: row-major 8-bit samples, channels interleaved.
    pub picture: String,
    /// How the painters sat: `solo` means that one tab held all four, so nothing was secret from it.
    pub committee: Committee,
}

/// How the four painters sat.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Committee {
    /// All four in one process.
    Solo,
    /// Four members of the network, each with its own shares.
    Members {
        /// The term's id.
        term: String,
        /// Their public keys by seat: compressed points of secp256k1, in hex.
        painters: [String; 4],
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_survives_json_and_unknown_fields_do_not() {
        let record = PieceRecord {
            protocol: crate::PROTOCOL_VERSION.into(),
            genesis: "00".repeat(32),
            round: 600,
            side: 32,
            channels: 3,
            latent: "11".repeat(32),
            share_commitments: std::array::from_fn(|i| format!("{i}{i}").repeat(32)),
            picture: "22".repeat(32),
            committee: Committee::Solo,
        };
        let json = serde_json::to_string(&record).unwrap();
        assert!(json.len() < crate::limits::MAX_PIECE_RECORD_BYTES);
        assert_eq!(serde_json::from_str::<PieceRecord>(&json).unwrap(), record);
        let forged = json.replacen('{', "{\"owner\":\"me\",", 1);
        assert!(serde_json::from_str::<PieceRecord>(&forged).is_err());
    }
}
