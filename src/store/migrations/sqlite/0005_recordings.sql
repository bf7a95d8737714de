-- Recordings of calls. A row is evidence and stays when its file is deleted.
CREATE TABLE recording (
    id         INTEGER PRIMARY KEY,
    call       INTEGER NOT NULL,
    campaign   INTEGER,
    agent      INTEGER,
    lead       INTEGER,
    started    INTEGER NOT NULL,
    format     TEXT    NOT NULL,
    -- Relative to the recordings' directory.
    path       TEXT    NOT NULL,
    class      TEXT    NOT NULL,
    -- NULL: for ever.
    keep_until INTEGER,
    -- On what ground it was made.
    consent    TEXT    NOT NULL,
    state      TEXT    NOT NULL DEFAULT 'open',
    length_ms  INTEGER NOT NULL DEFAULT 0,
    octets     INTEGER NOT NULL DEFAULT 0,
    sha256     TEXT    NOT NULL DEFAULT '',
    chain      TEXT    NOT NULL DEFAULT '',
    -- Id of the key it is sealed with; never the key.
    key_id     TEXT,
    lost_ms    INTEGER NOT NULL DEFAULT 0,
    -- JSON: [[from_ms, to_ms], …]
    paused     TEXT    NOT NULL DEFAULT '[]',
    why        TEXT    NOT NULL DEFAULT '',
    -- Legal hold: who and why; NULL when there is none.
    hold       TEXT,
    deleted_at INTEGER,
    file_gone  INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX recording_call ON recording (call);
CREATE INDEX recording_started ON recording (started);
CREATE INDEX recording_agent ON recording (agent, started);
CREATE INDEX recording_campaign ON recording (campaign, started);
CREATE INDEX recording_open ON recording (id) WHERE state = 'open';
CREATE INDEX recording_expiry ON recording (keep_until) WHERE file_gone = 0;
INSERT INTO counter VALUES ('recording', 0);
