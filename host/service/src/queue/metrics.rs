//! The queue in Prometheus' text format.

use solti_plugin_host::report::label_value;
use solti_plugin_queue::{Depth, Status};

use super::seen::Look;
use crate::exposition::{family, sample, single};

/// Writes how the queue is; where that is not known now, only that.
pub(super) fn write(text: &mut String, look: &Look) {
    let answers = look.problem.is_none() && look.status.is_some();
    single(
        text,
        "solti_queue_up",
        "gauge",
        "Whether the queue answers.",
        u8::from(answers),
    );
    // What was seen before would look like now.
    if let Some(status) = look.status.as_ref().filter(|_| answers) {
        depths(text, &status.depths);
        whole(text, status);
    }
}

/// A number of the tasks of one need; none where there is nothing to tell.
type Number = fn(&Depth) -> Option<f64>;

fn depths(text: &mut String, depths: &[Depth]) {
    let families: [(&str, &str, Number); 5] = [
        (
            "solti_queue_tasks_waiting",
            "Tasks of the queue that no host has.",
            |depth| Some(depth.waiting as f64),
        ),
        (
            "solti_queue_tasks_running",
            "Tasks of the queue that a host has.",
            |depth| Some(depth.running as f64),
        ),
        (
            "solti_queue_tasks_redelivered",
            "Tasks of the queue that a host has and that were delivered before.",
            |depth| Some(depth.redelivered as f64),
        ),
        (
            "solti_queue_oldest_seconds",
            "The age of the oldest task of the queue that waits or runs.",
            |depth| depth.oldest.map(|millis| millis as f64 / 1e3),
        ),
        (
            "solti_queue_takers",
            "Hosts that take such tasks.",
            |depth| Some(depth.hosts as f64),
        ),
    ];
    for (name, help, of) in families {
        family(text, name, "gauge", help);
        for depth in depths {
            let Some(value) = of(depth) else { continue };
            let kind = label_value(&depth.need.kind);
            let selector = match &depth.need.selector {
                serde_json::Value::Null => String::new(),
                selector => label_value(&selector.to_string()),
            };
            let labels = format_args!("kind=\"{kind}\",selector=\"{selector}\"");
            sample(text, format_args!("{name}{{{labels}}} {value}"));
        }
    }
}

fn whole(text: &mut String, status: &Status) {
    let places: usize = status.hosts.iter().map(|host| host.jobs).sum();
    for (name, help, value) in [
        (
            "solti_queue_hosts",
            "Hosts that take tasks of the queue.",
            status.hosts.len() as u64,
        ),
        (
            "solti_queue_places",
            "Tasks that all hosts of the queue may run at the same time.",
            places as u64,
        ),
        (
            "solti_queue_dead_letters",
            "Tasks of the queue that are tried no more.",
            status.dead_letters,
        ),
        (
            "solti_queue_output_bytes",
            "Bytes of output that the queue keeps.",
            status.output_bytes,
        ),
    ] {
        single(text, name, "gauge", help, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_selector_is_one_value_of_a_label_whatever_it_has() {
        assert_eq!(
            label_value("{\"a\":\"b\\n\"}\n"),
            "{\\\"a\\\":\\\"b\\\\n\\\"}\\n"
        );
        let mut text = String::new();
        write(&mut text, &Look::default());
        assert!(text.ends_with("solti_queue_up 0\n"), "{text}");
    }
}
