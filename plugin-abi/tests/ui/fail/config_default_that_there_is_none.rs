use solti_plugin_abi::PluginConfig;

#[derive(PluginConfig)]
struct Config {
    #[config(default)]
    limit: std::num::NonZeroU8,
}

fn main() {}
