/** One guard switched off, and the tests that must notice. */
export interface Mutation {
  /** What the guard is called, on the command line too. */
  guard: string;
  /** What goes wrong without it. */
  without: string;
  file: string;
  /** The guard's text, which stands exactly once in the file, and what stands there without it. */
  text: string;
  becomes: string;
  /** By file, the tests that go red: parts of their full names, suites included. All that match must. */
  reddens: Readonly<Record<string, readonly string[]>>;
}
