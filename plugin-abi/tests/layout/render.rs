//! Writes layouts as text: names, sizes, alignments, fields with their offsets, methods with their
//! signatures.
//!
//! It describes the types of this crate, and those of async-ffi, whose version nothing compares
//! when a plugin is opened. abi_stable compares its own; of its types, size and alignment stand.

use std::collections::{BTreeMap, HashSet};
use std::fmt::Write as _;

use abi_stable::std_types::UTypeId;
use abi_stable::type_layout::{TLData, TLEnum, TLField, TLFunction, TLPrimitive, TypeLayout};

const DESCRIBED: [&str; 2] = ["solti-plugin-abi", "async-ffi"];

/// Describes each type once, in the order in which it is met.
#[derive(Default)]
pub(crate) struct Layouts {
    seen: HashSet<UTypeId>,
    described: String,
    mentioned: BTreeMap<String, (usize, usize)>,
}

impl Layouts {
    /// Describes `layout` and every type that it leads to.
    pub(crate) fn add(&mut self, layout: &'static TypeLayout) {
        if !self.seen.insert(layout.get_utypeid()) {
            return;
        }
        if is_described(layout) {
            let text = self.describe(layout);
            self.described.push_str(&text);
        }
        for nested in layout.shared_vars().type_layouts() {
            self.add(nested());
        }
    }

    /// The whole text.
    pub(crate) fn finish(self) -> String {
        let mut text = self.described;
        text.push_str("types of other crates\n");
        for (name, (size, align)) in self.mentioned {
            let _ = writeln!(text, "  {name}: size {size} align {align}");
        }
        text
    }

    fn describe(&mut self, layout: &'static TypeLayout) -> String {
        let (name, size, align) = (type_name(layout), layout.size(), layout.alignment());
        let repr = layout.repr_attr();
        let mut text = format!("{name}\n  size {size} align {align} repr {repr:?}\n");
        match layout.data() {
            TLData::Struct { fields } => {
                let end = self.put_fields(&mut text, fields.iter());
                assert_eq!(
                    end.next_multiple_of(align),
                    size,
                    "{name} is not laid out as in C"
                );
            }
            TLData::PrefixType(prefix) => {
                let _ = writeln!(text, "  frozen fields {}", prefix.first_suffix_field);
                self.put_fields(&mut text, prefix.fields.iter());
            }
            TLData::Enum(variants) => self.put_variants(&mut text, &variants),
            other => panic!("{name} is of a kind that version 1 does not use: {other:?}"),
        }
        text.push('\n');
        text
    }

    /// Writes the fields as C lays them out, and returns where the last one ends.
    fn put_fields(&mut self, text: &mut String, fields: impl Iterator<Item = TLField>) -> usize {
        let mut offset = 0_usize;
        for field in fields {
            offset = offset.next_multiple_of(field.layout().alignment());
            let kind = self.field_type(&field);
            let _ = writeln!(text, "  +{offset} {}: {kind}", field.name());
            offset += field.layout().size();
        }
        offset
    }

    fn put_variants(&mut self, text: &mut String, variants: &TLEnum) {
        let mut fields = variants.fields.iter();
        for (number, (name, count)) in variants
            .variant_names_iter()
            .zip(variants.field_count.iter())
            .enumerate()
        {
            let kinds: Vec<_> = fields
                .by_ref()
                .take(usize::from(*count))
                .map(|field| self.field_type(&field))
                .collect();
            let _ = writeln!(text, "  {number} {name}({})", kinds.join(", "));
        }
    }

    fn field_type(&mut self, field: &TLField) -> String {
        let functions: Vec<_> = field
            .function_range()
            .iter()
            .map(|function| self.signature(&function))
            .collect();
        if functions.is_empty() {
            self.mention(field.layout())
        } else {
            functions.join(" and ")
        }
    }

    fn signature(&mut self, function: &TLFunction) -> String {
        let parameters: Vec<_> = function
            .param_type_layouts
            .iter()
            .map(|layout| self.mention(layout()))
            .collect();
        let returned = function
            .return_type_layout()
            .map_or_else(|| "()".to_owned(), |layout| self.mention(layout()));
        format!("fn({}) -> {returned}", parameters.join(", "))
    }

    /// Names a type that is used by value; one that is not described gets its size noted.
    fn mention(&mut self, layout: &'static TypeLayout) -> String {
        let name = type_name(layout);
        if !is_described(layout) {
            self.mentioned
                .insert(name.clone(), (layout.size(), layout.alignment()));
        }
        name
    }
}

fn is_described(layout: &TypeLayout) -> bool {
    DESCRIBED.contains(&layout.package().as_str())
}

/// The name of a type with its arguments; that of a described type begins with its module.
fn type_name(layout: &'static TypeLayout) -> String {
    let parameters = arguments(layout);
    let arguments: Vec<_> = parameters.iter().copied().map(type_name).collect();
    if let TLData::Primitive(primitive) = layout.data() {
        let pointee = arguments.concat();
        return match primitive {
            TLPrimitive::SharedRef => format!("&{pointee}"),
            TLPrimitive::MutRef => format!("&mut {pointee}"),
            TLPrimitive::ConstPtr => format!("*const {pointee}"),
            TLPrimitive::MutPtr => format!("*mut {pointee}"),
            TLPrimitive::Array => {
                let element: usize = parameters.iter().map(|element| element.size()).sum();
                format!("[{pointee}; {}]", layout.size() / element)
            }
            _ => layout.name().to_owned(),
        };
    }
    let module = layout.mod_path().to_string();
    let module = module.rsplit("::").next().unwrap_or_default();
    let name = if is_described(layout) {
        format!("{module}::{}", layout.name())
    } else {
        layout.name().to_owned()
    };
    if arguments.is_empty() {
        name
    } else {
        format!("{name}<{}>", arguments.join(", "))
    }
}

/// The type arguments of a type. abi_stable's own types do not list theirs; there they are found in
/// the variants of an enum, or in the marker field.
fn arguments(layout: &'static TypeLayout) -> Vec<&'static TypeLayout> {
    if layout.package().as_str() == "async-ffi" {
        return yielded(layout);
    }
    let listed = layout.generics().type_params();
    if !listed.is_empty() || layout.package().as_str() != "abi_stable" {
        return listed.iter().map(|layout| layout()).collect();
    }
    match layout.data() {
        TLData::Enum(variants) => variants.fields.iter().map(|field| field.layout()).collect(),
        TLData::Struct { fields } => fields
            .iter()
            .filter(|field| field.layout().name() == "PhantomData")
            .flat_map(|field| arguments(field.layout()))
            .collect(),
        _ => Vec::new(),
    }
}

/// What a future of async-ffi yields: none of its types lists it, and it is what the function that polls
/// it returns.
fn yielded(layout: &'static TypeLayout) -> Vec<&'static TypeLayout> {
    match layout.data() {
        // `FfiPoll`: only one variant has a field.
        TLData::Enum(variants) => variants.fields.iter().map(|field| field.layout()).collect(),
        TLData::Struct { fields } => fields
            .iter()
            .flat_map(|field| {
                let polled = field
                    .function_range()
                    .iter()
                    .filter_map(|function| function.return_type_layout())
                    .flat_map(|returned| yielded(returned()));
                let inner = Some(field.layout())
                    .filter(|inner| inner.package().as_str() == "async-ffi")
                    .into_iter()
                    .flat_map(yielded);
                polled.chain(inner).collect::<Vec<_>>()
            })
            .collect(),
        _ => Vec::new(),
    }
}
