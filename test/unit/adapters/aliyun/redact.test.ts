import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { redact } from '../../../../shared/adapters/aliyun/redact.ts';

const secret = 'p"s\\k/(1)\'*~!+%&= ü';

function strictly(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (each) => `%${each.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function escaped(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

function lowerHex(text: string): string {
  return text.replace(/%[0-9A-F]{2}/g, (hex) => hex.toLowerCase());
}

function forForm(text: string): string {
  return new URLSearchParams({ k: text }).toString().slice(2);
}

const forms: readonly (readonly [name: string, form: (text: string) => string])[] = [
  ['raw', (text) => text],
  ['JSON-escaped', escaped],
  ['URL-encoded', encodeURIComponent],
  ['RFC 3986', strictly],
  ['form-encoded', forForm],
  ['JSON-escaped and URL-encoded', (text) => encodeURIComponent(escaped(text))],
  ['URL-encoded twice', (text) => encodeURIComponent(encodeURIComponent(text))],
  ['RFC 3986 twice', (text) => strictly(strictly(text))],
  ['JSON-escaped and RFC 3986 twice', (text) => strictly(strictly(escaped(text)))],
  ['form-encoded and RFC 3986', (text) => strictly(forForm(text))],
  ['RFC 3986 in lower-case hex', (text) => lowerHex(strictly(text))],
  ['RFC 3986 twice in lower-case hex', (text) => lowerHex(strictly(lowerHex(strictly(text))))],
];

describe('redact', () => {
  it.each(forms)('hides the %s form', (_name, form) => {
    expect(redact(`before ${form(secret)} after`, [secret])).toBe('before *** after');
  });

  it('hides the longest form whole when one secret begins another', () => {
    expect(redact('key=abcdef;', ['abc', 'abcdef'])).toBe('key=***;');
  });

  it('leaves nothing of secrets that overlap', () => {
    expect(redact('xabcdy', ['abc', 'bcd'])).toBe('x***y');
  });

  it('hides every occurrence', () => {
    expect(redact('kk-k', ['k'])).toBe('***-***');
  });

  it('ignores empty secrets and leaves other text alone', () => {
    expect(redact('nothing here', ['', 'absent'])).toBe('nothing here');
  });

  it('copes with half a surrogate pair', () => {
    expect(redact('a\ud800b', ['\ud800'])).toBe('a***b');
  });

  it('leaves no form of any secret in any text', () => {
    const anySecret = fc
      .string({ unit: 'grapheme', minLength: 4 })
      .filter((text) => !text.includes('*'));
    fc.assert(
      fc.property(
        fc.array(anySecret, { minLength: 1, maxLength: 3 }),
        fc.array(fc.tuple(fc.string(), fc.nat(), fc.nat()), { maxLength: 6 }),
        (secrets, pieces) => {
          const text = pieces
            .map(([between, which, how]) => {
              const planted = secrets[which % secrets.length] ?? '';
              const [, form] = forms[how % forms.length] ?? forms[0] ?? ['', String];
              return between + form(planted);
            })
            .join('');

          const clean = redact(text, secrets);

          for (const planted of secrets) {
            for (const [, form] of forms) expect(clean).not.toContain(form(planted));
          }
        },
      ),
    );
  });
});
