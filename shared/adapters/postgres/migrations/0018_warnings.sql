-- What the author of a plan should know of a change, by the codes that its preview has too.
ALTER TABLE lanekeeper.change ADD COLUMN warnings text[] NOT NULL DEFAULT '{}';
