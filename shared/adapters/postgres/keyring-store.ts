import { z } from 'zod';
import type { KeyringStore } from '../../secret/keyring-store.ts';
import type { Database } from './database.ts';

const Sealed = z.object({ sealed: z.string() });

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
    async putIfAbsent(name, sealed) {
      await database.query(
        'INSERT INTO lanekeeper.keyring (name, sealed) VALUES ($1, $2) ON CONFLICT DO NOTHING',
        [name, sealed],
      );
      return (await get(name)) ?? sealed;
    },
  };
}
