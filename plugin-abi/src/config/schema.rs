//! What a configuration may be, as constants that the derive macro makes of a type.

/// A type that a field of a plugin's configuration can have.
///
/// It is implemented for flags, whole and other numbers, texts, paths, lists, and tables by name; the derive
/// macro [`PluginConfig`](macro@crate::PluginConfig) implements it for structs and for enums of words. A
/// field of any other type says what it looks like in a file: `#[config(like = String)]`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no type that a configuration is described by",
    label = "not described",
    note = "derive `PluginConfig` for it, or say what it looks like in a file: `#[config(like = String)]`"
)]
pub trait ConfigValue {
    /// What a value may be.
    const SCHEMA: Schema;

    /// Whether a field of this type may be left out without a default.
    const OPTIONAL: bool = false;

    /// The default of a field that says `#[config(default)]`.
    const EMPTY: Fallback = Fallback::Required;
}

/// What a value may be.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum Schema {
    /// Anything.
    Any,
    /// `true` or `false`.
    Flag,
    /// A whole number, from the first to the second.
    Integer(i128, i128),
    /// A number.
    Number,
    /// A single character.
    Character,
    /// Text.
    Text,
    /// A path.
    Path,
    /// One of these words.
    Words(&'static [Word]),
    /// A list of such values.
    List(&'static Schema),
    /// Such values by names that the operator chooses.
    Map(&'static Schema),
    /// A table with these fields and no others.
    Table(&'static [Field]),
}

/// A word that a value may be.
#[derive(Debug, Clone, Copy)]
pub struct Word {
    /// The word.
    pub name: &'static str,
    /// What it means, in one line; empty where nothing is said of it.
    pub doc: &'static str,
}

/// A field of a table.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    /// What it is called.
    pub name: &'static str,
    /// What it means, in one line; empty where nothing is said of it.
    pub doc: &'static str,
    /// What its value may be.
    pub schema: Schema,
    /// What it is where it is left out.
    pub fallback: Fallback,
}

/// What a field is that is left out.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum Fallback {
    /// It must be given.
    Required,
    /// It is not there.
    Absent,
    /// This value, as JSON.
    Json(&'static str),
    /// This whole number.
    Integer(i128),
}
