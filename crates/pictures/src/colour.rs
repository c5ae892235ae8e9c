//! Colours as a browser shows them: through the file's profile, to sRGB.

use std::sync::Arc;

use moxcms::{
    Chromaticity, ColorPrimaries, ColorProfile, DataColorSpace, Layout, ToneReprCurve, Transform8BitExecutor,
    TransformOptions,
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
pub(crate) struct ToSrgb(Option<Arc<Transform8BitExecutor>>);

impl ToSrgb {
    /// Through the profile that a file brings. One that is damaged, or not for these samples, is passed over, as
    /// browsers do.
    pub(crate) fn embedded(icc: Option<&[u8]>, samples: Samples) -> Self {
        let profile = icc.and_then(|icc| ColorProfile::new_from_slice(icc).ok());
        Self(profile.and_then(|profile| through(&profile, samples)))
    }

    /// Through a profile that is made of a gamma and of the chromaticities of white, red, green and blue, as PNG's
    /// chunks gAMA and cHRM give them.
    pub(crate) fn made(gamma: f32, chromaticities: [(f32, f32); 4], samples: Samples) -> Self {
        let [white, red, green, blue] = chromaticities.map(|(x, y)| Chromaticity::new(x, y));
        let mut profile = ColorProfile::new_srgb();
        profile.update_rgb_colorimetry(white.to_xyyb(), ColorPrimaries { red, green, blue });
        // The chunk has the exponent of encoding.
        let curve = Some(ToneReprCurve::Parametric(vec![1.0 / gamma]));
        profile.red_trc.clone_from(&curve);
        profile.green_trc.clone_from(&curve);
        profile.blue_trc = curve;
        Self(through(&profile, samples))
    }

    /// Whether there is a profile that is to be gone through.
    pub(crate) fn is_some(&self) -> bool {
        self.0.is_some()
    }

    /// Turns `pixels` samples of a row into sRGB, in `into` where anything changes: RGBA stays RGBA, all else becomes
    /// RGB. Without a profile the row stays as it is.
    pub(crate) fn row<'a>(&self, from: &'a [u8], into: &'a mut [u8]) -> &'a [u8] {
        match &self.0 {
            // It fails for rows of unequal lengths only.
            Some(transform) if transform.transform(from, into).is_ok() => into,
            _ => from,
        }
    }
}

fn through(profile: &ColorProfile, samples: Samples) -> Option<Arc<Transform8BitExecutor>> {
    let (from, to) = match (samples, profile.color_space) {
        (Samples::Grey, DataColorSpace::Gray) => (Layout::Gray, Layout::Rgb),
        (Samples::Rgb, DataColorSpace::Rgb) => (Layout::Rgb, Layout::Rgb),
        (Samples::Rgba, DataColorSpace::Rgb) => (Layout::Rgba, Layout::Rgba),
        // The library's name for any four.
        (Samples::Cmyk, DataColorSpace::Cmyk) => (Layout::Rgba, Layout::Rgb),
        _ => return None,
    };
    profile.create_transform_8bit(from, &ColorProfile::new_srgb(), to, TransformOptions::default()).ok()
}
