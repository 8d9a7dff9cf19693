/** One attempt to do something: who, from where, what, and what came of it. Never changed afterwards. */
export interface AuditEntry {
  /** Name of the token; null when nobody known asked. */
  actor: string | null;
  /** The network address that the request came from, as the edge saw it; null where there is none. */
  address: string | null;
  /** An action of the table of permissions. */
  action: string;
  /** Method and path; or platform, command and what it was about. */
  operation: string;
  jobId: string | null;
  /**
   * `done`; `pending` where an approval is still to be compared with the cloud, of which what comes is an entry of its own; or the
   * code of the problem it was answered with.
   */
  outcome: string;
  /** The id under which the log has the request. */
  requestId: string;
}

/** An entry with its place and time, as the database keeps them. */
export interface AuditRecord extends AuditEntry {
  position: number;
  at: string;
}

/** What to look for; null takes everything. Times are ISO 8601, from inclusive to exclusive. */
export interface AuditFilter {
  actor: string | null;
  jobId: string | null;
  from: string | null;
  to: string | null;
  limit: number;
  /** Only entries before this position. */
  before: number | null;
}

/** The append-only record of every refused attempt and every verb. */
export interface AuditLog {
  append(entry: AuditEntry): Promise<void>;
  /** Newest first. */
  list(filter: AuditFilter): Promise<readonly AuditRecord[]>;
}
