import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ProofSubject, Verdict } from '../../../shared/change/handover.ts';
import {
  agreedAmong,
  judgeSubject,
  proofToCome,
  type SubjectSight,
  verdictOf,
} from '../../../shared/change/proof.ts';
import type { ChangeTunnel } from '../../../shared/change/record.ts';
import { type PathParts, valuePathsOf } from '../../../shared/connection/values.ts';
import { connectionPart } from '../../../shared/connection/vpn-api.ts';
import { aProof, iso, settledAt, subject } from '../../helpers/a-proof.ts';

/** The last look that showed the cloud at work. */
const unsettledAt = settledAt - 40_000;
const timeoutMs = 300_000;
const lifetimeSeconds = 3_600;
const proof = aProof(40_000, lifetimeSeconds);

/** A look so many milliseconds after the cloud was done. */
function up(afterMs: number, established: SubjectSight['established'] = null): SubjectSight {
  return { isUp: true, seenAt: settledAt + afterMs, established };
}

function down(afterMs: number): SubjectSight {
  return { isUp: false, seenAt: settledAt + afterMs, established: null };
}

/** Times of SAs, in milliseconds after the cloud was done; null for what the log does not tell. */
function sas(ike: number | null, ipsec: number | null): SubjectSight['established'] {
  const at = (ms: number | null): number | null => (ms === null ? null : settledAt + ms);
  return { ike: at(ike), ipsec: at(ipsec) };
}

describe('what a look at a tunnel proves', () => {
  it.each<[string, SubjectSight, Verdict | null]>([
    ['up, and no log', up(1_000), null],
    ['up, and a log that tells nothing', up(1_000, sas(null, null)), null],
    ['up by SAs of before the last look at work', up(1_000, sas(-90_000, -90_000)), null],
    ['up by a new IKE SA', up(9_000, sas(5_000, -90_000)), 'proved'],
    ['an IKE SA of the very moment at which the cloud was done', up(9_000, sas(0, null)), null],
    ['a renewed IPsec SA below the old IKE SA', up(9_000, sas(-90_000, 5_000)), null],
    ['a renewed IPsec SA alone', up(9_000, sas(null, 5_000)), null],
    [
      'a whole negotiation after the cloud was last seen at work',
      up(9_000, sas(-20_000, -20_000)),
      'proved',
    ],
    ['both phases two seconds apart', up(9_000, sas(-20_000, -18_000)), 'proved'],
    ['both phases further apart', up(9_000, sas(-20_000, -17_999)), null],
    [
      'a whole negotiation while the cloud was seen at work',
      up(9_000, sas(-41_000, -41_000)),
      null,
    ],
    ['one that began while it was', up(9_000, sas(-40_000, -39_500)), null],
    ['a renewed IKE SA before the cloud was seen to be done', up(9_000, sas(-20_000, null)), null],
    ['up all the time that a proof may take', up(timeoutMs), 'latent'],
    ['up a moment less', up(timeoutMs - 1), null],
    ['up when every SA of before is over', up(lifetimeSeconds * 1_000 + 1), 'proved'],
    ['up at the last moment of the oldest SA', up(lifetimeSeconds * 1_000), 'latent'],
    ['down', down(1_000), null],
    ['down for long, seen for the first time', down(timeoutMs), null],
  ])('%s', (_, sight, verdict) => {
    expect(judgeSubject(subject, sight, proof, timeoutMs).verdict).toBe(verdict);
  });

  it.each<[string, SubjectSight['established'], Verdict | null]>([
    ['by an IPsec SA, where no key was changed', sas(-90_000, 5_000), 'proved'],
    ['not by an IKE SA alone', sas(5_000, -90_000), null],
  ])('%s', (_, established, verdict) => {
    const ofIpsec = { ...proof, phase: 'ipsec' as const };
    expect(judgeSubject(subject, up(9_000, established), ofIpsec, timeoutMs).verdict).toBe(verdict);
  });

  it('counts from the end of the cloud where nothing is known of the time before', () => {
    const unseen = { ...proof, unsettledAt: null };
    const before = up(9_000, sas(-20_000, -20_000));
    expect(judgeSubject(subject, before, unseen, timeoutMs).verdict).toBeNull();
  });

  it('is down to up, whatever the log says', () => {
    const seenDown = judgeSubject(subject, down(5_000), proof, timeoutMs);
    expect(seenDown).toMatchObject({ downSince: iso(settledAt + 5_000), verdict: null });
    expect(judgeSubject(seenDown, up(10_000), proof, timeoutMs).verdict).toBe('proved');
  });

  it('is refuted once it is down for as long as a proof may take, counted from when that was seen', () => {
    const seenDown = judgeSubject(subject, down(60_000), proof, timeoutMs);
    const almost = judgeSubject(seenDown, down(60_000 + timeoutMs - 1), proof, timeoutMs);
    const over = judgeSubject(almost, down(60_000 + timeoutMs), proof, timeoutMs);
    expect([almost.verdict, over.verdict]).toEqual([null, 'refuted']);
    expect(over.downSince).toBe(seenDown.downSince);
  });

  it('lets what was latent be refuted, and be proved', () => {
    const latent = judgeSubject(subject, up(timeoutMs), proof, timeoutMs);
    const broken = judgeSubject(latent, down(timeoutMs + 1_000), proof, timeoutMs);
    expect(broken.verdict).toBe('latent');
    expect(judgeSubject(broken, down(2 * timeoutMs + 1_000), proof, timeoutMs).verdict).toBe(
      'refuted',
    );
    expect(judgeSubject(broken, up(timeoutMs + 9_000), proof, timeoutMs).verdict).toBe('proved');
  });
});

/** Looks in the order of time; SAs are all from before the request, or not told. */
const looks = fc
  .array(
    fc.record({
      afterMs: fc.integer({ min: 1, max: 60_000 }),
      isUp: fc.boolean(),
      established: fc.option(
        fc.record({
          ike: fc.option(fc.integer({ min: settledAt - 10 ** 7, max: unsettledAt })),
          ipsec: fc.option(fc.integer({ min: settledAt - 10 ** 7, max: unsettledAt })),
        }),
      ),
    }),
    { maxLength: 40 },
  )
  .map((steps) => {
    let seenAt = settledAt;
    return steps.map(({ afterMs, isUp, established }) => {
      seenAt += afterMs;
      return { isUp, seenAt, established };
    });
  });

function judged(sights: readonly SubjectSight[]): ProofSubject {
  return sights.reduce(
    (so, sight) => (isDecided(so) ? so : judgeSubject(so, sight, proof, timeoutMs)),
    subject,
  );
}

function isDecided({ verdict }: ProofSubject): boolean {
  return verdict === 'proved' || verdict === 'refuted';
}

describe('a row of looks without a new SA in the log', () => {
  it('proves nothing unless the tunnel was seen down, or every old SA is over', () => {
    fc.assert(
      fc.property(looks, (sights) => {
        const isOutlived = sights.some(
          ({ seenAt }) => seenAt - settledAt > lifetimeSeconds * 1_000,
        );
        const wasDown = sights.some(({ isUp }) => !isUp);
        fc.pre(!isOutlived && !wasDown);
        expect(judged(sights).verdict).not.toBe('proved');
        expect(judged(sights).verdict).not.toBe('refuted');
      }),
    );
  });

  it('refutes only what was down at its end and for the whole time', () => {
    fc.assert(
      fc.property(looks, (sights) => {
        const end = judged(sights);
        if (end.verdict !== 'refuted') return;
        const since = Date.parse(end.downSince ?? '');
        const within = sights.filter(({ seenAt }) => seenAt >= since);
        const upTo = within.findIndex(({ seenAt }) => seenAt - since >= timeoutMs);
        expect(upTo).toBeGreaterThanOrEqual(0);
        expect(within.slice(0, upTo + 1).every(({ isUp }) => !isUp)).toBe(true);
      }),
    );
  });

  it('remembers when it first was down, and never calls latent what was proved', () => {
    fc.assert(
      fc.property(looks, (sights) => {
        const first = sights.find(({ isUp }) => !isUp);
        const end = judged(sights);
        if (end.downSince !== null) expect(Date.parse(end.downSince)).toBe(first?.seenAt);
        const again = judgeSubject(
          end,
          { isUp: true, seenAt: settledAt, established: null },
          proof,
          1,
        );
        if (end.downSince !== null) expect(again.verdict).toBe('proved');
      }),
    );
  });
});

describe('the verdict of a proof', () => {
  const of = (...verdicts: (Verdict | null)[]): Verdict | null =>
    verdictOf({ subjects: verdicts.map((verdict) => ({ ...subject, verdict })) });

  it.each<[readonly (Verdict | null)[], Verdict | null]>([
    [['proved', 'proved'], 'proved'],
    [['proved', 'latent'], 'latent'],
    [['latent', 'refuted'], 'refuted'],
    [['refuted', null], 'refuted'],
    [['proved', null], null],
    [['latent', null], null],
    [[], null],
  ])('of %j is %s', (verdicts, verdict) => {
    expect(of(...verdicts)).toBe(verdict);
  });
});

describe('what a part has to show', () => {
  const agreed = valuePathsOf(['tun-1/IkeConfig.Psk']);
  const tunnels = (['tun-1', 'tun-2'] as const).map((tunnelId, index) => ({
    tunnelId,
    role: null,
    index: index + 1,
    state: 'active',
    negotiation: 'ipsec_sa_established',
  }));
  const usual: Parameters<typeof proofToCome>[0] = {
    part: 'tun-1',
    direction: 'forth',
    agreed,
    asked: 'if-up-before',
    connection: { tunnels, negotiation: 'ipsec_sa_established' },
    tunnels: [],
    base: {},
    wanted: {},
    before: null,
  };
  const subjectsOf = (of: Partial<typeof usual>): readonly (string | null)[] | undefined =>
    proofToCome({ ...usual, ...of })?.subjects.map(({ tunnelId }) => tunnelId);
  const downTunnels = tunnels.map((tunnel) => ({
    ...tunnel,
    negotiation: 'ike_sa_not_established',
  }));
  const known: ChangeTunnel[] = [];

  it.each<[string, Partial<typeof usual>, readonly (string | null)[] | undefined]>([
    ['nothing where none is asked', { asked: 'none' }, undefined],
    ['nothing where nothing agreed is changed', { agreed: [] }, undefined],
    ['its own tunnel', {}, ['tun-1']],
    ['both tunnels where the connection is written', { part: connectionPart }, ['tun-1', 'tun-2']],
    ['not what was down', { connection: { ...usual.connection, tunnels: downTunnels } }, []],
    [
      'what was down too where it is required',
      { asked: 'required', connection: { ...usual.connection, tunnels: downTunnels } },
      ['tun-1'],
    ],
    [
      'the one tunnel',
      { part: connectionPart, connection: { tunnels: [], negotiation: 'ipsec_sa_established' } },
      [null],
    ],
  ])('%s', (_, of, subjects) => {
    expect(subjectsOf({ tunnels: known, ...of })).toEqual(subjects);
  });

  it('counts as up what was up when its values were handed over', () => {
    const before = { ...proof, part: 'tun-1' };
    const connection = { ...usual.connection, tunnels: downTunnels };
    expect(subjectsOf({ connection, before })).toEqual(['tun-1']);
    expect(subjectsOf({ connection, before: { ...before, part: 'tun-2' } })).toEqual([]);
  });

  it.each<[string, readonly PathParts[], 'ike' | 'ipsec']>([
    ['a key', valuePathsOf(['tun-1/IkeConfig.Psk', 'tun-1/IpsecConfig.IpsecPfs']), 'ike'],
    ['IPsec alone', valuePathsOf(['tun-1/IpsecConfig.IpsecPfs']), 'ipsec'],
  ])('looks at the phase that %s is looked at in', (_, changed, phase) => {
    expect(proofToCome({ ...usual, agreed: changed })?.phase).toBe(phase);
  });

  it.each<[string, Partial<typeof usual>, number]>([
    ['a day where no lifetime is known', {}, 86_400],
    ['the longer of old and new', lifetimes(3_600, 7_200), 7_200],
    ['the longer of new and old', lifetimes(7_200, 3_600), 7_200],
    ['a day for lifetime 0, which is the default', lifetimes(0, 3_600), 86_400],
  ])('takes old SAs to be over after %s', (_, of, seconds) => {
    expect(proofToCome({ ...usual, ...of })?.lifetimeSeconds).toBe(seconds);
  });

  function lifetimes(before: number, after: number): Partial<typeof usual> {
    const path = 'tun-1/IkeConfig.IkeLifetime';
    return { base: { [path]: before }, wanted: { [path]: after } };
  }

  it('is about what both sides must agree on', () => {
    const changed = valuePathsOf(['Name', 'IkeConfig.Psk', 'HealthCheckConfig.Enable']);
    expect(agreedAmong(changed).map(({ field }) => field)).toEqual(['IkeConfig.Psk']);
  });
});
