//! `GET /orders/user/{user_id}`.

use super::List;
use crate::fixtures::{insert, order};
use crate::support::World;

super::cases!(
    List::User,
    shape::an_item_has_every_key_with_its_type,
    shape::what_an_order_lacks_is_null,
    shape::custom_params_go_out_as_they_are_stored,
    shape::the_largest_numbers_are_exact,
    shape::an_unknown_owner_has_an_empty_page,
    shape::an_owner_is_compared_exactly,
    shape::any_owner_that_can_exist_can_be_asked_for,
    shape::an_owner_that_cannot_exist_is_422,
    shape::answers_are_for_their_caller_only,
    shape::other_methods_are_405_and_head_is_a_get,
    filters::only_paid_orders_are_listed_unless_asked_otherwise,
    filters::each_stage_is_listed_exactly,
    filters::alerts_are_told_apart,
    filters::stage_and_alert_filter_together,
    filters::the_newest_order_comes_first,
    filters::a_page_has_fifty_orders_unless_asked_otherwise,
    filters::the_limit_goes_from_1_to_200,
    filters::every_wrong_parameter_is_named_in_one_answer,
    filters::a_wrong_value_is_422,
    filters::a_parameter_given_twice_is_422,
    cursors::pages_hold_each_order_once_in_order,
    cursors::the_limit_may_change_from_page_to_page,
    cursors::orders_that_arrive_meanwhile_shift_no_page,
    cursors::the_link_leads_through_the_same_pages,
    cursors::a_full_last_page_has_no_next,
    cursors::filtered_lists_are_paged_too,
    cursors::a_malformed_cursor_is_400,
    cursors::a_cursor_to_where_no_order_can_be_is_400,
    cursors::a_cursor_of_another_owner_is_400,
    cursors::a_cursor_of_another_filter_is_400,
    cursors::a_cursor_of_the_other_list_is_400,
    cursors::a_cursor_of_before_a_restore_is_400,
);

#[tokio::test]
async fn a_user_sees_their_own_orders_whoever_makes_them() {
    let world = World::start().await;
    insert(
        &world.database,
        &[order(1).of("ada").by("maren"), order(2).of("bob").by("ada"), order(3).of("ada").by("ines")],
    )
    .await;
    assert_eq!(world.get("/orders/user/ada").await.ids(), [3, 1]);
    assert_eq!(world.get("/orders/user/bob").await.ids(), [2]);
    assert_eq!(world.get("/orders/user/maren").await.ids(), [0; 0]);
}
