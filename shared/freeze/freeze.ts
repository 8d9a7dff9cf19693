import { z } from 'zod';
import { parseInput, Reason, ResourceName } from '../platform/http/input.ts';

/** What is frozen: everything, a region, or what a lane of that key is; ids as the cloud writes them. */
const scopePattern =
  /^(all|region:[a-z0-9-]{1,64}|(gateway|connection):[a-z0-9-]{1,64}\/[\w-]{1,64})$/;

/** A freeze as it is written. */
export const FreezeInput = z
  .strictObject({
    scope: z
      .string()
      .regex(
        scopePattern,
        'must be all, region:REGION, gateway:REGION/GATEWAY or connection:REGION/CONNECTION',
      )
      .describe(
        'What is frozen: `all`, `region:cn-hangzhou`, `gateway:cn-hangzhou/vpn-…` or `connection:cn-hangzhou/vco-…`.',
      ),
    until: z.iso
      .datetime({ offset: true, error: 'must be a time like 2026-12-01T18:00:00Z' })
      .describe('When it ends by itself.'),
    reason: Reason.describe('Shown with every change that waits because of it.'),
  })
  .meta({ id: 'FreezeInput', description: 'A scope on which nothing may start.' });
export type FreezeInput = z.infer<typeof FreezeInput>;

/** A freeze as it stands. Times are ISO 8601 UTC. */
export interface Freeze extends FreezeInput {
  name: string;
  createdAt: string;
  createdBy: string;
}

/** The freezes. What is in flight when one begins finishes. */
export interface FreezeStore {
  /** Writes the freeze, whatever stood under its name. */
  put(freeze: Omit<Freeze, 'createdAt'>): Promise<Freeze>;
  get(name: string): Promise<Freeze | null>;
  /** Those that have not ended, the one that ends first in front. */
  list(): Promise<readonly Freeze[]>;
  /** False when there is none. */
  remove(name: string): Promise<boolean>;
}

/** A freeze from parsed JSON. Raises `invalid_request` with every fault; `now` is in wall-clock milliseconds. */
export function parseFreeze(input: unknown, now: number): FreezeInput {
  const future = FreezeInput.refine(({ until }) => Date.parse(until) > now, {
    path: ['until'],
    message: 'must be in the future',
    // Said besides other faults, unless it is the time itself that has one.
    when: ({ value }) => z.looseObject({ until: FreezeInput.shape.until }).safeParse(value).success,
  });
  return parseInput(future, input, 'the freeze has faults');
}

/** Whether a text can name a freeze. */
export function isFreezeName(text: string): boolean {
  return ResourceName.safeParse(text).success;
}
