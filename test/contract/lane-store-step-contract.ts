import { describe, expect, it } from 'vitest';
import { progress } from '../helpers/factories-store.ts';
import { leaseSeconds, stepOf, type World } from './lane-store-world.ts';

const leaseMs = leaseSeconds * 1000;
const tickMs = 1_000;
const soon = { kind: 'release', dueInMs: 3_000 } as const;

/** What a step leaves behind: the change, its journal and its lane. */
export function defineStepContract(world: World): void {
  describe('a step', () => {
    it('is stored whole, nulls included, with its events in order', async () => {
      await world.release(['a@1']);
      const hand = world.hand();
      const held = await hand.next(await hand.take('1'));
      const { change } = held;
      if (change === null) throw new Error('nothing was started');
      const lastError = { code: 'Busy', class: 'busy', message: 'wait', requestId: 'r-1' } as const;
      const written = progress(change, 'applying', {
        step: 'send',
        attempts: 2,
        refusals: 1,
        diff: [{ path: 'Name', from: null, to: 'x' }],
        base: { Name: 'ö"\\', EnableDpd: true },
        sealedBaseKeys: { 'tun-1/IkeConfig.Psk': 'sealed' },
        tunnels: [
          {
            tunnelId: 'tun-1',
            role: 'slave',
            index: null,
            state: 'active',
            negotiation: 'ipsec_sa_established',
            wasUp: true,
            downSince: null,
            verdict: null,
          },
        ],
        part: 'tun-1',
        settledAttempts: 1,
        requestDigest: 'digest',
        clientToken: 'token',
        lastError,
      });
      const events = [
        { kind: 'prepared', data: { nested: { list: [1, null, 'ö'] } } },
        { kind: 'unknown_fate', data: {} },
      ] as const;
      await hand.record({ ...held, change: written, events, afterwards: { kind: 'keep' } });
      const full = await world.jobs.getChange(change.jobId, change.id);
      const cleared = progress(change, 'settling', { step: 'settle', diff: [], base: null });
      await hand.record({ ...held, change: cleared, events: [], afterwards: { kind: 'keep' } });
      const empty = await world.jobs.getChange(change.jobId, change.id);

      expect(full).toMatchObject({ ...written, sentAt: expect.any(String), finishedAt: null });
      expect(empty).toMatchObject({ ...cleared, sentAt: full?.sentAt });
      const journal = await world.jobs.listEvents(change.id);
      expect(journal.map(({ number, kind, data }) => ({ number, kind, data }))).toEqual([
        {
          number: 1,
          kind: 'resolved',
          data: {
            lane: 'gateway:cn-hangzhou/1',
            leadsTo: { customerAddresses: [], network: null, remoteSubnets: [] },
            regionId: 'cn-hangzhou',
            vpnConnectionId: 'a',
          },
        },
        { number: 2, kind: 'started', data: { lane: 'gateway:cn-hangzhou/1' } },
        { number: 3, ...events[0] },
        { number: 4, ...events[1] },
      ]);
    });

    it('that releases the lane leaves its change there', async () => {
      await world.release(['a@1', 'b@1']);
      const hand = world.hand();
      const held = await hand.next(await hand.take('1'));
      await hand.record(stepOf(held, 'settling', soon, { step: 'settle' }));
      await world.pass(3_000);
      const [again] = await hand.claim();

      expect(again?.change).toMatchObject({ id: held.change?.id, state: 'settling' });
    });

    it.each([
      [0, 1_000],
      [1, 1_000],
      [999, 1_000],
      [1_000, 1_000],
      [1_001, 2_000],
    ])(
      'given back for %i ms on a tick of a second is due after %i ms',
      async (dueInMs, expected) => {
        await world.release(['a@1']);
        const hand = world.hand();
        const held = await hand.next(await hand.take('1'));
        await world.pass(tickMs - (world.clock.now() % tickMs));
        const onTick = { kind: 'release', dueInMs: Math.max(1, dueInMs), tickMs } as const;
        await hand.record(stepOf(held, 'settling', onTick, { step: 'settle' }));
        await world.pass(expected - 1);
        const early = await hand.claim();
        await world.pass(1);
        const [again] = await hand.claim();

        expect(early).toEqual([]);
        expect(again?.change?.id).toBe(held.change?.id);
      },
    );

    it.each([['keep'], ['release'], ['next']] as const)(
      'that says %s without naming the change leaves it on its lane',
      async (kind) => {
        const jobId = await world.release(['a@1', 'b@1']);
        const hand = world.hand();
        const held = await hand.next(await hand.take('1'));
        const afterwards = kind === 'release' ? { kind, dueInMs: 0 } : { kind };
        await hand.record({ ...stepOf(held, 'applying', afterwards), change: null });
        await world.pass(leaseMs);
        const [again] = await hand.claim();

        expect(again?.change?.id).toBe(held.change?.id);
        expect(await world.states(jobId)).toEqual(['a:applying', 'b:queued']);
      },
    );

    it('that requeues gives lane and slot back and comes again after its time', async () => {
      const jobId = await world.release(['a@1', 'b@2'], { maxInFlight: 1 });
      const hand = world.hand();
      const held = await hand.next(await hand.take('1'));
      const later = { kind: 'requeue', dueInMs: 5_000 } as const;
      await hand.next(await hand.take('2'));
      const event = { kind: 'requeued', data: {} } as const;
      await hand.record({
        ...stepOf(held, 'queued', later, { step: null, refusals: 1 }),
        events: [event],
      });

      const other = await hand.next(await hand.take('2'));
      expect(other.change).toMatchObject({ vpnConnectionId: 'b' });
      await hand.end(other);
      expect(await hand.claim()).toEqual([]);
      await world.pass(5_000);
      const again = await hand.next(await hand.take('1'));
      expect(again.change).toMatchObject({ id: held.change?.id, refusals: 1, sentAt: null });
      expect((await world.job(jobId)).counts).toMatchObject({ applying: 1, succeeded: 1 });
    });
  });
}
