//! Supervisors: listening, whispering, joining, by page and by keys.

use super::{AGENT_HZ, CUSTOMER_HZ, Floor, SUPERVISOR_HZ, log_in};
use carillon_decision::conversation::SuperviseMode;
use carillon_decision::event::Input;

#[tokio::test(flavor = "multi_thread")]
async fn a_supervisor_listens_whispers_joins_and_leaves() {
    let floor = Floor::start(71, "").await;
    let sue = log_in(&floor.peer, &floor.node, "sue", SUPERVISOR_HZ).await;
    floor
        .node
        .tell(Input::Supervise {
            supervisor: floor.agent("sue"),
            agent: floor.agent("ana"),
            mode: Some(SuperviseMode::Listen),
        })
        .await;
    floor.hears(sue, AGENT_HZ);
    floor.hears(sue, CUSTOMER_HZ);
    floor.hears_no(floor.desk, SUPERVISOR_HZ);
    floor.hears_no(floor.customer, SUPERVISOR_HZ);
    // From here on by keys.
    floor.peer.press(sue, "*52");
    floor.hears(floor.desk, SUPERVISOR_HZ);
    floor.hears(floor.desk, CUSTOMER_HZ);
    floor.hears_no(floor.customer, SUPERVISOR_HZ);
    floor.hears(floor.customer, AGENT_HZ);
    floor.peer.press(sue, "*53");
    floor.circle(&[
        (sue, SUPERVISOR_HZ),
        (floor.desk, AGENT_HZ),
        (floor.customer, CUSTOMER_HZ),
    ]);
    floor.peer.press(sue, "*50");
    floor.hears_no(sue, CUSTOMER_HZ);
    floor.hears_no(floor.customer, SUPERVISOR_HZ);
    floor.circle(&[(floor.desk, AGENT_HZ), (floor.customer, CUSTOMER_HZ)]);
    // `*1` is no code of a supervisor's.
    floor.peer.press(sue, "*1");
    floor.peer.press(floor.desk, "*3");
    floor.is("ana", "wrap_up").await;
    floor.is("sue", "break").await;
    floor.stop().await;
}
