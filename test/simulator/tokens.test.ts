import { describe, expect, it } from 'vitest';
import { aCloud, type Reply } from './cloud.ts';

function withoutRequestId({ body }: Reply): object {
  const { RequestId: _, ...rest } = body;
  return rest;
}

describe('client tokens (BEHAVIOUR.md "Client tokens")', () => {
  it('answers a repeat the same and applies it once', async () => {
    const { modify, simulator } = aCloud();
    const ask = { ClientToken: 't1', Name: 'new', IkeConfig: '{"IkeVersion":"ikev2"}' };

    const first = await modify('vco-a', ask);
    const repeat = await modify('vco-a', ask);

    expect(repeat.status).toBe(200);
    expect(withoutRequestId(repeat)).toEqual(withoutRequestId(first));
    expect(repeat.body.RequestId).not.toBe(first.body.RequestId);
    expect(simulator.record.writes().map(({ outcome, effective }) => [outcome, effective])).toEqual(
      [
        ['accepted', true],
        ['repeated', false],
      ],
    );
  });

  it('answers a repeat also after the change is settled and another one began', async () => {
    const { modify, clock, simulator } = aCloud();
    await modify('vco-a', { ClientToken: 't1', Name: 'one' });
    clock.advance(10_000);
    await modify('vco-b', { ClientToken: 't2', Name: 'two' });

    const repeat = await modify('vco-a', { ClientToken: 't1', Name: 'one' });

    expect(repeat.body.Name).toBe('one');
    expect(simulator.record.overlaps()).toEqual([]);
  });

  it('refuses a token that comes with other parameters', async () => {
    const { modify } = aCloud();
    await modify('vco-a', { ClientToken: 't1', Name: 'one' });

    const other = await modify('vco-a', { ClientToken: 't1', Name: 'two' });
    const elsewhere = await modify('vco-c', { ClientToken: 't1', Name: 'one' });

    expect(other.body.Code).toBe('IdempotentParameterMismatch');
    expect(elsewhere.body.Code).toBe('IdempotentParameterMismatch');
  });

  it('does not bind the token of a request that was refused', async () => {
    const { modify, clock } = aCloud();
    await modify('vco-a');
    const refused = await modify('vco-b', { ClientToken: 't1', Name: 'one' });
    clock.advance(10_000);

    const other = await modify('vco-b', { ClientToken: 't1', Name: 'two' });

    expect(refused.body.Code).toBe('VpnGateway.Configuring');
    expect(other.body.Name).toBe('two');
  });

  it('tells tokens apart by case and by region', async () => {
    const { modify } = aCloud();
    await modify('vco-a', { ClientToken: 't1' });

    expect((await modify('vco-a', { ClientToken: 'T1' })).body.Code).toBe('VpnGateway.Configuring');
  });

  it('forgets a token when its window is over', async () => {
    const { modify, clock, simulator } = aCloud({ tokenWindowMs: 60_000 });
    await modify('vco-a', { ClientToken: 't1', Name: 'one' });
    clock.advance(59_999);
    await modify('vco-a', { ClientToken: 't1', Name: 'one' });
    clock.advance(1);

    await modify('vco-a', { ClientToken: 't1', Name: 'one' });

    expect(simulator.record.writes().map((write) => write.effective)).toEqual([true, false, true]);
  });
});
