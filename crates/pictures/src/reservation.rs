//! What a file asks of those who would learn from it.
//!
//! Such marks stand in metadata, as text, wherever a format keeps it: XMP in a segment, a chunk or a block of its own,
//! JUMBF in `APP11`, `caBX` or `C2PA`. So the whole file is searched for the words themselves, which is one pass over
//! its bytes and finds them in every format; what is packed (a compressed text of a PNG) is left packed but for XMP.

use memchr::memmem;

use crate::limits;

/// Who says, in the file, that it must not be learnt from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reservation {
    /// The property `plus:DataMining` of PLUS, which IPTC's standard for photographs uses as well.
    Plus,
    /// An assertion `training-mining` in a C2PA manifest (CAWG's too).
    C2pa,
}

/// Values of PLUS's property `DataMining` that forbid begin with this (PLUS License Data Format, DMI).
const PLUS_PROHIBITED: &[u8] = b"/DMI-PROHIBITED";
/// Entries of the assertion that are about learning (C2PA 2.1, 18.21; CAWG training and data mining, 1.1).
const ENTRIES: [&[u8]; 3] = [b".ai_generative_training", b".ai_training", b".data_mining"];
/// What they say where they forbid, or only allow under conditions.
const NOT_ALLOWED: [&[u8]; 2] = [b"notAllowed", b"constrained"];
/// Looks for marks in a file.
pub(crate) fn find(bytes: &[u8]) -> Option<Reservation> {
    if memmem::find(bytes, PLUS_PROHIBITED).is_some() {
        return Some(Reservation::Plus);
    }
    // Nothing else has both.
    memmem::find(bytes, b".training-mining")?;
    let forbids = |entry: &&[u8]| {
        memmem::find_iter(bytes, *entry).any(|at| {
            let value = &bytes[at + entry.len()..];
            let value = &value[..value.len().min(limits::MAX_RESERVATION_DISTANCE)];
            // Up to the next entry.
            let value = &value
                [..memmem::find(value, b"c2pa.").or(memmem::find(value, b"cawg.")).unwrap_or(value.len())];
            NOT_ALLOWED.iter().any(|word| memmem::find(value, word).is_some())
        })
    };
    ENTRIES.iter().any(forbids).then_some(Reservation::C2pa)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plus_forbids_by_value_however_the_property_is_written() {
        let attribute = b"<rdf:Description plus:DataMining=\"http://ns.useplus.org/ldf/vocab/DMI-PROHIBITED-AIMLTRAINING\"/>";
        let element = b"<plus:DataMining>http://ns.useplus.org/ldf/vocab/DMI-PROHIBITED</plus:DataMining>";
        let allowed = b"<plus:DataMining>http://ns.useplus.org/ldf/vocab/DMI-ALLOWED</plus:DataMining>";
        assert_eq!(find(attribute), Some(Reservation::Plus));
        assert_eq!(find(element), Some(Reservation::Plus));
        assert_eq!(find(allowed), None);
    }

    #[test]
    fn c2pa_forbids_by_entry() {
        let entry = |key: &str, value: &str| {
            format!("c2pa.training-mining\0\u{1}entries\u{1}x\u{1b}{key}\u{1}cuse{value}")
        };
        for key in ["c2pa.ai_generative_training", "c2pa.ai_training", "cawg.ai_training", "c2pa.data_mining"]
        {
            assert_eq!(find(entry(key, "jnotAllowed").as_bytes()), Some(Reservation::C2pa), "{key}");
            assert_eq!(find(entry(key, "kconstrained").as_bytes()), Some(Reservation::C2pa), "{key}");
            assert_eq!(find(entry(key, "gallowed").as_bytes()), None, "{key}");
        }
        // To be asked is not to be learnt from, and another entry's word is not this one's.
        assert_eq!(find(entry("c2pa.ai_inference", "jnotAllowed").as_bytes()), None);
        let two = entry("c2pa.ai_training", "gallowed") + "\u{11}c2pa.ai_inference\u{1}cusejnotAllowed";
        assert_eq!(find(two.as_bytes()), None);
        assert_eq!(find(b"c2pa.ai_training cuse jnotAllowed"), None);
    }
}
