import { describe, expect, it } from 'vitest';
import { Observations } from '../../../shared/inventory/observations.ts';
import { aConnection } from './aliyun-region.ts';

describe('Observations', () => {
  it('shows what was read at or after the time asked for', () => {
    const observed = new Observations();
    observed.sawConnection('vco-a', null, 100);
    observed.sawGateway('vpn-1', true, 100);

    expect(observed.connection('vco-a', 100)).toMatchObject({ value: null, readAt: 100 });
    expect(observed.connection('vco-a', 101)).toBeNull();
    expect(observed.gatewayIsUpdating('vpn-1', 100)?.value).toBe(true);
    expect(observed.gatewayIsUpdating('vpn-1', 101)).toBeNull();
  });

  it('is not taken back by an answer that was asked for earlier and came later', () => {
    const observed = new Observations();
    const now = aConnection('vco-a', { state: 'updating' });
    observed.sawConnection('vco-a', now, 200);
    observed.sawGateway('vpn-1', true, 200);

    observed.sawConnection('vco-a', aConnection('vco-a'), 100);
    observed.sawGateway('vpn-1', false, 100);

    expect(observed.connection('vco-a', 0)?.value).toBe(now);
    expect(observed.gatewayIsUpdating('vpn-1', 0)?.value).toBe(true);
  });

  it('tells a read of the connection itself from a list', () => {
    const observed = new Observations();
    observed.sawConnection('vco-a', null, 100);
    const listed = observed.connection('vco-a', 0, true);
    observed.sawConnection('vco-a', null, 200, true);

    expect(listed).toBeNull();
    expect(observed.connection('vco-a', 0, true)?.readAt).toBe(200);
  });

  it('forgets connections after a minute, since keys are in them', () => {
    const observed = new Observations();
    observed.sawConnection('vco-a', aConnection('vco-a'), 0);
    observed.sawConnection('vco-b', aConnection('vco-b'), 1);

    observed.forgetBefore(60_001);

    expect(observed.connection('vco-a', 0)).toBeNull();
    expect(observed.connection('vco-b', 0)).not.toBeNull();
  });
});
