//! Sans-IO SIP: messages, transactions, dialogs, SDP, digest, registrar.
