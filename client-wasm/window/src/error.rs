//! Errors as JavaScript sees them: an `Error` with a stable `code` in kebab-case and a sentence for people.

use abraham_messages::DecodeError;
use wasm_bindgen::JsValue;

/// What can go wrong in the window.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An option from the page is not one that exists.
    #[error("the network cannot be started with these options ({0}); reload the page")]
    Option(String),
    /// The node refused its configuration.
    #[error(transparent)]
    Node(#[from] abraham_p2p::Error),
    /// The worker's first message is no secret.
    #[error("the worker's first message is not 32 bytes; reload the page")]
    Secret,
    /// The worker sent something else than bytes.
    #[error("the worker sent something that is no Uint8Array; reload the page")]
    Message,
    /// The worker sent bytes that are no command.
    #[error("the worker sent what is no command ({0}); reload the page")]
    Command(#[from] DecodeError),
}

impl Error {
    fn code(&self) -> &'static str {
        match self {
            Self::Option(_) => "option",
            Self::Node(_) => "network",
            Self::Secret => "secret",
            Self::Message | Self::Command(_) => "worker",
        }
    }
}

impl From<Error> for JsValue {
    fn from(error: Error) -> Self {
        let value = js_sys::Error::new(&error.to_string());
        // Setting a property of a fresh object cannot fail.
        let _ = js_sys::Reflect::set(&value, &"code".into(), &error.code().into());
        value.into()
    }
}
