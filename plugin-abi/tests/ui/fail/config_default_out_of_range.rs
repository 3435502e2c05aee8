use solti_plugin_abi::PluginConfig;

#[derive(PluginConfig)]
struct Config {
    #[config(default = 300)]
    limit: u8,
}

fn main() {}
