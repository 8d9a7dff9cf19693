import { createHash, type Hash } from 'node:crypto';
import { z } from 'zod';
import { changeStates } from '../change/state.ts';
import { jobStates } from '../job/state.ts';
import { failureReactions, redundancies } from '../plan/rollout.ts';
import { canonicalJson } from '../platform/canonical.ts';
import { isSignedBy, type PublicKey, type Signer } from '../secret/signing-key.ts';
import type { ChainHead } from './chain.ts';

const Digest = z.string().regex(/^[0-9a-f]{64}$/);

/** What is said of a job's journal once the job has ended. */
export const Seal = z
  .strictObject({
    version: z.literal(1),
    jobId: z.string(),
    state: z.enum(jobStates).describe('How the job ended.'),
    finishedAt: z.string(),
    planDigest: z.string().nullable(),
    counts: z.record(z.enum(changeStates), z.int()).describe('Number of changes in each state.'),
    rules: z
      .strictObject({
        concurrency: z.int(),
        maxErrors: z.int(),
        onFailure: z.enum(failureReactions),
        batches: z
          .array(z.int())
          .optional()
          .describe('How many changes are begun by the end of each batch; absent: one batch.'),
        slowStart: z.boolean().optional().describe('One change at once, then two, four, …'),
        notBefore: z.string().optional(),
        notAfter: z.string().optional(),
        approval: z
          .strictObject({ required: z.int(), submitter: z.string() })
          .optional()
          .describe('How many had to agree, none of them the submitter; absent: nobody.'),
        redundancy: z.enum(redundancies).optional(),
      })
      .describe("The plan's rollout, in counts."),
    changes: z.int().describe('Number of chains.'),
    events: z.int().describe('Number of events in them.'),
    root: Digest.describe(
      'SHA-256, hex, over a line for each chain in plan order: the canonical JSON of changeId, events, unchained and head, and a line feed.',
    ),
    verification: Digest.describe('SHA-256, hex, over the canonical JSON of the verification.'),
    sealedAt: z.string(),
    keyId: z.string().describe('The key that signed it.'),
  })
  .meta({ id: 'Seal' });
export type Seal = z.infer<typeof Seal>;

/** A seal with the signature over its canonical JSON. */
export const SignedSeal = z
  .strictObject({
    seal: Seal,
    signature: z
      .string()
      .describe('Ed25519 over the canonical JSON (RFC 8785) of `seal`, base64url.'),
  })
  .meta({ id: 'SignedSeal' });
export type SignedSeal = z.infer<typeof SignedSeal>;

/** Sums chains up, one after the other in plan order, into what a seal holds of them. */
export class RootHash {
  readonly #hash: Hash = createHash('sha256');
  #changes = 0;
  #events = 0;

  add({ changeId, events, unchained, head }: ChainHead): void {
    this.#hash.update(`${canonicalJson({ changeId, events, unchained, head })}\n`);
    this.#changes += 1;
    this.#events += events;
  }

  /** The sum so far; more may be added. */
  sum(): Pick<Seal, 'changes' | 'events' | 'root'> {
    const root = this.#hash.copy().digest('hex');
    return { changes: this.#changes, events: this.#events, root };
  }
}

/** The seal with its signature, by the key that it names from now on. */
export function signSeal(signer: Signer, content: Omit<Seal, 'version' | 'keyId'>): SignedSeal {
  const seal: Seal = { version: 1, ...content, keyId: signer.keyId };
  return { seal, signature: signer.sign(canonicalJson(seal)) };
}

/** Whether one of these keys is the one that the seal names and made the signature. */
export function isSealedBy(keys: readonly PublicKey[], { seal, signature }: SignedSeal): boolean {
  const key = keys.find(({ kid }) => kid === seal.keyId);
  return key !== undefined && isSignedBy(key, canonicalJson(seal), signature);
}
