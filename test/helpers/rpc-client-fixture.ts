import { afterEach, beforeEach } from 'vitest';
import type { RpcAnswer } from '../../shared/adapters/aliyun/rpc-answer.ts';
import {
  createRpcClient,
  type RpcClient,
  type RpcCredentials,
} from '../../shared/adapters/aliyun/rpc-client.ts';
import { Secret } from '../../shared/platform/secret.ts';
import { type ScriptedServer, startScriptedServer } from './scripted-http-server.ts';

/** The key in each call; whatever is printed must not hold it in any encoding. */
export const plantedKey = 'pl"nt\\d/key(1)*';

/** A client and the scripted server it talks to, fresh for each test. */
export interface RpcFixture {
  server: ScriptedServer;
  client: RpcClient;
  /** Credentials other than the usual ones. */
  given: (() => Promise<RpcCredentials>) | undefined;
  clientFor(endpoint: string): RpcClient;
  call(timeoutMs?: number): Promise<RpcAnswer>;
}

/** Starts server and client before each test of the file, and ends them after it. */
export function withRpcClient(): RpcFixture {
  let current: { server: ScriptedServer; client: RpcClient } | undefined;
  const running = (): { server: ScriptedServer; client: RpcClient } => {
    if (current === undefined) throw new Error('the client exists only in tests');
    return current;
  };
  const fixture: RpcFixture = {
    get server() {
      return running().server;
    },
    get client() {
      return running().client;
    },
    set client(client) {
      running().client = client;
    },
    given: undefined,
    clientFor: (endpoint) =>
      createRpcClient({
        endpoint,
        apiVersion: '2016-04-28',
        credentials: () =>
          fixture.given?.() ??
          Promise.resolve({ accessKeyId: 'key-id', accessKeySecret: new Secret('key-secret') }),
        defaultTimeoutMs: 2_000,
      }),
    call: (timeoutMs = 2_000) => {
      const params = { RegionId: 'cn-hangzhou', IkeConfig: { Psk: new Secret(plantedKey) } };
      const options = { regionId: 'cn-hangzhou', timeoutMs };
      return fixture.client.call('ModifyVpnConnectionAttribute', params, options);
    },
  };
  beforeEach(async () => {
    const server = await startScriptedServer();
    current = { server, client: fixture.clientFor(server.url) };
    fixture.given = undefined;
  });
  afterEach(async () => {
    running().client.close();
    await running().server.close();
  });
  return fixture;
}
