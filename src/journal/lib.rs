//! Versioned byte form of the decision core's inputs, and their replay.
