//! What a service is told.

mod read;
mod settings;
mod units;

pub use read::ConfigError;
pub use settings::{
    Config, Discover, OnFull, OnInterrupt, OnStop, OutputLimits, QueueSettings, Retention,
    ServerLimits, TlsFiles, TokenFile,
};
