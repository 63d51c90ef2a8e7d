export * from './manifest.js';
export * from './render.js';
