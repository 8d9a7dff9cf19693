import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { authenticate } from '../../../shared/auth/authenticate.ts';
import { type Action, authorize } from '../../../shared/auth/authorize.ts';
import { createGuard } from '../../../shared/auth/guard.ts';
import { type Role, roles } from '../../../shared/platform/config/api-token.ts';
import { anApiToken } from '../../helpers/factories.ts';

const tokens = [
  anApiToken('ops', 'token-of-ops', ['operator']),
  anApiToken('eyes', 'token-of-eyes', ['viewer']),
];

describe('authenticate', () => {
  it.each([
    ['Bearer token-of-ops', 'ops'],
    ['bearer token-of-eyes', 'eyes'],
    ['Bearer   token-of-eyes ', 'eyes'],
  ])('knows who sends %j', (header, name) => {
    expect(authenticate(tokens, header).name).toBe(name);
  });

  it.each([
    null,
    '',
    'Bearer',
    'Bearer ',
    'Basic token-of-ops',
    'Bearer token-of-opsx',
    'Bearer token-of-op',
    'Bearer TOKEN-OF-OPS',
    'Bearer token-of-ops token-of-ops',
    `Bearer ${tokens[0]?.sha256}`,
    `Bearer ${'x'.repeat(2000)}`,
  ])('does not know who sends %j', (header) => {
    expect(() => authenticate(tokens, header)).toThrow(
      expect.objectContaining({ code: 'unauthenticated' }),
    );
  });

  it('knows nobody when there are no tokens', () => {
    expect(() => authenticate([], 'Bearer token-of-ops')).toThrow();
  });

  it('lets no invented token in', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(() => authenticate(tokens, `Bearer ${text}`)).toThrow();
      }),
    );
  });
});

describe('authorize', () => {
  const table: Record<Action, Record<Role, boolean>> = {
    read: { viewer: true, operator: true, approver: true, admin: true },
    submit: { viewer: false, operator: true, approver: false, admin: true },
  };
  const cases = Object.entries(table).flatMap(([action, allowed]) =>
    roles.map(
      (role) =>
        ({ action: action === 'read' ? 'read' : 'submit', role, allowed: allowed[role] }) as const,
    ),
  );

  it.each(cases)('answers $allowed when a $role wants to $action', ({ action, role, allowed }) => {
    const attempt = (): void => authorize({ name: 'x', roles: [role] }, action);

    if (allowed) expect(attempt).not.toThrow();
    else expect(attempt).toThrow(expect.objectContaining({ code: 'forbidden' }));
  });

  it('allows what any of several roles allows', () => {
    expect(() => authorize({ name: 'x', roles: ['viewer', 'operator'] }, 'submit')).not.toThrow();
  });

  it('allows nothing to an actor without roles', () => {
    expect(() => authorize({ name: 'x', roles: [] }, 'read')).toThrow();
  });
});

describe('a guard', () => {
  it('lets pass who may, by name', () => {
    const request = new Request('http://x/', { headers: { Authorization: 'Bearer token-of-ops' } });

    expect(createGuard(tokens)(request, 'submit').name).toBe('ops');
  });

  it('says first who is unknown, then who may not', () => {
    const ask = (token: string) => () =>
      createGuard(tokens)(
        new Request('http://x/', { headers: { Authorization: `Bearer ${token}` } }),
        'submit',
      );

    expect(ask('nobody')).toThrow(expect.objectContaining({ code: 'unauthenticated' }));
    expect(ask('token-of-eyes')).toThrow(expect.objectContaining({ code: 'forbidden' }));
  });
});
