import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { authenticate } from '../../../shared/auth/authenticate.ts';
import { type Action, authorize } from '../../../shared/auth/authorize.ts';
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
  const table = {
    read: { viewer: true, operator: true, approver: true, admin: true },
    submit: { viewer: false, operator: true, approver: false, admin: true },
    steer: { viewer: false, operator: true, approver: false, admin: true },
    approve: { viewer: false, operator: false, approver: true, admin: true },
    freeze: { viewer: false, operator: true, approver: false, admin: true },
    audit: { viewer: false, operator: false, approver: false, admin: true },
  } satisfies Record<Action, Record<Role, boolean>>;
  const actions = [
    'read',
    'submit',
    'steer',
    'approve',
    'freeze',
    'audit',
  ] as const satisfies readonly Action[];
  const cases = actions.flatMap((action) =>
    roles.map((role) => ({ action, role, allowed: table[action][role] })),
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
