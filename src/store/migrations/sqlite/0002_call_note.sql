-- What the agent noted of a call, in free words. Apart from record and disposition: any of them
-- may come first, and a call may have the one without the other.
CREATE TABLE call_note (
    call INTEGER PRIMARY KEY,
    note TEXT    NOT NULL
);
