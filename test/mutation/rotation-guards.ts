import type { Mutation } from './mutation.ts';

const proof = 'test/unit/change/proof.test.ts';
const rotating = 'test/function/worker/rotation.test.ts';

/** The guards on which handing over, proving and taking back stand. */
export const rotationGuards: readonly Mutation[] = [
  {
    guard: 'proof-of-a-key',
    without: 'a renewed IPsec SA, which is made without the key, proves a key',
    file: 'shared/change/proof.ts',
    text: "const inQuestion = phase === 'ike' ? ike : ipsec;",
    becomes:
      'const inQuestion = ike === null || phase === null ? ipsec : Math.max(ike, ipsec ?? 0);',
    reddens: { [proof]: ['a renewed IPsec SA below the old IKE SA', 'a renewed IPsec SA alone'] },
  },
  {
    guard: 'proof-is-newer',
    without: 'a tunnel that is up by what was negotiated before the change is proved',
    file: 'shared/change/proof.ts',
    text: "if (inQuestion !== null && inQuestion > Date.parse(settledAt ?? '')) return true;",
    becomes: 'if (inQuestion !== null) return true;',
    reddens: { [proof]: ['up by SAs of before the last look at work'] },
  },
  {
    guard: 'proof-is-whole',
    without: 'one phase that was renewed while the cloud worked counts as a negotiation',
    file: 'shared/change/proof.ts',
    text: 'if (ike === null || ipsec === null || Math.abs(ike - ipsec) > sameMs) return false;',
    becomes: 'if (ike === null || ipsec === null) return false;',
    reddens: { [proof]: ['both phases further apart'] },
  },
  {
    guard: 'proof-since-last-look',
    without:
      'what was negotiated while the cloud was seen at work proves a key that it did not have yet',
    file: 'shared/worker/settle-step.ts',
    text: 'return handover === null ? again : advance(change, { handover }, null, again.afterwards);',
    becomes: 'return handover === null ? again : again;',
    reddens: {
      'test/function/worker/clock-skew.test.ts': [
        'takes what was negotiated while the cloud was seen at work for no proof',
      ],
    },
  },
  {
    guard: 'first-proved',
    without: 'the second tunnel is changed while nobody knows whether the first took its key',
    file: 'shared/worker/prove-step.ts',
    text: "if (verdict === 'latent' && !isMoreToCome(deps, assignment)) {",
    becomes: "if (verdict === 'latent') {",
    reddens: {
      [rotating]: ['is latent while the old SA stands, and the other tunnel waits for it'],
    },
  },
  {
    guard: 'latent-first',
    without: 'a tunnel is changed while the other one may go down at any time',
    file: 'shared/worker/prepare-step.ts',
    text: 'isOwn && ownLatent.includes(tunnelId)',
    becomes: 'isOwn && ownLatent.includes(base.Name)',
    reddens: { [rotating]: ['turns to the tunnel first that the change before left latent'] },
  },
  {
    guard: 'one-tunnel-stays-up',
    without: 'the only tunnel that is up is changed',
    file: 'shared/worker/prepare-step.ts',
    text: 'if (lost) return fail({ ...change, tunnels }, lost);',
    becomes: '',
    reddens: {
      'test/function/worker/dual-tunnel-waits.test.ts': [
        'is not begun while the other tunnel is down, unless an outage is accepted',
        'is not begun while the standby, whose turn comes first, is down, unless an outage is accepted',
      ],
    },
  },
  {
    guard: 'handed-over-first',
    without: 'the cloud gets a key that nobody else has',
    file: 'shared/worker/hand-over.ts',
    text: "return isAsked && (delivery === null || delivery.stage === 'open');",
    becomes: 'return isAsked && delivery === null && agreed.length < 0;',
    reddens: {
      [rotating]: [
        'that a sink refuses fails the change before the cloud is touched',
        'waits for an acknowledgement without lane or slot',
      ],
    },
  },
  {
    guard: 'taken-back',
    without: 'a key that the other side did not take stands although the plan says rollback',
    file: 'shared/worker/conclude.ts',
    text: 'if (isTakenBack(result, assignment)) return startBack(result, held);',
    becomes: '',
    reddens: {
      [rotating]: ['is taken back, and the old one delivered and proved'],
    },
  },
  {
    guard: 'taken-back-only-where-asked',
    without: 'a failed change is taken back although the plan says that it stays',
    file: 'shared/worker/conclude.ts',
    text: "stopsJob !== undefined || terms.onFailure !== 'rollback'",
    becomes: 'stopsJob !== undefined',
    reddens: {
      [rotating]: ['stays where the plan says so, and the change fails with the diagnosis'],
    },
  },
  {
    guard: 'tidied-up',
    without: 'a key that was handed over for nothing stays pending for good',
    file: 'shared/worker/conclude.ts',
    text: 'if (result.change === null || leavingOf(result.change, assignment) === null) return result;',
    becomes: 'if (result.change !== null) return result;',
    reddens: {
      [rotating]: ['is taken back, and the old one delivered and proved'],
    },
  },
  {
    guard: 'restored-for-good',
    without: 'what a rollback job restored and nobody answers is taken back in turn',
    file: 'shared/worker/conclude.ts',
    text: 'if (isRestoring(assignment)) return false;',
    becomes: '',
    reddens: {
      'test/function/worker/restored.test.ts': [
        'leaves the old key where it is not proved, and brings the new one not back',
      ],
    },
  },
];
