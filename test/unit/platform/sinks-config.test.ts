import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { isPublicAddress } from '../../../shared/platform/config/sinks.ts';
import { loadConfig } from '../../../shared/platform/config.ts';

const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const encryptionKey = pair.publicKey.export({ format: 'jwk' });
const webhook = {
  type: 'webhook',
  url: 'https://routers.example.com/keys',
  signingSecret: 'HUSH HUSH HUSH HUSH HUSH HUSH HUSH',
  encryptionKey,
};
const load = (sinks: unknown, deployed = false, more: Record<string, string> = {}) =>
  loadConfig({
    deployed,
    environment: { SINKS: JSON.stringify(sinks), ...more },
    readText: () => Promise.reject(new Error('no file')),
  });

async function faultsOf(sinks: unknown): Promise<Record<string, string>> {
  const error = await load(sinks).catch((thrown: unknown) => thrown);
  const faults: { path: string; message: string }[] = Reflect.get(Object(error), 'faults') ?? [];
  return Object.fromEntries(faults.map(({ path, message }) => [path, message]));
}

describe('SINKS', () => {
  it('takes a sink of each type by its name', async () => {
    const { sinks } = await load({
      kms: { type: 'kms', regionId: 'cn-hangzhou' },
      routers: webhook,
      here: { type: 'file', directory: 'delivered' },
    });

    expect(sinks).toMatchObject({
      kms: { type: 'kms', regionId: 'cn-hangzhou' },
      routers: { type: 'webhook', timeoutMs: 10_000, allowedPrivateHosts: [] },
      here: { type: 'file' },
    });
    expect(JSON.stringify(sinks)).not.toContain('HUSH');
  });

  it('tells every fault at once, by its place, and repeats no value', async () => {
    const faults = await faultsOf({
      'No Name': { type: 'kms' },
      fax: { type: 'fax' },
      nothing: {},
      kms: { type: 'kms', regionId: 'HUSH', color: 'HUSH' },
      routers: {
        type: 'webhook',
        url: 'http://HUSH.example.com',
        signingSecret: 'HUSH',
        encryptionKey: {},
      },
      file: { type: 'file' },
    });

    expect(Object.keys(faults).sort()).toEqual(
      [
        'SINKS/No Name',
        'SINKS/fax/type',
        'SINKS/nothing/type',
        'SINKS/kms/regionId',
        'SINKS/kms/color',
        'SINKS/routers/url',
        'SINKS/routers/signingSecret',
        'SINKS/routers/encryptionKey/kty',
        'SINKS/file/directory',
      ].sort(),
    );
    expect(JSON.stringify(faults)).not.toContain('HUSH');
  });

  it.each([
    ['https://routers.example.com', []],
    ['https://8.8.8.8/', []],
    ['https://10.0.0.1/', ['10.0.0.1']],
    ['https://[fd00::1]:8443/x?y=1', ['fd00::1']],
    ['http://127.0.0.1:9000/', ['127.0.0.1']],
    ['http://localhost:9000/', ['localhost']],
  ])('takes the URL %s with %j allowed', async (url, allowedPrivateHosts) => {
    expect(await faultsOf({ it: { ...webhook, url, allowedPrivateHosts } })).toEqual({});
  });

  it.each([
    ['http://routers.example.com', ['routers.example.com']],
    ['http://127.0.0.1:9000/', []],
    ['http://localhost:9000/', ['127.0.0.1']],
    ['https://10.0.0.1/', []],
    ['https://10.0.0.1/', ['10.0.0.2']],
    ['https://169.254.169.254/latest', []],
    ['https://100.100.100.200/', []],
    ['https://[::1]/', []],
    ['https://[::ffff:10.0.0.1]/', []],
    ['https://0x7f.1/', []],
    ['https://u:p@example.com', []],
    ['ftp://example.com', []],
    ['example.com', []],
  ])('refuses the URL %s with %j allowed', async (url, allowedPrivateHosts) => {
    expect(Object.keys(await faultsOf({ it: { ...webhook, url, allowedPrivateHosts } }))).toEqual([
      'SINKS/it/url',
    ]);
  });

  const weak = generateKeyPairSync('rsa', { modulusLength: 1024 });
  const odd = generateKeyPairSync('ec', { namedCurve: 'secp256k1' });
  it.each([
    ['a private key', pair.privateKey.export({ format: 'jwk' })],
    ['a symmetric key', { kty: 'oct', k: 'AAAA' }],
    ['a short RSA key', weak.publicKey.export({ format: 'jwk' })],
    ['an unknown curve', odd.publicKey.export({ format: 'jwk' })],
    ['a text', 'HUSH'],
  ])('refuses %s as the key to encrypt to', async (_, key) => {
    const [path, ...more] = Object.keys(await faultsOf({ it: { ...webhook, encryptionKey: key } }));

    expect(path).toMatch(/^SINKS\/it\/encryptionKey/);
    expect(more).toEqual([]);
  });

  it('must be a reference when deployed and a secret is in it, and has no files then', async () => {
    const error = await load({ w: webhook, f: { type: 'file', directory: 'd' } }, true, {
      SECRETS_KEY: 'kms:k',
      FC_REGION: 'cn-hangzhou',
    }).catch((thrown: unknown) => thrown);

    expect(error).toMatchObject({
      faults: expect.arrayContaining([
        { path: 'SINKS', message: expect.stringContaining('must be a reference') },
        { path: 'SINKS/f/type', message: expect.stringContaining('when deployed') },
      ]),
    });
  });
});

describe('isPublicAddress', () => {
  it.each(['8.8.8.8', '1.1.1.1', '47.96.0.1', '2400:3200::1', '::ffff:8.8.8.8'])(
    'knows %s',
    (text) => {
      expect(isPublicAddress(text)).toBe(true);
    },
  );

  it.each(['192.0.2.1', '198.18.0.1', '203.0.113.1', '2001:db8::1', '2001::1', 'no address', ''])(
    'does not take %s for one',
    (text) => {
      expect(isPublicAddress(text)).toBe(false);
    },
  );
});
