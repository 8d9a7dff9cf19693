/** The context with which the key of a job's intent is sealed: it opens for no other job or intent. */
export function intentKeyContext(jobId: string, intentNumber: number): string {
  return `job:${jobId}/intent:${intentNumber}`;
}

/** The context with which the key of a change's base is sealed. */
export function baseKeyContext(changeId: string): string {
  return `change:${changeId}/base`;
}
