-- A card's code is for all who approve the job, once for each of them.
ALTER TABLE lanekeeper.chat_code ADD COLUMN spent_by text[] NOT NULL DEFAULT '{}';
