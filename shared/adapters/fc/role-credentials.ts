import { AppError } from '../../platform/errors.ts';
import type { RoleCredentials } from './invocation.ts';

/** The role's credentials, each as long as the invocation that brought them. */
export interface RoleCredentialsSource {
  /** Lends them to the clients for as long as the work of their invocation goes on; null where it brought none. */
  during<Result>(credentials: RoleCredentials | null, work: () => Promise<Result>): Promise<Result>;
  /** Those of the newest invocation under way. Raises `internal` when there is none or it brought none. */
  current(): Promise<RoleCredentials>;
}

/** A place for them; nothing is kept beyond the end of their invocation. */
export function createRoleCredentials(): RoleCredentialsSource {
  const underWay: { credentials: RoleCredentials | null }[] = [];
  return {
    async during(credentials, work) {
      const own = { credentials };
      underWay.push(own);
      try {
        return await work();
      } finally {
        underWay.splice(underWay.indexOf(own), 1);
      }
    },
    current() {
      const newest = underWay.at(-1)?.credentials ?? null;
      return newest
        ? Promise.resolve(newest)
        : Promise.reject(new AppError('internal', 'the invocation brought no credentials'));
    },
  };
}
