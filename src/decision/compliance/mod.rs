//! The gate: turns a lead into a [`DialPermit`] or a [`Refusal`].
