//! What a spec looks like: every field there is, at any depth.
//!
//! The model's own types pass over a field that they do not know wherever an enum is around it, and
//! take the last of two with one name. Here is what they read, so that nothing is passed over.

/// What a value has to be.
#[derive(Debug)]
pub(super) enum Shape {
    /// Whatever it is: who reads it says what it has to be.
    Anything,
    Text,
    /// Text with something other than blanks in it.
    NotBlank,
    /// The name of a slot.
    Slot,
    /// Base64 of the text of a script.
    Script,
    /// The name of a variable of the environment.
    VariableName,
    /// The value of one.
    VariableValue,
    Flag,
    /// A time: milliseconds, or text with a unit; at least so many milliseconds.
    Time(u64),
    /// A number of 1 or more.
    Factor,
    /// One of these words.
    Word(&'static [&'static str]),
    List(&'static Shape),
    /// Names of any kind, each with a text.
    Texts,
    Fields(&'static [Field]),
    /// An object with one field, whose name says what it holds; or one of these words.
    OneOf {
        variants: &'static [Field],
        words: &'static [&'static str],
    },
    /// An object whose field `type` says which other fields it has.
    Typed(&'static [(&'static str, &'static [Field])]),
}

/// A field of an object.
#[derive(Debug)]
pub(super) struct Field {
    pub(super) name: &'static str,
    pub(super) shape: Shape,
    pub(super) need: Need,
}

/// Whether a field has to be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Need {
    Required,
    MayBeLeftOut,
    /// It may be `null`, too, which is the same.
    MayBeNull,
}

const fn required(name: &'static str, shape: Shape) -> Field {
    let need = Need::Required;
    Field { name, shape, need }
}

const fn optional(name: &'static str, shape: Shape) -> Field {
    let need = Need::MayBeLeftOut;
    Field { name, shape, need }
}

const fn nullable(name: &'static str, shape: Shape) -> Field {
    let need = Need::MayBeNull;
    Field { name, shape, need }
}

const TEXTS: Shape = Shape::List(&Shape::Text);

const ENV: Shape = Shape::List(&Shape::Fields(&[
    required("key", Shape::VariableName),
    required("value", Shape::VariableValue),
]));

/// The fields of a spec, with those that say what is run.
macro_rules! spec {
    ($($field:expr),+) => {
        Shape::Fields(&[
            required("slot", Shape::Slot),
            $($field,)+
            required("timeout", Shape::Time(1)),
            optional(
                "admission",
                Shape::Word(&["dropIfRunning", "replace", "queue"]),
            ),
            optional("restart", RESTART),
            optional("backoff", BACKOFF),
            nullable("runnerSelector", SELECTOR),
            optional("labels", Shape::Texts),
        ])
    };
}

/// A spec of a kind of the model.
pub(super) static SPEC: Shape = spec!(required("kind", KIND));

/// A spec of a kind of a plugin's own.
pub(super) static WORKLOAD: Shape = spec!(
    required("kind", Shape::NotBlank),
    optional("spec", Shape::Anything)
);

const KIND: Shape = Shape::OneOf {
    variants: &[
        required("subprocess", SUBPROCESS),
        required("wasm", WASM),
        required("container", CONTAINER),
    ],
    words: &[],
};

const SUBPROCESS: Shape = Shape::Fields(&[
    required("mode", MODE),
    nullable("cwd", Shape::Text),
    optional("env", ENV),
    optional("failOnNonZero", Shape::Flag),
]);

const MODE: Shape = Shape::OneOf {
    variants: &[
        required(
            "command",
            Shape::Fields(&[
                required("command", Shape::NotBlank),
                optional("args", TEXTS),
            ]),
        ),
        required(
            "script",
            Shape::Fields(&[
                required("runtime", RUNTIME),
                required("body", Shape::Script),
                optional("args", TEXTS),
            ]),
        ),
    ],
    words: &[],
};

const RUNTIME: Shape = Shape::OneOf {
    variants: &[required(
        "custom",
        Shape::Fields(&[
            required("command", Shape::NotBlank),
            required("flag", Shape::NotBlank),
        ]),
    )],
    words: &["bash", "python", "node"],
};

const WASM: Shape = Shape::Fields(&[
    required("module", Shape::NotBlank),
    optional("args", TEXTS),
    optional("env", ENV),
]);

const CONTAINER: Shape = Shape::Fields(&[
    required("image", Shape::NotBlank),
    nullable("command", TEXTS),
    optional("args", TEXTS),
    optional("env", ENV),
]);

const RESTART: Shape = Shape::Typed(&[
    ("never", &[]),
    ("onFailure", &[]),
    ("always", &[nullable("intervalMs", Shape::Time(0))]),
]);

const BACKOFF: Shape = Shape::Fields(&[
    optional("firstMs", Shape::Time(1)),
    optional("maxMs", Shape::Time(1)),
    optional("factor", Shape::Factor),
    optional(
        "jitter",
        Shape::Word(&["full", "none", "equal", "decorrelated"]),
    ),
]);

const SELECTOR: Shape = Shape::Fields(&[
    optional("matchLabels", Shape::Texts),
    optional(
        "matchExpressions",
        Shape::List(&Shape::Fields(&[
            required("key", Shape::NotBlank),
            required(
                "operator",
                Shape::Word(&["In", "NotIn", "Exists", "DoesNotExist"]),
            ),
            optional("values", TEXTS),
        ])),
    ),
]);
