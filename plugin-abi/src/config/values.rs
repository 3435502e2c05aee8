//! The types that every configuration can have.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::num::{NonZeroU8, NonZeroU16, NonZeroU32, NonZeroU64, NonZeroUsize};
use std::path::PathBuf;

use serde_json::Value;

use super::schema::{ConfigValue, Fallback, Schema};

macro_rules! integers {
    ($($type:ty: $least:expr, $most:expr, $empty:expr;)+) => {
        $(impl ConfigValue for $type {
            const SCHEMA: Schema = Schema::Integer($least as i128, $most as i128);
            const EMPTY: Fallback = $empty;
        })+
    };
}

integers! {
    u8: u8::MIN, u8::MAX, Fallback::Integer(0);
    u16: u16::MIN, u16::MAX, Fallback::Integer(0);
    u32: u32::MIN, u32::MAX, Fallback::Integer(0);
    u64: u64::MIN, u64::MAX, Fallback::Integer(0);
    usize: usize::MIN, usize::MAX, Fallback::Integer(0);
    i8: i8::MIN, i8::MAX, Fallback::Integer(0);
    i16: i16::MIN, i16::MAX, Fallback::Integer(0);
    i32: i32::MIN, i32::MAX, Fallback::Integer(0);
    i64: i64::MIN, i64::MAX, Fallback::Integer(0);
    isize: isize::MIN, isize::MAX, Fallback::Integer(0);
    // These have no zero, and so no default.
    NonZeroU8: 1, u8::MAX, Fallback::Required;
    NonZeroU16: 1, u16::MAX, Fallback::Required;
    NonZeroU32: 1, u32::MAX, Fallback::Required;
    NonZeroU64: 1, u64::MAX, Fallback::Required;
    NonZeroUsize: 1, usize::MAX, Fallback::Required;
}

macro_rules! values {
    ($($type:ty: $schema:expr, $empty:expr;)+) => {
        $(impl ConfigValue for $type {
            const SCHEMA: Schema = $schema;
            const EMPTY: Fallback = $empty;
        })+
    };
}

values! {
    bool: Schema::Flag, Fallback::Json("false");
    f32: Schema::Number, Fallback::Json("0.0");
    f64: Schema::Number, Fallback::Json("0.0");
    char: Schema::Character, Fallback::Required;
    String: Schema::Text, Fallback::Json("\"\"");
    Box<str>: Schema::Text, Fallback::Json("\"\"");
    PathBuf: Schema::Path, Fallback::Json("\"\"");
    Value: Schema::Any, Fallback::Json("null");
}

impl<T: ConfigValue> ConfigValue for Option<T> {
    const SCHEMA: Schema = T::SCHEMA;
    const OPTIONAL: bool = true;
    const EMPTY: Fallback = Fallback::Absent;
}

impl<T: ConfigValue> ConfigValue for Box<T> {
    const SCHEMA: Schema = T::SCHEMA;
    const OPTIONAL: bool = T::OPTIONAL;
    const EMPTY: Fallback = T::EMPTY;
}

impl<T: ConfigValue> ConfigValue for Vec<T> {
    const SCHEMA: Schema = Schema::List(&T::SCHEMA);
    const EMPTY: Fallback = Fallback::Json("[]");
}

impl<T: ConfigValue> ConfigValue for BTreeSet<T> {
    const SCHEMA: Schema = Schema::List(&T::SCHEMA);
    const EMPTY: Fallback = Fallback::Json("[]");
}

impl<T: ConfigValue> ConfigValue for BTreeMap<String, T> {
    const SCHEMA: Schema = Schema::Map(&T::SCHEMA);
    const EMPTY: Fallback = Fallback::Json("{}");
}

impl<T: ConfigValue, S> ConfigValue for HashMap<String, T, S> {
    const SCHEMA: Schema = Schema::Map(&T::SCHEMA);
    const EMPTY: Fallback = Fallback::Json("{}");
}
