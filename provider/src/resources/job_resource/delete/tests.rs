use super::*;

#[test]
fn the_provider_has_the_last_word_and_a_replacement_cannot_be_abandoned() {
    use OnDestroy::{Abandon, Cancel, Savepoint};
    for (mark, provider, own, expected) in [
        (PlanMark::Destroy, None, None, None),
        (PlanMark::Destroy, None, Some(Cancel), Some(Cancel)),
        (PlanMark::Destroy, Some(Savepoint), Some(Cancel), Some(Savepoint)),
        (PlanMark::Destroy, Some(Abandon), Some(Cancel), Some(Abandon)),
        (PlanMark::Unmarked, Some(Abandon), None, Some(Abandon)),
        (PlanMark::Destroy, None, Some(Abandon), Some(Abandon)),
        (PlanMark::Replace, Some(Abandon), Some(Cancel), Some(Cancel)),
        (PlanMark::Replace, Some(Cancel), Some(Savepoint), Some(Cancel)),
        (PlanMark::Replace, None, Some(Abandon), None),
        (PlanMark::Create, Some(Abandon), Some(Abandon), None),
    ] {
        assert_eq!(said([provider, own], mark), expected, "{mark:?} {provider:?} {own:?}");
    }
}
