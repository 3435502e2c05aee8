use solti_plugin_abi::PluginConfig;

#[derive(PluginConfig)]
struct Config {
    #[config(default = "many")]
    limit: u8,
}

fn main() {}
