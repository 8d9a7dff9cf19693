import { openKmsSecrets } from '../../shared/adapters/aliyun/kms-secret-reader.ts';
import { answerHttpEvent, type FcHttpResponse } from '../../shared/adapters/fc/http-event.ts';
import { systemClock as clock } from '../../shared/platform/clock.ts';
import { loadDeployedConfig } from '../../shared/platform/config.ts';
import { createLogger } from '../../shared/platform/logger.ts';
import { systemRandom as random } from '../../shared/platform/random.ts';
import { createChatopsApp } from './handler.ts';

const config = await loadDeployedConfig(openKmsSecrets({ clock }));
const logger = createLogger({ level: config.logLevel, clock, fields: { function: 'chatops' } });
const app = createChatopsApp({ logger, random });

/** The entry of the function: an HTTP trigger's event in, its response out. */
export function handler(event: unknown): Promise<FcHttpResponse> {
  return answerHttpEvent(event, (request) => app.fetch(request));
}
