import { describe, expect, it } from 'vitest';
import { parseEndpoint } from '../../../../shared/adapters/aliyun/endpoint.ts';

describe('parseEndpoint', () => {
  it('puts the region into the template', () => {
    const endpointOf = parseEndpoint('https://vpc.{region}.aliyuncs.com');

    expect(endpointOf('cn-hangzhou')).toBe('https://vpc.cn-hangzhou.aliyuncs.com');
  });

  it.each([
    'http://127.0.0.1:8080',
    'http://localhost:1',
    'http://[::1]:8080',
    'https://vpc.aliyuncs.com/',
  ])('takes %s', (template) => {
    expect(parseEndpoint(template)('cn-hangzhou')).toBe(template.replace(/\/$/, ''));
  });

  it.each([
    'http://vpc.{region}.aliyuncs.com',
    'http://127.0.0.1.example.com',
    'http://localhost.example.com',
    'ftp://127.0.0.1',
    'https://user:secret@vpc.aliyuncs.com',
    'https://vpc.aliyuncs.com/path',
    'https://vpc.aliyuncs.com/?Action=x',
    'https://vpc.aliyuncs.com/{region}',
    'https://{region}',
    'https://vpc.{region}',
    'https://vpc-{region}x.example.com',
    'vpc.aliyuncs.com',
    '',
  ])('refuses the template %j', (template) => {
    expect(() => parseEndpoint(template)).toThrow(
      expect.objectContaining({ code: 'invalid_configuration' }),
    );
  });

  it.each([
    '',
    'CN-hangzhou',
    'cn',
    'cn-hangzhou.example.com',
    'cn-hangzhou#',
    'cn-a/../b',
    'cn-a@b',
    'cn-\n',
  ])('refuses the region %j', (regionId) => {
    const endpointOf = parseEndpoint('https://vpc.{region}.aliyuncs.com');

    expect(() => endpointOf(regionId)).toThrow(
      expect.objectContaining({ code: 'invalid_request' }),
    );
  });
});
