import { describe, expect, it } from 'vitest';
import {
  type Hand,
  type Held,
  handOf,
  leaseSeconds,
  next,
  stepOf,
  type World,
} from './lane-store-world.ts';

const leaseMs = leaseSeconds * 1000;
const soon = { kind: 'release', dueInMs: 3_000 } as const;

/** Claims, leases and fences of a LaneStore. */
export function defineClaimContract(world: World): void {
  describe('claiming', () => {
    it('leases no more lanes than asked for, and none twice', async () => {
      await world.release(['a@1', 'b@2', 'c@3', 'd@4', 'e@5']);
      const [one, two] = [world.hand('one'), world.hand('two')];

      const claims = [
        await one.claim(2),
        await two.claim(2),
        await one.claim(2),
        await two.claim(2),
      ];

      expect(claims.map((claim) => claim.length)).toEqual([2, 2, 1, 0]);
      expect(new Set(claims.flat().map((held) => held.laneKey)).size).toBe(5);
    });

    it('leases nothing when nothing is asked for', async () => {
      await world.release(['a@1']);

      expect(await world.hand().claim(0)).toEqual([]);
      expect(await world.hand().claim(-1)).toEqual([]);
    });

    it('takes a lane only once it is due', async () => {
      await world.release(['a@1']);
      const hand = world.hand();
      const held = await hand.next(await hand.take('1'));
      await hand.record(stepOf(held, 'settling', soon, { step: 'settle' }));

      const early = await world.lanes.claim({ worker: 'w', limit: 9, leaseSeconds });
      await world.pass(3_000);
      const late = await world.lanes.claim({ worker: 'w', limit: 9, leaseSeconds });

      expect(early).toEqual({ lanes: [], nextDueInMs: 3_000 });
      expect(late.lanes.map((lane) => lane.laneKey)).toEqual([held.laneKey]);
    });

    it.each([
      ['nobody wrote meanwhile', 'Busy'],
      ['its own worker wrote meanwhile', 'Own'],
      ['a worker elsewhere wrote meanwhile', 'Elsewhere'],
    ])('shows the change of a lane that was given back unread as it is, %s', async (_, code) => {
      await world.release(['a@1']);
      const here = world.hand();
      const elsewhere = handOf(await world.another(), 'elsewhere');
      const write = async (hand: Hand, held: Held | undefined, written: string): Promise<void> => {
        if (held === undefined) throw new Error('the lane is not due');
        const lastError = { code: written, class: 'busy', message: '', requestId: null } as const;
        await hand.record(stepOf(held, 'settling', soon, { step: 'settle', lastError }));
        await world.pass(3_000);
      };
      await write(here, await here.next(await here.take('1')), 'Busy');
      const [known] = await here.claim();
      if (known === undefined) throw new Error('the lane is not due');
      if (code === 'Own') await write(here, known, code);
      else await here.record({ ...stepOf(known, 'settling', soon), change: null });
      await world.pass(3_000);
      if (code === 'Elsewhere') await write(elsewhere, (await elsewhere.claim())[0], code);
      const [again] = await here.claim();

      expect(known.change?.lastError?.code).toBe('Busy');
      expect(again?.change).toMatchObject({ id: known.change?.id, lastError: { code } });
    });

    it('says when the next other lane is due, leased ones included', async () => {
      await world.release(['a@1', 'b@2']);
      const first = await world.lanes.claim({ worker: 'w', limit: 1, leaseSeconds });
      await world.pass(1_000);
      const second = await world.lanes.claim({ worker: 'w', limit: 1, leaseSeconds });

      expect(first.nextDueInMs).toBeLessThanOrEqual(0);
      expect(second.nextDueInMs).toBe(leaseMs - 1_000);
    });

    it('says that nothing else is due', async () => {
      await world.release(['a@1']);

      const { nextDueInMs } = await world.lanes.claim({ worker: 'w', limit: 1, leaseSeconds });

      expect(nextDueInMs).toBeNull();
    });

    it('gives the change that was begun on a lane with its intent, its lane and its backlog', async () => {
      const jobId = await world.release(['a@1', 'b@1', 'c@1']);
      const hand = world.hand();
      const held = await hand.next(await hand.take('1'));
      await hand.record(stepOf(held, 'settling', soon, { step: 'settle', attempts: 1 }));
      await world.pass(3_000);

      const { lanes } = await world.lanes.claim({ worker: 'w', limit: 9, leaseSeconds });

      expect(lanes).toEqual([
        {
          laneKey: 'gateway:cn-hangzhou/1',
          kind: 'gateway',
          regionId: 'cn-hangzhou',
          epoch: held.epoch + 1,
          backlog: 2,
          assignment: {
            change: expect.objectContaining({
              jobId,
              vpnConnectionId: 'a',
              state: 'settling',
              step: 'settle',
              attempts: 1,
              attachType: 'VPNGW',
              base: {
                'IkeConfig.IkeEncAlg': 'aes',
                EnableDpd: false,
                'IkeConfig.IkeLifetime': 86_400,
              },
            }),
            intent: {
              number: 0,
              fields: {
                'IkeConfig.IkeEncAlg': 'aes256',
                EnableDpd: true,
                'IkeConfig.IkeLifetime': 3600,
              },
              sealedKeys: {},
              keyDigests: {},
              rotatePsk: null,
              acceptOutage: false,
              tunnelProof: 'none',
              expected: null,
            },
            terms: {
              deliverTo: [],
              requireAcknowledgement: false,
              acknowledgeWithin: 'PT24H',
              keepPreviousFor: 'P7D',
              verifyTimeoutSeconds: 300,
              onFailure: 'stop',
            },
            ownFingerprint: null,
            ownLatent: [],
          },
        },
      ]);
    });

    it('gives what our own last change left on the connection, by the order of their ends', async () => {
      await world.release(['a@1', 'a@1', 'a@1']);
      const hand = world.hand();
      const first = await hand.next(await hand.take('1'));
      const tunnels = [
        {
          tunnelId: 'tun-1',
          role: null,
          index: 1,
          state: 'active',
          negotiation: null,
          wasUp: true,
          downSince: null,
          verdict: 'latent',
        },
        {
          tunnelId: 'tun-2',
          role: null,
          index: 2,
          state: 'active',
          negotiation: null,
          wasUp: true,
          downSince: null,
          verdict: 'proved',
        },
      ] as const;
      const finished = { step: null, resultFingerprint: 'print-1', tunnels };
      const [one] = await hand.record(stepOf(first, 'succeeded', next, finished));
      const change = one?.kind === 'next' ? one.assignment.change : null;
      const again = { step: null, resultFingerprint: 'print-2' };
      const [two] = await hand.record(stepOf({ ...first, change }, 'succeeded', next, again));

      expect(one).toMatchObject({
        assignment: { ownFingerprint: 'print-1', ownLatent: ['tun-1'] },
      });
      expect(two).toMatchObject({ assignment: { ownFingerprint: 'print-2', ownLatent: [] } });
    });
  });

  describe('leases', () => {
    it('are claimable again once they ran out, with a higher epoch and the same change', async () => {
      await world.release(['a@1']);
      const dead = world.hand('dead');
      const begun = await dead.next(await dead.take('1'));

      await world.pass(leaseMs - 1);
      const early = await world.hand('heir').claim();
      await world.pass(1);
      const [late] = await world.hand('heir').claim();

      expect(early).toEqual([]);
      expect(late).toEqual({
        laneKey: begun.laneKey,
        epoch: begun.epoch + 1,
        change: begun.change,
      });
    });

    it('last longer when renewed, and those lost are named', async () => {
      await world.release(['a@1', 'b@2']);
      const hand = world.hand();
      const [one, two] = await hand.claim();
      const lost = { laneKey: two?.laneKey ?? '', epoch: (two?.epoch ?? 0) - 1 };

      await world.pass(leaseMs - 1);
      const gone = await world.lanes.renew([one ?? lost, lost], leaseSeconds);
      await world.pass(1);

      expect(gone).toEqual([lost]);
      expect(await world.hand('other').claim()).toMatchObject([{ laneKey: two?.laneKey }]);
      expect(await world.lanes.renew([one ?? lost], leaseSeconds)).toEqual([]);
    });

    it('are lost by giving the lane back', async () => {
      await world.release(['a@1']);
      const hand = world.hand();
      const held = await hand.take('1');
      await hand.record({ ...stepOf(held, 'queued', soon), change: null });

      expect(await world.lanes.renew([held], leaseSeconds)).toEqual([held]);
    });

    it('are prolonged by each step that keeps the lane', async () => {
      await world.release(['a@1', 'b@1']);
      const hand = world.hand();
      const held = await hand.next(await hand.take('1'));
      await world.pass(leaseMs - 1);
      await hand.record(stepOf(held, 'applying', { kind: 'keep' }, { step: 'send' }));
      await world.pass(leaseMs - 1);
      await hand.end(held);
      await world.pass(leaseMs - 1);

      expect(await world.hand('other').claim()).toEqual([]);
      await world.pass(1);
      expect(await world.hand('other').claim()).toHaveLength(1);
    });
  });

  describe('fenced writes', () => {
    it('change nothing once the lane has a new holder', async () => {
      const jobId = await world.release(['a@1', 'b@1']);
      const slow = world.hand('slow');
      const stale = await slow.next(await slow.take('1'));
      await world.pass(leaseMs);
      const [current] = await world.hand('quick').claim();
      const before = await snapshot();

      const late = stepOf(stale, 'failed', next, { step: null });
      const outcomes = await slow.record({
        ...late,
        events: [{ kind: 'finished', data: { state: 'failed' } }],
        stopsJob: 'stopped: too late',
      });

      expect(outcomes).toEqual([{ kind: 'lost' }]);
      expect(await snapshot()).toEqual(before);
      expect(await world.lanes.renew(current ? [current] : [], leaseSeconds)).toEqual([]);

      async function snapshot(): Promise<unknown> {
        const job = await world.job(jobId);
        const changes = await world.jobs.listChanges({
          jobId,
          states: null,
          limit: 9,
          after: null,
        });
        const events = await Promise.all(changes.map(({ id }) => world.jobs.listEvents(id)));
        const lanes = await world.inside.lanes();
        return { job, changes, events, lanes };
      }
    });

    it('go through for the other lanes of the same call', async () => {
      await world.release(['a@1', 'b@2']);
      const slow = world.hand('slow');
      const one = await slow.next(await slow.take('1'));
      await world.pass(leaseMs);
      const quick = world.hand('quick');
      await quick.take('1');
      const two = await slow.next(await slow.take('2'));

      const outcomes = await slow.record(
        stepOf(one, 'succeeded', next, { step: null }),
        stepOf(two, 'succeeded', next, { step: null }),
      );

      expect(outcomes).toEqual([{ kind: 'lost' }, { kind: 'written' }]);
      expect(await world.states('job_001')).toEqual(['a:applying', 'b:succeeded']);
    });

    it('refuse a change that the lane does not carry', async () => {
      const jobId = await world.release(['a@1', 'b@2']);
      const hand = world.hand();
      const one = await hand.next(await hand.take('1'));
      const two = await hand.next(await hand.take('2'));

      const outcomes = await hand.record(stepOf({ ...one, change: two.change }, 'failed', next));

      expect(outcomes).toEqual([{ kind: 'lost' }]);
      expect(await world.states(jobId)).toEqual(['a:applying', 'b:applying']);
    });
  });
}
