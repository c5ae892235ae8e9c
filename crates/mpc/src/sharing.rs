//! One painter's part of a sharing: three of four components.

use abraham_ring::{RingTensor, fixed::mask};

use crate::{Error, PainterId, Scale, Secret};

/// What one painter holds of a secret x = x0 + x1 + x2 + x3: every component but its own.
///
/// It derives neither `Debug` nor `Serialize` on purpose. Components are wiped when dropped.
#[derive(Clone)]
pub struct Sharing {
    pub(crate) holder: PainterId,
    pub(crate) components: [Option<RingTensor>; 4],
    pub(crate) shape: (usize, usize),
    pub(crate) scale: Scale,
}

impl Sharing {
    /// Puts a sharing together from its components, as a checkpoint does.
    ///
    /// # Errors
    /// [`Error::Ring`] where the components differ in shape, [`Error::Scale`] where the wrong one is missing.
    pub fn from_components(
        holder: PainterId,
        components: [Option<RingTensor>; 4],
        scale: Scale,
    ) -> Result<Self, Error> {
        let mut shape = None;
        for (c, component) in components.iter().enumerate() {
            if component.is_none() != (c == holder.index()) {
                return Err(Error::Scale {
                    operation: "the wrong component is missing",
                    left: scale,
                    right: scale,
                });
            }
            let Some(component) = component else { continue };
            let left = *shape.get_or_insert(component.shape());
            if left != component.shape() {
                let right = component.shape();
                return Err(abraham_ring::Error::Shape { operation: "sharing", left, right }.into());
            }
        }
        Ok(Self { holder, components, shape: shape.unwrap_or_default(), scale })
    }

    /// The sharing of a public value: component 0 holds it.
    pub fn of_public(holder: PainterId, value: RingTensor, scale: Scale) -> Self {
        let (rows, cols) = value.shape();
        let mut sharing = Self::zeros(holder, rows, cols, scale);
        if let Some(component) = &mut sharing.components[0] {
            *component = value;
        }
        sharing
    }

    /// The sharing of zeros.
    pub fn zeros(holder: PainterId, rows: usize, cols: usize, scale: Scale) -> Self {
        let components =
            std::array::from_fn(|c| (c != holder.index()).then(|| RingTensor::zeros(rows, cols)));
        Self { holder, components, shape: (rows, cols), scale }
    }

    /// Who holds it.
    pub fn holder(&self) -> PainterId {
        self.holder
    }

    /// Component `c` of the four, unless it is the one that the holder lacks.
    pub fn component(&self, c: usize) -> Option<&RingTensor> {
        self.components.get(c).and_then(Option::as_ref)
    }

    /// A component that the protocol says this holder has.
    pub(crate) fn held(&self, c: usize) -> Result<&RingTensor, Error> {
        let missing = Error::Scale { operation: "missing component", left: self.scale, right: self.scale };
        self.components[c].as_ref().ok_or(missing)
    }

    pub(crate) fn masked(mut self) -> Self {
        if self.scale.ring_bits < 64 {
            let mask = mask(self.scale.ring_bits);
            for component in self.components.iter_mut().flatten() {
                for x in component.data_mut() {
                    *x &= mask;
                }
            }
        }
        self
    }
}

impl Secret for Sharing {
    fn shape(&self) -> (usize, usize) {
        self.shape
    }

    fn scale(&self) -> Scale {
        self.scale
    }

    fn linear(
        &self,
        scale: Scale,
        map: impl Fn(&RingTensor) -> Result<RingTensor, abraham_ring::Error>,
    ) -> Result<Self, Error> {
        let mut components = [const { None }; 4];
        for (out, component) in components.iter_mut().zip(&self.components) {
            *out = component.as_ref().map(&map).transpose()?;
        }
        Ok(Self::from_components(self.holder, components, scale)?.masked())
    }

    fn combine(
        &self,
        other: &Self,
        scale: Scale,
        map: impl Fn(&RingTensor, &RingTensor) -> Result<RingTensor, abraham_ring::Error>,
    ) -> Result<Self, Error> {
        let mut components = [const { None }; 4];
        for (c, out) in components.iter_mut().enumerate() {
            if c != self.holder.index() {
                *out = Some(map(self.held(c)?, other.held(c)?)?);
            }
        }
        Ok(Self::from_components(self.holder, components, scale)?.masked())
    }

    fn add_public(&self, public: &RingTensor) -> Result<Self, Error> {
        let mut sum = self.clone();
        if let Some(component) = &mut sum.components[0] {
            component.add_assign(public)?;
        }
        Ok(sum.masked())
    }

    fn read_as(mut self, fraction_bits: u32) -> Self {
        self.scale.fraction_bits = fraction_bits;
        self
    }
}
