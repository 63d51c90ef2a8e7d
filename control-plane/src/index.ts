/** For tests and benches of other packages; the program is `main.ts`. */
export { composeServer, type ComposedServer, type ServerPorts } from './compose.js';
export { settings, type Config } from './config/settings.js';
export { rpcPolicy } from './api/policy.js';
