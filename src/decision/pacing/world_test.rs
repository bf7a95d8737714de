//! Figures of the reference world.
