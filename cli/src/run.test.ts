import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { fakeTerminal, type FakeTerminal } from './testing/fake-env.js';
import { FakeFailure } from './testing/fake-failure.js';
import { FakeServer } from './testing/fake-server.js';

let server: FakeServer;
let terminal: FakeTerminal;

beforeAll(async () => {
  server = await FakeServer.start();
});
afterAll(() => server.stop());
beforeEach(async () => {
  terminal = await fakeTerminal();
  terminal.vars['FLOTILLA_ADMIN_FILE'] = await server.writeAdminFile(terminal.home);
  server.failures.clear();
  server.calls.length = 0;
});

describe('exit codes and what is said', () => {
  test('done is 0', async () => {
    expect(await terminal.flotilla('whoami')).toBe(0);
    expect(terminal.stdout.text).toBe(`api-key:bootstrap, Admin of project default at ${server.url}\n`);
    expect(terminal.stderr.text).toBe('');
  });

  test('nothing at all prints help', async () => {
    expect(await terminal.flotilla()).toBe(0);
    expect(terminal.stdout.text).toMatch(/^Usage: flotilla /);
  });

  test.each([
    [['gte'], "Unknown command 'gte'. Did you mean get?\nSee: flotilla --help\n"],
    [
      ['get', 'nodes', '--contxt', 'x'],
      "Unknown option '--contxt'. Did you mean --context?\nSee: flotilla get --help\n",
    ],
    [['token'], 'flotilla token goes with: create, list, revoke.\nSee: flotilla token --help\n'],
    [['token', 'crate'], "Unknown command 'crate'. Did you mean create?\nSee: flotilla token --help\n"],
    [['describe'], "Missing required argument 'type'.\nSee: flotilla describe --help\n"],
    [
      ['scale', 'pool', 'w', '--size', 'three'],
      "Option '--size <count>' argument 'three' is invalid. It must be a whole number.\nSee: flotilla scale pool --help\n",
    ],
    [
      ['get', 'noes'],
      'refused UNKNOWN_NOUN: there is nothing called "noes". Did you mean nodes?\nThere are: clusters, pools, nodes, machines, events, tokens, versions, projects, members, api-keys.\n',
    ],
    [
      ['get', 'nodes', '-o', 'jsn'],
      'refused USAGE: -o jsn is not known. Did you mean json?\nThere are: wide, json, yaml, name, jsonpath=<template>.\n',
    ],
    [
      ['wait', 'machine/a', '--for', 'running'],
      'refused USAGE: a machine cannot become running.\nFor machines there is only: ready, connected, available, deleted.\n',
    ],
  ])('%j is no call that can be meant: 2', async (argv, text) => {
    expect(await terminal.flotilla(...argv)).toBe(2);
    expect(terminal.stderr.text).toBe(text);
    expect(terminal.stdout.text).toBe('');
  });

  test('not found is 3', async () => {
    expect(await terminal.flotilla('get', 'node', 'edge-9')).toBe(3);
    expect(terminal.stderr.text).toBe(
      'failed NOT_FOUND: There is no node "edge-9" in this project.\nSee what there is: flotilla get nodes\n',
    );
  });

  test('a refusal of the server is 1, with code, reason and cure', async () => {
    server.failures.set(
      'GetCaller',
      new FakeFailure(
        9,
        'SKEW',
        'pool batch is at v1.33.9; the control plane of demo is at v1.35.4',
        'Upgrade the control plane first.',
      ),
    );
    expect(await terminal.flotilla('whoami')).toBe(1);
    expect(terminal.stderr.text).toBe(
      'refused SKEW: pool batch is at v1.33.9; the control plane of demo is at v1.35.4.\nUpgrade the control plane first.\n',
    );
  });

  test('several bad fields are all shown', async () => {
    const violations = [
      { field: 'spec.size', description: 'must be 0 to 1000' },
      { field: 'name', description: 'must be a DNS label' },
    ];
    server.failures.set('GetCaller', new FakeFailure(3, 'INVALID_ARGUMENT', '2 fields are wrong', '', violations));
    expect(await terminal.flotilla('whoami')).toBe(2);
    expect(terminal.stderr.text).toBe(
      'refused INVALID_ARGUMENT: 2 fields are wrong.\n  spec.size must be 0 to 1000\n  name must be a DNS label\n',
    );
  });

  test('fields that the message only repeats stand there once', async () => {
    const violations = [
      { field: 'spec.size', description: 'must be 0 to 1000' },
      { field: 'name', description: 'must be a DNS label' },
    ];
    const message = 'spec.size must be 0 to 1000; name must be a DNS label';
    server.failures.set('GetCaller', new FakeFailure(3, 'INVALID_ARGUMENT', message, '', violations));
    expect(await terminal.flotilla('whoami')).toBe(2);
    expect(terminal.stderr.text).toBe(
      'refused INVALID_ARGUMENT: 2 fields are wrong.\n  spec.size must be 0 to 1000\n  name must be a DNS label\n',
    );
  });

  test('Ctrl-C is 130', async () => {
    terminal.interrupt.abort(new Error('interrupted'));
    expect(await terminal.flotilla('whoami')).toBe(130);
    expect(terminal.stderr.text).toBe('');
  });

  test('no answer says where it was asked and what to look at', async () => {
    const admin = await server.writeAdminFile(terminal.home, { server: 'https://127.0.0.1:1' });
    terminal.vars['FLOTILLA_ADMIN_FILE'] = admin;
    expect(await terminal.flotilla('whoami')).toBe(1);
    expect(terminal.stderr.text).toBe(
      'failed SERVER_UNREACHABLE: no answer from https://127.0.0.1:1: connect ECONNREFUSED 127.0.0.1:1.\n' +
        'Is flotilla-server running, and its port open from here? This is context 127.0.0.1:1; others: flotilla config contexts\n',
    );
  });

  test('a server with a certificate of another CA is not talked to', async () => {
    const other = await FakeServer.start();
    try {
      const { caPem, caPin } = other.certificates;
      terminal.vars['FLOTILLA_ADMIN_FILE'] = await server.writeAdminFile(terminal.home, { caPem, caPin });
      expect(await terminal.flotilla('whoami')).toBe(1);
      expect(terminal.stderr.text).toMatch(
        /^refused SERVER_NOT_TRUSTED: what answers at https:\/\/127\.0\.0\.1:\d+ is not the server of context /,
      );
      expect(server.calls).toEqual([]);
    } finally {
      other.stop();
    }
  });

  test('a certificate for another address is not accepted', async () => {
    const other = await FakeServer.start(['example.org']);
    try {
      terminal.vars['FLOTILLA_ADMIN_FILE'] = await other.writeAdminFile(terminal.home);
      expect(await terminal.flotilla('whoami')).toBe(1);
      expect(terminal.stderr.text).toContain('refused SERVER_NOT_TRUSTED');
      expect(other.calls).toEqual([]);
    } finally {
      other.stop();
    }
  });

  test('a key that the server does not know is told apart from everything else', async () => {
    terminal.vars['FLOTILLA_ADMIN_FILE'] = await server.writeAdminFile(terminal.home, { apiKey: 'flk_other.secret' });
    expect(await terminal.flotilla('get', 'nodes')).toBe(1);
    expect(terminal.stderr.text).toBe('refused API_KEY_UNKNOWN: this API key is not known here.\nLog in again.\n');
  });
});
