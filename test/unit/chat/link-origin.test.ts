import { describe, expect, it } from 'vitest';
import { linkOriginOf } from '../../../shared/chat/link-origin.ts';

describe('the origin that links of cards lead to', () => {
  it.each<[string, boolean, string | null]>([
    ['https://lanes.example.com/v1/chatops/slack', true, 'https://lanes.example.com'],
    ['https://lanes.example.com:8443/v1/chatops/slack', true, 'https://lanes.example.com:8443'],
    ['http://localhost:8787/v1/chatops/slack', true, 'http://localhost:8787'],
    ['https://lanes.example.com/v1/chatops/dingtalk', false, null],
    ['https://unknown.invalid/v1/chatops/slack', true, null],
    ['https://x.cn-hangzhou.fcapp.run/v1/chatops/slack', true, null],
    ['https://x.cn-hangzhou.fcapp.run:8443/v1/chatops/slack', true, null],
    ['https://x.cn-hangzhou.fcapp.run./v1/chatops/slack', true, null],
    ['https://1.cn-hangzhou.fc.aliyuncs.com:8443/v1/chatops/slack', true, null],
    ['https://fcapp.run.example.com/v1/chatops/slack', true, 'https://fcapp.run.example.com'],
  ])('of a request to %s, its body signed: %s, is %s', (url, signsBody, origin) => {
    expect(linkOriginOf(new URL(url), { signsBody })).toBe(origin);
  });
});
