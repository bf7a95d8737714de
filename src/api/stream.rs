//! Event streams (`text/event-stream`, WHATWG HTML §9.2).

use crate::app::App;
use crate::error::ApiError;
use crate::guard::Session;
use crate::view::{AgentBoard, AgentMe, CardBoard, ConversationBoard, Names};
use axum::http::StatusCode;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use carillon_decision::id::AgentId;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, mpsc, watch};
use tokio_stream::wrappers::ReceiverStream;

/// The floor's clock is sent this often, so that a page can tell a quiet floor from a dead one.
const BEAT: Duration = Duration::from_secs(5);

type Sender = mpsc::Sender<Result<Event, Infallible>>;

/// A stream's place among the most allowed.
pub(crate) fn place(app: &App) -> Result<OwnedSemaphorePermit, ApiError> {
    Arc::clone(&app.streams).try_acquire_owned().map_err(|_| {
        ApiError::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "API-503",
            "too many streams are open",
            "close some pages, or raise `streams_max` in the config",
        )
    })
}

fn answer(events: mpsc::Receiver<Result<Event, Infallible>>) -> Response {
    let keep_alive = KeepAlive::new().interval(Duration::from_secs(10));
    let mut response = Sse::new(ReceiverStream::new(events))
        .keep_alive(keep_alive)
        .into_response();
    // Proxies must not hold events back.
    response.headers_mut().insert(
        "x-accel-buffering",
        axum::http::HeaderValue::from_static("no"),
    );
    response
}

/// Waits until the server shuts down, or is gone.
pub(crate) async fn closed(closing: &mut watch::Receiver<bool>) {
    let _ = closing.wait_for(|closed| *closed).await;
}

/// Sends; false once nobody listens.
async fn send(to: &Sender, name: &str, data: impl AsRef<str>) -> bool {
    to.send(Ok(Event::default().event(name).data(data)))
        .await
        .is_ok()
}

/// The board: `history` once, `status` on change, `beat` every 5 s.
pub(crate) fn board(app: Arc<App>) -> Result<Response, ApiError> {
    let place = place(&app)?;
    let (sender, receiver) = mpsc::channel(1);
    tokio::spawn(async move {
        let _place = place;
        pump_board(&app, &sender).await;
    });
    Ok(answer(receiver))
}

async fn pump_board(app: &App, to: &Sender) {
    let mut frames = app.hub.frames();
    let mut closing = app.closing.clone();
    let status = app.floor.status();
    let mut beat = tokio::time::interval(BEAT);
    let history = serde_json::to_string(&app.hub.history()).expect("plain values");
    if !send(to, "history", history).await {
        return;
    }
    frames.mark_changed();
    loop {
        let sent = tokio::select! {
            changed = frames.changed() => {
                if changed.is_err() { return }
                let frame = Arc::clone(&frames.borrow_and_update());
                send(to, "status", &frame.json).await
            }
            _ = beat.tick() => {
                let at_ms = status.borrow().floor.at.0;
                send(to, "beat", format!("{{\"at_ms\":{at_ms}}}")).await
            }
            () = to.closed() => false,
            () = closed(&mut closing) => false,
        };
        if !sent {
            return;
        }
    }
}

/// What the agent sees now.
///
/// # Errors
/// When the floor does not know the agent, or cannot give the card.
pub(crate) async fn me(app: &App, agent: AgentId) -> Result<AgentMe, ApiError> {
    let mut me = agent_now(app, agent).ok_or_else(ApiError::no_session)?;
    if me.agent.call.is_some() {
        me.card = app.floor.card(agent).await?.map(CardBoard::from);
    }
    Ok(me)
}

fn agent_now(app: &App, agent: AgentId) -> Option<AgentMe> {
    let receiver = app.floor.status();
    let status = receiver.borrow();
    let found = status.floor.agents.iter().find(|a| a.id == agent)?;
    let names = Names::of(&status.floor);
    Some(AgentMe {
        at_ms: status.floor.at.0,
        agent: AgentBoard::of(found, status.floor.at, &names),
        card: None,
        conversation: ConversationBoard::of(agent, &status, &names),
        refused: status.refusals.get(&agent).map(|r| r.why.clone()),
        draining: status.floor.draining,
        keypad: app.floor.keypad(),
    })
}

/// An agent's own state and card: `me` on change, `beat` every 5 s, until the session ends.
pub(crate) fn agent(app: Arc<App>, session: Session) -> Result<Response, ApiError> {
    let place = place(&app)?;
    let (sender, receiver) = mpsc::channel(1);
    tokio::spawn(async move {
        let _place = place;
        pump_agent(&app, session, &sender).await;
    });
    Ok(answer(receiver))
}

async fn pump_agent(app: &App, mut session: Session, to: &Sender) {
    let mut status = app.floor.status();
    let mut closing = app.closing.clone();
    let mut beat = tokio::time::interval(BEAT);
    let mut last: Option<AgentMe> = None;
    status.mark_changed();
    loop {
        let sent = tokio::select! {
            changed = status.changed() => {
                if changed.is_err() { return }
                status.borrow_and_update();
                push_me(app, session.agent, &mut last, to).await
            }
            _ = beat.tick() => {
                let at_ms = status.borrow().floor.at.0;
                app.now().mono < session.expires
                    && send(to, "beat", format!("{{\"at_ms\":{at_ms}}}")).await
            }
            _ = session.alive.changed() => {
                send(to, "ended", "{}").await;
                false
            }
            () = to.closed() => false,
            () = closed(&mut closing) => false,
        };
        if !sent {
            return;
        }
    }
}

/// Sends what the agent sees if it changed. The card is asked for once per state of a call.
async fn push_me(app: &App, agent: AgentId, last: &mut Option<AgentMe>, to: &Sender) -> bool {
    let Some(mut now) = agent_now(app, agent) else {
        return false;
    };
    let mut fresh = true;
    if let Some(before) = last.as_ref() {
        now.agent.steady(&before.agent);
        fresh = (&before.agent.state, before.agent.call) != (&now.agent.state, now.agent.call);
        if !fresh {
            now.card = before.card.clone();
        }
        let mut unticked = now.clone();
        unticked.at_ms = before.at_ms;
        unticked.agent.times = before.agent.times;
        if unticked == *before {
            return true;
        }
    }
    let mut whole = true;
    if fresh && now.agent.call.is_some() {
        match app.floor.card(agent).await {
            Ok(card) => now.card = card.map(CardBoard::from),
            Err(_) => whole = false,
        }
    }
    let json = serde_json::to_string(&now).expect("plain values");
    // Without its card the state is sent, but not remembered: the next change asks again.
    *last = whole.then_some(now);
    send(to, "me", json).await
}
