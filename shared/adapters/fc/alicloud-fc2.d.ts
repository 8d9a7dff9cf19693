/** What is used of a package that has no types. Source: @alicloud/fc2 2.6.6, `lib/client.js`. */
declare module '@alicloud/fc2' {
  interface ClientConfig {
    accessKeyID: string;
    accessKeySecret: string;
    /** Required, and used, only when the id begins with `STS`. */
    securityToken?: string;
    region: string;
    endpoint?: string;
    secure?: boolean;
    timeout?: number;
  }
  class Client {
    constructor(accountId: string, config: ClientConfig);
    invokeFunction(
      service: string,
      functionName: string,
      event: string,
      headers?: Readonly<Record<string, string>>,
    ): Promise<{ headers: Readonly<Record<string, string>>; data: unknown }>;
  }
  export = Client;
}
