/** The migrations as the repository has them. */
export const migrationsFolder = new URL(
  '../../shared/adapters/postgres/migrations',
  import.meta.url,
);
