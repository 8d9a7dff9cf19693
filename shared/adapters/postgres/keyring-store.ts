import { z } from 'zod';
import type { KeyringStore } from '../../secret/keyring-store.ts';
import type { Database } from './database.ts';

const Sealed = z.object({ sealed: z.string() });
const Public = z.object({ publicKey: z.string() });

/** The keyring on PostgreSQL: keys of our own making, wrapped before they come here. */
export function createPgKeyringStore(database: Database): KeyringStore {
  const get = async (name: string): Promise<string | null> => {
    const [row] = await database.query('SELECT sealed FROM lanekeeper.keyring WHERE name = $1', [
      name,
    ]);
    return row ? Sealed.parse(row).sealed : null;
  };
  return {
    get,
    async putIfAbsent(name, sealed, publicKey) {
      await database.query(
        `INSERT INTO lanekeeper.keyring (name, sealed, public_key) VALUES ($1, $2, $3)
         ON CONFLICT DO NOTHING`,
        [name, sealed, publicKey],
      );
      return (await get(name)) ?? sealed;
    },
    async publicKeys() {
      const rows = await database.query(
        `SELECT public_key AS "publicKey" FROM lanekeeper.keyring WHERE public_key IS NOT NULL ORDER BY name`,
      );
      return rows.map((row) => Public.parse(row).publicKey);
    },
  };
}
