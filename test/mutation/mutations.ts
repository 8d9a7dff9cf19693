import { chatGuards } from './chat-guards.ts';
import type { Mutation } from './mutation.ts';
import { rotationGuards } from './rotation-guards.ts';

const store = "the lane store, 'postgres'";
const races = 'test/contract/lane-store-races.test.ts';
const claimRaces = 'test/contract/lane-store-claim-races.test.ts';
const contract = 'test/contract/lane-store.test.ts';
const redundancy = 'test/contract/redundancy.test.ts';
const groups = "redundancy, 'postgres' connections that back each other up";

/** The guards on which the promises stand. */
export const mutations: readonly Mutation[] = [
  {
    guard: 'fence',
    without: 'a worker that lost its lane still writes what became of the change',
    file: 'shared/adapters/postgres/record-updates.ts',
    text: 'lane?.epoch !== epoch || (',
    becomes: 'lane === undefined || (',
    reddens: {
      [contract]: [
        `${store} fenced writes change nothing once the lane has a new holder`,
        `${store} fenced writes go through for the other lanes of the same call`,
      ],
    },
  },
  {
    guard: 'fence-of-renewal',
    without: 'a worker that lost its lane prolongs the lease of the next one',
    file: 'shared/adapters/postgres/lane-store.ts',
    text: 'WHERE l.lane_key = t.lane_key AND l.epoch = t.epoch AND',
    becomes: 'WHERE l.lane_key = t.lane_key AND',
    reddens: { [contract]: [`${store} leases last longer when renewed, and those lost are named`] },
  },
  {
    guard: 'lock-of-a-claim',
    without: 'two workers claim one lane in the same instant',
    file: 'shared/adapters/postgres/lane-store.ts',
    text: ' LIMIT $1 FOR UPDATE SKIP LOCKED',
    becomes: ' LIMIT $1',
    reddens: { [races]: ['leaves a lane alone that another claims in the same instant'] },
  },
  {
    guard: 'pick-of-its-own',
    without: 'a claim that writes other lanes too is checked again, picks again and takes too many',
    file: 'shared/adapters/postgres/lane-store.ts',
    text: `
  UPDATE lanekeeper.lane
     SET due_at = lanekeeper.now() + $2 * interval '1 second', epoch = epoch + 1, worker = $3
   WHERE lane_key = ANY (ARRAY(
           SELECT lane_key FROM lanekeeper.lane WHERE due_at <= lanekeeper.now()
            ORDER BY due_at, lane_key LIMIT $1 FOR UPDATE SKIP LOCKED))`,
    becomes: `
  WITH pick AS (
         SELECT lane_key FROM lanekeeper.lane WHERE due_at <= lanekeeper.now()
          ORDER BY due_at, lane_key LIMIT $1 FOR UPDATE SKIP LOCKED)
  UPDATE lanekeeper.lane
     SET due_at = lanekeeper.now() + $2 * interval '1 second', epoch = epoch + 1, worker = $3
    FROM (SELECT v.* FROM pick LEFT JOIN lanekeeper.lane AS h ON h.worker = $3,
                 LATERAL (VALUES (pick.lane_key, false), (h.lane_key, true)) AS v (picked, held)
           UNION ALL SELECT lane_key, true FROM lanekeeper.lane WHERE worker = $3) AS t
   WHERE lane_key = picked AND (NOT held OR worker = $3)`,
    reddens: {
      [claimRaces]: ['claims no more than it asked for while a lane of its own is given back'],
    },
  },
  {
    guard: 'begun-first',
    without: 'what a transaction writes stands although it could not begin',
    file: 'shared/adapters/postgres/pg-transaction.ts',
    text: 'if (hasBegun || (isRead && !isWaitedFor)) return run(text, values);',
    becomes: 'if (hasBegun || isRead || !isWaitedFor) return run(text, values);',
    reddens: {
      'test/unit/adapters/postgres/pg-transaction.test.ts': ['does nothing when it cannot begin'],
    },
  },
  {
    guard: 'load-after-the-claim',
    without: 'a lane is claimed with its change as it was before the last writing',
    file: 'shared/adapters/postgres/lane-store.ts',
    text: `  const claimed = limit > 0 ? await query(claimStatement, [limit, leaseSeconds, worker]) : [];
  const rows = claimed.map((row) => ClaimedRow.parse(row));
  const [assignments, nextDueInMs] = await Promise.all([
    assignmentsOf(query, rows, memory),
    nextDueBeside(query, rows),
  ]);`,
    becomes: `  const load = loadStatement.replace('= ANY ($1)', 'IN (SELECT "changeId" FROM u)');
  const joined = await query(
    \`WITH u AS (\${claimStatement}), l AS (\${load})
     SELECT l.*, u.* FROM u LEFT JOIN l ON l.id = u."changeId"\`,
    [limit, leaseSeconds, worker],
  );
  const rows = joined.map((row) => ClaimedRow.parse(row));
  const changes = joined.filter((row) => row.id !== null).map(parseAssignment);
  const assignments = new Map(changes.map((each) => [each.change.id, each]));
  const nextDueInMs = await nextDueBeside(query, rows);`,
    reddens: {
      [claimRaces]: ['claims a lane with its change as it was written meanwhile'],
    },
  },
  {
    guard: 'lock-of-a-step',
    without: 'a lane is claimed between the check of its epoch and the writing',
    file: 'shared/adapters/postgres/record-updates.ts',
    text: ' ORDER BY lane_key FOR UPDATE OF l`',
    becomes: ' ORDER BY lane_key`',
    reddens: { [races]: ['claims no lane between the check of its epoch and the writing'] },
  },
  {
    guard: 'lock-of-a-job',
    without: 'two lanes take the last slot of a job in the same instant',
    file: 'shared/adapters/postgres/move-jobs.ts',
    text: 'ORDER BY j.id FOR UPDATE`',
    becomes: 'ORDER BY j.id`',
    reddens: { [races]: ['gives a slot to one of two lanes that ask for it in the same instant'] },
  },
  {
    guard: 'slots',
    without: 'more changes of a job are in flight than its plan allows',
    file: 'shared/lane/assign-slots.ts',
    text: 'free <= 0 || ',
    becomes: '',
    reddens: {
      'test/unit/lane/assign-slots.test.ts': ['starts one of a lane at most, no more of a job'],
      'test/function/worker/changes.test.ts': ['never has more than 1 in flight'],
    },
  },
  {
    guard: 'order',
    without: 'an older change starts while a younger one of its connection is not over',
    file: 'shared/adapters/postgres/ready-next.ts',
    text: "AND f.finished_at IS NULL AND f.state <> 'queued')),",
    becomes: 'AND false)),',
    reddens: {
      [contract]: [`${store} a change that waits half done is not passed by an older one`],
    },
  },
  {
    guard: 'read-back',
    without: 'a change counts as done because the cloud is, whatever stands there',
    file: 'shared/worker/settle-step.ts',
    text: 'return judge(deps, held, assignment, { connection, readAt: readAtOf(deps, readAt) });',
    becomes:
      "return end(change, 'succeeded', { seen: { readBack: 'applied', readAt: readAtOf(deps, readAt) } });",
    reddens: {
      'test/function/worker/others.test.ts': [
        'who overwrites a wanted field is reported and left alone',
        'who changes another field leaves the change succeeded, with a note',
      ],
      'test/function/worker/unknown-fate.test.ts': ['under one token: sim:dropped=1'],
    },
  },
  {
    guard: 'token-reuse',
    without: 'a repeat of a request is a second request to the cloud',
    file: 'shared/worker/send-step.ts',
    text: 'composeRequest(target, fields, clientToken)',
    becomes: 'composeRequest(target, fields, globalThis.crypto.randomUUID())',
    reddens: {
      'test/function/worker/fates.test.ts': [
        'changes nothing any more while the cloud remembers its token',
      ],
    },
  },
  {
    guard: 'stored-request',
    without: 'a request that may have been sent is sent again without reading first',
    file: 'shared/worker/advance-lane.ts',
    text: 'held.preparedHere === assignment.change.clientToken',
    becomes: 'assignment.change.clientToken !== null',
    reddens: {
      'test/function/worker/fates.test.ts': [
        'after the request was stored and before it was sent, leaves what somebody set',
      ],
    },
  },
  {
    guard: 'repeat-over-others',
    without: 'a repeated request undoes what somebody else set in the same block',
    file: 'shared/worker/settle-step.ts',
    text: '!isAsBefore(change.base, observed)',
    becomes: 'false',
    reddens: {
      'test/function/worker/unknown-fate.test.ts': [
        'is not repeated over what somebody else set in the same block meanwhile',
        'is not repeated over what somebody else set in a block that lists do not show',
      ],
    },
  },
  {
    guard: 'base-moved',
    without: 'a plan overwrites what somebody else set after it was accepted',
    file: 'shared/worker/prepare-step.ts',
    text: 'if (isMoved(assignment, fingerprintOf(base))) {',
    becomes: 'if (fingerprintOf(base) === null) {',
    reddens: {
      'test/function/worker/others.test.ts': [
        'who moved the base after the plan was resolved stops the change before it is sent',
        'who moved it during our first change of the connection stops our second',
      ],
    },
  },
  {
    guard: 'lease-deadline',
    without: 'a worker that slept through its lease still writes to the cloud',
    file: 'shared/worker/send-step.ts',
    text: '(): boolean => deps.clock.monotonic() < held.deadline;',
    becomes: '(): boolean => true;',
    reddens: {
      'test/function/worker/crashes.test.ts': [
        'writes neither to the cloud nor to the database once it slept through its lease',
      ],
    },
  },
  {
    guard: 'last-look-at-the-lease',
    without: 'nobody asks for the lease as the last thing before a write',
    file: 'shared/budget/governed-vpn-api.ts',
    text: 'if (!mayStillSend())',
    becomes: 'if (mayStillSend === undefined)',
    reddens: {
      'test/unit/budget/governed-vpn-api.test.ts': [
        'is never sent once the lease may be over',
        'asks for the lease as the last thing',
      ],
    },
  },
  {
    guard: 'budget',
    without: 'writes go out beyond the budget',
    file: 'shared/budget/governed-vpn-api.ts',
    text: "if (refusal) return { kind: 'not_sent'",
    becomes: "if (refusal === undefined) return { kind: 'not_sent'",
    reddens: { 'test/unit/budget/governed-vpn-api.test.ts': ['is never sent without a place'] },
  },
  {
    guard: 'whole-blocks',
    without: 'a block is sent in part: the cloud sets the rest to its defaults and makes up a key',
    file: 'shared/change/request.ts',
    text: 'entriesOf(overlay(base, wanted))',
    becomes: 'entriesOf(wanted)',
    reddens: {
      'test/function/worker/changes.test.ts': ["as it was: 'regenerate', 'replace'"],
    },
  },
  {
    guard: 'one-tunnel-at-a-time',
    without: 'the second tunnel is written while the first has not come up again',
    file: 'shared/worker/prepare-step.ts',
    text: 'if (down) return waitForTunnel(',
    becomes: 'if (down === null) return waitForTunnel(',
    reddens: {
      'test/function/worker/dual-tunnel-waits.test.ts': [
        'is not written until the first tunnel is up again, and holds up nobody',
        'is never written when the first tunnel does not come up again',
      ],
    },
  },
  {
    guard: 'set-aside',
    without: 'a half done change that waits keeps its lane from all others',
    file: 'shared/worker/step-results.ts',
    text: "{ kind: 'wait', ...due }",
    becomes: "{ kind: 'release', ...due }",
    reddens: {
      'test/function/worker/dual-tunnel-waits.test.ts': [
        'is not written until the first tunnel is up again, and holds up nobody',
      ],
    },
  },
  {
    guard: 'companions-in-flight',
    without: 'connections that back each other up are changed together',
    file: 'shared/adapters/postgres/companions.ts',
    text: `NOT EXISTS (SELECT 1 FROM lanekeeper.change f WHERE \${yieldsTo})`,
    becomes: 'true',
    reddens: {
      [redundancy]: [
        `${groups} are waited for until what they have begun is over: while its tunnels are proved`,
        `${groups} are waited for until what they have begun is over: while its second key is delivered`,
        `${groups} are waited for until what they have begun is over: while it is taken back`,
        `${groups} of a job released while another is at work wait for what that has begun`,
      ],
    },
  },
  {
    guard: 'companions-of-one-instant',
    without: 'connections that back each other up begin in one transaction',
    file: 'shared/adapters/postgres/companions.ts',
    text: '!matter || chosen.length < 2',
    becomes: '!matter || chosen.length > 0',
    reddens: {
      [redundancy]: [
        `${groups} are changed one after the other: one address`,
        `${groups} are changed one after the other: one subnet in the other`,
      ],
    },
  },
  {
    guard: 'lock-of-the-meeting',
    without: 'two jobs begin changes that back each other up in the same instant',
    file: 'shared/adapters/postgres/companions.ts',
    text: 'if (meetOthers) await run(',
    becomes: 'if (meetOthers) void (',
    reddens: {
      'test/contract/redundancy-races.test.ts': [
        'lets one of two starts in the same instant wait for the other',
      ],
    },
  },
  {
    guard: 'idempotency-key',
    without: 'a plan that is submitted twice becomes two jobs',
    file: 'shared/adapters/postgres/job-store.ts',
    text: 'if (!job.idempotency) return null;',
    becomes: 'if (!job.idempotency || job.id) return null;',
    reddens: {
      'test/contract/job-store.test.ts': [
        "the job store, 'postgres' an idempotency key finds the same job again",
        "the job store, 'postgres' an idempotency key is not taken for another plan",
        "the job store, 'postgres' an idempotency key makes one job of twenty requests at once",
      ],
      'test/function/submit/post-job.test.ts': [
        'makes one job of twenty requests with one key at once',
      ],
    },
  },
  {
    guard: 'secrets',
    without: 'a secret shows where it is printed',
    file: 'shared/platform/secret.ts',
    text: `toString(): string {
    return '***';`,
    becomes: `toString(): string {
    return clearValueOf(this);`,
    reddens: { 'test/unit/secret/secret.test.ts': ['shows as *** however it is printed'] },
  },
  ...rotationGuards,
  ...chatGuards,
];
