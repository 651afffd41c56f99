# Atelier's images: one static program each, the certificate authorities, and nothing else.
#
#   docker build --target order-status --tag localhost/atelier/order-status:0.1.0 .
#
# `cargo xtask image` builds all of them with docker, podman or buildah. It compiles by itself, where nothing is compiled
# twice, and gives the result in place of the first stage (`--build-context programs=…`).

FROM docker.io/library/rust:1.95.0-slim-bookworm AS programs
# musl-tools: ring has parts in C.
RUN apt-get update && apt-get install --yes --no-install-recommends ca-certificates musl-tools
# The toolchain file asks for components that no build needs.
ENV RUSTUP_TOOLCHAIN=1.95.0
# Puts into each program the list of what it is made of, for scanners.
RUN cargo install --locked cargo-auditable@0.7.7
WORKDIR /atelier
COPY . .
# No program names the folders in which it was compiled.
ENV CARGO_BUILD_RUSTFLAGS="--remap-path-prefix=/usr/local/cargo=/cargo"
RUN set -eu; \
    target=$(uname -m)-unknown-linux-musl; \
    rustup target add "$target"; \
    cargo auditable build --locked --bins --package order-status --package orders --package migrator --profile release --target "$target"; \
    for program in order-status orders migrator; do \
        install -D "target/$target/release/$program" "/$program/$program"; \
        install -D --mode 644 /etc/ssl/certs/ca-certificates.crt "/$program/etc/ssl/certs/ca-certificates.crt"; \
    done

FROM scratch AS base
# A number, so that Kubernetes can see that it is not root.
USER 65532:65532
LABEL org.opencontainers.image.licenses="MIT OR Apache-2.0"
LABEL org.opencontainers.image.vendor="Atelier"

FROM base AS order-status
COPY --from=programs /order-status/ /
EXPOSE 5017 9017
ENTRYPOINT ["/order-status"]
LABEL org.opencontainers.image.title="order-status"
LABEL org.opencontainers.image.description="The Order Status Service, port 5017: orders and their lifecycle."

FROM base AS orders
COPY --from=programs /orders/ /
EXPOSE 5019 9019
ENTRYPOINT ["/orders"]
LABEL org.opencontainers.image.title="orders"
LABEL org.opencontainers.image.description="The Orders Service, port 5019: a user's paid orders, each with its model from the catalog."

FROM base AS migrator
COPY --from=programs /migrator/ /
ENTRYPOINT ["/migrator"]
LABEL org.opencontainers.image.title="migrator"
LABEL org.opencontainers.image.description="Brings the database's schema to the version that this release needs, and says where it stands."

# For clusters that have no catalog (k8s/dev). `cargo xtask image --with-dev` builds it; the first stage does not.
FROM base AS catalog-stub
COPY --from=programs /catalog-stub/ /
EXPOSE 8080
ENTRYPOINT ["/catalog-stub"]
CMD ["--listen", "0.0.0.0:8080"]
LABEL org.opencontainers.image.title="catalog-stub"
LABEL org.opencontainers.image.description="A double of the model catalog: for tests, which tell it how to misbehave, and as a program for clusters that have no catalog."
