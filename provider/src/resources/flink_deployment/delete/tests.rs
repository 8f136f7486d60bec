use flink_client::kubernetes::Live as LiveObject;
use serde_json::json;

use super::*;

fn live(upgrade_mode: &str) -> LiveObject<FlinkDeployment> {
    LiveObject::from_json(json!({
        "metadata": {"name": "orders", "namespace": "flink", "uid": "6f1c"},
        "spec": {
            "flinkConfiguration": {"state.savepoints.dir": "s3://flink/savepoints"},
            "job": {"upgradeMode": upgrade_mode},
        },
    }))
    .unwrap()
}

#[test]
fn state_is_saved_unless_somebody_says_otherwise() {
    use OnDestroy::{Abandon, Cancel, Savepoint};
    for (upgrade_mode, mark, asked, expected) in [
        ("savepoint", PlanMark::Destroy, None, Savepoint),
        ("last-state", PlanMark::Destroy, None, Savepoint),
        ("stateless", PlanMark::Destroy, None, Cancel),
        ("savepoint", PlanMark::Destroy, Some(Cancel), Cancel),
        ("stateless", PlanMark::Destroy, Some(Savepoint), Savepoint),
        ("savepoint", PlanMark::Destroy, Some(Abandon), Abandon),
        ("savepoint", PlanMark::Unmarked, Some(Abandon), Abandon),
        ("savepoint", PlanMark::Replace, Some(Abandon), Savepoint),
        ("stateless", PlanMark::Create, Some(Abandon), Cancel),
    ] {
        assert_eq!(
            policy(&live(upgrade_mode), mark, asked),
            expected,
            "{upgrade_mode} {mark:?} {asked:?}"
        );
    }
}
