export { FakeApiServer, type FakeApiServerOptions, type SeenRequest } from './fake-api-server.js';
export { FakeAuthority, fakeCertificateRequest, type FakeKeyPair, type FakeSubject } from './certificate.js';
export type { FakeFault } from './faults.js';
export type { FakeEvictionAnswer } from './pods.js';
export { RecordingHandler, type Heard } from './recording-handler.js';
export type { FakeRight } from './fake-api.js';
export { FakeCustomKinds } from './custom-kinds.js';
export { FakeNodeLifecycle } from './node-lifecycle.js';
