import { AppError } from '../../shared/platform/errors.ts';
import { createHttpApp, type HttpApp, type HttpDeps } from '../../shared/platform/http/app.ts';

const platforms = ['slack', 'dingtalk', 'feishu'] as const;

/** Where chat platforms call in. A platform that is not configured does not exist for its callers. */
export function createChatopsApp(deps: HttpDeps): HttpApp {
  return createHttpApp(
    deps,
    platforms.map((platform) => ({
      method: 'POST',
      path: `/v1/chatops/${platform}`,
      handle: () => {
        throw new AppError('not_found', `${platform} is not configured`);
      },
    })),
  );
}
