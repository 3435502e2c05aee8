use solti_plugin_abi::PluginConfig;

#[derive(PluginConfig)]
struct Config {
    #[config(min = 1)]
    limit: u8,
}

fn main() {}
