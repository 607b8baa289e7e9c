//! What a form brought: each field taken by name, and refused where it is not one of ours.

use core::str::FromStr;

/// Why a form is not one that a page of ours sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tampered;

/// The fields of a form, until each was taken.
#[derive(Debug, Clone, Default)]
pub(super) struct Fields(Vec<(String, String)>);

impl Fields {
    /// The fields as they were sent.
    pub(super) const fn new(fields: Vec<(String, String)>) -> Self {
        Self(fields)
    }

    /// Takes a field that is there at most once; `None` where it is absent or empty.
    ///
    /// # Errors
    /// [`Tampered`] where it is there twice.
    pub(super) fn text(&mut self, name: &str) -> Result<Option<String>, Tampered> {
        let mut found = self.0.extract_if(.., |(key, _)| key == name).map(|(_, value)| value);
        let value = found.next();
        if found.next().is_some() {
            return Err(Tampered);
        }
        drop(found);
        Ok(value.map(|value| value.trim().to_owned()).filter(|value| !value.is_empty()))
    }

    /// Takes a field and reads it.
    ///
    /// # Errors
    /// [`Tampered`] where it is there twice or is no `T`.
    pub(super) fn read<T: FromStr>(&mut self, name: &str) -> Result<Option<T>, Tampered> {
        let value = self.text(name)?;
        value.map(|value| value.parse().map_err(|_| Tampered)).transpose()
    }

    /// Takes a field that may be there many times, and reads each.
    ///
    /// # Errors
    /// [`Tampered`] where one is no `T`, or two are the same.
    pub(super) fn all<T: FromStr + PartialEq>(&mut self, name: &str) -> Result<Vec<T>, Tampered> {
        let mut all: Vec<T> = Vec::new();
        for (_, value) in self.0.extract_if(.., |(key, _)| key == name) {
            let value = value.parse().map_err(|_| Tampered)?;
            if all.contains(&value) {
                return Err(Tampered);
            }
            all.push(value);
        }
        Ok(all)
    }

    /// Takes the fields whose names begin like this, with what follows in their names.
    pub(super) fn prefixed(&mut self, prefix: &str) -> Vec<(String, String)> {
        let found = self.0.extract_if(.., |(key, _)| key.starts_with(prefix));
        found
            .map(|(key, value)| {
                (key.strip_prefix(prefix).unwrap_or_default().to_owned(), value.trim().to_owned())
            })
            .filter(|(_, value)| !value.is_empty())
            .collect()
    }

    /// Refuses what nobody took.
    ///
    /// # Errors
    /// [`Tampered`].
    pub(super) fn done(self) -> Result<(), Tampered> {
        if self.0.is_empty() { Ok(()) } else { Err(Tampered) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(pairs: &[(&str, &str)]) -> Fields {
        Fields::new(pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect())
    }

    #[test]
    fn a_form_that_is_not_ours_is_refused() {
        assert_eq!(fields(&[("a", "1"), ("a", "2")]).text("a"), Err(Tampered));
        assert_eq!(fields(&[("a", "x")]).read::<u8>("a"), Err(Tampered));
        assert_eq!(fields(&[("a", "1"), ("a", "1")]).all::<u8>("a"), Err(Tampered));
        assert_eq!(fields(&[("b", "1")]).done(), Err(Tampered));
        let mut good = fields(&[("a", " 1 "), ("b", ""), ("c", "1"), ("c", "2"), ("s.x", "y")]);
        assert_eq!(good.read::<u8>("a"), Ok(Some(1)));
        assert_eq!(good.text("b"), Ok(None));
        assert_eq!(good.all::<u8>("c"), Ok(vec![1, 2]));
        assert_eq!(good.prefixed("s."), [("x".to_owned(), "y".to_owned())]);
        assert_eq!(good.done(), Ok(()));
    }
}
