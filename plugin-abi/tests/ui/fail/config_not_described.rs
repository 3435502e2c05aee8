use solti_plugin_abi::PluginConfig;

#[derive(PluginConfig)]
struct Config {
    wait: std::time::Duration,
}

fn main() {}
