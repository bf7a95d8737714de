//! Carillon: a predictive dialer and call-routing engine with SIP integration.
