import { beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { createPgAuditLog } from '../../../shared/adapters/postgres/audit-log.ts';
import { JobBody } from '../../../shared/progress/job-body.ts';
import { bearer, createTestApp } from '../../helpers/apps.ts';
import { chatUsers, createTestChat, slackRequest, slashCommand } from '../../helpers/chat.ts';
import { databaseKinds, emptyAllTables } from '../../helpers/databases.ts';
import { aPlan } from '../../helpers/factories.ts';

const SlackAnswer = z.object({ response_type: z.string(), text: z.string(), blocks: z.unknown() });

describe.each(databaseKinds)('commands from a chat, on $kind', ({ withDatabase }) => {
  const database = withDatabase();
  beforeEach(() => emptyAllTables(database));

  function aRoom(overrides: Parameters<typeof createTestChat>[1] = {}) {
    const api = createTestApp(database);
    const chat = createTestChat(database, overrides);
    const submit = async (plan = aPlan()): Promise<string> =>
      JobBody.parse(await (await api.post(plan)).json()).id;
    const say = async (text: string, user = chatUsers.operator) => {
      const response = await chat.app.fetch(slackRequest(slashCommand(text, user)), {
        address: '203.0.113.9',
      });
      const answer = SlackAnswer.parse(await response.json());
      return { status: response.status, ...answer, shown: JSON.stringify(answer.blocks) };
    };
    const putSchedule = (name: string) =>
      api.app.fetch(
        new Request(`http://lanekeeper.test/v1/schedules/${name}`, {
          method: 'PUT',
          headers: {
            Authorization: `Bearer ${bearer.operator}`,
            'Content-Type': 'application/json',
          },
          body: JSON.stringify({ cron: '30 2 * * 0', timeZone: 'Europe/Berlin', plan: aPlan() }),
        }),
      );
    const audit = async () =>
      (
        await createPgAuditLog(database).list({
          actor: null,
          jobId: null,
          from: null,
          to: null,
          limit: 100,
          before: null,
        })
      ).filter(({ operation }) => operation.startsWith('slack'));
    return { ...api, ...chat, submit, say, putSchedule, audit };
  }

  it('answer help, and what was meant by a word that nobody knows', async () => {
    const { say } = aRoom();

    const help = await say('help');
    const unknown = await say('stauts');

    expect(help).toMatchObject({ status: 200, response_type: 'ephemeral' });
    expect(help.shown).toContain('freeze SCOPE for 2h REASON…');
    expect(unknown.shown).toContain('unknown command stauts; did you mean status?');
    expect(unknown.shown).toContain('rotate SELECTOR');
  });

  it('let a stranger ask for help and for nothing else, and write that down', async () => {
    const { say, submit, audit, get } = aRoom();
    const id = await submit();

    const help = await say('help', chatUsers.stranger);
    const jobs = await say('jobs', chatUsers.stranger);
    const cancel = await say(`cancel ${id}`, chatUsers.stranger);

    expect(help.shown).toContain('pause JOB');
    expect(jobs.shown).toContain(`your id is ${chatUsers.stranger}`);
    expect(jobs.shown).not.toContain(id);
    expect(cancel.shown).toContain('You are not known here');
    expect(await (await get(`/v1/jobs/${id}`)).json()).toMatchObject({ state: 'resolving' });
    expect(await audit()).toMatchObject([
      { actor: null, operation: `slack cancel ${id}`, outcome: 'forbidden', jobId: id },
      { actor: null, operation: 'slack jobs', action: 'read', outcome: 'forbidden' },
    ]);
  });

  it('go by the same table of roles as requests, and by the same audit', async () => {
    const { say, submit, audit } = aRoom();
    const id = await submit();

    const seen = await say(`status ${id}`, chatUsers.viewer);
    const refused = await say(`pause ${id}`, chatUsers.viewer);
    const paused = await say(`pause ${id} the site is down`);

    expect(seen.shown).toContain(id);
    expect(refused.shown).toContain('this takes one of the roles operator, admin');
    expect(paused).toMatchObject({ response_type: 'in_channel' });
    expect(paused.shown).toContain('Paused by ops: the site is down.');
    expect(await audit()).toMatchObject([
      { actor: 'ops', operation: `slack pause ${id}`, outcome: 'done', jobId: id },
      { actor: 'eyes', operation: `slack pause ${id}`, outcome: 'forbidden', jobId: id },
    ]);
  });

  it('are audited with what they were about, also when they are refused or fail', async () => {
    const { say, submit, audit } = aRoom();
    const id = await submit();
    const none = `${id.slice(0, -4)}0000`;
    await say(`cancel ${id.slice(-6).toLowerCase()} wrong fleet`);
    await say(`pause ${id.slice(-6).toLowerCase()}`);
    await say(`pause ${none}`);
    await say('pause nightly');
    await say('rotate region=cn-hangzhou tag:env=prod title=secret', chatUsers.viewer);
    const frozen = await say('freeze region:cn-hangzhou for 2h audit of the year');
    const name = /unfreeze (chat-[0-9a-f]{8})/.exec(frozen.shown)?.[1] ?? '';
    await say(`unfreeze ${name}`);

    expect((await audit()).toReversed()).toMatchObject([
      { operation: `slack cancel ${id}`, outcome: 'done', jobId: id },
      { operation: `slack pause ${id}`, outcome: 'conflict', jobId: id },
      { operation: `slack pause ${none}`, outcome: 'not_found', jobId: none },
      { operation: 'slack pause nightly', outcome: 'not_found', jobId: null },
      {
        actor: 'eyes',
        operation: 'slack rotate region=cn-hangzhou tag:env=prod',
        outcome: 'forbidden',
      },
      { operation: `slack freeze region:cn-hangzhou as ${name}`, outcome: 'done' },
      { operation: `slack unfreeze ${name}`, outcome: 'done' },
    ]);
  });

  it('pause, resume and cancel a job that is named by the end of its id', async () => {
    const { say, submit, get, wakes } = aRoom();
    const id = await submit();
    const end = id.slice(-6).toLowerCase();

    await say(`pause ${end}`);
    await say(`resume ${end}`);
    const cancelled = await say(`cancel ${end} wrong fleet`);
    const late = await say(`pause ${end}`);

    expect(cancelled.shown).toContain('cancelled');
    expect(await (await get(`/v1/jobs/${id}`)).json()).toMatchObject({
      state: 'cancelled',
      reason: 'cancelled by ops: wrong fleet',
    });
    expect(late.shown).toContain('the job has ended; it is too late for pause');
    expect(wakes).toHaveLength(2);
    expect(new Set(wakes).size).toBe(2);
  });

  it('say which job was probably meant', async () => {
    const { say, submit } = aRoom();
    const id = await submit();

    const near = await say(`status ${id.slice(0, -1)}`);
    const far = await say('status job_x');

    expect(near.shown).toContain(`unknown job ${id.slice(0, -1)}; did you mean ${id}?`);
    expect(far.shown).toContain('unknown job job_x');
    expect(far.shown).not.toContain('did you mean');
  });

  it('list what is going on, and what is frozen', async () => {
    const { say, submit } = aRoom();
    const id = await submit(aPlan({ title: 'Q4 rotation' }));

    const frozen = await say('freeze region:cn-hangzhou for 2h audit of the year');
    const name = /unfreeze (chat-[0-9a-f]{8})/.exec(frozen.shown)?.[1] ?? '';
    const status = await say('status');
    const card = await say(`status ${id}`);
    const jobs = await say('jobs');
    const over = await say(`unfreeze ${name}`);
    const again = await say(`unfreeze ${name}`);

    expect(frozen).toMatchObject({ response_type: 'in_channel' });
    expect(status.shown).toContain(id);
    expect(status.shown).toMatch(/region:cn-hangzhou \(chat-\w+\): audit of the year/);
    expect(card.shown).toMatch(
      /\d+ changes? waits?: region:cn-hangzhou is frozen until \S+: audit of the year\./,
    );
    expect(jobs.shown).toContain('Q4 rotation');
    expect(over.shown).toContain(`${name} has ended`);
    expect(again.shown).toContain('there is no freeze of that name');
  });

  it('tell every fault of a freeze', async () => {
    const { say } = aRoom();

    expect((await say('freeze everything for 2h x')).shown).toContain(
      '/scope: must be all, region:REGION',
    );
  });

  it('run a schedule, once for each saying, and follow its job', async () => {
    const { say, putSchedule, app, get } = aRoom();
    await putSchedule('nightly');

    const unknown = await say('run nightyl');
    const body = slashCommand('run nightly');
    const first = await app.fetch(slackRequest(body));
    const later = await app.fetch(
      slackRequest(body, { timestamp: Math.floor(Date.now() / 1_000) - 7 }),
    );
    const jobs = z.object({ items: z.array(JobBody) }).parse(await (await get('/v1/jobs')).json());

    expect(unknown.shown).toContain('unknown schedule nightyl; did you mean nightly?');
    expect(await first.text()).toContain('accepted as job_');
    expect([later.status, await later.text()]).toEqual([200, '']);
    expect(jobs.items).toMatchObject([{ scheduleName: 'nightly', createdBy: 'ops' }]);
    expect(await database.query('SELECT platform, room, origin FROM lanekeeper.chat_card')).toEqual(
      [{ platform: 'slack', room: 'C2147483705', origin: 'https://lanes.example.com' }],
    );
  });

  it('leave a preview to a worker, since it asks the cloud', async () => {
    const { say, putSchedule, wakes } = aRoom();
    await putSchedule('nightly');

    const answer = await say('preview nightly', chatUsers.viewer);

    expect(answer.shown).toContain('is being worked out; it follows here');
    expect(wakes).toHaveLength(1);
    expect(await database.query('SELECT kind, data FROM lanekeeper.notice')).toEqual([
      {
        kind: 'preview',
        data: {
          room: { platform: 'slack', id: 'C2147483705' },
          schedule: 'nightly',
          previewId: null,
        },
      },
    ]);
    expect(
      await database.query("SELECT lane_key, epoch FROM lanekeeper.lane WHERE kind = 'notice'"),
    ).toHaveLength(1);
  });

  it('tell the faults of a rotation by the words that they come of', async () => {
    const { say } = aRoom({ sinkNames: new Set(['kms']) });

    const answer = await say('rotate region=cn-hangzhou tag:env=prod length=5 gatway=vpn-1');
    const second = await say('rotate region=X tag:env=prod');

    expect(answer.shown).toContain('gatway is not known here; did you mean gateway?');
    expect(second.shown).toContain('region: ');
  });

  it('leave consent to a worker, under the digest that the card showed, and refuse at once', async () => {
    const { say, submit, get, audit } = aRoom();
    const [id, other] = [await submit(), await submit()];
    const early = await say(`approve ${id}`, chatUsers.approver);
    const digest = 'ab'.repeat(32);
    await database.query(
      "UPDATE lanekeeper.job SET plan_digest = $1, state = 'awaiting_approval', approvals_required = 1, approve_by = now() + interval '1 day'",
      [digest],
    );

    const card = await say(`status ${id}`, chatUsers.approver);
    const stale = await say(`approve ${id} digest=${'cd'.repeat(32)}`, chatUsers.approver);
    const operator = await say(`approve ${id}`);
    const approving = await say(`approve ${id} digest=${digest} looks good`, chatUsers.approver);
    const rejected = await say(`reject ${other} too early`, chatUsers.approver);

    expect(early.shown).toContain('the job is not resolved yet');
    expect(card.shown).toContain(`approve ${id} digest=${digest}`);
    expect(card.shown).toContain('abababababababab');
    expect(stale.shown).toContain('the plan is another one by now');
    expect(operator.shown).toContain('this takes one of the roles approver, admin');
    expect(approving.shown).toContain('compared with the cloud');
    expect(await database.query('SELECT kind, data FROM lanekeeper.notice')).toMatchObject([
      {
        kind: 'approve',
        data: {
          jobId: id,
          actor: 'boss',
          digest,
          reason: 'looks good',
          operation: `slack approve ${id}`,
          address: '203.0.113.9',
        },
      },
    ]);
    expect(rejected.shown).toContain('cancelled');
    expect(await (await get(`/v1/jobs/${other}`)).json()).toMatchObject({ state: 'cancelled' });
    expect(await audit()).toMatchObject([
      { actor: 'boss', operation: `slack reject ${other}`, outcome: 'done', jobId: other },
      { actor: 'boss', operation: `slack approve ${id}`, outcome: 'pending', jobId: id },
      { actor: 'ops', operation: `slack approve ${id}`, outcome: 'forbidden', jobId: id },
      { actor: 'boss', operation: `slack approve ${id}`, outcome: 'conflict', jobId: id },
      { actor: 'boss', operation: `slack approve ${id}`, outcome: 'conflict', jobId: id },
    ]);
  });

  it('are limited in number for each user', async () => {
    const { say, audit } = aRoom({ requestsPerMinute: 2 });

    const answers = [];
    for (let count = 0; count < 6; count += 1) answers.push(await say('jobs'));
    const other = await say('jobs', chatUsers.viewer);

    // A minute may begin in between.
    expect(answers.some(({ shown }) => shown.includes('too many requests in this minute'))).toBe(
      true,
    );
    expect(other.shown).toContain('Latest jobs');
    const limited = (await audit()).filter(({ outcome }) => outcome === 'rate_limited');
    expect(limited.length).toBeLessThanOrEqual(2);
    expect(limited[0]).toMatchObject({ actor: 'ops' });
  });
});
