//! What can go wrong with a graphics device.

/// Errors of this crate: each names its cause and what to do.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Nobody wants the device.
    #[error("the graphics device is switched off; everything is computed on the CPU")]
    SwitchedOff,
    /// The system offers no adapter.
    #[error("no graphics adapter is to be had ({0}); allow hardware acceleration, or compute on the CPU")]
    NoAdapter(String),
    /// The adapter would not give a device.
    #[error(
        "the graphics adapter {adapter} refused a device: {reason}; update its driver, or compute on the CPU"
    )]
    Refused {
        /// The adapter's name.
        adapter: String,
        /// What it said.
        reason: String,
    },
    /// The adapter is software, and slower than the CPU backend.
    #[error("{0} is a software adapter, which is slower than computing on the CPU directly")]
    Software(String),
    /// A kernel's results differ from its CPU mirror's.
    #[error(
        "the device computes {kernel} wrongly ({case}); its driver may be at fault, so compute on the CPU"
    )]
    Disagrees {
        /// The kernel.
        kernel: &'static str,
        /// The work that it got wrong.
        case: String,
    },
    /// The device was lost, or failed at some work.
    #[error("the graphics device failed: {0}; compute on the CPU, or ask for a device again")]
    Failed(String),
    /// The work was refused before it reached the device.
    #[error("the work cannot be computed: {0}")]
    Work(#[from] abraham_ring::Error),
    /// The teacher's sums are undefined for what was given.
    #[error("kernel sums need {0}")]
    KernelSums(&'static str),
}

impl From<Error> for abraham_ring::Error {
    fn from(error: Error) -> Self {
        match error {
            Error::Work(error) => error,
            error => Self::Device(error.to_string()),
        }
    }
}
