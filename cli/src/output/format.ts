import { FlotillaError, suggestion } from '@flotilla/kit';
import { parseTemplate, renderTemplate, type Template } from './jsonpath.js';

/** What `-o` asked for. */
export type Format = { readonly kind: 'table'; readonly wide: boolean } | { readonly kind: 'name' } | DataFormat;

/** The forms that show everything. */
export type DataFormat =
  { readonly kind: 'json' } | { readonly kind: 'yaml' } | { readonly kind: 'jsonpath'; readonly template: Template };

export const formatNames = ['wide', 'json', 'yaml', 'name', 'jsonpath='] as const;

export function parseFormat(text: string | undefined): Format {
  if (text === undefined) return { kind: 'table', wide: false };
  if (text === 'wide') return { kind: 'table', wide: true };
  if (text === 'json' || text === 'yaml' || text === 'name') return { kind: text };
  if (text.startsWith('jsonpath='))
    return { kind: 'jsonpath', template: parseTemplate(text.slice('jsonpath='.length)) };
  const near = suggestion(text, formatNames);
  throw new FlotillaError('USAGE', `-o ${text} is not known.${near === undefined ? '' : ` Did you mean ${near}?`}`, {
    kind: 'invalid-argument',
    remedy: 'There are: wide, json, yaml, name, jsonpath=<template>.',
  });
}

/** Data in the wanted form, ending with a line end (a jsonpath template ends as it was written). */
export async function renderData(format: DataFormat, value: unknown): Promise<string> {
  switch (format.kind) {
    case 'json':
      return `${JSON.stringify(value, null, 2)}\n`;
    case 'yaml': {
      const { stringify } = await import('yaml');
      return stringify(value, { lineWidth: 0 });
    }
    case 'jsonpath':
      return renderTemplate(format.template, value);
  }
}
