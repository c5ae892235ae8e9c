//! Public linear maps that are worth a device.

use abraham_ring::{Backend, Matmul, Operand};

use crate::{Channel, Error, Painter, Scale, Secret, Sharing};

impl<C: Channel, B: Backend> Painter<C, B> {
    /// public · secret, component by component; local.
    pub(super) async fn public_times(
        &mut self,
        public: Operand<'_>,
        public_fraction_bits: u32,
        secret: &Sharing,
    ) -> Result<Sharing, Error> {
        self.own(secret)?;
        let held: Vec<usize> = self.id.others().map(|other| other.index()).collect();
        let mut batch = Vec::with_capacity(held.len());
        for c in &held {
            let right = Operand { tensor: secret.held(*c)?, transposed: false };
            batch.push(Matmul { terms: vec![(public, right)] });
        }
        let products = self.backend.matmul(&batch).await?;
        let mut components = [const { None }; 4];
        for (c, product) in held.into_iter().zip(products) {
            components[c] = Some(product);
        }
        let scale = secret.scale();
        let scale = Scale { fraction_bits: scale.fraction_bits + public_fraction_bits, ..scale };
        Ok(Sharing::from_components(self.id, components, scale)?.masked())
    }
}
