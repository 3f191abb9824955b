//! The API from outside: requests into the router, over a real database.

mod carriers;
mod harness;
mod inbox;
mod session;
mod settings;
mod snapshot;
mod writes;
