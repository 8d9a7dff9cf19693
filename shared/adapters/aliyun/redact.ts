const mask = '***';

/** RFC 3986: what `encodeURIComponent` leaves of the reserved characters is encoded too, as in RPC signatures. */
function encodeStrictly(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** `application/x-www-form-urlencoded`, as Java and browsers write it. */
function encodeForForm(text: string): string {
  return new URLSearchParams([['', text]]).toString().slice(1);
}

const encoders = [encodeURIComponent, encodeStrictly, encodeForForm];

/** Each text with its URL-encoded forms, and those with lower-case hex digits. */
function withEncodings(texts: readonly string[]): string[] {
  return texts.flatMap((text) => {
    const encoded = encoders.map((encode) => encode(text));
    const lower = encoded.map((form) => form.replace(/%[0-9A-F]{2}/g, (hex) => hex.toLowerCase()));
    return [text, ...encoded, ...lower];
  });
}

/**
 * Every form in which a secret may come back: raw and JSON-escaped, and each of them URL-encoded once and twice.
 * Source: a signature error quotes the string to sign, which is encoded twice (aliyun/openapi-core-ruby-sdk#32).
 */
function formsOf(secret: string): readonly string[] {
  const sound = secret.replace(/\p{Surrogate}/gu, '\ufffd');
  const bare = [sound, JSON.stringify(sound).slice(1, -1)];
  return [...new Set([secret, ...withEncodings(withEncodings(bare))])];
}

/**
 * `text` with every occurrence of the secrets replaced by `***`, in every form listed above. Overlapping occurrences
 * are masked as one, so the longest form wins and none leaves a tail behind. Empty secrets are ignored.
 */
export function redact(text: string, secrets: readonly string[]): string {
  const forms = secrets.filter((secret) => secret !== '').flatMap(formsOf);
  const hidden = new Uint8Array(text.length);
  for (const form of forms) {
    for (let at = text.indexOf(form); at >= 0; at = text.indexOf(form, at + 1)) {
      hidden.fill(1, at, at + form.length);
    }
  }
  return joinVisible(text, hidden);
}

function joinVisible(text: string, hidden: Uint8Array): string {
  const parts: string[] = [];
  let start = 0;
  while (start < text.length) {
    const isHidden = hidden[start] === 1;
    const change = hidden.indexOf(isHidden ? 0 : 1, start);
    const end = change < 0 ? text.length : change;
    parts.push(isHidden ? mask : text.slice(start, end));
    start = end;
  }
  return parts.join('');
}
