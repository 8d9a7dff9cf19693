/*
 * The secrecy sweep (P5): looks for keys that were planted as canaries in everything that leaves the service, in every form in
 * which text travels.
 */

/** A form in which a key may show. */
export type Spelling =
  | 'raw'
  | 'JSON-escaped'
  | 'HTML-escaped'
  | 'base64'
  | 'base64 of URL-encoded'
  | 'URL-encoded once'
  | 'URL-encoded twice'
  | 'form-encoded'
  | 'hex'
  | 'UTF-16';

/** A key that differs in every form: escaping, either kind of base64, and encoding for URLs each change it. */
export function aCanary(name: string): string {
  return `C4n+${name}</k3y>&%?=${name}~~`;
}

/** Where a canary was found. */
export interface Leak {
  place: string;
  canary: string;
  spelling: Spelling;
}

/** Every place where one of the canaries shows in some form. */
export function leaksIn(
  places: Readonly<Record<string, string | Buffer>>,
  canaries: readonly string[],
): readonly Leak[] {
  return Object.entries(places).flatMap(([place, content]) => {
    const bytes = Buffer.from(content);
    const lower = Buffer.from(bytes.toString('latin1').toLowerCase(), 'latin1');
    return canaries.flatMap((canary) =>
      formsOf(canary)
        .filter(({ text, anyCase }) =>
          anyCase
            ? lower.includes(Buffer.from(text).toString('latin1').toLowerCase(), 0, 'latin1')
            : bytes.includes(text),
        )
        .map(({ spelling }) => ({ place, canary, spelling })),
    );
  });
}

interface Form {
  spelling: Spelling;
  text: Buffer;
  /** Percent signs and escapes come with small and large hex digits. */
  anyCase: boolean;
}

function formsOf(canary: string): readonly Form[] {
  const form = (spelling: Spelling, text: string, anyCase = false): Form => {
    return { spelling, text: Buffer.from(text), anyCase };
  };
  const once = percentEncoded(canary);
  return [
    form('raw', canary),
    form('JSON-escaped', canary.replaceAll('/', '\\/')),
    form('JSON-escaped', canary.replaceAll(/[<>&]/g, unicodeEscaped), true),
    form('HTML-escaped', htmlEscaped(canary)),
    ...base64Forms(canary).map((text) => form('base64', text)),
    ...base64Forms(once).map((text) => form('base64 of URL-encoded', text)),
    form('URL-encoded once', once, true),
    form('URL-encoded once', encodeURI(canary), true),
    form('URL-encoded twice', percentEncoded(once), true),
    form('form-encoded', new URLSearchParams({ k: canary }).toString().slice(2), true),
    form('hex', Buffer.from(canary).toString('hex'), true),
    { spelling: 'UTF-16', text: Buffer.from(canary, 'utf16le'), anyCase: false },
  ];
}

function unicodeEscaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

function htmlEscaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/** As RFC 3986 has it, which Alibaba Cloud signs: all but letters, digits and `-_.~`. */
function percentEncoded(text: string): string {
  return encodeURIComponent(text).replaceAll(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/**
 * What every base64 of a text that holds this one shows of it, plain and for URLs: where it begins within three bytes decides
 * which characters are all its own.
 */
function base64Forms(text: string): readonly string[] {
  return [0, 1, 2].flatMap((shift) => {
    const encoded = Buffer.from(`${'x'.repeat(shift)}${text}`)
      .toString('base64')
      .replace(/=+$/, '');
    const whole = Math.floor(((shift + Buffer.byteLength(text)) * 8) / 6);
    const own = encoded.slice(Math.ceil((shift * 8) / 6), whole);
    return [own, own.replaceAll('+', '-').replaceAll('/', '_')];
  });
}
