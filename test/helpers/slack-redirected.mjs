/** Loaded into a process before its program: what that sends to Slack goes to `SLACK_INSTEAD`. */
const { fetch, process } = globalThis;

globalThis.fetch = (input, init) => {
  const { origin, pathname, search } = new URL(String(input));
  const isSlack = origin === 'https://slack.com' || origin === 'https://hooks.slack.com';
  return fetch(isSlack ? `${process.env.SLACK_INSTEAD}${pathname}${search}` : input, init);
};
