//! What the project promises in numbers, and the best published system's numbers beside them.

/// What is compared with: SecretFlow SPU 0.9.5 from PyPI, ABY3, 64-bit ring, three processes on loopback, on an idle
/// machine with two cores, network 8→256→64→3072 with secret weights and inputs.
const SPU_SINE: &str = "SPU 0.9.5 ABY3, sine";
const SPU_RELU: &str = "SPU 0.9.5 ABY3, ReLU";
/// What a number must be.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Goal {
    AtMost(f64),
    AtLeast(f64),
    /// Nothing was promised: it is told.
    Told,
}

impl Goal {
    /// The number that is to be reached.
    pub(crate) fn number(self) -> Option<f64> {
        match self {
            Self::AtMost(number) | Self::AtLeast(number) => Some(number),
            Self::Told => None,
        }
    }
}

/// One promise.
pub(crate) struct Promise {
    pub(crate) name: &'static str,
    pub(crate) goal: Goal,
    /// SPU's numbers with sine and with ReLU, where it has them.
    pub(crate) baselines: &'static [(&'static str, f64)],
    /// What `unit`'s numbers are divided by for people, and what that is called.
    pub(crate) shown: (f64, &'static str),
}

pub(crate) const PROMISES: [Promise; 37] = [
    promise(
        "paint_cpu_ms_per_painter",
        Goal::AtMost(5.0),
        &[(SPU_SINE, 32.0), (SPU_RELU, 16.0)],
        (1.0, "ms"),
    ),
    promise(
        "paint_bytes_total",
        Goal::AtMost(0.27e6),
        &[(SPU_SINE, 0.64e6), (SPU_RELU, 0.27e6)],
        (1e6, "MB"),
    ),
    promise("paint_rounds", Goal::AtMost(8.0), &[], (1.0, "rounds")),
    promise(
        "paint64_cpu_ms_per_painter",
        Goal::AtMost(60.0),
        &[(SPU_SINE, 185.0), (SPU_RELU, 128.0)],
        (1.0, "ms"),
    ),
    promise(
        "paint64_bytes_total",
        Goal::AtMost(14.8e6),
        &[(SPU_SINE, 33.8e6), (SPU_RELU, 14.9e6)],
        (1e6, "MB"),
    ),
    promise(
        "step64_cpu_ms_per_painter",
        Goal::AtMost(250.0),
        &[(SPU_SINE, 825.0), (SPU_RELU, 681.0)],
        (1.0, "ms"),
    ),
    promise("step64_bytes_total", Goal::AtMost(24e6), &[(SPU_SINE, 64.8e6), (SPU_RELU, 24.3e6)], (1e6, "MB")),
    // How well whoever sees two batches tells taught pictures from others: 0.5 is guessing. Batches are opened at 8 bits.
    promise("membership_auc_16_bits", Goal::Told, &[], (1.0, "AUC")),
    promise("membership_auc_10_bits", Goal::Told, &[], (1.0, "AUC")),
    promise("membership_auc_8_bits", Goal::Told, &[], (1.0, "AUC")),
    promise("solo_rounds_per_s", Goal::AtLeast(1.0), &[], (1.0, "rounds/s")),
    promise("page_first_paint_bytes", Goal::AtMost(60e3), &[], (1e3, "kB")),
    promise("ring_matmul512_gmacs_wasm", Goal::AtLeast(2.5), &[], (1.0, "GMAC/s")),
    promise("ring_matmul512_gmacs_native", Goal::AtLeast(3.0), &[], (1.0, "GMAC/s")),
    // The network, on this machine and without added delay.
    promise("link_ms", Goal::AtMost(1500.0), &[], (1.0, "ms")),
    promise("signalling_ms", Goal::AtMost(200.0), &[], (1.0, "ms")),
    promise("link_throughput_mib_per_s", Goal::Told, &[], (1.0, "MiB/s")),
    // Of a bare RTCDataChannel between the same two tabs.
    promise("link_throughput_ratio", Goal::AtLeast(0.9), &[], (1.0, "")),
    promise("streams_open_channels", Goal::AtMost(5.0), &[], (1.0, "channels")),
    // Of the first tenth of 4,000 streams.
    promise("streams_last_tenth_ratio", Goal::AtLeast(0.8), &[], (1.0, "")),
    promise("closed_tab_noticed_ms", Goal::AtMost(1000.0), &[], (1.0, "ms")),
    promise("killed_tab_noticed_ms", Goal::AtMost(20_000.0), &[], (1000.0, "s")),
    // The collective of four tabs.
    promise("collective_paint_ms", Goal::Told, &[], (1.0, "ms")),
    // Of the solo studio's time for a piece.
    promise("collective_paint_ratio", Goal::AtMost(2.0), &[], (1.0, "")),
    promise("collective_rounds_per_s", Goal::AtLeast(0.5), &[], (1.0, "rounds/s")),
    promise("teacher_bytes", Goal::AtMost(0.8e6), &[], (1e6, "MB")),
    // The collective of four native painters, each in a network namespace, over lines of this round trip. The run fails
    // where a setting does not work.
    promise("netem_0ms_rounds_per_s", Goal::Told, &[], (1.0, "rounds/s")),
    promise("netem_20ms_rounds_per_s", Goal::Told, &[], (1.0, "rounds/s")),
    promise("netem_80ms_rounds_per_s", Goal::Told, &[], (1.0, "rounds/s")),
    // One packet of a hundred is lost.
    promise("netem_80ms_10permille_lost_rounds_per_s", Goal::Told, &[], (1.0, "rounds/s")),
    // A relay with 5,000 idle visitors over websocket, each with a reservation, in the minute after all have come.
    promise("relay_failed_reservations", Goal::AtMost(0.0), &[], (1.0, "reservations")),
    promise("relay_bytes_per_peer", Goal::Told, &[], (1024.0, "KiB")),
    // What is shipped.
    promise("relay_binary_bytes", Goal::AtMost(25e6), &[], (1e6, "MB")),
    promise("abraham_client_gzip_bytes", Goal::Told, &[], (1e3, "kB")),
    promise("abraham_window_gzip_bytes", Goal::Told, &[], (1e3, "kB")),
    // Fetched with the first picture.
    promise("abraham_decoder_gzip_bytes", Goal::AtMost(300e3), &[], (1e3, "kB")),
    // The client and the window: all the wasm that a member fetches before a picture.
    promise("wasm_gzip_bytes", Goal::AtMost(800e3), &[], (1e3, "kB")),
];

const fn promise(
    name: &'static str,
    goal: Goal,
    baselines: &'static [(&'static str, f64)],
    shown: (f64, &'static str),
) -> Promise {
    Promise { name, goal, baselines, shown }
}
