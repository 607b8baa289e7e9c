//! What the registry does with a connector, in small: keeps its secret and cursor, and reads round by round.

use std::cell::RefCell;

use tallystick::connect::{Access, Batch, Client, Connector, Entry, Secret, Settings, Trouble};
use tallystick::types::Timestamp;
use tallystick::webhooks::Reach;

/// A connection.
pub(crate) struct Reader<C> {
    pub(crate) connector: C,
    pub(crate) settings: Settings,
    pub(crate) client: Client,
    pub(crate) now_s: i64,
    pub(crate) secret: RefCell<Option<Secret>>,
    pub(crate) cursor: Option<Vec<u8>>,
    pub(crate) disk_full: bool,
    /// Called when a secret was kept.
    pub(crate) kept: Box<dyn Fn()>,
}

impl<C: Connector> Reader<C> {
    pub(crate) fn new(connector: C, now_s: i64) -> Self {
        Self {
            connector,
            settings: Settings::new(),
            client: Client::new(Reach { plain: true, private: true }),
            now_s,
            secret: RefCell::new(None),
            cursor: None,
            disk_full: false,
            kept: Box::new(|| {}),
        }
    }

    pub(crate) fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.now_s * 1_000).unwrap()
    }

    /// Does something with what a connector gets.
    pub(crate) fn with<T>(&self, f: impl FnOnce(&C, &mut Access<'_>) -> T) -> T {
        let keep = |secret: &Secret| {
            if self.disk_full {
                return Err(Trouble::Store);
            }
            *self.secret.borrow_mut() = Some(secret.clone());
            (self.kept)();
            Ok(())
        };
        let secret = self.secret.borrow().clone();
        let mut access = Access::new(&self.settings, &self.client, self.now(), secret, &keep);
        f(&self.connector, &mut access)
    }

    /// One page; the cursor moves if it could be read.
    pub(crate) fn page(&mut self) -> Result<Batch, Trouble> {
        let batch =
            self.with(|connector, access| connector.read(access, self.cursor.as_deref()))?;
        self.cursor = Some(batch.cursor.clone());
        Ok(batch)
    }

    /// Everything that there is.
    pub(crate) fn round(&mut self) -> Result<Vec<Entry>, Trouble> {
        let mut entries = Vec::new();
        for _ in 0..1_000 {
            let batch = self.page()?;
            entries.extend(batch.entries);
            if !batch.more {
                return Ok(entries);
            }
        }
        panic!("a round without an end");
    }
}
