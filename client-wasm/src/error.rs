//! Errors as JavaScript sees them: an `Error` with a stable `code` in kebab-case and a sentence for people.

use abraham_artist::CheckpointError;
use wasm_bindgen::JsValue;

/// What can go wrong in a studio.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The studio's own logic refused or failed.
    #[error(transparent)]
    Learning(#[from] abraham_learning::Error),
    /// The member of the collective could not begin, or what it keeps could not be kept or read.
    #[error(transparent)]
    Visitor(#[from] abraham_visitor::Error),
    /// An option from the page is not one that exists.
    #[error("{0} is not an option of the studio; reload the page")]
    Option(String),
    /// Files of the last save are gone.
    #[error("some of its files are missing")]
    Incomplete,
    /// A piece could not be signed, written or read.
    #[error(transparent)]
    Piece(#[from] abraham_provenance::Error),
    /// The browser has no source of randomness.
    #[error("this browser gives no secure randomness: {0}")]
    Randomness(#[from] getrandom::Error),
    /// A kernel does not agree with its mirror, or the device is gone.
    #[error("the graphics device failed: {0}")]
    Device(String),
}

impl Error {
    /// A code for the page, which has the words.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Learning(abraham_learning::Error::TooFewPictures { .. }) => "too-few-pictures",
            Self::Learning(abraham_learning::Error::TooManyPictures) => "too-many-files",
            Self::Learning(abraham_learning::Error::Checkpoint(CheckpointError::Foreign { .. })) => {
                "checkpoint-foreign"
            }
            Self::Learning(
                abraham_learning::Error::Checkpoint(_) | abraham_learning::Error::MixedCheckpoints,
            ) => "checkpoint-corrupt",
            Self::Incomplete => "checkpoint-corrupt",
            Self::Visitor(abraham_visitor::Error::StorageFull) => "storage-full",
            Self::Visitor(abraham_visitor::Error::StorageDenied(_)) => "storage-denied",
            Self::Device(_) => "device-lost",
            _ => "internal",
        }
    }
}

impl From<Error> for JsValue {
    fn from(error: Error) -> Self {
        let js = js_sys::Error::new(&error.to_string());
        // Setting a property of a fresh Error object cannot fail.
        let _ = js_sys::Reflect::set(&js, &"code".into(), &error.code().into());
        js.into()
    }
}
