//! The fields of a runner in `export_plugin!`: what each is taken for, and what is wrong with one.

/// One runner's declaration. Fields may come in any order; each is taken into its place.
#[doc(hidden)]
#[macro_export]
macro_rules! __runner_decl {
    ($($field:tt)*) => { $crate::__runner_field!([] [] [] [] [] $($field)*) };
}

/// Takes one field after another: `[name] [kinds] [labels] [supports] [new] rest`, each empty until
/// its field has been met.
#[doc(hidden)]
#[macro_export]
macro_rules! __runner_field {
    ([] $k:tt $l:tt $s:tt $c:tt name: $name:literal $(, $($rest:tt)*)?) => {
        $crate::__runner_field!([$name] $k $l $s $c $($($rest)*)?)
    };
    ($n:tt [] $l:tt $s:tt $c:tt kinds: [$($kind:tt),+ $(,)?] $(, $($rest:tt)*)?) => {
        $crate::__runner_field!($n [$($crate::__kind!($kind)),+] $l $s $c $($($rest)*)?)
    };
    ($n:tt $k:tt [] $s:tt $c:tt labels: { $($key:literal = $value:literal),* $(,)? } $(, $($rest:tt)*)?) => {
        $crate::__runner_field!($n $k [[$(($key, $value)),*]] $s $c $($($rest)*)?)
    };
    ($n:tt $k:tt $l:tt [] $c:tt supports: by_kind $(, $($rest:tt)*)?) => {
        $crate::__runner_field!($n $k $l [true] $c $($($rest)*)?)
    };
    ($n:tt $k:tt $l:tt $s:tt [] new: $new:expr $(, $($rest:tt)*)?) => {
        $crate::__runner_field!($n $k $l $s [new] $($($rest)*)?)
    };

    ([] $k:tt $l:tt $s:tt $c:tt) => {
        ::core::compile_error!("export_plugin!: a runner has no `name`: write `name: \"…\"`, with what Runner::name returns")
    };
    ($n:tt [] $l:tt $s:tt $c:tt) => {
        ::core::compile_error!("export_plugin!: a runner has no `kinds`: write `kinds: [subprocess]`, with one or more of subprocess, wasm, container and texts in quotes")
    };
    ([$name:literal] [$($kind:expr),+] [$([$($label:expr),*])?] [$($by_kind:literal)?] $c:tt) => {
        $crate::__private::RunnerDecl {
            name: $name,
            kinds: &[$($kind),+],
            by_kind: false $(|| $by_kind)?,
            labels: &[$($($label),*)?],
        }
    };

    ([$($n:tt)+] $k:tt $l:tt $s:tt $c:tt name $($rest:tt)*) => { $crate::__given_twice!(name) };
    ($n:tt [$($k:tt)+] $l:tt $s:tt $c:tt kinds $($rest:tt)*) => { $crate::__given_twice!(kinds) };
    ($n:tt $k:tt [$($l:tt)+] $s:tt $c:tt labels $($rest:tt)*) => { $crate::__given_twice!(labels) };
    ($n:tt $k:tt $l:tt [$($s:tt)+] $c:tt supports $($rest:tt)*) => { $crate::__given_twice!(supports) };
    ($n:tt $k:tt $l:tt $s:tt [$($c:tt)+] new $($rest:tt)*) => { $crate::__given_twice!(new) };

    ($n:tt $k:tt $l:tt $s:tt $c:tt name $($rest:tt)*) => {
        ::core::compile_error!("export_plugin!: expected `name: \"…\"`: a string literal, followed by a comma")
    };
    ($n:tt $k:tt $l:tt $s:tt $c:tt kinds $($rest:tt)*) => {
        ::core::compile_error!("export_plugin!: expected `kinds: [subprocess]`: one or more of subprocess, wasm, container and texts in quotes in brackets, followed by a comma")
    };
    ($n:tt $k:tt $l:tt $s:tt $c:tt labels $($rest:tt)*) => {
        ::core::compile_error!("export_plugin!: expected `labels: { \"key\" = \"value\" }`: string literals in braces, followed by a comma")
    };
    ($n:tt $k:tt $l:tt $s:tt $c:tt supports $($rest:tt)*) => {
        ::core::compile_error!("export_plugin!: expected `supports: by_kind`, followed by a comma; without this field the host asks Runner::supports")
    };
    ($n:tt $k:tt $l:tt $s:tt $c:tt new $($rest:tt)*) => {
        ::core::compile_error!("export_plugin!: expected `new: Type::new`: a function that takes the configuration, followed by a comma")
    };
    ($n:tt $k:tt $l:tt $s:tt $c:tt $field:ident $($rest:tt)*) => {
        ::core::compile_error!(::core::concat!(
            "export_plugin!: there is no field `", ::core::stringify!($field),
            "`; the fields are name, kinds, labels, supports and new"
        ))
    };
    ($n:tt $k:tt $l:tt $s:tt $c:tt $($rest:tt)+) => {
        ::core::compile_error!("export_plugin!: expected `field: value`, separated by commas")
    };
}

/// Refuses a field that was given before.
#[doc(hidden)]
#[macro_export]
macro_rules! __given_twice {
    ($field:ident) => {
        ::core::compile_error!(::core::concat!(
            "export_plugin!: `",
            ::core::stringify!($field),
            "` is given twice"
        ))
    };
}

/// The name of one kind: a word of the model's, or any other in quotes.
#[doc(hidden)]
#[macro_export]
macro_rules! __kind {
    (subprocess) => {
        "subprocess"
    };
    (wasm) => {
        "wasm"
    };
    (container) => {
        "container"
    };
    (embedded) => {
        ::core::compile_error!("export_plugin!: an embedded task is never routed to a runner")
    };
    ($other:literal) => {
        $other
    };
    ($($other:tt)+) => {
        ::core::compile_error!(::core::concat!(
            "export_plugin!: `",
            ::core::stringify!($($other)+),
            "` is not a task kind: write subprocess, wasm or container, or any other kind in quotes, \
             such as \"example.com/v1/Greeting\""
        ))
    };
}

/// Whether a runner has a constructor of its own.
#[doc(hidden)]
#[macro_export]
macro_rules! __takes_config {
    () => { false };
    (new: $($rest:tt)*) => { true };
    ($first:tt $($rest:tt)*) => { $crate::__takes_config!($($rest)*) };
}

/// `Some` of what there is, or `None`.
#[doc(hidden)]
#[macro_export]
macro_rules! __or_none {
    () => {
        ::core::option::Option::None
    };
    ($value:expr) => {
        ::core::option::Option::Some($value)
    };
}

/// What the configuration may be: as its type says; nothing, where no runner has a constructor; otherwise
/// that is not known.
#[doc(hidden)]
#[macro_export]
macro_rules! __config_schema {
    ([$config:ty] $($fields:tt)+) => {
        ::core::option::Option::Some(<$config as $crate::config::ConfigValue>::SCHEMA)
    };
    ([] $([$($field:tt)*])+) => {
        if false $(|| $crate::__takes_config!($($field)*))+ {
            ::core::option::Option::None
        } else {
            ::core::option::Option::Some($crate::config::Schema::Table(&[]))
        }
    };
}

/// Constructs a runner.
#[doc(hidden)]
#[macro_export]
macro_rules! __construct {
    ($runner:ty, $config:ident, $takes:ident, $type:tt, ) => {
        $crate::__private::construct_default::<$runner>($config, !$takes)
    };
    ($runner:ty, $config:ident, $takes:ident, [], new: $new:expr $(, $($rest:tt)*)?) => {
        $crate::__private::construct_with::<$runner, _, _>($config, $new)
    };
    ($runner:ty, $config:ident, $takes:ident, [$type:ty], new: $new:expr $(, $($rest:tt)*)?) => {
        $crate::__private::construct_with::<$runner, $type, _>($config, $new)
    };
    ($runner:ty, $config:ident, $takes:ident, $type:tt, $first:tt $($rest:tt)*) => {
        $crate::__construct!($runner, $config, $takes, $type, $($rest)*)
    };
}
