-- What all processes counted, each adding its own from time to time. Buckets of histograms are apart: the reader adds them up.
CREATE TABLE lanekeeper.tally (
  name   text NOT NULL,
  labels jsonb NOT NULL,
  value  double precision NOT NULL,
  PRIMARY KEY (name, labels)
) WITH (fillfactor = 70);

-- Where the trace of a job began (W3C Trace Context), so that what workers do for it joins that trace.
ALTER TABLE lanekeeper.job ADD COLUMN traceparent text;
