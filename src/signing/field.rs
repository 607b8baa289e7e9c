//! Numbers modulo p = 2^255 − 19, for the points of the curve.
//!
//! The arithmetic is fiat-crypto's, which was generated together with a proof of it. Its two types carry what
//! the proof asks for: a [`Loose`] sum or difference may be multiplied and nothing else, a [`Tight`] product may
//! be added. So a bound cannot be broken here without the compiler saying so.
//!
//! What it takes depends on nothing but the number of operations; points are not known here.

use fiat_crypto::curve25519_64::{
    fiat_25519_add, fiat_25519_carry, fiat_25519_carry_mul, fiat_25519_carry_square,
    fiat_25519_from_bytes, fiat_25519_loose_field_element, fiat_25519_sub,
    fiat_25519_tight_field_element, fiat_25519_to_bytes,
};

/// A number that was carried: what products are.
#[derive(Clone, Copy)]
pub(super) struct Tight(fiat_25519_tight_field_element);

/// A number that was not: what sums and differences are.
#[derive(Clone, Copy)]
pub(super) struct Loose(fiat_25519_loose_field_element);

/// What can be multiplied.
pub(super) trait Factor: Copy {
    fn loose(self) -> Loose;

    #[inline]
    fn times(self, other: impl Factor) -> Tight {
        let mut product = fiat_25519_tight_field_element([0; 5]);
        fiat_25519_carry_mul(&mut product, &self.loose().0, &other.loose().0);
        Tight(product)
    }

    #[inline]
    fn squared(self) -> Tight {
        let mut product = fiat_25519_tight_field_element([0; 5]);
        fiat_25519_carry_square(&mut product, &self.loose().0);
        Tight(product)
    }

    /// Squares so many times.
    fn squared_times(self, times: u32) -> Tight {
        let mut power = self.squared();
        for _ in 1..times {
            power = power.squared();
        }
        power
    }
}

impl Factor for Tight {
    #[inline]
    fn loose(self) -> Loose {
        Loose(fiat_25519_loose_field_element(self.0.0))
    }
}

impl Factor for Loose {
    #[inline]
    fn loose(self) -> Loose {
        self
    }
}

impl Loose {
    /// The same number, carried.
    #[inline]
    pub(super) fn carried(self) -> Tight {
        let mut carried = fiat_25519_tight_field_element([0; 5]);
        fiat_25519_carry(&mut carried, &self.0);
        Tight(carried)
    }
}

impl Tight {
    pub(super) const ZERO: Self = Self::small(0);
    pub(super) const ONE: Self = Self::small(1);

    pub(super) const fn small(number: u32) -> Self {
        Self(fiat_25519_tight_field_element([widened(number), 0, 0, 0, 0]))
    }

    #[inline]
    pub(super) fn plus(&self, other: &Self) -> Loose {
        let mut sum = fiat_25519_loose_field_element([0; 5]);
        fiat_25519_add(&mut sum, &self.0, &other.0);
        Loose(sum)
    }

    #[inline]
    pub(super) fn minus(&self, other: &Self) -> Loose {
        let mut difference = fiat_25519_loose_field_element([0; 5]);
        fiat_25519_sub(&mut difference, &self.0, &other.0);
        Loose(difference)
    }

    /// From 32 bytes, the least first; the highest bit is not looked at.
    pub(super) fn from_bytes(mut bytes: [u8; 32]) -> Self {
        if let Some(last) = bytes.last_mut() {
            *last &= 0x7f;
        }
        let mut number = fiat_25519_tight_field_element([0; 5]);
        fiat_25519_from_bytes(&mut number, &bytes);
        Self(number)
    }

    /// The one encoding of the number, below p.
    pub(super) fn to_bytes(self) -> [u8; 32] {
        let mut bytes = [0; 32];
        fiat_25519_to_bytes(&mut bytes, &self.0);
        bytes
    }

    /// Whether the least number that it stands for is odd: the "sign" of RFC 8032.
    pub(super) fn is_odd(self) -> bool {
        self.to_bytes().first().is_some_and(|least| least & 1 == 1)
    }

    /// The powers z^11 and z^(2^250 − 1), on which the others are built.
    fn powers(self) -> (Self, Self) {
        let two = self.squared();
        let nine = two.squared_times(2).times(self);
        let eleven = nine.times(two);
        let five_bits = eleven.squared().times(nine);
        let ten_bits = five_bits.squared_times(5).times(five_bits);
        let twenty_bits = ten_bits.squared_times(10).times(ten_bits);
        let forty_bits = twenty_bits.squared_times(20).times(twenty_bits);
        let fifty_bits = forty_bits.squared_times(10).times(ten_bits);
        let hundred_bits = fifty_bits.squared_times(50).times(fifty_bits);
        let two_hundred_bits = hundred_bits.squared_times(100).times(hundred_bits);
        (eleven, two_hundred_bits.squared_times(50).times(fifty_bits))
    }

    /// 1/z = z^(p − 2); 0 for 0.
    pub(super) fn inverted(self) -> Self {
        let (eleven, high) = self.powers();
        high.squared_times(5).times(eleven)
    }

    /// z^((p − 5)/8), the heart of a square root.
    pub(super) fn root_power(self) -> Self {
        let (_, high) = self.powers();
        high.squared_times(2).times(self)
    }
}

impl PartialEq for Tight {
    fn eq(&self, other: &Self) -> bool {
        self.to_bytes() == other.to_bytes()
    }
}

/// Inverts all of them for the price of one inversion and three products each. None may be 0.
pub(super) fn invert_all(numbers: &mut [Tight]) {
    let mut product = Tight::ONE;
    let before: Vec<Tight> = numbers
        .iter()
        .map(|number| {
            let before = product;
            product = before.times(*number);
            before
        })
        .collect();
    let mut inverse = product.inverted();
    for (number, before) in numbers.iter_mut().zip(before).rev() {
        let next = inverse.times(*number);
        *number = inverse.times(before);
        inverse = next;
    }
}

#[expect(clippy::as_conversions, reason = "`From` is not const")]
const fn widened(number: u32) -> u64 {
    number as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// p − 1, p − 2, … and what lies beyond p, where a carry that is forgotten shows.
    fn edges() -> Vec<[u8; 32]> {
        let mut edges = Vec::new();
        for least in [0xec, 0xeb, 0xed, 0xee, 0xff, 0] {
            let mut bytes = [0xff; 32];
            (bytes[0], bytes[31]) = (least, 0x7f);
            edges.push(bytes);
        }
        for bit in 0..255 {
            let mut bytes = [0; 32];
            bytes[bit / 8] = 1 << (bit % 8);
            edges.push(bytes);
        }
        edges
    }

    /// Multiplies as at school, modulo p: doubles and adds.
    fn slowly(a: Tight, b: [u8; 32]) -> Tight {
        let mut product = Tight::ZERO;
        for bit in (0..255).rev() {
            product = product.plus(&product).carried();
            if b[bit / 8] >> (bit % 8) & 1 == 1 {
                product = product.plus(&a).carried();
            }
        }
        product
    }

    fn assert_laws(a: [u8; 32], b: [u8; 32]) {
        let (x, y) = (Tight::from_bytes(a), Tight::from_bytes(b));
        assert!(x.times(y) == slowly(x, b), "{a:?} {b:?}");
        assert!(x.squared() == x.times(x));
        assert!(x.plus(&y).carried().minus(&y).carried() == x);
        // Sums and differences may be multiplied without being carried first.
        let expected = x.squared().minus(&y.squared()).carried();
        assert!(x.plus(&y).times(x.minus(&y)) == expected);
        let one = x.times(x.inverted());
        assert!(one == if x == Tight::ZERO { Tight::ZERO } else { Tight::ONE });
    }

    #[test]
    fn numbers_at_the_edges_obey_the_laws() {
        let edges = edges();
        for (place, a) in edges.iter().enumerate() {
            assert_laws(*a, edges[(place * 7 + 3) % edges.len()]);
            assert_laws(*a, edges[place % 6]);
        }
        assert!(Tight::from_bytes(edges[2]) == Tight::ZERO, "p is 0");
        assert_eq!(Tight::from_bytes(edges[3]).to_bytes(), Tight::ONE.to_bytes());
    }

    proptest! {
        #[test]
        fn numbers_obey_the_laws(mut a: [u8; 32], mut b: [u8; 32]) {
            (a[31], b[31]) = (a[31] & 0x7f, b[31] & 0x7f);
            assert_laws(a, b);
        }

        #[test]
        fn all_are_inverted_as_one_by_one(numbers in proptest::collection::vec(1_u32.., 0..20)) {
            let expected = numbers.iter().map(|it| Tight::small(*it).inverted()).collect::<Vec<_>>();
            let mut found = numbers.iter().map(|it| Tight::small(*it)).collect::<Vec<_>>();
            invert_all(&mut found);
            prop_assert!(found == expected);
        }
    }
}
