import { describe, expect, it } from 'vitest';
import { parseLdd } from './host-tools.js';

describe('parseLdd', () => {
  it('gives each library once, with the loader, without the kernel’s own', () => {
    const output = [
      '\tlinux-vdso.so.1 (0x00007ffd5a5f2000)',
      '\tlibnftables.so.1 => /lib/x86_64-linux-gnu/libnftables.so.1 (0x00007f1c2a400000)',
      '\tlibc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x00007f1c2a000000)',
      '\tlibc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x00007f1c2a000000)',
      '\t/lib64/ld-linux-x86-64.so.2 (0x00007f1c2a5d5000)',
    ].join('\n');
    expect(parseLdd(output)).toEqual([
      '/lib/x86_64-linux-gnu/libc.so.6',
      '/lib/x86_64-linux-gnu/libnftables.so.1',
      '/lib64/ld-linux-x86-64.so.2',
    ]);
  });

  it('gives nothing for a static program', () => {
    expect(parseLdd('\tstatically linked\n')).toEqual([]);
  });
});
