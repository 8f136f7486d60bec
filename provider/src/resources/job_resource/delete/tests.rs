use super::*;

#[test]
fn state_is_saved_unless_somebody_says_otherwise() {
    use OnDestroy::{Abandon, Cancel, Savepoint};
    for (default, mark, asked, expected) in [
        (Savepoint, PlanMark::Destroy, None, Savepoint),
        (Cancel, PlanMark::Destroy, None, Cancel),
        (Savepoint, PlanMark::Destroy, Some(Cancel), Cancel),
        (Cancel, PlanMark::Destroy, Some(Savepoint), Savepoint),
        (Savepoint, PlanMark::Destroy, Some(Abandon), Abandon),
        (Savepoint, PlanMark::Unmarked, Some(Abandon), Abandon),
        (Savepoint, PlanMark::Replace, Some(Abandon), Savepoint),
        (Cancel, PlanMark::Create, Some(Abandon), Cancel),
    ] {
        assert_eq!(policy(default, mark, asked), expected, "{default:?} {mark:?} {asked:?}");
    }
}
