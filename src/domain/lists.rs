//! Ascending lists of rows, one for each owner.
//!
//! Whose rows they are, and of what, is not known here.

/// For each owner, by row, an ascending list of rows.
#[derive(Debug, Clone, Default)]
pub(super) struct Lists(Vec<Vec<u32>>);

impl Lists {
    /// The list of an owner.
    pub(super) fn of(&self, owner: u32) -> &[u32] {
        usize::try_from(owner).ok().and_then(|owner| self.0.get(owner)).map_or(&[], Vec::as_slice)
    }

    /// Adds to the list of an owner what is not there yet.
    pub(super) fn add(&mut self, owner: u32, value: u32) {
        let Some(list) = self.entry(owner) else { return };
        // Nearly always the newest row.
        if list.last().is_none_or(|last| *last < value) {
            make_room(list);
            list.push(value);
        } else if let Err(place) = list.binary_search(&value) {
            list.insert(place, value);
        }
    }

    /// Takes the list of an owner away.
    pub(super) fn take(&mut self, owner: u32) -> Vec<u32> {
        self.entry(owner).map(core::mem::take).unwrap_or_default()
    }

    /// Adds many.
    pub(super) fn merge(&mut self, owner: u32, values: &[u32]) {
        let Some(list) = self.entry(owner) else { return };
        list.extend_from_slice(values);
        list.sort_unstable();
        list.dedup();
    }

    /// Takes values out of the list of an owner; they are in ascending order.
    pub(super) fn remove(&mut self, owner: u32, values: &[u32]) {
        if let Some(list) = self.entry(owner) {
            list.retain(|value| values.binary_search(value).is_err());
        }
    }

    fn entry(&mut self, owner: u32) -> Option<&mut Vec<u32>> {
        let owner = usize::try_from(owner).ok()?;
        if self.0.len() <= owner {
            self.0.resize_with(owner.saturating_add(1), Vec::new);
        }
        self.0.get_mut(owner)
    }
}

/// An eighth more where a list is full, in place of as much again: there is one for every party, and most of what
/// doubling sets aside would never be used.
fn make_room(list: &mut Vec<u32>) {
    if list.len() == list.capacity() {
        list.reserve_exact((list.len() / 8).max(4));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_list_is_ascending_and_has_each_row_once(rows in proptest::collection::vec(0_u32..30, 0..60)) {
            let (mut added, mut merged) = (Lists::default(), Lists::default());
            for row in &rows {
                added.add(3, *row);
            }
            let (one, other) = rows.split_at(rows.len() / 2);
            merged.merge(3, one);
            merged.merge(3, other);
            let expected = rows.iter().copied().collect::<std::collections::BTreeSet<_>>();
            let expected = expected.into_iter().collect::<Vec<_>>();
            prop_assert_eq!(added.of(3), &expected);
            prop_assert_eq!(merged.of(3), &expected);
            prop_assert!(added.of(2).is_empty() && added.of(4).is_empty());
            added.remove(3, &expected);
            prop_assert!(added.of(3).is_empty());
        }
    }

    #[test]
    fn a_list_sets_little_aside() {
        let mut lists = Lists::default();
        for row in 0..10_000 {
            lists.add(0, row);
        }
        let list = &lists.0[0];
        assert!(
            list.capacity() * 8 <= list.len() * 9 + 32,
            "{} for {}",
            list.capacity(),
            list.len()
        );
    }
}
