use serde_json::{Value, json};

use crate::stand_in::rehearsal::Rehearsal;

/// A deployment whose job runs.
fn running() -> Rehearsal {
    let mut rehearsal = Rehearsal::default();
    let spec = json!({
        "image": "flink:1.20",
        "flinkVersion": "v1_20",
        "serviceAccount": "flink",
        "flinkConfiguration": {
            "state.checkpoints.dir": "file:///flink-data/checkpoints",
            "state.savepoints.dir": "file:///flink-data/savepoints",
            "execution.checkpointing.interval": "5 s",
        },
        "jobManager": { "resource": { "memory": "900m", "cpu": 0.1 } },
        "taskManager": { "resource": { "memory": "1100m", "cpu": 0.1 } },
        "job": { "jarURI": "local:///opt/flink/a.jar", "parallelism": 1, "upgradeMode": "savepoint" },
    });
    rehearsal.create("app", spec);
    rehearsal.pass(30.0);
    rehearsal
}

fn of_app(savepoint: Value, backoff_limit: i64) -> Value {
    let job = json!({ "kind": "FlinkDeployment", "name": "app" });
    json!({ "jobReference": job, "savepoint": savepoint, "backoffLimit": backoff_limit })
}

fn last(rehearsal: &Rehearsal) -> String {
    rehearsal.snapshot_sights("snapshot").last().unwrap().clone()
}

/// The object goes in every case but where the files should go with it and nobody can be asked to delete them.
#[test]
fn what_is_disposed_of_depends_on_the_job() {
    let suspend = json!({ "job": { "state": "suspended" } });
    for (dispose, suspended, gone, disposed) in [
        (false, false, true, 0),
        (false, true, true, 0),
        (true, false, true, 1),
        (true, true, false, 0),
    ] {
        let mut rehearsal = running();
        rehearsal.create_snapshot("snapshot", of_app(json!({ "disposeOnDelete": dispose }), 0));
        rehearsal.pass(10.0);
        assert!(last(&rehearsal).contains(" COMPLETED 0 file:/flink-data/savepoints/savepoint "));
        if suspended {
            rehearsal.patch("app", &suspend);
            rehearsal.pass(10.0);
        }
        rehearsal.delete_snapshot("snapshot");
        rehearsal.pass(20.0);
        assert_eq!(last(&rehearsal) == "gone", gone, "{dispose} {suspended}");
        assert_eq!(rehearsal.disposed().len(), disposed, "{dispose} {suspended}");
        let events = rehearsal.events("FlinkStateSnapshot/snapshot");
        let told = events
            .iter()
            .any(|(_, message)| message.ends_with("referenced Flink job is not running!"));
        assert_eq!(told, !gone, "{events:?}");
        // The way out.
        rehearsal.patch_snapshot("snapshot", &json!({ "savepoint": { "disposeOnDelete": false } }));
        rehearsal.pass(1.0);
        assert_eq!(last(&rehearsal), "gone");
    }
}

#[test]
fn a_snapshot_is_given_up_when_its_job_does_not_run() {
    let mut rehearsal = running();
    rehearsal.create_snapshot("snapshot", of_app(json!({}), 0));
    rehearsal.pass(1.0);
    assert!(last(&rehearsal).contains(" IN_PROGRESS "), "{}", last(&rehearsal));
    rehearsal.patch("app", &json!({ "job": { "state": "suspended" } }));
    rehearsal.pass(10.0);
    assert!(
        last(&rehearsal).ends_with("Secondary resource app (FlinkDeployment) for savepoint snapshot is not running"),
        "{}",
        last(&rehearsal)
    );
    rehearsal.patch("app", &json!({ "job": { "state": "running" } }));
    rehearsal.pass(60.0);
    assert!(last(&rehearsal).contains(" ABANDONED "), "for ever");
}

#[test]
fn failures_are_followed_by_as_many_tries_as_are_wanted() {
    for (limit, failures) in [(-1, 1), (0, 1), (1, 2), (3, 4)] {
        let mut rehearsal = running();
        rehearsal.create_snapshot("snapshot", of_app(json!({ "path": "file:///proc/nowhere" }), limit));
        rehearsal.pass(600.0);
        let end = format!(" FAILED {failures} - ReconciliationException");
        assert!(last(&rehearsal).ends_with(&end), "{limit}: {}", last(&rehearsal));
    }
}
