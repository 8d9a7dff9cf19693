import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import PopCore from '@alicloud/pop-core';
import { AppError } from '../../platform/errors.ts';
import type { Secret } from '../../platform/secret.ts';
import { reveal } from '../../platform/secret-reveal.ts';
import { parseEndpoint } from './endpoint.ts';
import { type RpcAnswer, readAnswer, readRejection } from './rpc-answer.ts';
import { type RpcParams, serializeParams } from './serialize.ts';

/** An access key, with the token that temporary ones come with. The configuration's credentials have this shape. */
export interface RpcCredentials {
  accessKeyId: string;
  accessKeySecret: Secret;
  securityToken?: Secret | null;
}

/** Where credentials come from. Asked before every request: it must answer from memory, and may reject. */
export type CredentialsSource = () => Promise<RpcCredentials>;

export interface RpcClientOptions {
  /** Base URL, in which `{region}` is replaced: `https://vpc.{region}.aliyuncs.com`. `http` for loopback hosts only. */
  endpoint: string;
  /** `Version` of the API, such as `2016-04-28`. */
  apiVersion: string;
  credentials: CredentialsSource;
  /** Milliseconds for a call that names none. */
  defaultTimeoutMs: number;
}

export interface RpcCallOptions {
  regionId: string;
  /** Milliseconds to connect, and again from then to the answer's last byte. */
  timeoutMs?: number;
}

/** A client of one RPC-style API of Alibaba Cloud. */
export interface RpcClient {
  /**
   * One signed POST; never repeated. Whatever cloud and network do is in the answer; raises `internal` for parameters
   * that cannot be sent and `invalid_request` for what is not a region id.
   */
  call(action: string, params: RpcParams, options: RpcCallOptions): Promise<RpcAnswer>;
  /** Closes every connection. Calls in flight end as `maybe_sent`, later ones as `not_sent`. */
  close(): void;
}

/** What is used of pop-core's client; its own typings lack `verbose` and `credentialsProvider`. */
interface PopCoreClient {
  request(action: string, params: object, options: object): Promise<unknown>;
}

/** Credentials as pop-core takes them. */
interface ClearCredentials {
  accessKeyId: string;
  accessKeySecret: string;
  securityToken?: string;
}

interface Connection {
  client: PopCoreClient;
  agent: HttpAgent;
}

/** Idle connections are closed by us first: one closed by the other side at the moment of reuse is an unknown fate. */
const idleConnectionMs = 5_000;

/** How many credentials' secrets are remembered for redaction: those of calls still in flight while new ones come. */
const rememberedSecrets = 16;

/** A client over pop-core with one keep-alive agent for each endpoint. See {@link RpcClient}. */
export function createRpcClient(options: RpcClientOptions): RpcClient {
  const endpointOf = parseEndpoint(options.endpoint);
  const vault = createVault(options.credentials);
  const connections = new Map<string, Connection>();
  let isClosed = false;

  const connectionTo = (endpoint: string): Connection => {
    const known = connections.get(endpoint);
    if (known) return known;
    const made = openConnection(endpoint, options.apiVersion, vault.credentials);
    connections.set(endpoint, made);
    return made;
  };

  return {
    async call(action, params, { regionId, timeoutMs = options.defaultTimeoutMs }) {
      const { texts, secrets } = serializeParams(params);
      const endpoint = endpointOf(regionId);
      if (isClosed) return { kind: 'not_sent', code: 'ClientClosed' };
      const { client, agent } = connectionTo(endpoint);
      const abandonment = new AbortController();
      try {
        const how = requestOptions(agent, timeoutMs, abandonment.signal);
        const settled = await client.request(action, texts, how);
        return readAnswer(settled, [...secrets, ...vault.secrets()]);
      } catch (thrown) {
        abandonment.abort();
        return readRejection(thrown, [...secrets, ...vault.secrets()]);
      }
    },
    close() {
      isClosed = true;
      for (const { agent } of connections.values()) agent.destroy();
      connections.clear();
    },
  };
}

/**
 * `POST` in capitals keeps every parameter out of the URL, and so out of access logs and error messages; one `timeout`
 * serves connecting and reading, because a smaller one for connecting would also fire while the server works.
 * The signal closes the socket of an answer that was given up: httpx alone would go on reading it.
 * Source: pop-core 1.8.0, `lib/rpc.js`, and httpx 2.3.3, `lib/index.js`.
 */
function requestOptions(agent: HttpAgent, timeoutMs: number, signal: AbortSignal): object {
  return {
    method: 'POST',
    timeout: timeoutMs,
    agent,
    beforeRequest: (options: object) => ({ ...options, signal }),
  };
}

function openConnection(
  endpoint: string,
  apiVersion: string,
  credentials: () => Promise<ClearCredentials>,
): Connection {
  const AgentClass = endpoint.startsWith('https:') ? HttpsAgent : HttpAgent;
  const config = { endpoint, apiVersion, credentialsProvider: { getCredentials: credentials } };
  const verbose = true;
  const client: PopCoreClient = Reflect.construct(PopCore, [config, verbose]);
  return { client, agent: new AgentClass({ keepAlive: true, timeout: idleConnectionMs }) };
}

/** Hands credentials out, checked, and remembers the secret parts of the latest ones. */
function createVault(source: CredentialsSource): {
  credentials: () => Promise<ClearCredentials>;
  secrets: () => readonly string[];
} {
  const seen = new Set<string>();
  const remember = (secret: string): void => {
    seen.delete(secret);
    seen.add(secret);
    const [oldest] = seen;
    if (seen.size > rememberedSecrets && oldest !== undefined) seen.delete(oldest);
  };
  return {
    async credentials() {
      const credentials = await askFor(source);
      remember(credentials.accessKeySecret);
      if (credentials.securityToken) remember(credentials.securityToken);
      return credentials;
    },
    secrets: () => [...seen],
  };
}

/** Without this check pop-core would send the request unsigned. What the source threw may hold secrets: dropped. */
async function askFor(source: CredentialsSource): Promise<ClearCredentials> {
  const found = await Promise.resolve()
    .then(source)
    .then(clearOf)
    .catch(() => null);
  if (!found?.accessKeyId || !found.accessKeySecret) {
    throw new AppError('unavailable', 'there are no credentials for the cloud; check the role');
  }
  return found;
}

function clearOf({
  accessKeyId,
  accessKeySecret,
  securityToken,
}: RpcCredentials): ClearCredentials {
  const token = securityToken ? { securityToken: reveal(securityToken) } : {};
  return { accessKeyId, accessKeySecret: reveal(accessKeySecret), ...token };
}
