import type { AnsweredClass, CodeRow } from '../shared/adapters/aliyun/error-row.ts';
import {
  errorTable,
  maybeSentMessages,
  notSentMessages,
  unknownFailure,
  unknownRefusal,
} from '../shared/adapters/aliyun/error-table.ts';
import { cell } from './generated-file.ts';

interface ClassText {
  /** What the class means, as a heading. */
  means: string;
  /** What Lanekeeper does about it. */
  does: string;
}

const failsTheChange =
  'Fails the change. Whether the rest of the job goes on is for `onFailure` and `maxErrors` to say.';
const stopsTheJob =
  'Fails the change and stops its job, since every further call would meet the same: what is in flight ends, the rest ends `cancelled`.';

const classTexts: Record<AnsweredClass, ClassText> = {
  busy: {
    means: 'another operation holds the resource',
    does: 'Waits. Nothing was changed: the change goes back to the queue, and a new request is sent when the cloud is done. Counts neither as a failure nor as an attempt.',
  },
  throttled: {
    means: 'too many calls',
    does: 'Slows down and tries again. Nothing was changed: the action pauses in the region for all workers and has half its budget for a while, then the identical request is sent again. Counts neither as a failure nor as an attempt.',
  },
  unknown_fate: {
    means: 'nobody knows whether it was applied',
    does: 'Reads back before anything else. Was it applied, the change is done; if not, the identical request is repeated under the same client token, six sendings at most, then the change fails with `NotApplied`.',
  },
  invalid: { means: 'the request cannot succeed as it is', does: failsTheChange },
  quota: { means: 'a quota of the account is used up', does: failsTheChange },
  locked: { means: 'a bill is unpaid', does: failsTheChange },
  not_found: { means: 'what the request names is not there', does: failsTheChange },
  permission: { means: 'the account may not do this', does: stopsTheJob },
  credentials: { means: 'the cloud does not accept who is calling', does: stopsTheJob },
};

/** The classes that have codes of the cloud, in the table's order. */
const classes = [...new Set(errorTable.map((row) => row.class))];

function rowOf({ code, httpStatus, message, source }: CodeRow): string {
  return `| \`${code}\` | ${httpStatus ?? '–'} | ${cell(message)} | ${cell(source)} |`;
}

function sectionOf(name: AnsweredClass): string {
  const { means, does } = classTexts[name];
  const rows = errorTable.filter((row) => row.class === name).map(rowOf);
  return `### \`${name}\`: ${means}

${does}

| code | status | meaning; what to do | where it is written |
| --- | --- | --- | --- |
${rows.join('\n')}
`;
}

function transportRows(name: string, messages: Record<string, string>): string[] {
  return Object.entries(messages).map(
    ([code, message]) => `| \`${code}\` | \`${name}\` | ${cell(message)} |`,
  );
}

/** The part of docs/errors.md on what the cloud answers, as Markdown. */
export const cloudErrorsText = `## The cloud's codes

What the VPC API answers, as a change shows it in \`lastError\`: \`code\` in the cloud's own spelling, \`class\`, \`message\` and the
\`requestId\` for a ticket. The message is the sentence that stands here, never the cloud's own text, which may quote parameters.

The class decides what Lanekeeper does. The status is the documented one (– where no text gives any), for recognising an answer in a log;
it decides nothing for a code that stands here, because the cloud throttles with 400 and says *not found* with 400 or 404.
A \`*\` stands for any characters: such a family explains a 4xx of a code that does not stand here itself.

${classes.map(sectionOf).join('\n')}
### Any other code

| status | class | meaning; what to do |
| --- | --- | --- |
| 4xx | \`${unknownRefusal.class}\` | ${cell(unknownRefusal.message)} |
| any other | \`${unknownFailure.class}\` | ${cell(unknownFailure.message)} |

### No answer that can be read

Codes of ours. A request that is \`not_sent\` never left: it is tried again, and counts neither as a failure nor as an attempt.

| code | class | meaning; what to do |
| --- | --- | --- |
${transportRows('not_sent', notSentMessages).join('\n')}
${transportRows('unknown_fate', maybeSentMessages).join('\n')}
`;
