export * from './gen/index.js';
export { descriptorSetBase64 } from './gen/descriptor-set.js';
