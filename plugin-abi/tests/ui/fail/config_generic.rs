use solti_plugin_abi::PluginConfig;

#[derive(PluginConfig)]
struct Config<T> {
    limit: T,
}

fn main() {}
