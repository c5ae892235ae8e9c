//! A device with its pipelines.

use std::sync::{Arc, Mutex, PoisonError};

use abraham_shaders::kernels::{self, Kernel};

use crate::{Error, adapter};

/// A graphics device that runs the kernels. It holds no data between calls.
pub struct GpuBackend {
    pub(crate) name: String,
    pub(crate) software: bool,
    pub(crate) device: wgpu::Device,
    pub(crate) queue: wgpu::Queue,
    pipelines: Vec<(&'static str, wgpu::ComputePipeline)>,
    failure: Failure,
}

/// The first thing that went wrong with a device, if any.
#[derive(Clone, Default)]
struct Failure(Arc<Mutex<Option<String>>>);

impl Failure {
    fn set(&self, reason: String) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(reason);
    }

    fn get(&self) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl GpuBackend {
    /// Asks for the fastest adapter and compiles every kernel for it.
    ///
    /// The limits asked for are WebGPU's defaults, which every adapter has: a binding of 128 MiB, a workgroup of 256
    /// invocations with 16 KiB.
    ///
    /// # Errors
    /// [`Error::NoAdapter`], [`Error::Refused`], or [`Error::Failed`] where a kernel does not compile.
    pub async fn request() -> Result<Self, Error> {
        let mut descriptor = wgpu::InstanceDescriptor::new_without_display_handle();
        descriptor.backends = wgpu::Backends::BROWSER_WEBGPU | wgpu::Backends::VULKAN;
        let options = wgpu::RequestAdapterOptions {
            power_preference: wgpu::PowerPreference::HighPerformance,
            ..Default::default()
        };
        let adapter = wgpu::Instance::new(descriptor)
            .request_adapter(&options)
            .await
            .map_err(|error| Error::NoAdapter(error.to_string()))?;
        let adapter::Description { name, software } = adapter::describe(&adapter).await;
        let (device, queue) = adapter
            .request_device(&wgpu::DeviceDescriptor {
                required_limits: wgpu::Limits::default(),
                ..Default::default()
            })
            .await
            .map_err(|error| Error::Refused { adapter: name.clone(), reason: error.to_string() })?;

        let failure = Failure::default();
        let lost = failure.clone();
        device.set_device_lost_callback(move |reason, message| {
            lost.set(format!("lost, {reason:?}: {message}"))
        });
        let uncaptured = failure.clone();
        device.on_uncaptured_error(Arc::new(move |error: wgpu::Error| uncaptured.set(error.to_string())));

        let scope = device.push_error_scope(wgpu::ErrorFilter::Validation);
        let pipelines = kernels::ALL.iter().map(|kernel| (kernel.name, pipeline(&device, kernel))).collect();
        if let Some(error) = scope.pop().await {
            return Err(Error::Failed(error.to_string()));
        }
        Ok(Self { name, software, device, queue, pipelines, failure })
    }

    /// The adapter's name, for people.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether the adapter is software.
    pub fn is_software(&self) -> bool {
        self.software
    }

    /// Gives the device up; whatever is asked of it later fails. What a driver does on its own, for tests.
    pub fn destroy(&self) {
        self.failure.set("it was destroyed".to_owned());
        self.device.destroy();
    }

    pub(crate) fn pipeline(&self, kernel: &Kernel) -> Result<&wgpu::ComputePipeline, Error> {
        let found = self.pipelines.iter().find(|(name, _)| *name == kernel.name);
        found.map(|(_, pipeline)| pipeline).ok_or_else(|| Error::Failed(format!("no kernel {}", kernel.name)))
    }

    /// Fails where the device has.
    pub(crate) fn check(&self) -> Result<(), Error> {
        self.failure.get().map_or(Ok(()), |reason| Err(Error::Failed(reason)))
    }
}

fn pipeline(device: &wgpu::Device, kernel: &Kernel) -> wgpu::ComputePipeline {
    let module = device.create_shader_module(wgpu::ShaderModuleDescriptor {
        label: Some(kernel.name),
        source: wgpu::ShaderSource::Wgsl(kernel.wgsl.into()),
    });
    device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
        label: Some(kernel.name),
        layout: None,
        module: &module,
        entry_point: Some(kernel.name),
        compilation_options: wgpu::PipelineCompilationOptions::default(),
        cache: None,
    })
}
