import { describe, expect, it } from 'vitest';
import { parseConfig, parseProxy } from './config.js';

const pin = `sha256:${'a'.repeat(64)}`;
const parse = (value: object) => parseConfig(JSON.stringify(value), '/etc/flotilla/agent.json');

describe('the configuration', () => {
  it('is the server and its pin', () => {
    expect(parse({ server: 'https://fleet.example.org:7440', caPin: pin, publicKeyPin: 'sha256//x' })).toEqual({
      server: 'https://fleet.example.org:7440',
      caPin: pin,
    });
    expect(parse({ server: 'https://[fd00::1]:7440/', caPin: pin }).server).toBe('https://[fd00::1]:7440');
  });

  it.each([
    ['http', { server: 'http://a:1', caPin: pin }],
    ['a path', { server: 'https://a:1/x', caPin: pin }],
    ['credentials', { server: 'https://me:pw@a:1', caPin: pin }],
    ['no pin', { server: 'https://a:1' }],
    ['a short pin', { server: 'https://a:1', caPin: 'sha256:ab' }],
    ['a setting that is none', { server: 'https://a:1', caPin: pin, cpPin: pin }],
  ])('%s is refused', (_name, value) => {
    expect(() => parse(value)).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }));
  });

  it('tells every problem at once', () => {
    expect(() => parse({ servr: 1 })).toThrow(/servr is not a setting; server must be .*; caPin must be/);
  });
});

describe('the proxy', () => {
  it('is read in both spellings, the small one first', () => {
    expect(parseProxy({ HTTPS_PROXY: 'http://p:3128', NO_PROXY: 'a, b,' })).toEqual({
      url: 'http://p:3128',
      except: ['a', ' b'],
    });
    expect(parseProxy({ https_proxy: 'http://q:1', HTTPS_PROXY: 'http://p:1' }).url).toBe('http://q:1');
    expect(parseProxy({})).toEqual({ except: [] });
  });

  it.each(['socks5://p:1', 'p:3128', 'https://p:1'])('%s is refused with its cure', (url) => {
    expect(() => parseProxy({ https_proxy: url })).toThrow(expect.objectContaining({ code: 'PROXY_INVALID' }));
  });
});
