import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type FieldPath, fieldPaths } from '../../../shared/connection/fields.ts';
import {
  entriesOf,
  isKeyPath,
  isValuePath,
  partsOf,
  shownPath,
  valuePath,
} from '../../../shared/connection/values.ts';

const Field = fc.constantFrom(...fieldPaths);
const TunnelName = fc.option(fc.stringMatching(/^[a-z0-9&-]{1,12}$/), { nil: null });

describe('a value path', () => {
  it('comes apart into what it was built of', () => {
    fc.assert(
      fc.property(TunnelName, Field, (tunnel, field) => {
        expect(partsOf(valuePath(tunnel, field))).toEqual({ tunnel, field });
      }),
    );
  });

  it.each(['', '/', 'Colour', '/Name', 'tun-a/', 'tun-a/Colour', 'a/b/Name', 'toString'])(
    'is not %j',
    (text) => {
      expect(isValuePath(text)).toBe(false);
    },
  );

  it.each([
    ['Name', 'Name'],
    ['IkeConfig.Psk', 'IkeConfig.Psk'],
    ['tun-a/EnableDpd', 'TunnelOptionsSpecification[tun-a].EnableDpd'],
    ['slave/IkeConfig.IkePfs', 'TunnelOptionsSpecification[slave].TunnelIkeConfig.IkePfs'],
    ['something else', 'something else'],
  ])('shows %s as %s', (path, shown) => {
    expect(shownPath(path)).toBe(shown);
  });

  it('is that of a key in a tunnel as in the connection', () => {
    expect(['IkeConfig.Psk', 'tun-a/IkeConfig.Psk', 'IkeConfig.IkePfs'].map(isKeyPath)).toEqual([
      true,
      true,
      false,
    ]);
  });
});

describe('entriesOf', () => {
  it('gives the connection first, then each tunnel, in the order of the table', () => {
    const values = {
      'b/Name': 1,
      'a/IkeConfig.Psk': 2,
      'a/EnableDpd': 3,
      'IkeConfig.Psk': 4,
      Name: 5,
    };

    expect(entriesOf(values).map(({ path }) => path)).toEqual([
      'Name',
      'IkeConfig.Psk',
      'a/EnableDpd',
      'a/IkeConfig.Psk',
      'b/Name',
    ]);
  });

  it('gives the same order however the values come', () => {
    const Values = fc.uniqueArray(fc.tuple(TunnelName, Field), {
      selector: ([tunnel, field]) => valuePath(tunnel, field),
    });
    const pathsOf = (pairs: readonly [string | null, FieldPath][]): string[] =>
      entriesOf(
        Object.fromEntries(pairs.map(([tunnel, field]) => [valuePath(tunnel, field), 1])),
      ).map(({ path }) => path);

    fc.assert(
      fc.property(Values, (pairs) => {
        expect(pathsOf([...pairs].reverse())).toEqual(pathsOf(pairs));
      }),
    );
  });
});
