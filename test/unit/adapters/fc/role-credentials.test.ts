import { describe, expect, it } from 'vitest';
import { invocationOf, type RoleCredentials } from '../../../../shared/adapters/fc/invocation.ts';
import { createRoleCredentials } from '../../../../shared/adapters/fc/role-credentials.ts';
import { reveal } from '../../../../shared/platform/secret-reveal.ts';

function contextOf(accessKeyId: string, securityToken?: string): unknown {
  const token = securityToken === undefined ? {} : { securityToken };
  return {
    requestId: 'r-1',
    credentials: { accessKeyId, accessKeySecret: 'hush', ...token },
    function: { name: 'lanekeeper-worker', timeout: 900 },
  };
}

function credentialsOf(context: unknown): RoleCredentials | null {
  return invocationOf(context).credentials;
}

describe('an invocation', () => {
  it('has the credentials and the timeout of its context', () => {
    const { credentials, timeoutMs } = invocationOf(contextOf('STS.1', 'token-1'));

    expect(credentials?.accessKeyId).toBe('STS.1');
    expect(credentials && reveal(credentials.accessKeySecret)).toBe('hush');
    expect(credentials?.securityToken && reveal(credentials.securityToken)).toBe('token-1');
    expect(timeoutMs).toBe(900_000);
    expect(JSON.stringify(credentials)).not.toMatch(/hush|token-1/);
  });

  it('has no token where there is none', () => {
    expect(credentialsOf(contextOf('LTAI1', ''))?.securityToken).toBeNull();
  });

  it.each([undefined, null, 'context', {}, { credentials: null, function: {} }, contextOf('')])(
    'has no credentials with the context %j',
    (context) => {
      expect(credentialsOf(context)).toBeNull();
    },
  );

  it.each([{}, { function: { timeout: 0 } }, { function: { timeout: 'long' } }])(
    'has no known end with the context %j',
    (context) => {
      expect(invocationOf(context).timeoutMs).toBeNull();
    },
  );
});

describe("a role's credentials", () => {
  it('are those of the newest invocation, and gone with it', async () => {
    const source = createRoleCredentials();
    const idOf = async (): Promise<string> => (await source.current()).accessKeyId;

    await source.during(credentialsOf(contextOf('LTAI1')), async () => {
      expect(await idOf()).toBe('LTAI1');
      await source.during(credentialsOf(contextOf('LTAI2')), async () => {
        expect(await idOf()).toBe('LTAI2');
      });
      expect(await idOf()).toBe('LTAI1');
    });

    await expect(source.current()).rejects.toMatchObject({ code: 'internal' });
  });

  it('are gone after an invocation that failed', async () => {
    const source = createRoleCredentials();
    const failing = source.during(credentialsOf(contextOf('LTAI1')), () =>
      Promise.reject(new Error('broken')),
    );

    await expect(failing).rejects.toThrow('broken');
    await expect(source.current()).rejects.toMatchObject({ code: 'internal' });
  });

  it('are not there during an invocation that brought none', async () => {
    const source = createRoleCredentials();

    await source.during(credentialsOf(contextOf('LTAI1')), () =>
      source.during(null, () =>
        expect(source.current()).rejects.toMatchObject({ code: 'internal' }),
      ),
    );
  });
});
