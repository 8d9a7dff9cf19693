import { createCipheriv, createDecipheriv, createHash, createHmac } from 'node:crypto';
import { invalid } from '../parameters.ts';
import { kmsFault } from './error-table.ts';

const IV_BYTES = 12;
const TAG_BYTES = 16;

/** What a ciphertext tells of itself. */
export interface OpenedKey {
  readonly plaintext: Buffer;
  readonly keyId: string;
}

/**
 * Customer master keys that wrap data keys. They follow from the seed, so that a ciphertext still opens after a restart,
 * as it would in the cloud.
 */
export class MasterKeys {
  readonly #seed: number;
  readonly #ids: readonly string[];
  #made = 0;

  constructor(seed: number, ids: readonly string[]) {
    this.#seed = seed;
    this.#ids = ids;
  }

  /** @throws ApiFault `Forbidden.KeyNotFound`, `Forbidden.AliasNotFound`. */
  check(keyId: string): void {
    if (this.#ids.includes(keyId)) return;
    throw kmsFault(
      keyId.startsWith('alias/') ? 'Forbidden.AliasNotFound' : 'Forbidden.KeyNotFound',
    );
  }

  /** A new data key of so many bytes, in clear and wrapped. The context has to be given again to unwrap it. */
  generate(
    keyId: string,
    bytes: number,
    context: string,
  ): { readonly plaintext: Buffer; readonly ciphertext: string } {
    this.check(keyId);
    this.#made += 1;
    const master = this.#master(keyId);
    const stream = createHmac('sha512', master).update(`data key ${this.#made}`).digest();
    const plaintext = Buffer.concat(Array.from({ length: 16 }, () => stream)).subarray(0, bytes);
    const iv = createHash('sha256').update(stream).digest().subarray(0, IV_BYTES);
    const cipher = createCipheriv('aes-256-gcm', master, iv).setAAD(Buffer.from(context));
    const body = Buffer.concat([cipher.update(plaintext), cipher.final()]);
    const wrapped = Buffer.concat([iv, cipher.getAuthTag(), body]).toString('base64');
    return { plaintext, ciphertext: Buffer.from(`${keyId} ${wrapped}`).toString('base64') };
  }

  /** @throws ApiFault `InvalidParameter` for what was not wrapped here or with another context. */
  open(ciphertext: string, context: string): OpenedKey {
    const [keyId = '', wrapped = ''] = Buffer.from(ciphertext, 'base64').toString().split(' ');
    if (!this.#ids.includes(keyId)) throw invalid('CiphertextBlob');
    const bytes = Buffer.from(wrapped, 'base64');
    try {
      const decipher = createDecipheriv(
        'aes-256-gcm',
        this.#master(keyId),
        bytes.subarray(0, IV_BYTES),
        { authTagLength: TAG_BYTES },
      ).setAAD(Buffer.from(context));
      decipher.setAuthTag(bytes.subarray(IV_BYTES, IV_BYTES + TAG_BYTES));
      const body = decipher.update(bytes.subarray(IV_BYTES + TAG_BYTES));
      return { plaintext: Buffer.concat([body, decipher.final()]), keyId };
    } catch {
      throw invalid('CiphertextBlob');
    }
  }

  #master(keyId: string): Buffer {
    return createHash('sha256').update(`${this.#seed}|master key|${keyId}`).digest();
  }
}
