import openApi from '../../docs/openapi.json' with { type: 'json' };
import { createSubmitApp, type SubmitDeps } from '../../functions/submit/handler.ts';
import { createPgAcknowledgements } from '../../shared/adapters/postgres/acknowledgements.ts';
import { createPgApprovalStore } from '../../shared/adapters/postgres/approval-store.ts';
import { createPgChangeVerbs } from '../../shared/adapters/postgres/change-verbs.ts';
import type { Database } from '../../shared/adapters/postgres/database.ts';
import { createPgFleetStore } from '../../shared/adapters/postgres/fleet-store.ts';
import { createPgFreezeStore } from '../../shared/adapters/postgres/freeze-store.ts';
import { createPgInventoryStore } from '../../shared/adapters/postgres/inventory-store.ts';
import { createPgJobStore } from '../../shared/adapters/postgres/job-store.ts';
import { createPgJobVerbs } from '../../shared/adapters/postgres/job-verbs.ts';
import { createPgJournalStore } from '../../shared/adapters/postgres/journal-store.ts';
import { createPgKeyringStore } from '../../shared/adapters/postgres/keyring-store.ts';
import { createPgLaneStore } from '../../shared/adapters/postgres/lane-store.ts';
import { openGate } from '../../shared/adapters/postgres/open-gate.ts';
import { createPgPreviewStore } from '../../shared/adapters/postgres/preview-store.ts';
import { createPgScheduleStore } from '../../shared/adapters/postgres/schedule-store.ts';
import { noTally } from '../../shared/metrics/tally.ts';
import { systemClock as clock } from '../../shared/platform/clock.ts';
import type { ApiToken } from '../../shared/platform/config/api-token.ts';
import { createIds } from '../../shared/platform/id.ts';
import { systemRandom as random } from '../../shared/platform/random.ts';
import { Secret } from '../../shared/platform/secret.ts';
import { noTracer } from '../../shared/platform/tracing.ts';
import type { InventoryApi } from '../../shared/preview/scan-deps.ts';
import { createDigestKeyLoader } from '../../shared/secret/digest-key.ts';
import { createSealer } from '../../shared/secret/sealer.ts';
import { anApiToken } from './factories.ts';
import { createRecordingLogger } from './recording-logger.ts';

/** Tokens of the test apps, by what their actors may do. */
export const bearer = {
  operator: 'token-operator',
  other: 'token-other',
  viewer: 'token-viewer',
  admin: 'token-admin',
  approver: 'token-approver',
  second: 'token-second',
};

const unasked = (): Promise<never> => Promise.reject(new Error('there is no cloud here'));
const noCloud: InventoryApi = {
  listConnections: unasked,
  listGateways: unasked,
  listCustomerGateways: unasked,
  describeConnection: unasked,
};

/** A gate on a real database for some tokens, and the audit it writes. */
export function aGate(
  database: Database,
  tokens: readonly ApiToken[],
  requestsPerMinute = 100_000,
): ReturnType<typeof openGate> {
  return openGate(database, { tokens, requestsPerMinute });
}

/** The submit app on a real database, with what it logged and how often it woke the worker. */
export function createTestApp(database: Database, overrides: Partial<SubmitDeps> = {}) {
  const { logger, lines } = createRecordingLogger();
  const sealer = createSealer(new Secret(Buffer.alloc(32, 3).toString('base64')), random);
  const wakes: number[] = [];
  const app = createSubmitApp({
    clock,
    digestKey: createDigestKeyLoader({ keyring: createPgKeyringStore(database), sealer, random }),
    fleet: createPgFleetStore(database, { readsPerMinute: 480, writesPerMinute: 100 }),
    ...aGate(database, [
      anApiToken('ops', bearer.operator, ['operator']),
      anApiToken('others', bearer.other, ['operator']),
      anApiToken('eyes', bearer.viewer, ['viewer']),
      anApiToken('ann', bearer.approver, ['approver']),
      anApiToken('ben', bearer.second, ['approver', 'operator']),
      anApiToken('boss', bearer.admin, ['admin']),
    ]),
    ids: createIds(clock, random),
    inventory: createPgInventoryStore(database),
    inventoryApi: noCloud,
    jobs: createPgJobStore(database),
    journal: createPgJournalStore(database),
    keyring: createPgKeyringStore(database),
    limits: { writesPerMinute: 100 },
    logger,
    openApi,
    previews: createPgPreviewStore(database),
    verbs: createPgJobVerbs(database),
    changeVerbs: createPgChangeVerbs(database),
    approvals: createPgApprovalStore(database),
    acknowledgements: createPgAcknowledgements(database),
    freezes: createPgFreezeStore(database),
    lanes: createPgLaneStore(database),
    random,
    schedules: createPgScheduleStore(database),
    sealer,
    sinkNames: new Set(),
    tally: noTally,
    tracer: noTracer,
    waker: {
      async wake({ delaySeconds }) {
        wakes.push(delaySeconds);
      },
    },
    ...overrides,
  });

  function get(path: string, headers: Record<string, string> = {}): Promise<Response> {
    return app.fetch(
      new Request(`http://lanekeeper.test${path}`, {
        headers: { Authorization: `Bearer ${bearer.viewer}`, ...headers },
      }),
    );
  }

  function post(body: unknown, headers: Record<string, string> = {}): Promise<Response> {
    return app.fetch(
      new Request('http://lanekeeper.test/v1/jobs', {
        method: 'POST',
        headers: {
          Authorization: `Bearer ${bearer.operator}`,
          'Content-Type': 'application/json',
          ...headers,
        },
        body: typeof body === 'string' ? body : JSON.stringify(body),
      }),
    );
  }

  return { app, get, post, lines, wakes, sealer };
}
