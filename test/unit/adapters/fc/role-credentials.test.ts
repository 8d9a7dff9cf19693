import { describe, expect, it } from 'vitest';
import { createRoleCredentials } from '../../../../shared/adapters/fc/role-credentials.ts';
import { Secret } from '../../../../shared/platform/secret.ts';
import { reveal } from '../../../../shared/platform/secret-reveal.ts';

function contextOf(accessKeyId: string, securityToken?: string): unknown {
  const token = securityToken === undefined ? {} : { securityToken };
  return { requestId: 'r-1', credentials: { accessKeyId, accessKeySecret: 'hush', ...token } };
}

describe("a role's credentials", () => {
  it('are those of the newest invocation', async () => {
    const source = createRoleCredentials();
    source.take(contextOf('LTAI1', 'token-1'));
    source.take(contextOf('LTAI2', 'token-2'));
    const { accessKeyId, accessKeySecret, securityToken } = await source.current();

    expect(accessKeyId).toBe('LTAI2');
    expect(reveal(accessKeySecret)).toBe('hush');
    expect(securityToken && reveal(securityToken)).toBe('token-2');
  });

  it('are those of the environment until the first invocation brings others', async () => {
    const accessKeySecret = new Secret('hush');
    const atStart = { accessKeyId: 'LTAI0', accessKeySecret, securityToken: null };
    const source = createRoleCredentials(atStart);

    expect(await source.current()).toBe(atStart);
    source.take(contextOf('LTAI1'));

    expect((await source.current()).accessKeyId).toBe('LTAI1');
  });

  it('have no token where there is none', async () => {
    const source = createRoleCredentials();
    source.take(contextOf('LTAI1', ''));

    expect((await source.current()).securityToken).toBeNull();
  });

  it.each([{}, { credentials: null }, contextOf('')])(
    'are not there after an invocation with %j',
    async (context) => {
      const source = createRoleCredentials();
      source.take(contextOf('LTAI1'));
      source.take(context);

      await expect(source.current()).rejects.toMatchObject({ code: 'internal' });
    },
  );
});
