//! What a host does with a queue.

mod delivery;
mod feed;
mod fetch;
mod persist;
mod taker;

pub use delivery::Delivery;
pub use feed::Feed;
pub use fetch::Fetched;
pub use taker::Taker;
