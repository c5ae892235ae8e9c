//! Work gathered for the device: one upload, dispatches, one readback.

use std::ops::Range;

use abraham_shaders::kernels::{BindingKind, Kernel};
use bytemuck::Pod;
use futures::channel::oneshot;

use crate::{Error, GpuBackend};

/// Where a binding, or a slot of parameters, may begin: the default limits' alignment.
const ALIGNMENT: u64 = 256;

/// Bytes of inputs, and of outputs, in one submission: what fits a binding always fits.
const CAPACITY: u64 = 128 << 20;

/// Work, in multiply-adds or the like, that is handed to the queue at once. A driver resets a device whose queue does
/// not move for about two seconds; at 3 G a second, slower than any real adapter, this is 45 ms.
pub(crate) const WORK_AT_ONCE: usize = 1 << 27;

/// The longest that a native caller waits for one submission; only a driver that hangs takes so long.
#[cfg(not(target_arch = "wasm32"))]
const DEADLINE: std::time::Duration = std::time::Duration::from_secs(120);

/// A stretch of memory on the device.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Region {
    /// Uploaded.
    Input { start: u64, bytes: u64 },
    /// Computed, by its place among the outputs.
    Output(usize),
}

struct Dispatch {
    kernel: &'static Kernel,
    params: Range<u64>,
    regions: Vec<Region>,
    workgroups: [u32; 3],
    work: usize,
}

/// Work gathered for the device. Sizes are bounded by [`Submission::fits`], which callers ask first.
pub(crate) struct Submission<'a> {
    gpu: &'a GpuBackend,
    inputs: Vec<(u64, &'a [u8])>,
    input_bytes: u64,
    params: Vec<u8>,
    outputs: Vec<u64>,
    output_bytes: u64,
    dispatches: Vec<Dispatch>,
}

impl<'a> Submission<'a> {
    pub(crate) fn new(gpu: &'a GpuBackend) -> Self {
        Self {
            gpu,
            inputs: Vec::new(),
            input_bytes: 0,
            params: Vec::new(),
            outputs: Vec::new(),
            output_bytes: 0,
            dispatches: Vec::new(),
        }
    }

    /// Whether regions of these many bytes still fit.
    pub(crate) fn fits(&self, inputs: &[usize], outputs: &[usize]) -> bool {
        let total = |used: u64, more: &[usize]| {
            more.iter().try_fold(used, |sum, bytes| sum.checked_add(aligned(*bytes as u64)?))
        };
        total(self.input_bytes, inputs).is_some_and(|bytes| bytes <= CAPACITY)
            && total(self.output_bytes, outputs).is_some_and(|bytes| bytes <= CAPACITY)
    }

    /// Dispatches so far.
    pub(crate) fn dispatches(&self) -> usize {
        self.dispatches.len()
    }

    /// Uploads `data`, once however often the same slice is given.
    pub(crate) fn input<T: Pod>(&mut self, data: &'a [T]) -> Region {
        let data: &[u8] = bytemuck::cast_slice(data);
        let bytes = data.len() as u64;
        let same = |(_, other): &&(u64, &[u8])| std::ptr::eq(*other, data);
        let start = self.inputs.iter().find(same).map(|(start, _)| *start).unwrap_or_else(|| {
            let start = self.input_bytes;
            self.inputs.push((start, data));
            self.input_bytes += bytes.next_multiple_of(ALIGNMENT);
            start
        });
        Region::Input { start, bytes }
    }

    /// Reserves memory for results.
    pub(crate) fn output(&mut self, bytes: usize) -> Region {
        self.outputs.push(bytes as u64);
        self.output_bytes += (bytes as u64).next_multiple_of(ALIGNMENT);
        Region::Output(self.outputs.len() - 1)
    }

    /// Adds a dispatch, which sees what dispatches before it wrote. `regions` are the kernel's bindings after its
    /// parameters; `work` is its number of multiply-adds or the like.
    pub(crate) fn dispatch<P: Pod>(
        &mut self,
        kernel: &'static Kernel,
        params: &P,
        regions: &[Region],
        workgroups: [u32; 3],
        work: usize,
    ) {
        debug_assert_eq!(kernel.bindings.len(), regions.len() + 1);
        debug_assert_eq!(kernel.bindings[0].kind, BindingKind::Uniform);
        let start = self.params.len();
        self.params.extend_from_slice(bytemuck::bytes_of(params));
        let end = self.params.len();
        self.params.resize(end.next_multiple_of(ALIGNMENT as usize), 0);
        let params = start as u64..end as u64;
        self.dispatches.push(Dispatch { kernel, params, regions: regions.to_vec(), workgroups, work });
    }

    /// Runs everything and reads `wanted` outputs back.
    pub(crate) async fn run(self, wanted: &[Region]) -> Result<Readback, Error> {
        self.gpu.check()?;
        let device = &self.gpu.device;
        // Without these a buffer that could not be made would only leave zeros behind.
        let out_of_memory = device.push_error_scope(wgpu::ErrorFilter::OutOfMemory);
        let invalid = device.push_error_scope(wgpu::ErrorFilter::Validation);
        let submitted = self.submit(wanted);
        let (sender, mapped) = oneshot::channel();
        if let Ok(readback) = &submitted {
            readback.staging.map_async(wgpu::MapMode::Read, .., move |result| {
                // The receiver is gone only where the caller has given up.
                let _ = sender.send(result);
            });
        }
        let (invalid, out_of_memory) = (invalid.pop(), out_of_memory.pop());
        let readback = submitted?;
        #[cfg(not(target_arch = "wasm32"))]
        device
            .poll(wgpu::PollType::Wait { submission_index: None, timeout: Some(DEADLINE) })
            .map_err(|error| Error::Failed(error.to_string()))?;
        if let Some(error) = invalid.await.or(out_of_memory.await) {
            return Err(Error::Failed(error.to_string()));
        }
        match mapped.await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => return Err(Error::Failed(error.to_string())),
            Err(oneshot::Canceled) => return Err(Error::Failed("it dropped a readback".to_owned())),
        }
        self.gpu.check()?;
        Ok(readback)
    }

    /// Uploads, encodes and hands over, in pieces of [`WORK_AT_ONCE`].
    fn submit(&self, wanted: &[Region]) -> Result<Readback, Error> {
        let (device, queue) = (&self.gpu.device, &self.gpu.queue);
        let buffer = |size: u64, usage| {
            device.create_buffer(&wgpu::BufferDescriptor {
                label: None,
                size,
                usage,
                mapped_at_creation: false,
            })
        };
        let inputs =
            buffer(self.input_bytes.max(4), wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_DST);
        for (start, data) in &self.inputs {
            queue.write_buffer(&inputs, *start, data);
        }
        let params = buffer(
            self.params.len().max(4) as u64,
            wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST,
        );
        queue.write_buffer(&params, 0, &self.params);
        let outputs: Vec<_> = self
            .outputs
            .iter()
            .map(|bytes| buffer(*bytes, wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_SRC))
            .collect();
        let bind = |buffer, offset, size| {
            wgpu::BindingResource::Buffer(wgpu::BufferBinding {
                buffer,
                offset,
                size: wgpu::BufferSize::new(size),
            })
        };

        let mut encoder = device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        let mut work = 0;
        for dispatch in &self.dispatches {
            if work > 0 && work + dispatch.work > WORK_AT_ONCE {
                let full = std::mem::replace(
                    &mut encoder,
                    device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default()),
                );
                queue.submit([full.finish()]);
                work = 0;
            }
            work += dispatch.work;
            let pipeline = self.gpu.pipeline(dispatch.kernel)?;
            let slot = bind(&params, dispatch.params.start, dispatch.params.end - dispatch.params.start);
            let regions = dispatch.regions.iter().map(|region| match region {
                Region::Input { start, bytes } => bind(&inputs, *start, *bytes),
                Region::Output(place) => bind(&outputs[*place], 0, self.outputs[*place]),
            });
            let entries: Vec<_> = std::iter::once(slot)
                .chain(regions)
                .zip(0..)
                .map(|(resource, binding)| wgpu::BindGroupEntry { binding, resource })
                .collect();
            let group = device.create_bind_group(&wgpu::BindGroupDescriptor {
                label: Some(dispatch.kernel.name),
                layout: &pipeline.get_bind_group_layout(0),
                entries: &entries,
            });
            let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
            pass.set_pipeline(pipeline);
            pass.set_bind_group(0, &group, &[]);
            let [x, y, z] = dispatch.workgroups;
            pass.dispatch_workgroups(x, y, z);
        }

        let mut places = Vec::with_capacity(wanted.len());
        let mut size = 0;
        for region in wanted {
            if let Region::Output(place) = region {
                let bytes = self.outputs[*place];
                places.push((*region, size..size + bytes));
                size = (size + bytes).next_multiple_of(ALIGNMENT);
            }
        }
        let staging = buffer(size.max(4), wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST);
        for (region, place) in &places {
            if let Region::Output(output) = region {
                encoder.copy_buffer_to_buffer(
                    &outputs[*output],
                    0,
                    &staging,
                    place.start,
                    place.end - place.start,
                );
            }
        }
        queue.submit([encoder.finish()]);
        Ok(Readback { staging, places })
    }
}

/// Results that came back, still mapped.
pub(crate) struct Readback {
    staging: wgpu::Buffer,
    places: Vec<(Region, Range<u64>)>,
}

impl Readback {
    /// One output's elements; none where it was not asked for.
    pub(crate) fn read<T: Pod>(&self, region: Region) -> Vec<T> {
        let place = self.places.iter().find(|(other, _)| *other == region).map(|(_, place)| place.clone());
        place
            .map(|place| bytemuck::pod_collect_to_vec(&self.staging.get_mapped_range(place)))
            .unwrap_or_default()
    }
}

/// The next place where a binding may begin.
fn aligned(bytes: u64) -> Option<u64> {
    bytes.checked_next_multiple_of(ALIGNMENT)
}
