//! Where pixels go: into one small square, or into the tiles of a sheet.

use crate::{Refusal, Sink, affordable};

/// Scales the square at a picture's centre, row by row, to the mean of the pixels that each of its own covers.
///
/// Of a square of S pixels a side, scaled to T, pixel i covers i·T to (i + 1)·T and cell j covers j·S to (j + 1)·S on
/// one common rule of S·T, so all weights are integers, and those of a cell add up to S².
pub(crate) struct Square {
    side: usize,
    /// S, and the first column and row of the square.
    from: usize,
    left: usize,
    top: usize,
    /// The row that comes next.
    next: usize,
    /// side·3 weighted sums of one row of the picture.
    row: Vec<u64>,
    /// side·side·3 weighted sums.
    sums: Vec<u64>,
}

impl Square {
    pub(crate) fn new(side: usize) -> Self {
        Self {
            side,
            from: 0,
            left: 0,
            top: 0,
            next: 0,
            row: vec![0; side * 3],
            sums: vec![0; side * side * 3],
        }
    }

    /// The means, with an opacity of 255.
    pub(crate) fn rgba(&self) -> Vec<u8> {
        let whole = ((self.from * self.from) as u64).max(1);
        let mean = |sum: u64| ((sum + whole / 2) / whole) as u8;
        let pixels = self.sums.as_chunks::<3>().0;
        pixels.iter().flat_map(|&[r, g, b]| [mean(r), mean(g), mean(b), 255]).collect()
    }
}

impl Sink for Square {
    fn begin(&mut self, width: usize, height: usize) -> Result<(), Refusal> {
        affordable(width as u64, height as u64)?;
        self.from = width.min(height);
        self.left = (width - self.from) / 2;
        self.top = (height - self.from) / 2;
        self.next = 0;
        self.sums.fill(0);
        Ok(())
    }

    fn row(&mut self, rgb: &[u8]) {
        let y = self.next;
        self.next += 1;
        if !(self.top..self.top + self.from).contains(&y) {
            return;
        }
        self.row.fill(0);
        let pixels = &rgb.as_chunks::<3>().0[self.left..self.left + self.from];
        for (x, pixel) in pixels.iter().enumerate() {
            for (cell, weight) in cells(x, self.from, self.side) {
                for (sum, value) in self.row[cell * 3..].iter_mut().zip(pixel) {
                    *sum += weight * u64::from(*value);
                }
            }
        }
        for (cell, weight) in cells(y - self.top, self.from, self.side) {
            let sums = &mut self.sums[cell * self.side * 3..][..self.side * 3];
            for (sum, value) in sums.iter_mut().zip(&self.row) {
                *sum += weight * value;
            }
        }
    }
}

/// The cells that pixel `at` of `from` covers when they are scaled to `to`, and how much of each, of `from`.
fn cells(at: usize, from: usize, to: usize) -> impl Iterator<Item = (usize, u64)> {
    let (begin, end) = (at * to, (at + 1) * to);
    (begin / from..end.div_ceil(from)).map(move |cell| {
        let overlap = end.min((cell + 1) * from) - begin.max(cell * from);
        (cell, overlap as u64)
    })
}

/// Cuts a picture into tiles.
pub(crate) struct Sheet {
    side: usize,
    columns: usize,
    next: usize,
    tiles: Vec<Vec<u8>>,
}

impl Sheet {
    pub(crate) fn new(side: usize) -> Self {
        Self { side, columns: 0, next: 0, tiles: Vec::new() }
    }

    /// The tiles, RGBA, row by row.
    pub(crate) fn tiles(self) -> Result<Vec<Vec<u8>>, Refusal> {
        let whole = self.side * self.side * 4;
        if self.tiles.is_empty() || self.tiles.iter().any(|tile| tile.len() != whole) {
            return Err(Refusal::Damaged);
        }
        Ok(self.tiles)
    }
}

impl Sink for Sheet {
    fn begin(&mut self, width: usize, height: usize) -> Result<(), Refusal> {
        affordable(width as u64, height as u64)?;
        if !width.is_multiple_of(self.side) || !height.is_multiple_of(self.side) {
            return Err(Refusal::Damaged);
        }
        self.columns = width / self.side;
        self.next = 0;
        self.tiles = vec![Vec::new(); self.columns * (height / self.side)];
        Ok(())
    }

    fn row(&mut self, rgb: &[u8]) {
        let tiles = self.next / self.side * self.columns;
        self.next += 1;
        let strips = rgb.chunks_exact(self.side * 3);
        for (tile, strip) in self.tiles.iter_mut().skip(tiles).zip(strips) {
            tile.extend(strip.as_chunks::<3>().0.iter().flat_map(|&[r, g, b]| [r, g, b, 255]));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scaled(side: usize, width: usize, height: usize, pixel: impl Fn(usize, usize) -> [u8; 3]) -> Vec<u8> {
        let mut square = Square::new(side);
        square.begin(width, height).unwrap();
        for y in 0..height {
            let row: Vec<u8> = (0..width).flat_map(|x| pixel(x, y)).collect();
            square.row(&row);
        }
        square.rgba()
    }

    #[test]
    fn a_picture_of_the_right_size_stays_as_it_is() {
        let pixel = |x: usize, y: usize| [x as u8 * 7, y as u8 * 5, (x * y) as u8];
        let expected: Vec<u8> = (0..32 * 32)
            .flat_map(|i| {
                let [r, g, b] = pixel(i % 32, i / 32);
                [r, g, b, 255]
            })
            .collect();
        assert_eq!(scaled(32, 32, 32, pixel), expected);
    }

    #[test]
    fn a_cell_is_the_mean_of_what_it_covers_at_any_size() {
        // A ramp's mean over a cell is its value at the cell's centre.
        for from in [1, 2, 3, 5, 31, 33, 64, 100, 257] {
            let found = scaled(4, from, from, |x, _| [(255 * (2 * x + 1) / (2 * from)) as u8; 3]);
            for (cell, pixel) in found.as_chunks::<4>().0[..4].iter().enumerate() {
                let within = 255.0 * (2 * cell + 1) as f64 / 8.0;
                let coarse = 255.0 / from as f64 / 2.0 + 1.5;
                assert!((f64::from(pixel[0]) - within).abs() <= coarse, "{from} {cell} {pixel:?}");
            }
            assert!(scaled(4, from, from, |_, _| [200; 3]).as_chunks::<4>().0.iter().all(|p| p[0] == 200));
        }
    }

    #[test]
    fn the_square_is_the_centre() {
        let found = scaled(2, 9, 4, |x, _| if (2..6).contains(&x) { [10; 3] } else { [250; 3] });
        assert!(found.as_chunks::<4>().0.iter().all(|p| *p == [10, 10, 10, 255]));
        let found = scaled(2, 4, 9, |_, y| if (2..6).contains(&y) { [10; 3] } else { [250; 3] });
        assert!(found.as_chunks::<4>().0.iter().all(|p| *p == [10, 10, 10, 255]));
    }

    #[test]
    fn a_sheet_is_cut_row_by_row() {
        let mut sheet = Sheet::new(2);
        sheet.begin(4, 4).unwrap();
        for y in 0..4 {
            let row: Vec<u8> = (0..4).flat_map(|x| [(y / 2 * 2 + x / 2) as u8; 3]).collect();
            sheet.row(&row);
        }
        let tiles = sheet.tiles().unwrap();
        assert_eq!(tiles.len(), 4);
        for (number, tile) in (0..).zip(tiles) {
            assert_eq!(tile, [[number, number, number, 255]; 4].concat());
        }
        assert!(Sheet::new(2).begin(3, 4).is_err());
    }
}
