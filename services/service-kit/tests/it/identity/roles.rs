//! Who is an operator: one claim, in the shapes that issuers give it, and no other.

use serde_json::{Value, json};

use super::keys::{Key, claims};
use super::{Door, SECRET};

/// What the answer says of the roles of such a token.
async fn roles(door: &Door, more: Value) -> String {
    door.accepts(&Key::secret(SECRET).sign(&claims(more))).await.2
}

#[tokio::test]
async fn the_operator_role_makes_an_operator_in_a_list_or_alone() {
    let door = Door::shared(&[]).await;
    for given in [json!(["operator"]), json!(["buyer", "operator", "x"]), json!("operator")] {
        assert_eq!(roles(&door, json!({"roles": given})).await, "operator");
    }
}

#[tokio::test]
async fn nothing_else_makes_an_operator() {
    let door = Door::shared(&[]).await;
    for given in [
        json!(null),
        json!([]),
        json!(["Operator"]),
        json!(["operators"]),
        json!([" operator"]),
        json!("Operator"),
        json!("buyer operator"),
        json!("buyer,operator"),
        json!(["buyer,operator"]),
        json!([["operator"]]),
        json!([{"name": "operator"}]),
        json!({"operator": true}),
        json!({"roles": ["operator"]}),
        json!(true),
        json!(1),
        json!(""),
    ] {
        assert_eq!(roles(&door, json!({"roles": given})).await, "", "{given}");
    }
    for claim in ["role", "Roles", "groups", "scope", "realm_access", "operator", "permissions"] {
        let more = json!({"roles": null, claim: ["operator"]});
        assert_eq!(roles(&door, more).await, "", "{claim}");
    }
}

#[tokio::test]
async fn roles_may_lie_deep_in_a_token() {
    let door = Door::shared(&[("token.roles_claim", "realm_access.roles")]).await;
    assert_eq!(roles(&door, json!({"realm_access": {"roles": ["operator"]}})).await, "operator");
    // A claim with dots in its name is found too, as some issuers have no other.
    assert_eq!(roles(&door, json!({"realm_access.roles": ["operator"]})).await, "operator");
    for more in [
        json!({"roles": ["operator"]}),
        json!({"realm_access": ["operator"]}),
        json!({"realm_access": "roles"}),
        json!({"realm_access": {"roles": {"operator": true}}}),
        json!({"realm_access": {"x": {"roles": ["operator"]}}}),
        json!({"realm_access": null}),
        json!({"realm_access": [{"roles": ["operator"]}]}),
    ] {
        assert_eq!(roles(&door, more.clone()).await, "", "{more}");
    }
    let deeper = Door::shared(&[("token.roles_claim", "resource_access.shop.roles")]).await;
    let more = json!({"resource_access": {"shop": {"roles": ["x", "operator"]}}});
    assert_eq!(roles(&deeper, more).await, "operator");
    let more = json!({"resource_access": {"other": {"roles": ["operator"]}}});
    assert_eq!(roles(&deeper, more).await, "");
}

#[tokio::test]
async fn the_name_of_the_role_is_what_is_configured() {
    let door = Door::shared(&[("token.operator_role", "Back Office")]).await;
    assert_eq!(roles(&door, json!({"roles": ["Back Office"]})).await, "Back Office");
    for given in [json!(["operator"]), json!(["Back"]), json!(["Office"]), json!(["back office"])] {
        assert_eq!(roles(&door, json!({"roles": given})).await, "");
    }
}
