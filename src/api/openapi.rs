//! The OpenAPI document, made from the handlers' own annotations.

use crate::error::ErrorBody;
use crate::routes::documented as d;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Carillon",
        description = "Predictive dialer and call routing. Every change needs the supervisor's \
            token or an agent's session; telephone numbers are masked except on an agent's own \
            card and, for holders of the token, in SIP messages. Errors are `{code, message, remedy}`.",
        license(name = "MIT OR Apache-2.0")
    ),
    paths(
        d::status, d::events, d::calls, d::explain_call, d::lead, d::explain_lead, d::decisions,
        d::decision, d::explain_decision, d::report, d::lists, d::quality_calls, d::quality, d::review, d::recordings, d::recording, d::listen, d::audio, d::traces, d::trace, d::trace_file, d::capture, d::campaign, d::list, d::agent,
        d::trunk_test, d::drain, d::stop, d::sign_in, d::me, d::agent_events, d::ready,
        d::hold, d::hold_for, d::transfer, d::consult, d::drop_message, d::pause_recording, d::supervise,
        d::record_call, d::take_break, d::logout, d::hangup, d::note, d::disposition, d::healthz, d::readyz, d::metrics,
        d::openapi
    ),
    components(schemas(ErrorBody, crate::hub::Sample)),
    modifiers(&Security)
)]
struct Document;

struct Security;

impl Modify for Security {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let components = document.components.get_or_insert_default();
        let token = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
        components.add_security_scheme("token", SecurityScheme::Http(token));
        let pass = ApiKey::Cookie(ApiKeyValue::new(crate::guard::PASS_COOKIE));
        components.add_security_scheme("listen", SecurityScheme::ApiKey(pass));
        let cookie = ApiKey::Cookie(ApiKeyValue::new(crate::guard::COOKIE));
        components.add_security_scheme("agent", SecurityScheme::ApiKey(cookie));
    }
}

/// The document.
pub(crate) fn document() -> utoipa::openapi::OpenApi {
    Document::openapi()
}
