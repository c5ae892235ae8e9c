//! Host modules, generated from the shaders by the build script.

/// What kind of resource a binding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BindingKind {
    /// A uniform buffer: the kernel's `Params`.
    Uniform,
    /// A storage buffer that the kernel reads.
    StorageRead,
    /// A storage buffer that the kernel writes.
    StorageReadWrite,
}

/// One binding of a kernel; its number is its place in [`Kernel::bindings`], its group 0.
#[derive(Clone, Copy, Debug)]
pub struct Binding {
    /// The name in the shader.
    pub name: &'static str,
    /// What kind of resource it is.
    pub kind: BindingKind,
}

/// What a dispatch of a kernel needs to know, read from the shader.
#[derive(Clone, Copy, Debug)]
pub struct Kernel {
    /// Name of the kernel, its file and its entry point.
    pub name: &'static str,
    /// Invocations of a workgroup along x, y and z.
    pub workgroup_size: [u32; 3],
    /// Its bindings, in order.
    pub bindings: &'static [Binding],
    /// The shader.
    pub wgsl: &'static str,
}

include!(concat!(env!("OUT_DIR"), "/kernels.rs"));
