import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { templateOf } from '../../../shared/adapters/chat/dingtalk/messages.ts';
import { cardOf } from '../../../shared/adapters/chat/feishu/cards.ts';
import { blocksOf } from '../../../shared/adapters/chat/slack/blocks.ts';
import { withCode } from '../../../shared/chat/approval-code.ts';
import { jobCardOf } from '../../../shared/chat/job-card.ts';
import { jobBodyOf } from '../../../shared/progress/job-body.ts';
import { aJob, countsOf } from '../../helpers/factories.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';

const job = aJob({
  title: 'Q4 rotation, branches',
  state: 'awaiting_approval',
  createdBy: 'ming',
  startedAt: null,
  planDigest: '9f2b'.repeat(16),
  counts: countsOf({ queued: 198, failed: 2 }),
});
const outline = {
  lanes: 30,
  longestLane: 8,
  refused: 2,
  acceptsOutage: false,
  maxInFlight: 10,
  settleMs: null,
  warnings: [{ code: 'tunnel_outage', count: 12, first: 'vco-bp1bbi27hojx80nck****' }],
  frozen: null,
};
const card = jobCardOf(jobBodyOf(job, new FakeClock()), {
  outline,
  origin: 'https://lanes.example.com',
});

const coded = await withCode(card, async () => 'k3v0c8r1m2xq');

describe('docs/chat.md', () => {
  it.each([
    ['slack', blocksOf(card)],
    ['dingtalk', templateOf(coded)],
    ['feishu', cardOf(card)],
  ])('shows a card of %s as it is rendered', async (platform, rendered) => {
    const page = await readFile('docs/chat.md', 'utf8');
    const [, shown = 'null'] =
      new RegExp(`\`\`\`json ${platform}\\n([\\s\\S]*?)\`\`\``).exec(page) ?? [];

    expect(JSON.parse(shown)).toEqual(JSON.parse(JSON.stringify(rendered)));
  });
});
