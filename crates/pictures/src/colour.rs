//! Colours as a browser shows them: through the file's profile, to sRGB.

use std::sync::Arc;

use moxcms::{
    Chromaticity, CicpColorPrimaries, CicpProfile, ColorPrimaries, ColorProfile, DataColorSpace, Layout,
    MatrixCoefficients, ToneReprCurve, TransferCharacteristics, Transform8BitExecutor, TransformOptions,
};

/// What a file's samples are.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Samples {
    Grey,
    Rgb,
    Rgba,
    /// Cyan, magenta, yellow and black, 255 for full.
    Cmyk,
}

/// The way from a file's colours to sRGB.
pub(crate) struct ToSrgb {
    transform: Option<Arc<Transform8BitExecutor>>,
    /// What it takes: what the file has, but RGB for grey with a profile for RGB.
    takes: Samples,
}

impl ToSrgb {
    /// For samples that are sRGB already.
    pub(crate) fn none(samples: Samples) -> Self {
        Self { transform: None, takes: samples }
    }

    /// Through the profile that a file brings. One that is damaged, or not for these samples, is passed over, as
    /// browsers do.
    pub(crate) fn embedded(icc: Option<&[u8]>, samples: Samples) -> Self {
        match icc.and_then(|icc| ColorProfile::new_from_slice(icc).ok()) {
            Some(profile) => Self::through(&profile, samples),
            None => Self::none(samples),
        }
    }

    /// Through what the numbers of PNG's chunk cICP stand for (ITU-T H.273); unknown ones are passed over.
    pub(crate) fn of_code_points(primaries: u8, transfer: u8, samples: Samples) -> Self {
        let known = (CicpColorPrimaries::try_from(primaries), TransferCharacteristics::try_from(transfer));
        let (Ok(color_primaries), Ok(transfer_characteristics)) = known else { return Self::none(samples) };
        let profile = ColorProfile::new_from_cicp(CicpProfile {
            color_primaries,
            transfer_characteristics,
            matrix_coefficients: MatrixCoefficients::Identity,
            full_range: true,
        });
        Self::through(&profile, samples)
    }

    /// Through a profile that is made of a gamma, the exponent of encoding, and of the chromaticities of white, red,
    /// green and blue, as PNG's chunks gAMA and cHRM give them; without those, those of sRGB.
    pub(crate) fn made(gamma: f32, chromaticities: Option<[(f32, f32); 4]>, samples: Samples) -> Self {
        let mut profile = ColorProfile::new_srgb();
        // The curve alone counts.
        profile.cicp = None;
        if let Some(chromaticities) = chromaticities {
            let [white, red, green, blue] = chromaticities.map(|(x, y)| Chromaticity::new(x, y));
            profile.update_rgb_colorimetry(white.to_xyyb(), ColorPrimaries { red, green, blue });
        }
        let curve = Some(ToneReprCurve::Parametric(vec![1.0 / gamma]));
        profile.red_trc.clone_from(&curve);
        profile.green_trc.clone_from(&curve);
        profile.blue_trc = curve;
        Self::through(&profile, samples)
    }

    /// Whether there is a profile that is to be gone through.
    pub(crate) fn is_some(&self) -> bool {
        self.transform.is_some()
    }

    /// The samples that [`ToSrgb::row`] is to be given.
    pub(crate) fn takes(&self) -> Samples {
        self.takes
    }

    /// Turns a row of samples into sRGB, in `into` where anything changes: RGBA stays RGBA, all else becomes RGB. Without
    /// a profile the row stays as it is.
    pub(crate) fn row<'a>(&self, from: &'a [u8], into: &'a mut [u8]) -> &'a [u8] {
        match &self.transform {
            // It fails for rows of unequal lengths only.
            Some(transform) if transform.transform(from, into).is_ok() => into,
            _ => from,
        }
    }

    fn through(profile: &ColorProfile, samples: Samples) -> Self {
        let (takes, from, to) = match (samples, profile.color_space) {
            (Samples::Grey, DataColorSpace::Gray) => (samples, Layout::Gray, Layout::Rgb),
            (Samples::Grey | Samples::Rgb, DataColorSpace::Rgb) => (Samples::Rgb, Layout::Rgb, Layout::Rgb),
            (Samples::Rgba, DataColorSpace::Rgb) => (samples, Layout::Rgba, Layout::Rgba),
            // The library's name for any four.
            (Samples::Cmyk, DataColorSpace::Cmyk) => (samples, Layout::Rgba, Layout::Rgb),
            _ => return Self::none(samples),
        };
        let options = TransformOptions { prefer_fixed_point: false, ..TransformOptions::default() };
        match profile.create_transform_8bit(from, &ColorProfile::new_srgb(), to, options) {
            Ok(transform) => Self { transform: Some(transform), takes },
            Err(_) => Self::none(samples),
        }
    }
}
