-- First version of the store.
--
-- Conventions: instants are milliseconds since the epoch (UTC), telephone numbers the integer
-- their digits spell, enumerations their stable names, structures JSON text.

-- Counters that must never run backwards, also across restarts.
CREATE TABLE counter (
    name  TEXT PRIMARY KEY,
    value INTEGER NOT NULL
) WITHOUT ROWID;
INSERT INTO counter VALUES
    ('call', 0), ('decision', 0), ('dnc_snapshot', 0), ('lease_token', 0);

-- Ids that stand for configured names: records keep the id, so a name keeps it for ever.
CREATE TABLE name (
    kind TEXT    NOT NULL,
    id   INTEGER NOT NULL,
    name TEXT    NOT NULL,
    PRIMARY KEY (kind, id),
    UNIQUE (kind, name)
) WITHOUT ROWID;

-- Who may hold leases. A process that takes over an owner gets a larger token; whoever comes
-- with an older one is fenced off.
CREATE TABLE lease_owner (
    name  TEXT PRIMARY KEY,
    token INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE list (
    id       INTEGER PRIMARY KEY,
    campaign INTEGER NOT NULL,
    name     TEXT    NOT NULL,
    active   INTEGER NOT NULL DEFAULT 1,
    UNIQUE (campaign, name)
);

-- What choosing the next lead needs, kept narrow; names and addresses are in lead_card.
CREATE TABLE lead (
    id             INTEGER PRIMARY KEY,
    campaign       INTEGER NOT NULL,
    list           INTEGER NOT NULL REFERENCES list (id),
    -- 'v:' + vendor lead code, or 'n:' + first number: the same row imported twice is one lead.
    import_key     TEXT    NOT NULL,
    -- Hash of the imported row, to tell a changed row from a repeated one.
    content        INTEGER NOT NULL,
    -- Where it waits: 0 ready, 1 waiting for next_at, 2 leased, 3 out of the queue.
    queue          INTEGER NOT NULL DEFAULT 0,
    -- Order among the ready: 0 a callback that is due, 1 anything else.
    turn           INTEGER NOT NULL DEFAULT 1,
    priority       INTEGER NOT NULL DEFAULT 0,
    rank           INTEGER NOT NULL DEFAULT 0,
    attempts       INTEGER NOT NULL DEFAULT 0,
    -- Whether there was an attempt: a column of its own, so that counts read the index alone.
    tried          INTEGER NOT NULL DEFAULT 0,
    last_attempt   INTEGER NOT NULL DEFAULT 0,
    status         TEXT    NOT NULL DEFAULT 'due',
    next_at        INTEGER,
    callback_at    INTEGER,
    callback_agent INTEGER,
    lease_token    INTEGER,
    lease_until    INTEGER,
    owner          INTEGER,
    consent        INTEGER NOT NULL DEFAULT 0,
    answer_chance  REAL,
    zone           TEXT,
    country        TEXT,
    state          TEXT,
    tags           TEXT    NOT NULL DEFAULT '{}',
    needs          TEXT    NOT NULL DEFAULT '[]',
    UNIQUE (campaign, import_key)
);
-- The next lead of a list is the first entry: no sorting, whatever the size of the list.
-- Indexes are partial so that leads which are done cost nothing.
CREATE INDEX lead_ready ON lead (list, turn, priority DESC, rank DESC, last_attempt, id)
    WHERE queue = 0;
CREATE INDEX lead_waiting ON lead (list, next_at) WHERE queue = 1;
CREATE INDEX lead_leased ON lead (lease_until) WHERE queue = 2;
-- Counts by status, for the pages.
CREATE INDEX lead_status ON lead (list, status, tried);

CREATE TABLE lead_card (
    lead             INTEGER PRIMARY KEY REFERENCES lead (id),
    vendor_lead_code TEXT,
    source_id        TEXT,
    title            TEXT,
    first_name       TEXT,
    last_name        TEXT,
    address          TEXT,
    city             TEXT,
    postal_code      TEXT,
    email            TEXT,
    comments         TEXT,
    -- Why the lead stands where it stands, and the last refusal with its instant.
    why              TEXT    NOT NULL DEFAULT '',
    refusal          TEXT,
    refusal_at       INTEGER
);
CREATE INDEX lead_card_code ON lead_card (vendor_lead_code) WHERE vendor_lead_code IS NOT NULL;

CREATE TABLE lead_number (
    lead     INTEGER NOT NULL REFERENCES lead (id),
    position INTEGER NOT NULL,
    number   INTEGER NOT NULL,
    retired  INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (lead, position)
) WITHOUT ROWID;
CREATE INDEX lead_number_number ON lead_number (number);

-- Leads not dialed, hour by hour: the lead itself keeps only its last refusal.
CREATE TABLE refusal_hour (
    campaign INTEGER NOT NULL,
    hour     INTEGER NOT NULL,
    code     TEXT    NOT NULL,
    count    INTEGER NOT NULL,
    PRIMARY KEY (hour, campaign, code)
) WITHOUT ROWID;

CREATE TABLE dnc_list (
    id      INTEGER PRIMARY KEY,
    name    TEXT    NOT NULL UNIQUE,
    numbers INTEGER NOT NULL DEFAULT 0,
    updated INTEGER NOT NULL
);
-- By number first: the question is always "which lists is this number on".
CREATE TABLE dnc_entry (
    number   INTEGER NOT NULL,
    list     INTEGER NOT NULL REFERENCES dnc_list (id),
    since    INTEGER NOT NULL,
    -- State of the lists with this entry; each entry has its own, so readers can page.
    snapshot INTEGER NOT NULL,
    PRIMARY KEY (number, list)
) WITHOUT ROWID;
CREATE UNIQUE INDEX dnc_entry_snapshot ON dnc_entry (snapshot);

-- Written before the INVITE leaves. `open` turns 0 with the call record.
CREATE TABLE attempt (
    call        INTEGER PRIMARY KEY,
    open        INTEGER NOT NULL DEFAULT 1,
    campaign    INTEGER NOT NULL,
    lead        INTEGER NOT NULL,
    number      INTEGER NOT NULL,
    trunk       INTEGER NOT NULL,
    caller_id   INTEGER NOT NULL,
    sip_call_id TEXT    NOT NULL,
    placed      INTEGER NOT NULL,
    permit      TEXT    NOT NULL,
    decision    INTEGER,
    follows     INTEGER
);
CREATE INDEX attempt_open ON attempt (call) WHERE open = 1;

CREATE TABLE call_record (
    call        INTEGER PRIMARY KEY,
    campaign    INTEGER NOT NULL,
    lead        INTEGER,
    inbound     INTEGER NOT NULL,
    number      INTEGER,
    caller_id   INTEGER NOT NULL,
    trunk       INTEGER NOT NULL,
    agent       INTEGER,
    started     INTEGER NOT NULL,
    total_ms    INTEGER NOT NULL,
    pdd_ms      INTEGER,
    ring_ms     INTEGER,
    answer_ms   INTEGER,
    wait_ms     INTEGER,
    talk_ms     INTEGER,
    outcome     TEXT    NOT NULL,
    verdict     TEXT,
    ended_by    TEXT,
    late_answer INTEGER NOT NULL,
    follows     INTEGER,
    decision    INTEGER,
    -- Only where no attempt was stored; else the attempt has it.
    permit      TEXT,
    -- Written by reconciliation after a crash: times are unknown.
    settled     INTEGER NOT NULL DEFAULT 0
);
-- Reports and ledgers by time, history of a person by number, a lead's and an agent's calls.
CREATE INDEX call_record_started ON call_record (started);
CREATE INDEX call_record_campaign ON call_record (campaign, started);
CREATE INDEX call_record_number ON call_record (number, started) WHERE number IS NOT NULL;
CREATE INDEX call_record_lead ON call_record (lead, started) WHERE lead IS NOT NULL;
CREATE INDEX call_record_agent ON call_record (agent, started) WHERE agent IS NOT NULL;

-- What the agent said of a call. Apart from the record: either may come first.
CREATE TABLE disposition (
    call INTEGER PRIMARY KEY,
    code TEXT    NOT NULL
);

CREATE TABLE decision (
    id       INTEGER PRIMARY KEY,
    campaign INTEGER NOT NULL,
    at       INTEGER NOT NULL,
    body     TEXT    NOT NULL
);
CREATE INDEX decision_campaign ON decision (campaign, id);
CREATE INDEX decision_at ON decision (at);

CREATE TABLE agent_change (
    id         INTEGER PRIMARY KEY,
    agent      INTEGER NOT NULL,
    at         INTEGER NOT NULL,
    from_state TEXT    NOT NULL,
    to_state   TEXT    NOT NULL,
    -- The states with their calls and reasons.
    body       TEXT    NOT NULL
);
CREATE INDEX agent_change_at ON agent_change (at);
CREATE INDEX agent_change_agent ON agent_change (agent, at);

CREATE TABLE alert (
    id   INTEGER PRIMARY KEY,
    at   INTEGER NOT NULL,
    body TEXT    NOT NULL
);
CREATE INDEX alert_at ON alert (at);

-- Empty: a try whether writing works puts 64 KiB here and takes them out again, because a full
-- disk may still let rows change in place.
CREATE TABLE probe (
    id   INTEGER PRIMARY KEY,
    body BLOB NOT NULL
);
