//! An order to place a call, for a lead or for a conversation under way: what both have in
//! common.

use carillon_decision::compliance::DialPermit;
use carillon_decision::event::{CallOut, Originate};
use carillon_decision::id::{CallId, CampaignId, DecisionId, LeadId, TrunkId};
use carillon_decision::number::E164;

/// An order to place one call. Holds its permit.
#[derive(Debug)]
pub(crate) enum Order {
    /// To a lead.
    Lead(Box<Originate>),
    /// To an outside destination of a conversation.
    Out(Box<CallOut>),
}

impl Order {
    pub(crate) fn call(&self) -> CallId {
        match self {
            Self::Lead(order) => order.call,
            Self::Out(order) => order.call,
        }
    }

    pub(crate) fn campaign(&self) -> CampaignId {
        match self {
            Self::Lead(order) => order.campaign,
            Self::Out(order) => order.campaign,
        }
    }

    /// The lead that is called; nobody's where a destination is.
    pub(crate) fn lead(&self) -> Option<LeadId> {
        match self {
            Self::Lead(order) => Some(order.lead),
            Self::Out(_) => None,
        }
    }

    pub(crate) fn trunk(&self) -> TrunkId {
        match self {
            Self::Lead(order) => order.trunk,
            Self::Out(order) => order.trunk,
        }
    }

    pub(crate) fn caller_id(&self) -> E164 {
        match self {
            Self::Lead(order) => order.caller_id,
            Self::Out(order) => order.caller_id,
        }
    }

    pub(crate) fn permit(&self) -> &DialPermit {
        match self {
            Self::Lead(order) => &order.permit,
            Self::Out(order) => &order.permit,
        }
    }

    /// The call it replaces after trunk trouble, or the conversation it is for.
    pub(crate) fn follows(&self) -> Option<CallId> {
        match self {
            Self::Lead(order) => order.follows,
            Self::Out(order) => Some(order.conversation),
        }
    }

    pub(crate) fn decision(&self) -> Option<DecisionId> {
        match self {
            Self::Lead(order) => order.decision,
            Self::Out(_) => None,
        }
    }
}
