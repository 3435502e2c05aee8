//! Who may ask for what: roles, and the tokens that give them.

mod role;
mod tokens;

pub use role::Role;
pub(crate) use tokens::{TokenError, Tokens};
