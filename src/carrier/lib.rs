//! Our own carrier, callees and agents' phones over real SIP and RTP, for the demo and for load.
