//! Test world, see `world_test`.
