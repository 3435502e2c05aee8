//! The code on the pages for authors, as tests: `docs/book`. That of `testing.md` needs a host, and is tested
//! with it.

macro_rules! pages {
    ($($page:ident = $file:literal;)+) => {
        $(
            #[doc = include_str!(concat!("../../docs/book/", $file))]
            struct $page;
        )+
    };
}

pages! {
    FirstPlugin = "first-plugin.md";
    Attempts = "attempts.md";
    Cancel = "cancel.md";
    Blocking = "blocking.md";
    Configuration = "configuration.md";
    Output = "output.md";
    MetricsAndLogs = "metrics-and-logs.md";
    Kinds = "kinds.md";
    EndsAHost = "ends-a-host.md";
    Abi = "abi.md";
}
