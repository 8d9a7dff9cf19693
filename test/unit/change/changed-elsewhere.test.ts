import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { changedElsewhere } from '../../../shared/change/changed-elsewhere.ts';

const before = { Name: 'old', 'tun-1/IkeConfig.Psk': 'hmac:1', LocalSubnet: '10.0.0.0/8' };
const ours = { Name: 'new', 'tun-1/IkeConfig.Psk': 'hmac:2', LocalSubnet: '10.1.0.0/16' };

describe('whether values of before may come back', () => {
  it.each<[string, Record<string, string>]>([
    ['what we set still stands', ours],
    ['what we set stands in another spelling', { ...ours, LocalSubnet: '10.1.7.9/16' }],
    ['they stand already', before],
    ['some of them stand', { ...ours, Name: 'old' }],
    ['somebody changed something else', { ...ours, RemoteSubnet: '192.168.9.0/24' }],
  ])('they may where %s', (_, base) => {
    expect(changedElsewhere(base, { before, ours })).toBeNull();
  });

  it.each<[string, Record<string, string>, string]>([
    ['a name', { ...ours, Name: 'mine' }, 'Name hold'],
    [
      'a key',
      { ...ours, 'tun-1/IkeConfig.Psk': 'hmac:9' },
      'TunnelOptionsSpecification[tun-1].TunnelIkeConfig.Psk hold',
    ],
  ])('they may not where somebody else set %s', (_, base, message) => {
    expect(changedElsewhere(base, { before, ours })).toMatchObject({
      class: 'changed_elsewhere',
      code: 'ChangedElsewhere',
      message: expect.stringContaining(message),
    });
  });

  it('may not where nothing says what stands', () => {
    expect(changedElsewhere({}, { before, ours })).not.toBeNull();
  });

  it('names every field that is somebody else’s, and no other', () => {
    const fields = Object.keys(before);
    fc.assert(
      fc.property(fc.subarray(fields), (theirs) => {
        const base = { ...ours, ...Object.fromEntries(theirs.map((path) => [path, 'theirs'])) };
        const message = changedElsewhere(base, { before, ours })?.message ?? '';
        const named = fields.filter((path) => message.includes(path.split('.').at(-1) ?? path));
        expect(named).toEqual(fields.filter((path) => theirs.includes(path)));
      }),
    );
  });
});
