//! The whole service over a made-up floor, request by request.

#[path = "../../examples/board_demo/fake.rs"]
mod fake;
#[path = "../../examples/board_demo/world.rs"]
mod world;

mod agents;
mod changes;
mod guards;
mod pages;
mod reads;
mod recordings;
mod streams;
mod support;
