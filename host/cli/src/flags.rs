//! What the program calls the options of the loader.

use solti_plugin_host::refusal::LoaderOption;

/// The flag that sets an option; `None` where the command line has none.
pub(crate) fn flag(option: &LoaderOption) -> Option<String> {
    let flag = match option {
        LoaderOption::Allow => "--allow",
        LoaderOption::Config => "--config",
        LoaderOption::TrustOwner(uid) => return Some(format!("--trust-owner {uid}")),
        LoaderOption::TrustWritable => "--trust-writable",
        LoaderOption::AllowNoexec => "--allow-noexec",
        LoaderOption::AllowLinksOutside => "--allow-links-outside",
        LoaderOption::MaxFileBytes => "--max-file-bytes",
        LoaderOption::RequireSums => "--require-sums",
        LoaderOption::StageIn => "--stage-in",
        LoaderOption::ProbeTime => "--probe-time",
        LoaderOption::ProbeMemory => "--probe-memory",
        LoaderOption::ProbeEnv => "--probe-env",
        LoaderOption::WithoutProbe => "--no-probe",
        LoaderOption::ForgetProbes => "solti-host forget",
        // The program is its own probe.
        _ => return None,
    };
    Some(flag.to_owned())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;
    use crate::args::Args;

    #[test]
    fn every_flag_that_advice_names_is_one_of_the_command_line() {
        let help: Vec<_> = Args::command()
            .get_subcommands()
            .flat_map(|command| command.get_arguments().filter_map(clap::Arg::get_long))
            .map(|long| format!("--{long}"))
            .collect();
        for option in [
            LoaderOption::Allow,
            LoaderOption::Config,
            LoaderOption::TrustOwner(7),
            LoaderOption::TrustWritable,
            LoaderOption::AllowNoexec,
            LoaderOption::AllowLinksOutside,
            LoaderOption::MaxFileBytes,
            LoaderOption::RequireSums,
            LoaderOption::StageIn,
            LoaderOption::ProbeTime,
            LoaderOption::ProbeMemory,
            LoaderOption::ProbeEnv,
            LoaderOption::WithoutProbe,
        ] {
            let flag = flag(&option).unwrap();
            let name = flag.split(' ').next().unwrap();
            assert!(help.iter().any(|known| known == name), "{flag}");
        }
    }
}
