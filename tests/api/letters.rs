//! Letters to debtors, as they leave the registry: into a folder, or to a real mail server over TCP and TLS; read back
//! with a parser of somebody else's.

mod asking;
mod office;
mod posting;
mod sink;
mod written;
