import { readFile, writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { makeGateway } from '../../../local/simulator/defaults.ts';
import type { Connection, Inventory } from '../../../local/simulator/shapes.ts';
import {
  appliesTo,
  type FieldPath,
  type FieldPlace,
  fieldPaths,
  fieldTable,
} from '../../../shared/connection/fields.ts';
import { maskFields } from '../../../shared/connection/mask.ts';
import { type FieldValues, shownPath, valuePath } from '../../../shared/connection/values.ts';
import {
  connectionPart,
  type ModifyRequest,
  type VpnApi,
} from '../../../shared/connection/vpn-api.ts';
import type { ChangeView } from '../../../shared/job/job-store.ts';
import { Plan } from '../../../shared/plan/schema.ts';
import { Secret } from '../../../shared/platform/secret.ts';
import { withPostgres } from '../../helpers/databases.ts';
import { aFleet, aPair, region } from './fleet.ts';
import { portOf, useWorlds } from './worlds.ts';

/*
 * Every parameter of the three Modify actions, each set alone by a plan on a connection of its own, on each kind of connection
 * that takes it. `docs/parameters.md` is what this run shows; `UPDATE_DOCS=1` writes it.
 */

const document = 'docs/parameters.md';

/** A value for each field that differs from what `aFleet` and `aPair` make. */
const samples: Readonly<Record<FieldPath, string | number | boolean>> = {
  Name: 'renamed',
  LocalSubnet: '10.77.0.0/16',
  RemoteSubnet: '10.78.0.0/16,10.79.0.0/16',
  EffectImmediately: true,
  AutoConfigRoute: true,
  EnableTunnelsBgp: true,
  EnableDpd: false,
  EnableNatTraversal: false,
  CustomerGatewayId: 'cgw-other',
  RemoteCaCertificate: '-----BEGIN CERTIFICATE-----\nTUlJQg==\n-----END CERTIFICATE-----',
  'IkeConfig.Psk': 'newKey0123456789',
  'IkeConfig.IkeVersion': 'ikev1',
  'IkeConfig.IkeMode': 'aggressive',
  'IkeConfig.IkeEncAlg': 'aes256',
  'IkeConfig.IkeAuthAlg': 'sha256',
  'IkeConfig.IkePfs': 'group14',
  'IkeConfig.IkeLifetime': 28_800,
  'IkeConfig.LocalId': '198.51.100.77',
  'IkeConfig.RemoteId': 'branch.example.com',
  'IpsecConfig.IpsecEncAlg': 'aes256',
  'IpsecConfig.IpsecAuthAlg': 'sha256',
  'IpsecConfig.IpsecPfs': 'group14',
  'IpsecConfig.IpsecLifetime': 3_600,
  'BgpConfig.EnableBgp': true,
  'BgpConfig.LocalAsn': 65_010,
  'BgpConfig.TunnelCidr': '169.254.77.0/30',
  'BgpConfig.LocalBgpIp': '169.254.10.2',
  'HealthCheckConfig.enable': true,
  'HealthCheckConfig.dip': '192.168.77.1',
  'HealthCheckConfig.sip': '10.77.0.1',
  'HealthCheckConfig.interval': 7,
  'HealthCheckConfig.retry': 5,
  'HealthCheckConfig.Policy': 'reserve_route',
};

/** Single-tunnel connections begin with the old version, pairs with the new one. */
function sampleOf({ field, place }: Trial): string | number | boolean {
  return field === 'IkeConfig.IkeVersion' && place === 'single' ? 'ikev2' : samples[field];
}

const kinds = ['VPNGW', 'CEN'] as const;
const places: readonly FieldPlace[] = ['single', 'dual', 'tunnel'];

/** One parameter on one kind of connection, tried on a connection of its own. */
interface Trial {
  name: string;
  field: FieldPath;
  place: FieldPlace;
  kind: (typeof kinds)[number];
  /** In which tunnel it is set. */
  tunnel: string | null;
}

const trials = fieldPaths.flatMap((field) =>
  places.flatMap((place) =>
    kinds
      .filter((kind) => appliesTo(field, place, kind))
      .map((kind): Trial => {
        const name = `${field}-${place}-${kind}`.toLowerCase().replace(/[^a-z0-9]+/g, '');
        return { name, field, place, kind, tunnel: place === 'tunnel' ? `tun-${name}1` : null };
      }),
  ),
);

/** BGP is on where one of its fields is set alone, with a network of its own for each tunnel. */
function bgpOf({ field }: Trial): { bgp?: Connection['bgp'] } {
  if (!field.startsWith('BgpConfig.')) return {};
  const network = { TunnelCidr: '169.254.10.0/30', LocalBgpIp: '169.254.10.1' };
  const isOn = field === 'BgpConfig.LocalAsn' || field === 'BgpConfig.LocalBgpIp';
  return {
    bgp: {
      EnableBgp: isOn,
      LocalAsn: 45_104,
      ...(isOn || field === 'BgpConfig.EnableBgp' ? network : { TunnelCidr: '', LocalBgpIp: '' }),
    },
  };
}

function connectionOf(trial: Trial): Partial<Connection> {
  const { name, place, field } = trial;
  if (place === 'single') return bgpOf(trial);
  const isBgp = field.startsWith('BgpConfig.');
  const pair = aPair(name, (index) => {
    if (!isBgp && field !== 'EnableTunnelsBgp') return {};
    const third = index === 1 ? 10 : 11;
    const network = { TunnelCidr: `169.254.${third}.0/30`, LocalBgpIp: `169.254.${third}.1` };
    const own =
      field === 'BgpConfig.TunnelCidr' && index === 1
        ? { TunnelCidr: '169.254.12.0/30', LocalBgpIp: '' }
        : network;
    return { bgp: { LocalAsn: 45_104, ...own } };
  });
  return isBgp ? { ...pair, enableTunnelsBgp: true } : pair;
}

function theFleet(): Inventory {
  const fleet = aFleet(
    Object.fromEntries(
      trials.map((trial) => [
        trial.kind === 'VPNGW' ? `${trial.name}@${trial.name}` : trial.name,
        connectionOf(trial),
      ]),
    ),
  );
  const [customer] = fleet.customerGateways;
  if (customer === undefined) throw new Error('the fleet has no customer gateway');
  // Source: certificates belong to gateways of national standard.
  const certified = trials.filter(({ field }) => field === 'RemoteCaCertificate');
  return {
    ...fleet,
    customerGateways: [
      ...fleet.customerGateways,
      { ...customer, id: 'cgw-other', ipAddress: '203.0.113.99' },
    ],
    gateways: fleet.gateways.map((gateway) =>
      certified.some(({ name }) => gateway.id === `vpn-${name}`)
        ? makeGateway({ ...gateway, vpnType: 'NationalStandard' })
        : gateway,
    ),
  };
}

/** The `set` that names only this parameter, as a caller writes it. */
function setOf(trial: Trial): Record<string, unknown> {
  const { field, place, tunnel } = trial;
  const [block, key] = field.split('.');
  const value = sampleOf(trial);
  if (place !== 'tunnel')
    return key === undefined ? { [field]: value } : { [block ?? '']: { [key]: value } };
  const own = key === undefined ? { [field]: value } : { [`Tunnel${block}`]: { [key]: value } };
  return { TunnelOptionsSpecification: [{ TunnelId: tunnel, ...own }] };
}

interface Marks {
  accepted: boolean;
  sent: boolean;
  /** Null where no answer shows the field. */
  verified: boolean | null;
}

const hmacKey = Buffer.alloc(32, 3);

function holds(values: FieldValues, trial: Trial, tunnel: string | null): boolean {
  const path = valuePath(tunnel, trial.field);
  const value = sampleOf(trial);
  const wanted = trial.field === 'IkeConfig.Psk' ? new Secret(String(value)) : value;
  const [found, expected] = [values, { [path]: wanted }].map(
    (each) => maskFields(each, hmacKey)[path],
  );
  return found !== undefined && String(found) === String(expected);
}

function cell(marks: Marks | undefined): string {
  if (marks === undefined) return '– | – | –';
  const { accepted, sent, verified } = marks;
  return [accepted, sent, verified]
    .map((mark) => (mark === null ? 'in no answer' : mark ? '✓' : '✗'))
    .join(' | ');
}

function tableOf(found: ReadonlyMap<string, Marks>): string {
  const rows = fieldPaths.flatMap((field) =>
    places.flatMap((place) => {
      const marks = kinds.map((kind) =>
        found.get(
          trials.find((t) => t.field === field && t.place === place && t.kind === kind)?.name ?? '',
        ),
      );
      if (marks.every((mark) => mark === undefined)) return [];
      const shown = place === 'tunnel' ? shownPath(valuePath('n', field)) : field;
      const where = place === 'single' ? 'one tunnel' : 'two tunnels';
      return [`| \`${shown}\` | ${where} | ${marks.map(cell).join(' | ')} |`];
    }),
  );
  return [
    '# Parameters',
    '',
    '<!-- Written by test/function/worker/parameters.test.ts with UPDATE_DOCS=1; the same test fails when it is stale. -->',
    '',
    'Every parameter of `ModifyVpnConnectionAttribute`, `ModifyVpnAttachmentAttribute` and `ModifyTunnelAttribute` that changes a',
    'connection, as a plan names it. *Accepted*: a plan may set it on such a connection. *Sent*: the value reached the simulated cloud',
    'in the request. *Verified*: the change succeeded and the value was read back. A dash: the API does not take it there, and a plan that',
    'sets it is refused with the reason. On two tunnels `IkeConfig`, `IpsecConfig` and `BgpConfig` of a plan mean both. Each row is the',
    'result of a test that sets this parameter alone.',
    '',
    '| parameter | connection with | VPN gateway: accepted | sent | verified | attachment: accepted | sent | verified |',
    '| --- | --- | --- | --- | --- | --- | --- | --- |',
    ...rows,
    '',
  ].join('\n');
}

/** One plan with all trials, each with its own `set`. */
function thePlan(): Plan {
  return Plan.parse({
    title: 'every parameter',
    targets: trials.map((trial) => ({
      regionId: region,
      vpnConnectionId: `vco-${trial.name}`,
      set: setOf(trial),
    })),
    acceptOutage: true,
    onFailure: 'continue',
    rollout: { concurrency: '100%' },
  });
}

/** What became of a trial: its change, what was sent for it, and what stands in the cloud. */
function marksOf(
  trial: Trial,
  seen: { change: ChangeView; requests: readonly ModifyRequest[]; fields: FieldValues },
): Marks {
  const { change, requests, fields } = seen;
  const own = requests.filter(
    ({ vpnConnectionId, part }) =>
      vpnConnectionId === `vco-${trial.name}` && part === (trial.tunnel ?? connectionPart),
  );
  const isSent = own.some((request) =>
    [null, trial.tunnel].some((tunnel) => holds(request.fields, trial, tunnel)),
  );
  const isThere = change.state === 'succeeded' && holds(fields, trial, trial.tunnel);
  return {
    accepted: change.lastError?.class !== 'refused',
    sent: isSent,
    verified: fieldTable[trial.field].readable ? isThere : null,
  };
}

describe('every parameter of the Modify actions', () => {
  const open = useWorlds(withPostgres());

  it('is accepted, sent and verified wherever the API takes it', { timeout: 120_000 }, async () => {
    const requests: ModifyRequest[] = [];
    const clouds: VpnApi[] = [];
    const world = await open({
      simulator: { inventory: theFleet(), settleMs: { min: 10_000, max: 10_000 } },
      limits: { readsPerMinute: 10_000, writesPerMinute: 10_000 },
      wrapApi(api) {
        clouds.push(api);
        return {
          ...portOf(api),
          modify(request) {
            requests.push(request);
            return api.modify(request);
          },
        };
      },
    });
    const { id } = await world.submit(thePlan());
    await world.drain();

    const query = { jobId: id, states: null, limit: 1_000, after: null };
    const changes = await world.jobs.listChanges(query);
    const found = new Map<string, Marks>();
    for (const [index, trial] of trials.entries()) {
      const ref = { regionId: region, vpnConnectionId: `vco-${trial.name}` };
      const answer = await clouds[0]?.describeConnection(ref);
      const fields = answer?.kind === 'ok' ? (answer.value?.fields ?? {}) : {};
      const change = changes[index];
      if (change) found.set(trial.name, marksOf(trial, { change, requests, fields }));
    }
    const unfinished = changes.filter(({ state }) => state !== 'succeeded');
    expect(unfinished.map((change) => [change.vpnConnectionId, change.lastError])).toEqual([]);
    const table = tableOf(found);
    expect(table).not.toContain('✗');
    if (process.env.UPDATE_DOCS === '1') await writeFile(document, table);
    expect(await readFile(document, 'utf8')).toBe(table);
  });
});
