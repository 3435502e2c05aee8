use solti_plugin_abi::PluginConfig;

#[derive(PluginConfig)]
struct Config {
    #[serde(default)]
    limit: u8,
}

fn main() {}
