//! Multiples of one point, looked up instead of computed: a comb of signed digits.
//!
//! A scalar a < ℓ < 2^253 is written as Σ dᵢ·2^(w·i) with |dᵢ| ≤ 2^(w−1). This is an identity of *integers*,
//! not one modulo ℓ: for a point with a torsion component, a·P and (a mod ℓ)·P differ, and only the former is
//! what a verifier of single signatures computes. The table holds d·2^(w·i)·P for each position i and each d
//! from 1 to 2^(w−1), so that a·P is one addition a digit and no doubling.
//!
//! Everything here takes time that depends on its input: it is for public values only.

use curve25519_dalek::{EdwardsPoint, Scalar, traits::Identity as _};

/// The multiples of one point for digits of `W` bits, with 2 ≤ `W` ≤ 8.
pub(super) struct Comb<const W: u32> {
    /// One row a position, of 2^(W−1) points.
    multiples: Box<[EdwardsPoint]>,
}

impl<const W: u32> Comb<W> {
    /// Points in a row: the digits are 1 to this number, or their negatives, or zero.
    const ROW: usize = 1 << W.saturating_sub(1);

    /// Rows: enough for 253 bits and the carry out of them.
    const ROWS: u32 = 254_u32.div_ceil(W);

    /// Computes the table, by one addition an entry.
    #[expect(clippy::arithmetic_side_effects, reason = "additions of points have no overflow")]
    pub(super) fn new(point: &EdwardsPoint) -> Self {
        let mut multiples = Vec::new();
        let mut unit = *point;
        for _ in 0..Self::ROWS {
            let mut multiple = unit;
            for _ in 1..Self::ROW {
                multiples.push(multiple);
                multiple += unit;
            }
            multiples.push(multiple);
            // The last of the row is 2^(w−1) units: twice that is the unit of the next row.
            unit = multiple + multiple;
        }
        Self { multiples: multiples.into() }
    }

    /// Adds `scalar` times the table's point to `sum`.
    #[expect(clippy::arithmetic_side_effects, reason = "additions of points have no overflow")]
    pub(super) fn add_multiple(&self, mut sum: EdwardsPoint, scalar: &Scalar) -> EdwardsPoint {
        let half = i32::try_from(Self::ROW).unwrap_or_default();
        let mut carry = 0;
        for (row, bits) in self.multiples.chunks_exact(Self::ROW).zip(Windows::<W>::of(scalar)) {
            let digit = bits.wrapping_add(carry);
            carry = i32::from(digit > half);
            let digit =
                if carry == 1 { digit.wrapping_sub(half).wrapping_sub(half) } else { digit };
            let entry = usize::try_from(digit.unsigned_abs()).ok().and_then(|d| d.checked_sub(1));
            // Zero has no entry, and adds nothing.
            if let Some(multiple) = entry.and_then(|entry| row.get(entry)) {
                if digit > 0 { sum += multiple } else { sum -= multiple }
            }
        }
        sum
    }

    /// `scalar` times the table's point.
    pub(super) fn multiple(&self, scalar: &Scalar) -> EdwardsPoint {
        self.add_multiple(EdwardsPoint::identity(), scalar)
    }
}

/// The digits of a scalar in base 2^W, unsigned, from the least on, without end.
struct Windows<const W: u32> {
    bytes: core::array::IntoIter<u8, 32>,
    buffer: u32,
    buffered: u32,
}

impl<const W: u32> Windows<W> {
    fn of(scalar: &Scalar) -> Self {
        Self { bytes: scalar.to_bytes().into_iter(), buffer: 0, buffered: 0 }
    }
}

impl<const W: u32> Iterator for Windows<W> {
    type Item = i32;

    fn next(&mut self) -> Option<i32> {
        if self.buffered < W {
            let byte = u32::from(self.bytes.next().unwrap_or_default());
            self.buffer |= byte.checked_shl(self.buffered)?;
            self.buffered = self.buffered.checked_add(8)?;
        }
        let window = self.buffer & (1_u32.checked_shl(W)?.wrapping_sub(1));
        self.buffer = self.buffer.checked_shr(W)?;
        self.buffered = self.buffered.checked_sub(W)?;
        i32::try_from(window).ok()
    }
}
