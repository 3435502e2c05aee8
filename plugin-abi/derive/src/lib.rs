//! The derive macro of `solti-plugin-abi`, which exports and describes it: `PluginConfig`.

mod attributes;
mod default;
mod doc;
mod expand;

use proc_macro::TokenStream;

/// Makes a type one that a plugin's configuration can be read into, and that describes itself.
///
/// `solti_plugin_abi::PluginConfig` has the documentation.
#[proc_macro_derive(PluginConfig, attributes(config, serde))]
pub fn plugin_config(input: TokenStream) -> TokenStream {
    let input = syn::parse_macro_input!(input as syn::DeriveInput);
    expand::expand(&input)
        .unwrap_or_else(|err| err.to_compile_error())
        .into()
}
