//! The one device that this worker computes on.

use std::cell::OnceCell;

use abraham_gpu::{ComputeBackend, Preference, choose};

use crate::error::Error;

thread_local! {
    static CHOSEN: OnceCell<Device> = const { OnceCell::new() };
}

/// What computes here, and why.
#[derive(Clone, Copy)]
pub(crate) struct Device {
    pub(crate) backend: &'static ComputeBackend,
    why: &'static str,
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
        let (backend, why) = choose(preference).await;
        let device = Self { backend: Box::leak(Box::new(backend)), why: why.leak() };
        Ok(CHOSEN.with(|chosen| *chosen.get_or_init(|| device)))
    }

    /// `CPU`, or the graphics adapter's name.
    pub(crate) fn name(&self) -> &'static str {
        self.backend.gpu().map_or("CPU", |gpu| gpu.name())
    }

    /// Why that device, as a sentence.
    pub(crate) fn why(&self) -> &str {
        self.backend.fallen_back().unwrap_or(self.why)
    }
}
