use solti_plugin_abi::PluginConfig;

#[derive(PluginConfig)]
struct Config(u32);

fn main() {}
