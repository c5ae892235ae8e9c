//! The one device that this worker computes on.

use std::cell::OnceCell;

use abraham_gpu::{ComputeBackend, Error as GpuError, Preference, choose};
use serde::Serialize;

use crate::error::Error;

thread_local! {
    static CHOSEN: OnceCell<Device> = const { OnceCell::new() };
}

/// What computes here, and why.
#[derive(Clone, Copy)]
pub(crate) struct Device {
    pub(crate) backend: &'static ComputeBackend,
    /// Why it is not the graphics device, where it never was.
    refused: Option<&'static GpuError>,
}

/// A device as the page is told of it.
#[derive(Serialize)]
pub(crate) struct DeviceStatus {
    /// The graphics adapter's name; none where the processor computes.
    adapter: Option<&'static str>,
    /// Why the processor computes ([`GpuError::code`]); none where it does not.
    refused: Option<&'static str>,
    /// What the browser or the driver said of that, for whoever looks into it.
    detail: Option<String>,
}

impl Device {
    /// The device that the first caller's preference chose; a browser gives a device once, and it lasts as long as
    /// the worker.
    ///
    /// # Errors
    /// Where `preference` is not `auto`, `on` or `off`.
    pub(crate) async fn get(preference: &str) -> Result<Self, Error> {
        let preference = match preference {
            "auto" => Preference::Auto,
            "off" => Preference::Off,
            "on" => Preference::Force,
            other => return Err(Error::Option(format!("webgpu: {other}"))),
        };
        if let Some(device) = CHOSEN.with(|chosen| chosen.get().copied()) {
            return Ok(device);
        }
        let (backend, refused) = choose(preference).await;
        let refused = refused.map(|error| &*Box::leak(Box::new(error)));
        let device = Self { backend: Box::leak(Box::new(backend)), refused };
        Ok(CHOSEN.with(|chosen| *chosen.get_or_init(|| device)))
    }

    pub(crate) fn status(&self) -> DeviceStatus {
        let (refused, detail) = match (self.backend.fallen_back(), self.refused) {
            // It worked once.
            (Some(reason), _) => (Some("lost"), Some(reason.to_owned())),
            (None, Some(error)) => (Some(error.code()), Some(error.to_string())),
            (None, None) => (None, None),
        };
        DeviceStatus { adapter: self.backend.gpu().map(|gpu| gpu.name()), refused, detail }
    }
}
