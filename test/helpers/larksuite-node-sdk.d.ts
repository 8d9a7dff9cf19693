/** As far as tests use it. Its own types are 17 MB, which every type check would read. */
declare module '@larksuiteoapi/node-sdk' {
  export class EventDispatcher {
    constructor(params: {
      verificationToken: string;
      encryptKey: string;
      logger: Record<'error' | 'warn' | 'info' | 'debug' | 'trace', () => void>;
    });
    register(handles: Record<string, (event: unknown) => unknown>): this;
    /** Its headers are in the prototype of the data. Undefined where the signature does not fit. */
    invoke(data: unknown): Promise<unknown>;
  }
}
