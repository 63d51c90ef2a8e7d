export * from './objects.js';
export * from './contract.js';
