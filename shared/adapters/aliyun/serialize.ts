import { AppError } from '../../platform/errors.ts';
import { Secret } from '../../platform/secret.ts';
import { reveal } from '../../platform/secret-reveal.ts';

/** A parameter's value before it is text. `undefined` means: not sent. */
export type ParamValue =
  | string
  | number
  | boolean
  | Secret
  | undefined
  | readonly ParamValue[]
  | { readonly [key: string]: ParamValue };

/** The parameters of one call by the API's own names, without those that every call has. */
export type RpcParams = Readonly<Record<string, ParamValue>>;

/** What goes into the form body, and the clear secrets in it (for redaction of what comes back). */
export interface SerializedParams {
  texts: Readonly<Record<string, string>>;
  secrets: readonly string[];
}

/** Parameters that the API takes as one JSON text. Source: API documents of both Modify actions. */
const jsonTextParams = new Set(['IkeConfig', 'IpsecConfig', 'BgpConfig', 'HealthCheckConfig']);

/** The one parameter that may be an object outside a list. Source: ModifyTunnelAttribute. */
const objectParams = new Set(['TunnelOptionsSpecification']);

/** Added by the client itself; it would let a caller override each of them. Source: pop-core 1.8.0, `lib/rpc.js`. */
const reservedParams = new Set([
  'Action',
  'Format',
  'Timestamp',
  'Version',
  'AccessKeyId',
  'SecurityToken',
  'Signature',
  'SignatureMethod',
  'SignatureVersion',
  'SignatureNonce',
]);

interface Sink {
  texts: [name: string, text: string][];
  secrets: string[];
}

/**
 * Parameters as the texts of an RPC form body: JSON text for the four configuration blocks, `Name.1.Key.Sub` for lists
 * and what is nested in them (`Name.Key.Sub` for the one tunnel of ModifyTunnelAttribute), `true`/`false` and digits for booleans and numbers; `undefined` is left out.
 * Raises `internal` for whatever the client would send corrupted: an object anywhere else (pop-core 1.8.0 sends
 * `[object Object]`), `null`, the words `undefined` and `null`, NaN, half a surrogate pair, or a name of the client's own.
 */
export function serializeParams(params: RpcParams): SerializedParams {
  const sink: Sink = { texts: [], secrets: [] };
  for (const [name, value] of Object.entries(params)) {
    if (!/^[A-Z][A-Za-z0-9]*$/.test(name) || reservedParams.has(name)) {
      throw new AppError('internal', `${name} is not the name of a parameter that may be sent`);
    }
    if (value === undefined) continue;
    if (jsonTextParams.has(name)) sink.texts.push([name, jsonTextOf(name, value, sink)]);
    else if (isPlainObject(value) && !objectParams.has(name)) {
      throw unsendable(name, 'an object outside a list');
    } else append(sink, name, value);
  }
  return { texts: Object.fromEntries(sink.texts), secrets: sink.secrets };
}

function append(sink: Sink, name: string, value: unknown): void {
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) append(sink, `${name}.${index + 1}`, item);
  } else if (isPlainObject(value)) {
    for (const [key, item] of membersOf(name, value)) append(sink, `${name}.${key}`, item);
  } else {
    sink.texts.push([name, String(scalarOf(name, value, sink))]);
  }
}

function jsonTextOf(name: string, value: unknown, sink: Sink): string {
  if (!isPlainObject(value)) throw unsendable(name, 'not an object of plain values');
  const members = membersOf(name, value).map(([key, item]) => {
    const scalar = scalarOf(`${name}.${key}`, item, sink);
    return [key, typeof scalar === 'boolean' ? String(scalar) : scalar] as const;
  });
  return JSON.stringify(Object.fromEntries(members));
}

/** The members that are not undefined. An empty object would vanish or, as `{}`, wipe a block: refused. */
function membersOf(name: string, value: object): [string, unknown][] {
  const members = Object.entries(value).filter(([, item]) => item !== undefined);
  if (members.length === 0) throw unsendable(name, 'an object with nothing in it');
  return members;
}

function scalarOf(name: string, value: unknown, sink: Sink): string | number | boolean {
  if (value instanceof Secret) {
    const clear = soundText(name, reveal(value));
    sink.secrets.push(clear);
    return clear;
  }
  if (typeof value === 'string') return soundText(name, value);
  if (typeof value === 'boolean') return value;
  if (typeof value === 'number' && Math.abs(value) <= Number.MAX_SAFE_INTEGER) return value;
  throw unsendable(name, value === null ? 'null' : `not a plain value but ${typeof value}`);
}

function soundText(name: string, text: string): string {
  if (text === 'undefined' || text === 'null' || text.includes('[object ')) {
    throw unsendable(name, 'the text of a value that was not there');
  }
  if (/\p{Surrogate}/u.test(text)) throw unsendable(name, 'text with half a surrogate pair');
  return text;
}

function isPlainObject(value: unknown): value is object {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
}

function unsendable(name: string, what: string): AppError {
  return new AppError('internal', `parameter ${name} cannot be sent: it is ${what}`);
}
