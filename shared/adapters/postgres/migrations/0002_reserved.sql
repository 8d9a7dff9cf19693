-- The place of a migration that is being written elsewhere.
SELECT;
