import { inspect } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { systemRandom as random } from '../../../shared/platform/random.ts';
import { Secret } from '../../../shared/platform/secret.ts';
import { reveal } from '../../../shared/platform/secret-reveal.ts';
import { createDigestKeyLoader, loadDigestKey } from '../../../shared/secret/digest-key.ts';
import type { KeyringStore } from '../../../shared/secret/keyring-store.ts';
import {
  baseKeyContext,
  intentKeyContext,
  madeKeyContext,
  previousKeyContext,
} from '../../../shared/secret/seal-context.ts';
import { createSealer } from '../../../shared/secret/sealer.ts';
import { createRecordingLogger } from '../../helpers/recording-logger.ts';

const keyOf = (fill: number): Secret => new Secret(Buffer.alloc(32, fill).toString('base64'));
const sealer = createSealer(keyOf(1), random);

/** What stands after the name of the key. */
const bodyOf = (envelope: string): string => envelope.split('.')[2] ?? '';

/** A keyring in memory, with the semantics of the port. */
function aKeyring(): KeyringStore & { sealed: Map<string, string>; reads: number } {
  const sealed = new Map<string, string>();
  return {
    sealed,
    reads: 0,
    async get(name) {
      this.reads += 1;
      return sealed.get(name) ?? null;
    },
    publicKeys: () => Promise.resolve([]),
    async putIfAbsent(name, value) {
      const stored = sealed.get(name) ?? value;
      sealed.set(name, stored);
      return stored;
    },
  };
}

describe('Secret', () => {
  it('shows as *** however it is printed', () => {
    const secret = new Secret('hush');
    const { logger, lines } = createRecordingLogger();
    logger.info('x', { secret, nested: { list: [secret] } });

    const shown = [`${secret}`, inspect({ secret }), JSON.stringify({ secret }), lines.join()];

    for (const text of shown) {
      expect(text).toContain('***');
      expect(text).not.toContain('hush');
    }
    expect(Object.keys(secret)).toEqual([]);
  });
});

describe('a sealer', () => {
  it('opens what it sealed, in the same context', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string(), (value, context) => {
        const whole = value.replaceAll(/\p{Cs}/gu, '');
        expect(reveal(sealer.open(sealer.seal(new Secret(whole), context), context))).toBe(whole);
      }),
    );
  });

  it('never gives the same envelope twice, nor one that shows the secret', () => {
    const [a, b] = [1, 2].map(() => sealer.seal(new Secret('hushhushhush'), 'c'));

    expect(a).not.toBe(b);
    expect(Buffer.from(bodyOf(String(a)), 'base64url').toString('latin1')).not.toContain('hush');
  });

  it('opens nothing that was sealed for another job, intent or place', () => {
    const key = 'IkeConfig.Psk';
    const envelope = sealer.seal(new Secret('hush'), intentKeyContext('job_1', 1, key));

    for (const context of [
      intentKeyContext('job_2', 1, key),
      intentKeyContext('job_1', 11, key),
      intentKeyContext('job_1', 1, `tun-1/${key}`),
      '',
    ]) {
      expect(() => sealer.open(envelope, context)).toThrow(
        expect.objectContaining({ code: 'internal' }),
      );
    }
  });

  it.each([
    ['base', baseKeyContext],
    ['made', madeKeyContext],
    ['previous', previousKeyContext],
  ])('opens a %s key for its job, change and tunnel alone', (_, contextOf) => {
    const path = 'tun-1/IkeConfig.Psk';
    const envelope = sealer.seal(new Secret('hush'), contextOf('job_1', 'chg_1', path));
    const others = [
      contextOf('job_2', 'chg_1', path),
      contextOf('job_1', 'chg_2', path),
      contextOf('job_1', 'chg_1', 'tun-2/IkeConfig.Psk'),
      contextOf('job_1', 'chg_1', 'IkeConfig.Psk'),
      ...[baseKeyContext, madeKeyContext, previousKeyContext]
        .filter((other) => other !== contextOf)
        .map((other) => other('job_1', 'chg_1', path)),
    ];

    for (const context of others) expect(() => sealer.open(envelope, context)).toThrow();
    expect(reveal(sealer.open(envelope, contextOf('job_1', 'chg_1', path)))).toBe('hush');
  });

  it('opens nothing that was sealed with another key', () => {
    const other = createSealer(keyOf(2), random);

    expect(() => other.open(sealer.seal(new Secret('hush'), 'c'), 'c')).toThrow();
  });

  it('opens nothing that was altered or cut, wherever', () => {
    const bytes = Buffer.from(bodyOf(sealer.seal(new Secret('hush'), 'c')), 'base64url');
    for (let place = 0; place < bytes.length; place += 1) {
      const altered = Buffer.from(bytes);
      altered.writeUInt8(altered.readUInt8(place) ^ 1, place);
      const cut = bytes.subarray(0, place);
      for (const damaged of [altered, cut].map((body) => body.toString('base64url'))) {
        expect(() => sealer.open(`${sealer.sealedPrefix}${damaged}`, 'c')).toThrow();
        expect(() => sealer.open(`v1.${damaged}`, 'c')).toThrow();
      }
    }
  });

  it('opens what another of its keys sealed, and seals with its first', () => {
    const [former, next] = [keyOf(1), keyOf(2)];
    const before = createSealer(former, random, [next]);
    const after = createSealer(next, random, [former]);
    const envelopes = [before, after].map((each) => each.seal(new Secret('hush'), 'c'));

    for (const each of [before, after]) {
      expect(envelopes.map((envelope) => reveal(each.open(envelope, 'c')))).toEqual([
        'hush',
        'hush',
      ]);
    }
    expect(before.sealedPrefix).toBe(createSealer(former, random).sealedPrefix);
    expect(envelopes.map((envelope) => envelope.startsWith(after.sealedPrefix))).toEqual([
      false,
      true,
    ]);
  });

  it('opens envelopes of the first version, which name no key, with any of its keys', () => {
    const first = `v1.${bodyOf(sealer.seal(new Secret('hush'), 'c'))}`;

    expect(reveal(sealer.open(first, 'c'))).toBe('hush');
    expect(reveal(createSealer(keyOf(2), random, [keyOf(1)]).open(first, 'c'))).toBe('hush');
  });

  it('opens nothing that names another of its keys than the one it was sealed with', () => {
    const both = createSealer(keyOf(1), random, [keyOf(2)]);
    const body = bodyOf(both.seal(new Secret('hush'), 'c'));

    const { sealedPrefix } = createSealer(keyOf(2), random);

    expect(() => both.open(`${sealedPrefix}${body}`, 'c')).toThrow(
      expect.objectContaining({ code: 'internal' }),
    );
  });

  it.each(['', 'v3.x', 'v2.short.AAAA', 'v1.', 'plain text'])('does not open %j', (text) => {
    expect(() => sealer.open(text, 'c')).toThrow(expect.objectContaining({ code: 'internal' }));
  });

  it('takes a key of 32 bytes alone', () => {
    expect(() => createSealer(new Secret('c2hvcnQ='), random)).toThrow(
      expect.objectContaining({ code: 'invalid_configuration' }),
    );
  });
});

describe('loadDigestKey', () => {
  it('makes a key once and stores it sealed', async () => {
    const keyring = aKeyring();

    const first = await loadDigestKey({ keyring, sealer, random });
    const second = await loadDigestKey({ keyring, sealer, random });

    expect(first).toHaveLength(32);
    expect(second).toEqual(first);
    expect([...keyring.sealed.values()].join()).not.toContain(first.toString('base64'));
  });

  it('gives all who come first at once the same key', async () => {
    const keyring = aKeyring();

    const keys = await Promise.all(
      Array.from({ length: 10 }, () => loadDigestKey({ keyring, sealer, random })),
    );

    expect(new Set(keys.map((key) => key.toString('hex'))).size).toBe(1);
  });

  it('fails under another SECRETS_KEY instead of making a second key', async () => {
    const keyring = aKeyring();
    await loadDigestKey({ keyring, sealer, random });

    const other = createSealer(keyOf(2), random);

    await expect(loadDigestKey({ keyring, sealer: other, random })).rejects.toThrow();
  });
});

describe('createDigestKeyLoader', () => {
  it('asks the keyring once', async () => {
    const keyring = aKeyring();
    const load = createDigestKeyLoader({ keyring, sealer, random });

    expect(await load()).toBe(await load());
    expect(keyring.reads).toBe(1);
  });

  it('asks again after a failure', async () => {
    const keyring = aKeyring();
    const get = keyring.get.bind(keyring);
    keyring.get = () => {
      keyring.get = get;
      return Promise.reject(new Error('away'));
    };
    const load = createDigestKeyLoader({ keyring, sealer, random });

    await expect(load()).rejects.toThrow('away');
    expect(await load()).toHaveLength(32);
  });
});
