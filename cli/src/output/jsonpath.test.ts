import { describe, expect, test } from 'vitest';
import { parseTemplate, renderTemplate } from './jsonpath.js';

const nodes = {
  items: [
    { meta: { name: 'a', labels: { 'flotilla.dev/x': '1' } }, status: { ready: true, count: 3 } },
    { meta: { name: 'b' }, status: { ready: false, count: 10 }, tags: ['p', 'q', 'r'] },
  ],
};

const render = (template: string): string => renderTemplate(parseTemplate(template), nodes);

describe('as kubectl understands it', () => {
  test.each([
    ['{.items[*].meta.name}', 'a b'],
    ['.items[0].meta.name', 'a'],
    ['items[1].meta.name', 'b'],
    ['{.items[-1].meta.name}', 'b'],
    ['{$.items[0].status}', '{"ready":true,"count":3}'],
    ['{.items[1].tags[0:2]}', 'p q'],
    ['{.items[1].tags[1:]}', 'q r'],
    ["{.items[0].meta.labels['flotilla.dev/x']}", '1'],
    ['{.items[0].meta.labels.flotilla\\.dev/x}', '1'],
    ['{..name}', 'a b'],
    ['{.items[?(@.status.ready==true)].meta.name}', 'a'],
    ['{.items[?(@.status.count>=10)].meta.name}', 'b'],
    ['{.items[?(@.meta.name!="a")].meta.name}', 'b'],
    ['{.items[?(@.tags)].meta.name}', 'b'],
    ['{range .items[*]}{.meta.name}={.status.count}{"\\n"}{end}', 'a=3\nb=10\n'],
    ['{range .items[*]}[{range .tags[*]}{@}{end}]{end}', '[][pqr]'],
    ['names: {.items[*].meta.name}!', 'names: a b!'],
    ['{.none.at.all}', ''],
    ['{"}"}', '}'],
    ['{.items[*].__proto__}', ' '.trim()],
  ])('%s → %j', (template, text) => {
    expect(render(template)).toBe(text);
  });

  test.each([
    ['{.a', 'has no closing brace'],
    ['{.a[0}', 'has no closing bracket'],
    ['{.a[x]}', '"[x]" is not understood'],
    ['{range .a}', '{range} has no {end}'],
    ['{end}', '{end} has no {range}'],
    ['{.a[?(@.b==c)]}', '"c" is no text, number, true or false'],
    ['{"a}', 'has no closing brace'],
    ['{a b}', 'is not understood'],
  ])('%s is refused: %s', (template, why) => {
    expect(() => parseTemplate(template)).toThrow(why);
  });
});
