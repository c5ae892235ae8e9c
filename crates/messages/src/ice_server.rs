//! STUN and TURN servers, as relays name them to pages and pages to their browsers.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};

/// One server: `RTCIceServer` of the W3C (WebRTC 1.0, section 4.2.4). Every visitor is told the credential, so it should
/// be good for nothing else and limited at the server.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IceServer {
    /// Such as `stun:stun.example:3478` or `turns:turn.example:5349?transport=tcp`. In JSON, a single one may be text.
    #[serde(deserialize_with = "one_or_many")]
    pub urls: Vec<String>,
    /// A TURN server's user name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// A TURN server's password. Not printed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credential: Option<String>,
}

impl fmt::Debug for IceServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IceServer").field("urls", &self.urls).finish_non_exhaustive()
    }
}

fn one_or_many<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum OneOrMany {
        One(String),
        Many(Vec<String>),
    }
    Ok(match OneOrMany::deserialize(deserializer)? {
        OneOrMany::One(url) => vec![url],
        OneOrMany::Many(urls) => urls,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_address_or_several_are_read_and_no_credential_is_printed() {
        let one: IceServer = serde_json::from_str(r#"{"urls":"stun:a"}"#).unwrap();
        assert_eq!(serde_json::to_string(&one).unwrap(), r#"{"urls":["stun:a"]}"#);
        let text = r#"{"urls":["turn:a","turns:b"],"username":"visitor","credential":"secret"}"#;
        let several: IceServer = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&several).unwrap(), text);
        assert!(!format!("{several:?}").contains("secret"));
        assert!(serde_json::from_str::<IceServer>(r#"{"urls":7}"#).is_err());
    }
}
