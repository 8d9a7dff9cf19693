import { RegionId } from '../../connection/rules.ts';
import { AppError } from '../../platform/errors.ts';

const placeholder = '{region}';

/**
 * An endpoint template as a function from region id to base URL (`https://vpc.cn-hangzhou.aliyuncs.com`).
 * The template is an origin, `https` unless its host is loopback; a `{region}` in it must be followed by a dot, so that
 * a region id can never choose the domain. Raises `invalid_configuration` for another template, and the returned
 * function `invalid_request` for what is not a region id.
 */
export function parseEndpoint(template: string): (regionId: string) => string {
  assertTemplate(template);
  return (regionId) => {
    if (!RegionId.safeParse(regionId).success) {
      throw new AppError('invalid_request', `${JSON.stringify(regionId)} is not a region id`);
    }
    return originOf(template.replaceAll(placeholder, regionId)) ?? template;
  };
}

function assertTemplate(template: string): void {
  const origin = originOf(template.replaceAll(placeholder, 'cn-hangzhou'));
  const isPinned = template
    .split(placeholder)
    .slice(1)
    .every((rest) => /^\.[a-z0-9]/i.test(rest));
  if (origin === null || !isPinned) {
    throw new AppError(
      'invalid_configuration',
      'an endpoint must be an https URL with nothing after its host, such as https://vpc.{region}.aliyuncs.com; http is for loopback hosts only',
    );
  }
}

/** The origin when the text is nothing but one, and safe to send secrets to; otherwise null. */
function originOf(text: string): string | null {
  if (!URL.canParse(text)) return null;
  const url = new URL(text);
  const isBare =
    url.pathname === '/' && `${url.search}${url.hash}${url.username}${url.password}` === '';
  const isSafe =
    url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url.hostname));
  return isBare && isSafe ? url.origin : null;
}

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(hostname);
}
