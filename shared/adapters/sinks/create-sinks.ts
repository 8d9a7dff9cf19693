import type { Clock } from '../../platform/clock.ts';
import type { SinkSettings, Sinks } from '../../platform/config/sinks.ts';
import { unreachable } from '../../platform/errors.ts';
import type { Random } from '../../platform/random.ts';
import type { SecretsManager } from '../../sink/secrets-manager.ts';
import type { Sink } from '../../sink/sink.ts';
import { createCheckedPost, type ResolveHost } from './checked-post.ts';
import { createFileSink } from './file.ts';
import { createKmsSink } from './kms.ts';
import { createWebhookSink } from './webhook.ts';

export interface SinkDeps {
  secrets: SecretsManager;
  clock: Clock;
  random: Random;
  /** Default: the system's resolver. */
  resolve?: ResolveHost;
}

/** The sinks of a configuration by the names that plans use in `deliverTo`. */
export function createSinks(settings: Sinks, deps: SinkDeps): ReadonlyMap<string, Sink> {
  const all = Object.entries(settings).map(
    ([name, each]) => [name, createSink(each, deps)] as const,
  );
  return new Map(all);
}

function createSink(settings: SinkSettings, { secrets, clock, random, resolve }: SinkDeps): Sink {
  switch (settings.type) {
    case 'kms':
      return createKmsSink(secrets, settings);
    case 'webhook':
      return createWebhookSink(settings, { post: createCheckedPost(clock, resolve), clock });
    case 'file':
      return createFileSink(settings, random);
    default:
      return unreachable(settings);
  }
}
