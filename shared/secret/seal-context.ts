/**
 * The context with which a key of a job's intent is sealed: it opens for no other job, intent or place. `path` names the
 * place, `IkeConfig.Psk` for the connection.
 */
export function intentKeyContext(jobId: string, intentNumber: number, path: string): string {
  return `job:${jobId}/intent:${intentNumber}${placeIn(path)}`;
}

/** The context with which a key of a change's base is sealed. */
export function baseKeyContext(jobId: string, changeId: string, path: string): string {
  return changeKeyContext(jobId, changeId, `base${placeIn(path)}`);
}

/** The context with which a key that was made for a change is sealed. */
export function madeKeyContext(jobId: string, changeId: string, path: string): string {
  return changeKeyContext(jobId, changeId, `made${placeIn(path)}`);
}

/** The context with which a key that a change replaces is sealed. */
export function previousKeyContext(jobId: string, changeId: string, path: string): string {
  return changeKeyContext(jobId, changeId, `previous${placeIn(path)}`);
}

/** Every key of a change is bound to its job, itself and, where `what` says so, the tunnel. */
function changeKeyContext(jobId: string, changeId: string, what: string): string {
  return `job:${jobId}/change:${changeId}/${what}`;
}

/** The context with which a key of the service's own is sealed in the keyring. */
export function keyringContext(name: string): string {
  return `keyring/${name}`;
}

/** The context with which a key of a schedule's plan is sealed. `target` is the place of its target, null for the plan's own `set`. */
export function scheduleKeyContext(name: string, target: number | null, path: string): string {
  return `schedule:${name}/${target === null ? 'set' : `targets/${target}/set`}/${path}`;
}

/** The key of a connection has had its context since before tunnels had keys. */
function placeIn(path: string): string {
  const slash = path.indexOf('/');
  return slash < 0 ? '' : `/${path.slice(0, slash)}`;
}
