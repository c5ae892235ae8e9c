//! Session descriptions that nobody sends, and what noise binds to them.

use std::net::IpAddr;

use super::address::{Fingerprint, Server};
use crate::framing::MAX_FRAME_BYTES;

/// What a user name fragment begins with, so that a server tells this protocol from others.
const UFRAG_PREFIX: &str = "libp2p+webrtc+v1/";

/// A user name fragment of 24 random bytes: more than the 64 bits that RFC 8839 asks for, in its alphabet.
#[must_use]
pub fn ufrag(random: [u8; 24]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    random.iter().fold(UFRAG_PREFIX.to_owned(), |mut ufrag, byte| {
        ufrag.push(char::from(ALPHABET[usize::from(byte & 63)]));
        ufrag
    })
}

/// Our offer with `ufrag` as both user name and password, which is how the server knows them.
#[must_use]
pub fn munge(offer: &str, ufrag: &str) -> String {
    let line = |line: &str| {
        let replaced = if line.starts_with("a=ice-ufrag:") {
            format!("a=ice-ufrag:{ufrag}")
        } else if line.starts_with("a=ice-pwd:") {
            format!("a=ice-pwd:{ufrag}")
        } else {
            line.to_owned()
        };
        replaced + "\r\n"
    };
    offer.lines().map(line).collect()
}

/// The answer that the server would give: it is an ICE-lite agent at a known address that waits for DTLS.
#[must_use]
pub fn answer(server: &Server, ufrag: &str) -> String {
    let Server { ip, port, certificate, .. } = server;
    let version = match ip {
        IpAddr::V4(_) => 4,
        IpAddr::V6(_) => 6,
    };
    [
        "v=0".to_owned(),
        format!("o=- 0 0 IN IP{version} {ip}"),
        "s=-".to_owned(),
        "t=0 0".to_owned(),
        "a=ice-lite".to_owned(),
        format!("m=application {port} UDP/DTLS/SCTP webrtc-datachannel"),
        format!("c=IN IP{version} {ip}"),
        "a=mid:0".to_owned(),
        "a=ice-options:ice2".to_owned(),
        format!("a=ice-ufrag:{ufrag}"),
        format!("a=ice-pwd:{ufrag}"),
        format!("a=fingerprint:sha-256 {certificate}"),
        "a=setup:passive".to_owned(),
        "a=sctp-port:5000".to_owned(),
        format!("a=max-message-size:{MAX_FRAME_BYTES}"),
        format!("a=candidate:1467250027 1 UDP 1467250027 {ip} {port} typ host"),
        "a=end-of-candidates".to_owned(),
    ]
    .iter()
    .flat_map(|line| [line.as_str(), "\r\n"])
    .collect()
}

/// The SHA-256 fingerprint that a description names.
#[must_use]
pub fn fingerprint(sdp: &str) -> Option<Fingerprint> {
    let hex = sdp.lines().find_map(|line| line.trim_end().strip_prefix("a=fingerprint:sha-256 "))?;
    let mut digest = [0; 32];
    let mut bytes = hex.split(':');
    for byte in &mut digest {
        *byte = u8::from_str_radix(bytes.next()?, 16).ok()?;
    }
    bytes.next().is_none().then_some(Fingerprint(digest))
}

/// What the noise handshake binds itself to: both certificates.
#[must_use]
pub fn prologue(client: Fingerprint, server: Fingerprint) -> Vec<u8> {
    // A multihash: SHA-256, of 32 bytes.
    let hash = |fingerprint: Fingerprint| [0x12, 32].into_iter().chain(fingerprint.0);
    b"libp2p-webrtc-noise:".iter().copied().chain(hash(client)).chain(hash(server)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server() -> Server {
        Server { ip: [192, 0, 2, 7].into(), port: 4001, certificate: Fingerprint([0xab; 32]), peer: None }
    }

    #[test]
    fn offers_take_the_user_name_as_password() {
        let offer = "v=0\r\nm=application 9 X\r\na=ice-ufrag:abcd\r\na=ice-pwd:secret\r\na=mid:0\r\n";
        let munged = munge(offer, "u");
        assert_eq!(munged, "v=0\r\nm=application 9 X\r\na=ice-ufrag:u\r\na=ice-pwd:u\r\na=mid:0\r\n");
    }

    #[test]
    fn answers_name_the_server() {
        let answer = answer(&server(), "u");
        for line in [
            "m=application 4001 UDP/DTLS/SCTP webrtc-datachannel",
            "c=IN IP4 192.0.2.7",
            "a=ice-ufrag:u",
            "a=ice-pwd:u",
            "a=setup:passive",
            "a=candidate:1467250027 1 UDP 1467250027 192.0.2.7 4001 typ host",
        ] {
            assert!(answer.lines().any(|found| found == line), "{line}");
        }
        assert_eq!(fingerprint(&answer), Some(server().certificate));
        assert!(answer.ends_with("\r\n"));
    }

    #[test]
    fn fingerprints_that_are_none() {
        let line = |hex: &str| fingerprint(&format!("v=0\r\na=fingerprint:sha-256 {hex}\r\n"));
        assert_eq!(line(&Fingerprint([7; 32]).to_string()), Some(Fingerprint([7; 32])));
        assert_eq!(line(""), None);
        assert_eq!(line(&"00:".repeat(31)), None);
        assert_eq!(line(&format!("{}:00", Fingerprint([7; 32]))), None);
        assert_eq!(line(&"GG:".repeat(32)), None);
        assert_eq!(fingerprint("v=0\r\n"), None);
    }

    /// The vector of rust-libp2p's `libp2p-webrtc-utils` 0.5.0.
    #[test]
    fn prologue_vector() {
        let hex = |text: &str| -> [u8; 32] {
            std::array::from_fn(|index| u8::from_str_radix(&text[2 * index..2 * index + 2], 16).unwrap())
        };
        let client = hex("3e79af40d6059617a0d83b83a52ce73b0c1f37a72c6043ad2969e2351bdca870");
        let server = hex("30fc9f469c207419dfdd0aab5f27a86c973c94e40548db9375cca2e915973b99");
        let prologue = prologue(Fingerprint(client), Fingerprint(server));
        let shown: String = prologue.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(
            shown,
            "6c69627032702d7765627274632d6e6f6973653a\
             12203e79af40d6059617a0d83b83a52ce73b0c1f37a72c6043ad2969e2351bdca870\
             122030fc9f469c207419dfdd0aab5f27a86c973c94e40548db9375cca2e915973b99"
        );
    }

    #[test]
    fn user_names_are_of_the_protocols_alphabet() {
        let ufrag = ufrag(std::array::from_fn(|index| index as u8 * 11));
        assert_eq!(ufrag.len(), UFRAG_PREFIX.len() + 24);
        assert!(ufrag.chars().all(|char| char.is_ascii_alphanumeric() || "+/".contains(char)));
    }
}
