import type { GovernedVpnApi } from '../budget/governed-vpn-api.ts';
import type { VpnConnection } from '../connection/model.ts';
import type { CloudError } from '../connection/vpn-api.ts';
import type { Clock } from '../platform/clock.ts';
import { createGatherer } from '../platform/gather.ts';
import { type Cover, chooseCover, type KnownPlaces, listsUpdatingGateways } from './cover.ts';
import { Observations } from './observations.ts';
import { readPages } from './read-pages.ts';
import {
  createSingleReads,
  type Faults,
  type RegionContext,
  readGatewayList,
  singlesAtOnce,
  startListPages,
  sweepRegion,
} from './region-reads.ts';
import { isOpen, type Look, type Sight, seenBy, sightOf } from './sights.ts';

/** What a search found. */
export type Found =
  | { kind: 'found'; connections: ReadonlyMap<string, VpnConnection | null> }
  | { kind: 'failed'; error: CloudError };

/** Reads for many at once: looks that come together share the fewest calls that cover them all. */
export interface RegionReader {
  look(look: Look): Promise<Sight>;
  /** Certain connections of a region as they are now, by id; null for those that do not exist. */
  find(regionId: string, ids: readonly string[]): Promise<Found>;
  /** All connections of a region as they are now, and certain ones by id even where lists miss them. */
  survey(regionId: string, ids: readonly string[]): Promise<Found>;
}

interface Region {
  observed: Observations;
  look(look: Look): Promise<Sight>;
}

/** A look whose reads are under way, together with those of others. */
interface StartedLook {
  sight: Promise<Sight>;
}

/** A reader over the governed API. Looks gather for `lingerMs` before they are read. */
export function createRegionReader(deps: {
  api: GovernedVpnApi;
  clock: Clock;
  lingerMs: number;
}): RegionReader {
  const regions = new Map<string, Region>();

  function regionOf(regionId: string): Region {
    const known = regions.get(regionId);
    if (known) return known;
    const observed = new Observations();
    const run = async (looks: readonly Look[]): Promise<readonly StartedLook[]> =>
      startLooks({ ...deps, regionId, observed }, looks);
    const start = createGatherer({ run, lingerMs: deps.lingerMs, clock: deps.clock });
    const region = { observed, look: async (look: Look) => (await start(look)).sight };
    regions.set(regionId, region);
    return region;
  }

  return {
    look: (look) => {
      const region = regionOf(look.regionId);
      // What is known already needs no company to travel in.
      const isKnown = !look.awaitsGateway && seenBy(region.observed, look) !== null;
      return isKnown
        ? Promise.resolve(sightOf(region.observed, look, new Map()))
        : region.look(look);
    },
    find: (regionId, ids) =>
      findConnections({ ...deps, regionId, observed: regionOf(regionId).observed }, ids),
    survey: (regionId, ids) =>
      surveyRegion({ ...deps, regionId, observed: regionOf(regionId).observed }, ids),
  };
}

/** Starts what the looks need together. Each is answered as soon as its own part was read. */
function startLooks(context: RegionContext, looks: readonly Look[]): readonly StartedLook[] {
  const { observed, clock } = context;
  observed.forgetBefore(clock.monotonic());
  const faults: Faults = new Map();
  const started = readGateways(context, looks, faults).then(() =>
    startReads(
      context,
      looks.filter((look) => isOpen(observed, look)),
      faults,
    ),
  );
  const sight = async (look: Look): Promise<Sight> => {
    const reads = await started;
    if (isOpen(observed, look)) await reads(look);
    return sightOf(observed, look, faults);
  };
  return looks.map((look) => ({ sight: sight(look) }));
}

async function readGateways(
  { api, clock, regionId, observed }: RegionContext,
  looks: readonly Look[],
  faults: Faults,
): Promise<void> {
  const wanted = looks.flatMap(({ awaitsGateway, vpnGatewayId, notBefore }) =>
    awaitsGateway &&
    vpnGatewayId !== null &&
    observed.gatewayIsUpdating(vpnGatewayId, notBefore) === null
      ? [vpnGatewayId]
      : [],
  );
  const ids = [...new Set(wanted)];
  const readAt = clock.monotonic();
  if (listsUpdatingGateways(ids.length, observed.updatingGateways)) {
    const listed = await readPages((pageNumber) =>
      api.listGateways({ regionId, status: 'updating', pageNumber }),
    );
    if (listed.kind === 'failed') {
      for (const id of ids) faults.set(id, listed.error);
      return;
    }
    observed.updatingGateways = listed.total;
    const updating = new Set(listed.items.map((gateway) => gateway.vpnGatewayId));
    for (const id of ids) observed.sawGateway(id, updating.has(id), readAt);
    return;
  }
  const outcomes = await Promise.all(
    ids.map((vpnGatewayId) => api.describeGateway({ regionId, vpnGatewayId })),
  );
  outcomes.forEach((outcome, index) => {
    const id = ids[index];
    if (id === undefined) return;
    if (outcome.kind === 'failed') faults.set(id, outcome.error);
    else observed.sawGateway(id, outcome.value?.status === 'updating', readAt);
  });
}

/** Starts the calls that cover the looks; the answer waits for a look's own part of them. */
function startReads(
  context: RegionContext,
  looks: readonly Look[],
  faults: Faults,
): (look: Look) => Promise<void> {
  const readAlone = createSingleReads(context, faults);
  // A look for which a list is not enough reads its connection alone.
  const covered = startCover(
    context,
    looks.filter((look) => !look.needsOwnRead),
    { faults, readAlone },
  );
  return async (look) => {
    await covered(look);
    // A list may have missed a connection (pages shift while they are read): only a read of its own says that it is gone.
    const isFailed = faults.has(look.vpnConnectionId) || faults.has(look.vpnGatewayId ?? '');
    if (seenBy(context.observed, look) === null && !isFailed) await readAlone(look.vpnConnectionId);
  };
}

function startCover(
  context: RegionContext,
  looks: readonly Look[],
  reading: Reading,
): (look: Look) => Promise<void> {
  if (looks.length === 0) return () => Promise.resolve();
  const alone = looks.filter((look) => look.vpnGatewayId === null);
  const cover = chooseCover(
    {
      gatewayIds: [...new Set(looks.flatMap((look) => look.vpnGatewayId ?? []))],
      attachmentIds: [...new Set(alone.map((look) => look.vpnConnectionId))],
    },
    placesOf(context.observed),
  );
  return cover.kind === 'sweep'
    ? startSweep(context, looks, reading)
    : startParts(context, looks, { ...reading, cover });
}

/** Reads that were started together. */
interface Reading {
  faults: Faults;
  readAlone: (id: string) => Promise<void>;
}

function startSweep(
  context: RegionContext,
  looks: readonly Look[],
  { faults }: Reading,
): (look: Look) => Promise<void> {
  const arrivals = new Map(looks.map(({ vpnConnectionId }) => [vpnConnectionId, createArrival()]));
  const swept = sweepRegion(context, (id) => arrivals.get(id)?.come()).then((all) => {
    if (all.kind === 'failed')
      for (const look of looks) faults.set(look.vpnConnectionId, all.error);
    for (const { come } of arrivals.values()) come();
  });
  return (look) => Promise.race([swept, arrivals.get(look.vpnConnectionId)?.came ?? swept]);
}

function startParts(
  context: RegionContext,
  looks: readonly Look[],
  { faults, readAlone, cover }: Reading & { cover: Extract<Cover, { kind: 'parts' }> },
): (look: Look) => Promise<void> {
  const { places } = context.observed;
  const keyOf = (look: Look): string => look.vpnGatewayId ?? look.vpnConnectionId;
  const parts = new Map([
    ...cover.gatewayIds.map((id) => [id, readGatewayList(context, id, faults)] as const),
    ...cover.connectionIds.map((id) => [id, readAlone(id)] as const),
  ]);
  const pages = cover.pages.map((number) => {
    const there = looks.filter((look) => places.pageOf(keyOf(look)) === number);
    return { there, expected: there.map((look) => look.vpnConnectionId), number };
  });
  const reads = startListPages(context, pages, faults);
  for (const { there, number } of pages) {
    for (const look of there) parts.set(keyOf(look), reads.get(number) ?? Promise.resolve());
  }
  return async (look) => parts.get(keyOf(look));
}

/** Something that comes once. */
function createArrival(): { came: Promise<void>; come: () => void } {
  let come = (): void => undefined;
  const came = new Promise<void>((resolve) => {
    come = resolve;
  });
  return { came, come: () => come() };
}

function placesOf(observed: Observations): KnownPlaces {
  return {
    connectionsInRegion: observed.connectionsInRegion,
    connectionsOnGateway: (id) => observed.connectionsOnGateway(id),
    pageOf: (id) => observed.places.pageOf(id),
  };
}

/** A search for so few is not worth learning the region's size first. */
const fewIds = 3;

async function findConnections(context: RegionContext, ids: readonly string[]): Promise<Found> {
  const { api, clock, regionId, observed } = context;
  const notBefore = clock.monotonic();
  if (observed.connectionsInRegion === null && ids.length > fewIds) {
    const first = await api.listConnections({ regionId, pageNumber: 1 });
    if (first.kind === 'failed') return first;
    observed.connectionsInRegion = first.value.total;
  }
  const cover = chooseCover({ gatewayIds: [], attachmentIds: ids }, placesOf(observed));
  if (cover.kind === 'sweep') {
    const swept = await sweepRegion(context);
    if (swept.kind === 'failed') return swept;
  } else {
    const error = await readPagesOf(context, ids, cover.pages);
    if (error) return { kind: 'failed', error };
  }
  return findOneByOne(context, ids, notBefore);
}

/** Reads the pages on which these connections are expected; answers with what went wrong. */
async function readPagesOf(
  context: RegionContext,
  ids: readonly string[],
  numbers: readonly number[],
): Promise<CloudError | null> {
  const faults: Faults = new Map();
  const { places } = context.observed;
  const pages = numbers.map((number) => {
    return { number, expected: ids.filter((id) => places.pageOf(id) === number) };
  });
  await Promise.all(startListPages(context, pages, faults).values());
  const [error] = faults.values();
  return error ?? null;
}

/** Certain connections, of which those not seen since `notBefore` are read alone. */
async function findOneByOne(
  context: RegionContext,
  ids: readonly string[],
  notBefore: number,
): Promise<Found> {
  const { observed } = context;
  const missing = ids.filter((id) => observed.connection(id, notBefore) === null);
  const faults: Faults = new Map();
  const readAlone = createSingleReads(context, faults);
  for (let from = 0; from < missing.length && faults.size === 0; from += singlesAtOnce) {
    await Promise.all(missing.slice(from, from + singlesAtOnce).map(readAlone));
  }
  const [error] = faults.values();
  if (error) return { kind: 'failed', error };
  const connections = ids.map(
    (id) => [id, observed.connection(id, notBefore)?.value ?? null] as const,
  );
  return { kind: 'found', connections: new Map(connections) };
}

async function surveyRegion(context: RegionContext, ids: readonly string[]): Promise<Found> {
  const notBefore = context.clock.monotonic();
  const swept = await sweepRegion(context);
  if (swept.kind === 'failed') return swept;
  const named = await findOneByOne(context, ids, notBefore);
  if (named.kind === 'failed') return named;
  const listed = swept.items.map((item) => [item.vpnConnectionId, item] as const);
  return { kind: 'found', connections: new Map([...listed, ...named.connections]) };
}
