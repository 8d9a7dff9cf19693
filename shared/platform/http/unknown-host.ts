/** Stands in a request's URL where nobody knows under which name it was asked. RFC 2606 keeps it from ever being somebody's. */
export const unknownHost = 'unknown.invalid';

/** Whether a URL with this host says nothing of where people can go. */
export function isUnknownHost(hostname: string): boolean {
  return hostname === unknownHost;
}
