//! Registrations: ours with carriers, and a phone's with us.

use super::situation::{registrar, situations, stranger};

situations! { "registrations":
    challenged_and_ended = registrar("registrar");
    too_brief_423 = registrar("registrar_423");
    refreshed = registrar("registrar_refresh");
    lost_answer = registrar("registrar_lost_answer").raw();
    phone_without_password_401 = stranger("phone_without_password");
}
