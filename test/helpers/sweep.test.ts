import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { aCanary, leaksIn, type Spelling } from './sweep.ts';

const canary = aCanary('8f2c41d0');
const encoded = encodeURIComponent(canary);
const inJson = JSON.stringify({ message: canary });

describe('the secrecy sweep', () => {
  it.each<[string, Spelling, string | Buffer]>([
    ['as it is', 'raw', `Psk=${canary}&x`],
    ['in JSON', 'raw', inJson],
    ['in JSON with escaped slashes', 'JSON-escaped', inJson.replaceAll('/', '\\/')],
    [
      'in JSON with escaped signs',
      'JSON-escaped',
      inJson.replaceAll(
        /[<>&]/g,
        (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`,
      ),
    ],
    [
      'in a page',
      'HTML-escaped',
      canary.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;'),
    ],
    ['in base64', 'base64', Buffer.from(canary).toString('base64')],
    ['in base64 for URLs', 'base64', Buffer.from(canary).toString('base64url')],
    ['in base64 of more, shifted by one', 'base64', Buffer.from(`a${canary}b`).toString('base64')],
    ['in base64 of more, shifted by two', 'base64', Buffer.from(`ab${canary}b`).toString('base64')],
    ['in base64 of JSON', 'base64', Buffer.from(inJson).toString('base64')],
    ['encoded once', 'URL-encoded once', `?Psk=${encoded}`],
    ['encoded once in small letters', 'URL-encoded once', encoded.toLowerCase()],
    ['encoded as a whole URL', 'URL-encoded once', encodeURI(canary)],
    ['encoded twice', 'URL-encoded twice', encodeURIComponent(encoded)],
    ['in a form', 'form-encoded', new URLSearchParams({ Psk: canary }).toString()],
    [
      'encoded, then in base64',
      'base64 of URL-encoded',
      Buffer.from(`k=${encoded}`).toString('base64'),
    ],
    ['in hex', 'hex', Buffer.from(canary).toString('hex').toUpperCase()],
    ['in UTF-16', 'UTF-16', Buffer.from(`{"k":"${canary}"}`, 'utf16le')],
  ])('finds a leak %s', (_, spelling, content) => {
    const noise = Buffer.alloc(1_000, 7);
    const place = Buffer.concat([noise, Buffer.from(content), noise]);

    const leaks = leaksIn({ here: place, elsewhere: noise }, [canary, aCanary('another')]);

    expect(leaks).toContainEqual({ place: 'here', canary, spelling });
    expect(leaks.filter((leak) => leak.place !== 'here' || leak.canary !== canary)).toEqual([]);
  });

  it('finds nothing where there is nothing', () => {
    const places = {
      hidden: JSON.stringify({ Psk: '***' }),
      digest: 'hmac:3f1b',
      other: aCanary('another'),
      packed: gzipSync('nothing of it'),
    };

    expect(leaksIn(places, [canary])).toEqual([]);
  });
});
