/** Whether a value can be stored as it is: PostgreSQL takes neither NUL nor half a surrogate pair. */
export function isStorable(value: unknown): boolean {
  return typeof value !== 'string' || !/\0|\p{Cs}/u.test(value);
}
