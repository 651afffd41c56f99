//! Which service is asked, and that the path reaches it as it was written.

use crate::client::raw;
use crate::double::Double;
use crate::nginx::{Nginx, Site};

#[tokio::test]
#[ignore = "needs nginx"]
async fn both_spellings_of_every_route_reach_their_service_as_they_were_written() {
    let (verifier, order_status, orders) =
        (Double::verifier().await, Double::start(200, &[]).await, Double::start(200, &[]).await);
    let mut site = Site::before(order_status.address).verified_by(verifier.address);
    site.orders = orders.address;
    let nginx = Nginx::start(&site).await;
    let of_order_status = [
        "/orders",
        "/orders/",
        "/orders?x=1",
        "/orders/7",
        "/orders/7/",
        "/orders/7/status",
        "/orders/7/status/",
        "/orders/7/update",
        "/orders/7/update/",
        "/orders/7/history",
        "/orders/7/history/?after=a%2Bb&limit=2",
        // No order is called so, which is the service's to say.
        "/orders/user",
        "/orders/created_by",
        "/orders/7/no%20such/thing",
    ];
    let of_orders = [
        "/orders/user/ada",
        "/orders/user/ada/",
        "/orders/user/a%2Fb",
        "/orders/user/a%2F%2Fb/?status=all",
        "/orders/user/a%20b%C3%BC",
        "/orders/user/",
        "/orders/created_by/maren",
        "/orders/created_by/maren/",
        "/orders/created_by/a%3Fb%23c",
    ];
    for (service, paths) in [(&order_status, &of_order_status[..]), (&orders, &of_orders[..])] {
        for path in paths {
            let request = format!("GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
            let said = raw(nginx.address, request.as_bytes()).await;
            assert!(said.starts_with("HTTP/1.1 200 "), "{path}: {said}");
            assert_eq!(&service.arrived().last().expect(path).path, path);
        }
        assert_eq!(service.arrived().len(), paths.len());
    }
}
