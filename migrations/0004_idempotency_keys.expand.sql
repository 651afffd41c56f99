-- Why: a create that is sent twice under one Idempotency-Key makes one order and gets one answer.

-- No body is kept: creation facts never change, so the answer is made anew from the order.
CREATE TABLE atelier.idempotency_keys (
    caller       text COLLATE "C" NOT NULL,
    key          text COLLATE "C" NOT NULL,
    -- SHA-256 of the parsed and normalised request: the same key with another body is a mistake that is told.
    request_hash bytea            NOT NULL,
    order_id     bigint           NOT NULL,
    created_at   timestamptz      NOT NULL DEFAULT now(),

    CONSTRAINT idempotency_keys_pkey PRIMARY KEY (caller, key),
    CONSTRAINT idempotency_keys_caller_identity CHECK (
        char_length(caller) BETWEEN 1 AND 255
        AND caller !~ '[\u0001-\u001F\u007F-\u009F]|^[ \u00A0\u1680\u2000-\u200A\u2028\u2029\u202F\u205F\u3000]|[ \u00A0\u1680\u2000-\u200A\u2028\u2029\u202F\u205F\u3000]$'
    ),
    CONSTRAINT idempotency_keys_key_visible CHECK (key ~ '^[!-~]{1,255}$'),
    CONSTRAINT idempotency_keys_request_hash_length CHECK (octet_length(request_hash) = 32),
    CONSTRAINT idempotency_keys_order_id_range CHECK (order_id BETWEEN 1 AND 9007199254740991),
    CONSTRAINT idempotency_keys_created_at_finite CHECK (isfinite(created_at))
);

-- Old keys are pruned oldest first, in bounded batches.
CREATE INDEX idempotency_keys_created_at_idx ON atelier.idempotency_keys (created_at);
