//! Claims about those who mean harm.

use super::{By, Row};

pub(super) const ROWS: [Row; 16] = [
    Row {
        name: "S1",
        claim: "who may do what: every actor, resource and verb",
        goal: "every cell asserted, in each mode",
        by: By::Tests(&[
            ("order-status", &["identity::matrix::", "identity::strangers::", "identity::bodies::"]),
            ("orders", &["identity::"]),
        ]),
        control: "each table has cells that are refused and cells that are not",
    },
    Row {
        name: "S2",
        claim: "no token that was not signed for us, now, by a key of ours opens anything",
        goal: "every one 401, and the issuer asked at a bounded rate",
        by: By::Tests(&[(
            "service-kit",
            &[
                "identity::signatures::",
                "identity::times::",
                "identity::claims::",
                "identity::header::",
                "identity::jwks::",
            ],
        )]),
        control: "`each_kind_of_key_pair_is_accepted_from_one_set`: tokens as they should be pass the same way",
    },
    Row {
        name: "S3",
        claim: "a service's login can do nothing in the database but its work",
        goal: "every forbidden verb 42501",
        by: By::Tests(&[("migrator", &["grants::"])]),
        control: "`the_writer_can_do_its_work`, `whatever_else_somebody_granted_is_gone_after_the_next_up`",
    },
    Row {
        name: "S4",
        claim: "idle connections, slow clients and floods of headers keep nobody from being served",
        goal: "10,000 idle connections, 600 slow ones and floods of headers for a minute: no other caller's request fails, p99 at most 250 ms",
        by: By::Program,
        control: "room for a hundred connections only, all of them held",
    },
    Row {
        name: "S5",
        claim: "nothing of a model's id or of an answer of the catalog leads a call elsewhere",
        goal: "refused or contained",
        by: By::Tests(&[
            (
                "orders",
                &[
                    "catalog::answers::a_redirect_is_never_followed",
                    "catalog::limits::the_catalog_is_asked_by_the_bare_hex_below_its_base",
                    "catalog::limits::nothing_of_the_caller_reaches_the_catalog",
                    "configuration::a_catalog_address",
                ],
            ),
            ("order-model", &["ids::"]),
        ]),
        control: "the catalog's double records every call, those that are made too",
    },
    Row {
        name: "S6",
        claim: "no unsafe code of ours, no dependency of another licence or source, no secret in logs and errors",
        goal: "clean",
        by: By::Commands(&[
            &["deny", "check", "bans", "licenses", "sources"],
            &["xtask", "tidy"],
            &["xtask", "prove", "S12"],
        ]),
        control: "`unsafe_code = \"forbid\"` is the compiler's; S12 plants the secrets",
    },
    Row {
        name: "S7",
        claim: "two builds of one commit in two folders make the same programs, byte by byte, and none names its folder",
        goal: "the same sha256",
        by: By::SamePrograms,
        control: "one line more in a file of the second folder",
    },
    Row {
        name: "S8",
        claim: "a token for another application and an ID token are worth nothing, and no mode starts that would take one",
        goal: "401; exit 64",
        by: By::Tests(&[
            (
                "service-kit",
                &[
                    "identity::claims::a_token_for_another_application_is_refused",
                    "identity::claims::an_id_token_of_another_client_of_the_same_issuer_is_refused",
                    "identity::configuration::a_key_set_needs_issuer_and_audience",
                ],
            ),
            (
                "order-status",
                &["identity::secrets::a_token_mode_that_could_verify_nothing_or_anything_ends_with_64"],
            ),
        ]),
        control: "`a_token_for_several_applications_is_accepted_if_this_is_one`",
    },
    Row {
        name: "S9",
        claim: "an impostor of the issuer or of the database learns no password and changes no key",
        goal: "refused or bounded, old keys kept, no password sent",
        by: By::Tests(&[
            ("service-kit", &["identity::outage::"]),
            ("order-status", &["identity::key_set::", "database_tls::"]),
        ]),
        control: "`an_impostor_is_told_the_password_where_nothing_is_to_be_proved`",
    },
    Row {
        name: "S10",
        claim: "history cannot be bent unseen by either login: emptied, its guards off, replaced or gone, rights widened",
        goal: "refused, or named by `verify`",
        by: By::Tests(&[(
            "migrator",
            &["verify::", "history_law::nothing_is_deleted_or_truncated", "history_law::events_never_change"],
        )]),
        control: "`what_a_dump_and_a_restore_write_otherwise_is_no_drift`: what is sound has no findings",
    },
    Row {
        name: "S11",
        claim: "two people behind one cache are never given each other's answers",
        goal: "never",
        by: By::Tests(&[("order-status", &["identity::caching::"])]),
        control: "`a_cache_that_does_not_read_the_headers_gives_a_stranger_what_was_another_s`",
    },
    Row {
        name: "S12",
        claim: "planted secrets are found nowhere: logs, errors, dumps, bundles, traces",
        goal: "never found",
        by: By::Tests(&[
            ("order-status", &["identity::secrets::", "process::configuration::"]),
            (
                "service-kit",
                &["config::secrets::", "identity::configuration::nothing_that_is_loaded_shows_a_secret"],
            ),
            ("orders", &["ask::method_body_headers_and_the_token_are_sent_and_the_token_is_not_shown"]),
            ("migrator", &["cli::a_bundle_tells_everything_but_secrets"]),
        ]),
        control: "each looks first for a harmless value beside the secret, which must be there",
    },
    Row {
        name: "S13",
        claim: "a forged address counts for nothing, and a caller who floods the service keeps no other from it",
        goal: "at least 99 % of the others' requests succeed",
        by: By::Tests(&[
            (
                "order-status",
                &[
                    "identity::fair::",
                    "limits::a_verified_caller_who_asks_too_often_limits_nobody_else_at_the_same_address",
                ],
            ),
            ("service-kit", &["fair::", "identity::limit::"]),
        ]),
        control: "`fair::` sees the flooding caller refused all the while",
    },
    Row {
        name: "S14",
        claim: "a SchemaMigration that names a foreign image or Secret makes no Job",
        goal: "no Job",
        by: By::Tests(&[(
            "operator",
            &[
                "scenarios::a_foreign_image_and_a_foreign_secret_make_no_job",
                "scenarios::a_secret_that_is_labelled_later_lets_it_go_on",
            ],
        )]),
        control: "`a_secret_that_is_labelled_later_lets_it_go_on`; who approves is asked of a real API server by `cargo xtask e2e`",
    },
    Row {
        name: "S15",
        claim: "secrets, keys and passwords are exchanged under load",
        goal: "no request fails",
        by: By::Tests(&[("order-status", &["identity::rotation::"])]),
        control: "each test sees the old one refused in the end",
    },
    Row {
        name: "S16",
        claim: "of a person who was erased nothing is left, and the history law holds",
        goal: "nothing found",
        by: By::Tests(&[("migrator", &["erase::"]), ("order-status", &["erased::"])]),
        control: "`nothing_of_the_person_is_left_and_the_law_holds` finds the person before",
    },
];
