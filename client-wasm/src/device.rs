//! The one device that this worker computes on.

use std::cell::OnceCell;

use abraham_gpu::{ComputeBackend, Error as GpuError, Preference, choose};
use abraham_page::{DeviceStatus, NoGraphics, WebGpu};

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

impl Device {
    /// The device that the first caller's preference chose; a browser gives a device once, and it lasts as long as
    /// the worker.
    pub(crate) async fn get(preference: WebGpu) -> Self {
        if let Some(device) = CHOSEN.with(|chosen| chosen.get().copied()) {
            return device;
        }
        let preference = match preference {
            WebGpu::Auto => Preference::Auto,
            WebGpu::Off => Preference::Off,
            WebGpu::On => Preference::Force,
        };
        let (backend, refused) = choose(preference).await;
        let refused = refused.map(|error| &*Box::leak(Box::new(error)));
        let device = Self { backend: Box::leak(Box::new(backend)), refused };
        CHOSEN.with(|chosen| *chosen.get_or_init(|| device))
    }

    /// The device as the page is told of it.
    pub(crate) fn status(&self) -> DeviceStatus {
        let (refused, detail) = match (self.backend.fallen_back(), self.refused) {
            // It worked once.
            (Some(reason), _) => (Some(NoGraphics::Lost), Some(reason.to_owned())),
            (None, Some(error)) => (Some(reason_for(error)), Some(error.to_string())),
            (None, None) => (None, None),
        };
        DeviceStatus { adapter: self.backend.gpu().map(|gpu| gpu.name()), refused, detail }
    }
}

fn reason_for(error: &GpuError) -> NoGraphics {
    match error {
        GpuError::SwitchedOff => NoGraphics::SwitchedOff,
        GpuError::NoAdapter(_) => NoGraphics::NoAdapter,
        GpuError::Refused { .. } => NoGraphics::Refused,
        GpuError::Software(_) => NoGraphics::Software,
        GpuError::Disagrees { .. } => NoGraphics::Disagrees,
        // Whatever else goes wrong does so while it is tried.
        _ => NoGraphics::Failed,
    }
}
