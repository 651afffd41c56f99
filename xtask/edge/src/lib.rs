//! Nothing: the edge is a configuration of NGINX, `k8s/edge`, and what there is to say of it in Rust are its tests.
