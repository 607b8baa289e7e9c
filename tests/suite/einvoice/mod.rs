//! Reading invoices: our own samples, hostile documents, archives, and a large collection of other people's.

mod collection;
