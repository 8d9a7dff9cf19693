import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type RpcParams, serializeParams } from '../../../../shared/adapters/aliyun/serialize.ts';
import { AppError } from '../../../../shared/platform/errors.ts';
import { Secret } from '../../../../shared/platform/secret.ts';

function textsOf(params: RpcParams): Readonly<Record<string, string>> {
  return serializeParams(params).texts;
}

/** What an untyped caller could hand in. */
function untyped(value: unknown): RpcParams {
  const params: { [key: string]: never } = {};
  Object.assign(params, value);
  return params;
}

const soundText = fc
  .string({ unit: 'grapheme', minLength: 1 })
  .filter((text) => !/^(undefined|null)$|\[object /.test(text));
const scalar = fc.oneof(soundText, fc.boolean(), fc.integer());
const paramName = fc.stringMatching(/^X[A-Za-z0-9]{0,8}$/);
const memberName = fc.stringMatching(/^[A-Za-z][A-Za-z0-9]{0,8}$/);
const nested = fc.letrec((tie) => ({
  value: fc.oneof({ maxDepth: 3 }, scalar, tie('list'), tie('object')),
  list: fc.array(tie('value'), { maxLength: 3 }),
  object: fc.dictionary(memberName, tie('value'), { minKeys: 1, maxKeys: 3 }),
}));

describe('serializeParams', () => {
  it('sends booleans, numbers and texts as text', () => {
    expect(textsOf({ Flag: false, Size: 50, Zero: 0, Name: "a !'()*~ ü", Empty: '' })).toEqual({
      Flag: 'false',
      Size: '50',
      Zero: '0',
      Name: "a !'()*~ ü",
      Empty: '',
    });
  });

  it('leaves out what is undefined, in objects of lists and in blocks too', () => {
    const texts = textsOf({
      Name: undefined,
      Tag: [{ Key: 'a', Value: undefined }],
      IkeConfig: { IkeMode: 'main', LocalId: undefined },
    });

    expect(texts).toEqual({ 'Tag.1.Key': 'a', IkeConfig: '{"IkeMode":"main"}' });
  });

  it.each(['IkeConfig', 'IpsecConfig', 'BgpConfig', 'HealthCheckConfig'])(
    'sends %s as JSON text',
    (name) => {
      const texts = textsOf({ [name]: { text: 'x', number: 86_400, flag: true } });

      expect(texts).toEqual({ [name]: '{"text":"x","number":86400,"flag":"true"}' });
    },
  );

  it('flattens lists and everything nested in them, from 1', () => {
    const texts = textsOf({
      VpnConnectionIds: ['vco-a', 'vco-b'],
      TunnelOptionsSpecification: [
        { TunnelId: 'tun-a', TunnelIkeConfig: { Psk: new Secret('key-one'), IkeLifetime: 60 } },
        { TunnelId: 'tun-b', EnableDpd: true, Deep: [{ Deeper: ['x'] }] },
      ],
    });

    expect(texts).toEqual({
      'VpnConnectionIds.1': 'vco-a',
      'VpnConnectionIds.2': 'vco-b',
      'TunnelOptionsSpecification.1.TunnelId': 'tun-a',
      'TunnelOptionsSpecification.1.TunnelIkeConfig.Psk': 'key-one',
      'TunnelOptionsSpecification.1.TunnelIkeConfig.IkeLifetime': '60',
      'TunnelOptionsSpecification.2.TunnelId': 'tun-b',
      'TunnelOptionsSpecification.2.EnableDpd': 'true',
      'TunnelOptionsSpecification.2.Deep.1.Deeper.1': 'x',
    });
  });

  it('reveals secrets and names each of them', () => {
    const { texts, secrets } = serializeParams({
      IkeConfig: { Psk: new Secret('a"b') },
      List: [new Secret('second')],
    });

    expect(texts).toEqual({ IkeConfig: '{"Psk":"a\\"b"}', 'List.1': 'second' });
    expect(secrets).toEqual(['a"b', 'second']);
  });

  it('takes objects without a prototype', () => {
    const block = Object.assign(Object.create(null), { IkeMode: 'main' });

    expect(textsOf({ IkeConfig: block })).toEqual({ IkeConfig: '{"IkeMode":"main"}' });
  });

  it.each([
    ['an object outside a list', { TunnelIds: { first: 'tun-a' } }],
    ['null', { Name: null }],
    ['null in a block', { IkeConfig: { Psk: null } }],
    ['undefined in a list', { Ids: ['a', undefined] }],
    ['the word undefined', { Name: 'undefined' }],
    ['the word null', { Name: 'null' }],
    ['an object that was made text', { Name: `${{}}` }],
    ['an object in a block', { IkeConfig: { Psk: { value: 'x' } } }],
    ['a list in a block', { IkeConfig: { Psk: ['x'] } }],
    ['a block that is text already', { IkeConfig: '{"Psk":"x"}' }],
    ['an empty block', { IkeConfig: {} }],
    ['an empty object in a list', { Tag: [{}] }],
    ['NaN', { Size: Number.NaN }],
    ['infinity', { Size: Number.POSITIVE_INFINITY }],
    ['a number beyond the safe ones', { Size: 2 ** 60 }],
    ['a bigint', { Size: 1n }],
    ['a date', { When: new Date(0) }],
    ['a map', { Ids: [new Map()] }],
    ['a function', { Name: () => 'x' }],
    ['half a surrogate pair', { Name: 'a\ud800' }],
    ['a name with a small first letter', { name: 'x' }],
    ['a name with a dot', { 'Tag.1.Key': 'x' }],
    ['the action', { Action: 'DeleteVpnConnection' }],
    ['an access key', { AccessKeyId: 'x' }],
    ['a signature', { Signature: 'x' }],
  ])('refuses %s', (_what, params) => {
    expect(() => serializeParams(untyped(params))).toThrow(AppError);
  });

  it('names the parameter but not its value', () => {
    const attempt = (): unknown =>
      serializeParams(untyped({ IkeConfig: { Psk: ['planted-key'] } }));

    expect(attempt).toThrow(/IkeConfig\.Psk/);
    expect(attempt).not.toThrow(/planted-key/);
  });

  it('never lets an object through as its text', () => {
    fc.assert(
      fc.property(fc.dictionary(paramName, nested.list), (params) => {
        const texts = Object.values(textsOf(untyped(params)));

        expect(texts.every((text) => !text.includes('[object '))).toBe(true);
      }),
    );
  });

  it('gives every plain value of a list back', () => {
    const leavesOf = (value: unknown): string[] => {
      if (typeof value !== 'object' || value === null) return [String(value)];
      return Object.values(value).flatMap(leavesOf);
    };
    fc.assert(
      fc.property(paramName, nested.list, (name, list) => {
        const texts = textsOf(untyped({ [name]: list }));

        expect(Object.values(texts).sort()).toEqual(leavesOf(list).sort());
      }),
    );
  });

  it('gives a block back from its JSON text', () => {
    fc.assert(
      fc.property(fc.dictionary(memberName, scalar, { minKeys: 1 }), (block) => {
        const { IkeConfig = '' } = textsOf({ IkeConfig: block });

        const expected = Object.entries(block).map(([key, value]) => [
          key,
          typeof value === 'boolean' ? String(value) : value,
        ]);
        expect(Object.entries(JSON.parse(IkeConfig)).sort()).toEqual(
          Object.entries(JSON.parse(JSON.stringify(Object.fromEntries(expected)))).sort(),
        );
      }),
    );
  });
});
