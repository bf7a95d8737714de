//! The simulated world: callees, agents and carriers in virtual time around the decision core.
