-- How good a call was: figures to choose by, and the whole report.
CREATE TABLE call_quality (
    call         INTEGER PRIMARY KEY,
    -- When the conversation began.
    at           INTEGER NOT NULL,
    campaign     INTEGER NOT NULL,
    agent        INTEGER,
    -- Scores of the worst interval; absent where nothing was measured.
    mos_customer REAL,
    mos_agent    REAL,
    -- Names of problems, a space around each: ' dead_air agent_late '. Empty for none.
    problems     TEXT    NOT NULL,
    -- Drawn for review.
    drawn        INTEGER NOT NULL,
    report       TEXT    NOT NULL
);
CREATE INDEX call_quality_at ON call_quality (at);
CREATE INDEX call_quality_campaign ON call_quality (campaign, at);
CREATE INDEX call_quality_agent ON call_quality (agent, at) WHERE agent IS NOT NULL;
CREATE INDEX call_quality_problem ON call_quality (at) WHERE problems <> '';
CREATE INDEX call_quality_drawn ON call_quality (at) WHERE drawn = 1;

-- What a reviewer said of a call they listened to.
CREATE TABLE call_review (
    call     INTEGER PRIMARY KEY REFERENCES call_quality (call),
    reviewer TEXT    NOT NULL,
    at       INTEGER NOT NULL,
    score    INTEGER NOT NULL,
    note     TEXT    NOT NULL
);
