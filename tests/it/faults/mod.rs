//! What goes wrong outside of the server: it is killed, stopped under load, the disk is full, clients are too
//! many or mean harm.

mod disk;
mod history;
pub mod hostile;
mod json;
mod kill;
mod load;
mod overload;
mod races;
mod requests;
mod server;
mod stop;
