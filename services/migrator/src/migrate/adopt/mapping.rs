//! What becomes of an old row, as SQL that the old database answers: the mapping is written here and nowhere else.
//! Plan, copy and checksums all read it, so what is verified is what was promised, and not what a copy made of it.
//!
//! No statement here may fail on any row: each cast is guarded, since one odd row must not stop a million others.

use super::source::{Place, quoted};

/// What the new schema takes as somebody's name: the CHECKs of `migrations/0001`.
fn is_identity(text: &str) -> String {
    format!(
        r"(char_length({text}) BETWEEN 1 AND 255 AND {text} !~ '[\u0001-\u001F\u007F-\u009F]|^[ \u00A0\u1680\u2000-\u200A\u2028\u2029\u202F\u205F\u3000]|[ \u00A0\u1680\u2000-\u200A\u2028\u2029\u202F\u205F\u3000]$')"
    )
}

/// A cost in two decimals, where it is one.
fn cost(text: &str) -> String {
    format!(
        r"CASE WHEN {text} ~ '^[0-9]{{1,10}}(\.[0-9]+)?$' THEN
            CASE WHEN round({text}::numeric, 2) <= 9999999999.99 THEN round({text}::numeric, 2) END END"
    )
}

/// The rows of the keys above `$1` and up to `$2`, in pairs. Of several rows of one key the lowest number counts.
///
/// `hash` stands for all that the old database has of a key, so that a later change of anything is noticed.
pub(super) fn pairs(place: &Place) -> String {
    let schema = quoted(&place.schema);
    format!(
        "WITH o AS (
            SELECT t.order_id::int8 AS key, t AS old, row_number() OVER w AS nth, array_agg(t.id::int8) OVER w AS ids
            FROM {schema}.orders AS t WHERE t.order_id > $1::int8 AND t.order_id <= $2::int8
            WINDOW w AS (PARTITION BY t.order_id ORDER BY t.id DESC)
        ), chosen AS (
            SELECT DISTINCT ON (key) key, old, ids FROM o ORDER BY key, nth DESC
        ), c AS (
            SELECT DISTINCT ON (t.id) t.id::int8 AS key, t AS old
            FROM {schema}.customs AS t WHERE t.id > $1::int8 AND t.id <= $2::int8
            ORDER BY t.id, t.ctid
        ), pairs AS (
            SELECT coalesce(o.key, c.key) AS order_id, o.key IS NOT NULL AS has_o, c.key IS NOT NULL AS has_c, o.ids,
                o.old AS o, c.old AS c,
                md5(coalesce(o.old::text, '') || '/' || coalesce(c.old::text, '') || coalesce(o.ids::text, ''))::uuid::text AS hash
            FROM chosen AS o FULL JOIN c ON c.key = o.key
        )"
    )
}

/// The same rows as the new schema has them, with the rules that were applied.
#[expect(clippy::too_many_lines, reason = "one statement: apart it could not be read")]
pub(super) fn mapped(place: &Place) -> String {
    let is_up = place.is_up;
    let created_at = if place.has_zone {
        "(c).created_at".to_owned()
    } else {
        format!("(c).created_at AT TIME ZONE {}", literal(&place.time_zone))
    };
    format!(
        "{pairs}, fields AS (
            SELECT order_id, has_o, has_c, hash, (o).id::int8 AS o_id, (c).id::int8 AS c_id, ids[1:cardinality(ids) - 1] AS spare_ids,
                (o).requester_id::text AS o_requester, (c).user_id::text AS c_requester,
                (o).created_by::text AS o_creator, (c).created_by::text AS c_creator,
                coalesce((o).requested, false) AS requested, coalesce((o).accepted, false) AS accepted,
                coalesce((o).completed, false) AS completed, coalesce((o).paid, false) AS paid,
                coalesce((o).alert, false) AS alert,
                (o).requested IS NULL OR (o).accepted IS NULL OR (o).completed IS NULL OR (o).paid IS NULL OR (o).alert IS NULL AS lacks_flag,
                (c).state::text AS state, coalesce((c).state::text = 'paid', false) AS is_paid, nullif((c).model_id::text, '') AS model,
                (c).custom_params AS old_params, (c).cost_initial::text AS initial, (c).cost_final::text AS final,
                CASE WHEN isfinite((c).created_at) AND (c).created_at BETWEEN '0001-01-02' AND '9999-12-30' THEN {created_at} END AS made_at
            FROM pairs
        ), parts AS (
            SELECT *,
                CASE WHEN paid THEN 4 WHEN completed THEN 3 WHEN accepted THEN 2 WHEN requested THEN 1 ELSE 0 END AS highest,
                CASE WHEN NOT requested THEN 0 WHEN NOT accepted THEN 1 WHEN NOT completed THEN 2 WHEN NOT paid THEN 3 ELSE 4 END AS lowest,
                coalesce({o_requester_is}, false) AS o_requester_is, coalesce({c_requester_is}, false) AS c_requester_is,
                coalesce({o_creator_is}, false) AS o_creator_is, coalesce({c_creator_is}, false) AS c_creator_is,
                CASE WHEN model ~ '^[0-9A-Fa-f]{{24}}$' THEN model END AS model_id,
                {initial} AS cost_initial, {final_cost} AS cost_final,
                CASE WHEN old_params IS NULL OR old_params IN ('null', '\"\"') THEN 'none'
                    WHEN octet_length(old_params::text) > 65536 THEN 'large'
                    WHEN jsonb_typeof(old_params) IN ('object', 'string') THEN jsonb_typeof(old_params)
                    ELSE 'other' END AS params_kind
            FROM fields
        ), mapped AS (
            SELECT order_id, o_id, c_id, hash, alert, model_id, cost_initial, cost_final, params_kind, old_params,
                CASE WHEN has_o THEN coalesce(spare_ids, '{{}}') ELSE '{{}}' END AS spare_ids,
                CASE WHEN o_requester_is THEN o_requester WHEN c_requester_is THEN c_requester END AS requester_id,
                CASE WHEN o_creator_is THEN o_creator WHEN c_creator_is THEN c_creator END AS created_by,
                CASE WHEN NOT has_o THEN CASE WHEN is_paid AND {is_up} THEN 4 ELSE 0 END
                    WHEN {is_up} THEN CASE WHEN is_paid THEN 4 ELSE highest END
                    WHEN lowest = 4 AND has_c AND NOT is_paid THEN 3
                    ELSE lowest END AS rung,
                CASE params_kind WHEN 'string' THEN old_params #>> '{{}}' WHEN 'large' THEN NULL WHEN 'none' THEN NULL ELSE old_params::text END AS params,
                to_char(coalesce(made_at, 'epoch'::timestamptz) AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"') AS created_at,
                'flags ' || coalesce(nullif(concat_ws('+', CASE WHEN requested THEN 'requested' END, CASE WHEN accepted THEN 'accepted' END,
                    CASE WHEN completed THEN 'completed' END, CASE WHEN paid THEN 'paid' END, CASE WHEN alert THEN 'alert' END), ''), 'none')
                    || '; state ' || CASE WHEN state IN ('required', 'paid') THEN state ELSE 'none' END AS found,
                array_remove(ARRAY[
                    CASE WHEN has_o AND highest <> lowest THEN 'flags_off_ladder' END,
                    CASE WHEN has_o AND lacks_flag THEN 'flag_missing' END,
                    CASE WHEN has_o AND has_c AND paid AND NOT is_paid THEN 'paid_in_orders_only' END,
                    CASE WHEN has_o AND has_c AND is_paid AND NOT paid THEN 'paid_in_customs_only' END,
                    CASE WHEN has_c AND coalesce(state, '') NOT IN ('required', 'paid') THEN 'state_unknown' END,
                    CASE WHEN NOT has_c THEN 'no_custom' END,
                    CASE WHEN NOT has_o THEN 'no_order' END,
                    CASE WHEN o_requester_is AND has_c AND o_requester IS DISTINCT FROM c_requester THEN 'requester_differs' END,
                    CASE WHEN o_creator_is AND has_c AND o_creator IS DISTINCT FROM c_creator THEN 'creator_differs' END,
                    CASE WHEN has_o AND NOT o_requester_is AND c_requester_is THEN 'requester_unusable' END,
                    CASE WHEN has_o AND NOT o_creator_is AND c_creator_is THEN 'creator_unusable' END,
                    CASE WHEN NOT o_requester_is AND NOT c_requester_is THEN 'no_requester' END,
                    CASE WHEN NOT o_creator_is AND NOT c_creator_is THEN 'no_creator' END,
                    CASE WHEN model IS NOT NULL AND model_id IS NULL THEN 'model_unusable' END,
                    CASE WHEN params_kind = 'large' THEN 'params_too_large' END,
                    CASE WHEN (initial IS NOT NULL AND cost_initial IS NULL) OR (final IS NOT NULL AND cost_final IS NULL) THEN 'cost_unusable' END,
                    CASE WHEN CASE WHEN cost_initial IS NOT NULL THEN abs(initial::numeric - cost_initial) > 0.000001 END
                        OR CASE WHEN cost_final IS NOT NULL THEN abs(final::numeric - cost_final) > 0.000001 END THEN 'cost_rounded' END,
                    CASE WHEN has_c AND made_at IS NULL THEN 'created_at_missing' END
                ], NULL) AS notes
            FROM parts
        )",
        pairs = pairs(place),
        o_requester_is = is_identity("o_requester"),
        c_requester_is = is_identity("c_requester"),
        o_creator_is = is_identity("o_creator"),
        c_creator_is = is_identity("c_creator"),
        initial = cost("initial"),
        final_cost = cost("final"),
    )
}

/// One line an order, of the values that both databases must have: what the old one promises. Without the orders of `$3`; the
/// parameters of `$4` are texts that hold no object.
pub(super) fn promised(place: &Place) -> String {
    format!(
        "{mapped}, lines AS (
            SELECT order_id, md5(ROW(order_id::text, requester_id, created_by, (ARRAY['created', 'requested', 'accepted', 'completed', 'paid'])[rung + 1],
                alert::text, model_id,
                (CASE WHEN params_kind IN ('none', 'large') THEN '{{}}'::jsonb WHEN params_kind = 'object' THEN old_params
                    WHEN params_kind = 'other' OR order_id = ANY ($4::int8[]) THEN jsonb_build_object('value', old_params)
                    ELSE (old_params #>> '{{}}')::jsonb END)::text,
                cost_initial::text, cost_final::text, created_at)::text) AS line
            FROM mapped
            WHERE requester_id IS NOT NULL AND created_by IS NOT NULL AND order_id <> ALL ($3::int8[])
        )",
        mapped = mapped(place),
    )
}

/// The same of the new database: the orders that were adopted and that nobody touched since.
pub(super) const KEPT: &str = "WITH adopted AS (
    SELECT a.order_id, a.source_hash IS NOT NULL AND a.version IS NOT NULL AND o.version = a.version AND NOT EXISTS (
            SELECT FROM atelier.schema_meta_adoption_findings AS f
            WHERE f.order_id = a.order_id AND f.rule IN ('changed_in_both', 'changed_fixed', 'gone')
        ) AS is_comparable,
        a.version IS NULL AND NOT EXISTS (
            SELECT FROM atelier.schema_meta_adoption_findings AS f WHERE f.order_id = a.order_id
        ) AS is_lost
    FROM atelier.schema_meta_adopted AS a LEFT JOIN atelier.orders AS o ON o.order_id = a.order_id
    WHERE a.order_id > $1 AND a.order_id <= $2
), lines AS (
    SELECT o.order_id, md5(ROW(o.order_id::text, o.requester_id, o.created_by, o.stage::text, o.alert::text, o.model_id,
        o.custom_params::text, o.cost_initial::text, o.cost_final::text,
        to_char(o.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"'))::text) AS line
    FROM adopted JOIN atelier.orders AS o ON o.order_id = adopted.order_id WHERE adopted.is_comparable
)";

/// All lines of a range in one, and how many they are.
pub(super) const CHECKSUM: &str =
    " SELECT count(*), coalesce(md5(string_agg(line, '' ORDER BY order_id)), '') FROM lines";
/// Each line by itself.
pub(super) const LINES: &str = " SELECT order_id, line FROM lines ORDER BY order_id";

fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
