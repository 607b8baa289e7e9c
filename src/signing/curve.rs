//! Points of the curve of Ed25519, −x² + y² = 1 + d·x²·y², for sums of points that are looked up.
//!
//! The library adds points in nine products and does not show the form in which seven are enough: that of a
//! summand whose coordinates were made affine once, when its table was made. The formulas are those of Hisil,
//! Wong, Carter and Dawson (2008) for a = −1. −1 is a square modulo p and d is not, so they are *complete*: they
//! hold for all points of the whole curve, for equal ones, for the neutral one and for those of small order,
//! and no Z is ever 0. All terms are halved, which changes no projective point and saves doubling Z.
//!
//! Everything here takes time that depends on its input: it is for public values only. Scalars and signatures
//! are not known here.

use core::iter::Sum;
use std::sync::LazyLock;

use crate::signing::field::{Factor as _, Tight, invert_all};

/// What the curve is given by, computed from its definition (RFC 8032, section 5.1).
struct Curve {
    /// d = −121665/121666.
    d: Tight,
    four_d: Tight,
    /// A square root of −1: 2^((p − 1)/4).
    root_of_minus_one: Tight,
    half: Tight,
}

static CURVE: LazyLock<Curve> = LazyLock::new(|| {
    let two = Tight::small(2);
    let quotient = Tight::small(121_665).times(Tight::small(121_666).inverted());
    let d = Tight::ZERO.minus(&quotient).carried();
    Curve {
        d,
        four_d: d.times(Tight::small(4)),
        root_of_minus_one: two.root_power().squared().times(two),
        half: two.inverted(),
    }
});

/// A point (X/Z, Y/Z) with T = X·Y/Z.
#[derive(Clone, Copy)]
pub(super) struct Point {
    x: Tight,
    y: Tight,
    z: Tight,
    t: Tight,
}

/// An affine point as a summand: (y + x)/2, (y − x)/2 and d·x·y; or its negative. It fills two lines of a cache.
#[derive(Clone, Copy)]
#[repr(align(64))]
pub(super) struct Summand {
    plus: Tight,
    minus: Tight,
    product: Tight,
    negative: bool,
}

impl Summand {
    /// The summand, or its negative.
    #[inline]
    pub(super) fn signed(&self, negative: bool) -> Self {
        Self { negative, ..*self }
    }
}

impl Point {
    /// The neutral point.
    pub(super) const NEUTRAL: Self =
        Self { x: Tight::ZERO, y: Tight::ONE, z: Tight::ONE, t: Tight::ZERO };

    /// The point that an encoding names, which may have any order; `None` where it names none.
    pub(super) fn decode(bytes: &[u8; 32]) -> Option<Self> {
        let y = Tight::from_bytes(*bytes);
        let odd = bytes.last()? >> 7 == 1;
        // x² = (y² − 1)/(d·y² + 1) = u/v, and x = u·v³·(u·v⁷)^((p − 5)/8), or that times the root of −1.
        let square = y.squared();
        let u = square.minus(&Tight::ONE).carried();
        let v = CURVE.d.times(square).plus(&Tight::ONE).carried();
        let cubed = v.squared().times(v);
        let power = u.times(cubed.squared().times(v)).root_power();
        let first = u.times(cubed).times(power);
        let x = [first, first.times(CURVE.root_of_minus_one)]
            .into_iter()
            .find(|x| x.squared().times(v) == u)?;
        let x = if x.is_odd() == odd { x } else { Tight::ZERO.minus(&x).carried() };
        (x.is_odd() == odd).then(|| Self { x, y, z: Tight::ONE, t: x.times(y) })
    }

    /// The point's encoding.
    pub(super) fn encode(self) -> [u8; 32] {
        Self::encode_all(&[self]).pop().unwrap_or_default()
    }

    /// The encodings of points (RFC 8032, section 5.1.2), for the price of one inversion and six products each.
    pub(super) fn encode_all(points: &[Self]) -> Vec<[u8; 32]> {
        let mut inverses = points.iter().map(|point| point.z).collect::<Vec<_>>();
        invert_all(&mut inverses);
        let encode = |(point, inverse): (&Self, Tight)| {
            let mut bytes = point.y.times(inverse).to_bytes();
            if let Some(last) = bytes.last_mut() {
                *last |= u8::from(point.x.times(inverse).is_odd()) << 7;
            }
            bytes
        };
        points.iter().zip(inverses).map(encode).collect()
    }

    /// Points as summands, for the price of one inversion and seven products each.
    pub(super) fn summands(points: &[Self]) -> Box<[Summand]> {
        let doubled = |point: &Self| point.z.plus(&point.z).carried();
        let mut halves = points.iter().map(doubled).collect::<Vec<_>>();
        invert_all(&mut halves);
        let summand = |(point, half): (&Self, Tight)| {
            // x/2 and y/2.
            let (x, y) = (point.x.times(half), point.y.times(half));
            let (plus, minus) = (y.plus(&x).carried(), y.minus(&x).carried());
            Summand { plus, minus, product: x.times(y).times(CURVE.four_d), negative: false }
        };
        points.iter().zip(halves).map(summand).collect()
    }

    /// This point and a summand, in seven products.
    #[inline]
    pub(super) fn with(&self, summand: &Summand) -> Self {
        let Summand { plus, minus, product, negative } = summand;
        // Chosen and not branched on: signs are as good as random.
        let (plus, minus) = if *negative { (minus, plus) } else { (plus, minus) };
        let a = self.y.minus(&self.x).times(*minus);
        let b = self.y.plus(&self.x).times(*plus);
        Self::product(&a, &b, &self.t.times(*product), &self.z, *negative)
    }

    /// This point and another, as often as one likes: what depends on the other is computed once.
    pub(super) fn adder(&self) -> impl Fn(&Self) -> Self + use<> {
        let (plus, minus) = (self.y.plus(&self.x), self.y.minus(&self.x));
        let (plus, minus) = (plus.times(CURVE.half), minus.times(CURVE.half));
        let (product, z) = (self.t.times(CURVE.d), self.z);
        move |point| {
            let a = point.y.minus(&point.x).times(minus);
            let b = point.y.plus(&point.x).times(plus);
            Self::product(&a, &b, &point.t.times(product), &point.z.times(z), false)
        }
    }

    #[inline]
    fn product(a: &Tight, b: &Tight, c: &Tight, z: &Tight, negative: bool) -> Self {
        let (across, along) = (b.minus(a), b.plus(a));
        let (less, more) = (z.minus(c), z.plus(c));
        let (less, more) = if negative { (&more, &less) } else { (&less, &more) };
        Self {
            x: across.times(*less),
            y: more.times(along),
            z: less.times(*more),
            t: across.times(along),
        }
    }
}

impl<'a> Sum<&'a Summand> for Point {
    fn sum<I: Iterator<Item = &'a Summand>>(summands: I) -> Self {
        summands.fold(Self::NEUTRAL, |sum, summand| sum.with(summand))
    }
}

#[cfg(test)]
#[expect(clippy::arithmetic_side_effects, reason = "points and scalars have no overflow")]
mod tests {
    use super::*;
    use curve25519_dalek::constants::{ED25519_BASEPOINT_POINT, EIGHT_TORSION};
    use curve25519_dalek::edwards::CompressedEdwardsY;
    use curve25519_dalek::{EdwardsPoint, Scalar};
    use proptest::prelude::*;

    fn of(point: &EdwardsPoint) -> Point {
        Point::decode(point.compress().as_bytes()).unwrap()
    }

    fn assert_sums(a: &EdwardsPoint, b: &EdwardsPoint) {
        let summand = Point::summands(&[of(b).adder()(&Point::NEUTRAL)])[0];
        let (sum, difference) = ((a + b).compress(), (a - b).compress());
        assert_eq!(&of(b).adder()(&of(a)).encode(), sum.as_bytes());
        assert_eq!(&of(a).with(&summand).encode(), sum.as_bytes());
        assert_eq!(&of(a).with(&summand.signed(true)).encode(), difference.as_bytes());
        // Not only points as they are decoded, with Z = 1.
        let twice = of(a).with(&summand).with(&summand.signed(true)).with(&summand);
        assert_eq!(&twice.encode(), sum.as_bytes());
        assert_eq!(Point::encode_all(&[of(a), twice, of(b)])[1], *sum.as_bytes());
    }

    #[test]
    fn sums_are_those_of_the_library_for_equal_opposite_and_small_points() {
        let mut points = EIGHT_TORSION.to_vec();
        for factor in [1_u8, 2, 77] {
            let point = ED25519_BASEPOINT_POINT * Scalar::from(factor);
            points.extend(EIGHT_TORSION.map(|torsion| point + torsion));
            points.push(-point);
        }
        for a in &points {
            for b in &points {
                assert_sums(a, b);
            }
        }
    }

    proptest! {
        #[test]
        fn sums_are_those_of_the_library(a: [u8; 32], b: [u8; 32], torsion in 0..8_usize) {
            let point = |bytes| ED25519_BASEPOINT_POINT * Scalar::from_bytes_mod_order(bytes);
            assert_sums(&(point(a) + EIGHT_TORSION[torsion]), &point(b));
        }

        #[test]
        fn what_is_a_point_is_what_the_library_says(bytes: [u8; 32]) {
            let expected = CompressedEdwardsY(bytes).decompress();
            let found = Point::decode(&bytes).map(Point::encode);
            prop_assert_eq!(found, expected.map(|point| point.compress().to_bytes()));
        }
    }
}
