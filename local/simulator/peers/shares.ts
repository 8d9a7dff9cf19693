import { SimulatorError } from '../errors.ts';
import { roll } from '../random.ts';
import type { Adoption, Connection } from '../shapes.ts';

/** Which share (0–1) of the tunnels has a peer of which kind; the others follow. */
export interface PeerShares {
  readonly onDelivery?: number;
  readonly late?: { readonly share: number; readonly afterMs: number };
  readonly never?: number;
  readonly wrongly?: number;
}

/**
 * Peers by the ids of their tunnels, or of single-tunnel connections; those that follow are left out. Who is what
 * depends on the seed and the id alone, so that an inventory is otherwise the same with peers and without.
 * @throws SimulatorError `bad_options` for shares that are none.
 */
export function shareAdoptions(
  connections: readonly Connection[],
  shares: PeerShares,
  seed = 1,
): Readonly<Record<string, Adoption>> {
  const ladder = ladderOf(shares);
  const ids = connections.flatMap(({ id, tunnels }) =>
    tunnels.length > 0 ? tunnels.map(({ tunnelId }) => tunnelId) : [id],
  );
  return Object.fromEntries(
    ids.flatMap((id) => {
      const drawn = roll(seed, 'adoption', id);
      const adoption = ladder.find(([upTo]) => drawn < upTo)?.[1];
      return adoption ? [[id, adoption]] : [];
    }),
  );
}

function ladderOf(shares: PeerShares): readonly (readonly [upTo: number, Adoption])[] {
  const { onDelivery = 0, late = { share: 0, afterMs: 0 }, never = 0, wrongly = 0 } = shares;
  const steps: readonly (readonly [number, Adoption])[] = [
    [onDelivery, { kind: 'onDelivery' }],
    [late.share, { kind: 'late', afterMs: late.afterMs }],
    [never, { kind: 'never' }],
    [wrongly, { kind: 'wrongly' }],
  ];
  let sum = 0;
  const ladder = steps.map(([share, adoption]) => {
    if (!(share >= 0 && share <= 1)) {
      throw new SimulatorError('bad_options', `a share of peers is ${share}, use 0 to 1`);
    }
    sum += share;
    return [sum, adoption] as const;
  });
  if (sum <= 1 + 1e-9) return ladder;
  throw new SimulatorError('bad_options', `shares of peers add up to ${sum}, use at most 1`);
}
