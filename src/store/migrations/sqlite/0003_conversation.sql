-- What happened in a conversation beyond plain talk.
ALTER TABLE call_record ADD COLUMN hold_ms INTEGER NOT NULL DEFAULT 0;
-- A message was left on a machine, to its end.
ALTER TABLE call_record ADD COLUMN message_left INTEGER NOT NULL DEFAULT 0;
-- There is a recording, of all or a part of it.
ALTER TABLE call_record ADD COLUMN recorded INTEGER NOT NULL DEFAULT 0;
-- Its steps in order (holds, transfers, who supervised, what the recorder was told); NULL where
-- there were none.
ALTER TABLE call_record ADD COLUMN events TEXT;
