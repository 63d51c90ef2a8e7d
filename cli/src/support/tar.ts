export interface TarEntry {
  /** Relative path, at most 100 letters of ASCII. */
  readonly path: string;
  readonly text: string;
}

const blockBytes = 512;

/** A tar (ustar) of small text files, mode 0600, in the order given. */
export function toTar(entries: readonly TarEntry[], wallMs: number): Buffer {
  const parts = entries.flatMap(({ path, text }) => {
    const body = Buffer.from(text, 'utf8');
    return [header(path, body.length, wallMs), body, padding(body.length)];
  });
  return Buffer.concat([...parts, Buffer.alloc(2 * blockBytes)]);
}

function header(path: string, sizeBytes: number, wallMs: number): Buffer {
  const block = Buffer.alloc(blockBytes);
  const octal = (value: number, length: number): string => `${value.toString(8).padStart(length - 1, '0')}\0`;
  block.write(path, 0, 100, 'ascii');
  block.write(octal(0o600, 8), 100, 'ascii');
  block.write(octal(0, 8), 108, 'ascii');
  block.write(octal(0, 8), 116, 'ascii');
  block.write(octal(sizeBytes, 12), 124, 'ascii');
  block.write(octal(Math.floor(wallMs / 1000), 12), 136, 'ascii');
  block.write(' '.repeat(8), 148, 'ascii');
  block.write('0', 156, 'ascii');
  block.write('ustar\0' + '00', 257, 'ascii');
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'ascii');
  return block;
}

function padding(sizeBytes: number): Buffer {
  return Buffer.alloc((blockBytes - (sizeBytes % blockBytes)) % blockBytes);
}
