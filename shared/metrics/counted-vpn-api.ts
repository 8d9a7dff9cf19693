import { aroundCalls, codeOf } from '../connection/around-calls.ts';
import type { VpnApi } from '../connection/vpn-api.ts';
import type { Tally } from './tally.ts';

/** The VPC API, every call of it counted by action and code. */
export function countCalls(api: VpnApi, tally: Tally): VpnApi {
  return aroundCalls(api, async ({ action }, run) => {
    const outcome = await run();
    tally.count('api_calls_total', { action, code: codeOf(outcome) });
    return outcome;
  });
}
