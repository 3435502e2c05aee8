//! Tasks: taken as `run` takes them, refused with a reason, and one of a name.

use serde_json::{Value, json};

use super::Serving;
use crate::{Place, shell, shown, with};

#[test]
fn a_task_that_run_takes_is_taken_and_its_output_is_there_after_its_end() {
    let place = Place::with(&["subprocess"]);
    let serving = Serving::start(&place, &[]);
    let name = serving.submit(&shell("greet", "echo one; echo two >&2; exit 3"));
    assert!(name.starts_with("greet-"), "{name}");
    let task = serving.ended(&name);
    assert_eq!(task["phase"], "failed", "{task:#}");
    assert_eq!(
        (&task["exitCode"], &task["attempts"]),
        (&json!(3), &json!(1))
    );
    assert_eq!(task["runs"][0]["exitCode"], 3, "{task:#}");
    assert!(task["runs"][0]["finished"].is_string(), "{task:#}");
    let output = serving.get(&format!("/v1/tasks/{name}/output"));
    let mut lines: Vec<_> = output.text().lines().map(str::to_owned).collect();
    lines.sort();
    assert_eq!(lines, ["one", "two"]);
    let (code, stderr) = serving.terminate();
    assert_eq!((code, stderr.as_str()), (Some(0), ""));
}

#[test]
fn what_is_wrong_with_a_task_is_said_at_once_with_code_and_field() {
    let place = Place::with(&["subprocess"]);
    let serving = Serving::start(&place, &[]);
    let good = || with(shell("a", "true"), json!({ "name": "once" }));
    serving.submit(&good());
    let plugins = shown(place.plugins());
    let container = json!({"slot": "c", "timeout": 1, "kind": {"container": {"image": "x"}}});
    let selects = |value: &str| {
        let selector = json!({ "runnerSelector": { "matchLabels": { "zone": value } } });
        with(shell("a", "true"), selector)
    };
    for (body, expected) in [
        (
            good().to_string(),
            (
                409,
                "name_taken",
                "a task is called once already; delete it first, or choose another name",
            ),
        ),
        (
            container.to_string(),
            (
                422,
                "no_runner",
                &*format!(
                    "no runner for container tasks: the plugins loaded from {plugins} take subprocess tasks"
                ),
            ),
        ),
        (
            selects("eu").to_string(),
            (
                422,
                "no_runner",
                "no runner matches the selector (zone=eu): the runners for subprocess tasks \
                                are subprocess without labels",
            ),
        ),
        (
            "{\"slot\":".to_owned(),
            (
                400,
                "not_json",
                "not JSON: it ends where a value is expected at line 1 column 8",
            ),
        ),
        (
            String::new(),
            (
                400,
                "empty",
                "empty, expected a task spec or an array of task specs",
            ),
        ),
        (
            with(shell("a", "true"), json!({ "timeout": "soon" })).to_string(),
            (
                400,
                "invalid",
                "timeout: expected milliseconds or a time such as \"5s\", found \"soon\"",
            ),
        ),
        (
            with(shell("a", "true"), json!({ "onInterrupt": "cry" })).to_string(),
            (
                400,
                "invalid",
                "onInterrupt: is \"cry\", expected rerun or fail",
            ),
        ),
        (
            with(shell("a", "true"), json!({ "name": 7 })).to_string(),
            (400, "invalid", "name: expected text, found 7"),
        ),
        (
            " ".repeat(10 << 20),
            (413, "too_large", "the request has more than 4194304 bytes"),
        ),
    ] {
        let answer = serving
            .client
            .send("POST", "/v1/tasks", &[], body.as_bytes());
        let (status, code, message) = answer.error();
        assert_eq!((status, &*code, &*message), expected);
    }
    let invalid = with(shell("a", "true"), json!({ "timeout": "soon" }));
    let answer = serving.post("/v1/tasks", &invalid).json();
    assert_eq!(answer["error"]["field"], "timeout");
    for (method, path, expected) in [
        (
            "GET",
            "/v1/tasks/none",
            (404, "not_found", "no task is called none"),
        ),
        (
            "DELETE",
            "/v1/tasks/none",
            (404, "not_found", "no task is called none"),
        ),
        (
            "POST",
            "/v1/tasks/none/cancel",
            (404, "not_found", "no task is called none"),
        ),
        (
            "GET",
            "/v1/tasks/none/output",
            (404, "not_found", "no task is called none"),
        ),
        (
            "PUT",
            "/v1/tasks",
            (
                405,
                "method_not_allowed",
                "PUT is not for /v1/tasks; /openapi.json has what is",
            ),
        ),
        (
            "GET",
            "/v1/tasks?limit=0",
            (
                400,
                "invalid",
                "limit: is \"0\", expected a number from 1 to 1000",
            ),
        ),
        (
            "GET",
            "/v1/tasks?page=2",
            (
                400,
                "invalid",
                "page: unknown, expected limit, before, ended, phase, slot, kind, plugin, label or prefix",
            ),
        ),
    ] {
        let answer = serving.client.send(method, path, &[], b"");
        let (status, code, message) = answer.error();
        assert_eq!((status, &*code, &*message), expected);
    }
}

#[test]
fn a_request_that_is_repeated_with_its_key_is_one_task() {
    let place = Place::with(&["subprocess"]);
    let serving = Serving::start(&place, &[]);
    let keyed = |script: &str| {
        let body = shell("a", script).to_string();
        let key = [("Idempotency-Key", "night-7")];
        serving
            .client
            .send("POST", "/v1/tasks", &key, body.as_bytes())
    };
    let first = keyed("echo once");
    assert_eq!(first.status, 201, "{}", first.text());
    let name = first.json()["name"].as_str().unwrap().to_owned();
    let again = keyed("echo once");
    assert_eq!((again.status, &again.json()["name"]), (200, &json!(name)));
    let other = keyed("echo twice");
    let (status, code, message) = other.error();
    assert_eq!((status, &*code), (409, "idempotency_key_reused"));
    assert_eq!(
        message,
        format!(
            "the idempotency key belongs to task {name}, which was asked for with another spec; use a new key"
        )
    );
    let list = serving.get("/v1/tasks").json();
    assert_eq!(list["tasks"].as_array().unwrap().len(), 1);
}

#[test]
fn an_array_is_as_many_tasks_and_a_bad_one_stops_no_other() {
    let place = Place::with(&["subprocess"]);
    let serving = Serving::start(&place, &[]);
    let all = json!([shell("a", "true"), { "slot": "b" }, shell("c", "true")]);
    let answer = serving.post("/v1/tasks", &all);
    assert_eq!(answer.status, 207);
    let tasks = answer.json()["tasks"].clone();
    assert!(tasks[0]["name"].is_string() && tasks[2]["name"].is_string());
    assert_eq!(tasks[1]["error"]["code"], "invalid", "{tasks:#}");
    let names: Vec<_> = [0, 2]
        .map(|at: usize| tasks[at]["name"].as_str().unwrap().to_owned())
        .into();
    for name in &names {
        serving.ended(name);
    }
    let page = serving.get("/v1/tasks?limit=1").json();
    assert_eq!(page["tasks"][0]["name"], json!(names[1]));
    let next = page["next"].as_u64().unwrap();
    let page = serving
        .get(&format!("/v1/tasks?limit=1&before={next}"))
        .json();
    assert_eq!(page["tasks"][0]["name"], json!(names[0]));
    let of_slot: Value = serving.get("/v1/tasks?slot=c").json();
    assert_eq!(of_slot["tasks"].as_array().unwrap().len(), 1);
}

#[test]
fn a_task_is_cancelled_and_deleted_and_its_name_is_free_again() {
    let place = Place::with(&["subprocess"]);
    let serving = Serving::start(&place, &[]);
    let spec = with(shell("a", "echo up; sleep 60"), json!({ "name": "a" }));
    serving.submit(&spec);
    serving.until("a", |task| task["phase"] == "running");
    assert_eq!(serving.post("/v1/tasks/a/cancel", &json!({})).status, 200);
    let task = serving.ended("a");
    assert_eq!(task["phase"], "canceled", "{task:#}");
    let deleted = serving.client.send("DELETE", "/v1/tasks/a", &[], b"");
    assert_eq!(deleted.status, 204);
    assert_eq!(serving.get("/v1/tasks/a").status, 404);
    serving.submit(&spec);
    // One that runs ends first.
    let deleted = serving.client.send("DELETE", "/v1/tasks/a", &[], b"");
    assert_eq!(deleted.status, 204);
    let metrics = serving.get("/metrics").text();
    assert!(metrics.contains("\nsolti_tasks_active 0\n"), "{metrics}");
}

#[test]
fn a_task_that_is_tried_again_waits_and_counts_its_attempts() {
    let place = Place::with(&["subprocess"]);
    let serving = Serving::start(&place, &[]);
    let again = json!({
        "name": "a", "restart": { "type": "onFailure" },
        "backoff": { "firstMs": 60_000, "maxMs": 60_000, "jitter": "none" },
    });
    serving.submit(&with(shell("a", "echo tried; exit 4"), again));
    let task = serving.until("a", |task| task["phase"] == "waiting");
    assert_eq!(
        (&task["exitCode"], &task["ended"]),
        (&json!(4), &Value::Null)
    );
    assert_eq!(serving.post("/v1/tasks/a/cancel", &json!({})).status, 200);
    let task = serving.ended("a");
    assert_eq!(
        (&task["phase"], &task["attempts"]),
        (&json!("canceled"), &json!(1))
    );
}

#[test]
fn every_route_that_the_description_names_is_there() {
    let place = Place::with(&["subprocess"]);
    let serving = Serving::start(&place, &[]);
    let document = serving.get("/openapi.json").json();
    let mut routes = 0;
    for (path, methods) in document["paths"].as_object().unwrap() {
        for method in methods.as_object().unwrap().keys() {
            let path = path.replace("{name}", "none");
            // Without a body, and of a task that is not there: refused by the route itself.
            let answer = serving.client.send(&method.to_uppercase(), &path, &[], b"");
            let text = answer.text();
            assert!(
                !text.contains("no API route") && answer.status != 405,
                "{method} {path}: {text}"
            );
            routes += 1;
        }
    }
    assert_eq!(routes, 29, "{:#}", document["paths"]);
}

/// Whether an object has all fields that a schema requires, and no others than it names.
fn fits(object: &Value, schema: &Value, document: &Value) {
    let schema = match schema["$ref"].as_str() {
        Some(reference) => document.pointer(&reference[1..]).unwrap(),
        None => schema,
    };
    if let Some(items) = object.as_array() {
        items
            .iter()
            .for_each(|item| fits(item, &schema["items"], document));
        return;
    }
    let Some(properties) = schema["properties"].as_object() else {
        return;
    };
    let object = object
        .as_object()
        .unwrap_or_else(|| panic!("{object} is no object"));
    for required in schema["required"].as_array().into_iter().flatten() {
        assert!(
            object.contains_key(required.as_str().unwrap()),
            "no {required} in {object:?}"
        );
    }
    for (name, value) in object {
        let property = properties.get(name);
        fits(
            value,
            property.unwrap_or_else(|| panic!("{name} is not described")),
            document,
        );
    }
}

#[test]
fn what_the_description_says_of_our_routes_is_what_they_take_and_answer() {
    let place = Place::with(&["subprocess"]);
    let serving = Serving::start(&place, &[]);
    let document = serving.get("/openapi.json").json();
    let schema = |name: &str| document["components"]["schemas"][name].clone();
    let spec = with(
        shell("a", "exit 3"),
        json!({ "name": "a", "labels": { "team": "ops" } }),
    );
    serving.submit(&spec);
    fits(&serving.ended("a"), &schema("ServedTask"), &document);
    fits(
        &serving.get("/v1/tasks").json(),
        &schema("ServedTaskList"),
        &document,
    );
    fits(
        &serving.get("/v1/tasks/none").json(),
        &schema("ServedError"),
        &document,
    );
    fits(
        &serving.get("/v1/tasks/a/lines").json(),
        &schema("ServedLines"),
        &document,
    );
    for (path, count) in [
        ("/v1/tasks", 9),
        ("/v1/tasks/{name}/output", 5),
        ("/v1/tasks/{name}/lines", 6),
    ] {
        let parameters = document["paths"][path]["get"]["parameters"]
            .as_array()
            .unwrap();
        let in_query: Vec<_> = parameters.iter().filter(|it| it["in"] == "query").collect();
        assert_eq!(in_query.len(), count, "{parameters:?}");
        for parameter in in_query {
            let text = |field: &str| parameter[field].as_str().unwrap();
            let query = format!("{}={}", text("name"), text("example"));
            let answer = serving.get(&format!("{}?{query}", path.replace("{name}", "a")));
            assert_eq!(answer.status, 200, "{path}?{query}: {}", answer.text());
        }
    }
}

#[test]
fn tasks_of_one_slot_run_in_the_order_in_which_they_came() {
    let place = Place::with(&["subprocess"]);
    let serving = Serving::start(&place, &[]);
    let log = place.directory.path().join("log");
    let names: Vec<_> = (0..60)
        .map(|number| {
            let script = format!("echo {number} >> {}", log.display());
            let spec = with(shell("one", &script), json!({ "admission": "queue" }));
            serving.submit(&spec)
        })
        .collect();
    for name in &names {
        assert_eq!(serving.ended(name)["phase"], "succeeded");
    }
    let order = std::fs::read_to_string(log).unwrap();
    let expected: String = (0..60).map(|number| format!("{number}\n")).collect();
    assert_eq!(order, expected);
}
