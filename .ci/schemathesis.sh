# Lets schemathesis judge the services of `up --run`, to the end, whatever it finds. `$@` are flags of its `run`.
# `cargo xtask schemathesis` is what starts this.
set -u
export HYPOTHESIS_STORAGE_DIRECTORY=target/hypothesis
config=schemathesis.toml

# Where callers are known by token, the judge is an operator, and a stranger must see nothing of what is made.
# In a file, because everybody on this machine can read the arguments of a command.
if [ -n "${BEARER_TOKEN:-}" ]; then
    folder=$(mktemp -d)
    trap 'rm -r "$folder"' EXIT
    config=$folder/schemathesis.toml
    user() { printf '{"name": "%s", "fixedHeaders": [{"name": "Authorization", "value": "Bearer %s"}]}' "$1" "$2"; }
    printf '{"auth": [%s, %s]}' "$(user operator "$BEARER_TOKEN")" "$(user stranger "$BEARER_TOKEN_OF_STRANGER")" >"$folder/users.json"
    cp schemathesis.toml "$config"
    cat >>"$config" <<END

[auth.wfc]
path = "$folder/users.json"
user = "operator"
peers = ["operator", "stranger"]
END
fi

# Requests that follow each other have a run of their own: after the other phases the judge may call its own data inconsistent
# there, and stops early without a word.
code=0
for service in "$ORDER_STATUS_URL" "$ORDERS_URL"; do
    for phases in examples,coverage,fuzzing stateful; do
        schemathesis --config-file "$config" run "$@" --phases $phases "$service/openapi.json" || code=$?
    done
done
exit $code
