import type { SimulatorOptions } from '../../local/simulator/simulator.ts';
import { aCloud, type Cloud } from './cloud.ts';

export const secret = { SecretName: 'vpn-psk/cn-hangzhou/vco-a' };

/** A simulator whose KMS is called. */
export interface Kms extends Omit<Cloud, 'call' | 'modify'> {
  /** Status and body of an answer. */
  readonly call: (
    action: string,
    params?: Readonly<Record<string, string>>,
  ) => Promise<Readonly<Record<string, unknown>>>;
  /** PutSecretValue of {@link secret}, whose data is the version's number unless given. */
  readonly put: (id: string, data?: string, stages?: readonly string[]) => ReturnType<Kms['call']>;
}

export function aKms(options: SimulatorOptions = {}): Kms {
  const cloud = aCloud(options);
  const call: Kms['call'] = async (action, params = {}) => {
    const { text, status } = await cloud.call(action, params, { Version: '2016-01-20' });
    const body: unknown = JSON.parse(text);
    return { status, ...Object(body) };
  };
  const put: Kms['put'] = (id, data = id, stages) =>
    call('PutSecretValue', {
      ...secret,
      VersionId: id,
      SecretData: data,
      ...(stages ? { VersionStages: JSON.stringify(stages) } : {}),
    });
  return { ...cloud, call, put };
}

/** One that has {@link secret}, with the version `v0`. */
export async function aKmsWithSecret(options: SimulatorOptions = {}): Promise<Kms> {
  const kms = aKms(options);
  await kms.call('CreateSecret', { ...secret, VersionId: 'v0', SecretData: 'v0' });
  return kms;
}
