import { z } from 'zod';
import { SimulatorError } from './errors.ts';
import type { MsRange } from './state.ts';

/** What `main.ts` reads from the environment. */
export interface Settings {
  readonly host: string;
  readonly port: number;
  readonly seed: number;
  readonly gateways: number;
  readonly connectionsPerGateway: number;
  readonly attachments: number;
  /** Share (0–1) of gateways and attachments with two tunnels per connection. */
  readonly dualTunnelShare: number;
  readonly settleMs: MsRange;
  readonly isFaulty: boolean;
}

function wholeNumber(from: number, to: number, otherwise: number): z.ZodType<number, unknown> {
  return z
    .string()
    .default(String(otherwise))
    .refine((text) => /^\d{1,9}$/.test(text), `use a whole number from ${from} to ${to}`)
    .transform(Number)
    .refine((value) => value >= from && value <= to, `use a whole number from ${from} to ${to}`);
}

const Environment = z.object({
  HOST: z.string().min(1).default('127.0.0.1'),
  PORT: wholeNumber(0, 65_535, 8790),
  SIM_SEED: wholeNumber(0, 999_999_999, 1),
  SIM_GATEWAYS: wholeNumber(0, 10_000, 10),
  SIM_CONNECTIONS_PER_GATEWAY: wholeNumber(0, 1_000, 5),
  SIM_ATTACHMENTS: wholeNumber(0, 100_000, 10),
  SIM_DUAL_TUNNEL_SHARE: z
    .string()
    .default('0')
    .refine((text) => /^(0|1|0?\.\d{1,6})$/.test(text), 'use a number from 0 to 1')
    .transform(Number),
  SIM_SETTLE_MS: z
    .string()
    .default('3000-15000')
    .refine((text) => {
      const [min, max] = text.split('-').map(Number);
      return /^\d{1,9}-\d{1,9}$/.test(text) && (min ?? 0) <= (max ?? -1);
    }, 'use MIN-MAX in milliseconds, for example 3000-15000'),
  SIM_FAULTS: z.enum(['on', 'off'], 'use on or off').default('off'),
});

/** @throws SimulatorError `bad_settings` that names every variable with a bad value, one a line. */
export function readSettings(environment: Readonly<Record<string, string | undefined>>): Settings {
  const parsed = Environment.safeParse(environment);
  if (!parsed.success) {
    const faults = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
    throw new SimulatorError('bad_settings', [...new Set(faults)].join('\n'));
  }
  const { data } = parsed;
  const [min = 0, max = 0] = data.SIM_SETTLE_MS.split('-').map(Number);
  return {
    host: data.HOST,
    port: data.PORT,
    seed: data.SIM_SEED,
    gateways: data.SIM_GATEWAYS,
    connectionsPerGateway: data.SIM_CONNECTIONS_PER_GATEWAY,
    attachments: data.SIM_ATTACHMENTS,
    dualTunnelShare: data.SIM_DUAL_TUNNEL_SHARE,
    settleMs: { min, max },
    isFaulty: data.SIM_FAULTS === 'on',
  };
}
