export { World, type WorldOptions } from './world.js';
export { FakeAgent } from './fake-agent.js';
export { FakeKubernetes } from './fake-kubernetes.js';
export { readyCondition } from './fake-objects.js';
export * from './samples.js';
export * from './records.js';
