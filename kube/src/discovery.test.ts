import { expect, test } from 'vitest';
import { Discovery } from './discovery.js';
import { parseFailure, RefusedAnswer } from './errors.js';

const widgets = JSON.stringify({
  kind: 'APIResourceList',
  resources: [
    { name: 'widgets/status', kind: 'Widget', namespaced: true },
    { name: 'widgets', kind: 'Widget', namespaced: true },
  ],
});

test('common kinds need no question, others are asked once', async () => {
  const asked: string[] = [];
  const discovery = new Discovery((path) => {
    asked.push(path);
    return Promise.resolve(widgets);
  });
  expect(await discovery.placeOf({ apiVersion: 'apps/v1', kind: 'DaemonSet' })).toMatchObject({ plural: 'daemonsets' });
  expect(asked).toEqual([]);
  const widget = { apiVersion: 'example.com/v1', kind: 'Widget' };
  expect(await discovery.placeOf(widget)).toEqual({ ...widget, plural: 'widgets', namespaced: true });
  await discovery.placeOf(widget);
  expect(asked).toEqual(['/apis/example.com/v1']);
});

test('a kind that is not there is asked for again: its definition may have come', async () => {
  let answer = JSON.stringify({ resources: null });
  const discovery = new Discovery(() => Promise.resolve(answer));
  const widget = { apiVersion: 'example.com/v1', kind: 'Widget' };
  await expect(discovery.placeOf(widget)).rejects.toMatchObject({ code: 'KUBE_UNKNOWN_KIND', retry: 'later' });
  answer = widgets;
  expect(await discovery.placeOf(widget)).toMatchObject({ plural: 'widgets' });
});

test('only 404 means that a group is not there', async () => {
  const refusing = (status: number): Discovery =>
    new Discovery(() => Promise.reject(new RefusedAnswer(parseFailure(status, '', undefined), 'ask')));
  const widget = { apiVersion: 'example.com/v1', kind: 'Widget' };
  await expect(refusing(404).placeOf(widget)).rejects.toMatchObject({ code: 'KUBE_UNKNOWN_KIND' });
  await expect(refusing(503).placeOf(widget)).rejects.toBeInstanceOf(RefusedAnswer);
});
