//! Multiples of one point, looked up instead of computed: a comb of signed digits.
//!
//! A scalar a < ℓ < 2^253 is written as Σ dᵢ·2^(w·i) with |dᵢ| ≤ 2^(w−1). This is an identity of *integers*,
//! not one modulo ℓ: for a point with a torsion component, a·P and (a mod ℓ)·P differ, and only the former is
//! what a verifier of single signatures computes. The table holds d·2^(w·i)·P for each position i and each d
//! from 1 to 2^(w−1), so that a·P is one addition a digit and no doubling.
//!
//! Everything here takes time that depends on its input: it is for public values only.

use curve25519_dalek::{EdwardsPoint, Scalar};

use crate::signing::curve::{Point, Summand};

/// The multiples of one point for digits of `W` bits, with 2 ≤ `W` ≤ 16.
pub(super) struct Comb<const W: u32> {
    /// One row a position, of 2^(W−1) points of 128 bytes.
    multiples: Box<[Summand]>,
}

impl<const W: u32> Comb<W> {
    /// Points in a row: the digits are 1 to this number, or their negatives, or zero.
    const ROW: usize = 1 << W.saturating_sub(1);

    /// Rows: enough for 253 bits and the carry out of them.
    const ROWS: u32 = 254_u32.div_ceil(W);

    /// Computes the table, by one addition an entry. `None` for what is no point.
    pub(super) fn new(point: &EdwardsPoint) -> Option<Self> {
        let mut unit = Point::decode(point.compress().as_bytes())?;
        let mut multiples = Vec::new();
        for _ in 0..Self::ROWS {
            let add_unit = unit.adder();
            let mut multiple = unit;
            for _ in 1..Self::ROW {
                multiples.push(multiple);
                multiple = add_unit(&multiple);
            }
            multiples.push(multiple);
            // The last of the row is 2^(w−1) units: twice that is the unit of the next row.
            unit = multiple.adder()(&multiple);
        }
        Some(Self { multiples: Point::summands(&multiples) })
    }

    /// Adds the terms of `scalar` times the table's point to `terms`, by copying them out of the table: the
    /// reads do not wait for one another, as they would in between additions. With the tables of 500 keys,
    /// which no cache holds, that saves a quarter of a verification.
    pub(super) fn pick(&self, scalar: &Scalar, terms: &mut Vec<Summand>) {
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
                terms.push(multiple.signed(digit < 0));
            }
        }
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
        while self.buffered < W {
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

#[cfg(test)]
#[expect(
    clippy::arithmetic_side_effects,
    reason = "operations on points and scalars have no overflow"
)]
mod tests {
    use super::*;
    use curve25519_dalek::constants::{ED25519_BASEPOINT_POINT, EIGHT_TORSION};
    use proptest::prelude::*;

    fn multiple<const W: u32>(comb: &Comb<W>, scalar: &Scalar) -> [u8; 32] {
        let mut terms = Vec::new();
        comb.pick(scalar, &mut terms);
        terms.iter().sum::<Point>().encode()
    }

    fn assert_multiples<const W: u32>(point: &EdwardsPoint, scalars: &[Scalar]) {
        let comb = Comb::<W>::new(point).unwrap();
        for scalar in scalars {
            let expected = (point * scalar).compress();
            assert_eq!(multiple(&comb, scalar), expected.to_bytes(), "{W} bits, {scalar:?}");
        }
    }

    #[test]
    fn multiples_are_those_of_the_whole_curve_at_the_edges_of_every_digit() {
        let one = Scalar::ONE;
        let mut scalars = vec![Scalar::ZERO, one, -one, -one - one];
        let mut power = one;
        for _ in 0..252 {
            power += power;
            scalars.extend([power, power - one, power + one, -power]);
        }
        for torsion in EIGHT_TORSION {
            let point = ED25519_BASEPOINT_POINT * Scalar::from(9_u8) + torsion;
            assert_multiples::<6>(&point, &scalars);
            assert_multiples::<6>(&torsion, &scalars);
        }
        assert_multiples::<5>(&ED25519_BASEPOINT_POINT, &scalars);
        assert_multiples::<8>(&ED25519_BASEPOINT_POINT, &scalars);
        assert_multiples::<10>(&ED25519_BASEPOINT_POINT, &scalars);
    }

    proptest! {
        #[test]
        fn multiples_are_those_of_the_library(wide: [[u8; 32]; 8], point: [u8; 32], torsion in 0..8_usize) {
            let point = ED25519_BASEPOINT_POINT * Scalar::from_bytes_mod_order(point) + EIGHT_TORSION[torsion];
            let scalars = wide.map(Scalar::from_bytes_mod_order);
            assert_multiples::<6>(&point, &scalars);
            assert_multiples::<10>(&point, &scalars[..1]);
        }
    }
}
