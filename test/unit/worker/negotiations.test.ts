import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ProofSubject } from '../../../shared/change/handover.ts';
import { judgeSubject } from '../../../shared/change/proof.ts';
import type { NegotiationQuery } from '../../../shared/connection/negotiation.ts';
import { pageSize } from '../../../shared/connection/vpn-api.ts';
import { establishedOf, type LogDeps } from '../../../shared/worker/negotiations.ts';
import { aProof, iso, settledAt, subject } from '../../helpers/a-proof.ts';

const unsettledAt = settledAt - 3_000;
const secondMs = 1_000;
const timeoutMs = 300_000;
const proof = aProof(3_000, 10 * 86_400);

/** A line of a log, at a whole second of the cloud's clock; only some of them tell of a new SA. */
interface Line {
  at: number;
  isNegotiation: boolean;
}

interface Log {
  lines: readonly Line[];
  newestFirst: boolean;
  /** By how much the cloud's clock is ahead. */
  skewMs: number;
  /** How many calls are answered. */
  calls?: number;
}

/** As much of a worker as looks at a log like this one, at some time. */
function looking({ lines, newestFirst, skewMs, calls = Infinity }: Log) {
  let now = 0;
  const asked: NegotiationQuery[] = [];
  const connectionLogs: LogDeps['api']['connectionLogs'] = async (query) => {
    asked.push(query);
    if (asked.length > calls) {
      const error = { class: 'throttled', code: 'x', message: 'x', requestId: null } as const;
      return { kind: 'failed', error };
    }
    const { between, pageNumber } = query;
    const shown = lines
      .filter(({ at }) => at <= now + skewMs)
      .filter(
        ({ at }) =>
          between !== null &&
          at >= Math.floor(between.from / secondMs) * secondMs &&
          at <= Math.ceil(between.to / secondMs) * secondMs,
      )
      .sort((one, other) => (newestFirst ? other.at - one.at : one.at - other.at))
      .slice((pageNumber - 1) * pageSize, pageNumber * pageSize);
    const sas = shown.filter(({ isNegotiation }) => isNegotiation).map(({ at }) => at);
    const newest = sas.length === 0 ? null : Math.max(...sas);
    const value = {
      ikeEstablishedAt: newest,
      ipsecEstablishedAt: newest,
      isComplete: true,
      isLastPage: shown.length < pageSize,
      answeredAt: Math.floor((now + skewMs) / secondMs) * secondMs,
    };
    return { kind: 'ok', value };
  };
  const deps = { api: { connectionLogs }, clock: { now: () => now } };
  return {
    asked,
    async look(so: ProofSubject, at: number): Promise<ProofSubject> {
      now = at;
      const { established, logReadTo } = await establishedOf(deps, {
        change: { regionId: 'cn-hangzhou', vpnConnectionId: 'vco-a' },
        subject: so,
        proof,
      });
      const sight = { isUp: true, seenAt: at, established };
      return judgeSubject({ ...so, logReadTo }, sight, proof, timeoutMs);
    },
  };
}

/** Lines that tell nothing, so many a second, beginning so long before the cloud was done. */
function chatter(perSecond: number, forSeconds: number, beforeSeconds = 600): Line[] {
  return Array.from({ length: perSecond * forSeconds }, (_, index) => {
    const second = Math.floor(index / perSecond) - beforeSeconds;
    return { at: settledAt + second * secondMs, isNegotiation: false };
  });
}

describe('the log of a tunnel', () => {
  it('that is quiet takes one call, and is read anew by each look', async () => {
    const { look, asked } = looking({
      lines: chatter(1, 20, 10),
      newestFirst: false,
      skewMs: 0,
    });
    const after = await look(await look(subject, settledAt + 5_000), settledAt + 10_000);
    expect(after.logReadTo).toBeNull();
    expect(asked).toHaveLength(2);
  });

  it.each([true, false])(
    'that is busy hides no negotiation, newest line first: %s',
    async (newestFirst) => {
      const negotiation = { at: settledAt + 5 * secondMs, isNegotiation: true };
      const lines = [...chatter(40, 700), negotiation];
      const { look } = looking({ lines, newestFirst, skewMs: 0 });
      expect(await look(subject, settledAt + 9_000)).toMatchObject({ verdict: 'proved' });
    },
  );

  it('is read on from where the look before has come to', async () => {
    const lines = chatter(1, 40_000);
    const { look, asked } = looking({ lines, newestFirst: false, skewMs: 0 });
    const early = await look(subject, settledAt + 3_600_000);
    const calls = asked.length;
    const late = await look(early, settledAt + 4_200_000);
    expect(early.logReadTo).toBe(iso(settledAt + 3_600_000));
    expect(late.logReadTo).toBe(iso(settledAt + 4_200_000));
    // Ten minutes and what may have come late, fifty lines a call.
    expect(asked.length - calls).toBeLessThanOrEqual(16);
  });

  it('that could not be read to its end is read on by the next look', async () => {
    const negotiation = { at: settledAt + 7_000 * secondMs, isNegotiation: true };
    const log = { lines: [...chatter(1, 7_700), negotiation], newestFirst: false, skewMs: 0 };
    const refused = looking({ ...log, calls: 100 });
    const halfway = await refused.look(subject, settledAt + 7_050_000);
    expect(halfway).toMatchObject({ verdict: 'latent', logReadTo: expect.any(String) });
    const { look } = looking(log);
    expect(await look(halfway, settledAt + 7_051_000)).toMatchObject({ verdict: 'proved' });
  });

  it('that is busy is read on by the cloud’s clock, however far ahead ours is', async () => {
    const skewMs = -150_000;
    const negotiation = { at: settledAt + 310 * secondMs, isNegotiation: true };
    const lines = [...chatter(8, 1_200), negotiation].map((line) => ({
      ...line,
      at: line.at + skewMs,
    }));
    const { look } = looking({ lines, newestFirst: false, skewMs });
    const early = await look(subject, settledAt + 300_000);
    expect(early).toMatchObject({ verdict: 'latent', logReadTo: expect.any(String) });
    expect(await look(early, settledAt + 360_000)).toMatchObject({ verdict: 'proved' });
  });

  it('that nobody can read tells nothing', async () => {
    const { look } = looking({ lines: [], newestFirst: false, skewMs: 0, calls: 0 });
    expect(await look(subject, settledAt + 9_000)).toEqual(subject);
  });

  it('proves by what is newer than the last look at work, and nothing else', async () => {
    const at = fc.integer({ min: -900, max: 900 });
    const log = fc.record({
      negotiations: fc.array(at, { maxLength: 3 }),
      perSecond: fc.constantFrom(0, 1, 8),
      newestFirst: fc.boolean(),
      skewMs: fc.integer({ min: -90_000, max: 90_000 }),
      lookedAt: fc.uniqueArray(fc.integer({ min: 901, max: 2_000 }), {
        minLength: 1,
        maxLength: 3,
      }),
    });
    await fc.assert(
      fc.asyncProperty(log, async ({ negotiations, perSecond, lookedAt, ...how }) => {
        const seconds = negotiations.map((second) => settledAt + second * secondMs);
        const lines = [
          ...chatter(perSecond, 1_800, 900),
          ...seconds.map((second) => ({ at: second, isNegotiation: true })),
        ].map((line) => ({ ...line, at: Math.floor((line.at + how.skewMs) / 1_000) * 1_000 }));
        const { look } = looking({ lines, ...how });
        let so = subject;
        for (const second of lookedAt.sort((a, b) => a - b)) {
          if (so.verdict !== 'proved') so = await look(so, settledAt + second * secondMs);
        }
        const newest = Math.max(...seconds, 0);
        // The cloud's clock is read to a second, and its lines are of whole seconds.
        if (newest <= unsettledAt) expect(so.verdict).toBe('latent');
        if (newest > unsettledAt + 3 * secondMs) expect(so.verdict).toBe('proved');
      }),
      { numRuns: 60 },
    );
  });
});
