import type { ApiFault } from './errors.ts';
import type { Json } from './shapes.ts';

/** A request as it came in; `path` includes the query, header names are in lower case. */
export interface SimulatorRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: string;
}

/** An answer, or `dropped`: the connection is to be closed without one (`status` is 0 then). */
export interface SimulatorAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly dropped: boolean;
}

export const droppedAnswer: SimulatorAnswer = { status: 0, headers: {}, body: '', dropped: true };

/** What a load balancer says when nobody behind it does. */
export const badGatewayAnswer: SimulatorAnswer = {
  status: 502,
  headers: { 'content-type': 'text/html' },
  body: '<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body><center><h1>502 Bad Gateway</h1></center></body>\r\n</html>\r\n',
  dropped: false,
};

export function jsonAnswer(status: number, body: Json): SimulatorAnswer {
  return {
    status,
    headers: { 'content-type': 'application/json;charset=utf-8' },
    body: JSON.stringify(body),
    dropped: false,
  };
}

/** The shape of every error answer of the RPC style. */
export function faultAnswer(fault: ApiFault, requestId: string, hostId: string): SimulatorAnswer {
  return jsonAnswer(fault.status, {
    RequestId: requestId,
    HostId: hostId,
    Code: fault.code,
    Message: fault.message,
    Recommend: `https://api.aliyun.com/troubleshoot?q=${encodeURIComponent(fault.code)}&product=Vpc&requestId=${requestId}`,
  });
}
