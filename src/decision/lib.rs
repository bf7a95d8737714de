//! The pure decision core: what to dial, when, for whom, and why.
