export * from './domain/records.js';
export * from './domain/views.js';
export * from './store/change.js';
export * from './store/store.js';
export * from './reconcile/ports.js';
export * from './reconcile/engine-contract.js';
